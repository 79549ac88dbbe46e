package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Case is one change of one statement, and what is known when it runs.
type Case struct {
	Change    statement.Change
	Statement statement.Statement
	// Schema is the schema just before the change, Before that before the section.
	Schema, Before *schema.Schema
	// Version is PostgreSQL's major version.
	Version int
	// Down tells that the statement is in the down section.
	Down bool
	// Transaction is what ran before in the same transaction.
	Transaction *Transaction
	// Earlier are the changes before this one in the same section.
	Earlier []statement.Change
	// File is the migration.
	File *File

	effects []effect
	fresh   func(statement.Name) freshness
	place   func(offset int) (line int)
}

// freshness says whether a table is in use.
type freshness int

const (
	// inUse: it is there when the migration begins, or was never seen.
	inUse freshness = iota
	// maybeNew: the pending migrations make it, but only IF NOT EXISTS.
	maybeNew
	// isNew: the pending migrations make it, or it is temporary.
	isNew
)

// InUse tells whether others may use a table while the statement runs.
func (c *Case) InUse(table statement.Name) bool { return c.fresh(table) != isNew }

// Table returns what is known of a table, nil when nothing is.
func (c *Case) Table(table statement.Name) *schema.Table { return c.Schema.Table(table) }

// Strongest returns the change's effect on a table.
func (c *Case) effectOn(table statement.Name) effect {
	for _, one := range c.effects {
		if one.table == table {
			return one
		}
	}
	return effect{table: table}
}

// Transaction is what ran before in the transaction of a statement.
type Transaction struct {
	// Open tells that there is one: goose's own, or one that the file begins.
	Open bool
	// Implicit tells that nobody began it: PostgreSQL runs a block, and all statements that come in one text, as one.
	Implicit bool
	// Goose tells that it is goose's.
	Goose bool
	// Locks are the locks on tables in use that it holds, in the order in which they were taken.
	Locks []held
	// NotValid are the constraints that were added NOT VALID, by table and name.
	NotValid map[statement.Name][]string
	// EnumValues are the labels that were added to types.
	EnumValues map[string]statement.Name
	// Written are the tables whose rows were changed.
	Written []statement.Name
	// Disabled are the tables whose triggers are switched off.
	Disabled []statement.Name
	// Statements counts the statements before.
	Statements int
	// FirstLock tells that a lock on a table in use was taken already.
	FirstLock bool
}

// held is a lock that a transaction holds until it ends.
type held struct {
	effect
	line int
}

// Held returns the strongest lock that is held on a table other than the given ones.
func (t *Transaction) heldBeside(tables ...statement.Name) (held, bool) {
	var strongest held
	for _, lock := range t.Locks {
		skip := false
		for _, table := range tables {
			skip = skip || lock.table == table
		}
		if !skip && lock.mode > strongest.mode {
			strongest = lock
		}
	}
	return strongest, strongest.mode > 0
}

// File is one migration as the rules see it.
type File struct {
	// Path is the path that findings name.
	Path    string
	Version int64
	// Pending tells that it is under review; the others are replayed only.
	Pending bool
	// Index is its place among all files, Group that of the first file that is pending together with it.
	Index, Group int
	Source       migration.File

	// parsed is closed when up and down are there.
	parsed   chan struct{}
	up, down []parsed
}

// parsed is one text that goose hands over, read.
type parsed struct {
	migration.Statement
	statements []statement.Statement
	err        error
}

// Whole is a migration when all of its statements were seen.
type Whole struct {
	File *File
	// Files are all of the set.
	Files   []*File
	Options *Options
	Version int
	// Before and After are the schema around the up section, Back is what the down section makes of After.
	Before, After, Back *schema.Schema
	// Differences are those of Back from Before.
	Differences []schema.Difference
	// UpConflicts and Conflicts are what PostgreSQL would refuse of the up and of the down section.
	UpConflicts, Conflicts []placedConflict
	// Changes and DownChanges are those of the two sections, without those of DO blocks.
	Changes, DownChanges []statement.Change
	// Lines and DownLines are where each of them stands.
	Lines, DownLines []int
	// Locks are those of the up section.
	Locks []held
	// Known tells that all of both sections could be read, UpKnown that all of up could.
	Known, UpKnown bool
	// Outcome is what is said of the migration.
	Outcome *Migration
}

// placedConflict is a conflict, and the line of the statement.
type placedConflict struct {
	schema.Conflict
	line int
}

// name returns a table's name for people: without the schema when it is public.
func name(of statement.Name) string {
	if of.Schema == "public" {
		of.Schema = ""
	}
	return statement.Quote(of)
}

// names joins names for people.
func names(of []statement.Name) string {
	all := make([]string, len(of))
	for i, one := range of {
		all[i] = name(one)
	}
	return strings.Join(all, ", ")
}

// adds tells whether one of some changes adds a column that was not there before.
func adds(changes []statement.Change, before *schema.Schema, table statement.Name, column string) bool {
	known := before.Table(table)
	if _, was := known.Column(column); was {
		return false
	}
	return slices.ContainsFunc(changes, func(change statement.Change) bool {
		added, is := change.(statement.AddColumn)
		return is && before.Resolve(added.Table) == before.Resolve(table) && added.Column.Name == column && !(added.IfNotExists && (known == nil || known.Partial))
	})
}

// addedHere tells whether the section added a column.
func (c *Case) addedHere(table statement.Name, column string) bool {
	return adds(c.Earlier, c.Before, table, column)
}

// volatile tells whether an expression may give another value for each row: functions that the migrations make can be steady.
func (c *Case) volatile(of *statement.Expression) bool { return volatile(c.Schema, of) }

func volatile(on *schema.Schema, of *statement.Expression) bool {
	return of.Volatile && slices.ContainsFunc(of.Functions, func(function statement.Name) bool {
		return statement.Volatile(function) && !on.Steady(function)
	})
}

// droppedBefore tells whether the section dropped an object of a name before.
func (c *Case) droppedBefore(name string) bool {
	return slices.ContainsFunc(c.Earlier, func(change statement.Change) bool {
		drop, is := change.(statement.Drop)
		return is && slices.ContainsFunc(drop.Objects, func(object statement.Object) bool { return object.Name.Name == name })
	})
}
