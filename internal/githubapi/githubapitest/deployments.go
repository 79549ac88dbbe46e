package githubapitest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
)

// nextID returns an id that was never given.
func (s *Server) nextID() int64 {
	s.state.LastID++
	return s.state.LastID
}

// text returns a member of the body that is a string, or "".
func (c call) text(name string) string {
	text, _ := c.body[name].(string)
	return text
}

// invalid refuses what GitHub's description does not say that it refuses.
func invalid(resource, field, format string, arguments ...any) answer {
	refused := refusal(http.StatusUnprocessableEntity, "Validation Failed")
	refused.value.(object)["errors"] = []any{object{
		"resource": resource, "field": field, "code": "custom", "message": fmt.Sprintf(format, arguments...),
	}}
	return refused
}

// misfit returns the refusal of a description that GitHub does not take, or nil. The limit:
// https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
func misfit(resource, description string) *answer {
	refused := answer{}
	switch {
	case utf8.RuneCountInString(description) > githubapi.MaximumDescription:
		refused = invalid(resource, "description", "description is too long (maximum is %d characters)", githubapi.MaximumDescription)
	case strings.ContainsFunc(description, func(r rune) bool { return r > 0xFFFF }):
		refused = invalid(resource, "description", "description doesn't accept 4-byte Unicode")
	default:
		return nil
	}
	return &refused
}

func (s *Server) createDeployment(c call) answer {
	description := c.text("description")
	if refused := misfit("Deployment", description); refused != nil {
		return *refused
	}
	// The run that asks is a check of the commit itself, and has not ended.
	if contexts, given := c.body["required_contexts"].([]any); !given || len(contexts) > 0 {
		return refusal(http.StatusConflict, "Conflict: Commit status checks failed for %s.", c.text("ref"))
	}
	if merge, given := c.body["auto_merge"].(bool); !given || merge {
		return answer{status: http.StatusAccepted, value: object{"message": "Auto-merged " + s.state.DefaultBranch + " into " + c.text("ref")}}
	}
	payload, err := json.Marshal(c.body["payload"])
	if err != nil {
		panic(err) // It came as JSON.
	}
	deployment := &Deployment{
		ID: s.nextID(), Task: cmp.Or(c.text("task"), "deploy"), Environment: cmp.Or(c.text("environment"), "production"),
		Ref: c.text("ref"), Description: description, Payload: payload, Created: s.options.Now().UTC(),
	}
	s.state.Deployments = append(s.state.Deployments, deployment)
	if _, exists := s.environment(deployment.Environment); !exists {
		if s.state.Environments == nil {
			s.state.Environments = map[string]githubapi.Environment{}
		}
		s.state.Environments[deployment.Environment] = githubapi.Environment{Branches: githubapi.AnyBranch, AdminsBypass: true}
	}
	return answer{status: http.StatusCreated, value: deploymentValue(deployment)}
}

func deploymentValue(d *Deployment) object {
	payload := decoded(d.Payload)
	if payload == nil {
		payload = object{}
	}
	return object{
		"id": d.ID, "sha": d.Ref, "ref": d.Ref, "task": d.Task, "payload": payload, "environment": d.Environment,
		"original_environment": d.Environment, "description": d.Description, "creator": object{"login": "github-actions[bot]"},
		"created_at": d.Created, "updated_at": d.Created,
	}
}

func (s *Server) listDeployments(c call) answer {
	items := []any{}
	for _, deployment := range slices.Backward(s.state.Deployments) {
		if c.matches("environment", deployment.Environment) && c.matches("task", deployment.Task) && c.matches("ref", deployment.Ref) {
			items = append(items, deploymentValue(deployment))
		}
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, page}
}

// deployment finds a deployment by the number in the path.
func (s *Server) deployment(c call) *Deployment {
	for _, deployment := range s.state.Deployments {
		if deployment.ID == c.number("deployment_id") {
			return deployment
		}
	}
	return nil
}

func statusValue(status Status, environment string) object {
	return object{
		"id": status.ID, "state": status.State, "description": status.Description, "environment": environment,
		"log_url": status.LogURL, "target_url": status.LogURL, "environment_url": status.EnvironmentURL,
		"creator": object{"login": "github-actions[bot]"}, "created_at": status.Created, "updated_at": status.Created,
	}
}

func (s *Server) listStatuses(c call) answer {
	deployment := s.deployment(c)
	if deployment == nil {
		return s.notFound()
	}
	items := []any{}
	for _, status := range slices.Backward(deployment.Statuses) {
		items = append(items, statusValue(status, deployment.Environment))
	}
	page, header := c.page(items)
	return answer{http.StatusOK, header, page}
}

func (s *Server) createStatus(c call) answer {
	deployment := s.deployment(c)
	if deployment == nil {
		return s.notFound()
	}
	if refused := misfit("DeploymentStatus", c.text("description")); refused != nil {
		return *refused
	}
	status := Status{
		ID: s.nextID(), State: c.text("state"), Description: c.text("description"), LogURL: c.text("log_url"),
		EnvironmentURL: c.text("environment_url"), Created: s.options.Now().UTC(),
	}
	deployment.Statuses = append(deployment.Statuses, status)
	if inactive, given := c.body["auto_inactive"].(bool); status.State == "success" && (!given || inactive) {
		s.retire(deployment)
	}
	return answer{status: http.StatusCreated, value: statusValue(status, deployment.Environment)}
}

// retire adds a status to the deployments that served the environment before:
// https://docs.github.com/rest/deployments/deployments#inactive-deployments
func (s *Server) retire(next *Deployment) {
	for _, earlier := range s.state.Deployments {
		if earlier.ID == next.ID || !strings.EqualFold(earlier.Environment, next.Environment) || len(earlier.Statuses) == 0 {
			continue
		}
		if earlier.Statuses[len(earlier.Statuses)-1].State == "success" {
			earlier.Statuses = append(earlier.Statuses, Status{ID: s.nextID(), State: "inactive", Created: s.options.Now().UTC()})
		}
	}
}
