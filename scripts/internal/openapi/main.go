// Command openapi cuts GitHub's OpenAPI description down to the operations that Airlock uses and to what validates them:
// texts and examples are left out, and so is every component that nothing refers to.
//
//	go run ./scripts/internal/openapi api.github.com.json > cut.json
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

// operations are those that internal/githubapi calls, by the path below the repository's.
func operations() map[string][]string {
	return map[string][]string{
		"":                                 {"get"},
		"/environments":                    {"get"},
		"/environments/{environment_name}": {"get"},
		"/environments/{environment_name}/deployment-branch-policies": {"get"},
		"/deployments":                          {"get", "post"},
		"/deployments/{deployment_id}/statuses": {"get", "post"},
		"/actions/runs/{run_id}":                {"get"},
		"/actions/runs/{run_id}/approvals":      {"get"},
		"/actions/runs/{run_id}/cancel":         {"post"},
		"/actions/workflows/{workflow_id}/runs": {"get"},
		"/issues/{issue_number}/comments":       {"get", "post"},
		"/issues/comments/{comment_id}":         {"delete", "patch"},
	}
}

type object = map[string]any

func run(arguments []string, output io.Writer) error {
	if len(arguments) != 1 {
		return errors.New("usage: openapi api.github.com.json")
	}
	content, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	var whole object
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&whole); err != nil {
		return err
	}
	document, err := cut(whole)
	if err != nil {
		return err
	}
	return write(output, document)
}

// cut returns the part of whole that the operations need.
func cut(whole object) (object, error) {
	paths := object{}
	for suffix, methods := range operations() {
		path := "/repos/{owner}/{repo}" + suffix
		item, ok := whole["paths"].(object)[path].(object)
		if !ok {
			return nil, fmt.Errorf("there is no path %s", path)
		}
		kept := object{}
		for _, method := range methods {
			if kept[method], ok = item[method]; !ok {
				return nil, fmt.Errorf("there is no %s %s", method, path)
			}
		}
		paths[path] = strip(kept, false)
	}
	components := object{}
	if err := collect(paths, whole, components); err != nil {
		return nil, err
	}
	if responses, ok := components["responses"].(object); ok {
		describe(responses)
	}
	if err := amend(components); err != nil {
		return nil, err
	}
	return object{
		"openapi": whole["openapi"],
		"info":    object{"title": "A cut of GitHub's REST API", "version": whole["info"].(object)["version"]},
		"paths":   paths, "components": components,
	}, nil
}

// strip leaves out what validates nothing. Below properties the keys are names, not words of OpenAPI.
func strip(value any, names bool) any {
	switch value := value.(type) {
	case object:
		kept := object{}
		for key, child := range value {
			text := slices.Contains([]string{"description", "summary", "example", "examples", "externalDocs", "tags", "operationId"}, key) ||
				strings.HasPrefix(key, "x-")
			if text && !names {
				continue
			}
			kept[key] = strip(child, !names && (key == "properties" || key == "headers"))
			if responses, ok := kept[key].(object); ok && key == "responses" && !names {
				describe(responses)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, child := range value {
			kept[i] = strip(child, false)
		}
		return kept
	}
	return value
}

// describe puts back the one text without which a response is not valid OpenAPI.
func describe(responses object) {
	for _, response := range responses {
		if response, ok := response.(object); ok && response["$ref"] == nil {
			response["description"] = ""
		}
	}
}

// collect adds to components everything that value refers to.
func collect(value any, whole, components object) error {
	switch value := value.(type) {
	case object:
		if reference, ok := value["$ref"].(string); ok {
			if err := collectReference(reference, whole, components); err != nil {
				return err
			}
		}
		for _, child := range value {
			if err := collect(child, whole, components); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range value {
			if err := collect(child, whole, components); err != nil {
				return err
			}
		}
	}
	return nil
}

func collectReference(reference string, whole, components object) error {
	kind, name, ok := strings.Cut(strings.TrimPrefix(reference, "#/components/"), "/")
	if !ok {
		return fmt.Errorf("the reference %s is none to a component", reference)
	}
	kinds, ok := components[kind].(object)
	if !ok {
		kinds = object{}
		components[kind] = kinds
	}
	if _, known := kinds[name]; known {
		return nil
	}
	component, ok := whole["components"].(object)[kind].(object)[name]
	if !ok {
		return fmt.Errorf("the reference %s leads nowhere", reference)
	}
	kinds[name] = strip(component, false)
	return collect(kinds[name], whole, components)
}

// amend adds what GitHub answers and its description lacks: a deployment that waits for its environment's rules has a
// status `waiting`.
func amend(components object) error {
	schema, _ := components["schemas"].(object)["deployment-status"].(object)
	properties, _ := schema["properties"].(object)
	state, _ := properties["state"].(object)
	states, ok := state["enum"].([]any)
	if !ok {
		return errors.New("the states of a deployment are not where they were")
	}
	if !slices.Contains(states, any("waiting")) {
		state["enum"] = append(states, "waiting")
	}
	return nil
}

// write prints one path, and one component, a line: a newer description then differs in few lines.
func write(output io.Writer, document object) error {
	var text bytes.Buffer
	text.WriteString("{\n")
	for _, key := range []string{"openapi", "info"} {
		if err := line(&text, key, document[key], true); err != nil {
			return err
		}
	}
	if err := section(&text, "paths", document["paths"].(object), true); err != nil {
		return err
	}
	text.WriteString("\"components\": {\n")
	components := document["components"].(object)
	kinds := slices.Sorted(maps.Keys(components))
	for i, kind := range kinds {
		if err := section(&text, kind, components[kind].(object), i < len(kinds)-1); err != nil {
			return err
		}
	}
	text.WriteString("}\n}\n")
	_, err := output.Write(text.Bytes())
	return err
}

func section(text *bytes.Buffer, name string, values object, more bool) error {
	fmt.Fprintf(text, "%q: {\n", name)
	keys := slices.Sorted(maps.Keys(values))
	for i, key := range keys {
		if err := line(text, key, values[key], i < len(keys)-1); err != nil {
			return err
		}
	}
	text.WriteString("}")
	end(text, more)
	return nil
}

func line(text *bytes.Buffer, key string, value any, more bool) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	fmt.Fprintf(text, "%q: %s", key, encoded)
	end(text, more)
	return nil
}

func end(text *bytes.Buffer, more bool) {
	if more {
		text.WriteByte(',')
	}
	text.WriteByte('\n')
}
