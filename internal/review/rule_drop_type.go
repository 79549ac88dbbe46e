package review

import (
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func dropType() Rule {
	return Rule{
		ID: "drop-type", Title: "A type is dropped, or an attribute of one is another", Severity: Blocking,
		Why:    "The version of the application that still runs may cast to it or write it, and fails. With CASCADE the columns of the type are gone too.",
		Source: "https://www.postgresql.org/docs/current/sql-droptype.html",
		change: func(c *Case) []Hit {
			if alter, is := c.Change.(statement.AlterTable); is && alter.Kind == statement.Type && alter.Action == "drop column" {
				return one(Hit{Message: "the values of " + name(alter.Table) + "." + statement.QuoteWord(alter.Column) + " are lost, in each column of the type"})
			}
			if message := otherAttribute(c); message != "" {
				return one(Hit{Message: message, Severity: Warning})
			}
			drop, is := c.Change.(statement.Drop)
			if !is || drop.Kind != statement.Type && drop.Kind != statement.Domain {
				return nil
			}
			var hits []Hit
			for _, object := range drop.Objects {
				if replaced(c, object.Name) {
					continue
				}
				if labels, origin := c.Schema.Enum(object.Name); labels != nil && origin.Migration >= c.File.Group {
					continue
				}
				hit := Hit{Message: "the type " + name(object.Name) + " is lost"}
				if columns := c.Schema.ColumnsOf(object.Name); len(columns) == 0 && c.Schema.Complete {
					hit.Severity = Warning
				}
				hits = append(hits, hit)
			}
			return hits
		},
	}
}

// otherAttribute says that an attribute of a composite type from before has another name or type.
func otherAttribute(c *Case) string {
	before := func(kind statement.Name) bool {
		origin, known := c.Schema.Origin(statement.Type, kind)
		return !known || origin.Migration < c.File.Group
	}
	switch change := c.Change.(type) {
	case statement.AlterTable:
		if change.Kind == statement.Type && change.Action == "alter column type" && before(change.Table) {
			return name(change.Table) + "." + statement.QuoteWord(change.Column) + " is of another type"
		}
	case statement.Rename:
		if change.Kind == "attribute" && before(change.Object) {
			return name(change.Object) + "." + statement.QuoteWord(change.Part) + " is not found by its name any more"
		}
	}
	return ""
}

// replaced tells whether a type is the former one of a pair: the migration gave it another name, and its own to a new type.
func replaced(c *Case, kind statement.Name) bool {
	return slices.ContainsFunc(c.Earlier, func(change statement.Change) bool { return renamedTo(change, kind) })
}

func renamedTo(change statement.Change, kind statement.Name) bool {
	rename, is := change.(statement.Rename)
	return is && (rename.Kind == statement.Type || rename.Kind == statement.Enum || rename.Kind == statement.Domain) && rename.Part == "" && rename.To == kind.Name && rename.Object.Schema == kind.Schema
}
