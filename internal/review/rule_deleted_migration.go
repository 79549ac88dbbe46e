package review

func deletedMigration() Rule {
	return Rule{
		ID: "deleted-migration", Title: "A migration that was there already is gone", Severity: Blocking, live: true, down: downInformation,
		Why:    "Where it was applied, the database is newer than the folder, and nothing can take it back.",
		Source: "https://pressly.github.io/goose/documentation/annotations/",
	}
}
