package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// The exit codes.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitCancelled    = 130
)

// show prints a checklist for people while a command goes on; machines get everything at the end.
func (a *airlock) show(list checklist.Checklist) {
	if a.format != runner.FormatText {
		return
	}
	if a.runner.OnGitHub() {
		defer a.runner.Group(strings.TrimSpace(list.Verb + " " + list.Command))()
	}
	// A writer that fails is noticed when the runner is closed.
	_ = checklist.WriteText(a.runner.Out(), list, a.runner.Style())
	fmt.Fprintln(a.runner.Out())
	a.summarise(list)
}

// say prints a paragraph for people.
func (a *airlock) say(text string) {
	if a.format == runner.FormatText {
		fmt.Fprintf(a.runner.Err(), "%s\n\n", checklist.Plain(text))
	}
}

// print brings out what came of the call, and returns the exit code.
func (a *airlock) print(result verb.Result, err error) int {
	code := exitCode(result, err)
	switch a.format {
	case runner.FormatJSON:
		a.printJSON(result, err)
	case runner.FormatSARIF:
		a.printSARIF(result)
	case runner.FormatGitHub:
		a.mark(result)
	default:
		a.printText(result)
	}
	if err != nil {
		a.printError(err)
	}
	if outputErr := errors.Join(a.printOutputs(result, err), a.report(result)); outputErr != nil {
		a.printError(outputErr)
		return max(code, exitFail)
	}
	return code
}

// exitCode maps errors and verdicts to the codes of the design.
func exitCode(result verb.Result, err error) int {
	var interrupted *runner.Interrupted
	switch {
	case errors.As(err, &interrupted):
		return exitCancelled
	case err != nil && problem.KindOf(err) == problem.Usage:
		return exitUsage
	case err != nil && problem.KindOf(err) == problem.Inconclusive:
		return exitInconclusive
	case err != nil:
		return exitFail
	}
	switch verdict := result.Verdict(); {
	case good(verdict):
		return exitPass
	case verdict == checklist.Inconclusive:
		return exitInconclusive
	}
	return exitFail
}

// good tells whether a verdict lets what comes next begin.
func good(verdict checklist.Verdict) bool {
	return verdict == checklist.Pass || verdict == checklist.Warn || verdict == checklist.Skip
}

func (a *airlock) printText(result verb.Result) {
	a.writeText(a.runner.Out(), result)
	a.mark(result)
}

// writeText prints what came of the call for people. A writer that fails is noticed when the runner is closed.
func (a *airlock) writeText(w io.Writer, result verb.Result) {
	switch document := result.Document; {
	case document != nil && document.Print != nil:
		_ = document.Print(w, a.runner.Style())
	case document != nil:
		fmt.Fprint(w, document.Text)
	case len(result.Checklist.Items) > 0:
		_ = checklist.WriteText(w, result.Checklist, a.runner.Style())
	}
}

// mark adds the result to the summary of a job, and marks on GitHub, or where commands are asked for, what did not pass.
func (a *airlock) mark(result verb.Result) {
	if document := result.Document; document != nil {
		if document.Markdown != nil && a.runner.OnGitHub() {
			a.addSummary(document.Markdown())
		}
		if document.Annotations != nil && a.marks() {
			for _, annotation := range document.Annotations() {
				a.runner.Annotate(annotation)
			}
		}
		return
	}
	if len(result.Checklist.Items) > 0 {
		a.summarise(result.Checklist)
		a.annotate(result.Checklist)
	}
}

// marks tells whether annotations are brought out: in a terminal the text says it already.
func (a *airlock) marks() bool { return a.runner.OnGitHub() || a.format == runner.FormatGitHub }

// printSARIF writes the document for code scanning. Without one, what there is goes to people, and standard output stays empty: an
// empty list of results would close every alert.
func (a *airlock) printSARIF(result verb.Result) {
	if result.Document == nil || result.Document.SARIF == nil {
		a.writeText(a.runner.Err(), result)
		return
	}
	version := number
	if build, known := debug.ReadBuildInfo(); known {
		version = cmp.Or(version, build.Main.Version)
	}
	a.encode(result.Document.SARIF(version))
}

// summarise adds a checklist to the job's summary on GitHub.
func (a *airlock) summarise(list checklist.Checklist) {
	var markdown strings.Builder
	if err := checklist.WriteMarkdown(&markdown, list); err != nil {
		return
	}
	a.addSummary(markdown.String())
}

func (a *airlock) addSummary(markdown string) {
	if err := a.runner.Summary(markdown); err != nil {
		a.printError(err)
	}
}

// annotate marks what did not pass on the run's page on GitHub.
func (a *airlock) annotate(list checklist.Checklist) {
	if !a.marks() {
		return
	}
	levels := map[checklist.Verdict]runner.Level{
		checklist.Fail: runner.LevelError, checklist.Inconclusive: runner.LevelError, checklist.Warn: runner.LevelWarning,
	}
	for _, item := range list.Items {
		if level, marked := levels[item.Verdict]; marked {
			a.runner.Annotate(runner.Annotation{Level: level, Title: list.Verb + ": " + item.Title, Message: strings.TrimSpace(item.Evidence + "\n" + item.Hint)})
		}
	}
}

// printJSON writes the one document that standard output holds.
func (a *airlock) printJSON(result verb.Result, err error) {
	var value any
	switch {
	case result.Document != nil:
		value = result.Document.Value
	case len(result.Checklist.Items) > 0:
		_ = checklist.WriteJSON(a.runner.Out(), result.Checklist)
		return
	case err != nil:
		value = map[string]string{"verdict": string(failedVerdict(err)), "error": err.Error(), "hint": problem.Hint(err)}
	default:
		value = map[string]string{"verdict": string(checklist.Inconclusive)}
	}
	a.encode(value)
}

// encode writes JSON on standard output. A log that is read line by line for commands in the old "##[name]" form would find them
// within strings too, and the runner would change the text to keep it from that.
func (a *airlock) encode(value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		a.printError(err)
		return
	}
	// A writer that fails is noticed when the runner is closed.
	_, _ = a.runner.Out().Write(bytes.ReplaceAll(text.Bytes(), []byte("##["), []byte(`##\u005b`)))
}

// printError tells people what happened and what to do next.
func (a *airlock) printError(err error) {
	fmt.Fprintf(a.runner.Err(), "airlock: %s\n", checklist.Plain(err.Error()))
	if hint := problem.Hint(err); hint != "" {
		fmt.Fprintf(a.runner.Err(), "  hint: %s\n", checklist.Plain(hint))
	}
	var unfinished *runner.Unfinished
	if errors.As(err, &unfinished) {
		fmt.Fprintln(a.runner.Err(), "  what it began may be half done: run the same again, it goes on where this stopped")
	}
	a.annotateError(err)
}

// annotateError marks an error on the run's page on GitHub, and one of the config on its line.
func (a *airlock) annotateError(err error) {
	if !a.marks() {
		return
	}
	var invalid *config.Invalid
	if !errors.As(err, &invalid) {
		a.runner.Annotate(runner.Annotation{Level: runner.LevelError, Title: "airlock", Message: strings.TrimSpace(err.Error() + "\n" + problem.Hint(err))})
		return
	}
	for _, finding := range invalid.Findings {
		file, err := filepath.Rel(a.directory, finding.File)
		if err != nil {
			file = finding.File
		}
		a.runner.Annotate(runner.Annotation{
			Level: runner.LevelError, Title: finding.Path, Message: finding.Message, File: file, Line: finding.Line, Column: finding.Column,
		})
	}
}
