package apply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/apply"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// What the way down destroys is counted in the database as it is; only tables that are named may lose data.
func TestDownIsRefusedWhileItLosesData(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, down string
		// want are the losses, as table: what.
		want []string
		// elsewhere tells what only one of the dialects can do.
		only database.Dialect
	}{
		{"a table with rows", "drop table heroes;", []string{"heroes: 3 rows"}, ""},
		{"an empty table", "drop table empty;", nil, ""},
		{"a column with values", "alter table heroes drop column name;", []string{"heroes: 2 values of name"}, ""},
		{"a column without values", "alter table heroes drop column blank;", nil, ""},
		{"rows deleted", "delete from heroes where id = 1;", []string{"heroes: rows, of which some are deleted: 3"}, ""},
		{"values written over", "update heroes set name = 'x' where id = 1;", []string{"heroes: values of name, of which some are written over: 2"}, ""},
		{"values filled in again", "alter table heroes add column title text;\nupdate heroes set title = name;", nil, ""},
		{"rows written over", "insert into heroes (id) values (1) on conflict (id) do update set name = 'x';", []string{"heroes: rows, of which some may be written over: 3"}, ""},
		{"a table that is not there", "drop table if exists missing;", nil, ""},
		{"what an earlier statement renamed", "alter table heroes rename to people;\nalter table people rename column name to title;\nalter table people drop column title;\ndrop table people;", []string{"people: 2 values of title", "people: 3 rows"}, ""},
		{"what an earlier statement made", "alter table heroes add column note text;\nalter table heroes drop column note;", nil, ""},
		{"truncate", "truncate heroes;", []string{"heroes: 3 rows"}, database.PostgreSQL},
		{"another type", "alter table heroes alter column name type varchar(1);", []string{"heroes: values of name take another type, which may not hold all of them: 2"}, database.PostgreSQL},
		{"a block", "-- +goose StatementBegin\ndo $$ begin execute 'drop table ' || lower('HEROES'); end $$;\n-- +goose StatementEnd", []string{": what the statement in line 5 does is not known"}, database.PostgreSQL},
		{"a schema", "drop schema app cascade;", []string{": what is lost with the objects dropped in line 4 is not known"}, database.PostgreSQL},
		{"what cannot be read", "vacuum into 'x';", []string{": what the statement in line 4 does is not known"}, database.SQLite},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, settings database.Settings) {
				if test.only != "" && test.only != settings.Dialect {
					return
				}
				setup := "create table heroes (id integer primary key, name text, blank text);\ncreate table empty (id integer);\ninsert into heroes values (1, 'a', null), (2, 'b', null), (3, null, null);"
				files := map[string]string{"1_a.sql": setup + "|", "2_b.sql": "select 1;|" + test.down}
				set := read(t, files)
				m := open(t, apply.Options{Settings: settings, Set: set})
				if _, err := m.Up(t.Context()); err != nil {
					t.Fatal(err)
				}
				losses, err := m.Losses(t.Context(), []migration.File{set.Files[1]})
				if err != nil {
					t.Fatal(err)
				}
				var got, tables []string
				for _, loss := range losses {
					got = append(got, loss.Table+": "+loss.What)
					tables = append(tables, loss.Table)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Fatalf("losses (-want +got):\n%s", diff)
				}
				if len(tables) == 0 {
					return
				}
				_, err = m.Down(t.Context(), 1)
				if err == nil || !strings.Contains(err.Error(), "taking this back would lose data: ") || !strings.Contains(problem.Hint(err), "--accept-data-loss ") {
					t.Errorf("got error %v with hint %q", err, problem.Hint(err))
				}
				if status, err := m.Status(t.Context()); err != nil || status.Current != 2 {
					t.Errorf("got %+v, %v", status, err)
				}
				if tables[0] == "" {
					return
				}
				accepted := open(t, apply.Options{Settings: settings, Set: set, AcceptLoss: tables})
				if steps, err := accepted.Down(t.Context(), 1); err != nil || len(steps) != 1 {
					t.Errorf("accepted: got %v, %v", versions(steps), err)
				}
			})
		})
	}
}
