package verb

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/randomchaoslabs/airlock/internal/backup"
	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/git"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
	"github.com/randomchaoslabs/airlock/internal/rollout"
)

// stateFolder is where Airlock keeps what it knows on a laptop, below the project's folder.
const stateFolder = ".airlock"

// Workspace is what a call works on: one environment of one config.
type Workspace struct {
	// Root is the project's folder: relative paths of the config begin there.
	Root string
	// Name is the environment's name.
	Name        string
	Config      *config.Config
	Environment config.Environment
	History     history.Store

	call *Call
}

// Workspace reads the config and the environment that the call names. What the verb cannot do yet is refused.
func (c *Call) Workspace() (*Workspace, error) { return c.WorkspaceOf(c.Inputs.String("environment")) }

// LoadConfig reads the config that the call names, once: what one call does rests on one text.
func (c *Call) LoadConfig() (*config.Config, error) {
	if c.Config != nil {
		return c.Config, nil
	}
	loaded, err := config.Load(c.Path(c.Inputs.String("config")))
	if err != nil {
		return nil, err
	}
	c.Config = loaded
	return loaded, nil
}

// WorkspaceOf reads the config that the call names, and the environment of that name in it.
func (c *Call) WorkspaceOf(name string) (*Workspace, error) {
	loaded, err := c.LoadConfig()
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, problem.Wrong("one of those under environments in "+c.Inputs.String("config"), "no environment is named: --environment")
	}
	environment, secrets, err := loaded.Environment(name, c.Lookup)
	for _, secret := range secrets {
		c.Mask(secret)
	}
	if err != nil {
		return nil, err
	}
	if err := c.Verb.Refuse(loaded, name); err != nil {
		return nil, err
	}
	root := filepath.Dir(c.Path(c.Inputs.String("config")))
	if filepath.Base(root) == ".github" {
		root = filepath.Dir(root)
	}
	return &Workspace{
		Root: root, Name: name, Config: loaded, Environment: environment, call: c,
		History: redacted{history.NewFile(filepath.Join(root, stateFolder, "history.jsonl"), c.Now), c.Redact},
	}, nil
}

// redacted keeps secrets out of the record: why a promotion failed can be in the words of an application.
type redacted struct {
	history.Store
	redact func(string) string
}

// Mark implements history.Store.
func (r redacted) Mark(ctx context.Context, id string, status history.Status) error {
	status.Description = r.redact(status.Description)
	return r.Store.Mark(ctx, id, status)
}

// Path makes a path of the call's inputs absolute.
func (c *Call) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Directory, name)
}

// Lock keeps everybody else from changing the environment until the function that it returns is called. It does nothing
// when the caller holds the lock: a promotion deploys, and rolls back, on its own.
func (w *Workspace) Lock() (unlock func(), err error) {
	if w.call.Locked {
		return func() {}, nil
	}
	path := filepath.Join(w.Root, stateFolder, w.Name+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, problem.New("", "the state folder cannot be made: %w", err)
	}
	lock, err := lockfile.Try(path)
	if errors.Is(err, lockfile.ErrHeld) {
		holder, _ := os.ReadFile(path) // A name for the message; the lock itself is the kernel's.
		return nil, problem.New("wait until it has ended", "another airlock (process %.20s) is working on %s", holder, w.Name)
	} else if err != nil {
		return nil, problem.New("", "%s cannot be locked: %w", w.Name, err)
	}
	if err := errors.Join(lock.File.Truncate(0), writePID(lock.File)); err != nil {
		return nil, errors.Join(problem.New("", "%s cannot be locked: %w", w.Name, err), lock.Release())
	}
	return func() { _ = lock.Release() }, nil
}

func writePID(file *os.File) error {
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

// Path makes a path of the config absolute.
func (w *Workspace) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.Root, name)
}

// settings says how the environment's database is opened. create allows a SQLite file to be made.
func (w *Workspace) settings(create bool) database.Settings {
	configured := w.Environment.Database
	if configured.SQLite != "" {
		return database.Settings{Dialect: database.SQLite, Path: w.Path(configured.SQLite), Create: create}
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: configured.URL.Reveal(), Name: configured.Postgres}
}

// Database opens the environment's database to read it. A SQLite file that no migration has made yet is missing.
func (w *Workspace) Database(ctx context.Context) (*database.Database, error) {
	return database.Open(ctx, w.settings(false))
}

// MigratedDatabase opens the environment's database to migrate it, as the config's timeouts say.
func (w *Workspace) MigratedDatabase(ctx context.Context, observer database.Observer) (*database.Database, error) {
	settings := w.settings(true)
	settings.LockTimeout = time.Duration(w.Config.Migrations.LockTimeout)
	settings.StatementTimeout = time.Duration(w.Config.Migrations.StatementTimeout)
	settings.Observer = observer
	return database.Open(ctx, settings)
}

// NewDatabase tells whether the environment's database is a SQLite file that does not exist: the first migration makes it.
func (w *Workspace) NewDatabase() bool {
	settings := w.settings(false)
	_, err := os.Stat(settings.Path)
	return settings.Dialect == database.SQLite && os.IsNotExist(err)
}

// Schema returns the version of the environment's database, 0 when no migration was applied.
func (w *Workspace) Schema(ctx context.Context) (int64, error) {
	if w.NewDatabase() {
		return 0, nil
	}
	db, err := w.Database(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return migration.CurrentVersion(ctx, db)
}

// Migrations returns the folder of the migrations, and its name for people.
func (w *Workspace) Migrations() (folder fs.FS, title string) {
	return os.DirFS(w.Path(w.Config.Migrations.Directory)), w.Config.Migrations.Directory
}

// MigrationSet reads the migrations of the work tree.
func (w *Workspace) MigrationSet() (migration.Set, error) {
	folder, title := w.Migrations()
	set, err := migration.Read(folder, title)
	if err != nil {
		return set, err
	}
	return set, w.call.Pinned(set)
}

// changedHint is for what is not what the promotion began with.
const changedHint = "leave the files alone while a promotion runs; promote again what they are now"

// Pinned returns an error when the migrations are not those of the release that the caller promotes.
func (c *Call) Pinned(set migration.Set) error {
	if c.Release != nil && set.Digest() != c.Release.Migrations {
		return problem.New(changedHint, "the migrations changed since the promotion began")
	}
	return nil
}

// MigrateDown takes back what is applied beyond version to, and returns the names of the files.
func (w *Workspace) MigrateDown(ctx context.Context, to int64, progress migration.Progress) ([]string, error) {
	set, err := w.MigrationSet()
	if err != nil {
		return nil, err
	}
	db, err := w.MigratedDatabase(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	steps, err := migration.NewMigrator(db, set, progress).Down(ctx, to)
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = step.File.Name
	}
	return names, err
}

// SnapshotOf returns which snapshot was taken for a promotion and where it is, empty when there is none.
func (w *Workspace) SnapshotOf(ctx context.Context, promotion history.Promotion) (string, error) {
	store, err := w.Backups()
	if err != nil {
		return "", err
	}
	snapshots, err := store.List(ctx)
	for _, snapshot := range snapshots {
		// The run that took it may have a name of its own; the release and the time tell as well.
		since := snapshot.Tags.Release == promotion.Release.Image && !snapshot.Created.Before(promotion.Created)
		if snapshot.Tags.Run == promotion.ID || since {
			return snapshot.Name + " in " + snapshot.Location, nil
		}
	}
	return "", err
}

// maximumLabelBytes bounds what people call a release.
const maximumLabelBytes = 200

// Release describes what image, a folder, would be promoted with the migrations of the work tree. When the caller has
// said what is promoted, anything else is an error.
func (w *Workspace) Release(ctx context.Context, image, label string) (history.Release, error) {
	if image == "" {
		return history.Release{}, problem.Wrong("--image names the folder with the release's files", "no release is named")
	}
	if len(label) > maximumLabelBytes || label != checklist.OneLine(label) {
		return history.Release{}, problem.Wrong("for example --label v2", "the label %.80q is not one printable line of at most %d bytes", label, maximumLabelBytes)
	}
	digest, err := rollout.DigestFolder(w.call.Path(image))
	if err != nil {
		return history.Release{}, err
	}
	set, err := w.MigrationSet()
	if err != nil {
		return history.Release{}, err
	}
	if pinned := w.call.Release; pinned != nil {
		if digest != pinned.Image {
			return history.Release{}, problem.New(changedHint, "%s changed since the promotion began", image)
		}
		return *pinned, nil
	}
	// A laptop without git can still deploy; what needs the order of releases refuses an unknown commit itself.
	commit, _ := git.Tree{Directory: w.Root}.Head(ctx)
	return history.Release{
		Label: cmp.Or(label, commit[:min(len(commit), 12)]), Commit: commit, Image: digest,
		Migrations: set.Digest(), Schema: set.Latest(),
	}, nil
}

// Rollout returns how versions are put in front of users of the environment.
func (w *Workspace) Rollout() (*rollout.Process, error) {
	if w.Environment.Deploy == nil || w.Environment.Deploy.Process == nil {
		return nil, problem.Wrong("for example deploy: {process: {command: [./app], directory: .airlock/hosts/"+w.Name+"}}",
			"the environment %s has no deploy", w.Name)
	}
	process := w.Environment.Deploy.Process
	return rollout.NewProcess(rollout.Options{
		Directory: w.Path(process.Directory), Command: process.Command, Environment: process.Environment, URL: w.Environment.URL,
		StartTimeout: time.Duration(process.StartTimeout), StopTimeout: time.Duration(process.StopTimeout),
	})
}

// Serving returns the image that the host serves now, empty when it serves nothing.
func (w *Workspace) Serving(ctx context.Context) (string, error) {
	host, err := w.Rollout()
	if err != nil {
		return "", err
	}
	state, err := host.State(ctx)
	if err != nil || !state.Running {
		return "", err
	}
	return state.Current.Image, nil
}

// Backups returns where snapshots of the environment's database are kept.
func (w *Workspace) Backups() (backup.Store, error) {
	directory := filepath.Join(w.Path(w.Environment.Backups.Directory), w.Name)
	settings := w.settings(false)
	if settings.Dialect == database.SQLite {
		return backup.NewSQLite(backup.SQLiteOptions{Path: settings.Path, Directory: directory, Now: w.call.Now})
	}
	lookup := func(name string) (string, bool) {
		value := w.call.Getenv(name)
		return value, value != ""
	}
	return backup.NewPostgres(backup.PostgresOptions{URL: settings.URL, Directory: directory, Now: w.call.Now, LookupEnv: lookup})
}

// Run returns what tells this promotion from others in the tags of its snapshot: the open promotion of the release, the
// run on GitHub, or this minute.
func (w *Workspace) Run(ctx context.Context, release history.Release) (string, error) {
	if run := cmp.Or(w.call.Inputs.String("run"), w.call.Getenv("GITHUB_RUN_ID")); run != "" {
		return run, nil
	}
	promotions, err := w.History.List(ctx, w.Name)
	if err != nil {
		return "", err
	}
	if open := history.HalfDone(promotions); open != nil && open.Release.Same(release) {
		return open.ID, nil
	}
	return w.call.Now().UTC().Format("20060102-1504"), nil
}

// Window returns the environment's maintenance window, nil when it has none.
func (w *Workspace) Window() *gate.MaintenanceWindow {
	configured := w.Environment.Window
	if configured == nil {
		return nil
	}
	return &gate.MaintenanceWindow{From: sinceMidnight(configured.From), To: sinceMidnight(configured.To),
		Location: configured.Timezone.Location(), Outside: configured.Outside}
}

func sinceMidnight(clock config.Clock) time.Duration {
	return time.Duration(clock.Hour)*time.Hour + time.Duration(clock.Minute)*time.Minute
}

// DirectDatabase returns the settings of the database that AIRLOCK_DATABASE_URL names, for calls without a config: a
// PostgreSQL URL, or sqlite: and a path.
func (c *Call) DirectDatabase() (settings database.Settings, given bool) {
	location := c.Getenv("AIRLOCK_DATABASE_URL")
	if location == "" || c.Inputs.String("environment") != "" {
		return database.Settings{}, false
	}
	if path, ok := strings.CutPrefix(location, "sqlite:"); ok {
		return database.Settings{Dialect: database.SQLite, Path: c.Path(path)}, true
	}
	c.Mask(location)
	for _, password := range config.Passwords(location) {
		c.Mask(password)
	}
	return database.Settings{Dialect: database.PostgreSQL, URL: location}, true
}
