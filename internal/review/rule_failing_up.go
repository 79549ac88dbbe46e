package review

func failingUp() Rule {
	return Rule{
		ID: "failing-up", Title: "Up fails", Severity: Warning, portable: true,
		Why:    "The migration stops here. In a transaction nothing is changed; with NO TRANSACTION what stands above it stays done, and the file has to be mended before it can go on.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
		whole:  func(w *Whole) []Hit { return refused(w.UpConflicts) },
	}
}
