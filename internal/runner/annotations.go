package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// Level says how bad an annotation is.
type Level string

// The levels that GitHub knows, from the worst.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelNotice  Level = "notice"
)

// annotationsPerLevel is how many annotations of each level GitHub shows for a step.
// https://docs.github.com/en/rest/checks/runs
const annotationsPerLevel = 10

// Annotation is a remark about a place in a file, or about the step when File is empty.
type Annotation struct {
	Level Level
	// Title and Message are text from outside and never markup.
	Title, Message string
	// File is relative to the repository.
	File string
	// Line, Column and EndLine count from one; zero means unknown.
	Line, Column, EndLine int
}

// Annotate collects an annotation; Close brings them out, the worst first.
func (r *Runner) Annotate(annotation Annotation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.annotations = append(r.annotations, annotation)
}

// rank orders the levels, with anything unknown as the worst.
func (l Level) rank() int { return slices.Index([]Level{LevelError, LevelWarning, LevelNotice}, l) }

func (r *Runner) flushAnnotations() {
	r.mu.Lock()
	annotations := r.annotations
	r.annotations = nil
	r.mu.Unlock()
	slices.SortStableFunc(annotations, func(a, b Annotation) int { return cmp.Compare(a.Level.rank(), b.Level.rank()) })

	counts := map[Level]int{}
	for _, annotation := range annotations {
		if annotation.Level.rank() < 0 {
			annotation.Level = LevelError
		}
		counts[annotation.Level]++
		switch {
		case !r.github && !r.options.Commands:
			fmt.Fprintln(r.err, r.annotationText(annotation))
		case counts[annotation.Level] <= annotationsPerLevel:
			r.annotateOnGitHub(annotation)
		}
	}
	if r.github || r.options.Commands {
		r.countTheRest(counts)
	}
}

func (r *Runner) countTheRest(counts map[Level]int) {
	var rest []string
	for _, level := range []Level{LevelError, LevelWarning, LevelNotice} {
		if more := counts[level] - annotationsPerLevel; more > 0 {
			rest = append(rest, fmt.Sprintf("%d more of level %s", more, level))
		}
	}
	if len(rest) > 0 {
		fmt.Fprintf(r.err, "Not shown, because GitHub shows %d annotations of each level a step: %s\n",
			annotationsPerLevel, strings.Join(rest, ", "))
	}
}

// annotationText returns file:line:column: level: title: message, without the parts that are unknown.
func (r *Runner) annotationText(annotation Annotation) string {
	place := r.outside(annotation.File)
	for _, number := range []int{annotation.Line, annotation.Column} {
		if place == "" || number <= 0 {
			break
		}
		place += ":" + strconv.Itoa(number)
	}
	parts := []string{place, string(annotation.Level), r.outside(annotation.Title), r.outside(annotation.Message)}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
}

func (r *Runner) annotateOnGitHub(annotation Annotation) {
	properties := map[string]string{}
	for name, value := range map[string]string{"title": r.outside(annotation.Title), "file": r.outside(annotation.File)} {
		if value != "" {
			properties[name] = value
		}
	}
	for name, value := range map[string]int{"line": annotation.Line, "col": annotation.Column, "endLine": annotation.EndLine} {
		if value > 0 && annotation.File != "" {
			properties[name] = strconv.Itoa(value)
		}
	}
	const limit = 4000
	message := inert(checklist.Shorten(checklist.Plain(r.Redact(annotation.Message)), limit))
	write := map[Level]func(*githubactions.Action, string, ...any){
		LevelError:   (*githubactions.Action).Errorf,
		LevelWarning: (*githubactions.Action).Warningf,
		LevelNotice:  (*githubactions.Action).Noticef,
	}[annotation.Level]
	// The stream remembers an error for Close.
	_ = withoutPanic(func() { write(r.action.WithFieldsMap(properties), "%s", message) })
}
