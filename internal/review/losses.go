package review

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// losing goes through the changes of up, and then through those of down, and tells of the data from before that they destroy.
type losing struct {
	*Whole
	worse func(Reversible, string, ...any)
	// tables and columns lead from the names of now to those of before; the name is empty of what was made meanwhile.
	tables  map[statement.Name]statement.Name
	columns map[columnName]string
	// added are the columns that were added so far, by the former name of their table, where there was none of that name: false for
	// those of which IF NOT EXISTS leaves that open.
	added map[columnName]bool
	// down tells that the way back is judged, own what up itself did to rows and values.
	down bool
	own  ownWork
}

// columnName is a column, by the name that its table had before.
type columnName struct {
	table  statement.Name
	column string
}

// losses tells of the data that up destroys, and of what down destroys beside that which up made.
func (w *Whole) losses(worse func(Reversible, string, ...any)) {
	l := losing{Whole: w, worse: worse, tables: map[statement.Name]statement.Name{}, columns: map[columnName]string{}, added: map[columnName]bool{}}
	l.own = ownWork{tables: map[statement.Name]bool{}, rows: map[statement.Name]bool{}, values: map[columnName]bool{}}
	for _, change := range w.Changes {
		l.noteOwn(change)
		l.see(change)
	}
	if !w.Known {
		return // What up made, and down may take away, is not all known.
	}
	l.down = true
	l.worse = func(to Reversible, format string, arguments ...any) { worse(to, "in down, "+format, arguments...) }
	for _, change := range w.DownChanges {
		l.see(change)
	}
}

// former returns the name that a table had before.
func (l *losing) former(table statement.Name) statement.Name {
	table = l.Before.Resolve(table)
	if was, renamed := l.tables[table]; renamed {
		return was
	}
	return table
}

// formerColumn returns the names that a column and its table had before.
func (l *losing) formerColumn(table statement.Name, column string) (statement.Name, string) {
	table = l.former(table)
	if was, renamed := l.columns[columnName{table, column}]; renamed {
		return table, was
	}
	return table, column
}

// made tells whether a table, by its former name, is one that up makes.
func (l *losing) made(table statement.Name) bool {
	if table.Name == "" || l.down && l.own.makes(l.Before, table) {
		return true
	}
	if before := l.Before.Table(table); before != nil {
		return before.Temporary
	}
	after := l.After.Table(table)
	return after != nil && !after.Partial && (!after.Origin.IfNotExists || l.Before.Complete) || l.madeHere(table)
}

func (l *losing) see(change statement.Change) {
	switch c := change.(type) {
	case statement.CreateTable:
		if !c.IfNotExists {
			l.tables[l.Before.Resolve(c.Table)] = statement.Name{}
		}
	case statement.Rename:
		l.rename(c)
	case statement.AddColumn:
		l.addColumn(c)
	case statement.DropColumn:
		own := columnName{l.former(c.Table), c.Column}
		table, column := l.formerColumn(c.Table, c.Column)
		before := l.Before.Table(table)
		if _, known := before.Column(column); (known || before == nil || before.Partial) && !l.made(table) && !l.isAdded(own) {
			l.worse(ReversibleWithLoss, "the values of %s.%s are lost", name(table), statement.QuoteWord(column))
		}
		l.columns[own] = "" // What comes under this name is another.
		delete(l.added, own)
	case statement.Drop:
		l.drop(c)
	case statement.AlterTable:
		if c.Kind == statement.Type && c.Action == "drop column" && !l.down {
			l.worse(ReversibleWithLoss, "the values of the attribute %s of %s are lost", statement.QuoteWord(c.Column), name(c.Table))
		}
	case statement.AlterObject:
		if c.Kind == statement.Sequence && strings.Contains(c.Action, "restart") && l.existed(c.Kind, c.Object) && !l.down {
			l.worse(ReversibleWithLoss, "the position of the sequence %s is lost", name(c.Object.Name))
		}
	case statement.AddIdentity:
		if c.Drop && !l.made(l.former(c.Table)) && !l.down {
			l.worse(ReversibleWithLoss, "the position of the numbers of %s.%s is lost", name(c.Table), statement.QuoteWord(c.Column))
		}
	case statement.SetType:
		table, column := l.formerColumn(c.Table, c.Column)
		c.Table, c.Column = table, column
		switch judged := judgeType(l.Before, c); {
		case l.down || l.made(table) || !judged.known:
		case judged.narrows && loses(judged.from, c):
			l.worse(ReversibleWithLoss, "what does not fit into %s is cut from the values of %s.%s", c.Type.SQL, name(table), statement.QuoteWord(column))
		case makesOthers(c):
			l.worse(ReversibleWithLoss, "the former values of %s of %s are lost", statement.QuoteWord(column), name(table))
		}
	default:
		l.rows(change)
	}
}

func (l *losing) rename(c statement.Rename) {
	switch {
	case c.Kind == statement.Column && !c.OnView:
		table, column := l.formerColumn(c.Object, c.Part)
		from, to := columnName{table, c.Part}, columnName{table, c.To}
		l.columns[to] = column
		if added, is := l.added[from]; is {
			l.added[to] = added
		}
		delete(l.added, from)
		l.columns[from] = "" // What comes under this name is another.
	case c.Kind == statement.Table:
		full := l.Before.Resolve(c.Object)
		l.tables[statement.Name{Schema: full.Schema, Name: c.To}] = l.former(c.Object)
	}
}

// addColumn notes a column that holds nothing yet.
func (l *losing) addColumn(c statement.AddColumn) {
	own := columnName{l.former(c.Table), c.Column.Name}
	before := l.Before.Table(own.table)
	_, was := before.Column(own.column)
	if moved, renamed := l.columns[own]; renamed && moved == "" || !was {
		l.added[own] = renamed && moved == "" || !c.IfNotExists || before != nil && !before.Partial
	}
}

// isAdded tells whether a column was added meanwhile. Where IF NOT EXISTS leaves it open, what is lost by up may have been there,
// and what down takes away is what up is there to add.
func (l *losing) isAdded(column columnName) bool {
	certain, added := l.added[column]
	return certain || added && l.down
}

// rows tells of rows that are gone, and of values that are written over.
func (l *losing) rows(change statement.Change) {
	switch c := change.(type) {
	case statement.Truncate:
		for _, table := range c.Tables {
			if !l.made(l.former(table)) {
				l.worse(ReversibleWithLoss, "the rows of %s are lost", name(l.former(table)))
			}
		}
	case statement.Delete:
		undone := l.own.undoes(c, l.former(c.Table)) && l.down
		if !l.made(l.former(c.Table)) && c.Filter != statement.NoRows && !undone {
			l.worse(ReversibleWithLoss, "the deleted rows of %s are lost", name(c.Table))
		}
	case statement.Update:
		if !l.made(l.former(c.Table)) && c.Filter != statement.NoRows && l.overwrites(c) {
			l.worse(ReversibleWithLoss, "the former values of %s of %s are lost", statement.QuoteWords(c.Columns), name(c.Table))
		}
	case statement.Insert:
		if !l.made(l.former(c.Table)) && c.Overwrites && !(l.down && l.own.rows[l.former(c.Table)]) {
			l.worse(ReversibleWithLoss, "the former values of rows of %s that are there already are lost", name(c.Table))
		}
	case statement.Write:
		if !l.made(l.former(c.Table)) && c.Statement == "merge" && !(l.down && l.own.rows[l.former(c.Table)]) {
			l.worse(ReversibleWithLoss, "what MERGE changes in %s is not brought back", name(c.Table))
		}
	}
}

func (l *losing) drop(c statement.Drop) {
	for _, object := range c.Objects {
		switch c.Kind {
		case statement.Table:
			table := l.former(object.Name)
			if gone := l.Before.Table(table); gone == nil && c.IfExists && l.After.Complete || l.made(table) {
				continue
			}
			l.worse(ReversibleWithLoss, "the rows of %s are lost", name(table))
		case statement.SchemaKind:
			if _, was := l.Before.Origin(c.Kind, object.Name); l.down && !was {
				continue
			}
			l.worse(ReversibleWithLoss, "all rows in the schema %s are lost", statement.QuoteWord(object.Name.Name))
		case statement.Sequence:
			if _, was := l.Before.Origin(c.Kind, object.Name); was || !l.down && !c.IfExists && !l.makes(object) {
				l.worse(ReversibleWithLoss, "the position of the sequence %s is lost", name(object.Name))
			}
		case statement.Type, statement.Domain, statement.Extension:
			if c.Cascade && (!l.down && (c.Kind == statement.Extension || !l.Before.Complete) || len(l.Before.ColumnsOf(object.Name)) > 0) {
				l.worse(ReversibleWithLoss, "the values of the columns that go with %s are lost", name(object.Name))
			}
		case "owned":
			l.worse(ReversibleNo, "what %s owns, and so what is dropped, only the database tells", statement.QuoteWord(object.Name.Name))
		}
	}
}

// overwrites tells whether an UPDATE writes over values that were there before: columns that the migration itself added held none.
func (l *losing) overwrites(c statement.Update) bool {
	return slices.ContainsFunc(c.Columns, func(column string) bool {
		table, former := l.formerColumn(c.Table, column)
		before := l.Before.Table(table)
		_, was := before.Column(former)
		undone := l.down && l.own.values[columnName{table, former}]
		return (was || before == nil || before.Partial) && !l.isAdded(columnName{table, column}) && !undone
	})
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
