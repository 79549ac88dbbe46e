package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

// github makes what runs from here on a step of a job: with a stand-in for GitHub, whose requests and answers are held
// against GitHub's own description.
func (s *stage) github(ts *testscript.TestScript, _ []string) {
	const run = 7261
	started := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	s.hub = githubapitest.Start(s.t, githubapitest.Options{State: githubapitest.State{
		Environments: map[string]githubapi.Environment{
			"sandbox": {Name: "sandbox", Branches: githubapi.AnyBranch},
			"production": {Name: "production", Branches: githubapi.CustomBranches, Patterns: []githubapi.Pattern{{Name: "main"}},
				Reviewers: []githubapi.Reviewer{{Kind: githubapi.Team, Name: "release-managers"}}, PreventSelfReview: true},
		},
		Runs: []githubapi.Run{{ID: run, WorkflowID: 5, Attempt: 1, Path: ".github/workflows/release.yml", Event: "push", Status: "in_progress", Branch: "main",
			Commit: strings.Repeat("a", 40), Actor: "dora", TriggeringActor: "dora", Created: started}},
		Approvals: map[int64][]githubapi.Approval{run: {{Environments: []string{"production"}, State: "approved", User: "rita", Comment: "looks good"}}},
	}})
	s.names[s.hub.URL] = "<github>"
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": s.hub.URL, "GITHUB_TOKEN": githubapitest.Token, "GITHUB_REPOSITORY": "octo-org/octo-repo",
		"GITHUB_RUN_ID": fmt.Sprint(run), "GITHUB_RUN_ATTEMPT": "1", "GITHUB_ACTOR": "dora", "GITHUB_TRIGGERING_ACTOR": "dora",
		"GITHUB_OUTPUT": ts.Getenv("WORK") + "/output", "GITHUB_STEP_SUMMARY": ts.Getenv("WORK") + "/summary",
	} {
		ts.Setenv(name, value)
	}
}

// recorded prints what the stand-in was asked to record: each deployment with its statuses.
func (s *stage) recorded(ts *testscript.TestScript, _ []string) {
	var text strings.Builder
	for _, deployment := range s.hub.State().Deployments {
		fmt.Fprintf(&text, "%s %s\n", deployment.Task, deployment.Environment)
		for _, status := range deployment.Statuses {
			fmt.Fprintf(&text, "  %s: %s\n", status.State, status.Description)
		}
	}
	s.write(ts, "seen", s.normalised(text.String()))
}

// keeps puts an output of the last step into a variable.
func (s *stage) keeps(ts *testscript.TestScript, arguments []string) {
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(arguments[1]) + `<<(\S+)\n((?s:.*?))\n?` + `_GitHubActionsFileCommandDelimeter_$`).FindStringSubmatch(ts.ReadFile("output"))
	if found == nil {
		ts.Fatalf("the step has no output %s", arguments[1])
	}
	ts.Setenv(arguments[0], found[2])
}
