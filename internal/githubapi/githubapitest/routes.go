package githubapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
)

// repositoryPath is what all operations are below.
const repositoryPath = "/repos/{owner}/{repo}"

// call is a request that may be carried out.
type call struct {
	*http.Request
	// url is the address that was asked, without its query.
	url  string
	body object
}

// route is one operation, and the permission that it needs:
// https://docs.github.com/rest/authentication/permissions-required-for-github-apps
type route struct {
	method, path, permission, level string
	handle                          func(*Server, call) answer
}

func routes() []route {
	return []route{
		{"GET", "", "metadata", "read", (*Server).getRepository},
		{"GET", "/environments", "actions", "read", (*Server).listEnvironments},
		{"GET", "/environments/{environment_name}", "actions", "read", (*Server).getEnvironment},
		{"GET", "/environments/{environment_name}/deployment-branch-policies", "actions", "read", (*Server).listPatterns},
		{"GET", "/actions/runs/{run_id}", "actions", "read", (*Server).getRun},
		{"GET", "/actions/runs/{run_id}/approvals", "actions", "read", (*Server).listApprovals},
		{"POST", "/actions/runs/{run_id}/cancel", "actions", "write", (*Server).cancelRun},
		{"GET", "/actions/workflows/{workflow_id}/runs", "actions", "read", (*Server).listRuns},
		{"GET", "/deployments", "deployments", "read", (*Server).listDeployments},
		{"POST", "/deployments", "deployments", "write", (*Server).createDeployment},
		{"GET", "/deployments/{deployment_id}/statuses", "deployments", "read", (*Server).listStatuses},
		{"POST", "/deployments/{deployment_id}/statuses", "deployments", "write", (*Server).createStatus},
		{"GET", "/issues/{issue_number}/comments", "pull_requests", "read", (*Server).listComments},
		{"POST", "/issues/{issue_number}/comments", "pull_requests", "write", (*Server).createComment},
		{"PATCH", "/issues/comments/{comment_id}", "pull_requests", "write", (*Server).editComment},
		{"DELETE", "/issues/comments/{comment_id}", "pull_requests", "write", (*Server).deleteComment},
	}
}

func (s *Server) notFound() answer { return refusal(http.StatusNotFound, "Not Found") }

// number returns a number of the path; the description has checked that it is one.
func (c call) number(name string) int64 {
	number, _ := strconv.ParseInt(c.PathValue(name), 10, 64)
	return number
}

// page cuts the asked page out of all items, and links to the next one as GitHub does.
func (c call) page(items []any) ([]any, map[string]string) {
	query := c.URL.Query()
	number, size := 1, 30
	if asked, err := strconv.Atoi(query.Get("page")); err == nil && asked > 0 {
		number = asked
	}
	if asked, err := strconv.Atoi(query.Get("per_page")); err == nil && asked > 0 {
		size = min(asked, 100)
	}
	begin, end := min((number-1)*size, len(items)), min(number*size, len(items))
	if end == len(items) {
		return items[begin:end], nil
	}
	query.Set("page", strconv.Itoa(number+1))
	return items[begin:end], map[string]string{"Link": fmt.Sprintf(`<%s?%s>; rel="next"`, c.url, query.Encode())}
}

// matches tells whether a parameter of the query is absent, or has the value.
func (c call) matches(name, value string) bool {
	asked := c.URL.Query().Get(name)
	return asked == "" || strings.EqualFold(asked, value)
}

func (s *Server) getRepository(call) answer {
	owner, name, _ := strings.Cut(s.state.Repository, "/")
	return answer{status: http.StatusOK, value: object{
		"name": name, "full_name": s.state.Repository, "owner": object{"login": owner}, "private": s.state.Private,
		"default_branch": s.state.DefaultBranch,
	}}
}

// environment finds an environment by its name, which is not case-sensitive.
func (s *Server) environment(name string) (githubapi.Environment, bool) {
	for key, environment := range s.state.Environments {
		if strings.EqualFold(key, name) {
			environment.Name = cmp.Or(environment.Name, key)
			return environment, true
		}
	}
	return githubapi.Environment{}, false
}

func (s *Server) listEnvironments(c call) answer {
	var items []any
	for _, name := range slices.Sorted(maps.Keys(s.state.Environments)) {
		environment, _ := s.environment(name)
		items = append(items, environmentValue(environment))
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, object{"total_count": len(items), "environments": page}}
}

func (s *Server) getEnvironment(c call) answer {
	environment, ok := s.environment(c.PathValue("environment_name"))
	if !ok {
		return s.notFound()
	}
	return answer{status: http.StatusOK, value: environmentValue(environment)}
}

// environmentValue has an environment in GitHub's words; rules that are not set are left out.
func environmentValue(e githubapi.Environment) object {
	rules := []any{}
	if e.WaitTimer > 0 {
		rules = append(rules, object{"type": "wait_timer", "wait_timer": int(e.WaitTimer.Minutes())})
	}
	if len(e.Reviewers) > 0 {
		var reviewers []any
		for _, one := range e.Reviewers {
			if one.Kind == githubapi.Team {
				reviewers = append(reviewers, object{"type": "Team", "reviewer": object{"slug": one.Name, "name": one.Name}})
			} else {
				reviewers = append(reviewers, object{"type": "User", "reviewer": object{"login": one.Name}})
			}
		}
		rules = append(rules, object{"type": "required_reviewers", "prevent_self_review": e.PreventSelfReview, "reviewers": reviewers})
	}
	value := object{
		"name": e.Name, "can_admins_bypass": e.AdminsBypass, "protection_rules": rules, "deployment_branch_policy": nil,
		"html_url": "https://github.invalid/environments/" + url.PathEscape(e.Name),
	}
	if e.Branches == githubapi.ProtectedBranches || e.Branches == githubapi.CustomBranches {
		value["deployment_branch_policy"] = object{
			"protected_branches": e.Branches == githubapi.ProtectedBranches, "custom_branch_policies": e.Branches == githubapi.CustomBranches,
		}
		value["protection_rules"] = append(rules, object{"type": "branch_policy"})
	}
	return value
}

func (s *Server) listPatterns(c call) answer {
	environment, ok := s.environment(c.PathValue("environment_name"))
	if !ok {
		return s.notFound()
	}
	items := []any{}
	for i, pattern := range environment.Patterns {
		kind := "branch"
		if pattern.Tag {
			kind = "tag"
		}
		items = append(items, object{"id": i + 1, "node_id": fmt.Sprint(i), "name": pattern.Name, "type": kind})
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, object{"total_count": len(items), "branch_policies": page}}
}

// run finds a run by its number.
func (s *Server) run(id int64) *githubapi.Run {
	if i := slices.IndexFunc(s.state.Runs, func(run githubapi.Run) bool { return run.ID == id }); i >= 0 {
		return &s.state.Runs[i]
	}
	return nil
}

func runValue(run githubapi.Run) object {
	value := object{
		"id": run.ID, "workflow_id": run.WorkflowID, "run_attempt": run.Attempt, "path": run.Path, "event": run.Event,
		"status": run.Status, "conclusion": nil, "head_branch": run.Branch, "head_sha": run.Commit,
		"actor": object{"login": run.Actor}, "triggering_actor": object{"login": cmp.Or(run.TriggeringActor, run.Actor)},
		"created_at": run.Created, "html_url": run.URL,
	}
	if run.Conclusion != "" {
		value["conclusion"] = run.Conclusion
	}
	return value
}

func (s *Server) getRun(c call) answer {
	run := s.run(c.number("run_id"))
	if run == nil {
		return s.notFound()
	}
	return answer{status: http.StatusOK, value: runValue(*run)}
}

func (s *Server) listRuns(c call) answer {
	items := []any{}
	for _, run := range slices.Backward(s.state.Runs) {
		if run.WorkflowID == c.number("workflow_id") && c.matches("branch", run.Branch) && c.matches("status", run.Status) {
			items = append(items, runValue(run))
		}
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, object{"total_count": len(items), "workflow_runs": page}}
}

func (s *Server) cancelRun(c call) answer {
	run := s.run(c.number("run_id"))
	switch {
	case run == nil:
		return s.notFound()
	case run.Status == "completed":
		return refusal(http.StatusConflict, "Cannot cancel a workflow run that is completed.")
	}
	run.Status, run.Conclusion = "completed", "cancelled"
	return answer{status: http.StatusAccepted, value: object{}}
}

func (s *Server) listApprovals(c call) answer {
	id := c.number("run_id")
	if s.run(id) == nil {
		return s.notFound()
	}
	items := []any{}
	for _, approval := range s.state.Approvals[id] {
		environments := []any{}
		for _, name := range approval.Environments {
			environments = append(environments, object{"name": name})
		}
		items = append(items, object{"environments": environments, "state": approval.State, "user": object{"login": approval.User}, "comment": approval.Comment})
	}
	return answer{status: http.StatusOK, value: items}
}

// decoded turns JSON into what completing it takes; numbers keep all their digits.
func decoded(text []byte) any {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	_ = decoder.Decode(&value) // What is no JSON was refused when it came.
	return value
}
