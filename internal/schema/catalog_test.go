package schema_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// parse reads SQL of a test.
func parse(t testing.TB, text string) []statement.Statement {
	t.Helper()
	statements, err := statement.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return statements
}

// apply does what statements do, and returns what PostgreSQL would refuse.
func apply(s *schema.Schema, migration int, statements ...statement.Statement) []schema.Conflict {
	var conflicts []schema.Conflict
	for _, one := range statements {
		for _, change := range one.Changes {
			conflicts = append(conflicts, s.Apply(change, schema.Origin{Migration: migration})...)
		}
	}
	return conflicts
}

func messages(differences []schema.Difference) string {
	var lines []string
	for _, one := range differences {
		lines = append(lines, one.Message)
	}
	return strings.Join(lines, "\n")
}

// The scripts of testdata run on PostgreSQL and in memory, statement by statement. What PostgreSQL refuses has to be a certain
// conflict, what it accepts none, and in the end the catalogs have to hold what memory does, names included.
func TestReplayIsWhatPostgreSQLDoes(t *testing.T) {
	t.Parallel()
	for number, script := range scripts(t) {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
			connection, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			replay(t, connection, script)
		})
	}
}

func replay(t *testing.T, connection *sql.Conn, script []statement.Statement) {
	t.Helper()
	memory := schema.New()
	memory.Complete = true
	for _, one := range script {
		_, refused := connection.ExecContext(t.Context(), one.Text)
		attempt := memory.Clone()
		var certain []string
		for _, conflict := range apply(attempt, 1, one) {
			if conflict.Certain {
				certain = append(certain, conflict.Message)
			}
		}
		switch {
		case refused != nil && len(certain) == 0:
			t.Errorf("%s\n  PostgreSQL refuses it, and the replay does not: %v", one.Text, refused)
		case refused == nil && len(certain) > 0:
			t.Errorf("%s\n  PostgreSQL accepts it, and the replay does not: %s", one.Text, strings.Join(certain, "; "))
		case refused == nil:
			memory = attempt
		}
	}
	live, err := schema.ReadCatalog(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	if differences := schema.Diff(memory, live); len(differences) > 0 {
		t.Errorf("from the replay to the catalogs:\n%s", messages(differences))
	}
	if differences := schema.Diff(live, memory); len(differences) > 0 {
		t.Errorf("from the catalogs to the replay:\n%s", messages(differences))
	}
}
