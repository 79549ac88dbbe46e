package migration

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mfridman/interpolate"
)

// maximumLineBytes is the longest line that goose reads.
const maximumLineBytes = 4 << 20

// Statement is one SQL text that goose hands to the database in one call.
type Statement struct {
	// SQL is the text as the database gets it: variables are filled in, and the space around it is gone.
	SQL string
	// Line and Column are where it begins in the file, counted from one; columns count characters.
	Line, Column int

	// lines are where the lines of the file begin in SQL, and which they are.
	lines []lineStart
}

// lineStart is the beginning of a line of the file in the SQL of a statement. The first may begin before it.
type lineStart struct{ offset, line int }

// Place returns the line and column of the file, counted from one, at which a byte of SQL stands. On a line where variables
// were filled in the column is that of the result.
func (s Statement) Place(offset int) (line, column int) {
	offset = min(max(offset, 0), len(s.SQL))
	at := lineStart{line: s.Line}
	for _, start := range s.lines {
		if start.offset > offset {
			break
		}
		at = start
	}
	begin := max(at.offset, 0)
	column = 1 + utf8.RuneCountInString(s.SQL[min(begin, offset):offset])
	if at.line == s.Line {
		column += s.Column - 1
	}
	return at.line, column
}

// EndLine returns the line of the file on which the statement ends.
func (s Statement) EndLine() int {
	line, _ := s.Place(len(s.SQL))
	return line
}

// Sections is what goose reads in one file.
type Sections struct {
	Up, Down []Statement
	// NoTransaction tells that goose runs the statements one by one, up and down: one that fails leaves those before it done.
	NoTransaction bool
	// DownRefused tells that goose refuses the down section only: a program that asks it for up alone may run that.
	DownRefused bool
	// UpLine, DownLine and NoTransactionLine are where the annotations stand; zero where there is none.
	UpLine, DownLine, NoTransactionLine int
	// Substitutes tells that the file asks for variables of the environment to be filled in.
	Substitutes bool
	// Unset are the variables that are not set and have no default: goose puts nothing in their place.
	Unset []Unset
	// Dollars are the lines on which filling in turned $$ into $.
	Dollars []int
	// Comments are the comments that address Airlock.
	Comments []Comment
}

// Unset is a variable that is not set.
type Unset struct {
	Name string
	Line int
}

// Comment is one line of comment.
type Comment struct {
	Line int
	Text string
}

// SyntaxError is why goose refuses a file.
type SyntaxError struct {
	Line          int
	Message, Hint string
}

// Error implements error.
func (s *SyntaxError) Error() string { return s.Message }

// direction is one pass of goose over a file: it reads the file once for each of its two sections.
type direction struct {
	up         bool
	lookup     func(string) (string, bool)
	state      state
	substitute bool
	text       strings.Builder
	lines      []lineStart
	statements []Statement
	sections   *Sections
}

// state is where in a file goose is.
type state int

const (
	outside state = iota
	inUp
	inUpStatement
	afterUpStatement
	inDown
	inDownStatement
	afterDownStatement
)

// Parse reads a migration as goose does, with lookup for the variables that it fills in. What goose refuses is a *SyntaxError.
// https://pressly.github.io/goose/documentation/annotations/
func Parse(content string, lookup func(string) (string, bool)) (Sections, error) {
	var sections Sections
	up := direction{up: true, lookup: lookup, sections: &sections}
	if err := up.read(content); err != nil {
		return sections, err
	}
	down := direction{lookup: lookup, sections: &Sections{}}
	sections.Up = up.statements
	if err := down.read(content); err != nil {
		sections.DownRefused = true
		return sections, err
	}
	sections.Down = down.statements
	return sections, nil
}

func (d *direction) read(content string) error {
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if len(line) >= maximumLineBytes {
			return d.refuse(number, "break the line, or split the statement", "the line has %d bytes, and goose reads at most %d", len(line), maximumLineBytes-1)
		}
		if err := d.line(number, strings.TrimSuffix(line, "\r")); err != nil {
			return err
		}
	}
	switch d.state {
	case outside:
		return d.refuse(1, "begin the file with a line `-- +goose Up`", "the file has no `-- +goose Up`")
	case inUpStatement, inDownStatement:
		return d.refuse(number, "end the statement with a line `-- +goose StatementEnd`", "`-- +goose StatementEnd` is missing")
	}
	return d.finished(number)
}

func (*direction) refuse(line int, hint, format string, arguments ...any) error {
	return &SyntaxError{Line: line, Hint: hint, Message: fmt.Sprintf(format, arguments...)}
}

// finished refuses a statement that no semicolon ends.
func (d *direction) finished(line int) error {
	rest := strings.TrimSpace(d.text.String())
	if rest == "" {
		return nil
	}
	if len(d.lines) > 0 {
		line = d.lines[0].line
	}
	return d.refuse(line, "end the statement with a semicolon at the end of its line, without a comment that has no space before it", "the statement has no end: %.60q", rest)
}

func (d *direction) line(number int, line string) error {
	trimmed := strings.TrimSpace(line)
	comment := strings.HasPrefix(trimmed, "--")
	if d.state == outside && trimmed == "" {
		return nil
	}
	if comment && strings.Contains(trimmed, "airlock:") {
		d.sections.Comments = append(d.sections.Comments, Comment{Line: number, Text: trimmed})
	}
	ended := false
	if comment && strings.Contains(line, "+goose") {
		var err error
		if ended, err = d.annotate(number, line); err != nil || !ended {
			return err
		}
	}
	// Goose passes over comments between statements, and over the end of one that has no line.
	if d.text.Len() == 0 && (comment || line == "") {
		return nil
	}
	if !ended && d.state != afterUpStatement && d.state != afterDownStatement {
		if d.substitute {
			expanded, err := d.expand(number, line)
			if err != nil {
				return d.refuse(number, "write $$ for a dollar sign", "variables cannot be filled in: %v", err)
			}
			line = expanded
		}
		d.take(number, line)
	}
	return d.store(number, line)
}

// take adds a line to the statement.
func (d *direction) take(number int, line string) {
	d.lines = append(d.lines, lineStart{offset: d.text.Len(), line: number})
	d.text.WriteString(line)
	d.text.WriteByte('\n')
}

// expand fills variables in as goose does, and notes what a reader may not expect of it.
func (d *direction) expand(number int, line string) (string, error) {
	expression, err := interpolate.NewParser(line).Parse()
	if err != nil {
		return "", err
	}
	for _, item := range expression {
		if variable, plain := item.Expansion.(interpolate.VariableExpansion); plain {
			if _, set := d.lookup(variable.Identifier); !set {
				d.sections.Unset = append(d.sections.Unset, Unset{Name: variable.Identifier, Line: number})
			}
		}
	}
	if strings.Contains(line, "$$") {
		d.sections.Dollars = append(d.sections.Dollars, number)
	}
	return expression.Expand(variables{d.lookup})
}

// variables implements interpolate.Env.
type variables struct {
	lookup func(string) (string, bool)
}

// Get implements interpolate.Env.
func (v variables) Get(name string) (string, bool) { return v.lookup(name) }

// store ends a statement where goose does.
func (d *direction) store(number int, line string) error {
	switch d.state {
	case outside:
		return d.refuse(number, "put `-- +goose Up` before the first statement", "%.60q stands before `-- +goose Up`", strings.TrimSpace(line))
	case inUp, inUpStatement, afterUpStatement:
		if !d.up {
			d.reset()
			return nil
		}
	default:
		if d.up {
			d.reset()
			return nil
		}
	}
	switch d.state {
	case inUp, inDown:
		if endsStatement(line) {
			d.end()
		}
	case afterUpStatement:
		d.end()
		d.state = inUp
	case afterDownStatement:
		d.end()
		d.state = inDown
	}
	return nil
}

func (d *direction) reset() {
	d.text.Reset()
	d.lines = nil
}

// end puts the statement on the list.
func (d *direction) end() {
	text := d.text.String()
	sql := strings.TrimSpace(text)
	cut := strings.Index(text, sql)
	statement := Statement{SQL: sql}
	for _, start := range d.lines {
		// The first line of the statement begins before it, when space in front of it was cut.
		if start.offset <= cut {
			statement.Line, statement.Column = start.line, 1+utf8.RuneCountInString(text[start.offset:cut])
			statement.lines = []lineStart{{offset: 0, line: start.line}}
			continue
		}
		if start.offset-cut <= len(sql) {
			statement.lines = append(statement.lines, lineStart{offset: start.offset - cut, line: start.line})
		}
	}
	d.statements = append(d.statements, statement)
	d.reset()
}

// endsStatement tells whether the last word before a comment ends with a semicolon: goose knows neither strings nor block
// comments.
func endsStatement(line string) bool {
	last := ""
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, "--") {
			break
		}
		last = word
	}
	return strings.HasSuffix(last, ";")
}

// annotate does what an annotation says. It tells whether the line ended a statement, and is to be gone on with.
func (d *direction) annotate(number int, line string) (ended bool, err error) {
	if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
		return false, d.refuse(number, "begin the line with --", "the annotation does not stand at the beginning of its line")
	}
	command := strings.TrimSpace(strings.Replace(strings.ReplaceAll(line, "--", ""), "+goose", "", 1))
	is := func(name string) bool { return strings.EqualFold(command, name) }
	switch {
	case is("UP"):
		if d.state != outside {
			return false, d.refuse(number, "one file has one up section", "`-- +goose Up` stands here for the second time")
		}
		d.state, d.sections.UpLine = inUp, number
	case is("DOWN"):
		if d.state != inUp && d.state != afterUpStatement {
			return false, d.refuse(number, "one up section comes first, and one down section after it", "`-- +goose Down` cannot stand here")
		}
		if err := d.finished(number); err != nil {
			return false, err
		}
		d.state, d.sections.DownLine = inDown, number
	case is("STATEMENTBEGIN"):
		switch d.state {
		case inUp, afterUpStatement:
			d.state = inUpStatement
		case inDown, afterDownStatement:
			d.state = inDownStatement
		default:
			return false, d.refuse(number, "statements do not nest: end the one before with `-- +goose StatementEnd`", "`-- +goose StatementBegin` cannot stand here")
		}
	case is("STATEMENTEND"):
		switch d.state {
		case inUpStatement:
			d.state = afterUpStatement
		case inDownStatement:
			d.state = afterDownStatement
		default:
			return false, d.refuse(number, "begin the statement with a line `-- +goose StatementBegin`", "`-- +goose StatementEnd` ends nothing")
		}
		return true, nil
	case is("NO TRANSACTION"):
		d.sections.NoTransaction, d.sections.NoTransactionLine = true, number
	case is("ENVSUB ON"):
		d.substitute, d.sections.Substitutes = true, true
	case is("ENVSUB OFF"):
		d.substitute = false
	default:
		return false, d.refuse(number, "goose knows Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON and ENVSUB OFF", "goose does not know the annotation %.60q", command)
	}
	return false, nil
}
