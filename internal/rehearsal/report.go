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
	// Version is the schema version of the copy when the rehearsal began, and with it of the transition that was rehearsed.
	Version int64 `json:"version"`
}

// Migration is one migration's rehearsal.
type Migration struct {
	File    migration.File `json:"file"`
	WayBack WayBack        `json:"wayBack"`
	// Reasons say why the way back is not proven.
	Reasons []string `json:"reasons"`
	// Losses say what up and down together lost of the data.
	Losses []fingerprint.Change `json:"losses"`
	// Order are the tables whose columns stand in another order after up and down.
	Order []string `json:"order,omitempty"`
	// Changes are what up did to the schema.
	Changes []fingerprint.Difference `json:"changes"`
	// Up, Down and Again are the three runs; those that did not come to it are nil.
	Up    *Run `json:"up"`
	Down  *Run `json:"down"`
	Again *Run `json:"again"`
}

// Run is one run of one section.
type Run struct {
	Took       Took        `json:"milliseconds"`
	Statements []Statement `json:"statements"`
	// Failed is the error that ended it, empty when it came to its end.
	Failed string `json:"failed,omitempty"`
}

// Statement is what one statement did.
type Statement struct {
	// SQL is its text, shortened.
	SQL  string `json:"sql"`
	Took Took   `json:"milliseconds"`
	// Locks are those on relations that were there before the migration, each in its strongest mode; those that a statement before
	// took in the same transaction are not told again.
	Locks []Lock `json:"locks"`
	// Rewritten are the tables and indexes that got a new file, Scanned the tables that were read from end to end, with the rows.
	Rewritten []string         `json:"rewritten,omitempty"`
	Scanned   map[string]int64 `json:"scanned,omitempty"`
	// Written are the rows that were inserted, updated and deleted, by table.
	Written map[string]int64 `json:"written,omitempty"`
	// WAL is how much the whole cluster wrote ahead meanwhile, in bytes, whoever it was.
	WAL int64 `json:"walBytesOfCluster"`
	// Sampled tells that the locks were looked at now and then from another session, and some may have been missed.
	Sampled bool `json:"sampled,omitempty"`
}

// Lock is one lock that a statement took.
type Lock struct {
	Table string `json:"table"`
	// Mode is PostgreSQL's name without the word lock, such as "ACCESS EXCLUSIVE".
	Mode string `json:"mode"`
	// Blocks is what others cannot do meanwhile: "reads", "writes", "schema changes", in this order.
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

// Verdict is pass when every way back is proven and nothing is lost, fail when a migration cannot be applied, and warn otherwise.
func (r Report) Verdict() checklist.Verdict {
	verdict := checklist.Pass
	for _, one := range r.Migrations {
		switch {
		case one.Up.Failed != "":
			return checklist.Fail
		case one.WayBack != Proven || len(one.Losses) > 0:
			verdict = checklist.Warn
		}
	}
	return verdict
}
