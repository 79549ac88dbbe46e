package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
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
	s.hub = githubapitest.Start(s.t, githubapitest.Options{State: githubapitest.State{
		Environments: map[string]githubapi.Environment{
			"sandbox": {Name: "sandbox", Branches: githubapi.AnyBranch},
			"production": {Name: "production", Branches: githubapi.CustomBranches, Patterns: []githubapi.Pattern{{Name: "main"}},
				Reviewers: []githubapi.Reviewer{{Kind: githubapi.Team, Name: "release-managers"}}, PreventSelfReview: true},
		},
		Approvals: map[int64][]githubapi.Approval{run: {{Environments: []string{"production"}, State: "approved", User: "rita", Comment: "looks good"}}},
	}})
	s.names[s.hub.URL] = "<github>"
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": s.hub.URL, "GITHUB_TOKEN": githubapitest.Token, "GITHUB_REPOSITORY": "octo-org/octo-repo",
		"GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_OUTPUT": ts.Getenv("WORK") + "/output", "GITHUB_STEP_SUMMARY": ts.Getenv("WORK") + "/summary",
	} {
		ts.Setenv(name, value)
	}
	s.starts(ts, []string{fmt.Sprint(run), "push", "dora"})
}

// starts makes what runs from here on steps of another run of the workflow, which a person's event started.
func (s *stage) starts(ts *testscript.TestScript, arguments []string) {
	id, err := strconv.ParseInt(arguments[0], 10, 64)
	ts.Check(err)
	s.hub.Change(func(state *githubapitest.State) {
		state.Runs = append(state.Runs, githubapi.Run{ID: id, WorkflowID: 5, Attempt: 1, Path: ".github/workflows/release.yml", Status: "in_progress", Branch: "main",
			Event: arguments[1], Commit: strings.Repeat("a", 40), Actor: arguments[2], TriggeringActor: arguments[2], Created: time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)})
	})
	ts.Setenv("GITHUB_RUN_ID", arguments[0])
	ts.Setenv("GITHUB_ACTOR", arguments[2])
	ts.Setenv("GITHUB_TRIGGERING_ACTOR", arguments[2])
}

// change lays JSON over what the stand-in knows: a member of a map replaces the one of that name, null empties the map.
func (s *stage) change(ts *testscript.TestScript, arguments []string) {
	s.hub.Change(func(state *githubapitest.State) { ts.Check(json.Unmarshal([]byte(arguments[0]), state)) })
}

// fullpaths moves what the config keeps out of the checkout, which the next job would empty.
func (s *stage) fullpaths(ts *testscript.TestScript, _ []string) {
	config := strings.NewReplacer("directory: .airlock", "directory: "+s.work+"/.airlock", "{sqlite: ", "{sqlite: "+s.work+"/").Replace(ts.ReadFile(".github/airlock.yaml"))
	config = regexp.MustCompile(`(?m)^    url: http.*\n`).ReplaceAllString(config, "$0    backups: {directory: "+s.work+"/snapshots}\n")
	s.write(ts, ".github/airlock.yaml", config)
}

// recorded prints what the stand-in was asked to record, each deployment with its statuses, and which runs were cancelled.
func (s *stage) recorded(ts *testscript.TestScript, _ []string) {
	var text strings.Builder
	for _, deployment := range s.hub.State().Deployments {
		fmt.Fprintf(&text, "%s %s: %s\n", deployment.Task, deployment.Environment, deployment.Description)
		for _, status := range deployment.Statuses {
			fmt.Fprintf(&text, "  %s: %s\n", status.State, status.Description)
		}
	}
	for _, run := range s.hub.State().Runs {
		if run.Conclusion != "" {
			fmt.Fprintf(&text, "run %d: %s\n", run.ID, run.Conclusion)
		}
	}
	s.write(ts, "seen", s.normalised(text.String()))
}

// keeps puts an output of the steps so far into a variable: the last of that name.
func (s *stage) keeps(ts *testscript.TestScript, arguments []string) {
	found := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(arguments[1])+`<<\S+\n((?s:.*?))\n?_GitHubActionsFileCommandDelimeter_$`).FindAllStringSubmatch(ts.ReadFile("output"), -1)
	if found == nil {
		ts.Fatalf("no step has an output %s", arguments[1])
	}
	ts.Setenv(arguments[0], found[len(found)-1][1])
}
