package migrate

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/draft"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/review"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// drafted writes new migrations into the folder. None takes the place of a file that is there.
func drafted(call *verb.Call) (verb.Result, error) {
	if call.Inputs.String("name") == "" {
		return verb.Result{}, problem.Wrong("for example: airlock migrate new create_orders", "migrate new needs a name")
	}
	var named review.Options
	folder, directory, err := reviewedFolder(call, &named)
	if err != nil {
		return verb.Result{}, err
	}
	set, err := known(folder, named.Title)
	if err != nil {
		return verb.Result{}, err
	}
	files, err := draft.New(draft.Options{
		Set: set, Name: call.Inputs.String("name"), Safe: call.Inputs.String("safe"), Objects: call.Inputs.List("objects"), Now: call.Now(),
	})
	if err != nil {
		return verb.Result{}, err
	}
	result := verb.Result{Checklist: call.Checklist(), Outputs: map[string]string{}}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return verb.Result{}, problem.New("", "the migrations folder %s cannot be made: %w", named.Title, err)
	}
	for _, file := range files {
		if err := write(filepath.Join(directory, file.Name), file.Text); err != nil {
			return verb.Result{}, problem.New("", "%s/%s cannot be written: %w", named.Title, file.Name, err)
		}
		what, _, _ := strings.Cut(strings.TrimPrefix(file.Text, "-- "), "\n")
		if strings.HasPrefix(what, "+goose") {
			what = "with both sections, to be filled in"
		}
		result.Checklist.Items = append(result.Checklist.Items, checklist.Item{
			ID: file.Name, Title: path.Join(named.Title, file.Name), Verdict: checklist.Pass, Evidence: what,
		})
	}
	return result, nil
}

// known reads the migrations that are there; a folder without any is empty.
func known(folder fs.FS, title string) (migration.Set, error) {
	files, err := fs.Glob(folder, "*.sql")
	if err == nil && len(files) == 0 {
		return migration.Set{}, nil
	}
	set, _, err := migration.Inspect(folder, title)
	return set, err
}

func write(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
