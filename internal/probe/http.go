package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// maximumBodyBytes bounds what is read of an answer.
	maximumBodyBytes = 1 << 20
	maximumRedirects = 10
)

// HTTPOptions say what to get and what to expect.
type HTTPOptions struct {
	// Name is shown for the probe; "GET " and the path when empty.
	Name string
	// Base is the environment's URL; a user and password in it are sent and never printed.
	Base string
	// Path is added to it; it starts with a slash and may have a query.
	Path string
	// Within bounds the whole request, the body included; 5 s when zero.
	Within time.Duration
	// Status is the wanted status; 200 when zero. With a wanted 3xx no redirect is followed.
	Status int
	// Contains must be in the first MiB of the body; empty asks for nothing.
	Contains string
	// Transport is http.DefaultTransport when nil.
	Transport http.RoundTripper
}

// HTTP gets one page.
type HTTP struct {
	options  HTTPOptions
	location *url.URL
	client   *http.Client
}

// NewHTTP checks the options and asks nothing.
func NewHTTP(options HTTPOptions) (*HTTP, error) {
	base, err := url.Parse(options.Base)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		// The parser's own text repeats the URL, and so a password in it.
		return nil, problem.Wrong("its form is https://www.example.com", "the URL to check cannot be read")
	}
	path, err := url.Parse(options.Path)
	if err != nil || path.IsAbs() || path.Host != "" || !strings.HasPrefix(options.Path, "/") {
		return nil, problem.Wrong("its form is /healthz", "%.80q is not a path", options.Path)
	}
	if options.Status == 0 {
		options.Status = http.StatusOK
	}
	if options.Status < 200 || options.Status > 599 {
		return nil, problem.Wrong("", "no final answer has the status %d", options.Status)
	}
	if options.Within < 0 {
		return nil, problem.Wrong("", "the time for %s is negative", options.Path)
	}
	if options.Within == 0 {
		options.Within = defaultWithin
	}
	if options.Name == "" {
		options.Name = "GET " + path.EscapedPath()
	}
	location := base.JoinPath(path.EscapedPath())
	location.RawQuery, location.Fragment = path.RawQuery, ""
	h := &HTTP{options: options, location: location}
	h.client = &http.Client{Transport: options.Transport, CheckRedirect: h.redirect}
	return h, nil
}

// Name implements Probe.
func (h *HTTP) Name() string { return h.options.Name }

// Look implements Probe. The connection is a new one each time, as a visitor's would be: one that was kept could still
// lead to the version before.
func (h *HTTP) Look(ctx context.Context) Look {
	return take(ctx, h.Name(), h.options.Within, func(ctx context.Context) (checklist.Verdict, string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.location.String(), nil)
		if err != nil {
			return checklist.Fail, "the request cannot be made"
		}
		request.Close = true
		request.Header.Set("User-Agent", "airlock")
		request.Header.Set("Cache-Control", "no-cache")
		response, err := h.client.Do(request)
		if err != nil {
			return checklist.Fail, h.hide(reason(err))
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, maximumBodyBytes))
		if err != nil {
			return checklist.Fail, h.hide(fmt.Sprintf("%d, but its body breaks off: %s", response.StatusCode, reason(err)))
		}
		return h.judge(response, string(body))
	})
}

func (h *HTTP) judge(response *http.Response, body string) (checklist.Verdict, string) {
	if response.StatusCode != h.options.Status {
		evidence := fmt.Sprintf("wanted %d, got %d", h.options.Status, response.StatusCode)
		if location, err := response.Location(); err == nil {
			// Its path and its body can carry a token.
			return checklist.Fail, fmt.Sprintf("%s, which leads to %s://%s", evidence, excerpt(location.Scheme), excerpt(location.Host))
		}
		return checklist.Fail, h.hide(quote(evidence, body))
	}
	if !strings.Contains(body, h.options.Contains) {
		return checklist.Fail, h.hide(quote(fmt.Sprintf("%d, but without %q", response.StatusCode, excerpt(h.options.Contains)), body))
	}
	return checklist.Pass, fmt.Sprint(response.StatusCode)
}

// titleForm finds the title of a page, which says more in few words than the markup before it.
var titleForm = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

func quote(evidence, body string) string {
	if title := titleForm.FindStringSubmatch(body); title != nil {
		body = html.UnescapeString(title[1])
	}
	if body = excerpt(body); body != "" {
		return evidence + ": " + body
	}
	return evidence
}

// redirect follows within the host, and from http to https on the usual ports: what another host says is no news of
// this one.
func (h *HTTP) redirect(next *http.Request, before []*http.Request) error {
	secured := h.location.Scheme == "http" && h.location.Port() == "" && next.URL.Scheme == "https" && next.URL.Port() == ""
	same := next.URL.Scheme == h.location.Scheme && next.URL.Port() == h.location.Port()
	if next.URL.Hostname() != h.location.Hostname() || !(same || secured) || h.options.Status/100 == 3 || len(before) >= maximumRedirects {
		return http.ErrUseLastResponse
	}
	return nil
}

// hide keeps the password of the URL out of what an answer or an error repeats.
func (h *HTTP) hide(text string) string {
	if password, ok := h.location.User.Password(); ok && password != "" {
		return strings.ReplaceAll(text, password, "***")
	}
	return text
}

// reason says why there is no answer. The client's own text would repeat the URL.
func reason(err error) string {
	var whole *url.Error
	if errors.As(err, &whole) {
		err = whole.Err
	}
	var lookup *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &lookup):
		return "host " + excerpt(lookup.Name) + " is not known"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens there"
	case errors.As(err, &certificate):
		return "its TLS certificate is not trusted: " + excerpt(certificate.Err.Error())
	}
	return excerpt(err.Error())
}
