package fingerprint

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// readSQLite sums the rows of each table within one transaction. SQLite has no hashes, so that the rows come here; quote() tells
// types apart, 1 from 1.0 and from '1'. https://www.sqlite.org/lang_corefunc.html#quote
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
		if database.Records(table) || options.Skip != nil && options.Skip(name) {
			continue
		}
		if last := len(data.Tables); last == 0 || data.Tables[last-1].Name != name {
			data.Tables = append(data.Tables, Table{Name: name})
		}
		last := &data.Tables[len(data.Tables)-1]
		last.Columns = append(last.Columns, Column{Name: column, Type: kind, expression: "quote(" + quote(column) + ")"})
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
	return data, nil
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
	values, into := make([]string, len(table.Columns)), make([]any, len(table.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		sums.rows++
		sums.sum.Add(sums.sum, hashed(values...))
		for i, value := range values {
			if columns && value != "NULL" {
				sums.notNull[i]++
				sums.sums[i].Add(sums.sums[i], hashed(value))
			}
		}
	}
	sums.put(table, columns)
	return rows.Err()
}

// hashed returns 64 bits of a hash of some values, each with its length so that none can pass for two.
func hashed(values ...string) *big.Int {
	hash := sha256.New()
	for _, value := range values {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(value))))
		hash.Write([]byte(value))
	}
	return new(big.Int).SetUint64(binary.BigEndian.Uint64(hash.Sum(nil)))
}
