package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// watchers refuses, or drops with cascade, the triggers and policies of a table that look at a column.
func (a *applying) watchers(table *Table, column string, cascade bool) {
	mentioned := a.mentioned(table.Name)
	for _, by := range mentioned {
		one, known := a.object(by)
		if !known || by.on != table.Name || by.kind != statement.Trigger && by.kind != statement.Policy || !slices.Contains(one.uses, column) {
			continue
		}
		if cascade {
			a.removeObject(by)
		} else {
			a.refuse(true, "%s depends on column %s", by.title(), statement.QuoteWord(column))
		}
	}
}

// rewatch gives a column its new name in what triggers and policies look at.
func (a *applying) rewatch(table statement.Name, from, to string) {
	mentioned := a.mentioned(table)
	for _, by := range mentioned {
		one, known := a.object(by)
		if place := slices.Index(one.uses, from); known && by.on == table && place >= 0 {
			one.uses = slices.Clone(one.uses)
			one.uses[place] = to
			a.objects.put(a.owner, by, &one)
		}
	}
}

// unwatch forgets what a policy looks at and calls: ALTER POLICY says another condition, which was not read.
func (a *applying) unwatch(policy key) {
	if one, known := a.object(policy); known {
		one.uses, one.invokes = nil, nil
		a.objects.put(a.owner, policy, &one)
	}
}

// brings returns the types and the functions that an extension brings and that columns are made with.
func brings(extension string) (types, functions []string) {
	switch extension {
	case "citext", "hstore", "isn", "cube", "seg":
		types = []string{extension}
	case "ltree":
		types = []string{"ltree", "lquery", "ltxtquery"}
	case "vector":
		types = []string{"vector", "halfvec", "sparsevec"}
	case "postgis":
		types = []string{"geometry", "geography"}
	case "uuid-ossp":
		functions = []string{"uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v3", "uuid_generate_v4", "uuid_generate_v5"}
	case "pgcrypto":
		functions = []string{"crypt", "digest", "gen_random_bytes", "gen_salt", "hmac"}
	}
	return types, functions
}

// dropExtension drops an extension, and with cascade the columns of its types; without, those are in the way.
func (a *applying) dropExtension(name string, c statement.Drop) {
	types, functions := brings(name)
	if !a.objects.has(key{kind: statement.Extension, name: statement.Name{Name: name}}) && c.IfExists {
		types, functions = nil, nil // It may not be this one that they come from.
	}
	for _, kind := range types {
		full := a.resolveType(statement.Name{Name: kind})
		if a.Has(statement.Type, full) {
			continue // It is one that a migration makes.
		}
		for _, one := range a.columnsOf(full) {
			if c.Cascade {
				a.forgetColumn(one.Table, one.Column)
			} else {
				a.refuse(true, "column %s of %s has the type %s of the extension %s", statement.QuoteWord(one.Column), Plain(one.Table), kind, statement.QuoteWord(name))
			}
		}
	}
	for _, table := range a.Tables() {
		for _, column := range table.Columns {
			calls := func(function statement.Name) bool {
				return slices.Contains(functions, function.Name) && len(a.functions(a.resolveFunction(function))) == 0
			}
			switch {
			case column.Default == nil || !slices.ContainsFunc(column.Default.Functions, calls):
			case c.Cascade:
				own := a.own(table.Name).column(column.Name)
				own.Default, own.HasDefault = nil, false
			default:
				a.refuse(true, "the default of column %s of %s calls the extension %s", statement.QuoteWord(column.Name), Plain(table.Name), statement.QuoteWord(name))
			}
		}
	}
}

// privileged refuses to drop a role that still has privileges on a table, a view or a sequence.
func (a *applying) privileged(role statement.Name) {
	mentioned := a.mentioned(role)
	for _, by := range mentioned {
		if by.kind == "grant" && by.on == role && a.objects.has(by) && a.relations.has(by.name) && !strings.HasPrefix(by.arguments, "all ") {
			a.refuse(true, "role %s has privileges on %s: REVOKE or DROP OWNED has to come first", statement.QuoteWord(role.Name), Plain(by.name))
			return
		}
	}
}

// disown takes the privileges of a role, those on objects of one kind in a schema when that is named.
func (a *applying) disown(role statement.Name, kind statement.Kind, schema string) {
	mentioned := a.mentioned(role)
	for _, by := range mentioned {
		if by.kind == "grant" && by.on == role && (schema == "" || by.name.Schema == schema && strings.HasPrefix(by.arguments, string(kind)+" ")) {
			a.removeObject(by)
		}
	}
}
