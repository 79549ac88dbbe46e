// Package nearest finds the name that somebody may have meant.
package nearest

import "slices"

// longest bounds the names that are compared: nothing that Airlock calls anything is longer, and the distance takes time.
const longest = 64

// Name returns the candidate that is nearest to name, and whether one is near: at most three letters away, and not more
// than half of the name.
func Name(name string, candidates []string) (nearest string, found bool) {
	if len(name) > longest {
		return "", false
	}
	best := max(1, min(3, len(name)/2)) + 1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if len(candidate) > longest {
			continue
		}
		if distance := editDistance(name, candidate); distance < best {
			nearest, best, found = candidate, distance, true
		}
	}
	return nearest, found
}

// editDistance counts the bytes to insert, delete or replace to get from a to b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
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
