package runner

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// outputLimit is what GitHub accepts of a job's outputs, in bytes of UTF-16.
	// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
	outputLimit = 1 << 20
	// summaryLimit is what GitHub accepts of a step's summary, in bytes.
	// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
	summaryLimit = 1 << 20
	// outputDelimiter ends a value in the file that go-githubactions writes; the library does not look for it in values.
	outputDelimiter = "_GitHubActionsFileCommandDelimeter_"
	// summaryCut is the last line of a summary that was too long.
	summaryCut = "\n\n_The rest was cut: GitHub accepts 1 MiB of summary a step._\n"
)

// ErrMasked says that a value cannot be an output.
var ErrMasked = errors.New("it holds a value that is masked")

var outputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)

// Output sets an output of the step; in a terminal there are none and it does nothing. A name or value that GitHub would
// take for something else or that does not fit is an error. A value that holds a masked one is ErrMasked: GitHub would drop
// it silently, and what comes after the step would decide by nothing.
func (r *Runner) Output(name, value string) error {
	if !r.github {
		return nil
	}
	if !outputName.MatchString(name) {
		return problem.New("", "set output %q: the name must be letters, digits, - and _", quotable(name))
	}
	if strings.Contains(value, outputDelimiter) {
		return problem.New("", "set output %s: its value holds the text that ends a value in GitHub's file", name)
	}
	if r.Redact(value) != value {
		return problem.New("AIRLOCK_ENV holds a value that is no secret but a word of every day, such as a name or a number: put it into the config, or make it another",
			"set output %s: %w, and GitHub would drop it", name, ErrMasked)
	}
	size := 2 * len(utf16.Encode([]rune(name+value)))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outputSize+size > outputLimit {
		return problem.New("Write large values to a file and pass its path", "set output %s: the outputs are larger than 1 MB", name)
	}
	r.outputSize += size
	if r.options.Getenv("GITHUB_OUTPUT") == "" {
		return problem.New("Is this a step of a GitHub Actions job?", "set output %s: GITHUB_OUTPUT is not set", name)
	}
	if err := withoutPanic(func() { r.action.SetOutput(name, value) }); err != nil {
		return problem.New("", "set output %s: %w", name, err)
	}
	return nil
}

// Summary adds Markdown to the step's summary, with secrets hidden; in a terminal it does nothing. What goes beyond GitHub's
// limit is cut at a line, with a note.
func (r *Runner) Summary(markdown string) error {
	if !r.github {
		return nil
	}
	file := r.options.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return problem.New("Is this a step of a GitHub Actions job?", "add to the summary: GITHUB_STEP_SUMMARY is not set")
	}
	markdown = r.Redact(markdown)
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return problem.New("", "add to the summary: %w", err)
	}
	room := summaryLimit - 1 // The library ends what it writes with a newline.
	if err == nil {
		room -= int(min(info.Size(), summaryLimit))
	}
	if r.summaryFull {
		return nil
	}
	// There is always room left for the note that a later part may need.
	if len(markdown)+len(summaryCut) > room {
		r.summaryFull = true
		if markdown = cutAtLine(markdown, room); markdown == "" {
			return nil
		}
	}
	if err := withoutPanic(func() { r.action.AddStepSummary(markdown) }); err != nil {
		return problem.New("", "add to the summary: %w", err)
	}
	return nil
}

// cutAtLine returns as many lines of the text as fit into room bytes together with a note; nothing when there is not even
// room for the note.
func cutAtLine(text string, room int) string {
	room = min(room-len(summaryCut), len(text))
	if room < 0 {
		return ""
	}
	for room > 0 && room < len(text) && !utf8.RuneStart(text[room]) {
		room--
	}
	text = text[:room]
	if end := strings.LastIndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return text + summaryCut
}
