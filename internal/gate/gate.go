// Package gate holds the conditions that must be met before a promotion may touch an environment, one file a gate.
// A gate looks at facts that it is given, and fails closed: what it cannot know is inconclusive, which is not a pass.
package gate
