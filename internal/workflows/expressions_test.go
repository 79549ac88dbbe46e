package workflows_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// reference is a name in an expression: needs.plan.outputs.first has all four parts, toJSON(needs) has the context alone.
type reference struct{ context, name, property, output string }

var (
	braces   = regexp.MustCompile(`(?s)\$\{\{(.*?)\}\}`)
	literal  = regexp.MustCompile(`'(?:[^']|'')*'`)
	referred = regexp.MustCompile(`(?:^|[^.\w-])(inputs|secrets|needs|steps|jobs)\b(\[)?(?:\.([\w*-]+))?(?:\.(\w+))?(?:\.([\w-]+))?`)
)

// bracket begins the name of a reference that is written as an index, which these rules cannot follow.
const bracket = "["

// references returns the names in every expression below a node of a YAML tree. The value of a key "if" is an expression as a whole.
func references(node any) []reference {
	switch value := node.(type) {
	case map[string]any:
		var all []reference
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if text, ok := value[key].(string); ok && key == "if" && !strings.Contains(text, "${{") {
				all = append(all, namesIn(text)...)
			} else {
				all = append(all, references(value[key])...)
			}
		}
		return all
	case []any:
		var all []reference
		for _, entry := range value {
			all = append(all, references(entry)...)
		}
		return all
	case string:
		var all []reference
		for _, expression := range braces.FindAllStringSubmatch(value, -1) {
			all = append(all, namesIn(expression[1])...)
		}
		return all
	}
	return nil
}

func namesIn(expression string) []reference {
	var all []reference
	for _, found := range referred.FindAllStringSubmatch(literal.ReplaceAllString(expression, "''"), -1) {
		all = append(all, reference{context: found[1], name: found[2] + found[3], property: found[4], output: found[5]})
	}
	return all
}

// String is the reference as it stands in the file.
func (r reference) String() string {
	text := r.context
	for _, part := range []string{r.name, r.property, r.output} {
		if part != "" {
			text += "." + part
		}
	}
	return text
}

// uses returns the names of one context that expressions refer to, and whether one takes the context as a whole.
func uses(all []reference, context string) (names map[string]bool, whole bool) {
	names = map[string]bool{}
	for _, one := range all {
		if one.context == context {
			names[one.name] = true
			whole = whole || one.name == "" || one.name == "*"
		}
	}
	return names, whole
}

// declaredAndUsed compares what is declared with what expressions refer to.
func declaredAndUsed[V any](report say, place, context string, declared map[string]V, all []reference) {
	used, whole := uses(all, context)
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !used[name] && !whole {
			report("%s: %s.%s is declared and never used", place, context, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if _, ok := declared[name]; !ok && name != "" && name != "*" {
			report("%s: %s.%s is used and not declared", place, context, name)
		}
	}
}

// below follows keys down a tree that was read from YAML.
func below(tree any, keys ...string) any {
	for _, key := range keys {
		mapping, ok := tree.(map[string]any)
		if !ok {
			return nil
		}
		tree = mapping[key]
	}
	return tree
}
