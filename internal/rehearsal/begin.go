package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/fingerprint"
	"github.com/randomchaoslabs/airlock/internal/migration"
)

const emptyDown = "there is no down section that changes anything"

// unproven is what is known of a migration before it is rehearsed, or why it is not.
func unproven(file migration.File, reasons ...string) Migration {
	return Migration{File: file, WayBack: Unproven, Reasons: append([]string{}, reasons...), Losses: []fingerprint.Change{}, Changes: []fingerprint.Difference{}}
}

// begin brings the copy to the version that the rehearsal begins with, and returns how it stands then. unreached says why that is
// another one than was asked for.
func (r *rehearsing) begin(ctx context.Context) (status migration.Status, unreached string, err error) {
	if status, err = r.status(ctx); err != nil || r.From == nil || *r.From == status.Current {
		return status, "", err
	}
	from := *r.From
	if _, known := r.Set.Find(from); !known && from != 0 {
		return status, fmt.Sprintf("the migrations folder has no version %d", from), nil
	}
	if from > status.Current {
		unreached, err = r.catchUp(ctx, status, from)
	} else {
		unreached, err = r.takeBack(ctx, status, from)
	}
	if err == nil {
		status, err = r.status(ctx)
	}
	return status, unreached, err
}

func (r *rehearsing) status(ctx context.Context) (migration.Status, error) {
	status, err := migration.ReadStatus(ctx, r.aside, r.Set)
	if err == nil {
		err = status.Check()
	}
	return status, err
}

// catchUp applies what the copy lacks up to a version. What the migrations do wrong is returned as text.
func (r *rehearsing) catchUp(ctx context.Context, status migration.Status, to int64) (string, error) {
	for _, file := range status.Pending {
		if file.Version > to {
			break
		}
		if slices.ContainsFunc(r.without, func(missing migration.File) bool { return missing.Version == file.Version }) {
			continue
		}
		if why := r.refusal(file); why != "" {
			return file.Name + ": " + why, nil
		}
		if _, err := r.migrator.Apply(ctx, file.Version, true); err != nil {
			return err.Error(), context.Cause(ctx)
		}
	}
	return "", nil
}

// takeBack takes back what the copy has applied beyond a version, as far as that goes. goose would take an empty Down for done.
func (r *rehearsing) takeBack(ctx context.Context, status migration.Status, to int64) (string, error) {
	unreached := ""
	for i := len(status.Applied) - 1; i >= 0 && status.Applied[i].Version > to; i-- {
		file := status.Applied[i]
		why := r.refusal(file)
		switch {
		case file.DownFault != "":
			why = file.DownFault
		case file.EmptyDown():
			why = emptyDown
		}
		if why != "" {
			to, unreached = file.Version, fmt.Sprintf("%s cannot be taken back on the copy: %s", file.Name, why)
		}
	}
	_, err := r.migrator.Down(ctx, to)
	if err == nil || ctx.Err() != nil {
		return unreached, context.Cause(ctx)
	}
	if r.Renew == nil {
		return err.Error(), nil
	}
	// It may have stopped halfway: on a new copy it stops before what does not go.
	now, statusErr := migration.ReadStatus(ctx, r.aside, r.Set)
	if statusErr != nil {
		return "", statusErr
	}
	stuck := now.Current
	if now.Half != nil {
		stuck = max(stuck, now.Half.File.Version)
	}
	if renewErr := r.reopen(ctx); renewErr != nil {
		return "", renewErr
	}
	if _, err := r.migrator.Down(ctx, stuck); err != nil {
		return err.Error(), context.Cause(ctx)
	}
	return err.Error(), nil
}

// stuck are the migrations that should have been taken back before, and could not be.
func (r *rehearsing) stuck(status migration.Status, unreached string) []Migration {
	all := []Migration{}
	if r.From == nil || unreached == "" {
		return all
	}
	for _, file := range status.Applied {
		if file.Version > *r.From {
			one := unproven(file, "it is applied to the copy already, and was not rehearsed: "+unreached)
			if file.EmptyDown() {
				one.WayBack, one.Reasons = Impossible, []string{emptyDown}
			}
			all = append(all, one)
		}
	}
	return all
}

// renew makes the copy anew, with everything up to a migration applied, after that one could not be brought to its end. It returns
// why that did not go.
func (r *rehearsing) renew(ctx context.Context, file migration.File) (string, error) {
	if r.Renew == nil {
		return fmt.Sprintf("%s before it goes no further, and there is no other copy", file.Name), nil
	}
	if err := r.reopen(ctx); err != nil {
		return "", err
	}
	status, _, err := r.begin(ctx)
	if err != nil {
		return "", err
	}
	why, err := r.catchUp(ctx, status, file.Version)
	if why != "" {
		why = "on a new copy, " + why
	}
	return why, err
}

// reopen makes the copy anew.
func (r *rehearsing) reopen(ctx context.Context) error {
	if err := errors.Join(r.dropRoles(ctx), r.close()); err != nil {
		return err
	}
	settings, err := r.Renew(ctx)
	if err != nil {
		return err
	}
	return r.open(ctx, settings)
}

// analyze has the large tables of a copy analysed, which has no statistics: their samples are taken by these.
func (r *rehearsing) analyze(ctx context.Context) error {
	if r.InPlace || r.Budget == 0 || r.aside.Dialect != database.PostgreSQL {
		return nil
	}
	_, err := r.aside.ExecContext(ctx, fmt.Sprintf(`DO $$ DECLARE one regclass; BEGIN
FOR one IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND pg_relation_size(c.oid) > %d
  AND n.nspname !~ '^pg_' AND NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
LOOP EXECUTE 'ANALYZE ' || one; END LOOP; END $$`, r.Budget))
	if err != nil {
		return database.Explain(err, r.aside.Title)
	}
	return nil
}

// before returns what the copy holds.
func (r *rehearsing) before(ctx context.Context) (state, error) {
	if r.last != nil {
		return *r.last, nil
	}
	return r.state(ctx, nil)
}
