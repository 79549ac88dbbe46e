package migrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/review"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// reviewed judges the migrations. It needs neither a config nor a database, and knows more with an environment.
func reviewed(ctx context.Context, call *verb.Call) (verb.Result, error) {
	version := call.Inputs.Int("pg-version")
	if version != 0 && (version < 14 || version > 18) {
		return verb.Result{}, problem.Wrong("name one from 14 to 18, or leave it out", "the review does not know PostgreSQL %d", version)
	}
	options := review.Options{Version: version, Today: call.Now()}
	folder, directory, err := reviewedFolder(call, &options)
	if err != nil {
		return verb.Result{}, err
	}
	if options.Set, options.Faults, err = migration.Inspect(folder, options.Title); err != nil {
		return verb.Result{}, err
	}
	if since := call.Inputs.String("since"); since != "" {
		if options.Known, err = knownSince(ctx, directory, since); err != nil {
			return verb.Result{}, err
		}
	}
	if call.Inputs.String("environment") != "" {
		if err := look(ctx, call, &options); err != nil {
			return verb.Result{}, err
		}
	}
	report, err := review.Review(ctx, options)
	if err != nil {
		return verb.Result{}, err
	}
	report = review.Rewritten(report, nil, call.Redact)
	result := verb.Result{Document: document(call, report), Outputs: map[string]string{"blocking": strconv.Itoa(len(report.Blocked()))}}
	if number := call.Inputs.Int("comment"); number > 0 {
		err = comment(ctx, call, number, report)
	}
	return result, err
}

// reviewedFolder returns the migrations folder as files and as a path, and fills in what findings call it: its path from where
// the call was made.
func reviewedFolder(call *verb.Call, options *review.Options) (fs.FS, string, error) {
	directory := call.Path(cmp.Or(call.Inputs.String("dir"), "migrations"))
	_, missing := os.Stat(call.Path(call.Inputs.String("config")))
	needed := call.Inputs.String("environment") != "" || call.Inputs.Given("config")
	if call.Inputs.String("dir") == "" && (needed || missing == nil) {
		config, err := call.LoadConfig()
		if err != nil {
			return nil, "", err
		}
		if directory = config.Migrations.Directory; !filepath.IsAbs(directory) {
			directory = filepath.Join(call.Root(), directory)
		}
	}
	options.Title = filepath.ToSlash(directory)
	if below, err := filepath.Rel(call.Directory, directory); err == nil {
		options.Title = filepath.ToSlash(below)
	}
	return os.DirFS(directory), directory, nil
}

// look reads what the environment's database has: its schema with the sizes of its tables, and the versions that are applied.
// Nothing is changed, and all of it is one moment.
func look(ctx context.Context, call *verb.Call, options *review.Options) error {
	workspace, err := call.Workspace()
	if err != nil {
		return err
	}
	db, err := workspace.Database(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	status, err := migration.ReadStatus(ctx, db, options.Set)
	if err != nil {
		return err
	}
	applied := map[int64]bool{}
	options.Database = &review.Known{Commit: db.Title, Latest: status.Current}
	for _, file := range status.Applied {
		applied[file.Version] = true
		options.Database.Files = append(options.Database.Files, file.Name)
	}
	for _, file := range status.Edited {
		options.Database.Edited = append(options.Database.Edited, file.Name)
	}
	for _, version := range status.Unknown {
		options.Database.Deleted = append(options.Database.Deleted, fmt.Sprintf("version %d", version))
	}
	options.Applied = func(version int64) bool { return applied[version] }
	if options.SQLite = db.Dialect == database.SQLite; options.SQLite {
		return nil // The schema is made by replaying what is applied.
	}
	if options.Version == 0 {
		var number int
		if err := db.QueryRowContext(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&number); err != nil {
			return database.Explain(err, db.Title)
		}
		options.Version = number
	}
	if options.Schema, err = schema.ReadCatalog(ctx, db); err != nil {
		return database.Explain(err, db.Title)
	}
	return nil
}

// document is the report in all the forms in which people and machines see it, each made when it is asked for.
func document(call *verb.Call, report review.Report) *verb.Document {
	// GitHub knows files by their paths below the repository's root.
	rooted := func() review.Report {
		root := cmp.Or(call.Getenv("GITHUB_WORKSPACE"), call.Directory)
		return review.Rewritten(report, func(file string) string {
			if below, err := filepath.Rel(root, call.Path(file)); err == nil {
				return filepath.ToSlash(below)
			}
			return file
		}, nil)
	}
	return &verb.Document{
		Verdict: report.Verdict(), Value: review.Document(report),
		Print:       func(w io.Writer, style checklist.Style) error { return review.WriteText(w, report, style) },
		Markdown:    func() string { return review.Markdown(report) },
		Annotations: func() []runner.Annotation { return annotations(rooted()) },
		SARIF:       func(version string) any { return review.SARIF(rooted(), review.Describe(review.Rules()), version) },
	}
}

// annotations are the findings as remarks on lines.
func annotations(report review.Report) []runner.Annotation {
	levels := map[review.Severity]runner.Level{review.Blocking: runner.LevelError, review.Warning: runner.LevelWarning, review.Information: runner.LevelNotice}
	var all []runner.Annotation
	for _, one := range review.Annotations(report) {
		all = append(all, runner.Annotation{
			Level: levels[one.Severity], Title: one.Title, Message: one.Message, File: one.File, Line: one.Line, Column: one.Column, EndLine: one.EndLine,
		})
	}
	return all
}

// comment keeps the pull request's comment up to date. A token that may not write, as that of a fork, is no failure.
func comment(ctx context.Context, call *verb.Call, pullRequest int, report review.Report) error {
	client, err := call.GitHub()
	if err != nil {
		return err
	}
	_, err = client.Comment(ctx, pullRequest, review.CommentMarker, review.Comment(report))
	if errors.Is(err, githubapi.ErrForbidden) {
		call.Say("The pull request gets no comment: " + err.Error())
		return nil
	}
	return err
}
