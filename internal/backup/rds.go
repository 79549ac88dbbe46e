package backup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

// RDSAPI is what the store asks of RDS, as *rds.Client answers it.
type RDSAPI interface {
	awsapi.Instances
	DescribeDBSnapshots(ctx context.Context, input *rds.DescribeDBSnapshotsInput, options ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error)
	CreateDBSnapshot(ctx context.Context, input *rds.CreateDBSnapshotInput, options ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error)
	DeleteDBSnapshot(ctx context.Context, input *rds.DeleteDBSnapshotInput, options ...func(*rds.Options)) (*rds.DeleteDBSnapshotOutput, error)
}

// RDSQuotas tells how much of the account's quotas is used, as *rds.Client does.
type RDSQuotas interface {
	DescribeAccountAttributes(ctx context.Context, input *rds.DescribeAccountAttributesInput, options ...func(*rds.Options)) (*rds.DescribeAccountAttributesOutput, error)
}

// RDSRestores restores snapshots to instances of their own, as *rds.Client does.
type RDSRestores interface {
	RestoreDBInstanceFromDBSnapshot(ctx context.Context, input *rds.RestoreDBInstanceFromDBSnapshotInput, options ...func(*rds.Options)) (*rds.RestoreDBInstanceFromDBSnapshotOutput, error)
	ModifyDBInstance(ctx context.Context, input *rds.ModifyDBInstanceInput, options ...func(*rds.Options)) (*rds.ModifyDBInstanceOutput, error)
	DeleteDBInstance(ctx context.Context, input *rds.DeleteDBInstanceInput, options ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error)
}

// RDSOptions say which instance is copied.
type RDSOptions struct {
	API    RDSAPI
	Quotas RDSQuotas
	// Restores is needed by Copy only.
	Restores RDSRestores
	// Region is where the instance is, for people.
	Region string
	// Instance is the identifier of an RDS instance for PostgreSQL.
	Instance string
	// App is the name of the application, which becomes a tag for people.
	App string
	// Now is the clock.
	Now func() time.Time
	// Wait returns after the duration, or with an error when ctx ends; nil is the real one.
	Wait func(ctx context.Context, duration time.Duration) error
	// Every is the longest pause between two looks at what is waited for; zero is 15 s. The first pauses are shorter.
	Every time.Duration
	// Patience is how long nothing may change while something is waited for; zero is one hour: a large first snapshot can
	// give no progress for long.
	Patience time.Duration
	// Limit bounds all of the waiting; zero is four hours.
	Limit time.Duration
}

// RDS keeps snapshots of an RDS instance as manual snapshots of RDS. Their tags are the only record.
type RDS struct{ options RDSOptions }

var _ Store = (*RDS)(nil)

// NewRDS returns the store of one instance. Nothing is asked yet.
func NewRDS(options RDSOptions) (*RDS, error) {
	if options.Instance == "" {
		return nil, problem.Wrong("name it under database.rds", "no RDS instance is named")
	}
	options.Every = cmp.Or(options.Every, 15*time.Second)
	options.Patience = cmp.Or(options.Patience, time.Hour)
	options.Limit = cmp.Or(options.Limit, 4*time.Hour)
	if options.Wait == nil {
		options.Wait = wait
	}
	return &RDS{options}, nil
}

func wait(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(duration):
		return nil
	}
}

// ready sees that the instance can be copied, now or when it has ended what it does, and that the quota leaves room.
func (r *RDS) ready(ctx context.Context) error {
	if _, err := r.instance(ctx); err != nil {
		return err
	}
	if _, err := r.all(ctx); err != nil {
		return err
	}
	used, maximum, err := r.quota(ctx)
	if err == nil && used >= maximum {
		return r.full(ctx)
	}
	return err
}

// instance returns the instance unless it can never be copied as it is.
func (r *RDS) instance(ctx context.Context) (awsapi.Instance, error) {
	instance, err := awsapi.DescribeInstance(ctx, r.options.API, r.options.Region, r.options.Instance)
	if err != nil {
		return instance, err
	}
	switch status := instance.Status; {
	case instance.Cluster != "":
		return instance, problem.Wrong("this version takes snapshots of RDS instances only",
			"%s is a member of the Aurora cluster %s, whose members cannot be copied one by one", r.options.Instance, instance.Cluster)
	case instance.Engine != "postgres":
		return instance, problem.Wrong("name an instance for PostgreSQL under database.rds", "the RDS instance %s is for %s", r.options.Instance, instance.Engine)
	case broken(status):
		return instance, problem.New("start or mend it first; the RDS console says more", "no snapshot of the RDS instance %s can be taken: it is %s", r.options.Instance, status)
	}
	return instance, nil
}

// broken tells whether an instance in this status does not become available by itself.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
func broken(status string) bool {
	return slices.Contains([]string{"stopped", "failed", "deleting", "restore-error", "insufficient-capacity"}, status) ||
		strings.HasPrefix(status, "incompatible-") || strings.HasPrefix(status, "inaccessible-")
}

// manualSnapshots is the quota that the store can meet; clusters have another.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
const manualSnapshots = "ManualSnapshots"

func (r *RDS) quota(ctx context.Context) (used, maximum int64, err error) {
	output, err := r.options.Quotas.DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		return 0, 0, awsapi.Explain(err, "how many snapshots the account may keep in "+r.options.Region+" cannot be seen")
	}
	for _, quota := range output.AccountQuotas {
		if aws.ToString(quota.AccountQuotaName) == manualSnapshots {
			return aws.ToInt64(quota.Used), aws.ToInt64(quota.Max), nil
		}
	}
	return 0, 0, problem.Unknown("", "AWS does not say how many snapshots the account may keep in %s", r.options.Region)
}

// full is the error for a quota that is used up. Which snapshots of ours a way back needs is not known here.
func (r *RDS) full(ctx context.Context) error {
	const named = 5
	hint := "remove snapshots that are not needed, or have the quota raised in Service Quotas"
	if snapshots, err := r.List(ctx); err == nil && len(snapshots) > 0 {
		var names []string
		for _, snapshot := range slices.Backward(snapshots) {
			names = append(names, snapshot.Name)
		}
		hint += fmt.Sprintf("; of the %d that airlock took of %s, the oldest are %s", len(names), r.options.Instance, strings.Join(names[:min(len(names), named)], ", "))
	}
	count := ""
	if used, maximum, err := r.quota(ctx); err == nil {
		count = fmt.Sprintf(": %d of %d", used, maximum)
	}
	return problem.New(hint, "the account may keep no more manual snapshots in %s%s", r.options.Region, count)
}

// held is a snapshot of ours in any status.
type held struct {
	Snapshot
	status string
	// percent is -1 when AWS does not say.
	percent  int32
	resource string
	engine   string
}

// read returns what AWS says of a snapshot, and whether it is ours.
func read(from types.DBSnapshot) (held, bool, error) {
	name := aws.ToString(from.DBSnapshotIdentifier)
	tags, schemaVersion, ours, err := readLabels(name, from.TagList)
	if err != nil || !ours {
		return held{}, false, err
	}
	// SnapshotCreateTime is another for a copy. Neither is there while the snapshot is being made.
	created := aws.ToTime(cmp.Or(from.OriginalSnapshotCreateTime, from.SnapshotCreateTime))
	result := held{
		Snapshot: Snapshot{
			Name: name, Tags: tags, Kind: "rds", Created: created.UTC(), SchemaVersion: schemaVersion,
			Bytes: int64(aws.ToInt32(from.AllocatedStorage)) << 30, Location: aws.ToString(from.DBSnapshotArn),
		},
		status: aws.ToString(from.Status), percent: -1, resource: aws.ToString(from.DbiResourceId), engine: aws.ToString(from.Engine),
	}
	if from.PercentProgress != nil {
		result.percent = *from.PercentProgress
	}
	if !aws.ToBool(from.Encrypted) {
		result.Notes = []string{unencrypted}
	}
	return result, true, nil
}

// all returns our snapshots of the instance in any status.
func (r *RDS) all(ctx context.Context) ([]held, error) {
	var result []held
	err := r.each(ctx, "manual", func(from types.DBSnapshot) error {
		snapshot, ours, err := read(from)
		if ours {
			result = append(result, snapshot)
		}
		return err
	})
	return result, err
}

// each calls visit for all snapshots of the instance that are of a type, "manual" or "automated".
func (r *RDS) each(ctx context.Context, kind string, visit func(types.DBSnapshot) error) error {
	pages := rds.NewDescribeDBSnapshotsPaginator(r.options.API, &rds.DescribeDBSnapshotsInput{
		DBInstanceIdentifier: &r.options.Instance, SnapshotType: &kind,
	}, func(o *rds.DescribeDBSnapshotsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsapi.Explain(err, fmt.Sprintf("the snapshots of %s in %s cannot be listed", r.options.Instance, r.options.Region))
		}
		for _, from := range page.DBSnapshots {
			if err := visit(from); err != nil {
				return err
			}
		}
	}
	return nil
}

// List returns the complete snapshots that carry our tags, the newest first; RDS keeps no list of their tables.
func (r *RDS) List(ctx context.Context) ([]Snapshot, error) {
	all, err := r.all(ctx)
	if err != nil {
		return nil, err
	}
	var complete []Snapshot
	for _, snapshot := range all {
		if snapshot.status == available {
			complete = append(complete, snapshot.Snapshot)
		}
	}
	slices.SortStableFunc(complete, func(a, b Snapshot) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.Name, a.Name))
	})
	return complete, nil
}

// one returns one snapshot of ours of this instance.
func (r *RDS) one(ctx context.Context, name string) (held, error) {
	output, err := r.options.API.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &name})
	if awsapi.Code(err) == "DBSnapshotNotFound" || err == nil && len(output.DBSnapshots) == 0 {
		return held{}, problem.New("list the snapshots to see which there are", "there is no snapshot %s in %s: %w", name, r.options.Region, errGone)
	}
	if err != nil {
		return held{}, awsapi.Explain(err, fmt.Sprintf("the snapshot %s in %s cannot be seen", name, r.options.Region))
	}
	snapshot, ours, err := read(output.DBSnapshots[0])
	if err != nil {
		return held{}, err
	}
	if of := aws.ToString(output.DBSnapshots[0].DBInstanceIdentifier); !ours || len(output.DBSnapshots) != 1 || !strings.EqualFold(of, r.options.Instance) {
		return held{}, problem.New("leave it to whom it belongs", "the snapshot %s is not one that airlock took of %s: it is of %s", name, r.options.Instance, of)
	}
	return snapshot, nil
}

// Check sees that the snapshot is available, of this very instance, for the same engine, and encrypted when the instance is.
func (r *RDS) Check(ctx context.Context, snapshot Snapshot) error {
	if !nameForm.MatchString(snapshot.Name) {
		return fmt.Errorf("%q cannot name a snapshot", snapshot.Name)
	}
	found, err := r.one(ctx, snapshot.Name)
	if err != nil {
		return err
	}
	instance, err := awsapi.DescribeInstance(ctx, r.options.API, r.options.Region, r.options.Instance)
	if err != nil {
		return err
	}
	encrypted := !slices.Contains(found.Notes, unencrypted)
	switch {
	case found.status != available:
		return fmt.Errorf("it is %s", found.status)
	case found.Tags != snapshot.Tags || found.Location != snapshot.Location:
		return fmt.Errorf("it is another one of that name: %s, for release %q of run %q", found.Location, found.Tags.Release, found.Tags.Run)
	case found.resource != instance.Resource:
		return fmt.Errorf("it is of an earlier instance with the name %s: %s, and not %s", r.options.Instance, found.resource, instance.Resource)
	case found.engine != instance.Engine:
		return fmt.Errorf("it is for %s, and the instance for %s", found.engine, instance.Engine)
	case instance.Encrypted && !encrypted:
		return fmt.Errorf("it is not encrypted, and the instance is")
	}
	return nil
}

// Remove removes a snapshot that carries our tags.
func (r *RDS) Remove(ctx context.Context, snapshot Snapshot) error {
	if !nameForm.MatchString(snapshot.Name) {
		return problem.Wrong("", "%q cannot name a snapshot", snapshot.Name)
	}
	if _, err := r.one(ctx, snapshot.Name); err != nil {
		return err
	}
	_, err := r.options.API.DeleteDBSnapshot(ctx, &rds.DeleteDBSnapshotInput{DBSnapshotIdentifier: &snapshot.Name})
	// It was there a moment ago: an earlier attempt of this very call removed it, and its answer was lost.
	if err != nil && awsapi.Code(err) != "DBSnapshotNotFound" {
		return awsapi.Explain(err, "the snapshot "+snapshot.Name+" cannot be removed")
	}
	return nil
}
