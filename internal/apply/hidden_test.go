package apply_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// A table that search_path hides is not a database without migrations.
func TestAHiddenVersionTableIsInconclusive(t *testing.T) {
	t.Parallel()
	location := databasetest.PostgreSQL(t)
	with := func(path string) database.Settings {
		parsed, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		query := parsed.Query()
		query.Set("search_path", path)
		parsed.RawQuery = query.Encode()
		return database.Settings{Dialect: database.PostgreSQL, URL: parsed.String()}
	}
	if _, err := databasetest.Open(t, with("public")).ExecContext(t.Context(), "create schema app"); err != nil {
		t.Fatal(err)
	}
	seeing := migrator(t, with("app"), three(), nil)
	if _, err := seeing.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, err := seeing.Status(t.Context()); err != nil || status.Current != 3 {
		t.Errorf("with the schema in search_path: got %+v, %v", status, err)
	}

	blind := migrator(t, with("public"), three(), nil)
	_, statusErr := blind.Status(t.Context())
	_, upErr := blind.Up(t.Context())
	for _, err := range []error{statusErr, upErr} {
		if problem.KindOf(err) != problem.Inconclusive || err == nil || !strings.Contains(err.Error(), `in the schema app,`) || !strings.Contains(problem.Hint(err), "search_path") {
			t.Errorf("got error %v with hint %q", err, problem.Hint(err))
		}
	}
}
