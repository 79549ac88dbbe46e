package backup

import (
	"context"
	"fmt"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// within calls something in one database of the copy, as the master user.
func (c *rdsCopy) within(ctx context.Context, instance awsapi.Instance, settings database.Settings, name, password string, do func(*database.Database) error) (err error) {
	settings.Name = name
	if settings.URL, err = (awsapi.DatabaseSecret{User: instance.MasterUser, Password: password, Database: name}).URL(instance); err != nil {
		return err
	}
	db, err := database.Open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := do(db); err != nil {
		return database.Explain(err, db.Title)
	}
	return nil
}

// calm stops what works on its own in a copy of production: subscriptions would take production's place at their publishers, and jobs of
// pg_cron would run. https://www.postgresql.org/docs/current/sql-altersubscription.html and https://github.com/citusdata/pg_cron
func (c *rdsCopy) calm(ctx context.Context, instance awsapi.Instance, settings database.Settings, password string) error {
	var busy []string
	var cron string
	err := c.within(ctx, instance, settings, c.database, password, func(db *database.Database) (err error) {
		if busy, err = database.Texts(ctx, db, "SELECT DISTINCT datname FROM pg_database d JOIN pg_subscription s ON s.subdbid = d.oid"); err != nil {
			return err
		}
		return db.QueryRowContext(ctx, "SELECT coalesce(current_setting('cron.database_name', true), '')").Scan(&cron)
	})
	if err != nil {
		return err
	}
	for _, name := range busy {
		err := c.within(ctx, instance, settings, name, password, func(db *database.Database) error {
			return all(ctx, db, `SELECT format(change, subname) FROM pg_subscription s, unnest(ARRAY['ALTER SUBSCRIPTION %I DISABLE', 'ALTER SUBSCRIPTION %I SET (slot_name = NONE)']) WITH ORDINALITY AS c(change, place)
				WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY subname, place`)
		})
		if err != nil {
			return err
		}
	}
	if cron == "" {
		return nil
	}
	// Of jobs that a policy hides, a user who is not exempt would stop none and hear nothing: row_security makes that an error.
	// https://github.com/citusdata/pg_cron/blob/main/pg_cron.sql
	err = c.within(ctx, instance, settings, cron, password, func(db *database.Database) error {
		return all(ctx, db, "SELECT 'SET LOCAL row_security = off; UPDATE cron.job SET active = false' WHERE to_regclass('cron.job') IS NOT NULL")
	})
	if err != nil {
		return problem.New("rehearse on scratch", "the jobs of pg_cron cannot be stopped on the copy: %w", err)
	}
	return nil
}

// all runs the statements that a query writes.
func all(ctx context.Context, db *database.Database, query string) error {
	statements, err := database.Texts(ctx, db, query)
	for _, statement := range statements {
		if _, err = db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return err
}

// orient finds the database that migrations were applied to and whose its tables are, where nobody says so: that is not always the
// instance's first database, and the master user owns nothing there.
func (c *rdsCopy) orient(ctx context.Context, instance awsapi.Instance, settings database.Settings, password string) error {
	var names []string
	err := c.within(ctx, instance, settings, c.database, password, func(db *database.Database) (err error) {
		names, err = database.Texts(ctx, db, "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'rdsadmin' AND has_database_privilege(datname, 'CONNECT') ORDER BY datname <> $1, datname", c.database)
		return err
	})
	if err != nil {
		return err
	}
	owners := map[string]string{}
	var found []string
	for _, name := range names {
		err := c.within(ctx, instance, settings, name, password, func(db *database.Database) error {
			who, err := database.Texts(ctx, db, "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = $1 AND relkind = 'r' ORDER BY pg_table_is_visible(oid) DESC LIMIT 1", database.GooseTable)
			if len(who) > 0 {
				owners[name], found = who[0], append(found, name)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	switch {
	case len(found) == 0:
		return problem.New("take a snapshot after the first migration was applied", "no database of %s has migrations applied", c.original.Identifier)
	case slices.Contains(found, c.database):
	case len(found) > 1:
		return problem.New("rehearse on scratch", "which database of %s the migrations are for is not known: %s", c.original.Identifier, fmt.Sprint(found))
	default:
		c.database = found[0]
	}
	c.user = owners[c.database]
	return nil
}
