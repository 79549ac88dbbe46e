// Package review judges goose migrations before they run: what a statement locks and for how long, what it destroys, whether the
// way back leads back, and whether the version of the application that is served now works on the new schema.
package review

import (
	"cmp"
	"context"
	"path"
	"runtime"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// Options say what is reviewed, and what is known beside it.
type Options struct {
	// Set and Faults are what migration.Inspect returned.
	Set    migration.Set
	Faults []migration.Fault
	// Title is the folder as findings name it.
	Title string
	// Applied tells which versions an environment has applied. Nil means that this is not known: each migration is then reviewed
	// as if those before it were applied.
	Applied func(version int64) bool
	// Known are the migrations that were there at an earlier commit; nil when none was named.
	Known *Known
	// Database is what the environment's database has applied, with its title in place of a commit; nil when none is looked at.
	Database *Known
	// Schema is a database's schema as it is now; nil means that it is made by replaying the migrations that are applied.
	Schema *schema.Schema
	// Version is PostgreSQL's major version, zero when it is not known.
	Version int
	// SQLite tells that the database is one: rules about PostgreSQL's locks do not count.
	SQLite bool
	// Today is the day by which acknowledgements expire.
	Today time.Time
}

// Known is what an earlier commit had in the folder.
type Known struct {
	// Commit is how people named it.
	Commit string
	// Files are the names of the SQL files that it had.
	Files []string
	// Edited and Deleted are those that are another by now, or gone.
	Edited, Deleted []string
	// Latest is the highest version of its files.
	Latest int64
}

// Review reads the migrations and returns what was found. An error is only that of the context.
func Review(ctx context.Context, options Options) (Report, error) {
	files := make([]*File, len(options.Set.Files))
	for i, source := range options.Set.Files {
		files[i] = &File{Path: path.Join(options.Title, source.Name), Version: source.Version, Index: i, Source: source, parsed: make(chan struct{})}
	}
	choose(files, options)
	parseAll(ctx, files)
	r := &reviewing{
		options: options, files: files, rules: Rules(), schema: options.Schema,
		report: Report{Findings: []Finding{}, Migrations: []Migration{}, Digest: options.Set.Digest(), Sources: map[string]string{}},
	}
	if r.schema == nil {
		r.schema = schema.New()
		r.schema.Complete = len(files) > 0 && files[0].Version <= 1
	}
	r.faults()
	r.missed()
	for _, file := range files {
		select {
		case <-ctx.Done():
			return Report{}, context.Cause(ctx)
		case <-file.parsed:
			r.file(file)
		}
	}
	r.finish()
	return r.report, nil
}

// choose says which files are under review, and which are pending together.
func choose(files []*File, options Options) {
	group := -1
	for _, file := range files {
		switch {
		case options.Applied != nil:
			file.Pending = !options.Applied(file.Version)
		case options.Known != nil:
			file.Pending = !slices.Contains(options.Known.Files, file.Source.Name) || slices.Contains(options.Known.Edited, file.Source.Name)
		default:
			file.Pending, file.Group = true, file.Index
			continue
		}
		if file.Pending && group < 0 {
			group = file.Index
		}
		file.Group = max(group, 0)
	}
}

// parseAll begins to read the statements of all files, in their order and as many at once as there are processors; each file
// says when it is read. Of those that are not under review only the up section counts.
func parseAll(ctx context.Context, files []*File) {
	next := make(chan *File)
	go func() {
		defer close(next)
		for _, file := range files {
			select {
			case <-ctx.Done():
				return
			case next <- file:
			}
		}
	}()
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for file := range next {
				file.up = parse(file.Source.Up)
				if file.Pending {
					file.down = parse(file.Source.Down)
				}
				close(file.parsed)
			}
		}()
	}
}

func parse(texts []migration.Statement) []parsed {
	all := make([]parsed, len(texts))
	for i, text := range texts {
		all[i].Statement = text
		all[i].statements, all[i].err = statement.Parse(text.SQL)
	}
	return all
}

// reviewing is one review that is being made.
type reviewing struct {
	options Options
	files   []*File
	rules   []Rule
	schema  *schema.Schema
	report  Report
}

// faults turns what keeps goose from running a file into findings.
func (r *reviewing) faults() {
	for _, fault := range r.options.Faults {
		if r.options.Known != nil && slices.Contains(r.options.Known.Files, fault.File) && !slices.Contains(r.options.Known.Edited, fault.File) {
			continue
		}
		rule := r.rule(notAnalysed)
		severity := Blocking
		switch fault.Kind {
		case migration.Duplicate:
			rule = r.rule("duplicate-version")
		case migration.Ignored:
			rule, severity = r.rule("ignored-file"), Warning
		}
		r.report.Findings = append(r.report.Findings, Finding{
			Rule: rule.ID, Severity: severity, File: path.Join(r.options.Title, fault.File), Line: max(fault.Line, 1), Column: 1, EndLine: max(fault.Line, 1),
			Message: fault.Message, Why: cmp.Or(fault.Hint, rule.Why), Tables: []string{}, Docs: rule.Docs(), unreadable: true,
		})
		if fault.Kind != migration.Ignored {
			r.report.Coverage.Statements++
		}
	}
}

// missed reports what an earlier commit or the database has and the folder has not, and what was edited since it was applied.
func (r *reviewing) missed() {
	report := func(id, file, message string) {
		rule := r.rule(id)
		r.report.Findings = append(r.report.Findings, Finding{
			Rule: rule.ID, Severity: rule.Severity, File: path.Join(r.options.Title, file), Line: 1, Column: 1, EndLine: 1,
			Message: message, Why: rule.Why, Tables: []string{}, Docs: rule.Docs(),
		})
	}
	for _, known := range []*Known{r.options.Known, r.options.Database} {
		if known != nil {
			for _, file := range known.Deleted {
				report("deleted-migration", file, known.Commit+" has this migration, and it is gone: put it back")
			}
		}
	}
	if database := r.options.Database; database != nil {
		for _, file := range database.Edited {
			report("edited-migration", file, database.Commit+" has applied this migration with another text: bring it back, and write a new one in place of the edit")
		}
	}
}

// rule returns a rule by its id.
func (r *reviewing) rule(id string) Rule {
	for _, rule := range r.rules {
		if rule.ID == id {
			return rule
		}
	}
	return Rule{ID: id, Severity: Blocking}
}

// finish puts the findings in the order in which people read them.
func (r *reviewing) finish() {
	slices.SortStableFunc(r.report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.Rule, b.Rule))
	})
	r.report.Findings = slices.CompactFunc(r.report.Findings, func(a, b Finding) bool {
		return a.Rule == b.Rule && a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}

// rank orders severities from the worst.
func (s Severity) rank() int { return slices.Index([]Severity{Blocking, Warning, Information}, s) }

// milder returns the milder of two severities; an empty one does not count.
func milder(a, b Severity) Severity {
	if b == "" || a.rank() >= b.rank() {
		return a
	}
	return b
}
