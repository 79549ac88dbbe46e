package runner

import (
	"context"
	"errors"
	"time"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

// identityAttempts bounds how often GitHub is asked for a token; a job can need one after hours, when one failure must not
// end it.
const identityAttempts = 4

// IdentityToken returns a new OpenID Connect token of the job for the audience, and masks it. A job that may not have one
// is an error: https://docs.github.com/en/actions/reference/security/oidc
func (r *Runner) IdentityToken(ctx context.Context, audience string) (string, error) {
	var failed error
	for attempt := range identityAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return "", context.Cause(ctx)
			case <-time.After(time.Second << attempt):
			}
		}
		token, err := r.action.GetIDToken(ctx, audience)
		if missing := (*githubactions.EnvMissingError)(nil); errors.As(err, &missing) {
			return "", problem.New("grant `id-token: write` to the job that calls the workflow", "the job may not have an identity token of GitHub")
		}
		if err == nil && token != "" {
			r.Mask(token)
			return token, nil
		}
		failed = err
	}
	return "", problem.Unknown("run again; https://www.githubstatus.com says whether GitHub has a problem", "GitHub gives the job no identity token: %w", failed)
}
