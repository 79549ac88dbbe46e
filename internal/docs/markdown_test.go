// Package docs holds the documentation to the code: the reference is generated from the declarations, the configs that the
// guides show are loaded, their commands are run and what they print is compared, and every link leads somewhere.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the top of the repository, seen from this folder.
var root = filepath.Join("..", "..")

// block is a fenced block of a page.
type block struct {
	language, text string
	// file is the name that the line before the block ends with, as in "Put this into `main.go`:".
	file string
	line int
}

// page is one Markdown file; its path is relative to the root.
type page struct {
	path, text string
	blocks     []block
}

var fileName = regexp.MustCompile("(?i)put this into `([^`]+)`[.:]")

// parsePage finds the fenced blocks of a page.
func parsePage(path, text string) page {
	parsed := page{path: path, text: text}
	var open *block
	paragraph := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && open == nil:
			open = &block{language: fence, line: number}
			if name := fileName.FindStringSubmatch(paragraph); name != nil {
				open.file = name[1]
			}
		case isFence:
			parsed.blocks = append(parsed.blocks, *open)
			open, paragraph = nil, ""
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "#"):
			paragraph = ""
		default:
			paragraph += strings.TrimSuffix(line, "\n") + " "
		}
	}
	return parsed
}

// pages returns every Markdown file of the repository.
func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", ".airlock", "build", "testdata"}, entry.Name()):
			return fs.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		found = append(found, parsePage(filepath.ToSlash(relative), string(content)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// pageOf returns the page at a path.
func pageOf(t *testing.T, path string) page {
	t.Helper()
	all := pages(t)
	place := slices.IndexFunc(all, func(p page) bool { return p.path == path })
	if place < 0 {
		t.Fatalf("there is no page %s", path)
	}
	return all[place]
}

func TestBlocksAreFound(t *testing.T) {
	t.Parallel()
	got := parsePage("a.md", "# T\n\nPut this into\n`a.go`:\n\n```go\npackage a\n```\n\n## Two\n\n```sh\nls\n```\n").blocks
	want := []block{{language: "go", text: "package a\n", file: "a.go", line: 6}, {language: "sh", text: "ls\n", line: 12}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
