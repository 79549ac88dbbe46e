// Package history holds releases and the record of their promotions: what was taken where, from what, and how it ended.
// The record is kept in a file on a laptop; on GitHub it is kept in deployments that Airlock creates.
package history

import (
	"context"
	"slices"
	"time"
)

// Release is what is promoted.
type Release struct {
	// Label is what people call it, such as "v2" or a short commit; it is shown and never used to compare.
	Label string `json:"label,omitempty"`
	// Commit is the full hexadecimal id of the git commit, empty when it is not known.
	Commit string `json:"commit,omitempty"`
	// Image is the digest of what is deployed: "sha256:" and 64 hexadecimal digits.
	Image string `json:"image"`
	// Migrations is the digest of the migration set, and Schema its highest version.
	Migrations string `json:"migrations"`
	Schema     int64  `json:"schema"`
}

// Same tells whether two releases are the same thing: image and migrations, byte by byte.
func (r Release) Same(other Release) bool {
	return r.Image != "" && r.Image == other.Image && r.Migrations == other.Migrations
}

// Name returns a short name for people.
func (r Release) Name() string {
	switch {
	case r.Label != "":
		return r.Label
	case len(r.Commit) >= 12:
		return r.Commit[:12]
	case len(r.Image) >= 19:
		return r.Image[7:19]
	}
	return "unnamed"
}

// Task is what a record is about.
type Task string

// The tasks. Only promotions count as proof.
const (
	Promote  Task = "airlock:promote"
	Rollback Task = "airlock:rollback"
)

// State is how far a promotion came. The words are those of GitHub's deployment statuses:
// https://docs.github.com/rest/deployments/statuses
type State string

// The states.
const (
	InProgress State = "in_progress"
	Success    State = "success"
	// Failure says that the environment is as it was before the promotion.
	Failure State = "failure"
	// Error says that nobody knows: the runner was lost, the way back failed, or what was seen was inconclusive.
	Error State = "error"
)

// Status is one moment in the life of a promotion.
type Status struct {
	State       State     `json:"state"`
	Description string    `json:"description,omitempty"`
	Time        time.Time `json:"time"`
	// Run is the run of a workflow that set it, empty when it is not known or there was none.
	Run string `json:"run,omitempty"`
}

// Promotion is the record of taking one release into one environment.
type Promotion struct {
	ID          string    `json:"id"`
	Task        Task      `json:"task"`
	Environment string    `json:"environment"`
	Release     Release   `json:"release"`
	Created     time.Time `json:"created"`
	// From is what the environment served before, nil when nothing did; FromSchema is its database's version then.
	From       *Release `json:"from,omitempty"`
	FromSchema int64    `json:"fromSchema"`
	// Run, Attempt and Actor tell which run of a workflow created the record, and who started it; empty on a laptop.
	Run     string `json:"run,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Actor   string `json:"actor,omitempty"`
	// Config is the path of the config that it was promoted by, as it was given.
	Config string `json:"config,omitempty"`
	// Statuses are in the order in which they were set.
	Statuses []Status `json:"statuses,omitempty"`
}

// State returns the last status's state; a promotion without one is in progress.
func (p Promotion) State() State {
	if len(p.Statuses) == 0 {
		return InProgress
	}
	return p.Statuses[len(p.Statuses)-1].State
}

// LastRun returns the run of a workflow that had to do with the promotion last: one may go on with what another began.
func (p Promotion) LastRun() string {
	for _, status := range slices.Backward(p.Statuses) {
		if status.Run != "" {
			return status.Run
		}
	}
	return p.Run
}

// Succeeded tells whether the promotion ended well at any time. GitHub turns earlier successes inactive later, so the
// last status alone would hide them.
func (p Promotion) Succeeded() bool {
	return slices.ContainsFunc(p.Statuses, func(status Status) bool { return status.State == Success })
}

// concerns tells whether the promotion says something about release: it is one of it, or a rollback away from it.
func (p Promotion) concerns(release Release) bool {
	if p.Task == Rollback {
		return p.From != nil && p.From.Same(release)
	}
	return p.Task == Promote && p.Release.Same(release)
}

// Store keeps the records.
type Store interface {
	// Create adds a promotion and returns it with its ID and time.
	Create(ctx context.Context, promotion Promotion) (Promotion, error)
	// Mark adds a status to the promotion.
	Mark(ctx context.Context, id string, status Status) error
	// List returns the promotions of an environment, newest first, back at least to the one that it serves by the record:
	// the newest that succeeded.
	List(ctx context.Context, environment string) ([]Promotion, error)
	// About returns the promotions that concern the release in the environment, those of it and the rollbacks away from it,
	// newest first, back at least to the newest promotion of it.
	About(ctx context.Context, environment string, release Release) ([]Promotion, error)
}

// Current returns the promotion whose release the environment serves by the record, nil when it serves nothing: there was
// none, or the first one was rolled back. promotions are newest first.
func Current(promotions []Promotion) *Promotion {
	newest := slices.IndexFunc(promotions, Promotion.Succeeded)
	if newest < 0 || promotions[newest].Release.Image == "" {
		return nil
	}
	return &promotions[newest]
}

// Proof returns the promotion that proves that release works in the environment, nil when there is none. The newest
// word about the release counts: a later promotion of it that failed, or a rollback away from it, takes the proof back.
func Proof(promotions []Promotion, release Release) *Promotion {
	for i := range promotions {
		if promotion := &promotions[i]; promotion.concerns(release) {
			if promotion.Task == Promote && promotion.Succeeded() {
				return promotion
			}
			return nil
		}
	}
	return nil
}

// HalfDone returns the newest promotion that left the environment neither as it was nor promoted, nil when there is none
// since the newest success. What failed after it is undone, and does not settle it.
func HalfDone(promotions []Promotion) *Promotion {
	for i := range promotions {
		switch state := promotions[i].State(); {
		case promotions[i].Succeeded():
			return nil
		case state == InProgress || state == Error:
			return &promotions[i]
		}
	}
	return nil
}
