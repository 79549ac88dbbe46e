package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// object makes or changes what is neither a table nor a part of one.
func (a *applying) object(change statement.Change) {
	switch c := change.(type) {
	case statement.CreateEnum:
		a.make(key{kind: statement.Enum, name: a.inPath(c.Type)}, object{labels: c.Labels}, false, false)
	case statement.AddEnumValue:
		a.addEnumValue(c)
	case statement.CreateDomain:
		one := object{definition: c.Definition, notNull: c.NotNull}
		for _, constraint := range c.Constraints {
			one.constraints = append(one.constraints, Constraint{Constraint: constraint, Named: constraint.Name != "", Validated: true})
		}
		a.make(key{kind: statement.Domain, name: a.inPath(c.Domain)}, one, false, false)
	case statement.AlterDomain:
		a.alterDomain(c)
	case statement.Define:
		a.define(c)
	case statement.CreateFunction:
		a.define(c.Define)
	case statement.Grant:
		a.grant(c)
	case statement.Comment:
		place := key{kind: "comment", name: c.Object.Name, on: c.Object.On, arguments: string(c.Kind) + c.Object.Arguments}
		if a.objects[place] = (object{definition: c.Definition, origin: a.origin}); strings.HasSuffix(strings.ToLower(c.Definition), " is null") {
			delete(a.objects, place)
		}
	case statement.RoleSetting:
		a.objects[key{kind: "setting", name: statement.Name{Name: c.Object}, arguments: string(c.Kind) + c.Setting}] = object{origin: a.origin}
	}
}

// make adds an object, and refuses one that exists.
func (a *applying) make(place key, one object, replace, ifNotExists bool) {
	if before, exists := a.objects[place]; exists && !replace {
		if ifNotExists {
			return
		}
		a.refuse(true, "%s %s exists already", place.kind, Plain(place.name))
	} else if exists {
		// Who made it is not changed by replacing it.
		one.origin = before.origin
	}
	if one.origin == (Origin{}) {
		one.origin = a.origin
		one.origin.IfNotExists = ifNotExists
	}
	a.objects[place] = one
	delete(a.gone, place)
}

func (a *applying) define(c statement.Define) {
	place := a.place(c.Kind, c.Object)
	one := object{definition: definition(c.Definition)}
	for _, table := range c.Reads {
		one.reads = append(one.reads, a.Resolve(table))
	}
	a.make(place, one, c.Replace, c.IfNotExists)
}

// definition returns the text of a definition without what says only how it is put in place.
func definition(text string) string {
	words := strings.Fields(text)
	if len(words) > 2 && strings.EqualFold(words[1], "or") && strings.EqualFold(words[2], "replace") {
		words = slices.Delete(words, 1, 3)
	}
	return strings.Join(words, " ")
}

// place returns the key of an object.
func (a *applying) place(kind statement.Kind, of statement.Object) key {
	place := key{kind: kind, name: of.Name, arguments: of.Arguments}
	switch {
	case of.On.Name != "":
		place.on = a.Resolve(of.On)
	case kind == statement.SchemaKind || kind == statement.Extension || kind == statement.Database || kind == statement.Role || kind == "publication" || kind == "event trigger":
	default:
		place.name = a.inPath(of.Name)
	}
	return place
}

func (a *applying) addEnumValue(c statement.AddEnumValue) {
	place := key{kind: statement.Enum, name: a.inPath(c.Type)}
	one, known := a.objects[place]
	if !known {
		if a.Complete {
			a.refuse(true, "type %s does not exist", Plain(place.name))
		}
		return
	}
	if slices.Contains(one.labels, c.Label) {
		if !c.IfNotExists {
			a.refuse(true, "enum value %s of %s exists already", c.Label, Plain(place.name))
		}
		return
	}
	labels := slices.Clone(one.labels)
	at := len(labels)
	if neighbour := slices.Index(labels, c.Neighbour); neighbour >= 0 && c.Neighbour != "" {
		if at = neighbour; c.After {
			at++
		}
	}
	one.labels = slices.Insert(labels, at, c.Label)
	a.objects[place] = one
}

func (a *applying) alterDomain(c statement.AlterDomain) {
	place := key{kind: statement.Domain, name: a.inPath(c.Domain)}
	one := a.objects[place]
	one.constraints = slices.Clone(one.constraints)
	switch c.Action {
	case "add constraint":
		one.constraints = append(one.constraints, Constraint{Constraint: c.Constraint, Named: c.Constraint.Name != "", Validated: !c.Constraint.NotValid})
	case "drop constraint":
		one.constraints = slices.DeleteFunc(one.constraints, func(other Constraint) bool { return other.Name == c.Constraint.Name })
	case "validate constraint":
		for i := range one.constraints {
			one.constraints[i].Validated = one.constraints[i].Validated || one.constraints[i].Name == c.Constraint.Name
		}
	case "set not null", "drop not null":
		one.notNull = c.Action == "set not null"
	default:
		one.definition += " " + c.Action
	}
	a.objects[place] = one
}

// grant notes privileges one by one, so that a REVOKE takes back what a GRANT gave, however they are grouped.
func (a *applying) grant(c statement.Grant) {
	objects := c.Objects
	if len(objects) == 0 {
		objects = []statement.Object{{}}
	}
	for _, on := range objects {
		for _, role := range c.Roles {
			for _, privilege := range c.Privileges {
				what := string(c.Kind) + " " + privilege
				if c.All || c.Default {
					what = "all " + what
				}
				place := key{kind: "grant", name: on.Name, on: statement.Name{Name: role}, arguments: what + on.Arguments}
				if c.Kind == statement.Table && !c.All && !c.Default {
					place.name = a.Resolve(on.Name)
				}
				switch {
				case !c.Revoke:
					a.objects[place] = object{origin: a.origin}
				case privilege == "all":
					for other := range a.objects {
						if other.kind == "grant" && other.name == place.name && other.on == place.on {
							delete(a.objects, other)
						}
					}
				default:
					delete(a.objects, place)
				}
			}
		}
	}
}

func (a *applying) drop(c statement.Drop) {
	for _, one := range c.Objects {
		switch c.Kind {
		case statement.Table, statement.ForeignTable:
			a.dropTable(a.Resolve(one.Name), c)
		case statement.Index:
			a.dropIndex(one.Name, c)
		case statement.SchemaKind:
			a.dropSchema(one.Name.Name, c)
		case statement.Type, statement.Domain:
			a.dropType(one.Name, c)
		case statement.View, statement.MaterializedView:
			a.dropObject(key{kind: c.Kind, name: a.Resolve(one.Name)}, c)
		case statement.Function, "aggregate":
			a.dropFunction(one, c)
		default:
			a.dropObject(a.place(c.Kind, one), c)
		}
	}
}

// without forgets an object and remembers that it was dropped.
func (a *applying) without(place key) {
	delete(a.objects, place)
	a.gone[place] = true
}

func (a *applying) dropObject(place key, c statement.Drop) {
	if _, exists := a.objects[place]; !exists {
		// An extension brings objects that no statement names.
		certain := a.gone[place]
		if !c.IfExists && certain {
			a.refuse(true, "%s %s does not exist", place.kind, Plain(place.name))
		}
	}
	a.dropReaders(place.name, c.Cascade, nil)
	a.without(place)
}

// dropFunction drops a function; without a list of arguments it is the only one of its name.
func (a *applying) dropFunction(one statement.Object, c statement.Drop) {
	place := a.place(statement.Function, one)
	if !one.Signed {
		for other := range a.objects {
			if other.kind == place.kind && other.name == place.name {
				place = other
			}
		}
	}
	a.dropObject(place, c)
}

// dropReaders drops the views that read a relation, or refuses because of them. Those that are dropped together do not count.
func (a *applying) dropReaders(name statement.Name, cascade bool, together []statement.Object) {
	for _, view := range a.ReadBy(name) {
		if slices.ContainsFunc(together, func(one statement.Object) bool { return a.Resolve(one.Name) == view }) {
			continue
		}
		if !cascade {
			a.refuse(true, "view %s depends on %s", Plain(view), Plain(name))
			continue
		}
		a.without(key{kind: statement.View, name: view})
		a.without(key{kind: statement.MaterializedView, name: view})
	}
}

func (a *applying) dropTable(name statement.Name, c statement.Drop) {
	place := key{kind: statement.Table, name: name}
	if _, exists := a.tables[name]; !exists {
		a.missing(statement.Table, name, c.IfExists)
		if c.IfExists {
			return
		}
	}
	for other, constraints := range a.ReferencedBy(name) {
		if slices.ContainsFunc(c.Objects, func(one statement.Object) bool { return a.Resolve(one.Name) == other }) {
			continue
		}
		for _, constraint := range constraints {
			if !c.Cascade {
				a.refuse(true, "constraint %s of %s depends on table %s", statement.QuoteWord(constraint.Name), Plain(other), Plain(name))
			}
			dropConstraint(a.edit(other), constraint.Name)
		}
	}
	a.dropReaders(name, c.Cascade, c.Objects)
	// Partitions go with their parent; tables that inherit need CASCADE.
	for _, table := range a.Tables() {
		if table.PartitionOf == name {
			a.dropTable(table.Name, c)
		}
	}
	delete(a.tables, name)
	a.gone[place] = true
	for other := range a.objects {
		if other.on == name || (other.kind == "setting" || other.kind == "grant" || other.kind == "comment") && other.name == name {
			delete(a.objects, other)
		}
	}
}

func (a *applying) dropIndex(name statement.Name, c statement.Drop) {
	table, index := a.Index(name)
	if table == nil {
		if place := (key{kind: statement.Index, name: statement.Name{Name: name.Name}}); !c.IfExists && (a.gone[place] || a.Complete) {
			a.refuse(true, "index %s does not exist", statement.QuoteWord(name.Name))
		}
		return
	}
	if index.Constraint != "" {
		a.refuse(true, "constraint %s of %s requires the index", statement.QuoteWord(index.Constraint), Plain(table.Name))
	}
	table = a.edit(table.Name)
	table.Indexes = slices.DeleteFunc(table.Indexes, func(other Index) bool { return other.Name == index.Name })
	a.gone[key{kind: statement.Index, name: statement.Name{Name: name.Name}}] = true
}

func (a *applying) dropSchema(name string, c statement.Drop) {
	place := key{kind: statement.SchemaKind, name: statement.Name{Name: name}}
	if _, exists := a.objects[place]; !exists {
		a.missing(statement.SchemaKind, place.name, c.IfExists)
	}
	for _, table := range a.Tables() {
		if table.Name.Schema != name {
			continue
		}
		if !c.Cascade {
			a.refuse(true, "table %s is in schema %s", Plain(table.Name), statement.QuoteWord(name))
		}
		a.dropTable(table.Name, statement.Drop{Kind: statement.Table, Cascade: true})
	}
	for other := range a.objects {
		if other.name.Schema == name {
			a.without(other)
		}
	}
	a.without(place)
}

func (a *applying) dropType(name statement.Name, c statement.Drop) {
	full := a.inPath(name)
	for _, column := range a.ColumnsOf(full) {
		if !c.Cascade {
			a.refuse(true, "column %s of %s has the type %s", statement.QuoteWord(column[1]), column[0], Plain(full))
		}
	}
	found := false
	for _, kind := range []statement.Kind{statement.Enum, statement.Domain, statement.Type} {
		place := key{kind: kind, name: full}
		if _, exists := a.objects[place]; exists {
			found = true
			a.without(place)
			a.gone[key{kind: statement.Type, name: full}] = true
		}
	}
	if !found && a.gone[key{kind: statement.Type, name: full}] {
		a.missing(statement.Type, full, c.IfExists)
	}
}
