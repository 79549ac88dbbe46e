package apply

import (
	"context"
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// resume finds out how far a migration came that stopped halfway, and goes on from there.
func (m *Migrator) resume(ctx context.Context, half *migration.HalfDone) error {
	record := half.Record
	file := m.guard.underWay()
	for _, one := range m.guard.run.queue {
		if one.file.Version == half.File.Version {
			file = one
		}
	}
	if file == nil || file.file.Version != record.Version {
		return problem.New("", "%s stopped halfway, and is not what would be gone on with", half.File.Name)
	}
	// What is not done yet may be mended.
	if record.Position > len(file.statements) || record.Statements != digest(file.statements[:record.Position]) {
		return problem.New("bring back as they were the statements that are done, or do by hand what is missing and then delete its row from "+database.RecordTable,
			"%s was edited after it had stopped halfway, in what is done already: its first %d statements", half.File.Name, record.Position)
	}
	file.position = record.Position
	if record.Started == "" {
		return nil
	}
	if at := m.options.ResumeAt; at > 0 {
		if at != record.Position+1 && at != record.Position+2 {
			return problem.Wrong(fmt.Sprintf("%d runs it again, %d goes on behind it", record.Position+1, record.Position+2), "statement %d is not the one that stopped", at)
		}
		file.position = at - 1
		return nil
	}
	begun, err := readBefore(record.Started)
	if record.SHA256 != half.File.SHA256 {
		return problem.Unknown(fmt.Sprintf("look at what it does in the database; then go on with it: --resume-at %d, or behind it: --resume-at %d", record.Position+1, record.Position+2),
			"%s was edited after it had stopped halfway, and statement %d had begun", half.File.Name, record.Position+1)
	}
	if err != nil || begun.Statement != record.Position+1 || begun.Statement > len(file.statements) {
		return problem.Unknown("say with which statement to go on: --resume-at", "what is noted of %s cannot be read", half.File.Name)
	}
	statement := file.statements[record.Position]
	outcome := unknown
	if m.aside.Dialect == database.PostgreSQL {
		_, change := mannerOf(statement.SQL)
		if outcome, err = settle(ctx, m.aside, change, begun); err != nil {
			return err
		}
	}
	switch outcome {
	case done:
		file.position = record.Position + 1
	case again:
		file.position = record.Position
	default:
		return problem.Unknown(fmt.Sprintf("look at what it does in the database; then go on with it again: --resume-at %d, or behind it: --resume-at %d", begun.Statement, begun.Statement+1),
			"the catalogs do not tell whether statement %d of %s, in line %d, was done: %s", begun.Statement, half.File.Name, statement.Line, migration.Excerpt(statement.SQL, 120))
	}
	return nil
}
