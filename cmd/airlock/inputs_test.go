package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/runner"
)

// Each input that a verb declares is read by its package, or by what the verbs share, and each that is read is declared.
func TestInputsAreReadAndDeclared(t *testing.T) {
	t.Parallel()
	// That a checklist says that it is a dry run does not make it one: every verb reads dry-run itself.
	shared := inputsRead(t, "../../internal/verb", "Checklist")
	anywhere := map[string]bool{}
	for _, v := range verbs() {
		declaration, err := runner.ParseDeclaration(v.ActionYAML)
		if err != nil {
			t.Fatal(err)
		}
		read := inputsRead(t, folderOf(t, v.Name), "")
		var declared []string
		for _, input := range declaration.AllInputs {
			declared = append(declared, input.Name)
			anywhere[input.Name] = true
			if input.Name == "command" && len(input.Options) == 1 {
				continue // There is nothing to choose.
			}
			if !slices.Contains(read, input.Name) && !slices.Contains(shared, input.Name) {
				t.Errorf("%s declares the input %s, and nothing reads it", v.Name, input.Name)
			}
		}
		for _, name := range read {
			if !slices.Contains(declared, name) {
				t.Errorf("%s reads the input %s, and does not declare it", v.Name, name)
			}
		}
	}
	for _, name := range shared {
		if !anywhere[name] {
			t.Errorf("internal/verb reads the input %s, and no verb declares it", name)
		}
	}
}

// folderOf returns the folder of a verb's package.
func folderOf(t *testing.T, name string) string {
	t.Helper()
	for _, folder := range []string{"../../actions/", "../../internal/command/"} {
		if _, err := os.Stat(folder + name); err == nil {
			return folder + name
		}
	}
	t.Fatalf("the verb %s has no folder", name)
	return ""
}

// inputsRead returns the names in calls such as call.Inputs.String("name") of a package, but for those in one function.
func inputsRead(t *testing.T, folder, except string) []string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if function, ok := node.(*ast.FuncDecl); ok && function.Name.Name == except {
				return false
			}
			if name, ok := inputRead(node); ok {
				names = append(names, name)
			}
			return true
		})
	}
	return names
}

// inputRead returns the name in one call that reads an input.
func inputRead(node ast.Node) (string, bool) {
	call, ok := node.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if receiver, ok := method.X.(*ast.SelectorExpr); !ok || receiver.Sel.Name != "Inputs" {
		return "", false
	}
	if method.Sel.Name == "Command" {
		return "command", true
	}
	if len(call.Args) != 1 {
		return "", false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	name, err := strconv.Unquote(literal.Value)
	return name, err == nil
}
