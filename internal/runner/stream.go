package runner

import (
	"io"
	"strings"
	"sync"
)

// stream is a writer that hides secrets and, on GitHub, keeps text from being taken for workflow commands.
type stream struct {
	// mu is shared by the streams of a runner: they may end at the same terminal.
	mu      *sync.Mutex
	secrets *secrets
	to      io.Writer
	// guard is nil in a terminal.
	guard *commandGuard
	// before runs before anything is written, to clear a live line out of the way.
	before func()
	// held is the end of the text that may be the beginning of a secret.
	held string
	// midLine tells that the last line has no newline yet.
	midLine bool
	// failed is the first error of the writer behind.
	failed error
}

// Write takes text from anywhere. It returns the error of the writer behind.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var text string
	text, s.held = s.secrets.redactUntil(s.held + string(p))
	if err := s.emit(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *stream) emit(text string) error {
	if s.guard != nil {
		text = s.guard.escape(text)
	}
	return s.raw(text)
}

func (s *stream) raw(text string) error {
	if text == "" {
		return nil
	}
	s.before()
	s.midLine = !strings.HasSuffix(text, "\n")
	_, err := io.WriteString(s.to, text)
	if s.failed == nil {
		s.failed = err
	}
	return err
}

// flush writes what was held back.
func (s *stream) flush() error {
	rest := s.secrets.finish(s.held)
	s.held = ""
	err := s.emit(rest)
	if s.guard != nil && err == nil {
		err = s.raw(s.guard.finish())
	}
	return err
}

// commands is the writer through which workflow commands of our own pass, each on a line of its own.
type commands struct{ *stream }

// Write takes one whole command with its newline.
func (c commands) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.flush(); err != nil {
		return 0, err
	}
	command := string(p)
	if c.midLine {
		command = "\n" + command
	}
	c.guard.restart()
	if err := c.raw(command); err != nil {
		return 0, err
	}
	return len(p), nil
}
