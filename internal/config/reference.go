package config

import (
	"reflect"
	"slices"
	"strings"
)

// Key is what the types say about one key, for the documentation.
type Key struct {
	// Path is the key's path as Keys has it.
	Path        string
	Description string
	// Expected says what a value is, such as "a duration such as 30m".
	Expected string
	// Default is what counts when the key is not there, Example a value that it may have; both may be empty.
	Default, Example string
	Required         bool
	// Expanded tells that ${NAME} is replaced in the value.
	Expanded bool
	// OneOf names the keys of which at most one may stand here, this one among them; Needed tells that one must.
	OneOf  []string
	Needed bool
}

// Reference returns every key that a config may have, in the order of Keys.
func Reference() []Key {
	replaced := expandable()
	var keys []Key
	groups := map[string][]string{}
	var groupOf []string
	walkFields(reflect.TypeFor[Config](), "", func(path string, f field) {
		key := Key{
			Path: path, Description: f.doc, Expected: expectation(f), Default: f.standard, Example: f.example,
			Required: f.required, Expanded: slices.Contains(replaced, path), Needed: f.one != "",
		}
		if f.kind.Kind() == reflect.Map && strings.HasSuffix(path, ".*") {
			key.Description, key.Required, key.Expected = "The entry of that name.", false, "text"
			if _, _, ok := structureOf(f.kind); ok {
				key.Expected = "keys with values"
			}
		}
		group := ""
		if f.one+f.most != "" {
			group = strings.TrimSuffix(path, f.name) + " " + f.one + f.most
			groups[group] = append(groups[group], f.name)
		}
		keys, groupOf = append(keys, key), append(groupOf, group)
	})
	for i, group := range groupOf {
		keys[i].OneOf = groups[group]
	}
	return keys
}
