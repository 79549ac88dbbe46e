package review

import "github.com/randomchaoslabs/airlock/internal/statement"

// Rule is one hazard that the review knows. Each is a file of its own, rule_<id>.go, with its examples in examples/<id>.txtar.
type Rule struct {
	// ID is lower-case words joined by hyphens; people write it in an acknowledgement.
	ID string
	// Title says what is found, as a heading.
	Title string
	// Severity is the worst that the rule says; a finding can be milder.
	Severity Severity
	// Lock says which lock the statement takes and on what, in general; empty when locks are not the point.
	Lock string
	// Why says in one or two sentences why it hurts.
	Why string
	// Versions says what depends on the version of PostgreSQL; empty when nothing does between 14 and 18.
	Versions string
	// Source is the page of a manual that the rule rests on.
	Source string

	// change looks at one change of one statement; whole at a migration when all of its statements were seen. One of them is set.
	change func(*Case) []Hit
	whole  func(*Whole) []Hit
	// live tells that tables nobody uses yet do not count: those that the pending migrations themselves make.
	live bool
	// portable tells that the rule is as true of SQLite.
	portable bool
	// sized tells that the hurt grows with the table: where its size is known, a small one makes a finding milder.
	sized bool
	// down says what the rule makes of statements of the down section.
	down downMode
}

// downMode says what a rule makes of statements of the down section.
type downMode int

const (
	// downQuiet: nothing. What a way back destroys is told with the migration's reversibility.
	downQuiet downMode = iota
	// downInformation: the same, as information: it hurts only once the way back is taken.
	downInformation
	// downSame: the same, because the way back itself would fail.
	downSame
)

// Hit is what a rule found.
type Hit struct {
	// Message says what happens, on what, in one sentence without a period at the end.
	Message string
	// Severity is milder than the rule's, or empty for the rule's own.
	Severity Severity
	// Lock is more precise than what the statement's locks say; empty for those.
	Lock string
	// Tables are the tables that the hit is about; with Rule.live one of them must be in use.
	Tables []statement.Name
	// Suggestion is SQL that does the same safely.
	Suggestion string
	// At is a place in the text of the goose statement, in bytes; zero for the change's own. Line is a line of the file, for
	// hits that are not about a statement.
	At, Line int
}

// one is a hit, alone.
func one(hit Hit) []Hit { return []Hit{hit} }

// DocsFolder is where the rules are described, one page each.
const DocsFolder = "https://github.com/randomchaoslabs/airlock/blob/main/docs/rules/"

// Docs returns the address of the rule's page.
func (r Rule) Docs() string { return DocsFolder + r.ID + ".md" }

// notAnalysed is the rule about what could not be read.
const notAnalysed = "not-analysed"
