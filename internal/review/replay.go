package review

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// file replays one migration, and reviews it when it is pending.
func (r *reviewing) file(file *File) {
	if !file.Pending {
		if r.options.Schema == nil {
			r.replay(file)
		}
		return
	}
	r.report.Sources[file.Path] = file.Source.Text()
	r.assume(file)
	outcome := Migration{File: file.Path, Version: file.Version, Reasons: []string{}}
	whole := Whole{File: file, Files: r.files, Before: r.schema.Clone(), Known: !file.Source.DownRefused, UpKnown: true, Version: r.options.Version, Outcome: &outcome, Options: &r.options}
	acknowledged := acknowledgements(file, r.rules)

	w := walk{reviewing: r, file: file, schema: r.schema, whole: &whole, origin: schema.Origin{Migration: file.Index}}
	w.section(file.up, false)
	whole.After = r.schema.Clone()
	whole.Locks = w.locks
	down := walk{reviewing: r, file: file, schema: r.schema.Clone(), whole: &whole, origin: schema.Origin{Migration: file.Index}}
	down.section(file.down, true)
	whole.Back = down.schema
	whole.Differences = schema.Diff(whole.Before, whole.Back)

	judgeReversibility(&whole)
	judgeCompatibility(&whole)
	found := append(w.found, down.found...)
	for _, rule := range r.rules {
		if rule.whole == nil || r.options.SQLite && !rule.portable {
			continue
		}
		for _, hit := range rule.whole(&whole) {
			found = append(found, r.aboutFile(rule, file, hit))
		}
	}
	found = append(found, acknowledged.apply(found, r.options.Today, r)...)
	r.report.Findings = append(r.report.Findings, found...)
	outcome.Locks = describeLocks(w.locks)
	r.report.Migrations = append(r.report.Migrations, outcome)
}

// replay does what the up section of an applied migration did.
func (r *reviewing) replay(file *File) {
	for _, text := range file.up {
		if text.err != nil {
			r.schema.Complete = false
		}
		for _, one := range text.statements {
			r.apply(one)
		}
	}
	r.schema.EndTransaction()
}

// apply replays one statement that was applied.
func (r *reviewing) apply(one statement.Statement) {
	for change := range does(r.schema, one.Changes) {
		if one.IfExists && missing(r.schema, effects(change, r.schema)) {
			continue
		}
		if _, opaque := change.(statement.Opaque); opaque {
			r.schema.Complete = false
		}
		doubt(r.schema, change, effects(change, r.schema))
		r.schema.Apply(change, schema.Origin{Migration: schema.Before})
	}
}

// aboutFile makes a finding about a migration as a whole.
func (r *reviewing) aboutFile(rule Rule, file *File, hit Hit) Finding {
	severity := milder(rule.Severity, hit.Severity)
	line := max(hit.Line, 1)
	return Finding{
		Rule: rule.ID, Severity: severity, File: file.Path, Line: line, Column: 1, EndLine: line, Message: hit.Message, Why: rule.Why,
		Lock: hit.Lock, Tables: tableNames(hit.Tables), Suggestion: hit.Suggestion, Docs: rule.Docs(),
	}
}

// tableNames returns names for people, never nil.
func tableNames(tables []statement.Name) []string {
	all := []string{}
	for _, table := range tables {
		if table.Name != "" {
			all = append(all, name(table))
		}
	}
	return all
}

// walk goes through one section of a migration.
type walk struct {
	*reviewing
	file        *File
	schema      *schema.Schema
	origin      schema.Origin
	whole       *Whole
	down        bool
	before      *schema.Schema // before the section
	transaction *Transaction
	implicit    bool // the statement is in a transaction that nobody began
	found       []Finding
	earlier     []statement.Change
	locks       []held
}

func (w *walk) begin(gooses bool) {
	w.transaction = &Transaction{Open: gooses, Goose: gooses, NotValid: map[statement.Name][]string{}, EnumValues: map[string]statement.Name{}}
}

// section reviews the statements of one section.
func (w *walk) section(texts []parsed, down bool) {
	w.down, w.before = down, w.schema.Clone()
	w.begin(!w.file.Source.NoTransaction)
	open := ""
	for _, text := range texts {
		w.report.Coverage.Statements += max(1, len(text.statements))
		if open != "" {
			// A piece of a body that goose cuts: the first was told of, and the database comes no further.
			if strings.Contains(text.SQL, open) {
				open = ""
			}
			continue
		}
		if text.err != nil {
			open = statement.OpenDollar(text.SQL)
			w.unreadable(text)
			continue
		}
		for _, one := range text.statements {
			// All statements of one text are one transaction where there is no other, and so is a block.
			w.implicit = len(text.statements) > 1 || one.Block || callsAsOne(one)
			if w.implicit && !w.transaction.Open {
				w.transaction.Open, w.transaction.Implicit = true, true
			}
			w.statement(text, one)
			if len(text.statements) == 1 {
				w.end()
			}
		}
		w.end()
	}
	w.schema.EndTransaction()
}

// end ends the transaction that nobody began.
func (w *walk) end() {
	if w.transaction.Open && !w.transaction.Implicit {
		return
	}
	w.implicit = false
	w.begin(false)
	w.schema.EndTransaction()
}

// unreadable reports a text that the grammar does not accept.
func (w *walk) unreadable(text parsed) {
	if blankSQL(text.SQL) {
		w.report.Coverage.Analysed++
		return
	}
	w.unknown()
	offset := 0
	if syntax, known := text.err.(*statement.SyntaxError); known {
		offset = syntax.Offset
	}
	hit := Hit{Message: "PostgreSQL's grammar does not accept this: " + text.err.Error(), At: offset}
	if tag := statement.OpenDollar(text.SQL); tag != "" {
		hit.Message = "goose cuts this statement inside of " + tag + ", at a semicolon that ends a line: put `-- +goose StatementBegin` before it and `-- +goose StatementEnd` behind it"
	}
	if w.options.SQLite {
		hit.Message = "not analysed, because PostgreSQL's grammar does not accept it; SQLite may: " + text.err.Error()
		hit.Severity = Warning
	}
	w.add(w.rule(notAnalysed), text, statement.Statement{End: len(text.SQL)}, hit)
}

// unknown notes that something in the section cannot be known.
func (w *walk) unknown() {
	w.whole.Known, w.schema.Complete = false, false
	w.whole.UpKnown = w.whole.UpKnown && w.down
}

// blankSQL tells whether a text has no statement in it, which goose sends all the same.
func blankSQL(sql string) bool {
	return strings.Trim(sql[statement.FirstToken(sql):], "; \t\r\n") == ""
}

// statement reviews one statement, and does what it does.
func (w *walk) statement(text parsed, one statement.Statement) {
	analysed, own := true, one
	for change, called := range does(w.schema, one.Changes) {
		if _, opaque := change.(statement.Opaque); opaque {
			analysed = false
			w.unknown()
		}
		one.Block = own.Block || called
		effects := effects(change, w.schema)
		for i := range effects {
			effects[i].table = w.schema.Resolve(effects[i].table)
		}
		if one.IfExists && missing(w.schema, effects) {
			continue
		}
		if !w.down {
			doubt(w.schema, change, effects)
		}
		w.check(text, one, change, effects)
		conflicts := w.failsOnRows(change)
		w.earlier = append(w.earlier, change)
		conflicts = append(conflicts, w.schema.Apply(change, w.origin)...)
		w.hold(text, change, effects)
		if one.Block {
			conflicts = nil // Nobody knows whether it comes to that.
		}
		w.note(text, change, conflicts)
	}
	w.transaction.Statements++
	if analysed {
		w.report.Coverage.Analysed++
	}
}

// note keeps what the judgement of the whole migration rests on.
func (w *walk) note(text parsed, change statement.Change, conflicts []schema.Conflict) {
	line, _ := text.Place(change.Where())
	if w.down {
		w.whole.DownChanges, w.whole.DownLines = append(w.whole.DownChanges, change), append(w.whole.DownLines, line)
		for _, conflict := range conflicts {
			w.whole.Conflicts = append(w.whole.Conflicts, placedConflict{conflict, line})
		}
		return
	}
	w.whole.Changes, w.whole.Lines = append(w.whole.Changes, change), append(w.whole.Lines, line)
	for _, conflict := range conflicts {
		w.whole.UpConflicts = append(w.whole.UpConflicts, placedConflict{conflict, line})
	}
}

// check asks all rules about one change.
func (w *walk) check(text parsed, one statement.Statement, change statement.Change, effects []effect) {
	c := &Case{
		Change: change, Statement: one, Schema: w.schema, Before: w.before, Version: w.options.Version, Down: w.down,
		Transaction: w.transaction, File: w.file, Earlier: w.earlier, effects: effects, fresh: w.fresh,
	}
	c.place = func(offset int) int { line, _ := text.Place(offset); return line }
	for _, rule := range w.rules {
		if rule.change == nil || w.options.SQLite && !rule.portable || w.down && rule.down == downQuiet {
			continue
		}
		for _, hit := range rule.change(c) {
			if hit, counts := w.weigh(rule, hit); counts {
				if w.options.SQLite {
					hit.Suggestion = "" // It is PostgreSQL's SQL.
				} else if hit.Lock == "" && rule.Lock != "" {
					hit.Lock = describe(effects, w.transaction)
				}
				if hit.At == 0 {
					hit.At = change.Where()
				}
				w.add(rule, text, one, hit)
			}
		}
	}
}

// add makes a finding.
func (w *walk) add(rule Rule, text parsed, one statement.Statement, hit Hit) {
	line, column := text.Place(hit.At)
	end, _ := text.Place(max(hit.At, one.Offset+len(one.Text)-1))
	if hit.Line > 0 {
		line, column = hit.Line, 1
	}
	w.found = append(w.found, Finding{
		Rule: rule.ID, Severity: milder(rule.Severity, hit.Severity), File: w.file.Path, Line: line, Column: column, EndLine: max(end, line),
		Message: hit.Message, Why: rule.Why, Lock: hit.Lock, Tables: tableNames(hit.Tables), Suggestion: hit.Suggestion, Docs: rule.Docs(),
		Down: w.down, begin: placeOf(text, one.Offset),
	})
}

// hold notes what the transaction holds after a change.
func (w *walk) hold(text parsed, change statement.Change, effects []effect) {
	line, _ := text.Place(change.Where())
	for _, one := range effects {
		if one.table.Name == "" || w.fresh(one.table) == isNew || w.options.SQLite {
			continue
		}
		lock := held{one, line}
		w.transaction.Locks = append(w.transaction.Locks, lock)
		w.locks = append(w.locks, lock)
	}
	switch c := change.(type) {
	case statement.AddConstraint:
		if c.Constraint.NotValid {
			table, constraint := w.schema.Resolve(c.Table), c.Constraint.Name
			if known := w.schema.Table(table); constraint == "" && known != nil && len(known.Constraints) > 0 {
				constraint = known.Constraints[len(known.Constraints)-1].Name // PostgreSQL chose it.
			}
			w.transaction.NotValid[table] = append(w.transaction.NotValid[table], constraint)
		}
	case statement.AddEnumValue:
		w.transaction.EnumValues[c.Label] = c.Type
	case statement.Transaction:
		switch c.Action {
		case "begin":
			w.transaction.Open, w.transaction.Implicit = true, false
		case "commit", "rollback", "commit prepared", "rollback prepared", "prepare":
			w.begin(false)
			w.transaction.Open, w.transaction.Implicit = w.implicit, w.implicit
			// What was made before is there for all to see from now on.
			w.file.Group = w.file.Index + 1
			w.origin.Migration = w.file.Index + 1
		}
	}
}
