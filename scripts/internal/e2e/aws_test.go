//go:build e2e

package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"
)

// awsCall is one request to AWS: what was asked, by the key of which session, and about which secret or role.
type awsCall struct{ key, action, secret, role string }

var (
	signedBy = regexp.MustCompile(`Credential=([^/]+)/`)
	target   = regexp.MustCompile(`\.(\w+)$`)
)

// watchAWS lets the jobs reach AWS through a proxy, and returns what gives out the calls so far.
func (s *scenario) watchAWS(t testing.TB) func() []awsCall {
	t.Helper()
	behind, err := url.Parse(s.aws.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mutex sync.Mutex
	var calls []awsCall
	proxy := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // What is cut off, moto refuses.
		r.Body = io.NopCloser(bytes.NewReader(body))
		call := readCall(r.Header, body)
		mutex.Lock()
		calls = append(calls, call)
		mutex.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.environment = append(s.environment, "AWS_ENDPOINT_URL="+server.URL) // The last one counts.
	return func() []awsCall {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(calls)
	}
}

// readCall reads what RDS and STS name in a form, and Secrets Manager in a header and in JSON.
func readCall(header http.Header, body []byte) awsCall {
	var call awsCall
	if found := signedBy.FindStringSubmatch(header.Get("Authorization")); found != nil {
		call.key = found[1]
	}
	if found := target.FindStringSubmatch(header.Get("X-Amz-Target")); found != nil {
		var asked struct{ SecretId string }
		_ = json.Unmarshal(body, &asked) // Another action has no secret.
		call.action, call.secret = found[1], asked.SecretId
		return call
	}
	form, _ := url.ParseQuery(string(body)) // What is no form has no action.
	call.action, call.role = form.Get("Action"), form.Get("RoleArn")
	return call
}
