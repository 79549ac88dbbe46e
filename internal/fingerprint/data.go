// Package fingerprint says in a few numbers what a database holds, so that two moments of it, or a copy and its original, can be
// compared: the rows of each table, and the schema object by object.
package fingerprint

import (
	"cmp"
	"context"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Name is a table's or another object's name with its schema; SQLite has no schemas.
type Name struct {
	Schema string `json:"schema,omitempty"`
	Name   string `json:"name"`
}

// String returns the name for people: without the schema when it is public.
func (n Name) String() string {
	if n.Schema == "" || n.Schema == "public" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

func compareNames(a, b Name) int {
	return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
}

// Table is the fingerprint of a table's rows. Two tables with the same number of rows and the same sum hold the same rows, in
// whatever order and with their columns in whatever order.
type Table struct {
	Name Name `json:"name"`
	// Columns are those that count, sorted by their names. The columns of a table are part of what is compared.
	Columns []Column `json:"columns"`
	// Rows are those that were looked at: all, or those of the sample.
	Rows int64 `json:"rows"`
	// Sum is the sum of a mixed hash of each row, in decimal.
	Sum string `json:"sum"`
	// Sample are the ranges of the key that were looked at, where the table is larger than the budget; nil when all of it was.
	Sample *Sample `json:"sample,omitempty"`
	// Unread says why the rows were not looked at, empty when they were: they live in another server, or there is no key to take
	// the same sample by.
	Unread string `json:"unread,omitempty"`
}

// Column is one column of a fingerprint.
type Column struct {
	Name string `json:"name"`
	// Type is the type as the database names it.
	Type string `json:"type"`
	// NotNull counts the values that are not NULL, and Sum is the sum of a mixed hash of each. They are there only when
	// Options.Columns asks for them.
	NotNull int64  `json:"notNull,omitempty"`
	Sum     string `json:"sum,omitempty"`

	expression string
}

// Sample is which rows of a large table were looked at: those whose key is in one of the ranges, lower ends included. The ends are
// literals of SQL.
type Sample struct {
	Key    string      `json:"key"`
	Ranges [][2]string `json:"ranges"`
}

// Data is the fingerprint of the rows of a database.
type Data struct {
	// Version is the server's major version: hashes of two major versions are not compared. Zero for SQLite.
	Version int     `json:"version"`
	Tables  []Table `json:"tables"`
	// Sequences are how far they came.
	Sequences []Sequence `json:"sequences,omitempty"`
}

// Table returns the fingerprint of one table.
func (d Data) Table(name Name) (Table, bool) {
	at, found := slices.BinarySearchFunc(d.Tables, name, func(table Table, name Name) int { return compareNames(table.Name, name) })
	if !found {
		return Table{}, false
	}
	return d.Tables[at], true
}

// Options say what is looked at.
type Options struct {
	// Skip leaves a table or a sequence out, nil none. Goose's own table is always left out.
	Skip func(Name) bool
	// Columns asks for sums of each column too, which costs as much again for each.
	Columns bool
	// Budget is the size in bytes from which on a table is sampled; zero reads all of every table. SQLite is always read whole.
	Budget int64
	// Like is an earlier fingerprint whose samples are taken again, so that the two can be compared.
	Like *Data
	// Parallel is how many connections read at once; zero means two. PartBytes is how much of a table one statement reads; zero
	// means all of it, or where parts are kept 256 MB, a second or two.
	Parallel  int
	PartBytes int64
	// Keep remembers parts of large tables that are done, nil none: a run that was killed goes on with them. It may be used only
	// where nobody writes meanwhile: a part is taken again when the table's own counters of writes are the same.
	Keep Keep
}

// Keep remembers what was done.
type Keep interface {
	// Load returns what was saved under a name.
	Load(part string) (Part, bool)
	// Save keeps it, so that it is there when the process is killed in the next moment.
	Save(part string, done Part) error
}

// Part is the count and the sum of some rows, and of each column.
type Part struct {
	Rows    int64    `json:"rows"`
	Sum     string   `json:"sum"`
	NotNull []int64  `json:"notNull,omitempty"`
	Sums    []string `json:"sums,omitempty"`
}

// Read returns the fingerprint of all tables, of one moment. Errors are those of the database; a policy that would hide rows is one.
func Read(ctx context.Context, db *database.Database, options Options) (Data, error) {
	if db.Dialect == database.SQLite {
		return readSQLite(ctx, db, options)
	}
	return readPostgreSQL(ctx, db, options)
}
