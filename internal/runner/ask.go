package runner

import (
	"context"
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// CanAsk tells whether there is a person to ask.
func (r *Runner) CanAsk() bool {
	return !r.github && !r.options.JSON && r.options.Terminal && r.answers != nil
}

// Ask puts a yes-or-no question to the person at the terminal: only y and yes mean yes. Without a person it is a usage
// problem; when the context ends first, its cause is returned.
func (r *Runner) Ask(ctx context.Context, question string) (bool, error) {
	question = r.outside(question)
	nobody := problem.Wrong("Use --yes to answer beforehand", "cannot ask %q: nobody is at a terminal", question)
	if !r.CanAsk() {
		return false, nobody
	}
	fmt.Fprintf(r.err, "%s [y/N] ", question)

	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	// A read from a terminal cannot be interrupted: when the context ends, the goroutine stays until the program does.
	go func() {
		// ReadSlice bounds the line by the reader's buffer.
		line, err := r.answers.ReadSlice('\n')
		replies <- reply{string(line), err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(r.err)
		return false, context.Cause(ctx)
	case reply := <-replies:
		r.answered()
		if reply.err != nil {
			return false, nobody
		}
		answer := strings.ToLower(strings.TrimSpace(reply.line))
		return answer == "y" || answer == "yes", nil
	}
}

// answered notes that the person's own newline has ended the line of the question.
func (r *Runner) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err.midLine = false
}
