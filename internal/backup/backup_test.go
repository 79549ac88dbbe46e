package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/randomchaoslabs/airlock/internal/problem"
)

var (
	night = time.Date(2025, 3, 9, 2, 30, 15, 0, time.FixedZone("New York", -5*3600))
	tags  = Tags{Environment: "production", Run: "4711", Release: "1f2e3d4"}
)

// TestMain lets this test binary be the program that takes a snapshot and is then killed.
func TestMain(m *testing.M) {
	if text := os.Getenv("AIRLOCK_TEST_TAKER"); text != "" {
		var where place
		if err := json.Unmarshal([]byte(text), &where); err != nil {
			panic(err)
		}
		store, err := where.open()
		if err != nil {
			panic(err)
		}
		fmt.Println("begun")
		if _, _, err := Take(context.Background(), store, night, tags, 7, nil); err != nil {
			panic(err)
		}
		fmt.Println("taken")
		return
	}
	os.Exit(m.Run())
}

// place is a database and where its snapshots go; exactly one of Path and URL is set.
type place struct{ Path, URL, Directory string }

func (p place) open() (Store, error) {
	if p.Path != "" {
		return NewSQLite(SQLiteOptions{Path: p.Path, Directory: p.Directory, Now: time.Now})
	}
	return NewPostgres(PostgresOptions{URL: p.URL, Directory: p.Directory, Jobs: 2, Now: time.Now, LookupEnv: os.LookupEnv})
}

func open(t *testing.T, where place) Store {
	t.Helper()
	store, err := where.open()
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func take(t *testing.T, store Store) (Snapshot, bool) {
	t.Helper()
	snapshot, found, err := Take(t.Context(), store, night, tags, 7, nil)
	if err != nil {
		t.Fatalf("take: %v (%s)", err, problem.Hint(err))
	}
	return snapshot, found
}

// leftovers returns the names in a directory of snapshots, without the lock.
func leftovers(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != ".lock" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// holds fails the test unless err has this text, and a hint with that text.
func holds(t *testing.T, err error, text, hint string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(problem.Hint(err), hint) {
		t.Errorf("got %v with hint %q, want %q with %q", err, problem.Hint(err), text, hint)
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	later := night.Add(time.Hour)
	for _, test := range []struct {
		name string
		now  time.Time
		tags Tags
		want string
	}{
		{"in UTC", night, tags, "pre-deploy-20250309-0730-"},
		{"a later attempt", later, tags, "pre-deploy-20250309-0830-"},
		{"text that no name may hold", night, Tags{"../prod", "a b", "--é\x00"}, "pre-deploy-20250309-0730-"},
	} {
		got := Name(test.now, test.tags)
		if !strings.HasPrefix(got, test.want) || len(got) != len(test.want)+6 || !nameForm.MatchString(got) {
			t.Errorf("%s: got %s, want %sxxxxxx", test.name, got, test.want)
		}
	}
	last := func(name string) string { return name[len(name)-6:] }
	if got, want := last(Name(later, tags)), last(Name(night, tags)); got != want {
		t.Errorf("the last part of a later attempt: got %s, want %s", got, want)
	}
	if last(Name(night, Tags{"a", "bc", "d"})) == last(Name(night, Tags{"ab", "c", "d"})) {
		t.Error("two different sets of tags have the same last part")
	}
}

func TestTakeOnceForTags(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		store := open(t, subject.place)
		first, found := take(t, store)
		if found {
			t.Error("the first snapshot was found, not made")
		}
		subject.insert(t)
		// A second attempt, an hour later, after the migration.
		again, found, err := Take(t.Context(), store, night.Add(time.Hour), tags, 8, nil)
		if err != nil || !found {
			t.Fatalf("got found %v, %v", found, err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("the second attempt has another snapshot (-first +second):\n%s", diff)
		}
		other := tags
		other.Run = "4712"
		next, found, err := Take(t.Context(), store, night.Add(time.Hour), other, 8, nil)
		if err != nil || found {
			t.Fatalf("another run: got found %v, %v", found, err)
		}
		got, err := store.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Snapshot{next, first}, got); diff != "" {
			t.Errorf("list, newest first (-want +got):\n%s", diff)
		}
		if err := store.Remove(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		holds(t, store.Remove(t.Context(), first), "there is no snapshot "+first.Name, "list")
		if diff := cmp.Diff([]string{next.Name}, leftovers(t, subject.Directory)); diff != "" {
			t.Errorf("after removing (-want +got):\n%s", diff)
		}
	})
}

func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		names := make([]string, 3)
		var group sync.WaitGroup
		for i := range names {
			store := open(t, subject.place)
			group.Go(func() {
				snapshot, _, err := Take(t.Context(), store, night.Add(time.Duration(i)*time.Minute), tags, 7, nil)
				if err != nil {
					t.Error(err)
				}
				names[i] = snapshot.Name
			})
		}
		group.Wait()
		if names[0] != names[1] || names[1] != names[2] || len(leftovers(t, subject.Directory)) != 1 {
			t.Errorf("got %v and %v, want one snapshot", names, leftovers(t, subject.Directory))
		}
	})
}

func TestSnapshotIsPrivate(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		take(t, open(t, subject.place))
		err := filepath.WalkDir(subject.Directory, func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %o", path, info.Mode().Perm())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestRestore(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, subject subject) {
		want := subject.rows(t)
		snapshot, _ := take(t, open(t, subject.place))
		subject.insert(t)
		if diff := cmp.Diff(want, subject.restore(t, snapshot)); diff != "" {
			t.Errorf("rows (-original +restored):\n%s", diff)
		}
		if snapshot.SchemaVersion != 7 || snapshot.Tags != tags || snapshot.Bytes == 0 {
			t.Errorf("got %+v", snapshot)
		}
	})
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	biggest := func(location string) (path string) {
		var most int64
		_ = eachFile(location, func(file, _ string, size int64) error {
			if size > most {
				path, most = file, size
			}
			return nil
		})
		return path
	}
	damages := map[string]func(string) error{
		"cut":     func(location string) error { return os.Truncate(biggest(location), 4096) },
		"removed": func(location string) error { return os.RemoveAll(location) },
		"changed": func(location string) error {
			file, err := os.OpenFile(biggest(location), os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = file.WriteAt([]byte("damage"), 9000)
			return errors.Join(err, file.Close())
		},
		"added to": func(location string) error {
			file, err := os.OpenFile(biggest(location), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = file.WriteString("more")
			return errors.Join(err, file.Close())
		},
	}
	eachKind(t, func(t *testing.T, subject subject) {
		for name, damage := range damages {
			where := subject.place
			where.Directory = t.TempDir()
			store := open(t, where)
			snapshot, _ := take(t, store)
			if err := damage(snapshot.Location); err != nil {
				t.Fatal(err)
			}
			_, found, err := Take(t.Context(), store, night, tags, 7, nil)
			holds(t, err, "cannot be restored", "start a new run")
			if !found || len(leftovers(t, where.Directory)) != 1 {
				t.Errorf("%s: got found %v and %v, want no second snapshot", name, found, leftovers(t, where.Directory))
			}
		}
	})
}

func TestListRefusesToGuess(t *testing.T) {
	t.Parallel()
	name := Name(night, tags)
	for _, test := range []struct{ name, record, want string }{
		{"cut", `{"name": "pre-`, "unexpected EOF"},
		{"another's", `{"name": "pre-deploy-1", "digest": "x"}`, "not the record"},
		{"unknown field", `{"names": ""}`, "unknown field"},
		{"too large", strings.Repeat(" ", recordLimit+1), "larger than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			if err := os.MkdirAll(filepath.Join(directory, name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(directory, name, recordName), []byte(test.record), 0o600); err != nil {
				t.Fatal(err)
			}
			_, found, err := Take(t.Context(), open(t, place{Path: "none.db", Directory: directory}), night, tags, 7, nil)
			holds(t, err, test.want, "move it away")
			if found || problem.KindOf(err) != problem.Inconclusive {
				t.Errorf("got found %v and kind %v", found, problem.KindOf(err))
			}
		})
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	where := place{Path: filepath.Join(t.TempDir(), "wos.db"), Directory: t.TempDir()}
	if err := os.WriteFile(where.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	store := open(t, where)
	for _, name := range []string{"", "..", "../x", ".partial-x", "a--b", "a-", "1a", "A", "a/b", "a\n", strings.Repeat("a", 256)} {
		_, err := store.Create(t.Context(), name, tags, 0, nil)
		holds(t, err, fmt.Sprintf("%q cannot name a snapshot", name), "hyphens")
		if err := store.Remove(t.Context(), Snapshot{Name: name}); err == nil {
			t.Errorf("%q was removed", name)
		}
		if err := store.Check(t.Context(), Snapshot{Name: name}); err == nil {
			t.Errorf("%q was found sound", name)
		}
	}
	for _, missing := range []Tags{{"", "r", "x"}, {"e", "", "x"}, {"e", "r", ""}} {
		_, _, err := Take(t.Context(), store, night, missing, 0, nil)
		holds(t, err, "needs an environment, a run and a release", "")
	}
	if got := leftovers(t, where.Directory); len(got) != 0 {
		t.Errorf("got %v, want nothing made", got)
	}
}
