package history_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/githubapi"
	"github.com/randomchaoslabs/airlock/internal/githubapi/githubapitest"
	"github.com/randomchaoslabs/airlock/internal/history"
)

// deployments returns a store in a stand-in for GitHub that knows state.
func deployments(t *testing.T, state githubapitest.State) (*history.Deployments, githubapitest.Running) {
	t.Helper()
	server := githubapitest.Start(t, githubapitest.Options{State: state, Now: func() time.Time { return noon }})
	client, err := githubapi.New(githubapi.Options{
		BaseURL: server.URL, Token: githubapitest.Token, Repository: "octo-org/octo-repo",
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return history.NewDeployments(client, history.DeploymentsOptions{
		Run: "1234", Attempt: 2, Actor: "octocat", Ref: "main", LogURL: "https://github.com/run",
		EnvironmentURL: func(environment string) string { return "https://" + environment + ".example.com" },
	}), server
}

// both runs a test over each of the stores, which must not differ in what they say.
func both(t *testing.T, test func(*testing.T, history.Store)) {
	t.Helper()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		file, _ := store(t)
		test(t, file)
	})
	t.Run("deployments", func(t *testing.T) {
		t.Parallel()
		kept, _ := deployments(t, githubapitest.State{})
		test(t, kept)
	})
}

func about(t *testing.T, store history.Store, label string) []history.Promotion {
	t.Helper()
	promotions, err := store.About(t.Context(), "sandbox", release(label))
	if err != nil {
		t.Fatal(err)
	}
	return promotions
}

func labels(promotions []history.Promotion) []string {
	var names []string
	for _, promotion := range promotions {
		names = append(names, string(promotion.Task[len("airlock:"):])+" "+promotion.Release.Label)
	}
	return names
}

func TestBothStoresSayWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	for _, test := range records() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, store history.Store) {
				for _, promotion := range slices.Backward(test.promotions) {
					statuses := promotion.Statuses
					promotion.Environment, promotion.Statuses = "sandbox", nil
					created := create(t, store, promotion)
					for _, status := range statuses {
						mark(t, store, created.ID, status.State)
					}
				}
				test.check(t, list(t, store), about(t, store, "v2"))
			})
		})
	}
}

func TestBothStoresKeepWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, store history.Store) {
		from, to := release("v1"), release("v2")
		to.Commit, to.Schema = "0123456789abcdef0123456789abcdef01234567", 1<<62+1
		create(t, store, history.Promotion{Task: history.Promote, Environment: "production", Release: from})
		first := create(t, store, history.Promotion{Task: history.Promote, Environment: "sandbox", Release: to, From: &from, FromSchema: 8})
		second := create(t, store, history.Promotion{Task: history.Rollback, Environment: "sandbox", From: &to, FromSchema: 9})
		mark(t, store, first.ID, history.Failure)

		got := list(t, store)
		states := []history.State{}
		for i := range got {
			states = append(states, got[i].State())
			got[i].Statuses = nil // A store may add a status when a record begins.
		}
		if diff := cmp.Diff([]history.Promotion{second, first}, got); diff != "" {
			t.Errorf("(-created +listed):\n%s", diff)
		}
		if diff := cmp.Diff([]history.State{history.InProgress, history.Failure}, states); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if first.Created != noon || first.ID == "" || first.ID == second.ID {
			t.Errorf("got %+v and %+v", first, second)
		}
	})
}

// A release is known by its image and migrations; a record of another one says nothing about it.
func TestBothStoresTellWhatIsAboutARelease(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, store history.Store) {
		v1, v2 := release("v1"), release("v2")
		renamed := v2
		renamed.Label, renamed.Commit = "v2-again", "0123456789abcdef0123456789abcdef01234567"
		for _, promotion := range []history.Promotion{
			{Task: history.Promote, Release: v1},
			{Task: history.Promote, Release: renamed, From: &v1},
			{Task: history.Rollback, Release: v1, From: &renamed},
			{Task: history.Promote, Release: release("v3"), From: &v1},
			{Task: history.Rollback, Release: v2, From: &v1},
		} {
			promotion.Environment = "sandbox"
			mark(t, store, create(t, store, promotion).ID, history.Success)
		}
		for label, want := range map[string][]string{
			"v1": {"rollback v2", "promote v1"},
			"v2": {"rollback v1", "promote v2-again"},
			"v3": {"promote v3"},
			"v4": nil,
		} {
			if diff := cmp.Diff(want, labels(about(t, store, label))); diff != "" {
				t.Errorf("about %s (-want +got):\n%s", label, diff)
			}
		}
	})
}
