package docs_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/runner"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// works fails when a config is wrong, or asks for something that a verb does not do yet.
func works(t *testing.T, name, text string) {
	t.Helper()
	loaded, err := config.Parse(name, []byte(text))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, environment := range loaded.EnvironmentNames() {
		approval := loaded.Environments[environment].Approval
		for _, v := range verbs() {
			// What is approved on GitHub is not promoted by a laptop.
			if v.Name == "promote" && approval != nil && approval.By != "terminal" {
				continue
			}
			if err := v.Refuse(loaded, environment); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestConfigsOfTheDocumentationWork(t *testing.T) {
	t.Parallel()
	configs := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if b.language == "yaml" && strings.Contains("\n"+b.text, "\nversion: 1\n") {
				configs++
				works(t, fmt.Sprintf("%s, block in line %d", p.path, b.line), b.text)
			}
		}
	}
	if configs == 0 {
		t.Error("no config was found: this test is blind")
	}
}

func TestConfigsOfTheExampleWork(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", "github"} {
		name := filepath.Join(root, "examples", "wos", folder, "airlock.yaml")
		works(t, name, fileText(t, name))
	}
}

var command = regexp.MustCompile(`(?:^|[\s(])airlock((?: [a-z][a-z-]*)*)((?: --[a-z-]+(?:[ =][^\s-]\S*)?)*)`)

// TestCommandsOfTheDocumentationExist takes every airlock command out of code, and looks for its verb, command and flags.
func TestCommandsOfTheDocumentationExist(t *testing.T) {
	t.Parallel()
	found := 0
	for _, p := range pages(t) {
		var code []string
		for _, span := range codeSpan.FindAllString(p.prose(), -1) {
			if strings.HasPrefix(span, "`airlock ") {
				code = append(code, strings.Trim(span, "`"))
			}
		}
		for _, b := range p.blocks {
			if b.language == "sh" {
				code = append(code, strings.Split(b.text, "\n")...)
			}
		}
		for _, line := range code {
			for _, match := range command.FindAllStringSubmatch(line, -1) {
				found++
				exists(t, p.path+": "+line, strings.Fields(match[1]), regexp.MustCompile(`--[a-z-]+`).FindAllString(match[2], -1))
			}
		}
	}
	if found == 0 {
		t.Error("no command was found: this test is blind")
	}
}

// exists fails when there is no such verb, command or flag.
func exists(t *testing.T, where string, words, flags []string) {
	t.Helper()
	if len(words) == 0 {
		return // "airlock --help"
	}
	place := slices.IndexFunc(verbs(), func(v *verb.Verb) bool { return v.Name == words[0] })
	if place < 0 {
		t.Errorf("%s: there is no verb %s", where, words[0])
		return
	}
	declaration, err := runner.ParseDeclaration(verbs()[place].ActionYAML)
	if err != nil {
		t.Fatal(err)
	}
	if len(words) > 2 && slices.ContainsFunc(declaration.AllInputs, func(input runner.Input) bool { return input.Argument && slices.Contains(input.Commands, words[1]) }) {
		words = words[:2] // What stands behind are its arguments.
	}
	if len(words) > 2 || len(words) == 2 && !slices.Contains(declaration.Commands(), words[1]) {
		t.Errorf("%s: %s has no command %s", where, words[0], words[1:])
	}
	names := []string{"--output", "--help"}
	for _, input := range declaration.AllInputs {
		names = append(names, "--"+input.Name)
	}
	for _, flag := range flags {
		if !slices.Contains(names, flag) {
			t.Errorf("%s: %s has no flag %s", where, words[0], flag)
		}
	}
}
