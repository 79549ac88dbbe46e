package runner

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/randomchaoslabs/airlock/internal/checklist"
)

// stars stand where a secret was.
const stars = "***"

// shortestSecret is the length in characters below which hiding a value would only ruin the text around it: GitHub also
// drops every output that contains a masked value.
const shortestSecret = 4

// secrets are the texts that no output may hold. The zero value holds none; it is not safe for concurrent use.
type secrets struct {
	// byFirst holds the texts by their first byte, the longest first.
	byFirst [256][]string
	// all holds the same texts once.
	all []string
}

// add registers a value in all its forms.
func (s *secrets) add(value string) {
	for _, form := range forms(value) {
		if slices.Contains(s.all, form) {
			continue
		}
		s.all = append(s.all, form)
		group := append(s.byFirst[form[0]], form)
		slices.SortFunc(group, func(a, b string) int { return len(b) - len(a) })
		s.byFirst[form[0]] = group
	}
}

// forms returns the ways in which a secret may appear in text: as it is, line by line, and as URLs, JSON, Go, HTML,
// Markdown and base64 write it.
func forms(value string) []string {
	var all []string
	for _, plain := range secretParts(value) {
		all = append(all, plain, url.QueryEscape(plain), url.PathEscape(plain), url.UserPassword("", plain).String()[1:],
			strings.Trim(strconv.Quote(plain), `"`), html.EscapeString(plain), checklist.EscapeMarkdown(plain))
		all = append(all, jsonForms(plain)...)
		all = append(all, base64Forms(plain)...)
	}
	return slices.DeleteFunc(all, func(form string) bool { return utf8.RuneCountInString(form) < shortestSecret })
}

// harmless are words that no secret consists of: JSON's, the verdicts and the ways back, without which an output says nothing.
func harmless(word string) bool {
	return slices.Contains([]string{
		"true", "false", "null", "auto", "image", "schema", string(checklist.Pass), string(checklist.Warn), string(checklist.Fail), string(checklist.Skip), string(checklist.Inconclusive),
	}, word)
}

// secretParts returns the value and each of its lines, as far as they are worth hiding.
func secretParts(value string) []string {
	parts := []string{value}
	for line := range strings.Lines(value) {
		parts = append(parts, strings.TrimSpace(line))
	}
	parts = slices.DeleteFunc(parts, func(part string) bool {
		part = strings.TrimSpace(part)
		return utf8.RuneCountInString(part) < shortestSecret || harmless(part)
	})
	slices.Sort(parts)
	return slices.Compact(parts)
}

func jsonForms(plain string) []string {
	var written []string
	for _, escapeHTML := range []bool{true, false} {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(plain) == nil {
			written = append(written, strings.TrimSuffix(strings.TrimPrefix(text.String(), `"`), "\"\n"))
		}
	}
	return written
}

// base64Forms returns the encoded value, and the part of it that stays the same wherever the value stands within a longer
// text, such as the password in "user:password": three bytes become four characters, so there are three such parts.
func base64Forms(plain string) []string {
	var written []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := encoding.EncodeToString([]byte(plain))
		written = append(written, whole, strings.TrimRight(whole, "="))
		for before := range 3 {
			const sixBits = 6
			first := (before*8 + sixBits - 1) / sixBits
			last := (before + len(plain)) * 8 / sixBits
			shifted := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte("\x00\x00"[:before] + plain))
			written = append(written, shifted[first:last])
		}
	}
	return written
}

// matchAt returns the length of the longest secret that stands at a position of the text, or zero.
func (s *secrets) matchAt(text string, position int) int {
	for _, secret := range s.byFirst[text[position]] {
		if strings.HasPrefix(text[position:], secret) {
			return len(secret)
		}
	}
	return 0
}

// unfinished returns the length of the longest end of the text that could be the beginning of a secret, and whether it is
// at least half of one.
func (s *secrets) unfinished(text string) (length int, half bool) {
	for _, secret := range s.all {
		for size := min(len(secret)-1, len(text)); size > 0 && size >= length; size-- {
			if strings.HasSuffix(text, secret[:size]) {
				half = half && size == length || 2*size >= len(secret)
				length = size
				break
			}
		}
	}
	return length, half
}

// redact replaces the secrets in a whole text by stars.
func (s *secrets) redact(text string) string {
	redacted, _ := s.replace(text, len(text))
	return redacted
}

// redactUntil replaces the secrets in text by stars, except in an end that only the text to come can decide on, which it
// returns as the rest.
func (s *secrets) redactUntil(text string) (redacted, rest string) {
	length, _ := s.unfinished(text)
	return s.replace(text, len(text)-length)
}

// replace replaces the secrets that begin before the position decided.
func (s *secrets) replace(text string, decided int) (redacted, rest string) {
	if len(s.all) == 0 {
		return text[:decided], text[decided:]
	}
	var out strings.Builder
	from := 0
	for position := 0; position < decided; {
		size := s.matchAt(text, position)
		if size == 0 {
			position++
			continue
		}
		out.WriteString(text[from:position] + stars)
		position += size
		from = position
		if position > decided {
			length, _ := s.unfinished(text[position:])
			decided = len(text) - length
		}
	}
	out.WriteString(text[from:decided])
	return out.String(), text[decided:]
}

// finish decides on a rest to which nothing is added any more: half of a secret is as good as all of it.
func (s *secrets) finish(rest string) string {
	if length, half := s.unfinished(rest); length == len(rest) && half && length >= shortestSecret {
		return stars
	}
	return s.redact(rest)
}
