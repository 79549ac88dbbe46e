package fingerprint

import (
	"fmt"
	"strings"
)

// native tells whether equal values of a type have equal hashes, and different ones are not taken for equal. All other types go
// through their text: numeric 1.0 and 1.00, 0 and -0 of floats, '1 day' and '24 hours', citext in two cases, jsonb {} and []
// hash alike, a char without a length is equal to one with spaces behind it, an enum hashes by the number of its label, and json, xml, tsvector, bits, money and geometry have no hash.
// Tried on PostgreSQL 15; the text is what a dump keeps.
func native(base string, deterministic bool) bool {
	switch base {
	case "bool", "int2", "int4", "int8", "uuid", "bytea", "date", "time", "timestamp", "timestamptz":
		return true
	case "text", "varchar", "character":
		return deterministic
	}
	return false
}

// kind is what is known of a column's type; that of a domain is the type below it.
type kind struct {
	// Base is the type's name in pg_catalog, "character" for a char of a length, and empty for a type of a user's or an extension's.
	Base          string
	Deterministic bool
	// Cast tells that somebody made a cast to text, which may say less than the type's own text.
	Cast bool
}

// expressionOf returns what is hashed of a column.
func expressionOf(column string, kind kind) string {
	quoted := quote(column)
	switch {
	case native(kind.Base, kind.Deterministic):
		return quoted
	case kind.Base == "regproc" || kind.Base == "regoper":
		// Their own text is the name only, and functions and operators of one name are many. https://www.postgresql.org/docs/current/datatype-oid.html
		return quoted + "::" + map[string]string{"regproc": "regprocedure", "regoper": "regoperator"}[kind.Base] + `::text COLLATE "C"`
	case kind.Base == "_regproc" || kind.Base == "_regoper":
		return quoted + "::" + map[string]string{"_regproc": "regprocedure", "_regoper": "regoperator"}[kind.Base] + `[]::text COLLATE "C"`
	case kind.Base == "bpchar" || kind.Cast:
		// A cast to text takes the spaces away; format has what the type itself says.
		return fmt.Sprintf(`CASE WHEN %s THEN format('%%s', %s) COLLATE "C" END`, notNull(column), quoted)
	}
	return quoted + `::text COLLATE "C"`
}

// notNull tells whether a column has a value. IS NOT NULL also looks into a composite, and says no for a NULL within it.
// https://www.postgresql.org/docs/current/functions-comparison.html
func notNull(column string) string { return quote(column) + " IS DISTINCT FROM NULL" }

func quote(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }

func literal(text string) string {
	return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + `'`
}

// The seeds are not zero: with zero the mixed hash of a row would be that of its own hash. Two different ones, so that swapping a
// value between two rows does not leave the sum as it is: the hash of a row is nearly linear in its columns.
const (
	rowSeed = 6364136223846793005
	mixSeed = 1442695040888963407
)
