// Package wayback says which ways lead back from a promotion to what was served before, and how sure each is.
package wayback

import (
	"fmt"

	"github.com/randomchaoslabs/airlock/internal/history"
)

// Kind is one way back.
type Kind string

// The ways back, from the cheapest to the dearest.
const (
	// Image serves the previous version again; the schema stays.
	Image Kind = "image"
	// Schema takes the promotion's migrations back, and then serves the previous version.
	Schema Kind = "schema"
	// Restore brings the snapshot back; what was written since is lost, so a person decides.
	Restore Kind = "restore"
)

// Certainty is how much is known about a way.
type Certainty string

// The certainties.
const (
	Proven     Certainty = "proven"
	Unproven   Certainty = "unproven"
	Impossible Certainty = "impossible"
)

// Way is one way back and the reason for its certainty.
type Way struct {
	Kind      Kind
	Certainty Certainty
	Reason    string
}

// Facts are what decides.
type Facts struct {
	// Promotion is the one to go back from.
	Promotion history.Promotion
	// Schema is the version of the database now.
	Schema int64
	// Missing says why the previous version cannot be served again; nil when it can.
	Missing error
	// Migrations is the digest of the migrations at hand, which hold the way down.
	Migrations string
	// Snapshot is the name of the promotion's snapshot, empty when there is none.
	Snapshot string
}

// Ways returns the three ways, the cheapest first.
func Ways(facts Facts) []Way {
	return []Way{image(facts), schema(facts), restore(facts)}
}

func image(facts Facts) Way {
	way := Way{Kind: Image, Certainty: Unproven}
	switch {
	case facts.Promotion.From == nil:
		way.Reason = "nothing was served before: the version that serves is stopped"
	case facts.Missing != nil:
		way.Certainty, way.Reason = Impossible, facts.Missing.Error()
	case facts.Schema == facts.Promotion.FromSchema:
		way.Certainty, way.Reason = Proven, fmt.Sprintf("%s served on this very schema, version %d", facts.Promotion.From.Name(), facts.Schema)
	default:
		way.Reason = fmt.Sprintf("%s was not tried on schema version %d: the checks decide", facts.Promotion.From.Name(), facts.Schema)
	}
	return way
}

func schema(facts Facts) Way {
	way := Way{Kind: Schema, Certainty: Unproven}
	switch {
	case facts.Schema <= facts.Promotion.FromSchema:
		way.Certainty, way.Reason = Impossible, "the promotion left no migration to take back"
	case facts.Migrations != facts.Promotion.Release.Migrations:
		way.Certainty, way.Reason = Impossible, fmt.Sprintf("the migrations at hand are not those of %s: check out its commit", facts.Promotion.Release.Name())
	case facts.Promotion.From != nil && facts.Missing != nil:
		way.Certainty, way.Reason = Impossible, facts.Missing.Error()
	default:
		way.Reason = fmt.Sprintf("down from version %d to %d was not rehearsed; what the migrations added is lost", facts.Schema, facts.Promotion.FromSchema)
	}
	return way
}

func restore(facts Facts) Way {
	if facts.Snapshot == "" {
		return Way{Kind: Restore, Certainty: Impossible, Reason: "the promotion has no snapshot"}
	}
	return Way{Kind: Restore, Certainty: Unproven, Reason: facts.Snapshot + " is there; what was written since is lost, so a person decides"}
}
