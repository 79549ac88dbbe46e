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
	if slices.ContainsFunc(w.Changes, changesAnything) && !w.takesBack() && w.Known {
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
	for _, change := range w.Changes {
		if drop, is := change.(statement.DropConstraint); is && w.mayLose(drop) {
			worse(ReversibleNo, "the constraint %s of %s is not brought back, if it was there", statement.QuoteWord(drop.Name), name(drop.Table))
		}
	}
	w.losses(worse)
}

// mayLose tells whether a constraint that goes IF EXISTS may have been there, and is there no more: the schemas do not tell.
func (w *Whole) mayLose(drop statement.DropConstraint) bool {
	before := w.Before.Table(drop.Table)
	_, known := before.Constraint(drop.Name)
	_, after := w.After.Table(drop.Table).Constraint(drop.Name)
	_, back := w.Back.Table(drop.Table).Constraint(drop.Name)
	return drop.IfExists && w.was(drop.Table) && (before == nil || before.Assumed) && !known && !after && !back
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

// takesBack tells whether the down section changes anything.
func (w *Whole) takesBack() bool { return slices.ContainsFunc(w.DownChanges, changesAnything) }

// emptyDown says why nothing is taken back.
func (w *Whole) emptyDown() string {
	switch {
	case w.File.Source.DownLine == 0:
		return "there is no down section"
	case slices.ContainsFunc(w.File.down, raises):
		return "the down section only raises an exception"
	case len(w.File.Source.Down) > 0:
		return "the down section changes nothing"
	}
	return "the down section is empty"
}

// raises tells whether a text is a block that refuses to go on.
func raises(text parsed) bool {
	return slices.ContainsFunc(text.statements, func(one statement.Statement) bool {
		return one.Block && strings.Contains(strings.ToLower(strings.Join(strings.Fields(one.Text), " ")), "raise exception")
	})
}

// changesAnything tells whether a change has an effect that lasts.
func changesAnything(change statement.Change) bool {
	if define, is := change.(statement.Define); is && define.Kind == statement.Extension && define.IfNotExists {
		return false // It hurts nobody when it is left, and was there before as likely as not.
	}
	switch change.(type) {
	case statement.Select, statement.Set, statement.Transaction, statement.LockTable, statement.Vacuum, statement.Other, statement.AlterFunction, statement.Cluster,
		statement.Reindex, statement.RefreshMaterializedView, statement.ValidateConstraint:
		return false
	}
	return true
}

// madeHere tells whether the migration itself makes a table, possibly to drop it again.
func (w *Whole) madeHere(table statement.Name) bool {
	return slices.ContainsFunc(w.Changes, func(change statement.Change) bool {
		made, is := change.(statement.CreateTable)
		return is && w.same(made.Table, table) && !made.IfNotExists && w.Before.Table(table) == nil
	})
}
