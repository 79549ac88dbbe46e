package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// assume takes from the down section what was there before, where the migrations do not tell it: the type that down gives back to a
// column is the one that it had, and so is the text of a function or view that both sections replace.
func (r *reviewing) assume(file *File) {
	up, down := changesOf(file.up), changesOf(file.down)
	before := schema.Origin{Migration: schema.Before}
	for _, change := range down {
		switch c := change.(type) {
		case statement.SetType:
			altered := slices.ContainsFunc(up, func(other statement.Change) bool {
				set, is := other.(statement.SetType)
				return is && set.Table == c.Table && set.Column == c.Column && set.Type.SQL != c.Type.SQL
			})
			if _, known := r.schema.Table(c.Table).Column(c.Column); altered && !known && !makes(up, c.Table) {
				doubt(r.schema, c, effects(c, r.schema))
				r.schema.Apply(statement.AddColumn{Table: c.Table, Column: statement.ColumnDefinition{Name: c.Column, Type: c.Type}}, before)
			}
		case statement.Define, statement.CreateFunction:
			object, replaces := defined(c)
			if replaces && !r.schema.Has(object.Kind, object.Object.Name) && slices.ContainsFunc(up, func(other statement.Change) bool {
				same, also := defined(other)
				return also && same.Kind == object.Kind && same.Object.Name == object.Object.Name && same.Object.Arguments == object.Object.Arguments
			}) {
				r.schema.Complete = false
				r.schema.Apply(c, before)
			}
		}
	}
}

// changesOf returns all changes of some texts.
func changesOf(texts []parsed) []statement.Change {
	var all []statement.Change
	for _, text := range texts {
		for _, one := range text.statements {
			all = append(all, one.Changes...)
		}
	}
	return all
}

// makes tells whether a table is created.
func makes(changes []statement.Change, table statement.Name) bool {
	return slices.ContainsFunc(changes, func(change statement.Change) bool {
		create, is := change.(statement.CreateTable)
		return is && create.Table == table
	})
}

// defined returns the object that CREATE OR REPLACE makes or replaces.
func defined(change statement.Change) (statement.Define, bool) {
	switch c := change.(type) {
	case statement.Define:
		return c, c.Replace
	case statement.CreateFunction:
		return c.Define, c.Define.Replace
	}
	return statement.Define{}, false
}

// missing tells whether the first relation that a change is about does not exist, as far as one can be sure of that.
func missing(on *schema.Schema, effects []effect) bool {
	if len(effects) == 0 || effects[0].table.Name == "" || on.Table(effects[0].table) != nil {
		return false
	}
	_, view := on.Origin(statement.View, effects[0].table)
	return !view && (on.Complete || on.Gone(effects[0].table))
}

// doubt gives up the belief that all is known, when a change uses a table that was never made: the migrations begin in the
// middle.
func doubt(on *schema.Schema, change statement.Change, effects []effect) {
	tables := reads(change)
	for _, one := range effects {
		tables = append(tables, one.table)
	}
	for _, table := range tables {
		if table.Name == "" || isSystem(table) || on.Table(table) != nil || on.Gone(table) {
			continue
		}
		if _, view := on.Origin(statement.View, table); !view {
			on.Complete = false
		}
	}
	if sequence, used := usedSequence(change); used && !on.Known(statement.Sequence, sequence) {
		on.Complete = false
	}
}

// usedSequence returns the sequence that a change takes for granted.
func usedSequence(change statement.Change) (statement.Name, bool) {
	switch c := change.(type) {
	case statement.Drop:
		return c.Objects[0].Name, c.Kind == statement.Sequence && !c.IfExists
	case statement.Rename:
		return c.Object, c.Kind == statement.Sequence && !c.IfExists
	}
	return statement.Name{}, false
}

// isSystem tells whether a table is one of PostgreSQL's own.
func isSystem(table statement.Name) bool {
	return table.Schema == "pg_catalog" || table.Schema == "information_schema" || strings.HasPrefix(table.Name, "pg_")
}

// reads returns the tables that a change reads to make something of them.
func reads(change statement.Change) []statement.Name {
	switch c := change.(type) {
	case statement.CreateTable:
		return slices.Clone(c.Reads)
	case statement.Define:
		return slices.Clone(c.Reads)
	case statement.Insert:
		return slices.Clone(c.Reads)
	}
	return nil
}
