package rehearsal

import (
	"maps"
	"slices"

	"github.com/randomchaoslabs/airlock/internal/fingerprint"
)

// counts are the numbers of rows that are known for certain, by table.
func counts(data fingerprint.Data) map[string]int64 {
	counts := map[string]int64{}
	for _, table := range data.Tables {
		if table.Unread == "" && table.Sample == nil {
			counts[table.Name.String()] = table.Rows
		}
	}
	return counts
}

// rowsOf returns the fingerprints of the tables that changed from one moment to another, or that a statement touched. The moments are
// before, after up, after down and after the second up, as far as it came to them.
func rowsOf(one Migration, moments []*fingerprint.Data) []Rows {
	tables := map[string]*Rows{}
	for i, moment := range moments {
		for _, table := range moment.Tables {
			name := table.Name.String()
			row, known := tables[name]
			if !known {
				row = &Rows{Table: name}
				tables[name] = row
			}
			*[]**Digest{&row.Before, &row.AfterUp, &row.AfterDown, &row.Again}[i] = &Digest{Rows: table.Rows, Sum: table.Sum, Sampled: table.Sample != nil, Unread: table.Unread}
		}
	}
	var all []Rows
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if one.touches(name) || tables[name].changed(len(moments)) {
			all = append(all, *tables[name])
		}
	}
	return all
}

// touches tells whether a statement locked, read or wrote a table.
func (m Migration) touches(table string) bool {
	for _, run := range []*Run{m.Up, m.Down} {
		if run != nil && slices.ContainsFunc(run.Statements, func(one Statement) bool {
			return slices.ContainsFunc(one.Tables, func(touched Table) bool { return touched.Table == table })
		}) {
			return true
		}
	}
	return false
}

// changed tells whether two of the moments differ.
func (r Rows) changed(moments int) bool {
	for _, other := range []*Digest{r.AfterUp, r.AfterDown, r.Again}[:moments-1] {
		if (r.Before == nil) != (other == nil) || r.Before != nil && *r.Before != *other {
			return true
		}
	}
	return false
}
