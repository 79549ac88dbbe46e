package review_test

import (
	"testing"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// No function that PostgreSQL declares volatile is taken for one that is not.
func TestVolatileIsWhatPostgreSQLDeclares(t *testing.T) {
	t.Parallel()
	db := databasetest.Open(t, database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)})
	rows, err := db.QueryContext(t.Context(), `select proname, bool_or(provolatile = 'v') from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	steady := 0
	for rows.Next() {
		var function string
		var volatile bool
		if err := rows.Scan(&function, &volatile); err != nil {
			t.Fatal(err)
		}
		if judged := statement.Volatile(statement.Name{Name: function}); volatile && !judged {
			t.Errorf("%s() is volatile", function)
		} else if !judged {
			steady++
		}
	}
	if err := rows.Err(); err != nil || steady < 1000 {
		t.Errorf("only %d functions are known not to be volatile: %v", steady, err)
	}
}
