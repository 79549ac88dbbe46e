package githubapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// transport signs requests, bounds answers, and asks again after failures that pass. It lies below go-github, which
// would refuse to ask while it believes that it is throttled, by a clock of its own.
type transport struct {
	next     http.RoundTripper
	base     *url.URL
	token    string
	patience time.Duration
	now      func() time.Time
	wait     func(context.Context, time.Duration) error
	logf     func(string, ...any)
}

// fill sets what the options left out.
func (t *transport) fill() {
	if t.next == nil {
		t.next = http.DefaultTransport
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.wait == nil {
		t.wait = sleep
	}
	if t.logf == nil {
		t.logf = func(string, ...any) {}
	}
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// budget counts the failures of one call of the client, whichever of its requests they befall.
type budget struct {
	started, since time.Time
	failures       int
}

type budgetKey struct{}

// begin gives a call of the client its budget.
func (c *Client) begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, &budget{started: c.transport.now()})
}

// lostError says that a request may have been carried out, although there is no answer. Whether to ask again is for the
// caller to tell, who can look.
type lostError struct{ failure failure }

func (e *lostError) Error() string { return "the answer was lost: " + e.failure.what }

// failure is one failed attempt that may pass.
type failure struct {
	// what GitHub answered, in its own words.
	what string
	// pause is how long GitHub wants to be left alone, zero when it does not say.
	pause time.Duration
	// refused tells that GitHub did not carry out the request.
	refused bool
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	for {
		response, failed, err := t.attempt(request)
		if err != nil || failed == nil {
			return response, err
		}
		if !failed.refused && request.Method == http.MethodPost && !repeatable(request) {
			return nil, &lostError{*failed}
		}
		if err := t.again(request.Context(), *failed); err != nil {
			return nil, err
		}
	}
}

// repeatable tells whether a POST does no harm when it is carried out twice: what is cancelled is cancelled.
func repeatable(request *http.Request) bool { return strings.HasSuffix(request.URL.Path, "/cancel") }

// attempt asks once and reads the whole answer: one that breaks off is as good as none. An error is final.
func (t *transport) attempt(request *http.Request) (*http.Response, *failure, error) {
	ctx, cancel := context.WithTimeout(request.Context(), attemptTimeout)
	defer cancel()
	signed := request.Clone(ctx)
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, nil, err
		}
		signed.Body = body
	}
	if request.URL.Host == t.base.Host && request.URL.Scheme == t.base.Scheme {
		signed.Header.Set("Authorization", "Bearer "+t.token)
	}
	response, err := t.next.RoundTrip(signed)
	if err != nil {
		return t.broken(request.Context(), err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maximumAnswerBytes))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, nil, problem.Unknown("", "GitHub's answer has more than %d bytes", maximumAnswerBytes)
	} else if err != nil {
		return t.broken(request.Context(), err)
	}
	if failed := t.judge(response, body); failed != nil {
		return nil, failed, nil
	}
	response.Request = request
	response.Body = io.NopCloser(bytes.NewReader(body))
	// go-github would refuse the next request by itself, and read a refusal for good as one for a while.
	response.Header.Del("X-RateLimit-Reset")
	response.Header.Del("X-RateLimit-Remaining")
	return response, nil, nil
}

// broken sorts out what a request without an answer means.
func (t *transport) broken(ctx context.Context, err error) (*http.Response, *failure, error) {
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return nil, nil, problem.Wrong("check GITHUB_API_URL, and the certificates of this machine", "GitHub's certificate is not trusted: %w", err)
	}
	var operation *net.OpError
	notSent := errors.As(err, &operation) && operation.Op == "dial"
	what := t.quote(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		what = "nothing within " + attemptTimeout.String()
	}
	return nil, &failure{what: what, refused: notSent}, nil
}

// judge tells whether an answer is one that passes: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
func (t *transport) judge(response *http.Response, body []byte) *failure {
	status := response.StatusCode
	said := failure{what: fmt.Sprintf("%d %s", status, t.quote(message(body))), pause: t.pause(response.Header)}
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && throttled(response.Header, body):
		said.refused = true
		said.pause = cmp.Or(said.pause, time.Minute)
		return &said
	case status >= http.StatusInternalServerError:
		return &said
	case (status == http.StatusOK || status == http.StatusCreated) && !json.Valid(body):
		// An empty list must not be read from an answer that is not there.
		said.what = fmt.Sprintf("%d with a body that is not JSON", status)
		return &said
	}
	return nil
}

// throttled tells a 403 that passes from one that does not.
func throttled(header http.Header, body []byte) bool {
	if missingPermission(body) {
		return false
	}
	return header.Get("Retry-After") != "" || header.Get("X-RateLimit-Remaining") == "0" ||
		bytes.Contains(bytes.ToLower(body), []byte("rate limit"))
}

// pause returns how long GitHub wants to be left alone, zero when it does not say.
func (t *transport) pause(header http.Header) time.Duration {
	if seconds, err := strconv.ParseInt(header.Get("Retry-After"), 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	reset, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || header.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	// The second is for a clock here that is ahead of theirs, and the day for a number that is none of a time.
	return min(max(0, time.Unix(reset, 0).Sub(t.now())), 24*time.Hour) + time.Second
}

// again waits before the next attempt, or returns an error when the call has failed too often or for too long.
func (t *transport) again(ctx context.Context, failed failure) error {
	b, ok := ctx.Value(budgetKey{}).(*budget)
	if !ok {
		return problem.Unknown("", "GitHub answered %s", failed.what)
	}
	now := t.now()
	if b.failures++; b.failures == 1 {
		b.since = now
	}
	pause := failed.pause
	if pause == 0 {
		pause = time.Second << (b.failures - 1)
	}
	// Jobs that failed together must not come back together.
	pause += rand.N(min(pause/2, 10*time.Second) + 1)
	left := t.patience - now.Sub(b.started)
	if b.failures >= attempts || pause > left {
		return t.exhausted(b, failed, now)
	}
	t.logf("GitHub answered %s: asking again in %s", failed.what, pause.Round(time.Second))
	return t.wait(ctx, pause)
}

func (t *transport) exhausted(b *budget, failed failure, now time.Time) error {
	hint := "see https://www.githubstatus.com, and run this again"
	if failed.pause > 0 {
		hint = fmt.Sprintf("run this again after %s; a workflow's token has 1,000 requests an hour and repository",
			now.Add(failed.pause).UTC().Format("2006-01-02 15:04:05 MST"))
	}
	return problem.Unknown(hint, "GitHub has failed since %[2]s (attempts: %[1]d), last with: %[3]s",
		b.failures, b.since.UTC().Format("2006-01-02 15:04:05 MST"), failed.what)
}

// quote makes what came over the network fit for an error: short, printable, and without the token, which a proxy could
// send back.
func (t *transport) quote(text string) string {
	return fmt.Sprintf("%.300q", strings.ReplaceAll(text, t.token, "***"))
}
