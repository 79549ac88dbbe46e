package review

// Severity says how bad a finding is.
type Severity string

// The severities, from the worst. A blocking finding that nobody acknowledged makes the review fail.
const (
	Blocking    Severity = "blocking"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Finding is what one rule says about one statement of one migration.
type Finding struct {
	// Rule is the rule's id, such as "drop-column".
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// File is the path of the file below the folder that was named, with that folder in front. Lines and columns count from
	// one, columns in characters; EndLine is the last line of the statement. A finding about a whole file is at line 1.
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	EndLine int    `json:"endLine"`
	// Message says what happens, on what, in one sentence; Why says why it hurts.
	Message string `json:"message"`
	Why     string `json:"why"`
	// Lock is the lock that the statement takes and on what, in the words of PostgreSQL; empty when it takes none.
	Lock string `json:"lock"`
	// Tables are the tables that the finding is about, with their schema when it is not public.
	Tables []string `json:"tables"`
	// Suggestion is SQL that does the same safely, with comments where there is more than one step; empty when there is none.
	Suggestion string `json:"suggestion"`
	// Docs is where the rule is described.
	Docs string `json:"docs"`
	// Acknowledged is the reason that an `-- airlock:allow` gives; a finding that has one blocks nothing.
	Acknowledged string `json:"acknowledged,omitempty"`
	// Until is the last day on which the acknowledgement holds, as YYYY-MM-DD; empty when it holds for good.
	Until string `json:"until,omitempty"`
	// Down tells that the statement is in the down section.
	Down bool `json:"down,omitempty"`

	// begin is where the statement begins, zero for a finding about a whole file.
	begin place
	// unreadable tells that the file cannot be read, and so no acknowledgement in it either.
	unreadable bool
}

// place is a line and a column, both from one.
type place struct{ line, column int }

// Reversible says what the down section brings back.
type Reversible string

// The verdicts on a way back.
const (
	ReversibleYes      Reversible = "yes"
	ReversibleWithLoss Reversible = "with-data-loss"
	ReversibleNo       Reversible = "no"
)

// Migration is what the review says about a whole migration.
type Migration struct {
	// File is the path as in Finding.
	File       string     `json:"file"`
	Version    int64      `json:"version"`
	Reversible Reversible `json:"reversible"`
	// PreviousVersionCompatible is the claim that the version of the application which is served now works on the schema after
	// this migration. It is judged from the change itself; the promotion proves it.
	PreviousVersionCompatible bool `json:"previousVersionCompatible"`
	// Reasons say what is lost, what the down section leaves, and what the previous version would miss.
	Reasons []string `json:"reasons"`
	// Locks are the strongest locks that the up section takes on tables that are in use, such as "ACCESS EXCLUSIVE on heroes".
	Locks []string `json:"locks,omitempty"`
}

// Coverage counts the statements, and those that could be analysed.
type Coverage struct {
	Statements int `json:"statements"`
	Analysed   int `json:"analysed"`
}

// Report is what a review found. Its findings are in the order of files and lines.
type Report struct {
	Findings   []Finding   `json:"findings"`
	Migrations []Migration `json:"migrations"`
	Coverage   Coverage    `json:"coverage"`

	// Digest binds the report to the migrations that were read: migration.Set.Digest.
	Digest string `json:"digest"`
	// Sources are the texts of the files, by the path that findings name; nil of a file that could not be read.
	Sources map[string]string `json:"-"`
}

// Blocked returns the findings that keep the migrations from being applied: blocking, and not acknowledged.
func (r Report) Blocked() []Finding {
	var blocked []Finding
	for _, finding := range r.Findings {
		if finding.Severity == Blocking && finding.Acknowledged == "" {
			blocked = append(blocked, finding)
		}
	}
	return blocked
}
