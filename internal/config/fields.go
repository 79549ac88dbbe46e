package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/nearest"
)

// field is what the tags of one key say.
type field struct {
	index                             int
	kind                              reflect.Type
	name, doc, standard, example      string
	pattern, expected, why, one, most string
	beside, names, namesExpected      string
	choices                           []string
	least, greatest                   *int
	required, expand, empty           bool
}

var (
	scalarType = reflect.TypeFor[scalar]()
	secretType = reflect.TypeFor[Secret]()
	valueType  = reflect.TypeFor[Value]()
)

// fieldsOf returns the keys of a struct in the order of their declaration.
func fieldsOf(structure reflect.Type) []field {
	var fields []field
	for i := range structure.NumField() {
		declared := structure.Field(i)
		if !declared.IsExported() {
			continue
		}
		tag := declared.Tag
		one := field{
			index: i, kind: declared.Type,
			name: tag.Get("yaml"), doc: tag.Get("doc"), standard: tag.Get("default"), example: tag.Get("example"),
			pattern: tag.Get("pattern"), expected: tag.Get("expected"), why: tag.Get("why"), one: tag.Get("one"), most: tag.Get("most"),
			beside: tag.Get("with"), names: tag.Get("names"), namesExpected: tag.Get("names-expected"),
			least: number(tag.Get("min")), greatest: number(tag.Get("max")),
			required: tag.Get("required") != "", empty: tag.Get("empty") != "",
			expand: tag.Get("expand") != "" || declared.Type == secretType,
		}
		if choices := tag.Get("choices"); choices != "" {
			one.choices = strings.Split(choices, "|")
		}
		fields = append(fields, one)
	}
	return fields
}

// number returns the number of a tag, or nil when there is none.
func number(text string) *int {
	value, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	return &value
}

// asScalar returns target as a scalar, if its type is written as one text.
func asScalar(target reflect.Value) (scalar, bool) {
	if !target.CanAddr() || !target.Addr().Type().Implements(scalarType) {
		return nil, false
	}
	return target.Addr().Interface().(scalar), true
}

// structureOf returns the struct that a type holds directly, behind a pointer, in a list or in a map, what a path has in
// between, and false when it holds none with keys of its own.
func structureOf(kind reflect.Type) (structure reflect.Type, between string, ok bool) {
	switch kind.Kind() {
	case reflect.Pointer:
		return structureOf(kind.Elem())
	case reflect.Slice:
		between = "[]"
		kind = kind.Elem()
	case reflect.Map:
		between = ".*"
		kind = kind.Elem()
	}
	isStructure := kind.Kind() == reflect.Struct && kind != valueType && !reflect.PointerTo(kind).Implements(scalarType)
	return kind, between, isStructure
}

// walkFields calls visit with every key path of a struct and with its field; a map's names are the path segment "*".
func walkFields(structure reflect.Type, prefix string, visit func(path string, f field)) {
	for _, f := range fieldsOf(structure) {
		path := join(prefix, f.name)
		visit(path, f)
		inner, between, ok := structureOf(f.kind)
		if f.kind.Kind() == reflect.Map {
			visit(path+".*", f)
		}
		if ok {
			walkFields(inner, path+between, visit)
		}
	}
}

// Keys returns the path of every key that a config may have, such as "environments.*.deploy.compose.file" or
// "checks.health[].get"; "*" stands for a name, "[]" for an entry of a list.
func Keys() []string {
	var keys []string
	walkFields(reflect.TypeFor[Config](), "", func(path string, _ field) { keys = append(keys, path) })
	return keys
}

// expandable returns the key paths in which ${NAME} is replaced.
func expandable() []string {
	var paths []string
	walkFields(reflect.TypeFor[Config](), "", func(path string, f field) {
		isMapItself := f.kind.Kind() == reflect.Map && !strings.HasSuffix(path, ".*")
		if f.expand && !isMapItself {
			paths = append(paths, path)
		}
	})
	return paths
}

// join appends a key to a path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

var entryNumber = regexp.MustCompile(`\[[0-9]+\]`)

// under tells whether path is the key of pattern or lies beneath it; "*" in pattern stands for any name, "[]" for any entry.
func under(path, pattern string) bool {
	if pattern == "" {
		return true
	}
	segments, wanted := strings.Split(path, "."), strings.Split(pattern, ".")
	if len(segments) < len(wanted) {
		return false
	}
	for i, want := range wanted {
		segment := segments[i]
		withoutNumber := entryNumber.ReplaceAllString(segment, "[]")
		withoutEntry, _, _ := strings.Cut(segment, "[")
		last := i == len(wanted)-1
		if want != "*" && want != segment && want != withoutNumber && !(last && want == withoutEntry) {
			return false
		}
	}
	return true
}

// suggestion returns "; did you mean …" with the candidate nearest to name, or a list of all candidates when none is near.
func suggestion(name string, candidates []string) string {
	if near, found := nearest.Name(name, candidates); found {
		return "; did you mean " + strconv.Quote(near) + "?"
	}
	return "; expected one of " + strings.Join(candidates, ", ")
}
