package awsapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/awsapi/awsapitest"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const role = "arn:aws:iam::111111111111:role/airlock-sandbox"

// holds fails the test unless err has this text, and a hint with that text.
func holds(t *testing.T, err error, text, hint string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(problem.Hint(err), hint) {
		t.Errorf("got %v with hint %q, want %q with %q", err, problem.Hint(err), text, hint)
	}
}

// issuer hands out tokens for a subject, and counts them.
type issuer struct{ issued atomic.Int64 }

func (i *issuer) token(_ context.Context, audience string) (string, error) {
	if audience != "sts.amazonaws.com" {
		return "", fmt.Errorf("a token for %s", audience)
	}
	claims := fmt.Sprintf(`{"sub":"repo:wos/app:environment:sandbox","jti":"%d"}`, i.issued.Add(1))
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".canary-signature", nil
}

// identified is a configuration that assumes the role with tokens of the issuer.
func identified(t *testing.T, account *awsapitest.AWS, issuer *issuer) aws.Config {
	t.Helper()
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{
		Region: awsapitest.Region, Role: role, SessionName: "promotion of: main/1", IdentityToken: issuer.token,
		LookupEnv: account.LookupEnv, MaximumPause: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// lifetime makes STS give credentials that end after a duration.
func lifetime(duration time.Duration) awsapitest.Fault {
	return awsapitest.Fault{Rewrite: func(body string) string {
		before, rest, _ := strings.Cut(body, "<Expiration>")
		_, after, _ := strings.Cut(rest, "</Expiration>")
		return before + "<Expiration>" + time.Now().Add(duration).UTC().Format(time.RFC3339) + "</Expiration>" + after
	}}
}

func TestRoleIsAssumedWithANewTokenBeforeItsSessionEnds(t *testing.T) {
	t.Parallel()
	account, issuer := awsapitest.Start(t), &issuer{}
	cfg := identified(t, account, issuer)
	// Given two sessions that are about to end and then one of an hour, when five calls are made.
	account.Fail("AssumeRoleWithWebIdentity", lifetime(time.Minute), lifetime(2*time.Minute))
	for range 5 {
		if _, err := rds.NewFromConfig(cfg).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{}); err != nil {
			t.Fatal(err)
		}
	}
	// Then each of the two served one call, and the third all others.
	if got := issuer.issued.Load(); got != 3 || account.Calls("AssumeRoleWithWebIdentity") != 3 {
		t.Errorf("got %d tokens and %d sessions, want 3", got, account.Calls("AssumeRoleWithWebIdentity"))
	}
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if left := time.Until(credentials.Expires); err != nil || left < 54*time.Minute || left > 56*time.Minute {
		t.Errorf("the next session is fetched in %s, %v, want 5 minutes before the hour ends", left, err)
	}
}

func TestOldSessionServesToItsEndWhenNoNewOneIsToBeHad(t *testing.T) {
	t.Parallel()
	account, issuer := awsapitest.Start(t), &issuer{}
	cfg := identified(t, account, issuer)
	down := awsapitest.Fault{Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable}
	account.Fail("AssumeRoleWithWebIdentity", lifetime(3*time.Minute), down, down, down, down, down)
	first, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || first.AccessKeyID != second.AccessKeyID {
		t.Errorf("while STS is down: got another session or %v", err)
	}
	third, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || third.AccessKeyID == first.AccessKeyID {
		t.Errorf("when STS is back: got the old session or %v", err)
	}
}

func TestRoleIsAssumedFromTheDefaultChain(t *testing.T) {
	t.Parallel()
	account := awsapitest.Start(t)
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{Region: awsapitest.Region, Role: role, LookupEnv: account.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rds.NewFromConfig(cfg).DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{}); err != nil {
		t.Fatal(err)
	}
	if got := account.Calls("AssumeRole"); got != 1 {
		t.Errorf("the role was assumed %d times", got)
	}
}

func TestLoadNeedsARegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	_, err := awsapi.Load(t.Context(), awsapi.Options{})
	holds(t, err, "no AWS region", "aws: {region")
}

func TestExplainCredentials(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		fault      awsapitest.Fault
		text, hint string
		kind       problem.Kind
	}{
		{"trust policy", awsapitest.Fault{Code: "AccessDenied", Status: 403, Message: "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"STS AssumeRoleWithWebIdentity: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (request request-1)",
			`to the token's subject, "repo:wos/app:environment:sandbox"`, problem.Failure},
		{"trust policy, formats", awsapitest.Fault{Code: "AccessDenied", Status: 403, Message: "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"AccessDenied", "repo:OWNER@ID/REPO@ID:environment:NAME", problem.Failure},
		{"no identity provider", awsapitest.Fault{Code: "InvalidIdentityToken", Message: "No OpenIDConnect provider found in your account"},
			"No OpenIDConnect provider found", "needs an IAM identity provider", problem.Failure},
		{"an old token", awsapitest.Fault{Code: "ExpiredTokenException", Message: "Token expired: current date/time 1 must be before the expiration date/time 0"},
			"Token expired", "clock", problem.Failure},
		{"no such role", awsapitest.Fault{Code: "ValidationError", Message: "1 validation error"}, "1 validation error", role + " exists", problem.Failure},
		{"STS is down", awsapitest.Fault{Code: "InternalFailure", Status: 500, Message: "try again"}, "try again", "throttles or has trouble", problem.Inconclusive},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			account := awsapitest.Start(t)
			account.Fail("AssumeRoleWithWebIdentity", test.fault, test.fault, test.fault, test.fault, test.fault)
			cfg := identified(t, account, &issuer{})
			_, err := awsapi.DescribeInstance(t.Context(), rds.NewFromConfig(cfg), awsapitest.Region, "wos")
			holds(t, err, test.text, test.hint)
			if got := problem.KindOf(err); got != test.kind {
				t.Errorf("got kind %v, want %v", got, test.kind)
			}
			if strings.Contains(fmt.Sprint(err, problem.Hint(err)), "canary") {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestNobodyIsSignedIn(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, "/dev/null")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{Region: awsapitest.Region, MaximumPause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = awsapi.Secret(t.Context(), cfg, "wos")
	holds(t, err, "the secret wos in us-east-1 cannot be read", "aws sso login")
	if problem.KindOf(err) != problem.Failure {
		t.Errorf("got kind %v of %v", problem.KindOf(err), err)
	}
}

func TestExplainKeepsWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{
		Region: awsapitest.Region, Role: role, LookupEnv: awsapitest.Start(t).LookupEnv,
		IdentityToken: func(context.Context, string) (string, error) {
			return "", problem.New("grant id-token: write", "there is no token")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = awsapi.Secret(t.Context(), cfg, "wos")
	holds(t, err, "there is no token", "grant id-token: write")
}

func TestExplainCalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		fault      awsapitest.Fault
		text, hint string
		kind       problem.Kind
		calls      int
	}{
		{"who and what is denied", awsapitest.Fault{Code: "AccessDenied", Status: 403,
			Message: "User: arn:aws:sts::1:assumed-role/airlock/x is not authorized to perform: rds:DescribeDBInstances on resource: arn:aws:rds:us-east-1:1:db:wos"},
			"RDS DescribeDBInstances: AccessDenied", "allow rds:DescribeDBInstances in a policy of arn:aws:sts::1:assumed-role/airlock/x", problem.Failure, 1},
		{"denied without a word", awsapitest.Fault{Code: "AccessDeniedException", Status: 403}, "AccessDenied", "allow rds:DescribeDBInstances in a policy of the role", problem.Failure, 1},
		{"expired", awsapitest.Fault{Code: "ExpiredToken", Status: 403}, "ExpiredToken", "aws sso login", problem.Failure, 1},
		{"throttled", awsapitest.Fault{Code: "Throttling", Message: "Rate exceeded"}, "Throttling: Rate exceeded", "throttles or has trouble", problem.Inconclusive, 5},
		{"down", awsapitest.Fault{Code: "ServiceUnavailable", Status: 503}, "ServiceUnavailable", "health.aws.amazon.com", problem.Inconclusive, 5},
		{"lost", awsapitest.Fault{Lose: true}, "EOF", "not reachable", problem.Inconclusive, 5},
		{"no such instance", awsapitest.Fault{Code: "DBInstanceNotFound"}, "there is no RDS instance wos in us-east-1", "aws.region", problem.Failure, 1},
		{"something else", awsapitest.Replace("<DBInstances>", "<DBInstances><DBInstance><DBInstanceIdentifier>other</DBInstanceIdentifier></DBInstance>"),
			"something else", "", problem.Inconclusive, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			account := awsapitest.Start(t)
			account.Instance(t, "wos")
			account.Fail("DescribeDBInstances", test.fault, test.fault, test.fault, test.fault, test.fault)
			_, err := awsapi.DescribeInstance(t.Context(), rds.NewFromConfig(account.Config(t)), awsapitest.Region, "wos")
			holds(t, err, test.text, test.hint)
			if got := problem.KindOf(err); got != test.kind || account.Calls("DescribeDBInstances") != test.calls {
				t.Errorf("got kind %v after %d calls, want %v after %d", got, account.Calls("DescribeDBInstances"), test.kind, test.calls)
			}
		})
	}
}

func TestThrottlesAreRetried(t *testing.T) {
	t.Parallel()
	account := awsapitest.Start(t)
	account.Instance(t, "wos")
	account.Fail("DescribeDBInstances", awsapitest.Fault{Code: "Throttling"}, awsapitest.Fault{Code: "InternalFailure", Status: 500}, awsapitest.Fault{Lose: true})
	got, err := awsapi.DescribeInstance(t.Context(), rds.NewFromConfig(account.Config(t)), awsapitest.Region, "wos")
	if err != nil {
		t.Fatal(err)
	}
	if got.Identifier != "wos" || got.Engine != "postgres" || got.Status != "available" || got.Port != 5432 || !strings.HasSuffix(got.Address, ".rds.amazonaws.com") ||
		got.StorageBytes != 20<<30 || got.Database != "wos" || got.MultiAZ || got.Resource == "" {
		t.Errorf("got %+v", got)
	}
}

func TestExplainInterrupted(t *testing.T) {
	t.Parallel()
	account := awsapitest.Start(t)
	cfg := account.Config(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := awsapi.DescribeInstance(ctx, rds.NewFromConfig(cfg), awsapitest.Region, "wos")
	if !errors.Is(err, context.Canceled) || awsapi.Transient(err) {
		t.Errorf("got %v, want an interruption that is not retried", err)
	}
}
