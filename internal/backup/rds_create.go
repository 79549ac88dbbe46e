package backup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// available is the status of a complete snapshot, and of an instance that has nothing to do.
	available = "available"
	// unencrypted and suspended are notes for people.
	unencrypted = "the snapshot is not encrypted"
	suspended   = "the instance is Single-AZ: its reads and writes pause for seconds to minutes while a snapshot begins"
	// longestMiss is how long a snapshot that is awaited may be missing: RDS can be late to show what it makes.
	longestMiss = 75 * time.Second
	// shortestPause is the first pause between two looks at what is awaited.
	shortestPause = time.Second
)

// errGone says that a snapshot is not there.
var errGone = errors.New("RDS does not know it")

// busyError is the status of an instance that cannot be copied at the moment.
type busyError string

func (b busyError) Error() string { return "the instance is " + string(b) }

// Create asks RDS for a snapshot and waits until it is available. When an earlier attempt asked already, its snapshot is
// awaited. The instance must be available for a snapshot; the nightly backup, for one, is awaited.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func (r *RDS) Create(ctx context.Context, name string, tags Tags, schemaVersion int64, progress Progress) (Snapshot, error) {
	if !nameForm.MatchString(name) || len(name) > 255 {
		return Snapshot{}, problem.Wrong("use lower-case letters, digits and single hyphens", "%q cannot name a snapshot", name)
	}
	instance, err := r.instance(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	vigil := r.vigil("the snapshot of "+r.options.Instance, "run again: it goes on waiting for the same snapshot", progress, instance.StorageBytes)
	for {
		snapshot, err := r.attempt(ctx, name, tags, schemaVersion)
		var busy busyError
		switch {
		case err == nil:
			if snapshot, err = r.await(ctx, snapshot, vigil); err == nil && !instance.MultiAZ {
				snapshot.Notes = append(snapshot.Notes, suspended)
			}
			return snapshot.Snapshot, err
		case errors.As(err, &busy):
			err = vigil.wait(ctx, fmt.Sprintf("%s is %s, which the nightly backup can cause: waiting until a snapshot can be taken", r.options.Instance, string(busy)), -1)
		case awsapi.Transient(err):
			err = vigil.wait(ctx, "", -1)
		}
		if err != nil {
			return Snapshot{}, err
		}
	}
}

// attempt returns the snapshot that belongs to tags, and asks for it when there is none. Everything that an earlier attempt
// can have left, a lost answer included, is found here.
func (r *RDS) attempt(ctx context.Context, name string, tags Tags, schemaVersion int64) (held, error) {
	if found, ok, err := r.begun(ctx, tags); err != nil || ok {
		return found, err
	}
	instance, err := r.instance(ctx)
	if err != nil {
		return held{}, err
	}
	if instance.Status != available && instance.Status != "storage-optimization" {
		return held{}, busyError(instance.Status)
	}
	labels, err := labels(r.options.App, tags, schemaVersion)
	if err != nil {
		return held{}, err
	}
	output, err := r.options.API.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: &r.options.Instance, DBSnapshotIdentifier: &name, Tags: labels,
	})
	switch awsapi.Code(err) {
	case "InvalidDBInstanceState":
		return held{}, busyError(instance.Status + " no more")
	case "SnapshotQuotaExceeded":
		return held{}, r.full(ctx)
	case "DBSnapshotAlreadyExists":
		found, err := r.one(ctx, name)
		if err == nil && found.Tags != tags {
			err = problem.New("try again in a minute: the next one has another name", "there is a snapshot %s already, for another promotion", name)
		}
		return found, err
	}
	if err != nil {
		return held{}, awsapi.Explain(err, fmt.Sprintf("no snapshot of %s in %s can be taken", r.options.Instance, r.options.Region))
	}
	if output.DBSnapshot == nil {
		return held{}, problem.Unknown("", "AWS does not say what it made of the snapshot %s", name)
	}
	snapshot, ours, err := read(*output.DBSnapshot)
	if err == nil && !ours {
		// An answer without the tags: they show when it is looked at.
		return r.one(ctx, name)
	}
	return snapshot, err
}

// begun returns the snapshot with these tags that an earlier attempt began, complete or not: of several, the oldest that is
// complete, else the one with the smallest name, which begins with its time.
func (r *RDS) begun(ctx context.Context, tags Tags) (found held, ok bool, err error) {
	all, err := r.all(ctx)
	if err != nil {
		return held{}, false, err
	}
	better := func(a, b held) bool {
		if a.status == available && b.status == available {
			return a.Created.Before(b.Created)
		}
		return a.status == available || b.status != available && a.Name < b.Name
	}
	for _, snapshot := range all {
		if snapshot.Tags == tags && !ended(snapshot.status) && (!ok || better(snapshot, found)) {
			found, ok = snapshot, true
		}
	}
	return found, ok, nil
}

// ended tells whether a snapshot in this status will never be available.
func ended(status string) bool {
	return status == "failed" || status == "deleting" || status == "deleted"
}

// await returns the snapshot once it is available.
func (r *RDS) await(ctx context.Context, snapshot held, vigil *vigil) (held, error) {
	seen := r.options.Now()
	for snapshot.status != available {
		if ended(snapshot.status) {
			return held{}, problem.New("the events of the instance in the RDS console say why; run again for another snapshot",
				"RDS could not take the snapshot %s: it is %s", snapshot.Name, snapshot.status)
		}
		if err := vigil.wait(ctx, "RDS takes the snapshot "+snapshot.Name+": "+snapshot.status, snapshot.percent); err != nil {
			return held{}, err
		}
		next, err := r.one(ctx, snapshot.Name)
		switch {
		case err == nil:
			snapshot, seen = next, r.options.Now()
		case errors.Is(err, errGone) && r.options.Now().Sub(seen) < longestMiss:
		case !awsapi.Transient(err):
			return held{}, err
		}
	}
	return snapshot, nil
}

// vigil bounds a wait, and tells how it goes.
type vigil struct {
	store *RDS
	// what is awaited, and hint says what to do when it does not come.
	what, hint   string
	progress     Progress
	total        int64
	began, moved time.Time
	last         string
}

func (r *RDS) vigil(what, hint string, progress Progress, total int64) *vigil {
	now := r.options.Now()
	return &vigil{store: r, what: what, hint: hint, progress: progress, total: total, began: now, moved: now}
}

// wait pauses until the next look, unless the patience is at an end. An empty detail is no news. percent is of the
// snapshot's size, -1 when it is not known.
func (v *vigil) wait(ctx context.Context, detail string, percent int32) error {
	options, now := v.store.options, v.store.options.Now()
	if state := fmt.Sprint(detail, percent); detail != "" && state != v.last {
		v.last, v.moved = state, now
	}
	if now.Sub(v.moved) >= options.Patience || now.Sub(v.began) >= options.Limit {
		return problem.Unknown(v.hint, "%s is not there after %s; last seen: %s",
			v.what, now.Sub(v.began).Round(time.Second), v.last)
	}
	if v.progress != nil && detail != "" {
		v.progress.Advance(v.total*int64(max(percent, 0))/100, v.total, detail)
	}
	// What is there soon is seen soon: nobody waits a third longer than it takes, or more than Every longer. And two promotions
	// that wait for the same thing should not ask in step.
	pause := min(max(now.Sub(v.began)/4, shortestPause), options.Every)
	jittered := time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
	if err := options.Wait(ctx, jittered); err != nil {
		return problem.New(v.hint, "interrupted while %s was awaited: %w", v.what, err)
	}
	return nil
}
