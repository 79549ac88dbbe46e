package application

import (
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := configure(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if c.database != "sqlite:wos.db" || c.host != "127.0.0.1" || c.port != "8501" || c.environment != "development" || c.homeColumn != "level" || len(c.secret) != 32 {
		t.Errorf("got %+v", c)
	}
	if f := newFaults(c.faults, time.Now()); f.unhealthy(time.Now().Add(time.Hour)) || f.fails(1) {
		t.Error("a fault is on")
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		variables map[string]string
		want      string
	}{
		"port":                     {map[string]string{"PORT": "http"}, "PORT must be a number"},
		"port too high":            {map[string]string{"PORT": "65536"}, "PORT must be a number"},
		"column":                   {map[string]string{"HOME_COLUMN": "level; drop table heroes"}, "HOME_COLUMN must be a column's name"},
		"feature":                  {map[string]string{"FEATURES": "guilds,dragons"}, `FEATURES knows guilds and motto, not "dragons"`},
		"slow":                     {map[string]string{"FAULT_SLOW": "300"}, "FAULT_SLOW must be a time"},
		"negative time":            {map[string]string{"FAULT_UNHEALTHY_AFTER": "-1ns"}, "FAULT_UNHEALTHY_AFTER must be a time"},
		"share":                    {map[string]string{"FAULT_FAILING_SHARE": "30"}, "FAULT_FAILING_SHARE must be a share"},
		"share that is no number":  {map[string]string{"FAULT_FAILING_SHARE": "NaN"}, "FAULT_FAILING_SHARE must be a share"},
		"switch":                   {map[string]string{"FAULT_PANIC_ON_START": "perhaps"}, "FAULT_PANIC_ON_START must be true or false"},
		"no secret in production":  {map[string]string{"ENVIRONMENT": "production"}, "SECRET_KEY must have at least 16 characters"},
		"short secret":             {map[string]string{"SECRET_KEY": "canary"}, "SECRET_KEY must have at least 16 characters"},
		"auto login in production": {map[string]string{"ENVIRONMENT": "production", "SECRET_KEY": "production-secret-key", "DEV_AUTO_LOGIN": "true"}, "DEV_AUTO_LOGIN"},
		"two at once":              {map[string]string{"PORT": "x", "FAULT_SLOW": "y"}, "FAULT_SLOW must be a time such as 300ms or 5s, not \"y\"\nPORT"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := configure(func(name string) string { return c.variables[name] })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestWrongDatabaseAddressesAreRefusedWithoutShowingThem(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"mysql://u:canary@h/d", "postgres://u:canary@h:port/d", "postgres://u:can ary@%zz/d", "sqlite:", "sqlite://canary.db", "canary"} {
		_, err := open(address)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "can ary") || !strings.Contains(err.Error(), "DATABASE_URL") {
			t.Errorf("%q: got %v", address, err)
		}
	}
}
