package apply

import (
	"context"
	"database/sql/driver"
	"fmt"
	"regexp"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

// lasting are the words without which a statement leaves nothing in its session.
var lasting = regexp.MustCompile(`(?i)\b(set|set_config|reset|discard|temp|temporary|load|do|call|select|perform)\b`)

// leaves tells whether a file may leave something in its session.
func leaves(file *current) bool {
	return slices.ContainsFunc(file.statements, func(one migration.Statement) bool { return lasting.MatchString(one.SQL) })
}

// leftovers says what a session has that the next one would not: settings and temporary tables. The limits that are set before each
// statement are none.
func leftovers(ctx context.Context, session database.Session) ([]string, error) {
	var left []string
	err := session.Ask(ctx, `select 'set ' || name from pg_settings where source = 'session' and name not in ('lock_timeout', 'statement_timeout')
		union all select 'temporary table ' || quote_ident(relname) from pg_class where relnamespace = pg_my_temp_schema() and relkind in ('r', 'p', 'v')
		order by 1`, func(row []driver.Value) error {
		left = append(left, fmt.Sprint(row[0]))
		return nil
	})
	return left, err
}
