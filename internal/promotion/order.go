// Package promotion holds the order in which verbs take a release into one environment, and follows it.
package promotion

// Step is one verb of a promotion.
type Step struct {
	Verb    string
	Command string
	// Changes tells that the step may touch the environment: what fails from here on may need the way back.
	Changes bool
	// Release tells that the verb is told which release it is about.
	Release bool
	// Patient tells that the verb may go on looking until the release has come up.
	Patient bool
	// Watch tells that the step belongs to environments which are watched.
	Watch bool
	// Rehearsal tells that the step changes something only where migrations are rehearsed on the environment's own database.
	Rehearsal bool
}

// ID names the step among those of a job: the verb, and the command of those two whose verb has another step.
func (s Step) ID() string {
	if s.Watch || s.Rehearsal {
		return s.Command
	}
	return s.Verb
}

// Order returns the steps in their order. `promote` on a laptop follows it, and so do the workflow's jobs.
func Order() []Step {
	return []Step{
		{Verb: "preflight", Command: "check", Release: true},
		{Verb: "snapshot", Command: "create", Release: true},
		{Verb: "migrate", Command: "rehearse", Rehearsal: true},
		{Verb: "migrate", Command: "up", Changes: true},
		{Verb: "deploy", Changes: true, Release: true},
		{Verb: "verify", Command: "once", Patient: true},
		{Verb: "verify", Command: "watch", Watch: true},
	}
}

// WayBack is the step that runs when a promotion failed after it was begun.
func WayBack() Step { return Step{Verb: "rollback", Command: "run", Changes: true} }
