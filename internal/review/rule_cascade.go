package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func cascade() Rule {
	return Rule{
		ID: "cascade", Title: "CASCADE", Severity: Blocking, live: true,
		Why:    "PostgreSQL drops whatever depends on the object, and nobody has read what that is: views, foreign keys, columns, rows of other tables.",
		Source: "https://www.postgresql.org/docs/current/ddl-depend.html",
		change: func(c *Case) []Hit {

			var tables []statement.Name
			switch change := c.Change.(type) {
			case statement.Drop:
				if !change.Cascade || change.Kind == "owned" || change.Kind == statement.Trigger || change.Kind == statement.Policy {
					return nil
				}
				for _, object := range change.Objects {
					if change.Kind == statement.Table {
						tables = append(tables, object.Name)
					}
				}
				if change.IfExists && c.Schema.Complete && change.Kind == statement.Table && !known(c, tables) {
					return nil
				}
			case statement.DropColumn:
				if !change.Cascade {
					return nil
				}
				tables = []statement.Name{change.Table}
			case statement.DropConstraint:
				if !change.Cascade {
					return nil
				}
				tables = []statement.Name{change.Table}
			case statement.Truncate:
				if !change.Cascade {
					return nil
				}
				tables = change.Tables
			default:
				return nil
			}
			hit := Hit{Message: "CASCADE takes along whatever depends on it", Tables: tables}
			if going := dependents(c, tables); going != "" {
				hit.Message = "CASCADE takes along " + going
			}
			return one(hit)
		},
	}
}

// known tells whether one of the tables was seen.
func known(c *Case, tables []statement.Name) bool {
	return slices.ContainsFunc(tables, func(table statement.Name) bool { return c.Table(table) != nil })
}

// dependents names what is known to depend on tables.
func dependents(c *Case, tables []statement.Name) string {
	var all []string
	for _, table := range tables {
		for other, keys := range c.Schema.ReferencedBy(table) {
			for _, key := range keys {
				all = append(all, "the foreign key "+statement.QuoteWord(key.Name)+" of "+name(other))
			}
		}
		for _, view := range c.Schema.ReadBy(table) {
			all = append(all, "the view "+name(view))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
