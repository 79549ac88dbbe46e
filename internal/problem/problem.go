// Package problem holds the one kind of error that Airlock shows to people: what happened, on what, and what to do next.
package problem

import (
	"errors"
	"fmt"
)

// Kind says how a problem ends the program.
type Kind int

const (
	// Failure is a check or a step that did not succeed: exit code 1.
	Failure Kind = iota
	// Usage is a wrong flag, input or config: nothing was touched, exit code 2.
	Usage
	// Inconclusive is a question that could not be answered: exit code 3. It is never a yes.
	Inconclusive
)

// Problem is an error with a hint, which is printed on a line of its own.
type Problem struct {
	Kind Kind
	// What happened, and on what, in one sentence.
	What string
	// Hint says what to do next; it may be empty.
	Hint string
	// Err is the cause, or nil.
	Err error
}

// Error returns what happened; the text of the cause is part of it.
func (p *Problem) Error() string { return p.What }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// New returns a failure with a hint, which may be empty.
func New(hint, format string, arguments ...any) error {
	return build(Failure, hint, format, arguments)
}

// Wrong returns a usage problem with a hint, which may be empty.
func Wrong(hint, format string, arguments ...any) error {
	return build(Usage, hint, format, arguments)
}

// Unknown returns an inconclusive problem with a hint, which may be empty.
func Unknown(hint, format string, arguments ...any) error {
	return build(Inconclusive, hint, format, arguments)
}

// build formats What; an error that the format wraps with %w stays reachable.
func build(kind Kind, hint, format string, arguments []any) error {
	wrapped := fmt.Errorf(format, arguments...)
	return &Problem{Kind: kind, Hint: hint, What: wrapped.Error(), Err: errors.Unwrap(wrapped)}
}

// Hint returns the hint nearest to the surface of err, or an empty string.
func Hint(err error) string {
	for err != nil {
		var p *Problem
		if !errors.As(err, &p) {
			return ""
		}
		if p.Hint != "" {
			return p.Hint
		}
		err = p.Err
	}
	return ""
}

// KindOf returns the kind of err; an error that is not a Problem is a Failure.
func KindOf(err error) Kind {
	var p *Problem
	if errors.As(err, &p) {
		return p.Kind
	}
	return Failure
}
