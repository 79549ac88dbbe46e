package rehearsal

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// A copy beside a database shares its server, and some statements change what belongs to all databases of the server: they would do
// harm to others, whatever copy they run in. A role that is new is the exception: it can be dropped again.
// https://www.postgresql.org/docs/current/manage-ag-overview.html

// hidden finds such statements where only the text is known, and functions that reach beyond the database.
var hidden = regexp.MustCompile(`(?is)\b(?:(?:create|alter|drop|comment\s+on)\s+(?:role|user|group|tablespace|database|system|subscription)\s+(?:if\s+(?:not\s+)?exists\s+)?\S+` +
	`|(?:reassign|drop)\s+owned\b|(?:grant|revoke)\s+[\w", ]+\s+(?:to|from)\s` +
	`|copy\b.*\b(?:to|from)\s+program\b|pg_(?:create_(?:physical|logical)|drop|copy_(?:physical|logical))_replication_slot\b` +
	`|pg_(?:terminate|cancel)_backend\b|pg_(?:reload_conf|rotate_logfile|promote|switch_wal)\b|dblink\w*\s*\()`)

func hiddenIn(sql string) string {
	for _, match := range hidden.FindAllString(sql, -1) {
		if words := strings.Fields(strings.ToLower(match)); len(words) < 3 || words[1] != "user" || words[2] != "mapping" {
			return migration.Excerpt(match, 60)
		}
	}
	return ""
}

// shared says what a section changes that belongs to the whole server, empty for nothing, and which new roles it makes or needs. existing
// are the roles that are there.
func shared(section []migration.Statement, existing map[string]bool) (what string, roles []string) {
	role := func(name string) bool {
		if existing[name] || name == "" {
			return true
		}
		roles = append(roles, name)
		return false
	}
	for _, one := range section {
		parsed, err := statement.Parse(one.SQL)
		if err != nil {
			if what := hiddenIn(one.SQL); what != "" {
				return what, nil
			}
			continue
		}
		for _, parsed := range parsed {
			if what := hiddenIn(parsed.Text); what != "" && !understood(parsed.Changes) {
				return what, nil
			}
			for _, change := range parsed.Changes {
				if what := sharedBy(change, role); what != "" {
					return what, nil
				}
			}
		}
	}
	return "", roles
}

// understood tells that the changes say all that a statement does, so that its text need not be searched; a function is only made.
func understood(changes []statement.Change) bool {
	return len(changes) > 0 && !slices.ContainsFunc(changes, func(change statement.Change) bool {
		switch change.(type) {
		case statement.Define, statement.AlterObject, statement.Comment, statement.Rename, statement.RoleSetting, statement.Drop, statement.Grant, statement.CreateFunction,
			statement.CreateTable, statement.AddColumn, statement.Insert, statement.CreateIndex:
			return false
		}
		return true
	})
}

// sharedBy says what one change has to do with the whole server; existing tells whether a role is there, and notes one that is not.
func sharedBy(change statement.Change, existing func(string) bool) string {
	server := []statement.Kind{statement.Database, "tablespace", "subscription", "parameter", "parameter acl", "configuration parameter"}
	named := func(kind statement.Kind, name string) string {
		if slices.Contains(server, kind) || kind == statement.Role && existing(name) {
			return fmt.Sprintf("%s %s", kind, name)
		}
		return ""
	}
	switch of := change.(type) {
	case statement.Define:
		return named(of.Kind, of.Object.Name.Name)
	case statement.AlterObject:
		return named(of.Kind, of.Object.Name.Name)
	case statement.Comment:
		return named(of.Kind, of.Object.Name.Name)
	case statement.Rename:
		return named(of.Kind, of.Object.Name)
	case statement.RoleSetting:
		if of.Kind == "system" {
			return "the settings of the server"
		}
		return named(of.Kind, of.Object)
	case statement.Drop:
		for _, object := range of.Objects {
			if of.Kind == "owned" && existing(object.Name.Name) {
				return "what role " + object.Name.Name + " owns"
			}
			if what := named(of.Kind, object.Name.Name); what != "" {
				return what
			}
		}
	case statement.Grant:
		if slices.Contains(server, of.Kind) {
			return fmt.Sprintf("the privileges of a %s", of.Kind)
		}
		for _, name := range of.Privileges {
			if of.OfRole && existing(name) && slices.ContainsFunc(of.Roles, existing) {
				return "the members of role " + name
			}
		}
	}
	return ""
}

// refusal says why a migration is not rehearsed on a copy that shares its server, empty when it is, and notes which new roles it makes.
func (r *rehearsing) refusal(file migration.File) string {
	if r.OwnServer || r.aside.Dialect != database.PostgreSQL {
		return ""
	}
	for _, section := range [][]migration.Statement{file.Up, file.Down} {
		what, roles := shared(section, r.existing)
		if what != "" {
			return fmt.Sprintf("it was not rehearsed: it changes what belongs to the whole server, %s, and a copy is no reason to", what)
		}
		r.roles = append(r.roles, roles...)
	}
	return ""
}

// readRoles notes which roles the server has.
func (r *rehearsing) readRoles(ctx context.Context) error {
	if r.existing != nil || r.aside.Dialect != database.PostgreSQL {
		return nil
	}
	names, err := database.Texts(ctx, r.aside, "SELECT rolname FROM pg_roles")
	if err != nil {
		return database.Explain(err, r.aside.Title)
	}
	r.existing = map[string]bool{"public": true}
	for _, name := range names {
		r.existing[name] = true
	}
	return nil
}

// rolePatience bounds how long the roles may take to go when the call was cancelled.
const rolePatience = 10 * time.Second

// dropRoles drops the roles that migrations made, with what they own in the copy.
func (r *rehearsing) dropRoles(ctx context.Context) error {
	if r.aside == nil || r.OwnServer {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rolePatience)
	defer cancel()
	for len(r.roles) > 0 {
		name := r.roles[0]
		var there bool
		err := r.aside.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&there)
		if err == nil && there {
			quoted := pgx.Identifier{name}.Sanitize()
			// Only a member may drop what a role owns, unless as a superuser. https://www.postgresql.org/docs/current/sql-drop-owned.html
			_, err = r.aside.ExecContext(ctx, "GRANT "+quoted+" TO CURRENT_USER")
			if err == nil {
				_, err = r.aside.ExecContext(ctx, "DROP OWNED BY "+quoted+" CASCADE")
			}
			if err == nil {
				_, err = r.aside.ExecContext(ctx, "DROP ROLE "+quoted)
			}
		}
		if err != nil {
			return fmt.Errorf("the role %s, which a migration made in the rehearsal, is left on the server: %w", name, database.Explain(err, r.aside.Title))
		}
		r.roles = r.roles[1:]
	}
	return nil
}

// anotherServer finds in an error that a migration wanted to work on another server.
var anotherServer = regexp.MustCompile(`user mapping not found|SQLSTATE HV`)

func elsewhere(failed string) bool { return anotherServer.MatchString(failed) }

// isolate keeps a copy from signing in to other servers, as the original does for its foreign tables: what is there is no copy.
// https://www.postgresql.org/docs/current/sql-dropusermapping.html
func (r *rehearsing) isolate(ctx context.Context) error {
	if r.InPlace || r.aside.Dialect != database.PostgreSQL {
		return nil
	}
	statements, err := database.Texts(ctx, r.aside,
		"SELECT format('DROP USER MAPPING FOR %s SERVER %I', CASE umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(usename) END, srvname) FROM pg_user_mappings")
	if err != nil {
		return database.Explain(err, r.aside.Title)
	}
	for _, statement := range statements {
		if _, err := r.aside.ExecContext(ctx, statement); err != nil {
			return problem.New("rehearse as the owner of the foreign servers, or set rehearsal: {on: none}", "the copy cannot be kept from other servers: %w", database.Explain(err, r.aside.Title))
		}
	}
	return nil
}
