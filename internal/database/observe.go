package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/stdlib"
)

// Statement is one SQL statement on its way to the server, exactly as the server receives it.
type Statement struct {
	SQL string
	// Arguments are the values of its parameters.
	Arguments []driver.NamedValue
	// Query tells that rows were asked for: goose runs what a migration holds without asking for any.
	Query bool
	// InTransaction tells whether a transaction was begun on this connection through database/sql.
	InTransaction bool
}

// Observer stands between whoever runs statements and the server, on the goroutine that runs them.
type Observer interface {
	// Statement is called in place of the statement: run hands it to the server. Whether and how often is the observer's choice, and
	// what it returns is what the caller of the statement gets.
	Statement(ctx context.Context, session Session, statement Statement, run func() error) error
	// End learns that a transaction ended that was begun through database/sql, and with what error.
	End(session Session, committed bool, err error)
}

// Session is the connection of a statement, valid until the observer returns.
type Session struct{ connection *connection }

// PID returns the number of the server's process, 0 on SQLite.
func (s Session) PID() uint32 {
	if inner, is := s.connection.Conn.(*stdlib.Conn); is {
		return inner.Conn().PgConn().PID()
	}
	return 0
}

// Status returns how the server says that the connection stands: 'I' outside of a transaction, 'T' in one, 'E' in one that failed. On
// SQLite it is 0.
func (s Session) Status() byte {
	if inner, is := s.connection.Conn.(*stdlib.Conn); is {
		return inner.Conn().PgConn().TxStatus()
	}
	return 0
}

// Execute runs SQL on the connection itself, as Ask does.
func (s Session) Execute(ctx context.Context, sql string, arguments ...any) error {
	execer, ok := s.connection.Conn.(driver.ExecerContext)
	if !ok {
		return driver.ErrSkip
	}
	values := make([]driver.NamedValue, len(arguments))
	for i, argument := range arguments {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: argument}
	}
	_, err := execer.ExecContext(ctx, sql, values)
	return err
}

// Ask runs a query on the connection itself, inside its transaction if there is one, and calls each for every row. The observer is
// not told of it. Inside a transaction that failed it is an error.
func (s Session) Ask(ctx context.Context, query string, each func(row []driver.Value) error) (err error) {
	queryer, ok := s.connection.Conn.(driver.QueryerContext)
	if !ok {
		return driver.ErrSkip
	}
	rows, err := queryer.QueryContext(ctx, query, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// observed is a connector whose connections report to an observer. pgx's own tracer can neither refuse nor replace a
// statement, hence a wrapper around the driver.
type observed struct {
	driver.Connector
	observer Observer
}

// Connect returns the driver's own connection when nobody observes.
func (o observed) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := o.Connector.Connect(ctx)
	if err != nil || o.observer == nil {
		return inner, err
	}
	return &connection{Conn: inner, observer: o.observer}, nil
}

// Unwrap returns the driver's own connection of one that database/sql gives away, as by sql.Conn.Raw.
func Unwrap(inner any) any {
	if wrapped, is := inner.(*connection); is {
		return wrapped.Conn
	}
	return inner
}

// connection forwards everything that database/sql looks for, and reports what is executed and queried.
type connection struct {
	driver.Conn
	observer      Observer
	inTransaction bool
}

// report has the observer run one statement.
func (c *connection) report(ctx context.Context, statement Statement, run func() error) error {
	statement.InTransaction = c.inTransaction
	return c.observer.Statement(ctx, Session{c}, statement, run)
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, arguments []driver.NamedValue) (result driver.Result, err error) {
	execer, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	result = driver.RowsAffected(0)
	err = c.report(ctx, Statement{SQL: query, Arguments: arguments}, func() (err error) {
		result, err = execer.ExecContext(ctx, query, arguments)
		return err
	})
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, arguments []driver.NamedValue) (rows driver.Rows, err error) {
	queryer, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	err = c.report(ctx, Statement{SQL: query, Arguments: arguments, Query: true}, func() (err error) {
		rows, err = queryer.QueryContext(ctx, query, arguments)
		return err
	})
	return rows, err
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *connection) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if preparer, ok := c.Conn.(driver.ConnPrepareContext); ok {
		return preparer.PrepareContext(ctx, query)
	}
	return c.Prepare(query)
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	beginner, ok := c.Conn.(driver.ConnBeginTx)
	if !ok {
		return nil, driver.ErrSkip
	}
	inner, err := beginner.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	c.inTransaction = true
	return &transaction{Tx: inner, connection: c}, nil
}

// Ping implements driver.Pinger.
func (c *connection) Ping(ctx context.Context) error {
	if pinger, ok := c.Conn.(driver.Pinger); ok {
		return pinger.Ping(ctx)
	}
	return nil
}

// ResetSession implements driver.SessionResetter.
func (c *connection) ResetSession(ctx context.Context) error {
	if resetter, ok := c.Conn.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}

// IsValid implements driver.Validator.
func (c *connection) IsValid() bool {
	if validator, ok := c.Conn.(driver.Validator); ok {
		return validator.IsValid()
	}
	return true
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c *connection) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// transaction keeps the connection's state in step with the driver's.
type transaction struct {
	driver.Tx
	connection *connection
}

// Commit ends the transaction.
func (t *transaction) Commit() error {
	t.connection.inTransaction = false
	err := t.Tx.Commit()
	t.connection.observer.End(Session{t.connection}, err == nil, err)
	return err
}

// Rollback ends the transaction.
func (t *transaction) Rollback() error {
	t.connection.inTransaction = false
	err := t.Tx.Rollback()
	t.connection.observer.End(Session{t.connection}, false, err)
	return err
}
