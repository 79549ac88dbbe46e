package rollout

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// What the client may take and say at most.
const (
	asking   = 30 * time.Second
	changing = 2 * time.Minute
	pulling  = 30 * time.Minute
	// maximumAnswerBytes bounds what is read of the client's standard output, and maximumComplaintBytes of its errors.
	maximumAnswerBytes    = 4 << 20
	maximumComplaintBytes = 64 << 10
	// maximumEnvironmentBytes bounds what is read of ".env".
	maximumEnvironmentBytes = 1 << 20
	// The client's helpers may hold its output open when it is killed.
	clientWait = 2 * time.Second
)

// clientVariables are what the client gets of Airlock's own environment: where the engine is and what the login is.
// Nothing else, since Compose would put any of it into the file.
func clientVariables() []string {
	return []string{"PATH", "HOME", "TMPDIR", "LC_ALL", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
		"DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"}
}

func (c *Compose) environment() []string {
	var environment []string
	for _, name := range clientVariables() {
		if value, ok := c.options.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	for name, value := range c.options.Variables {
		environment = append(environment, name+"="+value)
	}
	// The last one counts: what the client complains about is told by its words.
	return append(environment, "LC_ALL=C")
}

// complaint is what the client says when it does not do what it is asked.
type complaint struct {
	// command is its first words, text the last lines of its standard error in one, without values that may be secrets.
	command, text string
}

func (c *complaint) Error() string { return fmt.Sprintf("docker %s: %s", c.command, c.text) }

// docker runs the client and returns its standard output. An engine or a client that is not there is an error of the
// kind inconclusive, what the client refuses is a complaint.
func (c *Compose) docker(ctx context.Context, limit time.Duration, arguments ...string) (string, error) {
	answer := &bounded{left: maximumAnswerBytes}
	err := c.stream(ctx, limit, answer, arguments...)
	if err == nil && answer.left < 0 {
		err = problem.Unknown("", "docker %s printed more than %d bytes", words(arguments), maximumAnswerBytes)
	}
	return answer.String(), err
}

// stream is docker, with an output that is read as it comes.
func (c *Compose) stream(ctx context.Context, limit time.Duration, output io.Writer, arguments ...string) error {
	bound, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(bound, c.options.Docker, arguments...)
	command.Env = c.environment()
	command.WaitDelay = clientWait
	spoken := &bounded{left: maximumComplaintBytes}
	command.Stdout, command.Stderr = output, spoken
	err := command.Run()
	asked := words(arguments)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return problem.New("run again to finish", "interrupted during docker %s: %w", asked, context.Cause(ctx))
	case bound.Err() != nil:
		return problem.Unknown("look at the engine's log, then run again", "docker %s was not done within %s", asked, limit)
	}
	return c.refused(asked, spoken.String(), err)
}

// words name a command to people: "image pull", or "compose".
func words(arguments []string) string {
	if strings.HasPrefix(arguments[1], "-") {
		return arguments[0]
	}
	return arguments[0] + " " + arguments[1]
}

// Compose quotes what it cannot read of an env file, and may take a part of a password with a dollar sign for a variable:
// https://github.com/compose-spec/compose-go/blob/v2.9.1/dotenv/parser.go
var (
	quotesFile  = regexp.MustCompile(`(?s)(failed to read [^\n]*?(?:: line \d+)?): .*`)
	quotesValue = regexp.MustCompile(`(?m)^.* variable is not set\..*$`)
)

// quotable is the end of what the client said as one line, without what it quotes of env files and of values.
func (c *Compose) quotable(spoken string) string {
	spoken = quotesFile.ReplaceAllString(spoken, "$1: what is wrong there is left out, since it may be a secret")
	return lastOf(quotesValue.ReplaceAllString(spoken, ""), c.secrets())
}

// secrets are the values that must not be shown: the variables, and those of ".env", which Compose reads by itself.
func (c *Compose) secrets() map[string]string {
	secrets := map[string]string{}
	file, err := os.Open(filepath.Join(c.options.ProjectDirectory, ".env"))
	if err == nil {
		defer file.Close()
		content, _ := io.ReadAll(io.LimitReader(file, maximumEnvironmentBytes))
		for line := range strings.Lines(string(content)) {
			line = strings.TrimSpace(line)
			// What has no name goes on with the value of the line before.
			value := line[strings.Index(line, "=")+1:]
			if !strings.HasPrefix(line, "#") {
				secrets[line] = strings.Trim(value, " \"'")
			}
		}
	}
	maps.Copy(secrets, c.options.Variables)
	return secrets
}

// refused makes an error of what the client said as it ended with err.
func (c *Compose) refused(asked, spoken string, err error) error {
	said := func(texts ...string) bool {
		for _, text := range texts {
			if strings.Contains(spoken, text) {
				return true
			}
		}
		return false
	}
	var ended *exec.ExitError
	switch text := c.quotable(spoken); {
	case !errors.As(err, &ended):
		return problem.Unknown("install Docker's client, or put it into PATH", "the Docker client cannot be run: %w", err)
	case said("permission denied while trying to connect"):
		return problem.Unknown("let this user use Docker: usermod --append --groups docker USER", "the Docker engine refuses this user: %s", text)
	case said("Cannot connect to the Docker daemon", "error during connect", "failed to connect to the docker API", "Is the docker daemon running"):
		return problem.Unknown("start Docker (systemctl start docker), or correct DOCKER_HOST", "the Docker engine does not answer: %s", text)
	case said("is not a docker command", "unknown command: docker compose", "unknown flag: --project-name"):
		return problem.Unknown("install Docker's compose plugin, version 2", "docker compose is not installed")
	case said("unknown flag: --no-env-resolution"):
		return problem.Unknown("install Docker's compose plugin, version 2.35 or newer", "docker compose is too old: it cannot leave secrets out of a file")
	default:
		return problem.New("look at the engine: docker info; then run again", "%w", &complaint{asked, cmp.Or(text, err.Error())})
	}
}

// refusedWith tells whether the client refused, and said text.
func refusedWith(err error, text string) bool {
	var refused *complaint
	return errors.As(err, &refused) && strings.Contains(strings.ToLower(refused.text), text)
}

// compose returns the arguments of a command on Compose files.
func (c *Compose) compose(directory string, files []string, arguments ...string) []string {
	line := []string{"compose", "--project-name", c.options.Project, "--project-directory", directory}
	for _, file := range files {
		line = append(line, "--file", file)
	}
	return append(line, arguments...)
}

// inspect decodes what the engine says about things of one kind, such as "container"; into points to a slice.
func (c *Compose) inspect(ctx context.Context, kind string, names []string, into any) error {
	answer, err := c.docker(ctx, asking, append([]string{kind, "inspect"}, names...)...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		return problem.Unknown("", "docker %s inspect cannot be read: %w", kind, err)
	}
	return nil
}

// bounded keeps the first bytes that are written to it; left is negative once there were more. The buffer is not
// embedded: it would read from a pipe by itself, without bound.
type bounded struct {
	kept bytes.Buffer
	left int
}

func (b *bounded) Write(content []byte) (int, error) {
	if b.left >= 0 {
		b.kept.Write(content[:min(len(content), b.left)])
		b.left -= len(content)
	}
	return len(content), nil
}

func (b *bounded) String() string { return b.kept.String() }

// seconds rounds up: a stop that is asked to take less than a second still gives it time.
func seconds(duration time.Duration) string {
	return strconv.Itoa(int((duration + time.Second - 1) / time.Second))
}
