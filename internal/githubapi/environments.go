package githubapi

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// The kinds of reviewers.
const (
	User = "user"
	Team = "team"
)

// Reviewer is a person or team that must approve.
type Reviewer struct {
	// Kind is User or Team.
	Kind string
	// Name is the login of a user, the slug of a team.
	Name string
}

// Branches says which branches and tags may deploy into an environment.
type Branches string

// The branch policies.
const (
	AnyBranch         Branches = "any"
	ProtectedBranches Branches = "protected"
	CustomBranches    Branches = "custom"
)

// Pattern is one pattern of a custom branch policy, such as "release/*".
type Pattern struct {
	Name string
	// Tag tells that the pattern is about tags, not branches.
	Tag bool
}

// Environment is an environment and how it is protected.
type Environment struct {
	// Name is as GitHub has it; names are not case-sensitive.
	Name              string
	Reviewers         []Reviewer
	PreventSelfReview bool
	WaitTimer         time.Duration
	AdminsBypass      bool
	Branches          Branches
	// Patterns are those of CustomBranches; none means that no branch may.
	Patterns []Pattern
}

// environment is GitHub's answer. The type of go-github panics on a reviewer without a type.
type environment struct {
	Name            string `json:"name"`
	CanAdminsBypass *bool  `json:"can_admins_bypass"`
	ProtectionRules []struct {
		WaitTimer         int64 `json:"wait_timer"`
		PreventSelfReview bool  `json:"prevent_self_review"`
		Reviewers         []struct {
			Reviewer struct {
				Login string `json:"login"`
				Slug  string `json:"slug"`
			} `json:"reviewer"`
		} `json:"reviewers"`
	} `json:"protection_rules"`
	BranchPolicy *struct {
		Protected bool `json:"protected_branches"`
		Custom    bool `json:"custom_branch_policies"`
	} `json:"deployment_branch_policy"`
}

// Environment returns the environment of that name; the error wraps ErrNotFound when there is none:
// https://docs.github.com/rest/deployments/environments#get-an-environment
func (c *Client) Environment(ctx context.Context, name string) (Environment, error) {
	if strings.Trim(name, ".") == "" {
		return Environment{}, problem.Wrong("", "%.100q is no name of an environment", name) // It would lead to another address.
	}
	ctx = c.begin(ctx)
	// A slash or a hash in a name would be read as a part of the address.
	path := "environments/" + url.PathEscape(name)
	var answer environment
	if _, err := c.get(ctx, path, &answer); err != nil {
		return Environment{}, c.explain(err, fmt.Sprintf("read the environment %.100q", name))
	}
	result := answer.plain()
	if result.Branches != CustomBranches {
		return result, nil
	}
	err := pages(func(page int) (*github.Response, error) {
		var answer struct {
			Policies []struct{ Name, Type string } `json:"branch_policies"`
		}
		response, err := c.get(ctx, path+"/deployment-branch-policies?"+paged(url.Values{}, page), &answer)
		for _, policy := range answer.Policies {
			result.Patterns = append(result.Patterns, Pattern{Name: policy.Name, Tag: policy.Type == "tag"})
		}
		return response, err
	})
	if err != nil {
		return Environment{}, c.explain(err, fmt.Sprintf("read which branches may deploy into the environment %.100q", name))
	}
	return result, nil
}

// plain returns what the rules come to. Whatever is not said counts as the weaker protection.
func (e environment) plain() Environment {
	result := Environment{Name: e.Name, Branches: AnyBranch, AdminsBypass: e.CanAdminsBypass == nil || *e.CanAdminsBypass}
	for _, rule := range e.ProtectionRules {
		result.WaitTimer = max(result.WaitTimer, time.Duration(rule.WaitTimer)*time.Minute)
		result.PreventSelfReview = result.PreventSelfReview || rule.PreventSelfReview
		for _, one := range rule.Reviewers {
			switch {
			case one.Reviewer.Login != "":
				result.Reviewers = append(result.Reviewers, Reviewer{User, one.Reviewer.Login})
			case one.Reviewer.Slug != "":
				result.Reviewers = append(result.Reviewers, Reviewer{Team, one.Reviewer.Slug})
			}
		}
	}
	switch {
	case e.BranchPolicy == nil:
	case e.BranchPolicy.Protected:
		result.Branches = ProtectedBranches
	case e.BranchPolicy.Custom:
		result.Branches = CustomBranches
	}
	return result
}

// Environments returns the names of all environments: https://docs.github.com/rest/deployments/environments#list-environments
func (c *Client) Environments(ctx context.Context) ([]string, error) {
	ctx = c.begin(ctx)
	var names []string
	err := pages(func(page int) (*github.Response, error) {
		var answer struct {
			Environments []struct{ Name string }
		}
		response, err := c.get(ctx, "environments?"+paged(url.Values{}, page), &answer)
		for _, environment := range answer.Environments {
			names = append(names, environment.Name)
		}
		return response, err
	})
	if err != nil {
		return nil, c.explain(err, "list the environments")
	}
	return names, nil
}
