package review

func unusedAcknowledgement() Rule {
	return Rule{
		ID: "unused-acknowledgement", Title: "An acknowledgement of nothing", Severity: Warning, live: true, down: downInformation,
		Why:    "It would accept the hazard silently should it come one day.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
