package review_test

import (
	"testing"

	"github.com/randomchaoslabs/airlock/internal/review"
)

// A migration alone tells of what was there before it: by what its down section gives back, and by what it takes for granted.
func TestOneMigrationAlone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, up, down string
		found          string
		reversible     review.Reversible
	}{
		{"down says that a varchar was shorter", "alter table bills alter number type varchar(11);", "alter table bills alter number type varchar(9);", "", review.ReversibleYes},
		{"down says that it was another type", "alter table bills alter number type real;", "alter table bills alter number type numeric(9, 2);", "2:change-type 2:narrow-type", review.ReversibleWithLoss},
		{"nothing says what it was", "alter table bills alter number type varchar(11);", "", "2:change-type", review.ReversibleNo},
		{
			"a function that both replace", "create or replace function total() returns bigint language sql as 'select 2';",
			"create or replace function total() returns bigint language sql as 'select 1';", "", review.ReversibleYes,
		},
		{"a view over tables that were never seen", "create view open_bills as select * from bills where paid is null;", "drop view open_bills;", "", review.ReversibleYes},
		{"a column with its index", "alter table bills drop column status;", "alter table bills add column status text;\ncreate index bills_status on bills (status);", "2:drop-column", review.ReversibleWithLoss},
		{"an index that is left", "alter table bills add column status text;", "alter table bills drop column status;\ncreate index bills_paid on bills (paid);", "3:incomplete-down", review.ReversibleNo},
		{"a table and a column by other names", "alter table bills rename to b;\nalter table b rename column x to y;", "alter table b rename column y to x;\nalter table b rename to bills;", "2:rename-table 3:rename-column", review.ReversibleYes},
		{"a table that keeps its other name", "alter table bills rename to b;\nalter table b rename column x to y;", "alter table b rename column y to x;", "2:rename-table 3:rename-column 4:incomplete-down", review.ReversibleNo},
		{"row level security for a while", "alter table bills disable row level security;", "alter table bills enable row level security;", "2:row-security-without-policy", review.ReversibleYes},
		{"row level security that stays off", "alter table bills disable row level security;\nalter table bills add column x int;", "alter table bills drop column x;", "2:row-security-without-policy 4:incomplete-down", review.ReversibleNo},
		{"a constraint that may have been there", "alter table bills drop constraint if exists c;\nalter table bills add column x int;", "alter table bills drop column x;", "", review.ReversibleNo},
		{"a constraint that is put in its place", "alter table bills drop constraint if exists c;\nalter table bills add constraint c check (x > 0) not valid;", "alter table bills drop constraint c;", "", review.ReversibleYes},
		{"a sequence that was never seen", "alter sequence s rename to s2;", "alter sequence s2 rename to s;", "", review.ReversibleYes},
		{"a table that was never seen is dropped", "drop table if exists bills;", "create table bills (id bigint primary key);", "2:drop-table", review.ReversibleWithLoss},
		{"the first migration makes it anew", "drop table if exists bills;\ncreate table bills (id bigint primary key);", "drop table bills;", "", review.ReversibleYes},
		{"an enum value that is used", "alter type mood add value 'owner';\nupdate bills set mood = 'owner'::mood where id = 1;", "", "2:enum-add-value 3:enum-value-in-transaction", review.ReversibleNo},
		{"an enum value", "alter type mood add value if not exists 'calm';", "select 1;", "2:enum-add-value", review.ReversibleNo},
		{
			"a type in place of another", "alter type mood rename to mood_old;\ncreate type mood as enum ('a', 'b');\nalter table bills alter mood type mood using mood::text::mood;\ndrop type mood_old;",
			"alter type mood rename to mood_new;\ncreate type mood as enum ('a');\nalter table bills alter mood type mood using mood::text::mood;\ndrop type mood_new;", "4:change-type", review.ReversibleYes,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := "-- +goose Up\n" + test.up + "\n-- +goose Down\n" + test.down
			if got := judged(t, text); got != test.found {
				t.Errorf("found %q, want %q", got, test.found)
			}
			if outcome, reasons := verdicts(t, text); outcome.Reversible != test.reversible {
				t.Errorf("it is %s, want %s: %s", outcome.Reversible, test.reversible, reasons)
			}
		})
	}
}
