package fingerprint

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/database"
)

// Object is one object of a schema.
type Object struct {
	// Kind is what it is in words, such as "table", "column", "constraint", "index", "comment" or "owner and privileges".
	Kind string `json:"kind"`
	// Name is its full name, with that of its table in front.
	Name string `json:"name"`
	// Definition says all of it, as the server itself prints it.
	Definition string `json:"definition"`
}

// Schema is all objects of a database that somebody made, in the order of their kinds and names.
type Schema []Object

// columnOrder is the kind of the order of a table's columns, in which no statement that names its columns can see a difference.
const columnOrder = "column order"

// ReadSchema reads the objects of a database, without goose's own table.
func ReadSchema(ctx context.Context, db *database.Database) (Schema, error) {
	read := postgreSQLSchema
	if db.Dialect == database.SQLite {
		read = sqliteSchema
	}
	schema, err := read(ctx, db)
	if err != nil {
		return nil, database.Explain(err, db.Title)
	}
	slices.SortFunc(schema, compareObjects)
	return schema, nil
}

func compareObjects(a, b Object) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Definition, b.Definition))
}

func postgreSQLSchema(ctx context.Context, db *database.Database) (schema Schema, err error) {
	s, err := begin(ctx, db, "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	return schemaOf(ctx, s.tx)
}

func schemaOf(ctx context.Context, tx *sql.Tx) (Schema, error) {
	var version int
	if err := tx.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, schemaQuery(version), database.GooseTable+"|"+database.RecordTable)
	if err != nil {
		return nil, err
	}
	return objects(rows)
}

// objects reads rows of a kind, a name and a definition.
func objects(rows *sql.Rows) (Schema, error) {
	defer rows.Close()
	var schema Schema
	for rows.Next() {
		var one Object
		var definition sql.NullString
		if err := rows.Scan(&one.Kind, &one.Name, &definition); err != nil {
			return nil, err
		}
		one.Definition = definition.String
		schema = append(schema, one)
	}
	return schema, rows.Err()
}

// Difference is one object in which two schemas differ.
type Difference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Before and After are the definitions, nil where there is no such object.
	Before *string `json:"before"`
	After  *string `json:"after"`
	// Message says it in words.
	Message string `json:"message"`
	// OnlyOrder tells that it is the order of a table's columns.
	OnlyOrder bool `json:"onlyOrder,omitempty"`
}

// CompareSchemas returns the objects in which after differs from before. The order of the columns of a table is told only where
// the table has the same columns, and apart.
func CompareSchemas(before, after Schema) []Difference {
	var differences []Difference
	add := func(one Object, was, is *string, message string) {
		differences = append(differences, Difference{Kind: one.Kind, Name: one.Name, Before: was, After: is, Message: message, OnlyOrder: one.Kind == columnOrder})
	}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		order := -1
		switch {
		case i == len(before):
			order = 1
		case j < len(after):
			order = cmp.Or(cmp.Compare(before[i].Kind, after[j].Kind), cmp.Compare(before[i].Name, after[j].Name))
		}
		switch {
		case order < 0:
			if before[i].Kind != columnOrder {
				add(before[i], &before[i].Definition, nil, fmt.Sprintf("%s %s is missing", before[i].Kind, before[i].Name))
			}
			i++
		case order > 0:
			if after[j].Kind != columnOrder {
				add(after[j], nil, &after[j].Definition, fmt.Sprintf("%s %s is left", after[j].Kind, after[j].Name))
			}
			j++
		default:
			was, is := before[i].Definition, after[j].Definition
			switch {
			case was == is:
			case before[i].Kind != columnOrder:
				add(before[i], &was, &is, fmt.Sprintf("%s %s is another: %s, it was %s", before[i].Kind, before[i].Name, short(is, was), short(was, is)))
			case sameColumns(was, is):
				add(before[i], &was, &is, fmt.Sprintf("the columns of %s are in another order", before[i].Name))
			}
			i, j = i+1, j+1
		}
	}
	return differences
}

func sameColumns(a, b string) bool {
	split := func(text string) []string {
		columns := strings.Split(text, ", ")
		slices.Sort(columns)
		return columns
	}
	return slices.Equal(split(a), split(b))
}

// short bounds a definition in a message to what is around the first place where it differs from another; the whole of it is in the
// difference.
func short(definition, other string) string {
	const limit, around = 120, 30
	definition, other = strings.Join(strings.Fields(definition), " "), strings.Join(strings.Fields(other), " ")
	if definition == "" {
		return "nothing"
	}
	if len(definition) <= limit {
		return definition
	}
	same := 0
	for same < min(len(definition), len(other)) && definition[same] == other[same] {
		same++
	}
	before, after := "", ""
	if from := min(same-around, len(definition)-limit); from > 0 {
		definition, before = definition[from:], "…"
	}
	if len(definition) > limit {
		definition, after = definition[:limit], "…"
	}
	return before + strings.ToValidUTF8(definition, "") + after
}
