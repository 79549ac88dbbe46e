// Package migrationtest makes migrations for tests.
package migrationtest

import (
	"fmt"
	"strings"
	"testing/fstest"
)

// NoTransaction at the beginning of an up section makes Folder write the annotation above the file.
const NoTransaction = "-- +goose NO TRANSACTION\n"

// Folder returns migrations by their names; each is "up|down".
func Folder(files map[string]string) fstest.MapFS {
	result := fstest.MapFS{}
	for name, sections := range files {
		up, down, _ := strings.Cut(sections, "|")
		up, alone := strings.CutPrefix(up, NoTransaction)
		text := fmt.Sprintf("-- +goose Up\n%s\n-- +goose Down\n%s\n", up, down)
		if alone {
			text = NoTransaction + text
		}
		result[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return result
}
