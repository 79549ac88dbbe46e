package main

import (
	"slices"
	"time"
)

// spread is the middle and the ends of some samples; none is dropped.
type spread struct {
	Median   float64 `json:"median"`
	Least    float64 `json:"least"`
	Greatest float64 `json:"greatest"`
}

// figures are the samples of one program: times in milliseconds, memory in megabytes of 1,000,000 bytes.
type figures struct {
	Wall        spread `json:"wall_ms"`
	CPU         spread `json:"cpu_ms,omitzero"`
	FirstOutput spread `json:"first_output_ms,omitzero"`
	Memory      spread `json:"memory_mb,omitzero"`
}

// result is one item with its verdict.
type result struct {
	Kind kind   `json:"kind"`
	Item string `json:"item"`
	// Peer is the program or statement that the kind names, or the same without an observer, measured in the same run; nil when the
	// target is an absolute one.
	Airlock figures  `json:"airlock"`
	Peer    *figures `json:"peer,omitempty"`
	// Beside are the wall-clock times of what a step or a promotion is held against.
	Beside map[string]spread `json:"beside_ms,omitempty"`
	// Value is what the target is about: a ratio of median wall-clock times, milliseconds, or megabytes. A part has none.
	Value float64 `json:"value"`
	// Target is zero where there is none.
	Target float64 `json:"target"`
	Met    bool    `json:"met"`
}

// kind says what the value of a result is.
type kind string

const (
	besideGoose  kind = "goose_ratio"
	besideSquawk kind = "squawk_ratio"
	besideXor    kind = "bit_xor_ratio"
	besideMD5    kind = "md5_times"
	observedLong kind = "observed_ratio"
	observedEach kind = "observed_ms"
	start        kind = "start_ms"
	whole        kind = "whole_ms"
	memory       kind = "memory_mb"
	step         kind = "added_ms"
	besideHand   kind = "by_hand_ratio"
	part         kind = "part"
)

// compare makes the result of runs beside those of something else: at most target times as long. A target of zero is none.
func compare(beside kind, item string, target float64, airlock, peer []sample) result {
	ours, theirs := summarise(airlock), summarise(peer)
	ratio := ours.Wall.Median / theirs.Wall.Median
	return result{Kind: beside, Item: item, Airlock: ours, Peer: &theirs, Value: ratio, Target: target, Met: target == 0 || ratio <= target}
}

// outrun makes the result of runs beside those of something slow: at least target times as fast. A target of zero is none.
func outrun(item string, target float64, airlock, peer []sample) result {
	ours, theirs := summarise(airlock), summarise(peer)
	times := theirs.Wall.Median / ours.Wall.Median
	return result{Kind: besideMD5, Item: item, Airlock: ours, Peer: &theirs, Value: times, Target: target, Met: times >= target}
}

// limitStart makes the result about the time to the first output: the median must be under the target.
func limitStart(item string, target float64, samples []sample) result {
	ours := summarise(samples)
	return result{Kind: start, Item: item, Airlock: ours, Value: ours.FirstOutput.Median, Target: target, Met: ours.FirstOutput.Median < target}
}

// limitWhole makes the result about the time of a whole process: the median must be under the target.
func limitWhole(item string, target float64, samples []sample) result {
	ours := summarise(samples)
	return result{Kind: whole, Item: item, Airlock: ours, Value: ours.Wall.Median, Target: target, Met: ours.Wall.Median < target}
}

// limitMemory makes the result about the largest memory of one run: it must be under the target.
func limitMemory(item string, target float64, taken sample) result {
	ours := summarise([]sample{taken})
	return result{Kind: memory, Item: item, Airlock: ours, Value: ours.Memory.Greatest, Target: target, Met: ours.Memory.Greatest < target}
}

func summarise(samples []sample) figures {
	milliseconds := func(duration time.Duration) float64 { return float64(duration) / float64(time.Millisecond) }
	return figures{
		Wall:        over(samples, func(s sample) float64 { return milliseconds(s.wall) }),
		CPU:         over(samples, func(s sample) float64 { return milliseconds(s.cpu) }),
		FirstOutput: over(samples, func(s sample) float64 { return milliseconds(s.firstOutput) }),
		Memory:      over(samples, func(s sample) float64 { return float64(s.memory) / 1e6 }),
	}
}

// over summarises one figure of the samples, of which there is at least one.
func over(samples []sample, figure func(sample) float64) spread {
	values := make([]float64, len(samples))
	for i, one := range samples {
		values[i] = figure(one)
	}
	slices.Sort(values)
	middle := len(values) / 2
	median := values[middle]
	if len(values)%2 == 0 {
		median = (values[middle-1] + values[middle]) / 2
	}
	return spread{Median: median, Least: values[0], Greatest: values[len(values)-1]}
}
