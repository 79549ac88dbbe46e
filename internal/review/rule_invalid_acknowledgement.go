package review

func invalidAcknowledgement() Rule {
	return Rule{
		ID: "invalid-acknowledgement", Title: "An acknowledgement that cannot be read", Severity: Blocking, live: true, down: downInformation,
		Why:    "Somebody meant to accept something, and nothing is accepted.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
