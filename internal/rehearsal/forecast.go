package rehearsal

import (
	"context"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Forecast is what a statement may come to in an environment with other numbers of rows, if it takes as long for each row there as it
// took here. It is a forecast: another machine, a cold cache or busy neighbours make another time of it.
type Forecast struct {
	// Table is the one that decides, the one that grows most; RowsHere and RowsThere are its rows, those there by the planner's estimate.
	Table     string `json:"table"`
	RowsHere  int64  `json:"rowsHere"`
	RowsThere int64  `json:"rowsThere"`
	// PerSecond is the rate that was measured here, in rows.
	PerSecond int64 `json:"rowsPerSecond"`
	Takes     Took  `json:"milliseconds"`
	// Unknown says why nothing can be told.
	Unknown string `json:"unknown,omitempty"`
	// Outlasts are the locks that would be held longer than others may wait for them; Held is the longest.
	Outlasts []string `json:"outlastsLockTimeout,omitempty"`
	Held     Took     `json:"heldMilliseconds,omitempty"`
}

// Sizes are the tables of an environment, by name.
type Sizes map[string]Table

// ReadSizes reads how large the tables are, by the planner's estimate.
func ReadSizes(ctx context.Context, db *database.Database) (Sizes, error) {
	if db.Dialect != database.PostgreSQL {
		return Sizes{}, nil
	}
	found, err := readRelations(ctx, db)
	if err != nil {
		return nil, database.Explain(err, db.Title)
	}
	sizes := Sizes{}
	for name, one := range found {
		if one.table {
			sizes[name] = Table{Table: name, Rows: one.rows, Bytes: one.bytes}
		}
	}
	return sizes, nil
}

// Foretell adds to each statement that works on rows what it may come to in an environment with tables of those sizes, where others
// wait lockTimeout at most.
func (r *Report) Foretell(environment string, sizes Sizes, lockTimeout time.Duration) {
	r.ForecastFor = environment
	for _, one := range r.Migrations {
		for _, run := range []*Run{one.Up, one.Down} {
			if run != nil {
				run.foretell(sizes, lockTimeout)
			}
		}
	}
}

func (r *Run) foretell(sizes Sizes, lockTimeout time.Duration) {
	takes := make([]time.Duration, len(r.Statements))
	for i := range r.Statements {
		one := &r.Statements[i]
		one.Forecast = one.foretell(sizes)
		if takes[i] = time.Duration(one.Took); one.Forecast != nil {
			takes[i] = time.Duration(one.Forecast.Takes)
		}
	}
	for i := range r.Statements {
		one := &r.Statements[i]
		held := takes[i]
		for later := i + 1; later < len(r.Statements) && !one.Sampled && !r.Statements[later].Sampled; later++ {
			held += takes[later] // In one transaction what was locked stays locked.
		}
		if lockTimeout <= 0 || held <= lockTimeout {
			continue
		}
		for _, lock := range one.Locks {
			if lock.Blocks[0] == "schema changes" {
				continue
			}
			if one.Forecast == nil {
				one.Forecast = &Forecast{Takes: one.Took}
			}
			one.Forecast.Outlasts, one.Forecast.Held = append(one.Forecast.Outlasts, lock.Mode+" on "+lock.Table), Took(held)
		}
	}
}

// foretell returns nil for a statement whose time does not depend on how many rows there are.
func (s *Statement) foretell(sizes Sizes) *Forecast {
	depends := len(s.Rewritten)+len(s.Scanned)+len(s.Written) > 0 || s.Sampled && len(s.Locks) > 0
	var forecast *Forecast
	most := 0.0
	for _, here := range s.Tables {
		there, known := sizes[here.Table]
		if !depends || !known || there.Rows == 0 || there.Rows < 0 && there.Bytes == 0 {
			continue
		}
		var ratio float64
		switch {
		case here.Rows > 0 && there.Rows > 0:
			ratio = float64(there.Rows) / float64(here.Rows)
		case here.Rows > 0 && there.Bytes > 0 && here.Bytes > 0: // Nobody analysed it there.
			ratio = float64(there.Bytes) / float64(here.Bytes)
			there.Rows = int64(float64(here.Rows) * ratio)
		default:
			return &Forecast{Table: here.Table, RowsThere: there.Rows, Takes: s.Took, Unknown: "the table is empty here"}
		}
		if ratio > most {
			most = ratio
			forecast = &Forecast{Table: here.Table, RowsHere: here.Rows, RowsThere: there.Rows, Takes: Took(float64(s.Took) * ratio)}
			if s.Took > 0 {
				forecast.PerSecond = int64(float64(here.Rows) / time.Duration(s.Took).Seconds())
			}
		}
	}
	return forecast
}
