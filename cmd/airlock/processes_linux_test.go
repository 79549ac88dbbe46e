package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// processes looks at the argument lists of all processes of this machine, again and again until the test ends.
type processes struct {
	secret string

	mu sync.Mutex
	// lists are the argument lists that were seen, programs the names in them.
	lists, programs map[string]bool
}

func watchProcesses(t *testing.T, secret string) *processes {
	t.Helper()
	p := &processes{secret: secret, lists: map[string]bool{}, programs: map[string]bool{}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	ticker := time.NewTicker(5 * time.Millisecond)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				p.look()
			}
		}
	}()
	t.Cleanup(func() {
		ticker.Stop()
		close(stop)
		<-stopped
	})
	return p
}

func (p *processes) look() {
	// A process can go while it is looked at.
	entries, _ := os.ReadDir("/proc")
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range entries {
		if name := entry.Name(); name[0] < '0' || name[0] > '9' {
			continue
		}
		content, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline")
		if p.lists[string(content)] {
			continue
		}
		p.lists[string(content)] = true
		arguments := strings.Split(string(bytes.TrimRight(content, "\x00")), "\x00")
		p.programs[filepath.Base(arguments[0])] = true
		// A leash is a shell whose argument is the program.
		for _, argument := range arguments[1:] {
			if filepath.IsAbs(argument) {
				p.programs[filepath.Base(argument)] = true
			}
		}
	}
}

// check fails when an argument list held the secret, or when the programs, which prove that one looked, were not seen.
func (p *processes) check(t *testing.T, programs ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range slices.Sorted(maps.Keys(p.lists)) {
		if strings.Contains(list, p.secret) {
			t.Errorf("a process list shows the secret: %q", list)
		}
	}
	for _, program := range programs {
		if !p.programs[program] {
			t.Errorf("no process of %s was seen: the look at the processes proves nothing", program)
		}
	}
}
