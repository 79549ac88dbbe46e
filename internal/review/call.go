package review

import (
	"iter"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/schema"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// callsAsOne tells whether a statement runs a function, all of which is one transaction. An index that is built of one may be built
// CONCURRENTLY all the same.
func callsAsOne(one statement.Statement) bool {
	if len(one.Changes) == 0 {
		return false
	}
	_, index := one.Changes[len(one.Changes)-1].(statement.CreateIndex)
	return !index && slices.ContainsFunc(one.Changes, func(change statement.Change) bool { _, is := change.(statement.Call); return is })
}

// does returns what changes come to, and whether they are those of a body: in the place of a call stands what the body of the function does, and of those that it calls,
// each once. A function that is not in the schema is one of PostgreSQL's or of an extension, a procedure is not; where
// the statement is made for what it does, it is not known.
func does(on *schema.Schema, changes []statement.Change) iter.Seq2[statement.Change, bool] {
	return func(yield func(statement.Change, bool) bool) {
		var seen []string
		var all func([]statement.Change, bool) bool
		all = func(changes []statement.Change, within bool) bool {
			for _, change := range changes {
				call, is := change.(statement.Call)
				if !is {
					if !yield(change, within) {
						return false
					}
					continue
				}
				sources := on.Sources(call.Name)
				unseen := len(sources) == 0 && call.Effect && !call.Procedure
				if len(sources) == 0 && (call.Procedure || unseen) {
					sources = []string{""}
				}
				for _, source := range sources {
					body := []statement.Change{statement.Opaque{At: statement.At(call.Where()), Reason: "what " + name(call.Name) + "() does", Unseen: unseen}}
					if source != "" {
						if slices.Contains(seen, source) {
							continue
						}
						seen = append(seen, source)
						body = statement.Body(source, call.Where())
					}
					if !all(body, true) {
						return false
					}
				}
			}
			return true
		}
		all(changes, false)
	}
}
