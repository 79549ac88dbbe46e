// Package statement reads SQL with PostgreSQL's own grammar, and says what each statement does as a list of changes.
package statement

// Statement is one SQL statement.
type Statement struct {
	// Text is its SQL, from its first token on and without the semicolon.
	Text string
	// Offset and End are its place in the text that was parsed, in bytes.
	Offset, End int
	// Changes are what it does, in order. A DO block has those of its body.
	Changes []Change
	// Block tells a DO block: its changes may run once, many times or never.
	Block bool
	// IfExists tells ALTER … IF EXISTS: where the object is missing, the statement does nothing.
	IfExists bool
}
