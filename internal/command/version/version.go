// Package version says which airlock this is.
package version

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed command.yml
var declaration []byte

// Verb returns the command version. number is what a release was built with, empty in other builds.
func Verb(number string) *verb.Verb {
	return &verb.Verb{Name: "version", ActionYAML: declaration, Run: func(context.Context, *verb.Call) (verb.Result, error) {
		about := about(number)
		text := fmt.Sprintf("airlock %s (commit %s, %s, %s)\n", about.Version, about.Commit, about.Go, about.Platform)
		return verb.Result{Document: &verb.Document{Verdict: checklist.Pass, Text: text, Value: about}}, nil
	}}
}

// About is what the binary knows of itself.
type About struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func about(number string) About {
	about := About{Version: number, Commit: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		about.Version = cmp.Or(about.Version, build.Main.Version)
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				about.Commit = setting.Value
			}
		}
	}
	about.Version = cmp.Or(about.Version, "(devel)")
	return about
}
