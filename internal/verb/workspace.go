package verb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
	"github.com/randomchaoslabs/airlock/internal/config"
	"github.com/randomchaoslabs/airlock/internal/gate"
	"github.com/randomchaoslabs/airlock/internal/history"
	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/migration"
	"github.com/randomchaoslabs/airlock/internal/problem"
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
	// aws and instance are asked for once.
	aws      *aws.Config
	instance *awsapi.Instance
	// url is the database's, once the secret was read.
	url string
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
	store, err := c.History()
	if err != nil {
		return nil, err
	}
	return &Workspace{Root: c.Root(), Name: name, Config: loaded, Environment: environment, History: store, call: c}, nil
}

// Lenient takes what is not set for empty: for an environment of which only a part is needed, whose secrets are not given here.
func Lenient(lookup config.Lookup) config.Lookup {
	return func(name string) (string, bool) {
		value, _ := lookup(name)
		return value, true
	}
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

// Migrations returns the folder of the migrations, and its name for people.
func (w *Workspace) Migrations() (folder fs.FS, title string) {
	return os.DirFS(w.Path(w.Config.Migrations.Directory)), w.Config.Migrations.Directory
}

// MigrationSet reads the migrations of the work tree.
func (c *Call) MigrationSet() (migration.Set, error) {
	loaded, err := c.LoadConfig()
	if err != nil {
		return migration.Set{}, err
	}
	title := loaded.Migrations.Directory
	folder := title
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(c.Root(), folder)
	}
	set, err := migration.Read(os.DirFS(folder), title)
	if err != nil {
		return set, err
	}
	return set, c.Pinned(set)
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

// Window returns the environment's maintenance window, nil when it has none.
func Window(environment config.Environment) *gate.MaintenanceWindow {
	configured := environment.Window
	if configured == nil {
		return nil
	}
	return &gate.MaintenanceWindow{From: sinceMidnight(configured.From), To: sinceMidnight(configured.To),
		Location: configured.Timezone.Location(), Outside: configured.Outside}
}

func sinceMidnight(clock config.Clock) time.Duration {
	return time.Duration(clock.Hour)*time.Hour + time.Duration(clock.Minute)*time.Minute
}
