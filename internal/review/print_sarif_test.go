package review

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is OASIS's own: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
const sarifSchema = "testdata/print/sarif-schema-2.1.0.json"

func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	file, err := os.Open(sarifSchema)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, report := range map[string]Report{"blocked": printedReport(), "hostile": hostileReport(), "passed": acceptedReport(), "empty": {}} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(encodedPrint(t, SARIF(report, Describe(Rules()), "1.2.3"))))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The schema refuses what is wrong.
	if err := schema.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{}}}); err == nil {
		t.Error("a run without a tool is valid")
	}
}

// What GitHub requires beyond the schema, or limits.
func TestSARIFSuitsCodeScanning(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]Report{"blocked": printedReport(), "hostile": hostileReport()} {
		log := SARIF(report, nil, "").(sarifLog)
		rules := log.Runs[0].Tool.Driver.Rules
		for _, rule := range rules {
			for _, text := range []string{rule.ID, rule.Short.Text, rule.Full.Text, rule.Help.Text} {
				if text == "" {
					t.Errorf("%s: a rule lacks a text: %+v", name, rule)
				}
			}
			if len([]rune(rule.Short.Text)) > sarifDescription || len([]rune(rule.Full.Text)) > sarifDescription {
				t.Errorf("%s: a description of %s is too long", name, rule.ID)
			}
		}
		for _, result := range log.Runs[0].Results {
			if rules[result.Index].ID != result.Rule || len(result.Locations) != 1 || result.Fingerprints["primaryLocationLineHash"] == "" {
				t.Errorf("%s: got %+v", name, result)
			}
		}
	}
}

func TestSARIFKeepsTheWorst(t *testing.T) {
	t.Parallel()
	report := Report{}
	for range sarifResults {
		report.Findings = append(report.Findings, Finding{Rule: "long-name", Severity: Information, File: "a.sql", Line: 1, Message: "long"})
	}
	report.Findings = append(report.Findings, Finding{Rule: "drop-column", Severity: Blocking, File: "z.sql", Line: 1, Message: "lost"})
	run := SARIF(report, nil, "").(sarifLog).Runs[0]
	if len(run.Results) != sarifResults || run.Results[0].Rule != "drop-column" || run.Properties.Omitted != 1 {
		t.Errorf("got %d results, first %s, %d omitted", len(run.Results), run.Results[0].Rule, run.Properties.Omitted)
	}
}

func TestSARIFArtifacts(t *testing.T) {
	t.Parallel()
	tests := map[string]sarifArtifact{
		"migrations/1.sql":       {"migrations/1.sql", sourceRoot},
		`migrations\1.sql`:       {"migrations/1.sql", sourceRoot},
		"a b/100%/日.sql?x#y":     {"a%20b/100%25/%E6%97%A5.sql%3Fx%23y", sourceRoot},
		"c:d/1.sql":              {"c%3Ad/1.sql", sourceRoot},
		"../elsewhere/1.sql":     {"../elsewhere/1.sql", sourceRoot},
		"/tmp/mi grations/1.sql": {"file:///tmp/mi%20grations/1.sql", ""},
	}
	for file, want := range tests {
		if got := artifact(file); got != want {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

// An alert is the same one when its statement moves, and another when the statement changes.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	hash := func(source string, line, end int) string {
		report := Report{Findings: []Finding{{Rule: "drop-column", File: "1.sql", Line: line, EndLine: end, Message: "m"}}, Sources: map[string]string{"1.sql": source}}
		return SARIF(report, nil, "").(sarifLog).Runs[0].Results[0].Fingerprints["primaryLocationLineHash"]
	}
	first := hash("ALTER TABLE heroes\n  DROP COLUMN name;\n", 1, 2)
	if moved := hash("-- a comment\n\n  ALTER TABLE heroes\r\n\tDROP COLUMN name;\r\n", 3, 4); moved != first {
		t.Errorf("got %s, then %s", first, moved)
	}
	if changed := hash("ALTER TABLE heroes\n  DROP COLUMN level;\n", 1, 2); changed == first {
		t.Error("another statement has the same fingerprint")
	}
	twice := Report{Findings: []Finding{{Rule: "r", File: "1.sql", Line: 1}, {Rule: "r", File: "1.sql", Line: 2}}, Sources: map[string]string{"1.sql": "TRUNCATE a;\nTRUNCATE a;\n"}}
	results := SARIF(twice, nil, "").(sarifLog).Runs[0].Results
	if a, b := results[0].Fingerprints["primaryLocationLineHash"], results[1].Fingerprints["primaryLocationLineHash"]; !strings.HasSuffix(a, ":1") || !strings.HasSuffix(b, ":2") || a[:16] != b[:16] {
		t.Errorf("got %s and %s", a, b)
	}
}

// The contract: these keys come first and in this order, and no list is null.
func TestJSONContract(t *testing.T) {
	t.Parallel()
	text := encodedPrint(t, Document(Report{Findings: []Finding{{}}, Migrations: []Migration{{}}}))
	var compact map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &compact); err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(text), "")
	for _, want := range []string{
		`{"findings":[{"rule":"","severity":"","file":"","line":0,"column":0,"endLine":0,"message":"","why":"","lock":"","tables":[],"suggestion":"","docs":""`,
		`"migrations":[{"file":"","version":0,"reversible":"","previousVersionCompatible":false,"reasons":[]`,
		`"coverage":{"statements":0,"analysed":0}`,
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("%s\nis not in\n%s", want, flat)
		}
	}
	if empty := encodedPrint(t, Document(Report{})); strings.Contains(empty, "null") {
		t.Errorf("got %s", empty)
	}
}

func TestRewritten(t *testing.T) {
	t.Parallel()
	report := printedReport()
	report.Findings[2].Message = "secret heroes"
	got := Rewritten(report, func(file string) string { return "app/" + file }, func(text string) string { return strings.ReplaceAll(text, "secret", "***") })
	if got.Findings[2].Message != "*** heroes" || got.Findings[2].File != "app/migrations/00002_drop_name.sql" || got.Migrations[0].File != "app/migrations/00001_heroes.sql" {
		t.Errorf("got %+v and %+v", got.Findings[2], got.Migrations[0])
	}
	if _, found := got.Sources["app/migrations/00002_drop_name.sql"]; !found || fmt.Sprint(Rewritten(report, nil, nil)) != fmt.Sprint(report) || report.Findings[2].Message != "secret heroes" {
		t.Error("the sources are not found, or the report that was given is another by now")
	}
}
