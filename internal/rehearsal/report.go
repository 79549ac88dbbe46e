// Package rehearsal runs migrations on a copy, up, down and up again, and says what each statement did there, whether the way back
// leads back, and what it loses.
package rehearsal

import (
	"strconv"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// WayBack says whether the down section was seen to bring the old schema back.
type WayBack string

// The verdicts on the schema way back.
const (
	// Proven: up and down left the schema as it was, and up could be run again.
	Proven WayBack = "proven"
	// Unproven: it was not tried to the end, because up itself failed or the rehearsal did.
	Unproven WayBack = "unproven"
	// Impossible: there is no down section that changes anything, it fails, or it leaves another schema.
	Impossible WayBack = "impossible"
)

// Report is what a rehearsal found, migration by migration in the order of their versions.
type Report struct {
	Migrations []Migration `json:"migrations"`
	// Digest binds the report to the migrations: migration.Set.Digest.
	Digest string `json:"digest"`
	// Version is the schema version with which the rehearsal began, and with it the transition that was rehearsed. Asked is the one
	// that was asked for, nil when it was to begin where the copy stands.
	Version int64  `json:"version"`
	Asked   *int64 `json:"askedVersion,omitempty"`
	// Unreached says why the copy could not be brought to the version that was asked for, empty when it could.
	Unreached string `json:"unreached,omitempty"`
	// Ignored are SQL files of the folder that are no migrations, Untracked tells that there were tables though no version was applied.
	Ignored   []string `json:"ignored,omitempty"`
	Untracked bool     `json:"untracked,omitempty"`
	// Left says what the rehearsal could not tidy up on the server, empty when nothing is left.
	Left string `json:"left,omitempty"`
	// ForecastFor is the environment that the forecasts are for, empty when there are none.
	ForecastFor string `json:"forecastFor,omitempty"`
	// On says where it was rehearsed, for people.
	On string `json:"on,omitempty"`
	// Rowless tells that the copy had no rows, because the database was too large for it.
	Rowless bool `json:"rowless,omitempty"`
}

// Migration is one migration's rehearsal.
type Migration struct {
	File    migration.File `json:"file"`
	WayBack WayBack        `json:"wayBack"`
	// Reasons say why the way back is not proven.
	Reasons []string `json:"reasons"`
	// Losses say what up and down together lost of the data.
	Losses []fingerprint.Change `json:"losses"`
	// Notes say what else is left, and what could not be compared.
	Notes []string `json:"notes,omitempty"`
	// Uncertain tells that whether data was lost is not known, Elsewhere that a section failed for want of another server.
	Uncertain bool `json:"uncertain,omitempty"`
	Elsewhere bool `json:"elsewhere,omitempty"`
	// Without are the migrations before it that the copy lacked.
	Without []string `json:"without,omitempty"`
	// Order are the tables whose columns stand in another order after up and down.
	Order []string `json:"order,omitempty"`
	// Changes are what up did to the schema.
	Changes []fingerprint.Difference `json:"changes"`
	// Rows are the fingerprints of the tables that changed on the way, or that a statement wrote to.
	Rows []Rows `json:"rows,omitempty"`
	// Up, Down and Again are the three runs; those that did not come to it are nil.
	Up    *Run `json:"up"`
	Down  *Run `json:"down"`
	Again *Run `json:"again"`
}

// Rows are the fingerprints of one table's rows at the four moments; nil where the table was not there, or it did not come to that.
type Rows struct {
	Table     string  `json:"table"`
	Before    *Digest `json:"before"`
	AfterUp   *Digest `json:"afterUp"`
	AfterDown *Digest `json:"afterDown"`
	Again     *Digest `json:"again"`
}

// Digest is the fingerprint of a table's rows.
type Digest struct {
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
	// Sampled tells that only some ranges of its key were looked at, Unread why nothing was.
	Sampled bool   `json:"sampled,omitempty"`
	Unread  string `json:"unread,omitempty"`
}

// Run is one run of one section.
type Run struct {
	Took       Took        `json:"milliseconds"`
	Statements []Statement `json:"statements"`
	// Temporary is how much was written to temporary files of the database meanwhile, in bytes, whoever it was.
	Temporary int64 `json:"temporaryBytesOfDatabase,omitempty"`
	// Remarks say what it left in the session for the migrations behind it, and that it was tried again.
	Remarks []string `json:"remarks,omitempty"`
	// Failed is the error that ended it, empty when it came to its end.
	Failed string `json:"failed,omitempty"`
}

// Statement is what one statement did.
type Statement struct {
	// SQL is its text, shortened.
	SQL  string `json:"sql"`
	Took Took   `json:"milliseconds"`
	// Locks are those on tables that were there before the migration, each in its strongest mode; those that a statement before took in
	// the same transaction are not told again.
	Locks []Lock `json:"locks"`
	// Tables are the tables that were there before and that it locked, read from end to end, changed or wrote anew, with their size
	// when the run began.
	Tables []Table `json:"tables,omitempty"`
	// Rewritten are the tables and indexes that got a new file, Scanned the tables that were read from end to end, with the rows.
	Rewritten []string         `json:"rewritten,omitempty"`
	Scanned   map[string]int64 `json:"scanned,omitempty"`
	// Written are the rows that were inserted, updated and deleted, by table.
	Written map[string]int64 `json:"written,omitempty"`
	// WAL is how much the whole cluster wrote ahead meanwhile, in bytes, whoever it was.
	WAL int64 `json:"walBytesOfCluster"`
	// Sampled tells that the locks were looked at now and then from another session, and some may have been missed.
	Sampled bool `json:"sampled,omitempty"`
	// Forecast is what it may come to in an environment with other numbers of rows, nil when nobody asked or it cannot be told.
	Forecast *Forecast `json:"forecast,omitempty"`
}

// Table is how large a table is.
type Table struct {
	Table string `json:"table"`
	// Rows is -1 when their number is not known; Bytes are those of the table without its indexes.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// Lock is one lock that a statement took.
type Lock struct {
	Table string `json:"table"`
	// Mode is PostgreSQL's name without the word lock, such as "ACCESS EXCLUSIVE".
	Mode string `json:"mode"`
	// Blocks is what others cannot do meanwhile: "reads", "writes", "writes of the changed rows", "schema changes", in this order.
	Blocks []string `json:"blocks"`
	// Held is how long, from the beginning of the statement to the end of its transaction.
	Held Took `json:"heldMilliseconds"`
}

// Took is a duration that is written as milliseconds.
type Took time.Duration

// MarshalJSON writes milliseconds with microseconds behind the point.
func (t Took) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Duration(t).Microseconds())/1000, 'f', -1, 64), nil
}

// String returns it for people.
func (t Took) String() string {
	switch duration := time.Duration(t); {
	case duration < 10*time.Millisecond:
		return strconv.FormatFloat(float64(duration.Microseconds())/1000, 'f', 1, 64) + " ms"
	case duration < 10*time.Second:
		return strconv.FormatInt(duration.Milliseconds(), 10) + " ms"
	default:
		return duration.Round(time.Second).String()
	}
}

// failed tells that the migration cannot be applied; good that nothing is to be said against it.
func (m Migration) failed() bool { return m.Up != nil && m.Up.Failed != "" && !m.Elsewhere }

func (m Migration) good() bool {
	return m.WayBack == Proven && len(m.Losses) == 0 && !m.Uncertain
}

// Verdict is pass when every way back is proven from the version that was asked for and nothing is lost, fail when a migration cannot be applied, and warn otherwise.
func (r Report) Verdict() checklist.Verdict {
	verdict := checklist.Pass
	if r.Unreached != "" && r.Asked != nil || r.Left != "" || r.Rowless && len(r.Migrations) > 0 {
		verdict = checklist.Warn
	}
	for _, one := range r.Migrations {
		switch {
		case one.failed():
			return checklist.Fail
		case !one.good():
			verdict = checklist.Warn
		}
	}
	return verdict
}
