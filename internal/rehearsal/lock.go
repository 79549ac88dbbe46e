package rehearsal

import (
	"slices"
	"strings"
)

// modes are the lock modes of tables from the weakest, as pg_locks names them.
// https://www.postgresql.org/docs/current/explicit-locking.html
func modes() []string {
	return []string{"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
}

// strength orders modes by what they keep others from.
func strength(mode string) int { return slices.Index(modes(), mode) }

// stronger returns the stronger of two modes.
func stronger(a, b string) string {
	if strength(a) > strength(b) {
		return a
	}
	return b
}

// words returns a mode as people write it.
func words(mode string) string {
	var text strings.Builder
	for i, character := range strings.TrimSuffix(mode, "Lock") {
		if i > 0 && character >= 'A' && character <= 'Z' {
			text.WriteByte(' ')
		}
		text.WriteRune(character)
	}
	return strings.ToUpper(text.String())
}

// blocks returns what others cannot do while a mode is held: SELECT takes ACCESS SHARE, INSERT, UPDATE and DELETE take ROW EXCLUSIVE,
// and most of ALTER TABLE takes ACCESS EXCLUSIVE. Rows that were changed are locked one by one beside.
func blocks(mode string, changed bool) []string {
	blocked := []string{}
	switch held := strength(mode); {
	case held == strength("AccessExclusiveLock"):
		blocked = append(blocked, "reads", "writes")
	case held >= strength("ShareLock"):
		blocked = append(blocked, "writes")
	case changed:
		blocked = append(blocked, "writes of the changed rows")
	}
	return append(blocked, "schema changes")
}
