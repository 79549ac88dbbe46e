package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// checkHint is for a file that can be read but is wrong.
const checkHint = "correct the file, then run: airlock config check"

// schemaHint is for a file that is not there.
const schemaHint = "name the file with --config, or write one; airlock config schema prints what it may hold"

// document is what the file says beside the values: where each key is.
type document struct {
	// digest is of its bytes, in hexadecimal digits.
	digest string
	name   string
	keys   []key
	index  map[string]int
}

// Load reads and checks the config file at path, of at most 1 MiB; see Parse.
func Load(path string) (*Config, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Wrong(schemaHint, "there is no config file %s", path)
	}
	if err != nil {
		return nil, problem.Wrong(schemaHint, "the config file cannot be read: %w", err)
	}
	defer file.Close()
	source, err := io.ReadAll(io.LimitReader(file, maximumBytes+1))
	if err != nil {
		return nil, problem.Wrong(schemaHint, "the config file cannot be read: %w", err)
	}
	return Parse(path, source)
}

// Parse checks source, a YAML document, and calls it name in errors. All that is wrong is in one error: a usage problem
// with an *Invalid in it. Defaults are set; of ${NAME} only the form is checked, until Environment or ExpandChecks puts the
// values in.
func Parse(name string, source []byte) (*Config, error) {
	tree, findings := readTree(name, source)
	if len(findings) > 0 {
		return nil, invalid(findings, checkHint)
	}
	d := decoder{file: name}
	var config Config
	d.structure(tree, reflect.ValueOf(&config).Elem(), "")
	sum := sha256.Sum256(source)
	config.document = &document{name: name, digest: hex.EncodeToString(sum[:]), keys: d.keys, index: map[string]int{}}
	for i, one := range d.keys {
		config.document.index[one.path] = i
	}
	findings = append(d.findings, config.validate(d.findings)...)
	if len(findings) > 0 {
		return nil, invalid(findings, checkHint)
	}
	return &config, nil
}

// file returns the name of the document.
func (d *document) file() string {
	if d == nil {
		return "the config"
	}
	return d.name
}

// find returns the key or the list entry at path.
func (d *document) find(path string) (key, bool) {
	if d == nil {
		return key{}, false
	}
	i, ok := d.index[path]
	if !ok {
		return key{}, false
	}
	return d.keys[i], true
}

// Digest returns the SHA-256 of the document's bytes, in hexadecimal digits.
func (c *Config) Digest() string { return c.document.digest }

// Position returns where the document has the key or the list entry at path, such as
// "environments.production.deploy.compose" or "checks.health[0].get"; false when it does not have it.
func (c *Config) Position(path string) (Position, bool) {
	found, ok := c.document.find(path)
	return found.position, ok
}

// KeysSet returns the paths of the keys that the document sets, in its order: the key at path and all beneath it; in path,
// "*" stands for any name and "[]" for any entry, so that a path that Keys returned finds what uses it. An empty path
// finds all keys.
func (c *Config) KeysSet(path string) []string {
	if c.document == nil {
		return nil
	}
	var set []string
	for _, one := range c.document.keys {
		if !one.entry && under(one.path, path) {
			set = append(set, one.path)
		}
	}
	return set
}

// Refuse returns a usage problem at the position of the key at path: why it cannot be done, and a hint. A key that the
// document does not set is refused where the nearest key above it stands.
func (c *Config) Refuse(path, why, hint string) error {
	return problem.Wrong(hint, "%s", c.finding(path, "%s", why))
}

// finding returns a finding at the key at path, or at the nearest key above it.
func (c *Config) finding(path, format string, arguments ...any) Finding {
	at := Position{File: c.document.file(), Line: 1, Column: 1}
	for above := path; above != ""; above = above[:max(0, strings.LastIndexAny(above, ".["))] {
		if position, ok := c.Position(above); ok {
			at = position
			break
		}
	}
	return Finding{Position: at, Path: path, Message: fmt.Sprintf(format, arguments...)}
}

// EnvironmentNames returns the names of the environments, in the order of the document.
func (c *Config) EnvironmentNames() []string {
	names := slices.Clone(c.KeysSet("environments.*"))
	names = slices.DeleteFunc(names, func(path string) bool { return strings.Count(path, ".") != 1 })
	for i, path := range names {
		names[i] = strings.TrimPrefix(path, "environments.")
	}
	return names
}
