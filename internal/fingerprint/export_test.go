package fingerprint

import (
	"context"
	"database/sql"
	"slices"
)

// SchemaWithin reads the schema as a transaction sees it, which a test can then roll back.
func SchemaWithin(ctx context.Context, tx *sql.Tx) (Schema, error) {
	if _, err := tx.ExecContext(ctx, settings); err != nil {
		return nil, err
	}
	schema, err := schemaOf(ctx, tx)
	slices.SortFunc(schema, compareObjects)
	return schema, err
}
