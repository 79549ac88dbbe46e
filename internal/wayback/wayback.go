// Package wayback says which ways lead back from a promotion to what was served before, and how sure each is.
package wayback

import (
	"fmt"
	"strings"

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
	// Schema is the version of the database now, and SchemaUnknown says why it is not known.
	Schema        int64
	SchemaUnknown error
	// Missing says why the previous version cannot be served again; nil when it can.
	Missing error
	// Migrations is the digest of the migrations at hand, which hold the way down.
	Migrations string
	// EmptyDowns names the files to take back whose Down holds nothing: goose would move the version and change nothing.
	EmptyDowns []string
	// Snapshot says which snapshot was taken for the promotion and where it is, empty when there is none.
	Snapshot string
}

// Ways returns the three ways, the cheapest first.
func Ways(facts Facts) []Way {
	return []Way{image(facts), schema(facts), restore(facts)}
}

func image(facts Facts) Way {
	way := Way{Kind: Image, Certainty: Unproven}
	from := facts.Promotion.From
	switch {
	case from == nil:
		way.Reason = "nothing was served before: the version that serves is stopped"
	case facts.Missing != nil:
		way.Certainty, way.Reason = Impossible, facts.Missing.Error()
	case facts.SchemaUnknown != nil:
		way.Reason = "what schema " + from.Name() + " would find is not known: " + facts.SchemaUnknown.Error()
	case facts.Schema == facts.Promotion.FromSchema:
		way.Certainty, way.Reason = Proven, fmt.Sprintf("%s served on this very schema, version %d", from.Name(), facts.Schema)
	case from.Image == facts.Promotion.Release.Image:
		way.Certainty, way.Reason = Impossible, fmt.Sprintf("%s and %s are the same image, and only the schema differs", from.Name(), facts.Promotion.Release.Name())
	default:
		way.Reason = fmt.Sprintf("%s was not tried on schema version %d: the checks decide", from.Name(), facts.Schema)
	}
	return way
}

func schema(facts Facts) Way {
	way := Way{Kind: Schema, Certainty: Impossible}
	switch {
	case facts.SchemaUnknown != nil:
		way.Reason = "the version of the schema is not known: " + facts.SchemaUnknown.Error()
	case facts.Schema <= facts.Promotion.FromSchema:
		way.Reason = "the promotion left no migration to take back"
	case facts.Migrations != facts.Promotion.Release.Migrations:
		way.Reason = fmt.Sprintf("the migrations at hand are not those of %s: check out its commit", facts.Promotion.Release.Name())
	case len(facts.EmptyDowns) > 0:
		way.Reason = "nothing takes back " + strings.Join(facts.EmptyDowns, ", ") + ": its Down is empty"
	case facts.Promotion.From != nil && facts.Missing != nil:
		way.Reason = facts.Missing.Error()
	default:
		way.Certainty = Unproven
		way.Reason = fmt.Sprintf("down from version %d to %d was not rehearsed; what the migrations added is lost", facts.Schema, facts.Promotion.FromSchema)
	}
	return way
}

func restore(facts Facts) Way {
	if facts.Snapshot == "" {
		return Way{Kind: Restore, Certainty: Impossible, Reason: "the promotion has no snapshot"}
	}
	return Way{Kind: Restore, Certainty: Unproven, Reason: facts.Snapshot + "; what was written since is lost, so a person decides"}
}
