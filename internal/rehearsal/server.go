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
	"github.com/randomchaoslabs/airlock/internal/statement"
)

// A copy beside a database shares its server, and some statements change what belongs to all databases of the server: they would do
// harm to others, whatever copy they run in. A role that is new is the exception: it can be dropped again.
// https://www.postgresql.org/docs/current/manage-ag-overview.html

// hidden finds such statements where only the text is known.
var hidden = regexp.MustCompile(`(?i)\b(create|alter|drop|comment\s+on)\s+(role|user|group|tablespace|database|system|subscription)\s+(?:if\s+(?:not\s+)?exists\s+)?(\S+)`)

func hiddenIn(sql string) string {
	match := hidden.FindStringSubmatch(sql)
	if match == nil || strings.EqualFold(match[3], "mapping") {
		return ""
	}
	return strings.ToLower(match[2]) + " " + match[3]
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
			for _, change := range parsed.Changes {
				if what := sharedBy(change, parsed.Text, role); what != "" {
					return what, nil
				}
			}
		}
	}
	return "", roles
}

// sharedBy says what one change has to do with the whole server; existing tells whether a role is there, and notes one that is not.
func sharedBy(change statement.Change, text string, existing func(string) bool) string {
	server := []statement.Kind{statement.Database, "tablespace", "subscription"}
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
	case statement.Opaque, statement.Other:
		return hiddenIn(text)
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
	rows, err := r.aside.QueryContext(ctx, "SELECT rolname FROM pg_roles")
	if err != nil {
		return database.Explain(err, r.aside.Title)
	}
	defer rows.Close()
	r.existing = map[string]bool{"public": true}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		r.existing[name] = true
	}
	return rows.Err()
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
			if _, err = r.aside.ExecContext(ctx, "DROP OWNED BY "+quoted+" CASCADE"); err == nil {
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
