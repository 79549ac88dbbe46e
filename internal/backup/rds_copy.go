package backup

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// copyPrefix begins the names of temporary instances, which go on with the time and something random: 39 characters of
	// the 63 that a name may have.
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
	copyPrefix = "airlock-rehearsal-"
	// reachLimit is how long an instance may not let the master user in although RDS says that it is ready: a new name takes
	// a while to be known, and a new password to hold.
	reachLimit = 5 * time.Minute
)

// rdsCopy is a temporary instance.
type rdsCopy struct {
	store *RDS
	name  string
	// user and database are where the settings of the copy lead.
	user, database string
	snapshot       Snapshot
	original       awsapi.Instance
	// began is when it was asked for; seen tells that RDS showed it.
	began time.Time
	seen  bool
}

// newest returns the newest of the snapshots that airlock took and those that RDS takes by itself.
func (r *RDS) newest(ctx context.Context) (Snapshot, error) {
	snapshots, err := r.List(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	automated, found, err := r.automated(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if found && (len(snapshots) == 0 || automated.Created.After(snapshots[0].Created)) {
		return automated, nil
	}
	return newestOf(ctx, r, snapshots, "of "+r.options.Instance)
}

// automated returns the newest of the snapshots that RDS took of this very instance by itself.
func (r *RDS) automated(ctx context.Context) (newest Snapshot, found bool, err error) {
	instance, err := awsapi.DescribeInstance(ctx, r.options.API, r.options.Region, r.options.Instance)
	if err != nil {
		return Snapshot{}, false, err
	}
	err = r.each(ctx, "automated", func(from types.DBSnapshot) error {
		created := aws.ToTime(from.SnapshotCreateTime).UTC()
		if aws.ToString(from.Status) == available && aws.ToString(from.DbiResourceId) == instance.Resource && (!found || created.After(newest.Created)) {
			found, newest = true, Snapshot{
				Name: aws.ToString(from.DBSnapshotIdentifier), Kind: "rds", Created: created, SchemaVersion: UnknownSchema,
				Bytes: int64(aws.ToInt32(from.AllocatedStorage)) << 30, Location: aws.ToString(from.DBSnapshotArn),
			}
		}
		return nil
	})
	return newest, found, err
}

// restore makes an instance of the snapshot, in the network of the original, and gives it passwords of its own.
func (r *RDS) restore(ctx context.Context, snapshot Snapshot, options CopyOptions) (*Scratch, error) {
	if r.options.Restores == nil {
		return nil, problem.Unknown("", "snapshots of %s cannot be restored from here", r.options.Instance)
	}
	original, err := awsapi.DescribeInstance(ctx, r.options.API, r.options.Region, r.options.Instance)
	if err != nil {
		return nil, err
	}
	temporary := &rdsCopy{
		store: r, snapshot: snapshot, original: original, began: r.options.Now(),
		name: copyPrefix + r.options.Now().UTC().Format(scratchTime) + "-" + strings.ToLower(rand.Text()[:8]),
	}
	if err := temporary.aim(options.Settings); err != nil {
		return nil, err
	}
	if err := r.removeLeft(ctx); err != nil {
		return nil, err
	}
	vigil := r.vigil("the copy of "+r.options.Instance, "run again: it begins with a new copy", options.Progress, snapshot.Bytes)
	made, err := temporary.ask(ctx, vigil)
	if err != nil && !made {
		return nil, err
	}
	settings := options.Settings
	if err == nil {
		settings, err = temporary.settle(ctx, vigil, settings)
	}
	if err != nil {
		tell(options.Progress, snapshot.Bytes, "removing "+temporary.name)
		return nil, both(err, (&Scratch{drop: temporary.remove}).Drop(ctx))
	}
	return &Scratch{
		Settings: settings, Title: title(r.options.Instance, snapshot, r.options.Now()) + ", in " + temporary.name, Rows: true, drop: temporary.remove,
	}, nil
}

// aim reads from the settings who will use which database.
func (c *rdsCopy) aim(settings database.Settings) error {
	c.user, c.database = c.original.MasterUser, c.original.Database
	if settings.URL != "" {
		location, err := url.Parse(settings.URL)
		if err != nil {
			// The parser's own text can hold parts of the URL, and so of the password.
			return problem.Wrong("", "the database URL cannot be read")
		}
		c.user, c.database = location.User.Username(), strings.TrimPrefix(location.Path, "/")
	}
	if c.user == "" || c.database == "" {
		return problem.Wrong("name both in the secret", "who uses which database of %s is not known", c.original.Identifier)
	}
	if settings.LookupEnv != nil {
		if address, _ := settings.LookupEnv("PGHOSTADDR"); address != "" {
			return problem.Wrong("unset it, and run where the network of the database is reached without a tunnel: on a runner inside of it, for example",
				"PGHOSTADDR leads every connection to %.100q, and a copy of %s has an address of its own", address, c.original.Identifier)
		}
	}
	return nil
}

// ask has RDS make the instance, and tells whether it made one or may have.
func (c *rdsCopy) ask(ctx context.Context, vigil *vigil) (made bool, err error) {
	options, original := c.store.options, c.original
	var labels []types.Tag
	for _, label := range [][2]string{{rehearsalTag, original.Identifier}, {snapshotTag, c.snapshot.Name}, {appTag, options.App}} {
		labels = append(labels, types.Tag{Key: aws.String(label[0]), Value: aws.String(encodeTag(label[1]))})
	}
	input := &rds.RestoreDBInstanceFromDBSnapshotInput{
		DBInstanceIdentifier: &c.name, DBSnapshotIdentifier: &c.snapshot.Name, Tags: labels,
		DBInstanceClass: &original.Class, Port: aws.Int32(int32(original.Port)), PubliclyAccessible: &original.Public,
		VpcSecurityGroupIds: original.SecurityGroups, DBSubnetGroupName: given(original.SubnetGroup), DBParameterGroupName: given(original.ParameterGroup),
		MultiAZ: aws.Bool(false), DeletionProtection: aws.Bool(false), BackupRetentionPeriod: aws.Int32(0),
		AutoMinorVersionUpgrade: aws.Bool(false), CopyTagsToSnapshot: aws.Bool(false),
	}
	for {
		tell(vigil.progress, vigil.total, "asking RDS for a copy of "+original.Identifier+" from the snapshot "+c.snapshot.Name)
		_, err := options.Restores.RestoreDBInstanceFromDBSnapshot(ctx, input)
		switch {
		// One that exists already was made by a call whose answer was lost: nobody else knows this name.
		case err == nil, awsapi.Code(err) == "DBInstanceAlreadyExists":
			return true, nil
		case awsapi.Transient(err):
			made = true
			if err := vigil.wait(ctx, "", -1); err != nil {
				return true, err
			}
		default:
			// What was interrupted may have been done, and so may what was refused when it was asked for again.
			_, missing := awsapi.DescribeInstance(ctx, options.API, options.Region, c.name)
			return made || ctx.Err() != nil || missing == nil, awsapi.Explain(err, fmt.Sprintf("the snapshot %s cannot be restored to an instance in %s", c.snapshot.Name, options.Region))
		}
	}
}

// given is nil for an empty text, which AWS does not take for left out.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// await returns the instance once it is as it should be.
func (c *rdsCopy) await(ctx context.Context, vigil *vigil, ready func(awsapi.Instance) bool) (awsapi.Instance, error) {
	options := c.store.options
	for {
		instance, err := awsapi.DescribeInstance(ctx, options.API, options.Region, c.name)
		detail := ""
		switch {
		case err == nil:
			c.seen = true
			if broken(instance.Status) {
				return instance, problem.New("the events of the instance in the RDS console say why", "RDS cannot make %s of the snapshot %s: it is %s", c.name, c.snapshot.Name, instance.Status)
			}
			if ready(instance) {
				return instance, nil
			}
			detail = fmt.Sprintf("RDS makes %s of the snapshot %s: %s", c.name, c.snapshot.Name, instance.Status)
		case awsapi.Code(err) == "DBInstanceNotFound" && !c.seen && options.Now().Sub(c.began) < longestMiss:
		case !awsapi.Transient(err):
			return instance, err
		}
		if err := vigil.wait(ctx, detail, -1); err != nil {
			return instance, err
		}
	}
}
