package schema

import (
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// replaceView refuses a view in the place of another one unless it begins with the columns of that, as they are.
// https://www.postgresql.org/docs/current/sql-createview.html
func (a *applying) replaceView(at key, after object) {
	before, known := a.object(at)
	if !known || before.outputs == nil || after.outputs == nil {
		return
	}
	for i, was := range before.outputs {
		if i >= len(after.outputs) {
			a.refuse(true, "CREATE OR REPLACE cannot take column %s out of the view %s: DROP VIEW has to come first", statement.QuoteWord(was.Name), Plain(at.name))
			return
		}
		is := after.outputs[i]
		if is.Name != was.Name {
			a.refuse(true, "CREATE OR REPLACE cannot put column %s of the view %s in the place of %s: DROP VIEW has to come first", statement.QuoteWord(is.Name), Plain(at.name), statement.QuoteWord(was.Name))
			return
		}
		from, to := a.outputType(before, was), a.outputType(after, is)
		if from != "" && to != "" && from != to {
			a.refuse(true, "CREATE OR REPLACE cannot make column %s of the view %s %s, it is %s: DROP VIEW has to come first", statement.QuoteWord(is.Name), Plain(at.name), to, from)
			return
		}
	}
}

// outputType returns the type of a view's column as SQL, empty where that is not known.
func (a *applying) outputType(view object, column statement.ViewColumn) string {
	switch {
	case view.deparsed:
		return ""
	case column.Expression != "":
		return strings.TrimPrefix(column.Type, "public.")
	case len(view.reads) != 1:
		return ""
	}
	table, _ := a.tables.get(view.reads[0])
	source, _ := table.Column(column.Name)
	return strings.TrimPrefix(source.Type.SQL, "public.")
}

// replaceFunction refuses a function in the place of another one that returns another type, or whose parameters have other names.
// https://www.postgresql.org/docs/current/sql-createfunction.html
func (a *applying) replaceFunction(c statement.CreateFunction) {
	at := a.place(statement.Function, c.Define.Object)
	at.name = a.inPath(c.Define.Object.Name)
	if !c.Define.Replace || !a.objects.has(at) {
		return
	}
	of := c.Define.Object
	of.Name = at.name
	found := a.Functions(of)
	if len(found) != 1 || found[0].Define.Object.Name.Name == "" {
		return
	}
	was := found[0]
	if was.Procedure != c.Procedure {
		a.refuse(true, "CREATE OR REPLACE cannot make a procedure of a function or the reverse: DROP of %s has to come first", at.title())
	}
	from, to := arguments(strings.ToLower(was.Returns)), arguments(strings.ToLower(c.Returns))
	if from != "" && to != "" && (from != to || was.Set != c.Set) {
		a.refuse(true, "CREATE OR REPLACE cannot change what %s returns: DROP FUNCTION has to come first", at.title())
	}
	for i, name := range was.Parameters {
		if name != "" && i < len(c.Parameters) && c.Parameters[i] != name {
			a.refuse(true, "CREATE OR REPLACE cannot give the parameter %s of %s another name: DROP FUNCTION has to come first", statement.QuoteWord(name), at.title())
			return
		}
	}
}
