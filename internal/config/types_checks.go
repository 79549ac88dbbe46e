package config

// Checks is what verify asks of every environment.
type Checks struct {
	Health      []Health     `yaml:"health" doc:"Pages that must answer."`
	Connections *Connections `yaml:"connections" doc:"The connections of the database."`
	Data        []Data       `yaml:"data" doc:"Queries whose answer is known."`
	Browser     []Browser    `yaml:"browser" doc:"What a person does in a browser."`
	Logs        *Logs        `yaml:"logs" doc:"What the log may hold."`
	KeepData    []string     `yaml:"keep-data" doc:"Tables whose rows a promotion must not change." example:"[users]"`
}

// Health is one page that must answer.
type Health struct {
	Get      string   `yaml:"get" required:"true" pattern:"^/" expected:"a path that begins with /" doc:"The path of the page." example:"/healthz"`
	Within   Duration `yaml:"within" default:"10s" doc:"How long the answer may take."`
	Status   int      `yaml:"status" default:"200" min:"100" max:"599" doc:"The status of the answer."`
	Contains string   `yaml:"contains" doc:"Text that the body of the answer holds."`
}

// Connections bounds how many of the database's connections are used.
type Connections struct {
	MaxUsed Percent `yaml:"max-used" required:"true" doc:"The most that may be in use." example:"80%"`
}

// Data is one query with its answer.
type Data struct {
	Name   string `yaml:"name" required:"true" doc:"What the query shows; no two are the same."`
	SQL    string `yaml:"sql" required:"true" doc:"A query that returns one value."`
	Equals Value  `yaml:"equals" required:"true" doc:"The value that it must return."`
}

// Browser is one walk through the application.
type Browser struct {
	Name  string `yaml:"name" required:"true" doc:"What the steps show; no two are the same."`
	Steps []Step `yaml:"steps" required:"true" min:"1" doc:"The steps, in order."`
}

// Step is one action in a browser: exactly one of Open, Type, Click, See and Screenshot is set.
type Step struct {
	Open       string  `yaml:"open" one:"kind" doc:"Opens a page." example:"/login"`
	Type       *Typing `yaml:"type" one:"kind" doc:"Types text into a field."`
	Click      string  `yaml:"click" one:"kind" doc:"Clicks what the CSS selector finds."`
	See        string  `yaml:"see" one:"kind" doc:"Waits until the CSS selector finds something."`
	Contains   string  `yaml:"contains" with:"see" doc:"Text that the element of see holds."`
	Screenshot string  `yaml:"screenshot" one:"kind" pattern:"^[A-Za-z0-9_-]{1,100}$" expected:"a name of letters, digits, - and _" doc:"Keeps a picture of the page under this name."`
}

// Typing is text and the field that it goes into.
type Typing struct {
	Into string `yaml:"into" required:"true" doc:"The CSS selector of the field." example:"#user"`
	Text string `yaml:"text" required:"true" expand:"true" doc:"The text." example:"${TEST_USER}"`
}

// Logs bounds how many lines of the log match a pattern.
type Logs struct {
	Errors Pattern `yaml:"errors" required:"true" doc:"A regular expression that finds errors." example:"ERROR|Traceback"`
	AtMost int     `yaml:"at-most" min:"0" doc:"How many lines may match."`
}
