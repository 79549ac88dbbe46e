package githubapitest

import (
	"bytes"
	"context"

	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// described is a cut of GitHub's OpenAPI description, made by scripts/refresh-openapi.
//
//go:embed api.github.com.json
var described []byte

// description checks requests and answers against GitHub's OpenAPI description.
type description struct{ document *openapi3.T }

// load parses the description once, as a regular expression is compiled once: it takes a tenth of a second.
var load = sync.OnceValues(func() (*description, error) {
	document, err := openapi3.NewLoader().LoadFromData(described)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description: %w", err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("GitHub's description: %w", err)
	}
	return &description{document}, nil
})

// input returns what the validator wants to know about a request.
func (d *description) input(route route, r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	item := d.document.Paths.Find(repositoryPath + route.path)
	if item == nil || item.GetOperation(route.method) == nil {
		return nil, fmt.Errorf("%s %s is not described", route.method, route.path)
	}
	parameters := map[string]string{}
	for _, part := range strings.Split(repositoryPath+route.path, "/") {
		if name := strings.Trim(part, "{}"); name != part {
			parameters[name] = r.PathValue(name)
		}
	}
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, QueryParams: r.URL.Query(),
		Route: &routers.Route{Spec: d.document, Path: repositoryPath + route.path, PathItem: item, Method: route.method, Operation: item.GetOperation(route.method)},
		Options: &openapi3filter.Options{
			SkipSettingDefaults: true, IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}, nil
}

// request returns an error when a request is not as it is described; beyond OpenAPI, what is not described is refused.
func (d *description) request(route route, r *http.Request, body []byte) error {
	input, err := d.input(route, r)
	if err != nil {
		return err
	}
	operation := input.Route.Operation
	for name := range r.URL.Query() {
		if operation.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("there is no parameter %s", name)
		}
	}
	if len(body) > 0 {
		if operation.RequestBody == nil {
			return fmt.Errorf("there is no body")
		}
		var members object
		if err := json.Unmarshal(body, &members); err != nil {
			return err
		}
		for name := range members {
			if operation.RequestBody.Value.Content.Get("application/json").Schema.Value.Properties[name] == nil {
				return fmt.Errorf("there is no member %s", name)
			}
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return openapi3filter.ValidateRequest(r.Context(), input)
}

// response completes the value of an answer with what GitHub always sends, and returns an error when it is not as it is
// described.
func (d *description) response(route route, r *http.Request, answer answer) (any, error) {
	input, err := d.input(route, r)
	if err != nil {
		return nil, err
	}
	value := answer.value
	if described := input.Route.Operation.Responses.Status(answer.status); described != nil {
		if content := described.Value.Content.Get("application/json"); content != nil {
			value = complete(content.Schema, value)
		}
	} else if answer.status >= http.StatusBadRequest {
		return value, nil // Errors that every operation can have are not described.
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return value, openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.status, Options: input.Options,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
	})
}

// complete adds to value what its schema requires and it lacks, all the way down.
func complete(reference *openapi3.SchemaRef, value any) any {
	schema := variant(reference.Value, value)
	switch value := value.(type) {
	case object:
		whole := maps.Clone(value)
		for name, property := range schema.Properties {
			member, given := value[name]
			switch {
			case given && member != nil:
				whole[name] = complete(property, member)
			case !given && slices.Contains(schema.Required, name):
				whole[name] = blank(property)
			}
		}
		return whole
	case []any:
		if schema.Items == nil {
			return value
		}
		whole := make([]any, len(value))
		for i, item := range value {
			whole[i] = complete(schema.Items, item)
		}
		return whole
	}
	return value
}

// variant returns the first of a schema's variants that knows everything that is given.
func variant(schema *openapi3.Schema, value any) *openapi3.Schema {
	given, _ := value.(object)
	for _, one := range slices.Concat(schema.AnyOf, schema.OneOf) {
		known := func(name string) bool { return one.Value.Properties[name] != nil }
		unknown := slices.ContainsFunc(slices.Collect(maps.Keys(given)), func(name string) bool { return !known(name) })
		if !unknown {
			return one.Value
		}
	}
	return schema
}

// blank returns the plainest value that a schema allows.
func blank(reference *openapi3.SchemaRef) any {
	schema := variant(reference.Value, nil)
	switch {
	case schema.Nullable:
		return nil
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Type.Is("array"):
		return []any{}
	case schema.Type.Is("boolean"):
		return false
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return 0
	case schema.Type.Is("string"):
		return map[string]string{"date-time": "2026-01-01T00:00:00Z", "uri": "https://github.invalid/"}[schema.Format]
	}
	return complete(reference, object{})
}
