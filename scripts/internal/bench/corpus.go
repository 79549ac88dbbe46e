package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed testdata/corpus.sql.tmpl
var corpusTemplate embed.FS

// corpusFiles is how many migrations a look at a whole history is measured with: as many as were found in public
// repositories that use goose, with as much text, 1.06 MB.
const corpusFiles = 560

// migrationOfCorpus is one migration: which of them it is, and of what kind.
type migrationOfCorpus struct {
	Number, Earlier, Kind int
	Columns, Rows         []int
}

// writeCorpus writes migrations as a history of years has them: tables with comments, functions and triggers, rows, and
// changes of what earlier ones made, some of them dangerous.
func writeCorpus(path string, files int) error {
	text, err := template.New("corpus.sql.tmpl").ParseFS(corpusTemplate, "testdata/corpus.sql.tmpl")
	if err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	for number := range files {
		one := migrationOfCorpus{Number: number, Kind: number % 4, Earlier: number - number%4, Columns: upTo(5 + number%6), Rows: upTo(8 + number%8)}
		var written bytes.Buffer
		if err := text.Execute(&written, one); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%05d_change.sql", number+1)), written.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func upTo(count int) []int {
	numbers := make([]int, count)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}
