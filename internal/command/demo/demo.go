// Package demo promotes four releases of the example application on this machine: it shows in half a minute what Airlock
// does when a release works, when it breaks in sandbox, and when it breaks only in production.
package demo

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/cluster"
	"github.com/randomchaoslabs/airlock/internal/command/promote"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/promotion"
	"github.com/randomchaoslabs/airlock/internal/rollout"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

//go:embed command.yml
var declaration []byte

// tidyTime bounds what the demo does to leave nothing behind, also when it was interrupted.
const tidyTime = 6 * time.Second

// Verb returns the command demo.
func Verb() *verb.Verb { return &verb.Verb{Name: "demo", ActionYAML: declaration, Run: run} }

// Chapter is what came of one version.
type Chapter struct {
	Version string         `json:"version"`
	Story   string         `json:"story"`
	Report  promote.Report `json:"report"`
}

// Report is what the demo did.
type Report struct {
	Verdict  checklist.Verdict `json:"verdict"`
	Database string            `json:"database"`
	Seconds  float64           `json:"seconds"`
	// Folder is where the JSON of every checklist and all else is; it is empty when it was removed.
	Folder   string    `json:"folder,omitempty"`
	Chapters []Chapter `json:"chapters"`
}

func run(ctx context.Context, call *verb.Call) (result verb.Result, err error) {
	if !call.Inputs.Bool("yes") && !call.CanAsk {
		return result, problem.Wrong("run it in a terminal, or with --yes", "the demo asks for an approval, and nobody is there to answer")
	}
	folder, err := os.MkdirTemp("", "airlock-demo-")
	if err != nil {
		return result, problem.New("is TMPDIR writable?", "the demo's folder cannot be made: %w", err)
	}
	report := Report{Database: "SQLite", Folder: folder}
	defer func() {
		if call.Inputs.Bool("keep") {
			return
		}
		if removeErr := os.RemoveAll(folder); removeErr != nil && err == nil {
			err = problem.New("remove it by hand", "the demo's folder cannot be removed: %w", removeErr)
		}
	}()
	started := call.Now()
	var urls map[string]string
	if call.Inputs.Bool("postgres") {
		var stop func()
		if urls, stop, err = startCluster(ctx, call, folder); err != nil {
			return result, err
		}
		defer stop()
		report.Database = "PostgreSQL"
	}
	p, err := newProject(ctx, folder, urls)
	if err != nil {
		return result, err
	}
	defer p.stop(call)
	call.Say(opening(report.Database, p))
	for _, v := range versions() {
		chapter, err := p.promote(ctx, call, v)
		if err != nil {
			return result, err
		}
		report.Chapters = append(report.Chapters, chapter)
	}
	report.Seconds = call.Now().Sub(started).Seconds()
	report.Verdict = judge(report.Chapters)
	if !call.Inputs.Bool("keep") {
		report.Folder = ""
	}
	return verb.Result{Document: &verb.Document{Verdict: report.Verdict, Text: closing(report), Value: report}}, nil
}

// startCluster starts PostgreSQL and makes the databases; stop takes the cluster down.
func startCluster(ctx context.Context, call *verb.Call, folder string) (urls map[string]string, stop func(), err error) {
	progress := call.Progress("starting PostgreSQL")
	defer progress.Done()
	programs, err := cluster.Find(exec.LookPath)
	if err != nil {
		return nil, nil, err
	}
	if os.Geteuid() == 0 {
		// PostgreSQL refuses to run as root and runs as another user then, who must pass through the folder.
		if err := os.Chmod(folder, 0o711); err != nil {
			return nil, nil, err
		}
	}
	server, err := cluster.Start(ctx, cluster.Options{Bin: programs, Directory: filepath.Join(folder, "postgresql")})
	if err != nil {
		return nil, nil, err
	}
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			call.Say("the PostgreSQL cluster did not stop: " + err.Error())
		}
	}
	urls = map[string]string{}
	for _, name := range []string{"sandbox", "production"} {
		if err := server.CreateDatabase(ctx, "wos_"+name); err != nil {
			stop()
			return nil, nil, err
		}
		urls[strings.ToUpper(name)+"_DATABASE_URL"] = server.URL("wos_" + name)
		call.Mask(server.URL("wos_" + name))
	}
	return urls, stop, nil
}

// promote commits a version and takes it through the environments. A person is asked once, for version 2.
func (p *project) promote(ctx context.Context, call *verb.Call, v version) (Chapter, error) {
	if err := p.commit(ctx, v); err != nil {
		return Chapter{}, err
	}
	call.Say(v.story)
	yes := call.Inputs.String("yes")
	if v.label != "v2" {
		yes = "true"
	}
	result, err := call.Run(ctx, verb.Request{
		Verb: "promote", Directory: p.folder, Lookup: p.lookup,
		Given: map[string]string{"image": "release", "label": v.label, "yes": yes, "reports": filepath.Join("checklists", v.label)},
	})
	if err != nil {
		return Chapter{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return Chapter{}, problem.New("its applications are stopped; its folder is removed, unless --keep was given", "the demo ended early: %w", err)
	}
	call.Say(result.Document.Text)
	report, ok := result.Document.Value.(promote.Report)
	if !ok {
		return Chapter{}, fmt.Errorf("promote answered with a %T", result.Document.Value)
	}
	return Chapter{Version: v.label, Story: v.story, Report: report}, nil
}

// stop ends the applications.
func (p *project) stop(call *verb.Call) {
	ctx, cancel := context.WithTimeout(context.Background(), tidyTime)
	defer cancel()
	for _, place := range p.places {
		host, err := rollout.NewProcess(rollout.Options{
			Directory: filepath.Join(p.folder, ".airlock", "hosts", place.Name), Command: []string{"airlock"},
			URL: fmt.Sprintf("http://127.0.0.1:%d", place.Port), StopTimeout: 2 * time.Second,
		})
		if err == nil {
			err = host.Stop(ctx)
		}
		if err != nil {
			call.Say("the application of " + place.Name + " did not stop: " + err.Error())
		}
	}
}

// expected is what each version must come to for the demo to have shown what it promises.
func expected(version string) []promotion.Outcome {
	return map[string][]promotion.Outcome{
		"v1": {promotion.Promoted, promotion.Promoted},
		"v2": {promotion.Promoted, promotion.Promoted},
		"v3": {promotion.RolledBack},
		"v4": {promotion.Promoted, promotion.RolledBack},
	}[version]
}

// judge compares what happened with what was promised. A person may have said no to version 2.
func judge(chapters []Chapter) checklist.Verdict {
	for _, chapter := range chapters {
		want := expected(chapter.Version)
		for i, one := range chapter.Report.Environments {
			declined := one.Outcome == promotion.Refused && one.Reason == promote.NotApproved
			if !declined && (i >= len(want) || one.Outcome != want[i]) {
				return checklist.Fail
			}
		}
		if len(chapter.Report.Environments) != len(want) {
			return checklist.Fail
		}
	}
	return checklist.Pass
}
