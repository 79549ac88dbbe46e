package verb

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/history"
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
