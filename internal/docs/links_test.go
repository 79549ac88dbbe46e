package docs_test

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	codeSpan    = regexp.MustCompile("`[^`]*`")
	linkTarget  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// prose returns a page without its blocks.
func (p page) prose() string {
	text := p.text
	for _, b := range p.blocks {
		text = strings.Replace(text, "\n"+b.text+"```", "\n```", 1)
	}
	return text
}

// anchors returns what a link can lead to within a page, as GitHub names the headings.
func (p page) anchors() []string {
	var anchors []string
	for line := range strings.Lines(p.prose()) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			heading = notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			anchors = append(anchors, strings.ReplaceAll(heading, " ", "-"))
		}
	}
	return anchors
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	links := 0
	for _, p := range all {
		for _, match := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(p.prose(), ""), -1) {
			target, err := url.Parse(match[1])
			if err != nil {
				t.Errorf("%s: %q is no link", p.path, match[1])
				continue
			}
			if target.IsAbs() {
				continue
			}
			links++
			led := p.path
			if target.Path != "" {
				led = path.Join(path.Dir(p.path), target.Path)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(led))); err != nil || strings.HasPrefix(led, "..") {
				t.Errorf("%s: the link %s leads nowhere", p.path, match[1])
				continue
			}
			place := slices.IndexFunc(all, func(other page) bool { return other.path == led })
			if target.Fragment != "" && (place < 0 || !slices.Contains(all[place].anchors(), target.Fragment)) {
				t.Errorf("%s: %s has no heading #%s", p.path, led, target.Fragment)
			}
		}
	}
	if links == 0 {
		t.Error("no link was found: this test is blind")
	}
}
