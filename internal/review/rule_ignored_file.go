package review

func ignoredFile() Rule {
	return Rule{
		ID: "ignored-file", Title: "A file that goose passes over", Severity: Warning, live: true, down: downInformation,
		Why:    "Its name does not begin with a version: goose never runs it.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
