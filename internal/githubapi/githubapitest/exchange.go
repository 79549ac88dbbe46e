package githubapitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

type object = map[string]any

// answer is what a request gets: a status, and what is completed and encoded for its body.
type answer struct {
	status int
	header map[string]string
	value  any
}

// refusal is an answer with GitHub's kind of error.
func refusal(status int, format string, arguments ...any) answer {
	return answer{status: status, value: object{
		"message": fmt.Sprintf(format, arguments...), "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status),
	}}
}

// exchange is one request with its answer. It is handed to the routes as their http.ResponseWriter, and what the router
// itself writes, when no route fits, is left out.
type exchange struct {
	http.ResponseWriter
	body      []byte
	prefix    string
	answer    answer
	text      []byte
	violation string
}

// Header implements http.ResponseWriter.
func (e *exchange) Header() http.Header { return http.Header{} }

// Write implements http.ResponseWriter.
func (e *exchange) Write(text []byte) (int, error) { return len(text), nil }

// WriteHeader implements http.ResponseWriter.
func (e *exchange) WriteHeader(int) {}

// exchange carries out a request, and says where it or its answer is not as GitHub describes it.
func (s *Server) exchange(r *http.Request, body []byte) exchange {
	e := exchange{body: body, prefix: s.options.Prefix, violation: "there is no such operation in the description"}
	if below, ok := strings.CutPrefix(r.URL.RequestURI(), s.options.Prefix); ok {
		inner := r.Clone(r.Context())
		if address, err := url.ParseRequestURI(below); err == nil {
			inner.URL = address
			s.mux.ServeHTTP(&e, inner)
		}
	}
	if e.violation != "" {
		e.answer = refusal(http.StatusInternalServerError, "this is not GitHub's API: %s", e.violation)
	}
	text, err := json.Marshal(e.answer.value)
	if err != nil {
		panic(err) // Answers are plain data.
	}
	e.text = text
	return e
}

// carryOut is what a route does.
func (e *exchange) carryOut(s *Server, route route, r *http.Request) {
	e.violation = ""
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if refused := s.authorise(r, route); refused != nil {
		e.answer = *refused
		return
	}
	if err := s.description.request(route, r, e.body); err != nil {
		e.violation = "request: " + err.Error()
		return
	}
	call := call{Request: r, url: "http://" + r.Host + e.prefix + r.URL.EscapedPath()}
	call.body, _ = decoded(e.body).(object)
	e.answer = route.handle(s, call)
	value, err := s.description.response(route, r, e.answer)
	if err != nil {
		e.violation = "answer: " + err.Error()
	}
	e.answer.value = value
}

// authorise returns the refusal of a request whose token may not, or nil.
func (s *Server) authorise(r *http.Request, wanted route) *answer {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	granted, known := s.state.Tokens[token]
	refused := refusal(http.StatusForbidden, "Resource not accessible by integration")
	switch level := granted[wanted.permission]; {
	case !known:
		refused = refusal(http.StatusUnauthorized, "Bad credentials")
	case !strings.EqualFold(r.PathValue("owner")+"/"+r.PathValue("repo"), s.state.Repository):
		refused = refusal(http.StatusNotFound, "Not Found")
	case level != wanted.level && level != "write":
		refused.header = map[string]string{"X-Accepted-GitHub-Permissions": wanted.permission + "=" + wanted.level}
	default:
		return nil
	}
	return &refused
}
