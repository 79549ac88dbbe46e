package draft

import (
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// subject is the column that a change is about.
type subject struct {
	known *schema.Schema
	table *schema.Table
	// written is the table as SQL, name that of the table alone, for the names of what is made.
	written, name string
	column        schema.Column
	quoted        string
}

// safe returns the set of one kind of change. The table and the column are those that the migrations make.
func safe(options Options) ([]section, error) {
	kinds := map[string]struct {
		objects string
		least   int
		most    int
		write   func(subject, []string) ([]section, error)
	}{
		"drop-column":   {"table.column", 1, 1, dropColumn},
		"not-null":      {"table.column and, to fill it where it is empty, a value", 1, 2, notNull},
		"rename-column": {"table.column and the new name", 2, 2, renameColumn},
		"type":          {"table.column, the new type and, for the column that has it, a name", 2, 3, changeType},
		"index":         {"table.column, and more of them for an index of several columns", 1, 32, index},
		"foreign-key":   {"table.column and the table.column that it refers to", 2, 2, foreignKey},
	}
	kind, known := kinds[options.Safe]
	if !known || len(options.Objects) < kind.least || len(options.Objects) > kind.most {
		return nil, problem.Wrong("for example: airlock migrate new drop_level --safe drop-column heroes.level", "--safe %s needs %s", options.Safe, kind.objects)
	}
	about, err := find(replayed(options.Set), options.Objects[0])
	if err != nil {
		return nil, err
	}
	return kind.write(about, options.Objects[1:])
}

// find returns the column that table.column or schema.table.column names.
func find(known *schema.Schema, object string) (subject, error) {
	parts := strings.Split(object, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return subject{}, problem.Wrong("for example heroes.level", "%.80q does not name a column of a table", object)
	}
	name := statement.Name{Name: parts[len(parts)-2]}
	if len(parts) == 3 {
		name.Schema = parts[0]
	}
	table := known.Table(known.Resolve(name))
	column, there := table.Column(parts[len(parts)-1])
	if table == nil || !there || column.Type.Name.Name == "" {
		return subject{}, problem.Wrong("name a table and a column that the migrations of the folder make", "no migration makes %.80q", object)
	}
	return subject{known: known, table: table, written: schema.Plain(table.Name), name: table.Name.Name, column: column, quoted: statement.QuoteWord(column.Name)}, nil
}

// short makes a name that PostgreSQL does not cut.
func short(parts ...string) string {
	const most = 63
	name := strings.Join(parts, "_")
	return statement.QuoteWord(name[:min(len(name), most)])
}

func (s subject) alter(format string, arguments ...any) string {
	return "ALTER TABLE " + s.written + " " + fmt.Sprintf(format, arguments...)
}

// definition is the column as ADD COLUMN makes it again: it must take rows that have no value.
func (s subject) definition() string {
	text := s.quoted + " " + s.column.Type.SQL
	if s.column.Default != nil {
		text += " DEFAULT " + s.column.Default.SQL()
	}
	return text
}

func dropColumn(s subject, _ []string) ([]section, error) {
	drop := section{
		comment: fmt.Sprintf("Apply this when no version that serves, or that you may go back to, uses %s.%s.\nThe values are lost; what comes back on the way down is the empty column.", s.name, s.column.Name),
		up:      []string{s.alter("DROP COLUMN %s", s.quoted)}, down: []string{s.alter("ADD COLUMN %s", s.definition())},
	}
	if !s.column.NotNull || s.column.HasDefault {
		return []section{drop}, nil
	}
	drop.suffix = "contract"
	return []section{{
		suffix:  "expand",
		comment: fmt.Sprintf("From here on a version that does not write %s.%s works beside one that does.", s.name, s.column.Name),
		up:      []string{s.alter("ALTER COLUMN %s DROP NOT NULL", s.quoted)}, down: []string{s.alter("ALTER COLUMN %s SET NOT NULL", s.quoted)},
	}, drop}, nil
}

// requires returns the two files that make a column NOT NULL without a scan under a lock that keeps others out.
func (s subject) requires(column string) []section {
	quoted, constraint := statement.QuoteWord(column), short(s.name, column, "not_null")
	check := s.alter("ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID", constraint, quoted)
	drop := s.alter("DROP CONSTRAINT %s", constraint)
	return []section{
		{suffix: "check", comment: "New rows need a value; those that are there are not looked at.", up: []string{check}, down: []string{drop}},
		{
			suffix: "require", comment: "The rows are looked at while others read and write; NOT NULL then takes the check's word for it.",
			up:   []string{s.alter("VALIDATE CONSTRAINT %s", constraint), s.alter("ALTER COLUMN %s SET NOT NULL", quoted), drop},
			down: []string{check, s.alter("ALTER COLUMN %s DROP NOT NULL", quoted)},
		},
	}
}

// fill returns the file that gives rows a value in batches, each of which is a transaction of its own.
func (s subject) fill(column, value, missing string) section {
	return section{
		suffix: "fill", noTransaction: true,
		comment: "In batches: a row is locked for the moment in which its batch is written.",
		up: []string{fmt.Sprintf(`DO $$
DECLARE
  written bigint;
BEGIN
  LOOP
    UPDATE %[1]s SET %[2]s = %[3]s
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM %[1]s WHERE %[4]s LIMIT 10000));
    GET DIAGNOSTICS written = ROW_COUNT;
    EXIT WHEN written = 0;
    COMMIT;
  END LOOP;
END $$`, s.written, statement.QuoteWord(column), value, missing)},
		down: []string{"-- The values stay: which rows had none is not known any more."},
	}
}

func notNull(s subject, more []string) ([]section, error) {
	sections := s.requires(s.column.Name)
	if len(more) == 0 {
		return sections, nil
	}
	value, err := expression(more[0])
	if err != nil {
		return nil, err
	}
	return []section{sections[0], s.fill(s.column.Name, value, s.quoted+" IS NULL"), sections[1]}, nil
}

// expression refuses what is not one expression.
func expression(text string) (string, error) {
	parsed, err := statement.Parse("SELECT (" + text + ")")
	if err != nil || len(parsed) != 1 || strings.Contains(text, "$$") {
		return "", problem.Wrong("a text in quotes as in SQL: \"'new'\"", "%.80q is no value in SQL", text)
	}
	return text, nil
}

func renameColumn(s subject, more []string) ([]section, error) {
	return s.replaced(more[0], s.column.Type.SQL)
}

func changeType(s subject, more []string) ([]section, error) {
	parsed, err := statement.Parse("ALTER TABLE a ADD COLUMN b " + more[0])
	if err != nil || len(parsed) != 1 || len(parsed[0].Changes) != 1 {
		return nil, problem.Wrong("for example bigint, or numeric(12,2)", "%.80q is no type", more[0])
	}
	added, is := parsed[0].Changes[0].(statement.AddColumn)
	if !is || added.Column.NotNull || added.Column.Default != nil || len(added.Column.Constraints) > 0 {
		return nil, problem.Wrong("for example bigint, or numeric(12,2)", "%.80q is more than a type", more[0])
	}
	name := s.column.Name + "_new"
	if len(more) > 1 {
		name = more[1]
	}
	return s.replaced(name, more[0])
}

// replaced puts a new column in place of the old one: both are kept in step until no version uses the old one.
func (s subject) replaced(name, kind string) ([]section, error) {
	if _, there := s.table.Column(name); there || name == "" {
		return nil, problem.Wrong("choose another name for the new one", "%s has a column %s already", s.name, name)
	}
	quoted, keeper := statement.QuoteWord(name), short(s.name, s.column.Name, "and", name)
	old, back := "NEW."+s.quoted, "NEW."+quoted
	if kind != s.column.Type.SQL {
		old, back = old+"::"+kind, back+"::"+s.column.Type.SQL
	}
	function := fmt.Sprintf(`CREATE FUNCTION %[1]s() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.%[2]s IS DISTINCT FROM OLD.%[2]s OR TG_OP = 'INSERT' AND NEW.%[3]s IS NULL THEN
    NEW.%[3]s := %[4]s;
  ELSIF TG_OP = 'INSERT' OR NEW.%[3]s IS DISTINCT FROM OLD.%[3]s THEN
    NEW.%[2]s := %[5]s;
  END IF;
  RETURN NEW;
END $$`, keeper, s.quoted, quoted, old, back)
	trigger := fmt.Sprintf("CREATE TRIGGER %s BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION %s()", keeper, s.written, keeper)
	drops := []string{fmt.Sprintf("DROP TRIGGER %s ON %s", keeper, s.written), fmt.Sprintf("DROP FUNCTION %s()", keeper)}
	from := s.quoted
	if kind != s.column.Type.SQL {
		from += "::" + kind
	}
	sections := []section{{
		suffix: "expand", comment: fmt.Sprintf("Both columns have the same values from here on, whichever of them a version writes.\nThen deploy the version that uses %s.", name),
		up: []string{s.alter("ADD COLUMN %s %s", quoted, kind), function, trigger}, down: append(append([]string{}, drops...), s.alter("DROP COLUMN %s", quoted)),
	}, s.fill(name, from, fmt.Sprintf("%s IS NULL AND %s IS NOT NULL", quoted, s.quoted))}
	if s.column.NotNull {
		sections = append(sections, s.requires(name)...)
	}
	return append(sections, section{
		suffix:  "contract",
		comment: fmt.Sprintf("Apply this when no version that serves, or that you may go back to, uses %s.%s.", s.name, s.column.Name),
		up:      append(append([]string{}, drops...), s.alter("DROP COLUMN %s", s.quoted)),
		down:    []string{s.alter("ADD COLUMN %s", s.definition()), function, trigger},
	}), nil
}

func index(s subject, more []string) ([]section, error) {
	columns, names := []string{s.quoted}, []string{s.name, s.column.Name}
	for _, object := range more {
		other, err := find(s.known, object)
		if err != nil {
			return nil, err
		}
		if other.table != s.table {
			return nil, problem.Wrong("an index is one of one table", "%.80q is a column of another table", object)
		}
		columns, names = append(columns, other.quoted), append(names, other.column.Name)
	}
	name := short(append(names, "idx")...)
	return []section{{
		suffix: "", comment: "Others read and write meanwhile.", noTransaction: true,
		up:   []string{fmt.Sprintf("CREATE INDEX CONCURRENTLY %s ON %s (%s)", name, s.written, strings.Join(columns, ", "))},
		down: []string{"DROP INDEX CONCURRENTLY " + inSchema(s.table.Name.Schema, name)},
	}}, nil
}

func inSchema(schema, name string) string {
	if schema == "" || schema == "public" {
		return name
	}
	return statement.QuoteWord(schema) + "." + name
}

func foreignKey(s subject, more []string) ([]section, error) {
	target, err := find(s.known, more[0])
	if err != nil {
		return nil, err
	}
	name := short(s.name, s.column.Name, "fkey")
	add := s.alter("ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s) NOT VALID", name, s.quoted, target.written, target.quoted)
	drop := s.alter("DROP CONSTRAINT %s", name)
	sections := []section{
		{suffix: "check", comment: "New rows are checked; those that are there are not looked at.", up: []string{add}, down: []string{drop}},
		{
			suffix: "validate", comment: "The rows are looked at while others read and write.",
			up: []string{s.alter("VALIDATE CONSTRAINT %s", name)}, down: []string{drop, add},
		},
	}
	if s.table.Indexed(s.column.Name) {
		return sections, nil
	}
	indexed, err := index(s, nil)
	if err != nil {
		return nil, err
	}
	indexed[0].suffix = "index"
	indexed[0].comment = "Without it every deletion of what is referred to reads the whole table.\n" + indexed[0].comment
	return append(indexed, sections...), nil
}
