package statement

import "strings"

// later is a form that PostgreSQL 18 has and the grammar of 17 lacks, found at an offset of the text.
type later int

const (
	laterVirtual later = iota + 1 // GENERATED … VIRTUAL, or without either word
	laterNotNull                  // a NOT NULL constraint of a table: CONSTRAINT name NOT NULL column
	laterNotEnforced
	laterPeriod // WITHOUT OVERLAPS, or PERIOD
)

// rewrite puts forms that only PostgreSQL 18 knows into ones that the grammar of 17 accepts, without moving any other byte:
// https://www.postgresql.org/docs/18/release-18.html. It returns what stood where; nothing when there is none.
func rewrite(text string) (string, map[int]later) {
	r := rewriter{text: text, result: []byte(text), all: tokens(text), found: map[int]later{}}
	for index := range r.all {
		r.look(index)
	}
	return string(r.result), r.found
}

type rewriter struct {
	text   string
	result []byte
	all    []token
	found  map[int]later
}

// is tells whether the tokens from index on are these words.
func (r *rewriter) is(index int, words ...string) bool {
	for i, want := range words {
		if index+i >= len(r.all) {
			return false
		}
		one := r.all[index+i]
		if one.kind != word && one.kind != symbol || !strings.EqualFold(r.text[one.start:one.end], want) {
			return false
		}
	}
	return true
}

// put writes new text over the tokens from first to last, filled up with spaces.
func (r *rewriter) put(first, last int, text string) {
	start, end := r.all[first].start, r.all[last].end
	copy(r.result[start:end], text+strings.Repeat(" ", end-start))
}

func (r *rewriter) look(index int) {
	start := r.all[index].start
	switch {
	case r.is(index, "VIRTUAL") && index > 0 && r.is(index-1, ")"):
		r.put(index, index, "STORED")
		r.found[start] = laterVirtual
	case r.is(index, "GENERATED", "ALWAYS", "AS", "("):
		if end := r.closing(index + 3); end > 0 && !r.is(end+1, "STORED") && !r.is(end+1, "VIRTUAL") {
			// DEFAULT is the shorter word that takes an expression.
			r.put(index, index+2, "DEFAULT")
			r.found[start] = laterVirtual
		}
	case r.is(index, "NOT", "ENFORCED"):
		r.put(index, index+1, "")
		r.found[start] = laterNotEnforced
	case r.is(index, "ENFORCED") && !r.is(index-1, "NOT"):
		r.put(index, index, "")
	case r.is(index, "WITHOUT", "OVERLAPS"):
		r.put(index, index+1, "")
		r.found[start] = laterPeriod
	case r.is(index, "PERIOD") && index > 0 && r.is(index-1, ",") && index+1 < len(r.all) && r.all[index+1].kind != symbol:
		r.put(index, index, "")
		r.found[start] = laterPeriod
	case r.is(index, "NOT", "NULL") && r.ofTable(index):
		column := r.all[index+2]
		r.put(index, index+2, "CHECK ("+r.text[column.start:column.end]+")")
		r.found[start] = laterNotNull
	}
}

// ofTable tells whether the NOT NULL at index is a constraint of the table: a column's name follows, and not the next
// constraint of the same column.
func (r *rewriter) ofTable(index int) bool {
	if index < 1 || index+2 >= len(r.all) {
		return false
	}
	next := r.all[index+2]
	if next.kind == quotedWord {
		return true
	}
	if next.kind != word {
		return false
	}
	for _, other := range []string{"DEFAULT", "UNIQUE", "PRIMARY", "CHECK", "REFERENCES", "GENERATED", "COLLATE", "CONSTRAINT", "NOT", "NULL",
		"DEFERRABLE", "INITIALLY", "ENFORCED", "NO", "THEN", "AND", "OR"} {
		if r.is(index+2, other) {
			return false
		}
	}
	return r.is(index-1, "ADD") || r.is(index-1, ",") || r.is(index-1, "(") || index > 1 && r.is(index-2, "CONSTRAINT")
}

// closing returns the index of the parenthesis that closes the one at index, 0 when there is none.
func (r *rewriter) closing(index int) int {
	depth := 0
	for ; index < len(r.all); index++ {
		switch {
		case r.is(index, "("):
			depth++
		case r.is(index, ")"):
			if depth--; depth == 0 {
				return index
			}
		}
	}
	return 0
}
