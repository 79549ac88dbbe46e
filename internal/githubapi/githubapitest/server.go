package githubapitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const maximumBodyBytes = 1 << 20

// Options say what a stand-in begins with.
type Options struct {
	// State is what it knows; what is empty in it gets a default: see New.
	State State
	// Prefix is what stands before every path, as "/api/v3" does on GitHub Enterprise Server.
	Prefix string
	// Now is the clock; nil means the real one.
	Now func() time.Time
	// Observe is told of each request, one at a time; nil means that nobody is.
	Observe func(Request)
}

// Server is a stand-in for GitHub's API. It is an http.Handler.
type Server struct {
	options     Options
	description *description
	mux         *http.ServeMux
	signer      signer

	mutex    sync.Mutex
	state    State
	requests []Request
}

// Token is the token that a stand-in accepts when its state names none; it may do all that Airlock needs.
const Token = "ghs_standIn"

// New returns a stand-in. Without others in the state, the repository is octo-org/octo-repo, private, with the branch
// main, and Token is the only token.
func New(options Options) (*Server, error) {
	described, err := load()
	if err != nil {
		return nil, err
	}
	state := &options.State
	if state.Repository == "" {
		state.Repository, state.Private = "octo-org/octo-repo", true
	}
	if state.DefaultBranch == "" {
		state.DefaultBranch = "main"
	}
	if state.Tokens == nil {
		state.Tokens = map[string]Permissions{Token: all()}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options: options, description: described, mux: http.NewServeMux(), state: copied(*state)}
	for _, r := range routes() {
		s.mux.HandleFunc(r.method+" "+repositoryPath+r.path, func(w http.ResponseWriter, request *http.Request) {
			w.(*exchange).carryOut(s, r, request)
		})
	}
	return s, nil
}

// Running is a stand-in that listens.
type Running struct {
	*Server
	// URL is its address, with the prefix.
	URL string
}

// Start serves a stand-in for the length of a test, which fails when a request or an answer is not as GitHub describes it.
func Start(t testing.TB, options Options) Running {
	t.Helper()
	server, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server)
	t.Cleanup(func() {
		listening.Close()
		for _, request := range server.Requests() {
			if request.Violation != "" {
				t.Errorf("%s %s?%s: %s", request.Method, request.Path, request.Query, request.Violation)
			}
		}
	})
	return Running{server, listening.URL + options.Prefix}
}

// State returns what the stand-in knows now.
func (s *Server) State() State {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return copied(s.state)
}

// Change changes what the stand-in knows.
func (s *Server) Change(change func(*State)) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	change(&s.state)
}

// Requests returns all requests so far.
func (s *Server) Requests() []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}

// copied returns a state that shares nothing with the given one.
func copied(state State) State {
	var result State
	encoded, err := json.Marshal(state)
	if err == nil {
		err = json.Unmarshal(encoded, &result)
	}
	if err != nil {
		panic(err) // A state is plain data.
	}
	return result
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumBodyBytes))
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasPrefix(r.URL.Path, "/_") {
		s.serveAside(w, r, body)
		return
	}
	record := Request{Time: s.options.Now().UTC(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
	if json.Valid(body) {
		record.Body = body
	}
	fault := s.takeFault(r)
	var answered exchange
	switch {
	case fault.Break == BreakBefore:
	case fault.Status != 0:
		answered.answer = answer{status: fault.Status}
		answered.text = []byte(fault.Body)
	default:
		answered = s.exchange(r, body)
		record.Violation = answered.violation
	}
	if fault.Break == "" {
		record.Status = answered.answer.status
	}
	s.mutex.Lock()
	s.requests = append(s.requests, record)
	if s.options.Observe != nil {
		s.options.Observe(record)
	}
	s.mutex.Unlock()
	if fault.Break != "" {
		panic(http.ErrAbortHandler) // The server closes the connection and says nothing.
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range answered.answer.header {
		w.Header().Set(name, value)
	}
	for name, value := range fault.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answered.answer.status)
	_, _ = w.Write(answered.text)
}

// takeFault returns the first fault that fits the request, and counts it.
func (s *Server) takeFault(r *http.Request) Fault {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i := range s.state.Faults {
		fault := &s.state.Faults[i]
		fits, err := regexp.MatchString(fault.Path, r.URL.Path)
		if err != nil || !fits || fault.Method != "" && fault.Method != r.Method {
			continue
		}
		taken := *fault
		if fault.Times--; fault.Times <= 0 {
			s.state.Faults = slices.Delete(s.state.Faults, i, i+1)
		}
		return taken
	}
	return Fault{}
}
