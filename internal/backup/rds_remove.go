package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// copyAge is the age from which on a temporary instance is taken for one that was left behind: whether somebody uses it
// cannot be seen from here, and a rehearsal on a large copy takes hours.
const copyAge = 12 * time.Hour

// remove deletes the instance and all of its backups. RDS decides in which states it can be deleted, so what it refuses is
// tried again until ctx ends. Once RDS has accepted it, nothing stops it.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
func (c *rdsCopy) remove(ctx context.Context) error {
	options := c.store.options
	for began := options.Now(); ; {
		_, err := options.Restores.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{
			DBInstanceIdentifier: &c.name, SkipFinalSnapshot: aws.Bool(true), DeleteAutomatedBackups: aws.Bool(true),
		})
		switch code := awsapi.Code(err); {
		case err == nil:
			return nil
		case code == "DBInstanceNotFound":
			// RDS can be late to show what it makes.
			if c.seen || options.Now().Sub(c.began) >= longestMiss {
				return nil
			}
		case code == "InvalidDBInstanceState":
			instance, err := awsapi.DescribeInstance(ctx, options.API, options.Region, c.name)
			if awsapi.Code(err) == "DBInstanceNotFound" || instance.Status == "deleting" {
				return nil
			}
		case !awsapi.Transient(err):
			return c.remains(err)
		}
		waited := options.Now().Sub(began)
		if waited >= dropLimit || options.Wait(ctx, min(max(waited/4, shortestPause), options.Every)) != nil {
			return c.remains(err)
		}
	}
}

// remains is the error for an instance that could not be deleted.
func (c *rdsCopy) remains(err error) error {
	err = awsapi.Explain(err, "it cannot be deleted")
	hint := fmt.Sprintf("delete it: `aws rds delete-db-instance --region %s --db-instance-identifier %s --skip-final-snapshot --delete-automated-backups`; the next rehearsal tries too when it is %d hours old",
		c.store.options.Region, c.name, int(copyAge.Hours()))
	if more := problem.Hint(err); more != "" {
		hint += "; " + more
	}
	return problem.New(hint, "the RDS instance %s in %s is left: it costs money and holds a copy of the rows of %s: %w", c.name, c.store.options.Region, c.store.options.Instance, err)
}

// removeLeft deletes the temporary instances of runs that were killed: those whose names, tags and age say so.
func (r *RDS) removeLeft(ctx context.Context) error {
	instances, err := awsapi.ListInstances(ctx, r.options.API, r.options.Region)
	if err != nil {
		return err
	}
	for _, instance := range instances {
		if !r.left(instance) {
			continue
		}
		temporary := &rdsCopy{store: r, name: instance.Identifier, seen: true}
		if err := temporary.remove(ctx); err != nil {
			return err
		}
	}
	return nil
}

// left tells whether an instance is a copy of this one that was left behind.
func (r *RDS) left(instance awsapi.Instance) bool {
	rest, ours := strings.CutPrefix(instance.Identifier, copyPrefix)
	stamp, _, _ := strings.Cut(rest, "-")
	made, err := time.Parse(scratchTime, stamp)
	return ours && err == nil && r.options.Now().Sub(made) > copyAge && instance.Status != "deleting" &&
		strings.EqualFold(instance.Tags[rehearsalTag], encodeTag(r.options.Instance))
}

// both is one problem of an error and of what was left behind because of it, which may be nothing.
func both(err, left error) error {
	if left == nil {
		return err
	}
	return &problem.Problem{
		Kind: problem.KindOf(err), What: err.Error() + "; and " + left.Error(),
		Hint: strings.TrimPrefix(problem.Hint(err)+"; "+problem.Hint(left), "; "), Err: errors.Join(err, left),
	}
}
