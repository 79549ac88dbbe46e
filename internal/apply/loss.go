package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// AnyLoss accepts the loss of any data, and what cannot be known.
const AnyLoss = "*"

// mostCounted bounds the counting: beyond it the number makes no difference to a person who decides.
const mostCounted = 1_000_000

// Loss is data that taking migrations back would destroy.
type Loss struct {
	// Table is its name as the statement has it, empty when it cannot be known what a statement destroys.
	Table string
	// What says what is lost, File in which migration.
	What, File string
}

// losing goes through down sections, in the order in which they run, and knows what things are called now.
type losing struct {
	ctx     context.Context
	db      *database.Database
	file    string
	tables  map[statement.Name]statement.Name
	columns map[column]column
	// made are the tables and columns that an earlier section of the run makes: what is in them is not data of today.
	made map[column]bool
	all  []Loss
}

// column is a column of a table, or with an empty name the table itself.
type column struct {
	table statement.Name
	name  string
}

// Losses says what data the down sections of files would destroy, in the order in which they run. PostgreSQL reads them; what it cannot
// read, and what a block or a procedure does, is a loss that is not known.
func (m *Migrator) Losses(ctx context.Context, files []migration.File) ([]Loss, error) {
	l := losing{ctx: ctx, db: m.aside, tables: map[statement.Name]statement.Name{}, columns: map[column]column{}, made: map[column]bool{}}
	for _, file := range files {
		l.file = file.Name
		for _, one := range file.Down {
			parsed, err := statement.Parse(one.SQL)
			if err != nil {
				l.unknown("what the statement in line %d does", one.Line)
				continue
			}
			for _, part := range parsed {
				for _, change := range part.Changes {
					if err := l.see(change, one.Line); err != nil {
						return nil, database.Explain(err, m.aside.Title)
					}
				}
			}
		}
	}
	return l.all, nil
}

func (l *losing) unknown(format string, arguments ...any) {
	l.all = append(l.all, Loss{What: fmt.Sprintf(format, arguments...) + " is not known", File: l.file})
}

func (l *losing) see(change statement.Change, line int) error {
	switch c := change.(type) {
	case statement.Rename:
		l.rename(c)
	case statement.CreateTable:
		l.made[column{table: c.Table}] = true
	case statement.AddColumn:
		l.made[column{c.Table, c.Column.Name}] = true
	case statement.DropColumn:
		return l.count(c.Table, c.Column, "values of "+statement.QuoteWord(c.Column))
	case statement.SetType:
		return l.count(c.Table, c.Column, "values of "+statement.QuoteWord(c.Column)+" take another type, which may not hold all of them:")
	case statement.Truncate:
		if c.Cascade {
			l.unknown("what CASCADE takes along in line %d", line)
		}
		for _, table := range c.Tables {
			if err := l.count(table, "", "rows"); err != nil {
				return err
			}
		}
	case statement.Delete:
		if c.Filter != statement.NoRows {
			return l.count(c.Table, "", "rows, of which some are deleted:")
		}
	case statement.Update:
		for _, name := range c.Columns {
			if c.Filter == statement.NoRows {
				break
			}
			if err := l.count(c.Table, name, "values of "+statement.QuoteWord(name)+", of which some are written over:"); err != nil {
				return err
			}
		}
	case statement.Insert:
		if c.Overwrites {
			return l.count(c.Table, "", "rows, of which some may be written over:")
		}
	case statement.Write:
		return l.count(c.Table, "", "rows, of which some may be written over:")
	case statement.Drop:
		return l.drop(c, line)
	case statement.Opaque:
		l.unknown("what the statement in line %d does", line)
	case statement.Call:
		if c.Procedure || c.Effect {
			l.unknown("what %s does, which is called in line %d,", statement.Quote(c.Name), line)
		}
	}
	return nil
}

func (l *losing) rename(c statement.Rename) {
	switch c.Kind {
	case statement.Table:
		l.tables[statement.Name{Schema: c.Object.Schema, Name: c.To}] = l.today(c.Object)
	case statement.Column:
		of := l.todayColumn(c.Object, c.Part)
		l.columns[column{l.today(c.Object), c.To}] = of
	}
}

// today returns what a table is called now.
func (l *losing) today(table statement.Name) statement.Name {
	if was, renamed := l.tables[table]; renamed {
		return was
	}
	return table
}

func (l *losing) todayColumn(table statement.Name, name string) column {
	of := column{l.today(table), name}
	if was, renamed := l.columns[of]; renamed {
		return was
	}
	return of
}

func (l *losing) drop(c statement.Drop, line int) error {
	switch c.Kind {
	case statement.Table:
		for _, object := range c.Objects {
			if err := l.count(object.Name, "", "rows"); err != nil {
				return err
			}
		}
	case statement.SchemaKind, statement.Database:
		l.unknown("what is lost with the objects dropped in line %d", line)
	default:
		if c.Cascade {
			l.unknown("what CASCADE takes along in line %d", line)
		}
	}
	return nil
}

// count notes a loss when there is something now: rows, or with a name of a column its values.
func (l *losing) count(table statement.Name, name, what string) error {
	if l.made[column{table: table}] || name != "" && l.made[column{table, name}] {
		return nil
	}
	of := l.todayColumn(table, name)
	there, err := l.there(of)
	if err != nil || !there {
		return err
	}
	where := ""
	if name != "" {
		where = " where " + statement.QuoteWord(of.name) + " is not null"
	}
	var found int
	query := fmt.Sprintf("select count(*) from (select 1 from %s%s limit %d) counted", statement.Quote(of.table), where, mostCounted+1)
	if err := l.db.QueryRowContext(l.ctx, query).Scan(&found); err != nil || found == 0 {
		return err
	}
	figure := fmt.Sprint(found)
	if found > mostCounted {
		figure = fmt.Sprintf("more than %d", mostCounted)
	}
	if strings.HasSuffix(what, ":") {
		what += " " + figure
	} else {
		what = figure + " " + what
	}
	l.all = append(l.all, Loss{Table: displayed(table), What: what, File: l.file})
	return nil
}

func (l *losing) there(of column) (there bool, err error) {
	query := "select count(*) > 0 from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = $2 and not a.attisdropped where c.oid = to_regclass($1) and ($2 = '' or a.attname is not null)"
	table := statement.Quote(of.table)
	if l.db.Dialect == database.SQLite {
		query = "select count(*) > 0 from sqlite_schema m where m.type = 'table' and lower(m.name) = lower($1) and ($2 = '' or exists (select 1 from pragma_table_xinfo(m.name) x where lower(x.name) = lower($2)))"
		table = of.table.Name
	}
	err = l.db.QueryRowContext(l.ctx, query, table, of.name).Scan(&there)
	return there, err
}

func displayed(table statement.Name) string {
	if table.Schema == "public" {
		table.Schema = ""
	}
	return statement.Quote(table)
}

// RefuseLosses returns an error while taking files back would lose data that nobody has accepted.
func (m *Migrator) RefuseLosses(ctx context.Context, files []migration.File) error {
	if slices.Contains(m.options.AcceptLoss, AnyLoss) {
		return nil
	}
	losses, err := m.Losses(ctx, files)
	if err != nil {
		return err
	}
	var texts, needed []string
	for _, one := range losses {
		switch {
		case one.Table == "":
			texts, needed = append(texts, fmt.Sprintf("%s (%s)", one.What, one.File)), append(needed, "'"+AnyLoss+"'")
		case !slices.Contains(m.options.AcceptLoss, one.Table):
			texts, needed = append(texts, fmt.Sprintf("%s: %s (%s)", one.Table, one.What, one.File)), append(needed, one.Table)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	slices.Sort(needed)
	return problem.New("when that is meant, name the tables: --accept-data-loss "+strings.Join(slices.Compact(needed), " --accept-data-loss "),
		"taking this back would lose data: %s", strings.Join(texts, "; "))
}
