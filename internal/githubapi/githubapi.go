// Package githubapi asks GitHub, and GitHub Enterprise Server, what Airlock needs to know: environments and their
// protection, runs and who approved them, the deployments in which promotions are recorded, and the comment on a pull request.
package githubapi

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// DefaultBaseURL is where the API of github.com is.
	DefaultBaseURL = "https://api.github.com"
	// DefaultPatience is how long one call goes on in spite of failures.
	DefaultPatience = 5 * time.Minute
	// attempts bounds how often one call fails before it is given up.
	attempts = 8
	// attemptTimeout bounds one request with its answer.
	attemptTimeout = 30 * time.Second
	// maximumAnswerBytes bounds one answer; a hundred runs, the largest page there is, take about two megabytes.
	maximumAnswerBytes = 16 << 20
	// perPage is the largest page that GitHub gives: https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
	perPage = 100
	// maximumPages bounds one list; a workflow's token has no more requests in an hour.
	maximumPages = 1000
)

// repositoryName is what GitHub allows, with the underscore that it puts into the names of managed users.
var repositoryName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,100})/([A-Za-z0-9._-]{1,100})$`)

// Options say whom a client asks, as whom, and how patiently.
type Options struct {
	// BaseURL is where the API is, such as https://HOST/api/v3 for GitHub Enterprise Server; empty means DefaultBaseURL.
	BaseURL string
	// Token is sent as bearer to the host of BaseURL and to nobody else. It never reaches an error.
	Token string
	// Repository is "owner/name".
	Repository string
	// Transport carries the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Patience bounds how long one call goes on in spite of failures, its waits included; zero means DefaultPatience.
	Patience time.Duration
	// Now and Wait are the clock; nil means the real one. Wait returns the context's error when it is cancelled.
	Now  func() time.Time
	Wait func(ctx context.Context, duration time.Duration) error
	// Logf is told before each wait, so that a silence is explained; nil means nobody is.
	Logf func(format string, arguments ...any)
}

// Client asks about one repository. It may be used by several goroutines.
type Client struct {
	github      *github.Client
	owner, name string
	transport   *transport
}

// New returns a client; nothing is asked yet. What is wrong in options is a usage problem.
func New(options Options) (*Client, error) {
	base, err := baseURL(cmp.Or(options.BaseURL, DefaultBaseURL))
	if err != nil {
		return nil, err
	}
	names := repositoryName.FindStringSubmatch(options.Repository)
	if names == nil || strings.Trim(names[2], ".") == "" {
		return nil, problem.Wrong("for example GITHUB_REPOSITORY=octo-org/octo-repo", "%.200q is not the name of a repository", options.Repository)
	}
	if options.Token == "" || strings.ContainsFunc(options.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, problem.Wrong("GITHUB_TOKEN: ${{ github.token }} in the step's env", "there is no token for GitHub, or it has characters that none has")
	}
	if options.Patience < 0 {
		return nil, problem.Wrong("", "the patience with GitHub is negative: %s", options.Patience)
	}
	t := &transport{
		next: options.Transport, base: base, token: options.Token, patience: cmp.Or(options.Patience, DefaultPatience),
		now: options.Now, wait: options.Wait, logf: options.Logf,
	}
	t.fill()
	client := github.NewClient(&http.Client{Transport: t, CheckRedirect: stayAtHome})
	client.BaseURL = base
	return &Client{github: client, owner: names[1], name: names[2], transport: t}, nil
}

// baseURL checks where the API is. The token must not cross a network in the clear.
func baseURL(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, problem.Wrong("for example GITHUB_API_URL=https://api.github.com, or https://HOST/api/v3", "%.200q is not the address of a GitHub API", text)
	}
	loopback := base.Hostname() == "localhost" || net.ParseIP(base.Hostname()).IsLoopback()
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback) {
		return nil, problem.Wrong("use https", "%.200q would carry the token in the clear", text)
	}
	base.Path = strings.TrimRight(base.Path, "/") + "/"
	return base, nil
}

// stayAtHome follows a redirect as a renamed repository answers it, and no other.
func stayAtHome(next *http.Request, before []*http.Request) error {
	first := before[0]
	if len(before) >= 5 || next.URL.Host != first.URL.Host || next.URL.Scheme != first.URL.Scheme || next.Method != first.Method {
		return problem.Unknown("correct the name of the repository", "GitHub leads away from %s", first.URL.Path)
	}
	return nil
}

// Private tells whether the repository is private or internal: https://docs.github.com/rest/repos/repos#get-a-repository
func (c *Client) Private(ctx context.Context) (bool, error) {
	repository, _, err := c.github.Repositories.Get(c.begin(ctx), c.owner, c.name)
	if err != nil {
		return false, c.explain(err, "read the repository")
	}
	return repository.GetPrivate(), nil
}

// get decodes the answer to a path below the repository's, for what go-github does not ask or would get wrong.
func (c *Client) get(ctx context.Context, path string, into any) (*github.Response, error) {
	request, err := c.github.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/%s", c.owner, c.name, path), nil)
	if err != nil {
		return nil, err
	}
	return c.github.Do(ctx, request, into)
}

// paged returns query with the number of a page, encoded.
func paged(query url.Values, page int) string {
	query.Set("page", strconv.Itoa(page))
	query.Set("per_page", strconv.Itoa(perPage))
	return query.Encode()
}

// pages calls read with each page's number until there is no next one.
func pages(read func(page int) (*github.Response, error)) error {
	for page := 1; page != 0; {
		response, err := read(page)
		if err != nil {
			return err
		}
		if page, err = following(page, response); err != nil {
			return err
		}
	}
	return nil
}

// following returns the number of the page after page, zero when there is none. A server that goes round in circles must
// not be followed.
func following(page int, response *github.Response) (int, error) {
	next := response.NextPage
	if next != 0 && next != page+1 || next > maximumPages {
		return 0, problem.Unknown("", "GitHub leads from page %d to page %d", page, next)
	}
	return next, nil
}
