package review_test

import (
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/review"
)

// What is suggested as a down section, put below the up section, is judged to lead back.
func TestUndoLeadsBack(t *testing.T) {
	t.Parallel()
	const given = `create table heroes (id bigint primary key, name text, level integer not null, "Odd name" text);`
	tests := map[string]string{
		"create table guilds (id bigint primary key);":                                                                "DROP TABLE guilds;",
		"alter table heroes add column rank integer, add column \"Rank\" integer;":                                    "ALTER TABLE heroes DROP COLUMN \"Rank\";\nALTER TABLE heroes DROP COLUMN rank;",
		"create type mood as enum ('good'); create table moods (id bigint primary key, mood mood);":                   "DROP TABLE moods;\nDROP TYPE mood;",
		"alter table heroes alter name set not null;":                                                                 "ALTER TABLE heroes ALTER COLUMN name DROP NOT NULL;",
		"alter table heroes alter level drop not null;":                                                               "ALTER TABLE heroes ALTER COLUMN level SET NOT NULL;",
		"alter table heroes rename column name to title; create index heroes_title on heroes (title);":                "DROP INDEX heroes_title;\nALTER TABLE heroes RENAME COLUMN title TO name;",
		"alter table heroes rename to champions; alter table champions add constraint c check (level > 0) not valid;": "ALTER TABLE champions DROP CONSTRAINT c;\nALTER TABLE champions RENAME TO heroes;",
		// What cannot be said for certain is not said.
		"alter table heroes drop column name;":                     "",
		"create table if not exists guilds (id bigint);":           "",
		"create index on heroes (level);":                          "",
		"insert into heroes (id, level) values (1, 1);":            "",
		"alter table heroes add check (level > 0);":                "",
		"create table guilds (id bigint); drop table if exists x;": "",
	}
	for up, want := range tests {
		t.Run(up, func(t *testing.T) {
			t.Parallel()
			suggested := ""
			for _, finding := range reviewed(t, given, example{text: up}, nil).Findings {
				if finding.Rule == "missing-down" {
					suggested = strings.TrimPrefix(finding.Suggestion, "-- +goose Down\n")
				}
			}
			if suggested != want {
				t.Fatalf("got\n%s\nwant\n%s", suggested, want)
			}
			if want == "" {
				return
			}
			outcome, _ := verdicts(t, "-- +goose Up\n"+given, "-- +goose Up\n"+up+"\n-- +goose Down\n"+suggested)
			if outcome.Reversible != review.ReversibleYes {
				t.Errorf("with this down it is %s: %v", outcome.Reversible, outcome.Reasons)
			}
		})
	}
}
