// Package house holds the code to the rules of the house: which room may know which, and how large a thing may grow.
package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/randomchaoslabs/airlock/"

// floors are the rooms from the ground up. A room imports only rooms of floors below its own, or those that neighbours
// names. What is not listed is a new room: give it its floor.
func floors() [][]string {
	return [][]string{
		{"internal/problem", "internal/nearest", "internal/lockfile", "internal/leash", "internal/statement", "migrations", "examples/wos/application"},
		{"internal/checklist", "internal/database", "internal/git", "internal/cluster", "internal/config", "internal/awsapi", "internal/githubapi",
			"examples/wos"},
		// The domain: none of them knows where it runs, or the config.
		{"internal/migration", "internal/history", "internal/rollout", "internal/backup", "internal/probe", "internal/fingerprint", "internal/schema"},
		{"internal/apply", "internal/draft"},
		{"internal/gate", "internal/wayback", "internal/watch", "internal/promotion", "internal/review", "internal/rehearsal"},
		{"internal/runner"},
		{"internal/verb"},
		{"actions/preflight", "actions/snapshot", "actions/migrate", "actions/deploy", "actions/verify", "actions/rollback", "actions/record",
			"internal/command/config", "internal/command/window", "internal/command/version", "internal/command/promote"},
		{"internal/command/demo"},
		{"cmd/airlock"},
	}
}

// domain is the floors whose rooms must not know where they run.
func domain() []string { return slices.Concat(floors()[2], floors()[3], floors()[4]) }

type room struct {
	ImportPath string
	Imports    []string
}

func rooms(t *testing.T) []room {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var result []room
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var one room
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return result
		} else if err != nil {
			t.Fatal(err)
		}
		result = append(result, one)
	}
}

// root is the top of the repository, seen from this folder.
var root = filepath.Join("..", "..")

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	floor := map[string]int{}
	for number, names := range floors() {
		for _, name := range names {
			floor[name] = number
		}
	}
	for _, room := range rooms(t) {
		name := strings.TrimPrefix(room.ImportPath, module)
		if strings.HasSuffix(name, "test") || name == "internal/house" || name == "internal/docs" || name == "internal/workflows" || strings.HasPrefix(name, "scripts/") {
			continue // Rooms for tests and tools may look at everything.
		}
		own, known := floor[name]
		if !known {
			t.Errorf("%s has no floor", name)
			continue
		}
		for _, imported := range room.Imports {
			if other, ours := strings.CutPrefix(imported, module); ours && floor[other] >= own {
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
		}
	}
}

func TestNoDomainRoomKnowsWhereItRuns(t *testing.T) {
	t.Parallel()
	forbidden := []string{module + "internal/runner", module + "internal/config", module + "internal/verb", "github.com/sethvargo/go-githubactions"}
	for _, room := range rooms(t) {
		if !slices.Contains(domain(), strings.TrimPrefix(room.ImportPath, module)) {
			continue
		}
		for _, imported := range room.Imports {
			if slices.Contains(forbidden, imported) {
				t.Errorf("%s imports %s", room.ImportPath, imported)
			}
		}
	}
	each(t, func(path string, file *ast.File, source string) {
		if !slices.Contains(domain(), filepath.ToSlash(filepath.Dir(path))) || strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, word := range []string{"GITHUB_", "GitHub Actions", "actions/checkout"} {
			if strings.Contains(source, word) {
				t.Errorf("%s mentions %q", path, word)
			}
		}
	})
}

// each parses every Go file of the repository.
func each(t *testing.T, see func(path string, file *ast.File, source string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		source := string(content)
		file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		see(relative, file, source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestThingsStaySmall(t *testing.T) {
	t.Parallel()
	const maximumLines, maximumMethods = 400, 4
	each(t, func(path string, file *ast.File, source string) {
		if lines := strings.Count(source, "\n"); lines > maximumLines {
			t.Errorf("%s has %d lines: a file over %d is two files", path, lines, maximumLines)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			declared, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if methods, ok := declared.Type.(*ast.InterfaceType); ok && methods.Methods.NumFields() > maximumMethods {
				t.Errorf("%s: the interface %s has %d methods, more than %d", path, declared.Name, methods.Methods.NumFields(), maximumMethods)
			}
			return true
		})
	})
}

func TestNothingRunsBeforeMain(t *testing.T) {
	t.Parallel()
	each(t, func(path string, file *ast.File, _ string) {
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s has an init", path)
			}
		}
	})
}

// A test that is skipped, and work that is put off, are forgotten.
func TestNothingIsPutOff(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`\bt\.Skip\w*\(|TO` + `DO|FIX` + `ME|not ` + `implemented`)
	each(t, func(path string, _ *ast.File, source string) {
		if word := words.FindString(source); word != "" {
			t.Errorf("%s has %q", path, word)
		}
	})
}

func TestEveryExportedNameIsExplained(t *testing.T) {
	t.Parallel()
	each(t, func(path string, file *ast.File, _ string) {
		if strings.HasSuffix(path, "_test.go") || file.Name.Name == "main" {
			return
		}
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no comment", path, d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						t.Errorf("%s: %s has no comment", path, s.Name)
					}
				}
			}
		}
	})
}

// exportedReceiver tells whether a method belongs to a type that others see; a function always does.
func exportedReceiver(function *ast.FuncDecl) bool {
	if function.Recv == nil {
		return true
	}
	receiver := function.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}
