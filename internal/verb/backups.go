package verb

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Backups returns where snapshots of the environment's database are kept.
func (w *Workspace) Backups(ctx context.Context) (backup.Store, error) {
	configured := w.Environment.Database
	directory := filepath.Join(w.Path(w.Environment.Backups.Directory), w.Name)
	switch {
	case configured.SQLite != "":
		return backup.NewSQLite(backup.SQLiteOptions{Path: w.Path(configured.SQLite), Directory: directory, Now: w.call.Now})
	case configured.RDS != "":
		account, err := w.AWS(ctx)
		if err != nil {
			return nil, err
		}
		client := rds.NewFromConfig(account)
		return backup.NewRDS(backup.RDSOptions{
			API: client, Quotas: client, Restores: client, Region: account.Region, Instance: configured.RDS, App: w.Config.App, Now: w.call.Now,
		})
	}
	url, err := w.databaseURL(ctx)
	if err != nil {
		return nil, err
	}
	return backup.NewPostgres(backup.PostgresOptions{URL: url, Directory: directory, Now: w.call.Now, LookupEnv: w.call.lookupEnv})
}

// CopyOf restores the newest snapshot of another environment into a temporary database: a dump beside the database of this environment,
// a snapshot in RDS as an instance of its own, for which the role of this environment's rehearsal is assumed. own tells that the copy has
// a server of its own.
func (w *Workspace) CopyOf(ctx context.Context, name string, options backup.CopyOptions) (scratch *backup.Scratch, own bool, err error) {
	// What the other environment keeps secret is not needed here, and not given to this one.
	inner := w.call.Lookup
	w.call.Lookup = Lenient(inner)
	other, err := w.call.WorkspaceOf(name)
	w.call.Lookup = inner
	if err != nil {
		return nil, false, err
	}
	var store backup.Store
	if configured := other.Environment.Database; configured.RDS != "" || configured.SQLite != "" {
		role := ""
		if w.Environment.Rehearsal != nil {
			role = w.Environment.Rehearsal.Role
		}
		if role == "" && w.Environment.AWS != nil {
			role = w.Environment.AWS.Role
		}
		other.ReadAs(role, "")
		own, options.Settings.LookupEnv = configured.RDS != "", w.call.lookupEnv
		store, err = other.Backups(ctx)
	} else if w.Environment.Database.SQLite != "" {
		err = problem.Wrong("rehearse on scratch", "a snapshot of %s is a dump of PostgreSQL, and %s has a SQLite file beside which it cannot be restored", name, w.Name)
	} else if options.Settings, err = w.DatabaseSettings(ctx); err == nil {
		store, err = backup.NewPostgres(backup.PostgresOptions{
			URL: options.Settings.URL, Directory: filepath.Join(other.Path(other.Environment.Backups.Directory), name), Now: w.call.Now, LookupEnv: w.call.lookupEnv,
		})
	}
	if err != nil {
		return nil, false, err
	}
	if scratch, err = backup.Copy(ctx, store, options); err != nil {
		return nil, false, err
	}
	w.call.Mask(scratch.Settings.URL)
	for _, password := range config.Passwords(scratch.Settings.URL) {
		w.call.Mask(password)
	}
	return scratch, own, nil
}

// SnapshotOf returns which snapshot was taken for a promotion and where it is, empty when there is none.
func (w *Workspace) SnapshotOf(ctx context.Context, promotion history.Promotion) (string, error) {
	store, err := w.Backups(ctx)
	if err != nil {
		return "", err
	}
	snapshots, err := store.List(ctx)
	for _, snapshot := range snapshots {
		// The run that took it may have a name of its own; the release and the time tell as well.
		since := snapshot.Tags.Release == promotion.Release.Image && !snapshot.Created.Before(promotion.Created)
		if snapshot.Tags.Run == promotion.ID || since {
			return snapshot.Name + " in " + snapshot.Location, nil
		}
	}
	return "", err
}
