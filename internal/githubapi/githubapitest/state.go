// Package githubapitest is a stand-in for GitHub's API, for tests and for whole runs on one machine: it keeps one
// repository in memory, behaves as GitHub does where Airlock depends on it, fails on demand, and holds every request and
// every answer against GitHub's own OpenAPI description.
package githubapitest

import (
	"encoding/json"
	"time"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
)

// State is everything that the stand-in knows. It is kept as JSON between runs, by the names of the fields.
type State struct {
	// Repository is "owner/name".
	Repository    string
	Private       bool
	DefaultBranch string
	// Tokens maps each token that is accepted to what it may.
	Tokens map[string]Permissions
	// Environments are by name.
	Environments map[string]githubapi.Environment
	// Deployments are in the order of their creation.
	Deployments []*Deployment
	Runs        []githubapi.Run
	// Approvals are by the id of their run.
	Approvals map[int64][]githubapi.Approval
	// Comments are those on each pull request, by its number, in the order in which they were written.
	Comments map[int64][]Comment
	// Author writes them; empty means githubapi.WorkflowAuthor.
	Author   string
	Identity Identity
	// Faults are the answers to give in place of the right ones, the first that fits first.
	Faults []Fault
	// LastID is the id that was given last; they are never given twice.
	LastID int64
}

// Permissions map a permission, such as "deployments", to "read" or "write".
type Permissions map[string]string

// all is what the jobs of Airlock are to be granted.
func all() Permissions {
	return Permissions{"actions": "write", "contents": "read", "deployments": "write", "metadata": "read", "pull_requests": "write"}
}

// Deployment is a deployment with its statuses, in the order in which they were set.
type Deployment struct {
	ID                int64
	Task, Environment string
	Ref, Description  string
	// Payload is JSON; a string that holds JSON is handed back as such, as GitHub does.
	Payload  json.RawMessage
	Created  time.Time
	Statuses []Status
}

// Status is one status of a deployment.
type Status struct {
	ID                     int64
	State, Description     string
	LogURL, EnvironmentURL string
	Created                time.Time
}

// Comment is a comment on a pull request.
type Comment struct {
	ID           int64
	Author, Body string
}

// Identity is what the token says that a job gets to prove who it is.
type Identity struct {
	// RequestToken is the bearer token by which a job asks for it.
	RequestToken string
	// Subject is for example "repo:octo-org/octo-repo:environment:production".
	Subject string
	// Claims are added to those that every token has, or replace them.
	Claims map[string]any
}

// Fault is an answer to give in place of the right one.
type Fault struct {
	// Method is an HTTP method, empty for any; Path a regular expression that is looked for in the path.
	Method, Path string
	// Times is how often it is given; zero means once.
	Times int
	// Status and Body are the answer. Without a status the right answer is given, with the headers added.
	Status int
	Header map[string]string
	Body   string
	// Break breaks the connection: BreakBefore the request is carried out, or BreakAfter.
	Break string
}

// Where a connection breaks.
const (
	BreakBefore = "before"
	BreakAfter  = "after"
)

// Request is one request as it was answered.
type Request struct {
	Time                time.Time
	Method, Path, Query string
	Body                json.RawMessage `json:",omitempty"`
	// Status is 0 when the connection was broken.
	Status int
	// Violation says where the request or the answer is not as GitHub describes it.
	Violation string `json:",omitempty"`
}
