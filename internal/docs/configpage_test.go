package docs_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/verb"
)

// configPage describes every key of the config, and who uses or refuses it.
func configPage() string {
	var out strings.Builder
	out.WriteString(generatedFrom("internal/config/types.go"))
	out.WriteString(`# The config

Airlock reads ` + "`.github/airlock.yaml`" + `, or the file that ` + "`--config`" + ` names. Relative paths in it begin at the project's folder:
the one that holds ` + "`.github`" + `, or the config itself when it lies elsewhere.

- An unknown key, a key that comes twice, and a value of the wrong form are errors with file, line, column and the nearest
  key that exists. YAML's anchors, aliases, tags and merge keys are refused.
- ` + "`${NAME}`" + ` is replaced in the keys that are marked so, and nowhere else: from the environment variable ` + "`AIRLOCK_ENV`" + ` (lines of
  ` + "`NAME=value`" + `), and on a laptop from the environment after it. A variable that is missing is an error.
- **Every key is read and checked, but not every key is built.** A key that a verb needs and cannot do yet is refused by that
  verb with exit code 2, so that nothing is accepted and then ignored. Those keys say "not built yet" below.

In the tables ` + "`*`" + ` stands for a name that you choose, and ` + "`[]`" + ` for each entry of a list.
`)
	rows := map[string]*strings.Builder{}
	var sections []string
	for _, key := range config.Reference() {
		section := sectionOf(key.Path)
		if rows[section] == nil {
			rows[section] = &strings.Builder{}
			sections = append(sections, section)
		}
		row(rows[section], "`"+key.Path+"`", what(key), expected(key), standing(key.Path))
	}
	for _, section := range sections {
		fmt.Fprintf(&out, "\n## %s\n\n| key | what it is | expected | who uses it |\n| --- | --- | --- | --- |\n%s", section, rows[section])
	}
	return out.String()
}

// sectionOf is the heading that a key stands below.
func sectionOf(path string) string {
	parts := strings.Split(strings.ReplaceAll(path, "[]", ""), ".")
	switch {
	case parts[0] == "environments" && len(parts) > 2 && parts[2] != "url":
		return "Environments: " + parts[2]
	case slices.Contains([]string{"migrations", "environments", "checks"}, parts[0]):
		return strings.ToUpper(parts[0][:1]) + parts[0][1:]
	}
	return "The file"
}

func what(key config.Key) string {
	text := key.Description
	if key.Required {
		text += " Required."
	}
	if len(key.OneOf) > 0 {
		text += fmt.Sprintf(" %s of `%s`.", map[bool]string{true: "Exactly one", false: "At most one"}[key.Needed], strings.Join(key.OneOf, "`, `"))
	}
	if key.Expanded {
		text += " `${NAME}` is replaced."
	}
	return text
}

func expected(key config.Key) string {
	text := key.Expected
	if key.Default != "" {
		text += "; `" + key.Default + "` when it is not there"
	}
	if key.Example != "" {
		text += "; for example `" + key.Example + "`"
	}
	return text
}

// standing says who uses a key and who refuses it.
func standing(path string) string {
	var parts []string
	for _, one := range []struct {
		says string
		keys func(*verb.Verb) []string
	}{
		{"", func(v *verb.Verb) []string { return v.Uses }},
		{"not built yet: refused by ", func(v *verb.Verb) []string { return v.NotYet }},
	} {
		var who []string
		for _, v := range verbs() {
			if (&verb.Verb{Uses: one.keys(v)}).Covers(path) {
				who = append(who, v.Name)
			}
		}
		if len(who) > 0 {
			parts = append(parts, one.says+strings.Join(slices.Compact(who), ", "))
		}
	}
	return strings.Join(parts, "; ")
}
