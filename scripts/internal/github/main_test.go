package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
)

// serve runs the command until the function that it returns is called.
func serve(t *testing.T, arguments ...string) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, arguments, writer, io.Discard)
		writer.CloseWithError(err)
		ended <- err
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestTheStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	state, requests := filepath.Join(folder, "state.json"), filepath.Join(folder, "requests.jsonl")
	if err := os.WriteFile(state, []byte(`{"Repository": "octo-org/app", "Tokens": {"secret": {"deployments": "write"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	address, stop := serve(t, "-state", state, "-log", requests, "-prefix", "/api/v3")
	client, err := githubapi.New(githubapi.Options{BaseURL: address, Token: "secret", Repository: "octo-org/app"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateDeployment(t.Context(), githubapi.NewDeployment{Ref: "main", Task: "airlock:promote", Environment: "sandbox", Payload: []byte(`{"key": "a"}`)})
	if err != nil {
		t.Fatal(err)
	}
	// What is no operation of GitHub is an error of the caller's, and stands in the log.
	answer, err := http.Post(address+"/repos/octo-org/app/issues", "application/json", nil)
	if err != nil || answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("got %v, %v", answer, err)
	}
	stop()

	address, stop = serve(t, "-state", state)
	defer stop()
	answer, err = http.Get(address + githubapitest.StatePath)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var kept githubapitest.State
	if err := json.NewDecoder(answer.Body).Decode(&kept); err != nil || len(kept.Deployments) != 1 || kept.LastID != 1 {
		t.Errorf("got %+v, %v", kept, err)
	}
	logged, err := os.ReadFile(requests)
	if lines := bytes.Count(logged, []byte("\n")); err != nil || lines != 2 || !bytes.Contains(logged, []byte("there is no such operation")) || bytes.Contains(logged, []byte("secret")) {
		t.Errorf("got the log %s, %v", logged, err)
	}
}
