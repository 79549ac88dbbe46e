//go:build e2e

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// forged is in every command that a hostile text wants to give, and in all that it wants to show.
const forged = "FORGED"

func hostileText(t *testing.T) {
	s := newScenario(t, options{})
	folder, err := os.MkdirTemp("", "e") // A short name: a label is short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	command := "touch " + folder + "/p"
	label := "::error::FORGED $(" + command + ") `" + command + "` '\"; " + command + " #" +
		" ##[add-mask]FORGED %0A::error::FORGED ]]> <script>FORGED</script> | \\ | **b** [c](d)"
	// As git takes it: https://git-scm.com/docs/git-check-ref-format
	branch := "main-$(touch${IFS}" + folder + "/p)`touch${IFS}" + folder + "/p`;<script>|FORGED"
	s.commit(t, "Fix $("+command+") `"+command+"`\n\n::set-output name=FORGED::x\n::add-mask::FORGED\n##[error]FORGED\n\r::error::FORGED\n"+
		"\x1b[31m]]></script><script>FORGED</script>\n| a | b |\n", 5)
	s.git(t, "checkout", "--quiet", "-b", branch)
	first := image(t, "v1")
	from := trigger{event: "push", comment: "go\n::set-output name=FORGED::x\n" + label}

	from.run = 7001
	ended := s.start(t, from, first, "v1\n::set-output name=FORGED::x\n::error::FORGED")
	s.expect(t, ended, false, map[string]string{"promote/plan": "failure"})
	expectText(t, ended, "is not one printable line of at most 200 bytes")
	s.expectObedience(t, ended, folder)
	s.expectUntouched(t)

	from.run = 7002
	ended = s.start(t, from, first, label)
	s.expect(t, ended, true, both())
	s.expectObedience(t, ended, folder)
	s.expectServed(t, served{"v1", 5}, served{"v1", 5})
	for _, deployment := range s.github.State().Deployments {
		var payload struct{ Release struct{ Label string } }
		text := string(deployment.Payload)
		_ = json.Unmarshal(deployment.Payload, &text) // It can be a string that holds JSON.
		if err := json.Unmarshal([]byte(text), &payload); err != nil || payload.Release.Label != label {
			t.Errorf("the record of %s is about %q, %v, want %q", deployment.Environment, payload.Release.Label, err, label)
		}
	}
	for _, name := range []string{"sandbox", "production"} {
		report := filepath.Join(s.folder, "artifacts", "7002", "airlock-"+name+"-1", "09-record-close.json")
		var closed checklist.Checklist
		if err := json.Unmarshal([]byte(read(t, report)), &closed); err != nil || closed.Release != label {
			t.Errorf("the report of %s is about %q, %v, want %q", name, closed.Release, err, label)
		}
	}
}

// expectObedience sees that no text from outside was obeyed: nothing ran, no command was given, and summaries show it as text.
func (s *scenario) expectObedience(t testing.TB, ended outcome, folder string) {
	t.Helper()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("a text was run as a command: %v, %v", entries, err)
	}
	for _, command := range ended.commands {
		// An error of ours may quote the text, and an output may hold it.
		raw := strings.TrimSpace(command.Raw)
		ours := strings.HasPrefix(raw, "::error title=") || strings.HasPrefix(raw, "::warning title=") || strings.HasPrefix(raw, "::notice title=")
		if command.Name == forged || strings.Contains(raw, forged) && !ours {
			t.Errorf("a text gave the command %q %s", command.Raw, command.Name)
		}
	}
	// GitHub obeys what act does not: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
	for _, printed := range ended.printed {
		if strings.Contains(printed, "##[") || strings.HasPrefix(strings.TrimSpace(printed), "::") {
			t.Errorf("a step printed what GitHub takes for a command: %q", printed)
		}
	}
	for job, summary := range ended.summaries {
		if strings.Contains(strings.ToLower(summary), "<script") {
			t.Errorf("the summary of %s holds a script:\n%s", job, summary)
		}
		// The rows of a table have as many columns as its head.
		wanted := 0
		for row := range strings.Lines(summary) {
			columns := strings.Count(strings.ReplaceAll(row, "\\|", ""), "|") - 1
			switch {
			case !strings.HasPrefix(row, "|"):
				wanted = 0
			case wanted == 0:
				wanted = columns
				if head := strings.TrimSpace(row); head != "| verdict | item | evidence | time |" && head != "| migration | way back | up | down | up again |" {
					t.Errorf("a table in the summary of %s begins with %s", job, row)
				}
			case columns != wanted:
				t.Errorf("a row in the summary of %s has %d columns: %s", job, columns, row)
			}
			if strings.HasPrefix(strings.TrimSpace(row), "::") {
				t.Errorf("a line in the summary of %s is a command: %s", job, row)
			}
		}
	}
}
