package verb

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"time"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/probe"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Probes returns the checks of the config, and what ends them. A config without any is refused: verifying nothing would
// be a pass that nobody earned.
func (w *Workspace) Probes(ctx context.Context) (probes []probe.Probe, end func(), err error) {
	return w.probesOf(ctx, w.Config)
}

// ProbesAt returns the checks as the config had them at a commit: what a release promises is not asked of the one before
// it. Where that config cannot be had, it returns the checks of today.
func (w *Workspace) ProbesAt(ctx context.Context, commit string) (probes []probe.Probe, end func(), err error) {
	path := w.call.Path(w.call.Inputs.String("config"))
	source, err := git.Tree{Directory: filepath.Dir(path)}.File(ctx, commit, filepath.Base(path))
	if err != nil {
		return w.Probes(ctx)
	}
	earlier, err := config.Parse(path+" at "+commit, []byte(source))
	if err != nil {
		return w.Probes(ctx)
	}
	return w.probesOf(ctx, earlier)
}

func (w *Workspace) probesOf(ctx context.Context, from *config.Config) (probes []probe.Probe, end func(), err error) {
	end = func() {}
	checks, secrets, err := from.ExpandChecks(w.call.Lookup)
	for _, secret := range secrets {
		w.call.Mask(secret)
	}
	if err != nil {
		return nil, end, err
	}
	var db *database.Database
	if len(checks.Data) > 0 {
		if db, err = w.Database(ctx); err != nil {
			return nil, end, err
		}
		end = func() { db.Close() }
	}
	probes, err = w.probes(checks, db)
	return probes, end, err
}

// ValidChecks returns why the checks of the config cannot be made; nothing is looked at.
func (w *Workspace) ValidChecks() error {
	_, err := w.probes(w.Config.Checks, nil)
	return err
}

func (w *Workspace) probes(checks config.Checks, db *database.Database) ([]probe.Probe, error) {
	if len(checks.Health)+len(checks.Data) == 0 {
		return nil, problem.Wrong("for example checks: {health: [{get: /healthz}]}", "the config has no checks")
	}
	var probes []probe.Probe
	for _, health := range checks.Health {
		check, err := probe.NewHTTP(probe.HTTPOptions{
			Base: w.Environment.URL, Path: health.Get, Within: time.Duration(health.Within), Status: health.Status, Contains: health.Contains,
		})
		if err != nil {
			return nil, err
		}
		probes = append(probes, check)
	}
	for _, data := range checks.Data {
		check, err := probe.NewSQL(probe.SQLOptions{Name: data.Name, Database: db, Query: data.SQL, Want: data.Equals.Text})
		if err != nil {
			return nil, err
		}
		probes = append(probes, check)
	}
	return probes, nil
}

// URLProbes returns one check for each full URL.
func URLProbes(locations []string) ([]probe.Probe, error) {
	var probes []probe.Probe
	for _, location := range locations {
		parsed, err := url.Parse(location)
		if err != nil || parsed.Host == "" {
			return nil, problem.Wrong("its form is https://www.example.com/healthz", "%.80q is not a full URL", location)
		}
		base := url.URL{Scheme: parsed.Scheme, User: parsed.User, Host: parsed.Host}
		check, err := probe.NewHTTP(probe.HTTPOptions{Name: "GET " + location, Base: base.String(), Path: cmp.Or(parsed.RequestURI(), "/")})
		if err != nil {
			return nil, err
		}
		probes = append(probes, check)
	}
	return probes, nil
}
