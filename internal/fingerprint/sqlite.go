package fingerprint

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// readSQLite sums the rows of each table within one transaction. SQLite has no hashes, so that the rows come here. What stands
// in a column is asked for as an expression: of a column itself the driver makes times and booleans, and quote() ends at a zero
// byte. https://www.sqlite.org/lang_expr.html: the unary + changes nothing.
func readSQLite(ctx context.Context, db *database.Database, options Options) (Data, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	data, err := sqliteTables(ctx, tx, options)
	if err = errors.Join(err, tx.Rollback()); err != nil {
		return Data{}, database.Explain(err, db.Title)
	}
	return data, nil
}

func sqliteTables(ctx context.Context, tx *sql.Tx, options Options) (Data, error) {
	const query = `SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND c.hidden IN (0, 3) ORDER BY m.name, c.name`
	shadows, err := sqliteShadows(ctx, tx)
	if err != nil {
		return Data{}, err
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return Data{}, err
	}
	defer rows.Close()
	var data Data
	for rows.Next() {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return Data{}, err
		}
		name := Name{Name: table}
		if shadows[table] || database.Records(table) || options.Skip != nil && options.Skip(name) {
			continue
		}
		if last := len(data.Tables); last == 0 || data.Tables[last-1].Name != name {
			data.Tables = append(data.Tables, Table{Name: name})
		}
		last := &data.Tables[len(data.Tables)-1]
		last.Columns = append(last.Columns, Column{Name: column, Type: kind, expression: "+" + quote(column)})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return Data{}, err
	}
	slices.SortFunc(data.Tables, func(a, b Table) int { return compareNames(a.Name, b.Name) })
	for i := range data.Tables {
		if err := sumSQLite(ctx, tx, &data.Tables[i], options.Columns); err != nil {
			return Data{}, err
		}
	}
	data.Sequences, err = sqliteSequences(ctx, tx, options.Skip)
	return data, err
}

// sqliteShadows are the tables in which virtual tables keep what is read of them already, such as the index of words, which looks
// otherwise when it was built otherwise. Of a full text index without content there is nothing else to read.
// https://www.sqlite.org/vtab.html#xshadowname, https://www.sqlite.org/fts5.html#contentless_tables
func sqliteShadows(ctx context.Context, tx *sql.Tx) (map[string]bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT s.name FROM pragma_table_list s JOIN sqlite_schema v ON v.sql LIKE 'create virtual table%' AND substr(lower(s.name), 1, length(v.name) + 1) = lower(v.name) || '_'
WHERE s.schema = 'main' AND s.type = 'shadow' AND replace(lower(v.sql), ' ', '') NOT LIKE '%content=''''%' AND replace(lower(v.sql), ' ', '') NOT LIKE '%content=""%'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	shadows := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		shadows[name] = true
	}
	return shadows, errors.Join(rows.Err(), rows.Close())
}

func sumSQLite(ctx context.Context, tx *sql.Tx, table *Table, columns bool) error {
	expressions := make([]string, len(table.Columns))
	for i, column := range table.Columns {
		expressions[i] = column.expression
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+quote(table.Name.Name))
	if err != nil {
		return err
	}
	defer rows.Close()
	sums := newTotal(len(table.Columns))
	values, into, texts := make([]any, len(table.Columns)), make([]any, len(table.Columns)), make([][]byte, len(table.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, value := range values {
			if texts[i], err = told(texts[i][:0], value); err != nil {
				return fmt.Errorf("table %s: %w", table.Name, err)
			}
			if columns && value != nil {
				sums.notNull[i]++
				sums.sums[i].Add(sums.sums[i], hashed(texts[i]))
			}
		}
		sums.rows++
		sums.sum.Add(sums.sum, hashed(texts...))
	}
	sums.put(table, columns)
	return rows.Err()
}

// told appends a value with its type: 1 is another than 1.0 and than '1', and a text another than a blob of the same bytes.
// https://www.sqlite.org/datatype3.html
func told(to []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(to, 'n'), nil
	case int64:
		return binary.BigEndian.AppendUint64(append(to, 'i'), uint64(value)), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(to, 'r'), math.Float64bits(value)), nil
	case string:
		return append(append(to, 't'), value...), nil
	case []byte:
		return append(append(to, 'b'), value...), nil
	}
	return nil, fmt.Errorf("a value of the driver's type %T is not known", value)
}

// hashed returns 64 bits of a hash of some values, each with its length so that none can pass for two.
func hashed(values ...[]byte) *big.Int {
	hash := sha256.New()
	for _, value := range values {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(value))))
		hash.Write(value)
	}
	return new(big.Int).SetUint64(binary.BigEndian.Uint64(hash.Sum(nil)))
}
