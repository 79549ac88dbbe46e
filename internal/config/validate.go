package config

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// validation finds what one key alone cannot tell.
type validation struct {
	config   *Config
	before   []Finding
	findings []Finding
}

// validate returns what is wrong between keys; what decoding found wrong already is not judged again.
func (c *Config) validate(before []Finding) []Finding {
	v := validation{config: c, before: before}
	v.promotion()
	for _, name := range slices.Sorted(maps.Keys(c.Environments)) {
		v.environment("environments."+shown(name), c.Environments[name])
	}
	v.apart()
	v.uniqueNames("checks.data", len(c.Checks.Data), func(i int) string { return c.Checks.Data[i].Name })
	v.uniqueNames("checks.browser", len(c.Checks.Browser), func(i int) string { return c.Checks.Browser[i].Name })
	return v.findings
}

func (v *validation) report(path, format string, arguments ...any) {
	v.findings = append(v.findings, v.config.finding(path, format, arguments...))
}

// sound tells whether decoding found nothing wrong with the keys.
func (v *validation) sound(paths ...string) bool {
	return !slices.ContainsFunc(v.before, func(found Finding) bool {
		return slices.ContainsFunc(paths, func(path string) bool {
			return found.Path == path || strings.HasPrefix(found.Path, path+".") || strings.HasPrefix(found.Path, path+"[")
		})
	})
}

// promotion checks the order of the environments.
func (v *validation) promotion() {
	seen := map[string]int{}
	const slots = 4 // more are an error of their own
	for i, name := range v.config.Promotion[:min(slots, len(v.config.Promotion))] {
		path := "promotion[" + strconv.Itoa(i) + "]"
		if !v.sound(path) {
			continue
		}
		if first, twice := seen[name]; twice {
			v.report(path, "the environment %s is there twice: also as promotion[%d]", quote(name), first)
			continue
		}
		seen[name] = i
		if _, ok := v.config.Environments[name]; !ok && v.sound("environments") {
			v.report(path, "there is no environment %s%s", quote(name), suggestion(name, v.config.EnvironmentNames()))
		}
	}
}

// environment checks one environment.
func (v *validation) environment(path string, environment Environment) {
	if rehearsal := environment.Rehearsal; rehearsal != nil && rehearsal.Role != "" && rehearsal.On != "production-copy" && v.sound(path+".rehearsal") {
		v.report(path+".rehearsal.role", "only a rehearsal on production-copy assumes a role: leave it out")
	}
	if environment.URL != "" {
		v.url(path+".url", environment.URL)
	}
	v.database(path+".database", environment.Database)
	if window := environment.Window; window != nil && v.sound(path+".window") && window.From == window.To {
		v.report(path+".window.to", "from and to are the same time, %s: leave out the window when every time is right", window.To)
	}
	v.approval(path+".approval", environment.Approval)
	if watch := environment.Watch; watch != nil && v.sound(path+".watch") && watch.Every > watch.For {
		v.report(path+".watch.every", "%s is longer than the watch, which is for %s", watch.Every, watch.For)
	}
}

// approval checks that somebody can approve in the way that is asked.
func (v *validation) approval(path string, approval *Approval) {
	if approval == nil || !v.sound(path) {
		return
	}
	switch approval.By {
	case "terminal":
		for _, key := range []string{"reviewers", "prevent-self-review", "branches"} {
			if _, set := v.config.Position(path + "." + key); set {
				v.report(path+"."+key, "it has no meaning with by: terminal, where whoever sits there is asked")
			}
		}
	case "dispatch":
		if len(approval.Reviewers) == 0 {
			v.report(path+".by", "expected the key reviewers beside it: who may approve by starting a run")
		}
		for i, name := range approval.Reviewers {
			if strings.Contains(name, "/") {
				v.report(path+".reviewers["+strconv.Itoa(i)+"]", "expected the login of a person: whoever starts a run is one")
			}
		}
	}
}

// url checks where people reach an environment; the text is not shown, for it may hold a password.
func (v *validation) url(path, text string) {
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Hostname() == "":
		v.report(path, "expected an http or https URL with a host")
	case parsed.User != nil:
		v.report(path, "the URL must not hold a user or a password: this file can be read by everybody who reads the repository")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		v.report(path, "the URL must end before ? and #: the paths of the checks are appended to it")
	}
}

// database checks that there is one way to the database, and only one.
func (v *validation) database(path string, database Database) {
	access := append(v.keys(path+".secret"), v.keys(path+".url")...)
	switch {
	case !v.sound(path):
	case database.SQLite != "":
		for _, key := range append(access, v.keys(path+".via")...) {
			v.report(key, "it has no meaning beside sqlite, which is a file")
		}
	case len(access) == 0:
		v.report(path, "expected the key url or secret: where the credentials are")
	}
}

// apart checks that no two environments have the same database, folder on the host or address: a promotion into one would
// change the other, and what was proven in one would prove nothing. The texts are compared as they are written.
func (v *validation) apart() {
	first := map[string]string{}
	names := map[string]string{}
	for _, name := range v.config.EnvironmentNames() {
		// GitHub's environments are the same in any letter case.
		if other, twice := names[strings.ToLower(name)]; twice {
			v.report("environments."+name, "it differs from %s in letter case only", other)
		}
		names[strings.ToLower(name)] = name
	}
	for _, name := range v.config.EnvironmentNames() {
		for key, value := range places(v.config.Environments[name]) {
			at := "environments." + name + "." + key
			before, twice := first[key+" "+value]
			switch {
			case value == "" || !v.sound(at):
			case twice:
				other, _ := v.config.Position(before)
				v.report(at, "it is the same as %s at line %d, and each environment needs its own", before, other.Line)
			default:
				first[key+" "+value] = at
			}
		}
	}
}

// places returns what an environment must not share with another one, by its key; an empty text is none.
func places(environment Environment) map[string]string {
	shared := map[string]string{"url": strings.TrimRight(environment.URL, "/")}
	database := environment.Database
	if database.SQLite != "" {
		shared["database.sqlite"] = filepath.Clean(database.SQLite)
	}
	if database.RDS != "" {
		place := database.RDS
		if environment.AWS != nil {
			place += " " + environment.AWS.Region + " " + environment.AWS.Role
		}
		shared["database.rds"] = place
	}
	if address := database.URL.Reveal(); address != "" {
		shared["database.url"] = database.Postgres + " " + address
	}
	if deploy := environment.Deploy; deploy != nil && deploy.Compose != nil && (deploy.Host == nil || deploy.Host.SSM == nil && deploy.Host.SSH == nil) {
		shared["deploy.compose.project"] = deploy.Compose.Project
	}
	if environment.Deploy != nil && environment.Deploy.Process != nil && environment.Deploy.Process.Directory != "" {
		shared["deploy.process.directory"] = filepath.Clean(environment.Deploy.Process.Directory)
	}
	return shared
}

// keys returns path when the document sets it.
func (v *validation) keys(path string) []string {
	if _, ok := v.config.Position(path); ok {
		return []string{path}
	}
	return nil
}

// uniqueNames checks that no two entries of a list have the same name.
func (v *validation) uniqueNames(path string, entries int, name func(int) string) {
	seen := map[string]int{}
	for i := range entries {
		at := path + "[" + strconv.Itoa(i) + "].name"
		first, twice := seen[name(i)]
		switch {
		case !v.sound(at):
		case twice:
			v.report(at, "the name is there twice: also in %s[%d]", path, first)
		default:
			seen[name(i)] = i
		}
	}
}
