package backup

import (
	"context"
	"errors"
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
