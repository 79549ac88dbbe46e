package githubapitest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask sends one request to a stand-in and returns its answer.
func ask(t *testing.T, server *Server, method, target, body, token string) (int, string) {
	t.Helper()
	listening := httptest.NewServer(server)
	defer listening.Close()
	request, err := http.NewRequestWithContext(t.Context(), method, listening.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func begin(t *testing.T, state State) *Server {
	t.Helper()
	server, err := New(Options{State: state})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

const repository = "/repos/octo-org/octo-repo"

// What GitHub does not describe is an error of whoever asks, or of the stand-in: neither must go unseen.
func TestViolations(t *testing.T) {
	t.Parallel()
	broken := State{Deployments: []*Deployment{{ID: 1, Statuses: []Status{{ID: 2, State: "exploded"}}}}}
	tests := map[string]struct {
		method, path, body, want string
	}{
		"another operation":   {"GET", repository + "/issues", "", "there is no such operation"},
		"another method":      {"DELETE", repository + "/deployments", "", "there is no such operation"},
		"another parameter":   {"GET", repository + "/deployments?enviroment=x", "", "request: there is no parameter enviroment"},
		"a parameter's type":  {"GET", repository + "/deployments?page=two", "", "request: parameter \"page\""},
		"a parameter's value": {"GET", repository + "/actions/workflows/7/runs?status=sleeping", "", "request: parameter \"status\""},
		"an id's type":        {"GET", repository + "/actions/runs/x", "", "request: parameter \"run_id\""},
		"a member's name":     {"POST", repository + "/deployments", `{"ref": "main", "enviroment": "x"}`, "request: there is no member enviroment"},
		"a member's type":     {"POST", repository + "/deployments", `{"ref": "main", "auto_merge": "no"}`, "request: request body"},
		"a missing member":    {"POST", repository + "/deployments", `{"task": "x"}`, "request: request body"},
		"no body":             {"POST", repository + "/deployments", ``, "request: request body"},
		"a body too many":     {"GET", repository + "/deployments", `{}`, "request: there is no body"},
		"a state":             {"POST", repository + "/deployments/1/statuses", `{"state": "done"}`, "request: request body"},
		"an answer":           {"GET", repository + "/deployments/1/statuses", "", "answer: response body"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := begin(t, broken)
			status, body := ask(t, server, test.method, test.path, test.body, Token)
			if requests := server.Requests(); status != 500 || len(requests) != 1 || !strings.Contains(requests[0].Violation, test.want) {
				t.Errorf("got %d %s and %+v, want a violation with %q", status, body, requests, test.want)
			}
		})
	}
}

// Whatever stands in for GitHub must be at least as strict.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const create = `{"ref": "main", "required_contexts": [], "auto_merge": false`
	tests := map[string]struct {
		body, token string
		status      int
		want        string
	}{
		"another token":     {create + `}`, "ghs_other", 401, "Bad credentials"},
		"the checks run":    {`{"ref": "main", "auto_merge": false}`, Token, 409, "Commit status checks failed"},
		"a merge":           {`{"ref": "main", "required_contexts": []}`, Token, 202, "Auto-merged"},
		"a long text":       {create + `, "description": "` + strings.Repeat("é", 141) + `"}`, Token, 422, "too long"},
		"a text with emoji": {create + `, "description": "🙀"}`, Token, 422, "4-byte Unicode"},
		"right":             {create + `, "description": "` + strings.Repeat("é", 140) + `"}`, Token, 201, `"task":"deploy"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := begin(t, State{})
			status, body := ask(t, server, "POST", repository+"/deployments", test.body, test.token)
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s, want %d with %q", status, body, test.status, test.want)
			}
			for _, request := range server.Requests() {
				if request.Violation != "" {
					t.Error(request.Violation)
				}
			}
		})
	}
}

func TestTheStateCanBeChangedFromOutside(t *testing.T) {
	t.Parallel()
	server := begin(t, State{LastID: 5})
	for _, change := range []string{
		`{"Environments": {"sandbox": {"AdminsBypass": true}}, "Runs": [{"ID": 1}]}`,
		`{"Environments": {"production": {"Reviewers": [{"Kind": "team", "Name": "release-managers"}]}}, "Faults": [{"Path": "/runs/1$", "Status": 502}]}`,
	} {
		if status, body := ask(t, server, "PATCH", StatePath, change, ""); status != 200 {
			t.Fatalf("got %d %s", status, body)
		}
	}
	state := server.State()
	if len(state.Environments) != 2 || len(state.Runs) != 1 || state.LastID != 5 || state.Environments["production"].Reviewers[0].Name != "release-managers" {
		t.Errorf("got %+v", state)
	}
	for _, want := range []int{502, 200} {
		if status, body := ask(t, server, "GET", repository+"/actions/runs/1", "", Token); status != want {
			t.Errorf("got %d %s, want %d", status, body, want)
		}
	}
	if status, _ := ask(t, server, "PUT", StatePath, `{`, ""); status != 400 || server.State().LastID != 5 {
		t.Errorf("half a state: got %d", status)
	}
	if _, body := ask(t, server, "GET", RequestsPath, "", ""); strings.Count(body, `"/repos/octo-org/octo-repo/actions/runs/1"`) != 2 {
		t.Errorf("got requests %s", body)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	subject := "repo:octo-org/octo-repo:environment:production"
	server, err := New(Options{State: State{Identity: Identity{RequestToken: "asks", Subject: subject, Claims: map[string]any{"environment": "production"}}}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(t, server, "GET", IdentityPath+"?audience=sts.amazonaws.com", "", "another"); status != 401 {
		t.Errorf("got %d for another token", status)
	}
	_, body := ask(t, server, "GET", IdentityPath+"?api-version=2.0&audience=sts.amazonaws.com", "", "asks")
	var answer struct{ Value string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(answer.Value, ".")
	if len(parts) != 3 {
		t.Fatalf("got %q", answer.Value)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(&server.signer.key().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Sub, Aud, Environment string
		Exp                   int64
	}
	if err := json.Unmarshal(text, &claims); err != nil || claims.Sub != subject || claims.Aud != "sts.amazonaws.com" || claims.Environment != "production" || claims.Exp != now.Add(5*time.Minute).Unix() {
		t.Errorf("got %s, %v", text, err)
	}
	if _, keys := ask(t, server, "GET", KeysPath, "", ""); !strings.Contains(keys, `"kty":"RSA"`) {
		t.Errorf("got keys %s", keys)
	}
}
