package awsapitest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/randomchaoslabs/airlock/internal/leash"
)

// startTimeout bounds the start of moto, which imports a lot of Python.
const startTimeout = 60 * time.Second

// moto starts moto_server once for all tests of a binary, and returns its URL. It ends with the binary. Each test has an
// account of its own, so they share nothing.
var moto = sync.OnceValues(func() (string, error) {
	for attempt := 1; ; attempt++ {
		location, err := startMoto()
		// Somebody else may take the port before moto does.
		if err == nil || attempt == 3 || errors.Is(err, exec.ErrNotFound) {
			return location, err
		}
	}
})

func startMoto() (string, error) {
	program, err := exec.LookPath("moto_server")
	if err != nil {
		return "", fmt.Errorf("get it by `pip install 'moto[server]==5.2.1'`: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	var output bytes.Buffer
	command := exec.Command(program, "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	command.Stdout, command.Stderr = &output, &output
	process, err := leash.Start(context.Background(), command, leash.Ending{Signal: "TERM", Patience: 2 * time.Second})
	if err != nil {
		return "", err
	}
	location := "http://127.0.0.1:" + strconv.Itoa(port)
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		if response, err := http.Get(location + "/moto-api/"); err == nil {
			return location, response.Body.Close()
		}
		select {
		case <-process.Done():
			return "", fmt.Errorf("it ended: %w: %s", process.Err(), output.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	process.End()
	return "", fmt.Errorf("it did not answer within %s", startTimeout)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
