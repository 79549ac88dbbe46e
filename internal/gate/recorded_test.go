package gate_test

import (
	"testing"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/history"
)

func TestRecorded(t *testing.T) {
	t.Parallel()
	zero, five := int64(0), int64(5)
	served := func(schema int64) []history.Promotion {
		return []history.Promotion{{Release: history.Release{Label: "v1", Image: "sha256:1", Schema: schema}, Statuses: []history.Status{{State: history.Success}}}}
	}
	tests := []struct {
		name       string
		schema     *int64
		promotions []history.Promotion
		want       answer
	}{
		{"a new environment without a file", nil, nil, answer{checklist.Pass, ""}},
		{"a new environment with a database", &zero, nil, answer{checklist.Pass, ""}},
		{"a promotion failed before", nil, []history.Promotion{{Statuses: []history.Status{{State: history.Failure}}}}, answer{checklist.Pass, ""}},
		{"as recorded", &five, served(5), answer{checklist.Pass, ""}},
		{"the file is gone", nil, served(5), answer{checklist.Fail, "app.db is gone: by the record it belongs to v1"}},
		{"the database is empty", &zero, served(5), answer{checklist.Inconclusive, "app.db has no migration applied, and by the record v1 was served with version 5"}},
		{"a release without migrations", &zero, served(0), answer{checklist.Pass, ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := gate.Recorded("app.db", test.schema, test.promotions)
			hold(t, checklist.Passed(""), err, test.want)
		})
	}
}
