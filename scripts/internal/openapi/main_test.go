package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A cut of the cut leaves nothing out: it holds all operations, and nothing that none of them needs.
func TestTheCutIsWhatTheCommandMakes(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "internal", "githubapi", "githubapitest", "api.github.com.json")
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := run([]string{path}, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("run scripts/refresh-openapi (-committed +made):\n%s", diff)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	response := object{"200": object{"description": "Good", "content": object{"application/json": object{"examples": object{}, "schema": object{"$ref": "#/components/schemas/used"}}}}}
	paths := object{"/user": object{"get": object{}}}
	for suffix, methods := range operations() {
		item := object{"delete": object{}}
		for _, method := range methods {
			item[method] = object{"summary": "S", "operationId": "o", "x-github": object{}, "responses": response}
		}
		paths["/repos/{owner}/{repo}"+suffix] = item
	}
	whole := object{
		"openapi": "3.0.3", "info": object{"version": "1", "description": "D"}, "paths": paths,
		"components": object{
			"responses": object{"unused": object{}},
			"schemas": object{
				"used":              object{"description": "D", "properties": object{"description": object{"$ref": "#/components/schemas/deployment-status"}, "summary": object{"type": "string", "example": "E"}}},
				"unused":            object{},
				"deployment-status": object{"properties": object{"state": object{"enum": []any{"success"}}}},
			},
		},
	}
	got, err := cut(whole)
	if err != nil {
		t.Fatal(err)
	}
	want := object{"schemas": object{
		"used":              object{"properties": object{"description": object{"$ref": "#/components/schemas/deployment-status"}, "summary": object{"type": "string"}}},
		"deployment-status": object{"properties": object{"state": object{"enum": []any{"success", "waiting"}}}},
	}}
	if diff := cmp.Diff(want, got["components"]); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	operation := object{"get": object{"responses": object{"200": object{"description": "", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/used"}}}}}}}
	if diff := cmp.Diff(any(operation), got["paths"].(object)["/repos/{owner}/{repo}"]); diff != "" {
		t.Errorf("an operation (-want +got):\n%s", diff)
	}
	delete(paths, "/repos/{owner}/{repo}/environments")
	if _, err := cut(whole); err == nil || !strings.Contains(err.Error(), "there is no path /repos/{owner}/{repo}/environments") {
		t.Errorf("got %v for a description that lacks an operation", err)
	}
}
