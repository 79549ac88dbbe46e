// Package config checks a config and prints the schema of all configs.
package config

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed command.yml
var declaration []byte

// Verb returns the command config.
func Verb() *verb.Verb {
	return &verb.Verb{Name: "config", ActionYAML: declaration, Run: run, Uses: []string{"version", "app"}}
}

// Validity is what check found, for machines.
type Validity struct {
	Valid        bool             `json:"valid"`
	App          string           `json:"app,omitempty"`
	Promotion    []string         `json:"promotion,omitempty"`
	Environments []string         `json:"environments,omitempty"`
	Findings     []config.Finding `json:"findings,omitempty"`
}

func run(_ context.Context, call *verb.Call) (verb.Result, error) {
	if call.Inputs.Command() == "schema" {
		schema, err := config.Schema()
		if err != nil {
			return verb.Result{}, err
		}
		return verb.Result{Document: &verb.Document{Verdict: checklist.Pass, Text: string(schema), Value: json.RawMessage(schema)}}, nil
	}
	path := call.Inputs.String("config")
	loaded, err := config.Load(call.Path(path))
	var invalid *config.Invalid
	if errors.As(err, &invalid) {
		return verb.Result{Document: &verb.Document{Verdict: checklist.Fail, Value: Validity{Findings: invalid.Findings}}}, err
	}
	if err != nil {
		return verb.Result{}, err
	}
	about := Validity{Valid: true, App: loaded.App, Promotion: loaded.Promotion, Environments: loaded.EnvironmentNames()}
	text := fmt.Sprintf("%s is valid: %s with the environments %s", path, about.App, strings.Join(about.Environments, ", "))
	if len(about.Promotion) > 0 {
		text += "; promotion: " + strings.Join(about.Promotion, " → ")
	}
	return verb.Result{Document: &verb.Document{Verdict: checklist.Pass, Text: text + "\n", Value: about}}, nil
}
