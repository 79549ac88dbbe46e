package schema_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// scripts returns the statements of each script of testdata.
func scripts(t *testing.T) [][]statement.Statement {
	t.Helper()
	names, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	all := make([][]statement.Statement, len(names))
	for i, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = parse(t, string(text))
	}
	return all
}

// Down sections can hold anything in any order: nothing of it may end the program, and a schema never differs from its copy.
func TestStatementsInAnyOrder(t *testing.T) {
	t.Parallel()
	all := slices.Concat(scripts(t)...)
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		s := schema.New()
		s.Complete = seed%2 == 0
		for i, one := range all {
			before := s.Clone()
			apply(s, i, one)
			schema.Diff(before, s)
			if i%3 == 0 {
				s = before
			}
		}
		if differences := schema.Diff(s, s.Clone()); len(differences) > 0 {
			t.Fatalf("seed %d: %s", seed, messages(differences))
		}
	}
}

// Scripts in which statements have changed places run on PostgreSQL and in memory. Not all that PostgreSQL refuses is known to
// be refused then, but nothing that it accepts may be a certain conflict, and what is there in the end is the same.
func TestNothingCertainIsWrong(t *testing.T) {
	t.Parallel()
	for number, script := range scripts(t) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(number, "-", seed), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(seed, uint64(number)))
				// Whether a schema of the search path exists is not known when no statement made it.
				statements := slices.DeleteFunc(slices.Clone(script), func(one statement.Statement) bool {
					_, is := one.Changes[0].(statement.Set)
					return is
				})
				for range 10 + random.IntN(60) {
					i, j := random.IntN(len(statements)), random.IntN(len(statements))
					statements[i], statements[j] = statements[j], statements[i]
				}
				db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
				connection, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer connection.Close()
				memory := schema.New()
				memory.Complete = true
				for _, one := range statements {
					if _, refused := connection.ExecContext(t.Context(), one.Text); refused != nil {
						continue
					}
					for _, conflict := range apply(memory, 1, one) {
						if conflict.Certain {
							t.Errorf("%s\n  PostgreSQL accepts it, and the replay does not: %s", one.Text, conflict.Message)
						}
					}
				}
				live, err := schema.ReadCatalog(t.Context(), connection)
				if err != nil {
					t.Fatal(err)
				}
				if differences := schema.Diff(memory, live); len(differences) > 0 {
					t.Errorf("from the replay to the catalogs:\n%s", messages(differences))
				}
			})
		}
	}
}
