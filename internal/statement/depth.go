package statement

import (
	"slices"
	"strings"
)

// maximumDepth bounds how deep the tree of a text may be, as far as its tokens tell. The parser goes through its tree by recursion, in
// C and on the stack of whatever thread it runs on: where that ends, the process dies. Of a stack of 8 MB, 1,500 subqueries within
// each other are too much, and 25,000 terms of one sum.
const maximumDepth = 1000

// levelDepth is what parentheses, brackets and CASE count: what begins in them is a few nodes deeper, and the larger ones.
const levelDepth = 8

// level is what is open of a text: parentheses, brackets, a CASE, or a block of PL/pgSQL.
type level struct {
	// chain counts the tokens since a list went on: 1 + 1 + 1 is as deep as it is long, and 1, 1, 1 is not.
	chain int
	// joined counts JOIN, UNION and the like, each of which is above all that stand before it, whatever lists they have.
	joined int
}

func (l level) depth() int { return l.chain + l.joined }

// checkDepth refuses a text whose tree may be too deep for the parser. In the body of a block, BEGIN, IF and LOOP go deeper too.
func checkDepth(text string, body bool) error {
	levels, below, before := []level{{}}, 0, ";"
	scan := scanner{text: text}
	for {
		one, more := scan.next()
		if !more {
			return nil
		}
		said := ""
		if one.kind == word || one.kind == symbol {
			said = strings.ToLower(text[one.start:one.end])
		}
		current := &levels[len(levels)-1]
		switch {
		case opens(said, before, body):
			below += current.depth() + levelDepth
			levels = append(levels, level{})
		case slices.Contains([]string{")", "]", "end"}, said):
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
				below -= levels[len(levels)-1].depth() + levelDepth
			}
		case said == ";":
			*current = level{}
		case slices.Contains([]string{",", "and", "or", "when", "elsif", "then", "else"}, said):
			current.chain = 0
		case slices.Contains([]string{"union", "intersect", "except", "join"}, said):
			current.joined++
		default:
			current.chain++
		}
		before = said
		if below+levels[len(levels)-1].depth() > maximumDepth {
			return &SyntaxError{Message: "the statement is nested too deeply to be read, or has an expression of too many terms", Offset: FirstToken(text)}
		}
	}
}

// opens tells whether a token begins a level. IF does not in DROP TABLE IF EXISTS, and what follows END ends one.
func opens(said, before string, body bool) bool {
	switch said {
	case "(", "[":
		return true
	case "case":
		return before != "end"
	case "begin", "loop":
		return body && before != "end"
	case "if":
		return body && slices.Contains([]string{";", "begin", "then", "else", "loop", ">"}, before)
	}
	return false
}
