package config

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a runner's image may have no timezone database
)

// scalar is a type that is written as one text in the file.
type scalar interface {
	// parse sets the value, or says what it got instead, such as `got "soon"`.
	parse(text string) (wrong string)
	// describe returns what is expected, and a regular expression for the JSON Schema or an empty string.
	describe() (expected, pattern string)
}

// got quotes a wrong text, bounded: it is data from outside.
func got(text string) string { return "got " + quote(text) }

// quote returns text in quotes, cut after 40 characters.
func quote(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return strconv.Quote(string(runes[:most])) + "…"
	}
	return strconv.Quote(text)
}

// Duration is a time span above zero, at most ten years, written as "500ms", "30m", "1h30m" or "7d"; zero means not set.
type Duration time.Duration

// durationUnits are the units of a duration from the longest to the shortest, as durationForm captures them.
var durationUnits = [...]struct {
	name string
	span time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

var durationForm = regexp.MustCompile(`^(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?(?:([0-9]{1,9})ms)?$`)

const longestDuration = 3650 * 24 * time.Hour

func (d *Duration) parse(text string) string {
	parts := durationForm.FindStringSubmatch(text)
	if parts == nil {
		return got(text)
	}
	var total time.Duration
	for i, unit := range durationUnits {
		number, _ := strconv.ParseInt("0"+parts[i+1], 10, 64)
		if number > int64(longestDuration/unit.span) {
			return got(text) + ", which is over ten years"
		}
		total += time.Duration(number) * unit.span
	}
	if total <= 0 {
		return got(text)
	}
	*d = Duration(min(total, longestDuration))
	return ""
}

func (d *Duration) describe() (string, string) {
	return "a duration such as 30m", `^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$`
}

// String returns the duration as it is written in the file, such as "1h30m"; "0s" when it is not set.
func (d Duration) String() string {
	var text strings.Builder
	rest := time.Duration(d)
	for _, unit := range durationUnits {
		if number := rest / unit.span; number > 0 {
			fmt.Fprintf(&text, "%d%s", number, unit.name)
			rest %= unit.span
		}
	}
	if text.Len() == 0 {
		return "0s"
	}
	return text.String()
}

// Percent is a share from 0 to 100, written as "80%".
type Percent float64

var percentForm = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,6})?%$`)

func (p *Percent) parse(text string) string {
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if !percentForm.MatchString(text) || err != nil || number > 100 {
		return got(text)
	}
	*p = Percent(number)
	return ""
}

func (p *Percent) describe() (string, string) {
	return "a percentage from 0% to 100%, such as 80%", percentForm.String()
}

// String returns the share as it is written in the file, such as "80%".
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// Clock is a time of day, written as "02:00".
type Clock struct{ Hour, Minute int }

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (c *Clock) parse(text string) string {
	if !clockForm.MatchString(text) {
		return got(text)
	}
	c.Hour, _ = strconv.Atoi(text[:2])
	c.Minute, _ = strconv.Atoi(text[3:])
	return ""
}

func (c *Clock) describe() (string, string) {
	return `a time of day such as "02:00"`, clockForm.String()
}

// String returns the time of day as it is written in the file, such as "02:00".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

// Timezone is a timezone of the IANA database (https://www.iana.org/time-zones), such as "America/New_York".
type Timezone struct{ location *time.Location }

func (z *Timezone) parse(text string) string {
	location, err := time.LoadLocation(text)
	// "Local" would mean another time on every machine.
	if err != nil || text == "" || text == "Local" {
		return got(text)
	}
	z.location = location
	return ""
}

func (z *Timezone) describe() (string, string) {
	return "the IANA name of a timezone such as America/New_York", ""
}

// Location returns the timezone for package time; UTC when it is not set.
func (z Timezone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// String returns the name of the timezone.
func (z Timezone) String() string { return z.Location().String() }

// Pattern is a regular expression in the syntax of https://pkg.go.dev/regexp/syntax.
type Pattern struct{ expression *regexp.Regexp }

func (p *Pattern) parse(text string) string {
	expression, err := regexp.Compile(text)
	if err != nil {
		return got(text) + ": " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	p.expression = expression
	return ""
}

func (p *Pattern) describe() (string, string) { return "a regular expression in Go's syntax", "" }

// Regexp returns the compiled expression; nil when it is not set.
func (p Pattern) Regexp() *regexp.Regexp { return p.expression }

// String returns the expression as it was written.
func (p Pattern) String() string {
	if p.expression == nil {
		return ""
	}
	return p.expression.String()
}

// Value is the answer that a query must give: a whole number, or text.
type Value struct {
	// Text is the value as text; a number in decimal digits.
	Text string
	// Number tells that the file has a number, not text.
	Number bool
}

// String returns the value as text.
func (v Value) String() string { return v.Text }

// masked is what is shown in place of a secret.
const masked = "***"

// Secret is a text that no print, format or encoding shows; Reveal returns it.
type Secret struct{ value *string } // a pointer, because fmt reads around the methods of values in unexported fields

// NewSecret returns a secret that holds value.
func NewSecret(value string) Secret { return Secret{value: &value} }

func (s *Secret) parse(text string) string {
	*s = NewSecret(text)
	return ""
}

func (s *Secret) describe() (string, string) { return "text", "" }

// Reveal returns the secret itself; an empty text when it is not set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet tells whether the file sets the secret.
func (s Secret) IsSet() bool { return s.value != nil }

// Equal tells whether two secrets hold the same text, which is what go-cmp asks.
func (s Secret) Equal(other Secret) bool {
	return s.IsSet() == other.IsSet() && s.Reveal() == other.Reveal()
}

// String returns three asterisks.
func (s Secret) String() string { return masked }

// GoString returns three asterisks.
func (s Secret) GoString() string { return masked }

// Format writes three asterisks, whatever the verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, masked) }

// MarshalJSON returns three asterisks as a JSON text.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// MarshalText returns three asterisks.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }
