package review

func expiredAcknowledgement() Rule {
	return Rule{
		ID: "expired-acknowledgement", Title: "An acknowledgement that has expired", Severity: Warning, live: true, down: downInformation,
		Why:    "What it accepted for a while is not accepted any more.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
