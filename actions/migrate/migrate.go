// Package migrate takes the schema up and down by goose migrations.
package migrate

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed action.yml
var actionYAML []byte

// Verb returns the verb migrate.
func Verb() *verb.Verb {
	return &verb.Verb{
		Name: "migrate", ActionYAML: actionYAML, Run: run,
		Uses:   append(verb.DatabaseUses(), "migrations", "promotion", "environments.*.rehearsal"),
		NotYet: verb.DatabaseNotYet(),
	}
}

// target is the database and the folder that a call is about.
type target struct {
	// settings say how the database is read, migrated how it is migrated: that may make it.
	settings, migrated func(context.Context) (database.Settings, error)
	limits             apply.Limits
	// missing tells that the database is a file that does not exist yet.
	missing bool
	folder  fs.FS
	title   string
	// workspace is the environment, nil without one. rehearsal says where its migrations are rehearsed, next which environment they
	// are meant for then, and last that none comes behind it.
	workspace       *verb.Workspace
	rehearsal, next string
	last            bool
	// lock keeps everybody else from changing the database; without an environment there is no lock.
	lock func() (unlock func(), err error)
}

// aim finds the target: from the config, or from AIRLOCK_DATABASE_URL without one.
func aim(call *verb.Call) (target, error) {
	aimed := target{rehearsal: "scratch"}
	directory := call.Inputs.String("dir")
	if settings, given := call.DirectDatabase(); given {
		if call.Inputs.Given("config") {
			return target{}, problem.Wrong("name the environment too, or leave --config out", "AIRLOCK_DATABASE_URL names the database, and --config means nothing without --environment")
		}
		directory = cmp.Or(directory, "migrations")
		aimed.settings = func(context.Context) (database.Settings, error) { return settings, nil }
		_, err := os.Stat(settings.Path)
		aimed.missing = settings.Dialect == database.SQLite && os.IsNotExist(err)
		made := settings
		made.Create = true
		aimed.migrated = func(context.Context) (database.Settings, error) { return made, nil }
		aimed.limits = verb.Limits(config.DefaultMigrations())
	} else {
		workspace, err := call.Workspace()
		if err != nil {
			return target{}, err
		}
		aimed.missing, aimed.migrated, aimed.settings = workspace.NewDatabase(), workspace.MigratedDatabase, workspace.DatabaseSettings
		aimed.limits = verb.Limits(workspace.Config.Migrations)
		aimed.folder, aimed.title = workspace.Migrations()
		aimed.lock, aimed.workspace = workspace.Lock, workspace
		aimed.rehearsal, aimed.next = workspace.Rehearsal()
		aimed.last = slices.Contains(workspace.Config.Promotion, workspace.Name) && aimed.next == ""
	}
	if directory != "" {
		if !filepath.IsAbs(directory) {
			directory = filepath.Join(call.Directory, directory)
		}
		aimed.folder, aimed.title = os.DirFS(directory), cmp.Or(call.Inputs.String("dir"), "migrations")
	}
	return aimed, nil
}

func run(ctx context.Context, call *verb.Call) (verb.Result, error) {
	switch call.Inputs.Command() {
	case "review":
		return reviewed(ctx, call)
	case "new":
		return drafted(call)
	}
	aimed, err := aim(call)
	if err != nil {
		return verb.Result{}, err
	}
	set, err := migration.Read(aimed.folder, aimed.title)
	if err != nil {
		return verb.Result{}, err
	}
	if err := call.Pinned(set); err != nil {
		return verb.Result{}, err
	}
	if digest := call.Inputs.String("digest"); digest != "" && digest != set.Digest() {
		return verb.Result{}, problem.New("promote again: the folder, or a variable that its files use, is another than it was",
			"the migrations are not those that were planned, reviewed and rehearsed")
	}
	command := call.Inputs.Command()
	if command == "rehearse" {
		return rehearsed(ctx, call, aimed, set)
	}
	if command == "down" && call.Inputs.String("to") == "" {
		return verb.Result{}, problem.Wrong("`airlock migrate status` lists the versions; 0 takes everything back", "migrate down needs the version to go down to: --to")
	}
	result := verb.Result{Checklist: call.Checklist(), Outputs: map[string]string{}}
	if aimed.missing && (command != "up" || call.Inputs.Bool("dry-run")) {
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{
			ID: "schema", Title: "The schema's version", Verdict: checklist.Skip,
			Evidence: fmt.Sprintf("the database does not exist yet; %d pending, up to version %d", len(set.Files), set.Latest()),
		})
		return result, nil
	}
	if aimed.lock != nil && command != "status" && !call.Inputs.Bool("dry-run") {
		unlock, err := aimed.lock()
		if err != nil {
			return verb.Result{}, err
		}
		defer unlock()
	}
	settings, err := aimed.migrated(ctx)
	if err != nil {
		return verb.Result{}, err
	}
	progress := call.Progress("migrate " + command)
	defer progress.Done()
	migrator, err := apply.Open(ctx, apply.Options{
		Settings: settings, Set: set, Limits: aimed.limits, Progress: progress,
		AcceptLoss: call.Inputs.List("accept-data-loss"),
		Resume:     call.Inputs.Bool("resume"), ResumeAt: call.Inputs.Int("resume-at"),
	})
	if err != nil {
		err = result.Checklist.Failure(ctx, "database", "The database answers", err)
		return result, err
	}
	defer migrator.Close()
	m := migrating{call: call, set: set, migrator: migrator, result: &result}
	switch {
	case command == "status":
		m.status(ctx)
	case call.Inputs.Bool("dry-run"):
		err = m.plan(ctx)
	case command == "down":
		err = m.steps(ctx, "took back", func() ([]apply.Step, error) { return migrator.Down(ctx, int64(call.Inputs.Int("to"))) })
	default:
		err = m.steps(ctx, "applied", func() ([]apply.Step, error) { return migrator.Up(ctx) })
	}
	return result, err
}

// migrating is one call on an open database.
type migrating struct {
	call     *verb.Call
	set      migration.Set
	migrator *apply.Migrator
	result   *verb.Result
}

// steps runs migrations, one item each, and says where the schema is then. An error is one of usage: nothing ran.
func (m migrating) steps(ctx context.Context, done string, run func() ([]apply.Step, error)) error {
	list := &m.result.Checklist
	steps, err := run()
	for _, step := range steps {
		item := checklist.Item{
			ID: strconv.FormatInt(step.File.Version, 10), Title: step.File.Name, Verdict: checklist.Pass,
			Evidence: done, Milliseconds: step.Duration.Milliseconds(),
		}
		if step.Empty {
			item.Verdict, item.Evidence = checklist.Warn, "the section is empty: the version moved and the schema did not"
		}
		if len(step.Remarks) > 0 {
			item.Verdict, item.Evidence = checklist.Warn, item.Evidence+"; "+strings.Join(step.Remarks, "; ")
		}
		list.Items = append(list.Items, item)
	}
	if err != nil {
		if err := list.Failure(ctx, "migrate", "The migrations run to their end", err); err != nil {
			return err
		}
	}
	_ = list.Do(ctx, "schema", "The schema's version", func(context.Context) (checklist.Result, error) {
		// Where the schema is must be said also when the call was cancelled.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		status, statusErr := m.migrator.Status(ctx)
		if statusErr != nil {
			return checklist.Result{}, statusErr
		}
		m.result.Outputs["version"] = strconv.FormatInt(status.Current, 10)
		m.result.Outputs["applied"] = strconv.Itoa(len(steps))
		return m.summary(status, steps, done), nil
	})
	return nil
}

func (m migrating) summary(status migration.Status, steps []apply.Step, done string) checklist.Result {
	evidence := fmt.Sprintf("%s is at version %d", m.migrator.Title(), status.Current)
	switch statements, slowest := m.migrator.Tally(); {
	case len(steps) > 0:
		evidence += fmt.Sprintf(": %s %d with %s, the slowest %d ms", done, len(steps), counted(statements, "statement"), slowest.Milliseconds())
	case len(status.Pending) == 0:
		evidence += ", nothing was pending"
	}
	return checklist.Passed(evidence)
}

func counted(number int, what string) string {
	if number == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", number, what)
}

// status lists what is pending, and whether it could be applied.
func (m migrating) status(ctx context.Context) {
	_ = m.result.Checklist.Do(ctx, "schema", "The schema's version", func(ctx context.Context) (checklist.Result, error) {
		status, err := m.migrator.Status(ctx)
		if err != nil {
			return checklist.Result{}, err
		}
		m.result.Outputs["version"] = strconv.FormatInt(status.Current, 10)
		if err := status.Check(); err != nil {
			return checklist.Result{}, err
		}
		m.ignored()
		m.list(status.Pending, "pending")
		return checklist.Passed(fmt.Sprintf("%s is at version %d, %d applied, %d pending",
			m.migrator.Title(), status.Current, len(status.Applied), len(status.Pending))), nil
	})
}

// plan says what up or down would do. An error is one of usage.
func (m migrating) plan(ctx context.Context) error {
	if m.call.Inputs.Command() == "up" {
		m.status(ctx)
		return nil
	}
	undo, err := m.migrator.Undo(ctx, int64(m.call.Inputs.Int("to")))
	if err != nil {
		return m.result.Checklist.Failure(ctx, "migrate", "The migrations can be taken back", err)
	}
	_ = m.result.Checklist.Do(ctx, "schema", "The schema's version", func(ctx context.Context) (checklist.Result, error) {
		status, err := m.migrator.Status(ctx)
		if err != nil {
			return checklist.Result{}, err
		}
		m.list(undo, "would be taken back")
		losses, err := m.migrator.Losses(ctx, undo)
		if err != nil {
			return checklist.Result{}, err
		}
		for _, one := range losses {
			m.result.Checklist.Items = append(m.result.Checklist.Items, checklist.Item{
				ID: "loss", Title: "Data that would be lost", Verdict: checklist.Warn, Evidence: strings.TrimPrefix(one.Table+": "+one.What+" ("+one.File+")", ": "),
				Hint: "it is refused unless --accept-data-loss names the table",
			})
		}
		return checklist.Passed(fmt.Sprintf("%s is at version %d, %d would be taken back", m.migrator.Title(), status.Current, len(undo))), nil
	})
	return nil
}

func (m migrating) list(files []migration.File, what string) {
	for _, file := range files {
		m.result.Checklist.Items = append(m.result.Checklist.Items, checklist.Item{
			ID: strconv.FormatInt(file.Version, 10), Title: file.Name, Verdict: checklist.Skip, Evidence: what,
		})
	}
}

// ignored warns of files that look like migrations and are none.
func (m migrating) ignored() {
	for _, name := range m.set.Ignored {
		m.result.Checklist.Items = append(m.result.Checklist.Items, checklist.Item{
			ID: "ignored", Title: name, Verdict: checklist.Warn, Evidence: "its name does not begin with a version, so goose passes it over",
			Hint: "rename it, or move it out of the folder",
		})
	}
}
