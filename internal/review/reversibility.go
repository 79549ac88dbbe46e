package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// maximumReasons bounds what is said about one migration.
const maximumReasons = 20

// judgeReversibility says what the down section brings back. It is derived from both sections: the schema after up and down is
// compared with the one before, and what up throws away no down brings back.
func judgeReversibility(w *Whole) {
	outcome := w.Outcome
	outcome.Reversible = ReversibleYes
	worse := func(to Reversible, format string, arguments ...any) {
		if to == ReversibleNo || outcome.Reversible == ReversibleYes {
			outcome.Reversible = to
		}
		if reason := fmt.Sprintf(format, arguments...); len(outcome.Reasons) < maximumReasons && !slices.Contains(outcome.Reasons, reason) {
			outcome.Reasons = append(outcome.Reasons, reason)
		}
	}
	if !w.Known {
		worse(ReversibleNo, "what cannot be analysed is not known to be reversible")
	}
	changes := len(w.Changes) > 0 && slices.ContainsFunc(w.Changes, changesAnything)
	if changes && len(w.DownChanges) == 0 && w.Known {
		worse(ReversibleNo, "%s", w.emptyDown())
		if len(w.Differences) == 0 {
			w.losses(worse)
		}
		return
	}
	for _, conflict := range w.Conflicts {
		if conflict.Certain {
			worse(ReversibleNo, "down fails on line %d: %s", conflict.line, conflict.Message)
		}
	}
	for _, difference := range w.Differences {
		// What a statement that was not analysed does is in no schema, and would be told as missing.
		if !difference.Minor && w.Known {
			worse(ReversibleNo, "after up and down, %s", difference.Message)
		}
	}
	for _, change := range w.Changes {
		if add, is := change.(statement.AddEnumValue); is && w.staysIn(add) {
			worse(ReversibleNo, "the value %s of %s stays: PostgreSQL cannot take it out again", add.Label, name(add.Type))
		}
	}
	w.losses(worse)
}

// staysIn tells whether an enum value is still there after down, where the type was never seen: the schemas do not tell.
func (w *Whole) staysIn(add statement.AddEnumValue) bool {
	if labels, _ := w.Before.Enum(add.Type); labels != nil {
		return false
	}
	labels, _ := w.Back.Enum(add.Type)
	anew := slices.ContainsFunc(w.DownChanges, func(change statement.Change) bool {
		create, is := change.(statement.CreateEnum)
		return is && create.Type == add.Type
	})
	made := slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		create, is := change.(statement.CreateEnum)
		return is && create.Type == add.Type
	})
	return !made && (!anew || slices.Contains(labels, add.Label))
}

// emptyDown says why nothing is taken back.
func (w *Whole) emptyDown() string {
	switch {
	case w.File.Source.DownLine == 0:
		return "there is no down section"
	case len(w.File.Source.Down) > 0:
		return "the down section changes nothing"
	}
	return "the down section is empty"
}

// changesAnything tells whether a change has an effect that lasts.
func changesAnything(change statement.Change) bool {
	switch change.(type) {
	case statement.Select, statement.Set, statement.Transaction, statement.LockTable, statement.Vacuum, statement.Other, statement.Cluster,
		statement.Reindex, statement.RefreshMaterializedView, statement.ValidateConstraint:
		return false
	}
	return true
}

// losses tells of the data that up destroys.
func (w *Whole) losses(worse func(Reversible, string, ...any)) {
	on := w.Before
	made := func(table statement.Name) bool {
		before := on.Table(table)
		return before == nil && w.After.Table(table) != nil && !w.After.Table(table).Partial
	}
	for _, change := range w.Changes {
		switch c := change.(type) {
		case statement.DropColumn:
			if _, known := on.Table(c.Table).Column(c.Column); (known || on.Table(c.Table) == nil || on.Table(c.Table).Partial) && !made(c.Table) {
				worse(ReversibleWithLoss, "the values of %s.%s are lost", name(c.Table), statement.QuoteWord(c.Column))
			}
		case statement.Drop:
			w.dropLosses(c, made, worse)
		case statement.Truncate:
			for _, table := range c.Tables {
				if !made(table) {
					worse(ReversibleWithLoss, "the rows of %s are lost", name(table))
				}
			}
		case statement.Delete:
			if !made(c.Table) && c.Filter != NoRowsFilter {
				worse(ReversibleWithLoss, "the deleted rows of %s are lost", name(c.Table))
			}
		case statement.Update:
			if !made(c.Table) && c.Filter != NoRowsFilter && w.overwrites(c) {
				worse(ReversibleWithLoss, "the former values of %s of %s are lost", statement.QuoteWords(c.Columns), name(c.Table))
			}
		case statement.Write:
			if !made(c.Table) && c.Statement == "merge" {
				worse(ReversibleWithLoss, "what MERGE changes in %s is not brought back", name(c.Table))
			}
		case statement.SetType:
			if judged := judgeType(on, c); !made(c.Table) && judged.known && judged.narrows && loses(judged.from, c) {
				worse(ReversibleWithLoss, "what does not fit into %s is cut from the values of %s.%s", c.Type.SQL, name(c.Table), statement.QuoteWord(c.Column))
			}
		}
	}
}

// NoRowsFilter is the filter of a statement that touches nothing.
const NoRowsFilter = statement.NoRows

func (w *Whole) dropLosses(c statement.Drop, made func(statement.Name) bool, worse func(Reversible, string, ...any)) {
	switch c.Kind {
	case statement.Table:
		for _, object := range c.Objects {
			gone := w.Before.Table(object.Name)
			if gone == nil && c.IfExists && w.After.Complete || made(object.Name) || gone != nil && gone.Temporary || w.madeHere(object.Name) {
				continue
			}
			worse(ReversibleWithLoss, "the rows of %s are lost", name(object.Name))
		}
	case statement.SchemaKind:
		for _, object := range c.Objects {
			worse(ReversibleWithLoss, "all rows in the schema %s are lost", statement.QuoteWord(object.Name.Name))
		}
	}
}

// madeHere tells whether the migration itself makes a table, possibly to drop it again.
func (w *Whole) madeHere(table statement.Name) bool {
	return slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		made, is := change.(statement.CreateTable)
		return is && made.Table == table && !made.IfNotExists && w.Before.Table(table) == nil
	})
}

// overwrites tells whether an UPDATE writes over values that were there before: columns that the migration itself adds, or that
// down takes away, held none.
func (w *Whole) overwrites(c statement.Update) bool {
	before := w.Before.Table(c.Table)
	return slices.ContainsFunc(c.Columns, func(column string) bool {
		_, was := before.Column(column)
		if was || before == nil {
			return !w.adds(c.Table, column)
		}
		return before.Partial && !w.adds(c.Table, column)
	})
}

// adds tells whether up adds a column.
func (w *Whole) adds(table statement.Name, column string) bool {
	return adds(w.Changes, w.Before, table, column)
}

// loses tells whether changing a type cuts values, rather than failing on those that do not fit.
// https://www.postgresql.org/docs/current/sql-expressions.html#SQL-SYNTAX-TYPE-CASTS
func loses(from statement.TypeName, c statement.SetType) bool {
	if c.Using != nil && len(c.Using.Functions) > 0 {
		return true
	}
	switch from.Name.Name + " " + c.Type.Name.Name {
	case "int8 int4", "int8 int2", "int4 int2", "text varchar", "text int4", "text int8", "text uuid", "varchar uuid", "varchar int4", "text jsonb", "text timestamptz", "json jsonb", "jsonb json", "varchar bool", "text bool":
		return c.Using != nil && strings.Contains(c.Using.SQL(), "(")
	case "varchar varchar", "bpchar bpchar":
		return c.Using != nil
	}
	return true
}
