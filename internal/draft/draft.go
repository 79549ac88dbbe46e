// Package draft writes new migrations: an empty one with both sections, or the whole set of an expand and contract change.
package draft

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Options say what is written.
type Options struct {
	// Set are the migrations that are there: the new ones come behind them, and what they make is known.
	Set migration.Set
	// Name is what the new migration is about, Safe the kind of change, empty for a migration of one's own, and Objects what it is
	// made of: see Kinds.
	Name    string
	Safe    string
	Objects []string
	Now     time.Time
}

// File is one new migration.
type File struct{ Name, Text string }

// section is what one file of a set does, and how it is taken back.
type section struct {
	suffix, comment string
	up, down        []string
	noTransaction   bool
}

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9_]*$`)

// New returns the files to write, in order.
func New(options Options) ([]File, error) {
	name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(options.Name)))
	if !plainName.MatchString(name) {
		return nil, problem.Wrong("for example: airlock migrate new create_orders", "%.80q is no name for a migration: letters, digits and _", options.Name)
	}
	sections := []section{{up: []string{""}, down: []string{""}}}
	if options.Safe != "" {
		var err error
		if sections, err = safe(options); err != nil {
			return nil, err
		}
	} else if len(options.Objects) > 0 {
		return nil, problem.Wrong("--safe says what is done with it", "%.80q is one argument too many", options.Objects[0])
	}
	version, width := next(options)
	var files []File
	for i, one := range sections {
		suffix := one.suffix
		if suffix != "" {
			suffix = "_" + suffix
		}
		files = append(files, File{Name: fmt.Sprintf("%0*d_%s%s.sql", width, version+int64(i), name, suffix), Text: one.text()})
	}
	return files, nil
}

// next returns the version behind all that are there, in the form that they have: a number, or the moment.
func next(options Options) (version int64, width int) {
	width = 5
	for _, file := range options.Set.Files {
		version = max(version, file.Version)
		width = len(file.Name) - len(strings.TrimLeft(file.Name, "0123456789"))
	}
	const moment = "20060102150405"
	if width == len(moment) {
		var now int64
		fmt.Sscan(options.Now.UTC().Format(moment), &now)
		return max(version+1, now), width
	}
	return version + 1, width
}

// text writes one file.
func (s section) text() string {
	var b strings.Builder
	for line := range strings.Lines(s.comment) {
		b.WriteString("-- " + strings.TrimSpace(line) + "\n")
	}
	if s.noTransaction {
		b.WriteString("-- +goose NO TRANSACTION\n")
	}
	for _, part := range []struct {
		mark       string
		statements []string
	}{{"-- +goose Up", s.up}, {"\n-- +goose Down", s.down}} {
		b.WriteString(part.mark + "\n")
		for _, one := range part.statements {
			switch {
			case strings.Contains(one, "$$"):
				b.WriteString("-- +goose StatementBegin\n" + one + ";\n-- +goose StatementEnd\n")
			case strings.HasPrefix(one, "--"):
				b.WriteString(one + "\n")
			case one != "":
				b.WriteString(one + ";\n")
			}
		}
	}
	return b.String()
}

// replayed returns the schema that the migrations make.
func replayed(set migration.Set) *schema.Schema {
	known := schema.New()
	for _, file := range set.Files {
		for _, one := range file.Up {
			parsed, err := statement.Parse(one.SQL)
			if err != nil {
				continue // What it makes is not known; what is asked for and not known is refused.
			}
			for _, part := range parsed {
				for _, change := range part.Changes {
					known.Apply(change, schema.Origin{})
				}
			}
		}
	}
	return known
}
