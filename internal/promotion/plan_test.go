package promotion_test

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/promotion"
)

// changed returns release with another value in one field.
func changed(release history.Release, field int) history.Release {
	switch value := reflect.ValueOf(&release).Elem().Field(field); value.Kind() {
	case reflect.String:
		value.SetString(value.String() + "x")
	default:
		value.SetInt(value.Int() + 1)
	}
	return release
}

func TestDigest(t *testing.T) {
	t.Parallel()
	served := &history.Promotion{ID: "1", Release: release("v1")}
	base := promotion.Digest("production", release("v2"), "config", served)
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(base) {
		t.Errorf("got %q", base)
	}
	differ := map[string]string{
		"another environment":      promotion.Digest("sandbox", release("v2"), "config", served),
		"another config":           promotion.Digest("production", release("v2"), "config2", served),
		"nothing served":           promotion.Digest("production", release("v2"), "config", nil),
		"what is served, promoted": promotion.Digest("production", release("v1"), "config", &history.Promotion{Release: release("v2")}),
		"the border moved":         promotion.Digest("productionc", release("v2"), "onfig", served),
	}
	same := map[string]string{
		"the same":                     promotion.Digest("production", release("v2"), "config", served),
		"another promotion of what is": promotion.Digest("production", release("v2"), "config", &history.Promotion{ID: "2", Actor: "dora", Release: release("v1")}),
	}
	// A field that is added to the release counts as well, unless people only call the release by it.
	for i := range reflect.TypeFor[history.Release]().NumField() {
		name := reflect.TypeFor[history.Release]().Field(i).Name
		promoted := promotion.Digest("production", changed(release("v2"), i), "config", served)
		from := promotion.Digest("production", release("v2"), "config", &history.Promotion{Release: changed(release("v1"), i)})
		if name == "Label" {
			same[name], same[name+" of what is served"] = promoted, from
		} else {
			differ[name], differ[name+" of what is served"] = promoted, from
		}
	}
	seen := map[string]string{base: "the first"}
	for name, digest := range differ {
		if before, known := seen[digest]; known {
			t.Errorf("%s has the digest of %s", name, before)
		}
		seen[digest] = name
	}
	for name, digest := range same {
		if digest != base {
			t.Errorf("%s changes the digest", name)
		}
	}
}

// The ids of a job's steps tell them apart.
func TestStepsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	var got []string
	for _, step := range append(promotion.Order(), promotion.WayBack()) {
		got = append(got, step.ID())
	}
	want := []string{"preflight", "snapshot", "rehearse", "migrate", "deploy", "verify", "watch", "rollback"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
