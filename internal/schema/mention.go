package schema

import (
	"maps"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/statement"
)

// mentions are all that may have to do with a name, in the order in which they were seen.
type mentions struct {
	// owner is the schema that may write; for all others they are fixed.
	owner *int
	keys  []key
	// known are the keys once more when there are many, as of a table of thousands of partitions.
	known map[key]bool
}

// manyMentions is from when on a map finds one so much faster than a look at each that its copy, one a migration, is worth it.
const manyMentions = 500

func (m *mentions) has(one key) bool {
	switch {
	case m == nil:
		return false
	case m.known != nil:
		return m.known[one]
	}
	return slices.Contains(m.keys, one)
}

// mention notes that something has to do with a name.
func (s *Schema) mention(name statement.Name, by key) {
	found, _ := s.mentions.get(name)
	if found.has(by) {
		return
	}
	if found == nil || found.owner != s.owner {
		copied := &mentions{owner: s.owner}
		if found != nil {
			copied.keys, copied.known = slices.Clone(found.keys), maps.Clone(found.known)
		}
		found = copied
		s.mentions.put(s.owner, name, found)
	}
	found.keys = append(found.keys, by)
	if len(found.keys) == manyMentions {
		found.known = map[key]bool{}
		for _, one := range found.keys {
			found.known[one] = true
		}
	} else if found.known != nil {
		found.known[by] = true
	}
}

// mentioned returns all that may have to do with a name.
func (s *Schema) mentioned(name statement.Name) []key {
	if found, known := s.mentions.get(name); known {
		return found.keys
	}
	return nil
}

// mentioning returns the tables that may have to do with a name, in the order in which they were seen.
func (s *Schema) mentioning(name statement.Name) []*Table {
	mentioned := s.mentioned(name)
	var tables []*Table
	for _, by := range mentioned {
		if by.kind != statement.Table {
			continue
		}
		if table, found := s.tables.get(by.name); found {
			tables = append(tables, table)
		}
	}
	return tables
}
