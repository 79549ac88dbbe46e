package review_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/review"
)

// An index whose table was never seen is no table.
func TestAnIndexIsNamedAsOne(t *testing.T) {
	t.Parallel()
	text := "DROP INDEX users_a;\nDROP INDEX users_b;\nUPDATE users SET a = 1 WHERE b = 2;"
	_, _, _, findings := second(t, text, nil)
	for _, finding := range findings {
		if finding.Rule == "several-tables-locked" || finding.Rule == "ddl-and-backfill" && !strings.HasPrefix(finding.Message, "the table of the index users_a is locked") {
			t.Errorf("%s: %s", finding.Rule, finding.Message)
		}
	}
}

func TestAnIndexOfTheRowsThatPointSomewhereServes(t *testing.T) {
	t.Parallel()
	for condition, served := range map[string]bool{"customer_id IS NOT NULL": true, "note IS NOT NULL": false, "customer_id > 7": false} {
		_, _, _, findings := second(t, "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;\nCREATE INDEX ON orders (customer_id) WHERE "+condition+";", nil)
		if found := slices.ContainsFunc(findings, func(one review.Finding) bool { return one.Rule == "foreign-key-without-index" }); found == served {
			t.Errorf("%s: found %t", condition, found)
		}
	}
}

// Goose refuses a file whose down section has no end; what its up section does is told all the same.
func TestUpIsReviewedWhereDownHasNoEnd(t *testing.T) {
	t.Parallel()
	blocking, _, outcome, _ := second(t, down("DROP TABLE feelings;", "CREATE TABLE feelings (id bigint primary key)"), nil)
	if blocking != "2:drop-table 4:not-analysed" || outcome.Version != 2 || outcome.Reversible != review.ReversibleNo || outcome.PreviousVersionCompatible {
		t.Errorf("got %q and %+v", blocking, outcome)
	}
}

func TestMessagesSayWhatItIs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, rule, want string }{
		{"a down that refuses", down("DROP TABLE feelings;", block("RAISE EXCEPTION 'no way back';")), "missing-down", "the down section only raises an exception, and the up section changes the database"},
		{"another primary key", "ALTER TABLE feelings DROP CONSTRAINT feelings_pkey;\nALTER TABLE feelings ADD PRIMARY KEY (id, word);", "drop-primary-key", "the primary key of feelings is replaced by another"},
		{
			"a body that goose cuts", "CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $$\nBEGIN\n  PERFORM 1;\n  RETURN 1;\nEND;\n$$;\nSELECT 1;", "not-analysed",
			"goose cuts this statement inside of $$, at a semicolon that ends a line: put `-- +goose StatementBegin` before it and `-- +goose StatementEnd` behind it",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var said []string
			_, _, _, findings := second(t, test.text, nil)
			for _, finding := range findings {
				if finding.Rule == test.rule {
					said = append(said, finding.Message)
				}
			}
			if got := strings.Join(said, "\n"); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
