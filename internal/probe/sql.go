package probe

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// SQLOptions say what to ask the database and what to expect.
type SQLOptions struct {
	Name     string
	Database *database.Database
	// Query is one statement that reads, without a semicolon inside, and starts with select, with, values, table or show.
	Query string
	// Want is the one value of its one row, as text. Plain decimal numbers are compared by value, so that 0, "0" and
	// "0.00" are equal; SQL's NULL equals nothing, not even the text NULL: ask with "is null" instead.
	Want string
	// Within bounds the look; 5 s when zero.
	Within time.Duration
}

// SQL asks one question.
type SQL struct{ options SQLOptions }

var (
	readingForm = regexp.MustCompile(`(?i)^(select|with|values|table|show)\b`)
	numberForm  = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)
)

// maximumNumberBytes bounds what is compared as a number.
const maximumNumberBytes = 400

// NewSQL checks the options and asks nothing. More than one statement is refused, since the second could leave the
// transaction that keeps the first from writing.
func NewSQL(options SQLOptions) (*SQL, error) {
	options.Query = strings.TrimSpace(options.Query)
	options.Query = strings.TrimSpace(strings.TrimSuffix(options.Query, ";"))
	if options.Name == "" {
		return nil, problem.Wrong("add a name", "a check of the data has no name")
	}
	if !readingForm.MatchString(options.Query) {
		return nil, problem.Wrong("start it with select or with", "the query of check %q does not read", options.Name)
	}
	if strings.Contains(options.Query, ";") {
		return nil, problem.Wrong("ask one question a check; in a text write chr(59), or char(59) on SQLite", "the query of check %q holds a semicolon", options.Name)
	}
	if options.Within < 0 {
		return nil, problem.Wrong("", "the time for check %q is negative", options.Name)
	}
	if options.Within == 0 {
		options.Within = defaultWithin
	}
	return &SQL{options}, nil
}

// Name implements Probe.
func (s *SQL) Name() string { return s.options.Name }

// Look implements Probe. A database that cannot be reached is inconclusive: the application may reach it all the same.
func (s *SQL) Look(ctx context.Context) Look {
	return take(ctx, s.Name(), s.options.Within, func(ctx context.Context) (checklist.Verdict, string) {
		connection, err := s.options.Database.Conn(ctx)
		if err != nil {
			return checklist.Inconclusive, s.explain(err)
		}
		defer connection.Close()
		if s.options.Database.Dialect == database.SQLite {
			restore, err := queryOnly(ctx, connection)
			if err != nil {
				return checklist.Inconclusive, s.explain(err)
			}
			defer restore()
		}
		got, err := s.ask(ctx, connection)
		var counted *countError
		switch {
		case errors.As(err, &counted):
			return checklist.Fail, counted.Error()
		case err != nil:
			return checklist.Fail, s.explain(err)
		case !equal(got, s.options.Want):
			return checklist.Fail, fmt.Sprintf("wanted %q, got %s", excerpt(s.options.Want), show(got))
		}
		return checklist.Pass, show(got)
	})
}

func (s *SQL) explain(err error) string {
	return excerpt(database.Explain(err, s.options.Database.Title).Error())
}

// countError says that an answer is not one value.
type countError struct{ text string }

func (e *countError) Error() string { return e.text }

// ask returns the one value of the query.
func (s *SQL) ask(ctx context.Context, connection *sql.Conn) (any, error) {
	transaction, err := connection.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	// Never committed: a function that the query calls leaves nothing either.
	defer transaction.Rollback()
	rows, err := transaction.QueryContext(ctx, s.options.Query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	if len(columns) != 1 {
		return nil, &countError{fmt.Sprintf("wanted one column, got %d", len(columns))}
	}
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return nil, &countError{"wanted one row, got none"}
	}
	var got any
	if err := rows.Scan(&got); err != nil {
		return nil, err
	}
	if rows.Next() {
		return nil, &countError{"wanted one row, got more"}
	}
	return got, rows.Err()
}

// queryOnly makes a SQLite connection refuse to write, and returns what puts its own setting back: the connection
// returns to a pool that others write through. https://www.sqlite.org/pragma.html#pragma_query_only
func queryOnly(ctx context.Context, connection *sql.Conn) (restore func(), err error) {
	var before int
	if err := connection.QueryRowContext(ctx, "pragma query_only").Scan(&before); err != nil {
		return nil, err
	}
	restore = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), defaultWithin)
		defer cancel()
		if _, err := connection.ExecContext(ctx, fmt.Sprintf("pragma query_only = %d", before)); err != nil {
			// A connection in an unknown state must not be handed to anybody.
			connection.Raw(func(any) error { return driver.ErrBadConn })
		}
	}
	if _, err := connection.ExecContext(ctx, "pragma query_only = 1"); err != nil {
		restore()
		return nil, err
	}
	return restore, nil
}

// equal compares a value of a driver with the wanted text.
func equal(got any, want string) bool {
	if got == nil {
		return false
	}
	value := text(got)
	if value == want {
		return true
	}
	if max(len(value), len(want)) > maximumNumberBytes || !numberForm.MatchString(value) || !numberForm.MatchString(want) {
		return false
	}
	// Of bounded length and without an exponent, which could make a number of any size.
	left, ok := new(big.Rat).SetString(value)
	right, okay := new(big.Rat).SetString(want)
	return ok && okay && left.Cmp(right) == 0
}

// text writes a value as database/sql delivers it: https://pkg.go.dev/database/sql/driver#Value
func text(value any) string {
	switch value := value.(type) {
	case []byte:
		return string(value)
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case time.Time:
		return value.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}

func show(value any) string {
	if value == nil {
		return "NULL"
	}
	return fmt.Sprintf("%q", excerpt(text(value)))
}
