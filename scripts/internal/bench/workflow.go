package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// The targets of what is measured in a runner: milliseconds that a step of ours takes more than a bare one of a shell, and
// the ratio of a whole promotion to the same one by hand.
const (
	stepTarget      = 100
	promotionTarget = 1.0
)

// workflowTimes are what scripts/internal/e2e measured in a runner, in milliseconds.
type workflowTimes struct {
	// Steps has the samples of "bare", "empty" and "ours".
	Steps map[string][]float64 `json:"steps"`
	// Airlock and ByHand have those of whole promotions, by what they differ in.
	Airlock map[string][]float64 `json:"airlock"`
	ByHand  map[string][]float64 `json:"by-hand"`
	// Parts are those of Airlock's quickest promotions.
	Parts map[string][]float64 `json:"parts"`
}

// readWorkflow makes the results of what was measured in a runner; an empty path has none.
func readWorkflow(path string) ([]result, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var times workflowTimes
	if err := json.Unmarshal(content, &times); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range []string{"bare", "empty", "ours"} {
		if len(times.Steps[name]) == 0 {
			return nil, fmt.Errorf("%s has no step %s", path, name)
		}
	}
	bare, ours := walls(times.Steps["bare"]), walls(times.Steps["ours"])
	added := ours.Wall.Median - bare.Wall.Median
	results := []result{{
		Kind: step, Item: "a step of ours", Airlock: ours, Value: added, Target: stepTarget, Met: added < stepTarget,
		Beside: map[string]spread{"bare": bare.Wall, "empty": walls(times.Steps["empty"]).Wall},
	}}
	for _, what := range slices.Sorted(maps.Keys(times.Airlock)) {
		if len(times.Airlock[what]) == 0 || len(times.ByHand[what]) == 0 {
			return nil, fmt.Errorf("%s has no two promotions with %s to compare", path, what)
		}
		ours, hand := walls(times.Airlock[what]), walls(times.ByHand[what])
		ratio := ours.Wall.Median / hand.Wall.Median
		results = append(results, result{
			Kind: besideHand, Item: "promotion, " + what, Airlock: ours, Value: ratio, Target: promotionTarget, Met: ratio <= promotionTarget,
			Beside: map[string]spread{"by hand": hand.Wall},
		})
	}
	for _, name := range slices.Sorted(maps.Keys(times.Parts)) {
		// A part has no target of its own.
		results = append(results, result{Kind: part, Item: name, Airlock: walls(times.Parts[name]), Met: true})
	}
	return results, nil
}

// walls are the figures of what nothing is known of but how long it took.
func walls(milliseconds []float64) figures {
	var samples []sample
	for _, one := range milliseconds {
		samples = append(samples, sample{wall: time.Duration(one * float64(time.Millisecond))})
	}
	return figures{Wall: summarise(samples).Wall}
}
