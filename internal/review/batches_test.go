package review_test

import (
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// In batches, with a commit after each, a statement does what it does at once.
func TestBatchesDoWhatTheStatementDoes(t *testing.T) {
	t.Parallel()
	const given = `create table "Heroes" (id bigint primary key, level integer, "Odd name" text, guild_id bigint, batch_to integer, this_batch_from integer);
insert into "Heroes" (id, level, "Odd name", guild_id) select n, n % 7, 'hero ' || n, n % 3 from generate_series(1, 12001) n where n % 10 <> 0;
create table guilds (id bigint primary key, bonus integer); insert into guilds values (0, 5), (1, 7);`
	tests := map[string]string{
		"all rows":                             `update "Heroes" set level = coalesce(level, 0) + 1`,
		"a condition with OR":                  `update "Heroes" set "Odd name" = 'it''s ' || id where level = 1 or level = 2`,
		"an alias":                             `update "Heroes" as h set level = -1 where h.level > 3`,
		"another table":                        `update "Heroes" h set level = level + g.bonus from guilds g where g.id = h.guild_id`,
		"a condition that stays":               `update "Heroes" set level = level where level > 3`,
		"rows to delete":                       `delete from "Heroes" where level in (1, 3)`,
		"a column with the name of a variable": `update "Heroes" set batch_to = level where this_batch_from is null`,
		"all rows to delete":                   `delete from "Heroes"`,
		"rows to delete by another":            `delete from "Heroes" h using guilds g where g.id = h.guild_id and g.bonus > 5`,
	}
	for name, plain := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statements, err := statement.Parse(plain)
			if err != nil {
				t.Fatal(err)
			}
			batched := statements[0].Changes[0].(interface {
				InBatches(string, ...string) string
			}).InBatches("id", "id", "level", "Odd name", "guild_id", "batch_to", "this_batch_from")
			if batched == "" {
				t.Fatal("it is not written in batches")
			}
			var after []string
			for _, sql := range []string{plain, batched} {
				db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
				for _, text := range split(t, given) {
					execute(t, db, text, "given")
				}
				execute(t, db, sql, "the statement")
				var sum string
				if err := db.QueryRowContext(t.Context(), `select count(*) || ' rows ' || coalesce(md5(string_agg(h::text, ',' order by id)), '') from "Heroes" h`).Scan(&sum); err != nil {
					t.Fatal(err)
				}
				after = append(after, sum)
			}
			if after[0] != after[1] {
				t.Errorf("at once %s, in batches %s:\n%s", after[0], after[1], batched)
			}
		})
	}
	for _, plain := range []string{
		`update "Heroes" set level = 1 returning id`, `with w as (select 1) update "Heroes" set level = 1`, `update "Heroes" set "Odd name" = '$batches$'`,
		`update "Heroes" set id = id + 1`, `update "Heroes" set level = $1`, `update "Heroes" set level = 1 where guild_id = $1`,
	} {
		statements, err := statement.Parse(plain)
		if err != nil {
			t.Fatal(err)
		}
		if batched := statements[0].Changes[0].(statement.Update).InBatches("id"); batched != "" {
			t.Errorf("%s: it cannot be written in batches, and is:\n%s", plain, batched)
		}
	}
}

// A name that is suggested for a constraint is free.
func TestTheSuggestedNameOfACheckIsFree(t *testing.T) {
	t.Parallel()
	_, _, _, findings := second(t, "ALTER TABLE orders ADD CONSTRAINT legacy_not_null CHECK (legacy <> '') NOT VALID;\nALTER TABLE orders ALTER COLUMN legacy SET NOT NULL;", nil)
	for _, finding := range findings {
		if finding.Rule == "set-not-null" && strings.Contains(finding.Suggestion, "ADD CONSTRAINT legacy_not_null1 CHECK") {
			return
		}
	}
	t.Errorf("got %+v", findings)
}
