package awsapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// audience is whom an identity token is made for; the role's trust policy asks for it.
	audience = "sts.amazonaws.com"
	// expiryWindow is how long before their end credentials are replaced, so that a call in flight does not lose them.
	expiryWindow = 5 * time.Minute
	// refreshTimeout bounds one replacement: the SDK's cache hands on no deadline of the call that needs it.
	refreshTimeout = 2 * time.Minute
)

// credentialError says that a call was never made, because there were no credentials to make it with.
type credentialError struct{ error }

func (e *credentialError) Unwrap() error { return e.error }

// RetryableError keeps the SDK from trying again in each call what was tried often enough for the credentials.
func (e *credentialError) RetryableError() bool { return false }

// identityError says that a role was not given to the subject of an identity token.
type identityError struct {
	error
	role, subject string
}

func (e *identityError) Unwrap() error { return e.error }

// lasting hands on the credentials of a source, and keeps the old ones to their true end when new ones cannot be had: a
// promotion should not fail in its last minutes because of a moment's trouble elsewhere.
type lasting struct{ source aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (l lasting) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	found, err := l.source.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &credentialError{err}
	}
	return found, nil
}

// HandleFailToRefresh implements aws.HandleFailRefreshCredentialsCacheStrategy. The cache had moved the end of the
// credentials forward by the window.
func (l lasting) HandleFailToRefresh(_ context.Context, last aws.Credentials, err error) (aws.Credentials, error) {
	last.Expires = last.Expires.Add(expiryWindow)
	if !last.HasKeys() || last.Expired() {
		return aws.Credentials{}, err
	}
	return last, nil
}

// webIdentity assumes a role with a new token each time: a role session lasts one hour, a token minutes, and a promotion
// can outlive both.
type webIdentity struct {
	client        stscreds.AssumeRoleWithWebIdentityAPIClient
	role, session string
	token         func(ctx context.Context, audience string) (string, error)
}

var _ stscreds.AssumeRoleWithWebIdentityAPIClient = (*sts.Client)(nil)

// tokenError says why there is no token to assume the role with.
type tokenError struct{ error }

func (e *tokenError) Unwrap() error { return e.error }

// fixed is a token that was fetched already: the SDK's interface has no context to fetch one with.
type fixed string

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (f fixed) GetIdentityToken() ([]byte, error) { return []byte(f), nil }

// Retrieve implements aws.CredentialsProvider.
func (w webIdentity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	token, err := w.token(ctx, audience)
	if err != nil {
		return aws.Credentials{}, &tokenError{err}
	}
	provider := stscreds.NewWebIdentityRoleProvider(w.client, w.role, fixed(token), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = w.session
	})
	found, err := provider.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &identityError{err, w.role, subject(token)}
	}
	return found, nil
}

// subject returns whom a token stands for, which is no secret, and which is what a trust policy is compared with; empty when
// it cannot be read. The signature is AWS's to verify. https://www.rfc-editor.org/rfc/rfc7519#section-4.1.2
func subject(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return ""
	}
	return line(claims.Subject)
}
