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

// expressionOf returns what is hashed of a column.
func expressionOf(column, base string, deterministic bool) string {
	quoted := quote(column)
	switch {
	case native(base, deterministic):
		return quoted
	case base == "bpchar":
		// A cast to text takes the spaces away.
		return fmt.Sprintf(`CASE WHEN %s IS NOT NULL THEN format('%%s', %[1]s) COLLATE "C" END`, quoted)
	}
	return quoted + `::text COLLATE "C"`
}

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
