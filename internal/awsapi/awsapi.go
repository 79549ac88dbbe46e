// Package awsapi finds AWS credentials, keeps them fresh for as long as the program runs, and says in people's words what
// AWS refused.
package awsapi

import (
	"cmp"
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// attempts, attemptTimeout and maximumPause bound one call together: after about two minutes it has an answer or an error.
	attempts       = 5
	attemptTimeout = 20 * time.Second
	maximumPause   = 10 * time.Second
)

// Options say who calls AWS, and where.
type Options struct {
	// Region is a region of any partition, such as "us-east-1"; empty means the one that AWS_REGION or AWS's own files name.
	Region string
	// Role is the ARN of the role to act as; empty means whoever the default chain finds.
	Role string
	// SessionName names the session in AWS's own log. What AWS does not allow in it becomes a hyphen; empty is "airlock".
	SessionName string
	// IdentityToken returns a new OpenID Connect token for the audience, with which the role is assumed. Nil where there is
	// none, as on a laptop: the role is then assumed as whoever the default chain finds.
	IdentityToken func(ctx context.Context, audience string) (string, error)
	// LookupEnv is asked for AWS_ENDPOINT_URL and the access keys before the default chain looks for itself.
	LookupEnv func(string) (string, bool)
	// MaximumPause bounds the pause between two attempts of one call; zero is 10 s.
	MaximumPause time.Duration
}

// Load returns the configuration that AWS clients are made of. No call is made yet: what is wrong with the credentials
// shows in the first one, see Explain. Calls are retried when AWS throttles or fails; all of a call takes about two minutes
// at most.
func Load(ctx context.Context, options Options) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, options.loaders()...)
	if err != nil {
		return aws.Config{}, problem.Wrong("see AWS_PROFILE, and the files in ~/.aws", "AWS's own configuration cannot be read: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, problem.Wrong("for example aws: {region: us-east-1} in the environment's config", "no AWS region is named")
	}
	source := cfg.Credentials
	switch {
	case options.Role == "":
	case options.IdentityToken != nil:
		source = webIdentity{sts.NewFromConfig(cfg), options.Role, sessionName(options.SessionName), options.IdentityToken}
	default:
		source = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), options.Role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName(options.SessionName)
		})
	}
	cfg.Credentials = aws.NewCredentialsCache(lasting{source}, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = expiryWindow })
	return cfg, nil
}

// loaders are what the SDK's own configuration is overridden with.
func (o Options) loaders() []func(*config.LoadOptions) error {
	loaders := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) {
				s.MaxAttempts, s.MaxBackoff = attempts, cmp.Or(o.MaximumPause, maximumPause)
			})
		}),
	}
	if endpoint := o.lookup("AWS_ENDPOINT_URL"); endpoint != "" {
		loaders = append(loaders, config.WithBaseEndpoint(endpoint))
	}
	if o.Role != "" && o.IdentityToken != nil {
		// The token is all that is needed; whatever else lies on the machine must not take part.
		return append(loaders, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if key, secret := o.lookup("AWS_ACCESS_KEY_ID"), o.lookup("AWS_SECRET_ACCESS_KEY"); key != "" && secret != "" {
		loaders = append(loaders, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, secret, o.lookup("AWS_SESSION_TOKEN"))))
	}
	return loaders
}

func (o Options) lookup(name string) string {
	if o.LookupEnv == nil {
		return ""
	}
	value, _ := o.LookupEnv(name)
	return value
}

// sessionForbidden is what the name of a session may not hold.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
var sessionForbidden = regexp.MustCompile(`[^\w+=,.@-]+`)

// sessionName returns a name of 2 to 64 characters that AWS accepts.
func sessionName(wanted string) string {
	name := sessionForbidden.ReplaceAllString(wanted, "-")
	if len(name) < 2 {
		return "airlock"
	}
	return name[:min(len(name), 64)]
}
