package schema

import (
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// grant notes privileges one by one, so that a REVOKE takes back what a GRANT gave, however they are grouped.
func (a *applying) grant(c statement.Grant) {
	objects := c.Objects
	if len(objects) == 0 {
		objects = []statement.Object{{}}
	}
	for _, on := range objects {
		at := key{kind: "grant", name: on.Name}
		if on.Name.Name != "" && !c.All && !c.Default {
			at.name = a.place(c.Kind, on).name
		}
		for _, role := range c.Roles {
			if at.on = (statement.Name{Name: role}); c.Revoke && c.All && slices.Contains(c.Privileges, "all") {
				a.disown(at.on, c.Kind, on.Name.Name)
			}
			for _, privilege := range c.Privileges {
				at.arguments = strings.TrimSpace(string(c.Kind)+" "+privilege) + arguments(on.Arguments)
				if c.All || c.Default {
					at.arguments = "all " + at.arguments
				}
				switch {
				case !c.Revoke:
					a.putObject(at, object{origin: a.origin})
				case privilege == "all":
					mentioned := a.mentioned(at.name)
					for _, other := range mentioned {
						if other.kind == "grant" && other.name == at.name && other.on == at.on && strings.HasPrefix(other.arguments, "all ") == (c.All || c.Default) {
							a.removeObject(other)
						}
					}
				case a.objects.has(at):
					a.removeObject(at)
				default:
					// It was there, as the statement tells, unless that is said of everybody, or of what is new.
					table, _ := a.tables.get(at.name)
					a.missing(at, role == "public" || table != nil && table.Origin == a.origin)
				}
			}
		}
	}
}
