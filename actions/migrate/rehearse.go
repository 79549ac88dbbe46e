package migrate

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rehearsal"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

const (
	// copiedBytes is the size up to which the rows of a database are copied for a rehearsal.
	copiedBytes = 2 << 30
	// dropPatience is how long the copy may take to go when the call was cancelled.
	dropPatience = 15 * time.Second
)

// rehearsed runs what is pending on a copy beside the database, which is only read itself.
func rehearsed(ctx context.Context, call *verb.Call, aimed target, set migration.Set) (result verb.Result, err error) {
	if aimed.missing {
		return verb.Result{}, problem.New("`airlock migrate up` makes it", "there is no database yet that could be copied")
	}
	settings, err := aimed.settings(ctx)
	if err != nil {
		return verb.Result{}, err
	}
	progress := call.Progress("migrate rehearse")
	defer progress.Done()
	progress.Advance(0, 0, "copying the database")
	scratch, err := backup.NewScratch(ctx, backup.ScratchOptions{Settings: settings, MaximumBytes: copiedBytes, Now: call.Now, LookupEnv: os.LookupEnv})
	if err != nil {
		return verb.Result{}, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropPatience)
		defer cancel()
		err = errors.Join(err, scratch.Drop(ctx))
	}()
	report, err := rehearsal.Rehearse(ctx, rehearsal.Options{Set: set, Progress: progress, Settings: scratch.Settings})
	if err != nil {
		return verb.Result{}, err
	}
	if !scratch.Rows {
		call.Say("The copy has no rows: the database is too large for it. What is said of times and of rows is not that of the data.")
	}
	return verb.Result{Document: &verb.Document{
		Verdict: report.Verdict(), Value: report,
		Print:    func(w io.Writer, style checklist.Style) error { return rehearsal.WriteText(w, report, style) },
		Markdown: func() string { return rehearsal.Markdown(report) },
	}, Outputs: map[string]string{}}, nil
}
