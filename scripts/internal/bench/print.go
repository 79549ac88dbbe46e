package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// met tells whether every target is.
func met(results []result) bool {
	return !slices.ContainsFunc(results, func(one result) bool { return !one.Met })
}

// printResults prints a table for each kind of result, or one JSON document.
func printResults(out io.Writer, results []result, machine string, runs int, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Met     bool     `json:"met"`
			Machine string   `json:"machine"`
			Runs    int      `json:"runs"`
			Results []result `json:"results"`
		}{met(results), machine, runs, results})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d runs of each, in turn; median (least to greatest); %s\n", runs, machine)
	beside := func(r result) string {
		return fmt.Sprintf("%-24s %-24s %5.2f  %6.2f", r.Airlock.Wall, r.Peer.Wall, r.Value, r.Airlock.CPU.Median/r.Peer.CPU.Median)
	}
	table(&text, results, besideGoose, "Beside the goose CLI, wall-clock milliseconds", "airlock                  goose                    ratio  of CPU", beside)
	table(&text, results, besideSquawk, "Beside squawk from npm, wall-clock milliseconds", "airlock                  squawk                   ratio  of CPU", beside)
	pair := func(r result) string { return fmt.Sprintf("%-24s %-24s %5.2f", r.Airlock.Wall, r.Peer.Wall, r.Value) }
	table(&text, results, besideXor, "Fingerprint beside bit_xor(hash_record_extended(t, 0)), wall-clock milliseconds", "airlock                  bit_xor                  ratio", pair)
	table(&text, results, besideMD5, "Fingerprint beside md5(string_agg(md5(t::text), '' order by key)), wall-clock milliseconds", "airlock                  md5                      times", pair)
	table(&text, results, observedLong, "Migrations under the observer of a rehearsal, wall-clock milliseconds", "observed                 alone                    ratio", pair)
	table(&text, results, observedEach, "Migrations of short statements under it, wall-clock milliseconds", "observed                 alone                    more for each", func(r result) string {
		return fmt.Sprintf("%-24s %-24s %13.2f", r.Airlock.Wall, r.Peer.Wall, r.Value)
	})
	table(&text, results, start, "From the start to the first output, milliseconds", "airlock                 ", func(r result) string {
		return r.Airlock.FirstOutput.String()
	})
	table(&text, results, whole, "From the start to the end, milliseconds", "airlock                 ", func(r result) string {
		return r.Airlock.Wall.String()
	})
	table(&text, results, memory, "Largest memory of the process or of one that it waited for, megabytes", "airlock", func(r result) string {
		return fmt.Sprintf("%7.1f", r.Value)
	})
	table(&text, results, step, "In a job of a runner, wall-clock milliseconds", "airlock                  a bare step of a shell   an empty composite one   more", func(r result) string {
		return fmt.Sprintf("%-24s %-24s %-24s %5.1f", r.Airlock.Wall, r.Beside["bare"], r.Beside["empty"], r.Value)
	})
	table(&text, results, besideHand, "Beside examples/by-hand/promote.sh, wall-clock milliseconds", "airlock                  by hand                  ratio", func(r result) string {
		return fmt.Sprintf("%-24s %-24s %5.2f", r.Airlock.Wall, r.Beside["by hand"], r.Value)
	})
	table(&text, results, part, "Of the quickest of these, wall-clock milliseconds", "airlock                 ", func(r result) string {
		return r.Airlock.Wall.String()
	})
	_, err := io.WriteString(out, text.String())
	return err
}

// table prints the results of one kind, if there are any.
func table(out *strings.Builder, results []result, kind kind, title, columns string, cells func(result) string) {
	const width = 42
	if !slices.ContainsFunc(results, func(one result) bool { return one.Kind == kind }) {
		return
	}
	fmt.Fprintf(out, "\n%s\n%-*s %s  target\n", title, width, "", columns)
	for _, one := range results {
		if one.Kind != kind {
			continue
		}
		limit, verdict := fmt.Sprintf("< %v", one.Target), "met"
		switch kind {
		case besideGoose, besideSquawk, besideHand, besideXor, observedLong:
			limit = fmt.Sprintf("≤ %.2f", one.Target)
		case observedEach:
			limit = fmt.Sprintf("≤ %v", one.Target)
		case besideMD5:
			limit = fmt.Sprintf("≥ %v", one.Target)
		}
		if one.Target == 0 {
			limit, verdict = "none", ""
		}
		if !one.Met {
			verdict = "MISSED"
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-*s %-*s  %-6s  %s", width, one.Item, len(columns), cells(one), limit, verdict), " "))
	}
}

// String prints milliseconds in at most 24 columns.
func (s spread) String() string {
	digits := 1
	if s.Greatest >= 1000 {
		digits = 0
	}
	return fmt.Sprintf("%6.*f (%.*f to %.*f)", digits, s.Median, digits, s.Least, digits, s.Greatest)
}
