package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// other makes or changes what is neither a table nor a part of one.
func (a *applying) other(change statement.Change) {
	switch c := change.(type) {
	case statement.CreateEnum:
		a.make(key{kind: statement.Enum, name: a.inPath(c.Type)}, object{labels: c.Labels}, false, false)
	case statement.AddEnumValue:
		a.addEnumValue(c)
	case statement.CreateDomain:
		a.createDomain(c)
	case statement.AlterDomain:
		a.alterDomain(c)
	case statement.Define:
		a.define(c)
	case statement.CreateFunction:
		a.replaceFunction(c)
		a.define(c.Define)
	case statement.AlterFunction:
		a.alterFunction(c)
	case statement.Grant:
		a.grant(c)
	case statement.Comment:
		at := a.commentKey(c.Kind, c.Object)
		if _, text := cutFold(c.Definition, " is "); strings.EqualFold(text, "null") {
			a.removeObject(at)
		} else {
			a.putObject(at, object{definition: text, origin: a.origin})
		}
	case statement.OwnSequence:
		a.ownedBy(c)
	case statement.AlterObject:
		a.alterObject(c)
	case statement.Other:
		a.casts = a.casts || c.Statement == "create cast"
	case statement.RoleSetting:
		a.putObject(key{kind: "setting", name: statement.Name{Name: c.Object}, arguments: string(c.Kind) + " " + c.Setting}, object{origin: a.origin})
	}
}

// alterObject notes that an object is not as it was, until the same migration alters it once more: what it was before was never
// seen, but nobody alters a thing twice other than to take it back. The position of a sequence belongs to its rows.
func (a *applying) alterObject(c statement.AlterObject) {
	if c.Action == "restart" {
		return
	}
	of := a.place(c.Kind, c.Object)
	if c.Kind == statement.Policy {
		a.unwatch(key{kind: c.Kind, name: c.Object.Name, on: a.Resolve(c.Object.On)})
	}
	at := key{kind: "setting", name: of.name, on: of.on, arguments: string(c.Kind) + " " + c.Action}
	if before, noted := a.object(at); noted && before.origin.Migration == a.origin.Migration && before.definition != c.Definition {
		a.removeObject(at)
		return
	}
	a.putObject(at, object{definition: c.Definition, origin: a.origin})
}

// cutFold cuts a text at the first place of another, whatever its case.
func cutFold(text, at string) (before, after string) {
	for i := 0; i+len(at) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(at)], at) {
			return text[:i], text[i+len(at):]
		}
	}
	return text, ""
}

// commentKey returns the key of the comment on an object.
func (a *applying) commentKey(kind statement.Kind, of statement.Object) key {
	at := key{kind: "comment", name: of.Name, arguments: string(kind)}
	switch {
	case of.On.Name != "":
		at.on = a.Resolve(of.On)
	case kind == statement.Type || kind == statement.Domain || kind == statement.Enum:
		at.name, at.arguments = a.resolveType(of.Name), string(statement.Type)
	case kind == statement.Function:
		at.name = a.resolveFunction(of.Name)
		at.arguments += arguments(of.Arguments)
	case kind == statement.Table || kind == statement.View || kind == statement.MaterializedView || kind == statement.Index || kind == statement.Sequence:
		at.name = a.Resolve(of.Name)
	}
	return at
}

// putObject adds an object, or changes it.
func (s *Schema) putObject(at key, one object) {
	s.objects.put(s.owner, at, &one)
	switch at.kind {
	case statement.View, statement.MaterializedView, statement.Sequence:
		s.relations.put(s.owner, at.name, relation{kind: at.kind})
	case statement.Function, "aggregate", "setting", "grant", "comment":
		s.mention(at.name, at)
	}
	for _, name := range slices.Concat(one.reads, one.invokes, []statement.Name{at.on, one.owner, one.calls}) {
		if name.Name != "" {
			s.mention(name, at)
		}
	}
	if found, known := s.fates.get(fateKey(at)); known && (found.gone || found.made) {
		found.gone, found.made = false, false
		s.fates.put(s.owner, fateKey(at), found)
	}
}

// fateKey returns the key under which it is kept whether an object is there: types of all kinds share their names.
func fateKey(at key) key {
	if at.kind == statement.Enum || at.kind == statement.Domain {
		at.kind = statement.Type
	}
	return at
}

// removeObject takes an object out, with the comment on it; it may not be there.
func (s *Schema) removeObject(at key) {
	if !s.objects.has(at) {
		return
	}
	s.objects.remove(s.owner, at)
	switch at.kind {
	case statement.MaterializedView:
		s.tables.remove(s.owner, at.name)
		s.relations.remove(s.owner, at.name)
	case statement.View, statement.Sequence:
		s.relations.remove(s.owner, at.name)
	case "comment", "setting", "grant":
		return
	case statement.Trigger:
		if table, _ := s.tables.get(at.on); table != nil && slices.Contains(table.TriggersOff, at.name.Name) {
			table = s.own(at.on)
			table.TriggersOff = slices.DeleteFunc(table.TriggersOff, func(one string) bool { return one == at.name.Name })
		}
	}
	known, _ := s.fates.get(fateKey(at))
	known.gone, known.made = true, false
	s.fates.put(s.owner, fateKey(at), known)
	s.removeObject(key{kind: "comment", name: at.name, on: at.on, arguments: string(fateKey(at).kind) + at.arguments})
	s.removeObject(key{kind: "setting", name: at.name, on: at.on, arguments: string(at.kind) + " alter"})
}

// make adds an object, and refuses one that exists. Who made it is not changed by replacing it.
func (a *applying) make(at key, one object, replace, ifNotExists bool) {
	one.origin = a.origin
	one.origin.IfNotExists = ifNotExists
	before, exists := a.object(at)
	switch {
	case exists && replace:
		one.origin = before.origin
	case exists && ifNotExists:
		return
	case exists:
		a.refuse(true, "%s exists already", at.title())
	case at.kind == statement.View || at.kind == statement.MaterializedView || at.kind == statement.Sequence:
		if ifNotExists && a.relations.has(at.name) {
			return
		}
		a.free(at.kind, at.name)
	case at.kind == statement.Enum || at.kind == statement.Domain || at.kind == statement.Type:
		if a.Has(statement.Type, at.name) || a.tables.has(at.name) {
			a.refuse(true, "type %s exists already", Plain(at.name))
		}
	}
	a.putObject(at, one)
}

func (a *applying) define(c statement.Define) {
	at := a.place(c.Kind, c.Object)
	if c.Kind == statement.View || c.Kind == statement.MaterializedView || c.Kind == statement.Sequence || c.Kind == statement.Function || c.Kind == statement.Type {
		at.name = a.inPath(c.Object.Name)
	}
	one := object{definition: definition(c.Definition), source: c.Source, outputs: c.Columns, uses: c.Uses}
	for _, function := range c.Calls {
		if full := a.resolveFunction(function); len(a.functions(full)) > 0 {
			one.invokes = append(one.invokes, full)
		}
	}
	for _, table := range c.Reads {
		full := a.Resolve(table)
		one.reads = append(one.reads, full)
		if full.Schema == temporary && c.Kind == statement.View {
			at.name.Schema = temporary
		}
		if _, known := a.relations.get(full); !known && (a.Complete && full.Schema != "pg_catalog" && !strings.HasPrefix(full.Name, "pg_") && full.Schema != "information_schema" || a.isGone(tableKey(full))) {
			a.refuse(true, "table %s does not exist", Plain(full))
		}
	}
	one.outputs = a.outputs(one)
	if len(one.reads) > 0 && readsAll(one.definition) {
		for _, name := range one.reads {
			table, _ := a.tables.get(name)
			for i := 0; table != nil && i < len(table.Columns); i++ {
				one.columns = append(one.columns, ColumnOf{name, table.Columns[i].Name})
			}
		}
	}
	if at.on.Name != "" {
		a.table(at.on)
	}
	if c.Kind == statement.Trigger {
		one.calls = a.resolveFunction(calledBy(c.Definition))
		if at := (key{kind: statement.Function, name: one.calls}); a.isGone(at) && len(a.functions(one.calls)) == 0 {
			a.refuse(true, "function %s does not exist", Plain(one.calls))
		}
	}
	if c.Kind == statement.Extension && !onlyFunctions(c.Object.Name.Name) {
		a.Complete = false
	}
	exists := a.relations.has(at.name)
	if c.Kind == statement.View && c.Replace {
		a.replaceView(at, one)
	}
	a.make(at, one, c.Replace, c.IfNotExists)
	if c.Kind == statement.MaterializedView && !(exists && c.IfNotExists) {
		table := &Table{Name: at.name, Kind: c.Kind, Partial: true, Origin: a.origin}
		table.Origin.IfNotExists = c.IfNotExists
		a.putTable(table)
	}
}

// onlyFunctions tells whether an extension is known to bring no tables or views.
func onlyFunctions(extension string) bool {
	switch extension {
	case "plpgsql", "citext", "uuid-ossp", "pgcrypto", "hstore", "pg_trgm", "unaccent", "btree_gin", "btree_gist", "intarray", "ltree",
		"fuzzystrmatch", "tablefunc", "vector", "earthdistance", "cube", "isn", "lo", "dblink", "postgres_fdw", "file_fdw", "pgrowlocks",
		"tsm_system_rows", "bloom", "seg", "xml2", "moddatetime", "pg_uuidv7":
		return true
	}
	return false
}

// calledBy returns the function of a trigger.
func calledBy(definition string) statement.Name {
	_, call := cutFold(definition, " execute function ")
	if call == "" {
		_, call = cutFold(definition, " execute procedure ")
	}
	call, _, _ = strings.Cut(call, "(")
	parts := strings.Split(strings.TrimSpace(call), ".")
	for i, part := range parts {
		if quoted := strings.Trim(part, `"`); quoted != part {
			parts[i] = quoted
		} else {
			parts[i] = strings.ToLower(part)
		}
	}
	name := statement.Name{Name: parts[len(parts)-1]}
	if len(parts) > 1 {
		name.Schema = parts[len(parts)-2]
	}
	return name
}

// definition returns the text of a definition without what says only how it is put in place.
func definition(text string) string {
	words := strings.Fields(text)
	if len(words) > 2 && strings.EqualFold(words[1], "or") && strings.EqualFold(words[2], "replace") {
		words = slices.Delete(words, 1, 3)
	}
	return strings.Join(words, " ")
}

// arguments returns the types of a function's arguments without what does not tell functions apart: lengths, and the schema
// that is searched anyway.
func arguments(types string) string {
	if !strings.ContainsAny(types, "(.") {
		return types
	}
	types = strings.ReplaceAll(types, "public.", "")
	for {
		before, after, found := strings.Cut(types, "(")
		if !found {
			return types
		}
		_, after, _ = strings.Cut(after, ")")
		types = before + after
	}
}

// place returns the key of an object.
func (a *applying) place(kind statement.Kind, of statement.Object) key {
	at := key{kind: kind, name: of.Name, arguments: arguments(of.Arguments)}
	switch {
	case of.On.Name != "":
		at.on = a.Resolve(of.On)
	case kind == statement.View || kind == statement.MaterializedView || kind == statement.Sequence || kind == statement.Table || kind == statement.Index:
		at.name = a.Resolve(of.Name)
	case kind == statement.Function || kind == "aggregate":
		at.name = a.resolveFunction(of.Name)
	case kind == statement.SchemaKind || kind == statement.Extension || kind == statement.Database || kind == statement.Role || kind == "publication" || kind == "event trigger":
	default:
		at.name = a.resolveObject(of.Name, kind)
	}
	return at
}

func (a *applying) addEnumValue(c statement.AddEnumValue) {
	at := key{kind: statement.Enum, name: a.resolveType(c.Type)}
	one, known := a.object(at)
	if !known {
		if a.isGone(fateKey(at)) {
			a.refuse(true, "type %s does not exist", Plain(at.name))
		}
		return
	}
	if slices.Contains(one.labels, c.Label) {
		if !c.IfNotExists {
			a.refuse(true, "enum value %s of %s exists already", c.Label, Plain(at.name))
		}
		return
	}
	labels := slices.Clone(one.labels)
	place := len(labels)
	if neighbour := slices.Index(labels, c.Neighbour); neighbour >= 0 && c.Neighbour != "" {
		if place = neighbour; c.After {
			place++
		}
	} else if c.Neighbour != "" {
		a.refuse(true, "%s is no value of %s", c.Neighbour, Plain(at.name))
	}
	one.labels = slices.Insert(labels, place, c.Label)
	a.putObject(at, one)
}

func (a *applying) createDomain(c statement.CreateDomain) {
	one := object{base: c.Type, notNull: c.NotNull}
	at := key{kind: statement.Domain, name: a.inPath(c.Domain)}
	for _, constraint := range c.Constraints {
		constraint.NotValid = false
		one.constraints = append(one.constraints, domainConstraint(at.name.Name, one.constraints, constraint))
	}
	_, one.definition = cutFold(definition(c.Definition), " default ")
	a.make(at, one, false, false)
}

// domainConstraint gives a constraint of a domain a name, as PostgreSQL does.
func domainConstraint(domain string, others []Constraint, c statement.Constraint) Constraint {
	one := Constraint{Constraint: c, Named: c.Name != "", Validated: !c.NotValid}
	if one.Name == "" {
		one.Name = choose(domain, "", "check", func(name string) bool {
			return slices.ContainsFunc(others, func(other Constraint) bool { return other.Name == name })
		})
	}
	return one
}

func (a *applying) alterDomain(c statement.AlterDomain) {
	at := key{kind: statement.Domain, name: a.resolveType(c.Domain)}
	one, known := a.object(at)
	if !known {
		if a.isGone(fateKey(at)) {
			a.refuse(true, "type %s does not exist", Plain(at.name))
		}
		return
	}
	one.constraints = slices.Clone(one.constraints)
	place := slices.IndexFunc(one.constraints, func(other Constraint) bool { return other.Name == c.Constraint.Name })
	switch c.Action {
	case "add constraint":
		if place >= 0 && c.Constraint.Name != "" {
			a.refuse(true, "constraint %s of %s exists already", statement.QuoteWord(c.Constraint.Name), Plain(at.name))
		}
		one.constraints = append(one.constraints, domainConstraint(at.name.Name, one.constraints, c.Constraint))
	case "drop constraint", "validate constraint":
		if place < 0 {
			// Whether it said IF EXISTS is not known.
			a.refuse(c.Action == "validate constraint", "constraint %s of %s does not exist", statement.QuoteWord(c.Constraint.Name), Plain(at.name))
		} else if c.Action == "drop constraint" {
			one.constraints = slices.Delete(one.constraints, place, place+1)
		} else {
			one.constraints[place].Validated = true
		}
	case "set not null", "drop not null":
		one.notNull = c.Action == "set not null"
	case "drop default":
		one.definition = ""
	default:
		one.definition = c.Action
	}
	a.putObject(at, one)
}
