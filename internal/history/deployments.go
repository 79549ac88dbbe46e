package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// payloadVersion is that of the payloads that this version of Airlock writes and reads.
	payloadVersion = 1
	// maximumPayloadBytes bounds what is read as a payload; one has about a kilobyte.
	maximumPayloadBytes = 64 << 10
)

// API is what is asked of GitHub; githubapi.Client has it.
type API interface {
	CreateDeployment(ctx context.Context, deployment githubapi.NewDeployment) (githubapi.Deployment, error)
	// Deployments returns them newest first, and asks for more as they are reached.
	Deployments(ctx context.Context, environment, task string) iter.Seq2[githubapi.Deployment, error]
	// Statuses returns them in the order in which they were set.
	Statuses(ctx context.Context, deployment int64) ([]githubapi.Status, error)
	CreateStatus(ctx context.Context, deployment int64, status githubapi.NewStatus) error
}

// DeploymentsOptions say what stands in the records that are created.
type DeploymentsOptions struct {
	// Run, Attempt and Actor become those of the promotions.
	Run     string
	Attempt int
	Actor   string
	// Ref is the commit to record for a release whose own is not known; GitHub wants one.
	Ref string
	// LogURL is where people see what is going on; empty means nowhere.
	LogURL string
	// EnvironmentURL returns where people see an environment, or ""; it may be nil.
	EnvironmentURL func(environment string) string
}

// Deployments keeps the record as GitHub deployments, one for each promotion. Only those with Airlock's tasks count.
type Deployments struct {
	api     API
	options DeploymentsOptions

	mutex sync.Mutex
	// environments are those of the deployments seen, by their ids.
	environments map[string]string
}

// NewDeployments returns the store of the repository that api asks.
func NewDeployments(api API, options DeploymentsOptions) *Deployments {
	return &Deployments{api: api, options: options, environments: make(map[string]string)}
}

// payload is what a deployment carries.
type payload struct {
	Airlock    int      `json:"airlock"`
	Key        string   `json:"key"`
	Release    Release  `json:"release"`
	From       *Release `json:"from,omitempty"`
	FromSchema int64    `json:"fromSchema"`
	Config     string   `json:"config,omitempty"`
	Run        string   `json:"run,omitempty"`
	Attempt    int      `json:"attempt,omitempty"`
	Actor      string   `json:"actor,omitempty"`
}

// Create implements Store. The status that it sets at once shows people where to look; a record without is in progress as well.
func (d *Deployments) Create(ctx context.Context, promotion Promotion) (Promotion, error) {
	ref := cmp.Or(promotion.Release.Commit, d.options.Ref)
	if ref == "" {
		return promotion, problem.Wrong("promote from a git work tree", "the commit of %s is not known, and GitHub records none without", promotion.Release.Name())
	}
	promotion.Run, promotion.Attempt, promotion.Actor = d.options.Run, d.options.Attempt, d.options.Actor
	content, err := encodePayload(promotion)
	if err != nil {
		return promotion, err
	}
	text := "promote " + promotion.Release.Name()
	if promotion.Task == Rollback && promotion.Release.Image == "" {
		text = "roll back to nothing"
	} else if promotion.Task == Rollback {
		text = "roll back to " + promotion.Release.Name()
	}
	created, err := d.api.CreateDeployment(ctx, githubapi.NewDeployment{
		Ref: ref, Task: string(promotion.Task), Environment: promotion.Environment, Payload: content,
		Text: brief(text),
	})
	if err != nil {
		return promotion, err
	}
	promotion.ID, promotion.Created, promotion.Statuses = strconv.FormatInt(created.ID, 10), created.Created.UTC(), nil
	d.remember(promotion)
	return promotion, d.Mark(ctx, promotion.ID, Status{State: InProgress, Description: "begun"})
}

// Mark implements Store.
func (d *Deployments) Mark(ctx context.Context, id string, status Status) error {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return problem.New("", "%.100q is not the id of a deployment", id)
	}
	wanted := githubapi.NewStatus{State: string(status.State), Text: brief(status.Description), LogURL: d.options.LogURL}
	d.mutex.Lock()
	environment := d.environments[id]
	d.mutex.Unlock()
	if environment != "" && d.options.EnvironmentURL != nil {
		wanted.EnvironmentURL = d.options.EnvironmentURL(environment)
	}
	return d.api.CreateStatus(ctx, number, wanted)
}

// List implements Store. It ends at the promotion that the environment serves: each one costs a request.
func (d *Deployments) List(ctx context.Context, environment string) ([]Promotion, error) {
	return d.collect(ctx, environment, func(Promotion) bool { return true }, Promotion.Succeeded)
}

// About implements Store. It ends at the newest promotion of the release, whose word counts.
func (d *Deployments) About(ctx context.Context, environment string, release Release) ([]Promotion, error) {
	return d.collect(ctx, environment,
		func(p Promotion) bool { return p.concerns(release) },
		func(p Promotion) bool { return p.Task == Promote })
}

// collect returns the promotions that are wanted, newest first, with their statuses, to the first that is the last.
func (d *Deployments) collect(ctx context.Context, environment string, wanted, last func(Promotion) bool) ([]Promotion, error) {
	var promotions []Promotion
	for promotion, err := range d.newest(ctx, environment) {
		if err != nil {
			return nil, err
		}
		if !wanted(promotion) {
			continue
		}
		if promotion.Statuses, err = d.statuses(ctx, promotion.ID); err != nil {
			return nil, err
		}
		promotions = append(promotions, promotion)
		if last(promotion) {
			break
		}
	}
	return promotions, nil
}

// newest returns the promotions of an environment, newest first and without their statuses. GitHub lists one task at a
// time; its ids grow. After an error there is nothing more.
func (d *Deployments) newest(ctx context.Context, environment string) iter.Seq2[Promotion, error] {
	return func(yield func(Promotion, error) bool) {
		var queues []*queue
		for _, task := range []Task{Promote, Rollback} {
			next, stop := iter.Pull2(d.api.Deployments(ctx, environment, string(task)))
			defer stop()
			q := &queue{next: next}
			if err := q.advance(); err != nil {
				yield(Promotion{}, err)
				return
			}
			queues = append(queues, q)
		}
		for {
			// The front of an empty queue has the id 0.
			q := slices.MaxFunc(queues, func(a, b *queue) int { return cmp.Compare(a.front.ID, b.front.ID) })
			if !q.more {
				return
			}
			promotion, err := d.decode(environment, q.front)
			if !yield(promotion, err) || err != nil {
				return
			}
			if err := q.advance(); err != nil {
				yield(Promotion{}, err)
				return
			}
		}
	}
}

// queue is what is left of a list of deployments.
type queue struct {
	next  func() (githubapi.Deployment, error, bool)
	front githubapi.Deployment
	more  bool
}

func (q *queue) advance() (err error) {
	q.front, err, q.more = q.next()
	return err
}

// statuses returns the statuses of a promotion that are ours; GitHub adds others, such as "inactive" and "waiting".
func (d *Deployments) statuses(ctx context.Context, id string) ([]Status, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, err
	}
	all, err := d.api.Statuses(ctx, number)
	if err != nil {
		return nil, err
	}
	var statuses []Status
	for _, status := range all {
		switch state := State(status.State); state {
		case InProgress, Success, Failure, Error:
			statuses = append(statuses, Status{State: state, Description: status.Text, Time: status.Created.UTC(), Run: runOf(status.LogURL)})
		}
	}
	return statuses, nil
}

// runOf returns the number of the run whose log is at an address such as https://github.com/octo-org/octo-repo/actions/runs/7261, empty
// when it is another address.
func runOf(address string) string {
	_, run, _ := strings.Cut(address, "/actions/runs/")
	if _, err := strconv.ParseUint(run, 10, 63); err != nil {
		return ""
	}
	return run
}

// decode returns the promotion that a deployment is the record of.
func (d *Deployments) decode(environment string, deployment githubapi.Deployment) (Promotion, error) {
	promotion := Promotion{
		ID: strconv.FormatInt(deployment.ID, 10), Task: Task(deployment.Task), Environment: environment, Created: deployment.Created.UTC(),
	}
	if err := decodePayload(deployment.Payload, &promotion); err != nil {
		return Promotion{}, problem.Unknown(
			"use the newest version of airlock; nothing is promoted on a record that cannot be read, so have somebody with the right to it delete the deployment if it is not Airlock's",
			"the payload of the deployment %s into %s cannot be read: %w", promotion.ID, environment, err)
	}
	d.remember(promotion)
	return promotion, nil
}

// remember keeps where a promotion went, for the links in its statuses.
func (d *Deployments) remember(promotion Promotion) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.environments[promotion.ID] = promotion.Environment
}

// encodePayload returns the payload of a promotion's deployment, with a key of its own.
func encodePayload(p Promotion) ([]byte, error) {
	content, err := json.Marshal(payload{
		Airlock: payloadVersion, Key: rand.Text(), Release: p.Release, From: p.From, FromSchema: p.FromSchema, Config: p.Config,
		Run: p.Run, Attempt: p.Attempt, Actor: p.Actor,
	})
	if err == nil {
		err = decodePayload(content, &p) // What could not be read again is not written.
	}
	return content, err
}

// decodePayload fills promotion, whose task is known, from the payload of its deployment.
func decodePayload(content []byte, promotion *Promotion) error {
	if len(content) > maximumPayloadBytes {
		return fmt.Errorf("it has %d bytes, more than %d", len(content), maximumPayloadBytes)
	}
	var version struct{ Airlock int }
	if err := json.Unmarshal(content, &version); err != nil {
		return fmt.Errorf("it is not Airlock's: %w", err)
	}
	if version.Airlock != payloadVersion {
		return fmt.Errorf("it has version %d, and this version of airlock reads %d", version.Airlock, payloadVersion)
	}
	var read payload
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows it")
	}
	// A rollback may lead to nothing; a promotion of nothing would read as an environment that serves nothing.
	if promotion.Task == Promote && read.Release.Image == "" {
		return errors.New("it names no image")
	}
	promotion.Release, promotion.From, promotion.FromSchema, promotion.Config = read.Release, read.From, read.FromSchema, read.Config
	promotion.Run, promotion.Attempt, promotion.Actor = read.Run, read.Attempt, read.Actor
	return nil
}

// brief makes a text fit for a description on GitHub, which takes so many characters, and none beyond 16 bits:
// https://docs.github.com/rest/deployments/statuses#create-a-deployment-status
func brief(text string) string {
	const count = len("… (1234567890 more characters)")
	text = strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, checklist.OneLine(text))
	if utf8.RuneCountInString(text) > githubapi.MaximumDescription {
		text = checklist.Shorten(text, githubapi.MaximumDescription-count)
	}
	return text
}
