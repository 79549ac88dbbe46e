package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

func (p *Postgres) newest(ctx context.Context) (Snapshot, error) {
	snapshots, err := p.list()
	if err != nil {
		return Snapshot{}, err
	}
	return newestOf(ctx, p, snapshots, "in "+p.directory)
}

// restore lets pg_restore fill a new database beside the one that the settings lead to. Owners and privileges are those of
// the dump, so the server has to know the roles.
// https://www.postgresql.org/docs/current/app-pgrestore.html
func (p *Postgres) restore(ctx context.Context, snapshot Snapshot, options CopyOptions) (*Scratch, error) {
	if err := p.restores(ctx, options.Settings); err != nil {
		return nil, err
	}
	scratch, err := scratchBeside(ctx, options.Settings, p.options.Now())
	if err != nil {
		return nil, err
	}
	scratch.Title, scratch.Rows = title(scratch.Title, snapshot, p.options.Now())+", in "+scratch.Settings.Name, snapshot.Bytes <= options.MaximumBytes
	tell(options.Progress, snapshot.Bytes, "restoring the snapshot "+snapshot.Name)
	for _, part := range scratch.parts() {
		if err := p.fill(ctx, scratch, snapshot.Location, part...); err != nil {
			return nil, errors.Join(err, scratch.Drop(ctx))
		}
	}
	return scratch, nil
}

// restores sees that pg_restore is there and can fill a database on the server that the settings lead to.
func (p *Postgres) restores(ctx context.Context, settings database.Settings) error {
	text, err := p.run(ctx, p.command("pg_restore", "--version"))
	if err != nil {
		return err
	}
	client, err := parseMajor(text)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	var server int
	if err := db.QueryRowContext(ctx, "select current_setting('server_version_num')::int / 10000").Scan(&server); err != nil {
		return database.Explain(err, db.Title)
	}
	return restorable(client, server)
}

// timed is the version that brought transaction_timeout, which pg_restore sets from then on, whatever the server is. Older servers
// do not know it, and with --exit-on-error the restore ends there. To take the line out of a script is no way: rows can hold it too.
// https://www.postgresql.org/docs/17/release-17.html and _doSetFixedOutputState in
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/bin/pg_dump/pg_backup_archiver.c
const timed = 17

func restorable(client, server int) error {
	if client < timed || server >= timed {
		return nil
	}
	return problem.New(fmt.Sprintf("install the package postgresql-client-%d, or put its folder first in PATH", server),
		"pg_restore is of version %d and the server of version %d, which does not know the transaction_timeout that it sets", client, server)
}
