package runner

// didYouMean returns a question with the candidate that is nearest to the name, or nothing when none is near.
func didYouMean(name string, candidates []string) string {
	const longest = 64
	best, distance := "", 1+min(3, len(name)/2)
	for _, candidate := range candidates {
		if len(name) > longest {
			break
		}
		if edits := editDistance(name, candidate); edits < distance {
			best, distance = candidate, edits
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance counts the insertions, deletions and replacements of bytes between two words (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for column := range row {
		row[column] = column
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
