// Package rollout puts a version of the application in front of users and keeps the version before it at hand.
package rollout

// Version is one build of the application.
type Version struct {
	// Image is the digest of what runs: "sha256:" and 64 lower-case hexadecimal digits.
	Image string `json:"image"`
	// Label is what people call it, such as "v2"; it may be empty.
	Label string `json:"label,omitempty"`
	// Commit is the commit that it was built from; it may be empty.
	Commit string `json:"commit,omitempty"`
}

// Title names the version for people: its label, or the start of its digest.
func (v Version) Title() string {
	if v.Label != "" {
		return v.Label
	}
	return v.Image[:min(len(v.Image), len("sha256:")+12)]
}

// State is what the host says about the versions that it serves.
type State struct {
	// Current is the version that serves, or was last asked to; nil before the first one.
	Current *Version
	// Previous is the version that Current would be rolled back to; nil when there is none, or its release is gone.
	Previous *Version
	// Running tells whether Current serves now.
	Running bool
}

// Progress is told how far a step has come; done and total share a unit that the step chooses.
type Progress interface {
	Advance(done, total int64, detail string)
}

func advance(progress Progress, done, total int64, detail string) {
	if progress != nil {
		progress.Advance(done, total, detail)
	}
}
