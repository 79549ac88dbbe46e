package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Schema returns the JSON Schema of a config, draft 2020-12 (https://json-schema.org/draft/2020-12), made from the types,
// indented and with a line feed at its end. What only Airlock can check, such as that an environment exists, is not in it.
func Schema() ([]byte, error) {
	schema := schemaOfStructure(reflect.TypeFor[Config]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Airlock: .github/airlock.yaml"
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(schema)
	return text.Bytes(), err
}

// schemaOfStructure returns the schema of a mapping with known keys.
func schemaOfStructure(structure reflect.Type) map[string]any {
	properties, required, beside := map[string]any{}, []string{}, map[string]any{}
	var rules []any
	groups := map[string]bool{}
	fields := fieldsOf(structure)
	for _, f := range fields {
		property := schemaOfType(f.kind, f)
		property["description"] = f.doc
		if f.standard != "" {
			property["default"] = typed(f.kind, f.standard)
		}
		if f.example != "" {
			property["examples"] = []any{exampleOf(f)}
		}
		properties[f.name] = property
		if f.required {
			required = append(required, f.name)
		}
		if f.beside != "" {
			beside[f.name] = []string{f.beside}
		}
		if group := f.one + f.most; group != "" && !groups[group] {
			groups[group] = true
			rules = append(rules, ruleOfGroup(fields, group, f.one != ""))
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	if len(beside) > 0 {
		schema["dependentRequired"] = beside
	}
	if len(rules) > 0 {
		schema["allOf"] = rules
	}
	return schema
}

// ruleOfGroup returns the rule that exactly one or at most one key of a group is there.
func ruleOfGroup(fields []field, group string, exactly bool) map[string]any {
	var choices, all []any
	for _, f := range fields {
		if f.one+f.most == group {
			there := map[string]any{"required": []string{f.name}}
			choices, all = append(choices, there), append(all, there)
		}
	}
	if !exactly {
		choices = append(choices, map[string]any{"not": map[string]any{"anyOf": all}})
	}
	return map[string]any{"oneOf": choices}
}

// schemaOfType returns the schema of a value; f says what its tags add.
func schemaOfType(kind reflect.Type, f field) map[string]any {
	if kind == valueType {
		return map[string]any{"type": []string{"integer", "string"}}
	}
	if one, ok := asScalar(reflect.New(kind).Elem()); ok {
		schema := map[string]any{"type": "string", "minLength": 1}
		if _, pattern := one.describe(); pattern != "" {
			schema["pattern"] = pattern
		}
		return schema
	}
	switch kind.Kind() {
	case reflect.Pointer:
		return schemaOfType(kind.Elem(), f)
	case reflect.Struct:
		return schemaOfStructure(kind)
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		schema := map[string]any{"type": "integer"}
		bound(schema, "minimum", "maximum", f)
		return withChoices(schema, kind, f)
	case reflect.Slice:
		schema := map[string]any{"type": "array", "items": schemaOfType(kind.Elem(), f)}
		bound(schema, "minItems", "maxItems", f)
		return schema
	case reflect.Map:
		schema := map[string]any{
			"type": "object", "propertyNames": map[string]any{"pattern": f.names}, "additionalProperties": schemaOfType(kind.Elem(), f),
		}
		bound(schema, "minProperties", "maxProperties", f)
		return schema
	}
	schema := map[string]any{"type": "string"}
	if !f.empty && len(f.choices) == 0 {
		schema["minLength"] = 1
	}
	if f.pattern != "" {
		schema["pattern"] = f.pattern
	}
	return withChoices(schema, kind, f)
}

// bound adds the least and the greatest of a field under the names that they have for its type.
func bound(schema map[string]any, least, greatest string, f field) {
	if f.least != nil {
		schema[least] = *f.least
	}
	if f.greatest != nil {
		schema[greatest] = *f.greatest
	}
}

// withChoices adds the values that a key may have.
func withChoices(schema map[string]any, kind reflect.Type, f field) map[string]any {
	var choices []any
	for _, choice := range f.choices {
		choices = append(choices, typed(kind, choice))
	}
	if choices != nil {
		schema["enum"] = choices
	}
	return schema
}

// typed returns the text of a tag as a value of a kind.
func typed(kind reflect.Type, text string) any {
	if kind.Kind() == reflect.Int {
		value, _ := strconv.Atoi(text)
		return value
	}
	return text
}

// exampleOf returns the example of a key; that of a list is written as [a, b].
func exampleOf(f field) any {
	if f.kind.Kind() != reflect.Slice {
		return typed(f.kind, f.example)
	}
	return slices.Collect(strings.SplitSeq(strings.Trim(f.example, "[]"), ", "))
}
