package statement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

func TestWhatIsTooDeepForTheParserIsRefused(t *testing.T) {
	t.Parallel()
	nested := func(open, inner, closed string) string {
		return "select " + strings.Repeat(open, 15_000) + inner + strings.Repeat(closed, 15_000)
	}
	tests := map[string]string{
		"a sum": "select 1" + strings.Repeat("+1", 30_000), "a text of many": nested("", "'a'", "||'a'"), "parentheses": nested("(", "1", ")"), "subqueries": nested("(select ", "1", ")"),
		"CASE": nested("case when ", "true", " then true end"), "CASE behind ELSE": nested("case when a then b else ", "c", " end"), "arrays": "select array" + strings.Repeat("[", 30_000) + "1" + strings.Repeat("]", 30_000),
		"NOT": nested("not ", "true", ""), "casts": nested("", "1", "::int"), "UNION": nested("", "1, 2", " union select 1, 2"), "JOIN": nested("", "1 from a", " join b on a.x and b.x or c"),
		"FROM": nested("1 from (select ", "1", ") x"), "AND within OR": nested("(a or b and ", "c", ")"),
	}
	for name, sql := range tests {
		_, err := statement.Parse(sql)
		var refused *statement.SyntaxError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "too deeply") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	blocks := map[string]string{
		"IF": strings.Repeat("if a then ", 15_000) + "null; " + strings.Repeat("end if; ", 15_000), "BEGIN": strings.Repeat("begin ", 30_000) + "null; " + strings.Repeat("end; ", 30_000),
		"a sum": "perform 1" + strings.Repeat(" + 1", 30_000) + ";", "EXECUTE": "execute 'select 1" + strings.Repeat(" + 1", 30_000) + "';",
	}
	for name, body := range blocks {
		statements, err := statement.Parse("do $$ begin " + body + " end $$")
		if err != nil || len(statements) != 1 || len(statements[0].Changes) != 1 {
			t.Fatalf("%s: got %v, %v", name, statements, err)
		}
		if _, opaque := statements[0].Changes[0].(statement.Opaque); !opaque {
			t.Errorf("%s: got %#v", name, statements[0].Changes[0])
		}
	}
}

func TestWhatIsLongAndNotDeepIsRead(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"rows": "insert into t (a, b) values (1, lower('x'))" + strings.Repeat(", (1, -2)", 20_000), "a list": "delete from t where id in (1" + strings.Repeat(", 2", 100_000) + ")",
		"OR": "delete from t where a = 1" + strings.Repeat(" or a = 1 and b = 2", 5_000), "WHEN": "update t set a = case b" + strings.Repeat(" when 1 then 'x'", 5_000) + " end where id = 1",
		"statements": strings.Repeat("select 1; ", 5_000), "blocks": "do $$ begin " + strings.Repeat("if a then b := case when c then 1 end; else null; end if; drop table if exists t; ", 2_000) + " end $$",
		"rows of a union": "insert into t select 1, 'a'" + strings.Repeat(" union all select 2, 'b'", 150), "a text": "select 'a'" + strings.Repeat(" || 'b'", 300),
	}
	for name, sql := range tests {
		if statements, err := statement.Parse(sql); err != nil || len(statements) == 0 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
