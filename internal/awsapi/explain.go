package awsapi

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// Code returns AWS's code for what went wrong, such as "DBInstanceNotFound", empty when AWS did not answer. Some services
// end their codes with Fault or Exception and others do not, so both endings are left out.
func Code(err error) string {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSuffix(answer.ErrorCode(), "Fault"), "Exception")
}

// Transient tells whether the same call could succeed later: AWS throttled it, failed, or was not reached.
func Transient(err error) bool {
	if operation := innermost(err); operation != nil && operation.Service() == instanceMetadata {
		return false
	}
	if unsigned := (*credentialError)(nil); errors.As(err, &unsigned) {
		err = unsigned.error
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}

// instanceMetadata is where the default chain looks last: that it does not answer only says that this is no machine of AWS's.
const instanceMetadata = "ec2imds"

// Explain turns an error of the SDK into one that says what AWS refused, of whom, and what to do next. what says what did
// not happen, such as "the snapshots of wos-sandbox cannot be listed". What AWS did not decide is inconclusive.
func Explain(err error, what string) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: interrupted: %w", what, err)
	}
	// Who has no token was not refused by AWS, and the SDK's words around it say nothing.
	if without := (*tokenError)(nil); errors.As(err, &without) {
		return &problem.Problem{Kind: problem.KindOf(without.error), What: what + ": " + without.Error(), Hint: problem.Hint(without.error), Err: err}
	}
	kind := problem.Failure
	if Transient(err) {
		kind = problem.Inconclusive
	}
	return &problem.Problem{Kind: kind, What: what + ": " + said(err), Hint: hint(err), Err: err}
}

// said is what AWS answered, to which operation, and the request's id, by which AWS finds it again.
func said(err error) string {
	operation := innermost(err)
	var answer smithy.APIError
	if operation == nil || !errors.As(err, &answer) {
		return line(err.Error())
	}
	text := fmt.Sprintf("%s %s: %s: %s", operation.Service(), operation.Operation(), answer.ErrorCode(), line(answer.ErrorMessage()))
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.ServiceRequestID() != "" {
		text += " (request " + line(response.ServiceRequestID()) + ")"
	}
	return text
}

// innermost returns the operation that failed: a call of RDS can fail in the call of STS that its credentials need.
func innermost(err error) (found *smithy.OperationError) {
	for next := (*smithy.OperationError)(nil); errors.As(err, &next); err = next.Err {
		found = next
	}
	return found
}

// line makes one bounded line of a text that came from outside.
func line(text string) string {
	const most = 600
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

const (
	signIn  = "sign in first: `aws sso login`, AWS_PROFILE, or access keys in the environment"
	trouble = "AWS throttles or has trouble, or is not reachable from here: see https://health.aws.amazon.com, and run again"
)

// hint says what to do next.
func hint(err error) string {
	var identity *identityError
	var unsigned *credentialError
	code := Code(err)
	switch {
	case problem.Hint(err) != "":
		return problem.Hint(err)
	case Transient(err):
		return trouble
	case errors.As(err, &identity):
		return identity.hint(code)
	}
	switch code {
	case "AccessDenied", "UnauthorizedOperation", "NotAuthorized":
		return denied(err)
	case "ExpiredToken", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch", "AuthFailure", "InvalidSignature":
		return "AWS does not accept these credentials (any more), or this machine's clock is wrong; " + signIn
	case "OptInRequired", "SubscriptionRequired":
		return "the account has not enabled this service or region"
	}
	if errors.As(err, &unsigned) {
		return "no credentials were found that work; " + signIn
	}
	return ""
}

// hint says what the role's trust policy, or the account, needs. The formats of the subject:
// https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims
func (e *identityError) hint(code string) string {
	switch code {
	case "AccessDenied":
		whom := "the token's subject"
		if e.subject != "" {
			whom += fmt.Sprintf(", %q", e.subject)
		}
		return fmt.Sprintf("the trust policy of %s must allow sts:AssumeRoleWithWebIdentity to %s (letter case counts) and to the audience %s; GitHub's subjects are "+
			"repo:OWNER/REPO:environment:NAME, or repo:OWNER@ID/REPO@ID:environment:NAME for repositories created, renamed or moved after 2026-07-15; "+
			"a : in a name is %%3A", e.role, whom, audience)
	case "InvalidIdentityToken":
		return "the account of " + e.role + " needs an IAM identity provider for the issuer of the token (GitHub: https://token.actions.githubusercontent.com) with the audience " + audience
	case "ExpiredToken":
		return "the identity token was too old when AWS read it: see that this machine's clock is right, and run again for a new one"
	case "IDPCommunicationError":
		return "AWS could not reach the issuer of the token: run again in a moment"
	}
	return "see that " + e.role + " exists and is written as AWS shows it"
}

// perform and user find the action and who asked in AWS's own words: "User: arn:… is not authorized to perform: rds:X on …".
var (
	perform = regexp.MustCompile(`perform:? ([A-Za-z0-9-]+:[A-Za-z0-9]+)`)
	user    = regexp.MustCompile(`User: (arn:\S+)`)
)

// denied names the action that is missing, and who needs it.
func denied(err error) string {
	var answer smithy.APIError
	errors.As(err, &answer)
	action, whom := "the action", "the role"
	if operation := innermost(err); operation != nil {
		action = strings.ToLower(strings.ReplaceAll(operation.Service(), " ", "")) + ":" + operation.Operation()
	}
	if match := perform.FindStringSubmatch(answer.ErrorMessage()); match != nil {
		action = match[1]
	}
	if match := user.FindStringSubmatch(answer.ErrorMessage()); match != nil {
		whom = match[1]
	}
	if action == "sts:AssumeRole" {
		return "the role's trust policy must name " + whom + ", whose own policy must allow sts:AssumeRole"
	}
	return "allow " + action + " in a policy of " + whom + "; a deny anywhere, a permissions boundary or an organization's policy outweighs it"
}
