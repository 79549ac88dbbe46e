package review

func duplicateVersion() Rule {
	return Rule{
		ID: "duplicate-version", Title: "Two files of one version", Severity: Blocking, live: true, down: downInformation,
		Why:    "Goose refuses the folder, and none of its migrations can be applied.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
