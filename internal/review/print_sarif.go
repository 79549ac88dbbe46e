package review

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// RuleDescription is what a report in SARIF says about a rule.
type RuleDescription struct {
	ID, Title, Why string
	// Lock is the lock that it is about, empty when locks are not the point.
	Lock     string
	Severity Severity
	// Docs is the address of its page.
	Docs string
}

// Describe returns what is said about rules, in their order.
func Describe(rules []Rule) []RuleDescription {
	all := make([]RuleDescription, len(rules))
	for i, rule := range rules {
		all[i] = RuleDescription{ID: rule.ID, Title: rule.Title, Why: rule.Why, Lock: rule.Lock, Severity: rule.Severity, Docs: rule.Docs()}
	}
	return all
}

// The limits of GitHub's code scanning: a file with more results is refused, and a description is cut.
// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
const (
	sarifResults     = 25000
	sarifDescription = 1024
)

// The words that a run in SARIF 2.1.0 is made of, as far as GitHub's code scanning reads them.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool       `json:"tool"`
		ColumnKind string          `json:"columnKind"`
		BaseIDs    map[string]any  `json:"originalUriBaseIds"`
		Results    []sarifFinding  `json:"results"`
		Properties sarifProperties `json:"properties"`
	}
	sarifProperties struct {
		// Omitted counts the results that code scanning would not take.
		Omitted  int      `json:"omitted,omitempty"`
		Coverage Coverage `json:"coverage"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name        string      `json:"name"`
		Information string      `json:"informationUri"`
		Version     string      `json:"version,omitempty"`
		Rules       []sarifRule `json:"rules"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifRule struct {
		ID      string         `json:"id"`
		Short   sarifText      `json:"shortDescription"`
		Full    sarifText      `json:"fullDescription"`
		HelpURI string         `json:"helpUri,omitempty"`
		Help    sarifText      `json:"help"`
		Default sarifLevel     `json:"defaultConfiguration"`
		Tags    map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifFinding struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

// sourceRoot is the name that stands for the root of the repository.
const sourceRoot = "%SRCROOT%"

// SARIF returns the report as a SARIF 2.1.0 log, to be encoded as JSON. The paths of the report must begin at the root of the
// repository. rules are all rules, found or not; version is that of the program and may be empty.
func SARIF(report Report, rules []RuleDescription, version string) any {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "airlock", Information: "https://github.com/randomchaoslabs/airlock", Version: version, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		BaseIDs:    map[string]any{sourceRoot: map[string]any{"description": sarifText{Text: "The root of the repository"}}},
		Results:    []sarifFinding{}, Properties: sarifProperties{Coverage: report.Coverage},
	}
	index := map[string]int{}
	describe := func(rule RuleDescription) int {
		if _, known := index[rule.ID]; !known {
			index[rule.ID] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule.sarif())
		}
		return index[rule.ID]
	}
	for _, rule := range rules {
		describe(rule)
	}
	findings := slices.Clone(report.Findings)
	if len(findings) > sarifResults {
		slices.SortStableFunc(findings, worstFirst)
		run.Properties.Omitted = len(findings) - sarifResults
		findings = findings[:sarifResults]
	}
	seen := map[string]int{}
	for _, finding := range findings {
		result := finding.sarif(report.Sources[finding.File])
		result.Index = describe(RuleDescription{ID: finding.Rule, Title: finding.Rule, Why: finding.Why, Severity: finding.Severity, Docs: finding.Docs})
		hash := finding.fingerprint(report.Sources[finding.File])
		seen[hash]++
		result.Fingerprints = map[string]string{"primaryLocationLineHash": hash[:16] + ":" + strconv.Itoa(seen[hash])}
		run.Results = append(run.Results, result)
	}
	return sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

func (r RuleDescription) sarif() sarifRule {
	title := orUnnamed(shortLine(r.Title, sarifDescription-100))
	why := orUnnamed(shortLine(r.Why, sarifDescription-100))
	help := sarifText{Text: why, Markdown: checklist.EscapeMarkdown(why)}
	if r.Lock != "" {
		help.Text += "\nLock: " + shortLine(r.Lock, messageLimit)
		help.Markdown += "\n\n**Lock:** " + escaped(r.Lock)
	}
	rule := sarifRule{
		ID: orUnnamed(shortLine(r.ID, pathLimit)), Short: sarifText{Text: title}, Full: sarifText{Text: why}, Default: sarifLevel{r.Severity.level()},
		Tags: map[string]any{"tags": []string{"migration", "database"}},
	}
	if isPage(r.Docs) {
		rule.HelpURI = r.Docs
		help.Text += "\nSee " + r.Docs
		help.Markdown += "\n\n[How to change the schema instead](" + r.Docs + ")"
	}
	rule.Help = help
	return rule
}

// orUnnamed replaces an empty text: code scanning takes none where one is required.
func orUnnamed(text string) string {
	if text == "" {
		return "(not described)"
	}
	return text
}

// level is a severity in SARIF's words.
func (s Severity) level() string {
	switch s {
	case Warning:
		return "warning"
	case Information, acknowledgedStanding:
		return "note"
	}
	return "error"
}

func (f Finding) sarif(source string) sarifFinding {
	region := sarifRegion{StartLine: max(f.Line, 1), StartColumn: max(f.Column, 1), EndLine: max(f.EndLine, f.Line, 1)}
	if line, found := sourceLine(source, region.EndLine); found {
		region.EndColumn = utf8.RuneCountInString(line) + 1
	}
	// A region that is empty or ends before it begins is not valid.
	if region.EndLine == region.StartLine && region.EndColumn <= region.StartColumn {
		region.EndColumn = 0
	}
	message := orUnnamed(f.sentence())
	if lock := shortLine(f.Lock, messageLimit); lock != "" {
		message += ". Lock: " + lock
	}
	result := sarifFinding{
		Rule: orUnnamed(shortLine(f.Rule, pathLimit)), Level: f.standing().level(), Message: sarifText{Text: message},
		Locations:    []sarifLocation{{sarifPhysical{artifact(f.File), region}}},
		Suppressions: []sarifSuppression{},
	}
	if f.Acknowledged != "" {
		result.Suppressions = append(result.Suppressions, sarifSuppression{"inSource", f.allowance()})
	}
	return result
}

// artifact is a path as a reference (RFC 3986) from the root of the repository; one that is not below it stands for itself.
func artifact(file string) sarifArtifact {
	file = strings.ReplaceAll(file, `\`, "/")
	if strings.HasPrefix(file, "/") {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	// A colon in the first part would make a scheme of it.
	return sarifArtifact{URI: strings.ReplaceAll((&url.URL{Path: file}).EscapedPath(), ":", "%3A"), Base: sourceRoot}
}

// fingerprint is the same wherever the statement stands in its file: code scanning adds the rule and the path, and knows by all
// three that an alert is one it had before.
func (f Finding) fingerprint(source string) string {
	var text []string
	for _, line := range sourceLines(source, f.Line, max(f.EndLine, f.Line)) {
		text = append(text, strings.Fields(line)...)
	}
	if len(text) == 0 {
		text = strings.Fields(f.Message)
	}
	hash := sha256.Sum256([]byte(fmt.Sprintf("%q %q", f.Rule, text)))
	return hex.EncodeToString(hash[:])
}
