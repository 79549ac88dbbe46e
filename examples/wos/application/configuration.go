package application

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

const development = "development"

// shortestSecret is the fewest characters of a SECRET_KEY, so that a placeholder is not taken for a key.
const shortestSecret = 16

// columnName keeps HOME_COLUMN to a bare SQL identifier: it is part of a statement.
var columnName = regexp.MustCompile(`^[a-z_]+$`)

// configuration is the environment, read once.
type configuration struct {
	database    string
	host        string
	port        string
	environment string
	version     string
	commit      string
	secret      []byte
	autoLogin   bool
	homeColumn  string
	features    map[string]bool
	faults      faultSettings
}

// variables reads typed values and collects what is wrong, so that one start reports it all.
type variables struct {
	lookup func(string) string
	wrong  []error
}

// configure reads the settings from lookup; its error names each variable that is wrong, never a secret's value.
func configure(lookup func(string) string) (configuration, error) {
	v := &variables{lookup: lookup}
	c := configuration{
		database:    v.text("DATABASE_URL", "sqlite:wos.db"),
		host:        v.text("HOST", "127.0.0.1"),
		port:        v.text("PORT", "8501"),
		environment: v.text("ENVIRONMENT", development),
		version:     v.text("APP_VERSION", "unversioned"),
		commit:      v.text("APP_COMMIT", builtFrom()),
		autoLogin:   v.boolean("DEV_AUTO_LOGIN"),
		homeColumn:  v.text("HOME_COLUMN", "level"),
		features:    v.features("guilds", "motto"),
		faults: faultSettings{
			slow:           v.duration("FAULT_SLOW", 0),
			failingShare:   v.share("FAULT_FAILING_SHARE"),
			unhealthyAfter: v.duration("FAULT_UNHEALTHY_AFTER", never),
			panicOnStart:   v.boolean("FAULT_PANIC_ON_START"),
		},
	}
	c.secret = v.secret("SECRET_KEY", c.environment)
	if port, err := strconv.ParseUint(c.port, 10, 16); err != nil || strconv.FormatUint(port, 10) != c.port {
		v.refuse("PORT must be a number from 0 to 65535, not %q", c.port)
	}
	if !columnName.MatchString(c.homeColumn) {
		v.refuse("HOME_COLUMN must be a column's name in small letters and underscores, not %q", c.homeColumn)
	}
	if c.autoLogin && c.environment != development {
		v.refuse("DEV_AUTO_LOGIN signs everybody in: it is for ENVIRONMENT=development, not for %q", c.environment)
	}
	if only := v.text("FAULT_ONLY_IN", c.environment); only != c.environment {
		c.faults = faultSettings{unhealthyAfter: never}
	}
	return c, errors.Join(v.wrong...)
}

func (v *variables) refuse(format string, arguments ...any) {
	v.wrong = append(v.wrong, fmt.Errorf(format, arguments...))
}

func (v *variables) text(name, fallback string) string {
	if value := v.lookup(name); value != "" {
		return value
	}
	return fallback
}

func (v *variables) boolean(name string) bool {
	text := v.text(name, "false")
	value, err := strconv.ParseBool(text)
	if err != nil {
		v.refuse("%s must be true or false, not %q", name, text)
	}
	return value
}

func (v *variables) duration(name string, fallback time.Duration) time.Duration {
	text := v.text(name, "")
	if text == "" {
		return fallback
	}
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 {
		v.refuse("%s must be a time such as 300ms or 5s, not %q", name, text)
	}
	return value
}

func (v *variables) share(name string) float64 {
	text := v.text(name, "0")
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0 && value <= 1) {
		v.refuse("%s must be a share from 0 to 1, not %q", name, text)
	}
	return value
}

func (v *variables) features(known ...string) map[string]bool {
	on := map[string]bool{}
	for name := range strings.SplitSeq(v.text("FEATURES", ""), ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if !slices.Contains(known, name) {
			v.refuse("FEATURES knows %s, not %q", strings.Join(known, " and "), name)
		}
		on[name] = true
	}
	return on
}

// secret returns the key that signs sessions. A random one, good until the process ends, is for development only.
func (v *variables) secret(name, environment string) []byte {
	key := []byte(v.text(name, ""))
	if len(key) == 0 && environment == development {
		key = make([]byte, 32)
		rand.Read(key)
	}
	if len(key) < shortestSecret {
		v.refuse("%s must have at least %d characters when ENVIRONMENT is %q", name, shortestSecret, environment)
	}
	return key
}

// builtFrom returns the commit that Go recorded in the binary, or "unknown".
func builtFrom() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}
