package history

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/randomchaoslabs/airlock/internal/checklist"
	"github.com/randomchaoslabs/airlock/internal/lockfile"
	"github.com/randomchaoslabs/airlock/internal/problem"
)

const (
	// maximumLineBytes bounds one line of the file.
	maximumLineBytes = 1 << 20
	// maximumDescription bounds a status's description, in characters.
	maximumDescription = 2000
)

// File keeps the record as JSON lines in one file, which is only ever appended to. A last line that is no whole event is
// what a killed process left: it never counted, and the next write removes it.
type File struct {
	path string
	now  func() time.Time
}

// NewFile returns the store at path; the file is made by the first write, readable by its owner only.
func NewFile(path string, now func() time.Time) *File { return &File{path: path, now: now} }

// line is one event: a promotion that was created, or a status of one.
type line struct {
	Promotion *Promotion `json:"promotion,omitempty"`
	ID        string     `json:"id,omitempty"`
	Status    *Status    `json:"status,omitempty"`
}

// Create implements Store.
func (f *File) Create(ctx context.Context, promotion Promotion) (Promotion, error) {
	promotion.Created = f.now().UTC()
	promotion.ID = promotion.Created.Format("20060102-150405") + "-" + rand.Text()[:6]
	promotion.Statuses = nil
	return promotion, f.append(ctx, line{Promotion: &promotion})
}

// Mark implements Store.
func (f *File) Mark(ctx context.Context, id string, status Status) error {
	status.Time = f.now().UTC()
	// A description holds what a database or an application said, which has no bound of its own.
	status.Description = checklist.Shorten(checklist.OneLine(status.Description), maximumDescription)
	return f.append(ctx, line{ID: id, Status: &status})
}

// append writes one line and makes it last before it returns.
func (f *File) append(ctx context.Context, event line) (err error) {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return problem.New("", "the folder of the history cannot be made: %w", err)
	}
	lock, err := lockfile.Wait(ctx, f.path+".lock", nil)
	if err != nil {
		return fmt.Errorf("lock the history: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return problem.New("", "the history cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	content, err := io.ReadAll(file)
	if err != nil {
		return problem.New("", "the history cannot be read: %w", err)
	}
	whole := settled(content)
	encoded, err := json.Marshal(event)
	if err != nil {
		return err
	}
	if len(encoded) >= maximumLineBytes {
		return problem.New("", "an entry of the history would have %d bytes, and at most %d can be read again", len(encoded), maximumLineBytes)
	}
	if err := file.Truncate(int64(len(whole))); err != nil {
		return problem.New("", "the history cannot be written: %w", err)
	}
	text := append(encoded, '\n')
	if len(whole) > 0 && whole[len(whole)-1] != '\n' {
		text = append([]byte("\n"), text...)
	}
	if _, err := file.WriteAt(text, int64(len(whole))); err != nil {
		return problem.New("", "the history cannot be written: %w", err)
	}
	return file.Sync()
}

// List implements Store.
func (f *File) List(_ context.Context, environment string) ([]Promotion, error) {
	content, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, problem.New("", "the history cannot be read: %w", err)
	}
	content = settled(content)
	var promotions []Promotion
	byID := make(map[string]int)
	scanner := bufio.NewScanner(bytes.NewReader(content))
	scanner.Buffer(nil, maximumLineBytes)
	for number := 1; scanner.Scan(); number++ {
		event, err := decode(scanner.Bytes())
		if err != nil {
			return nil, f.damaged(number, err)
		}
		if event.Promotion != nil {
			byID[event.Promotion.ID] = len(promotions)
			promotions = append(promotions, *event.Promotion)
			continue
		}
		index, known := byID[event.ID]
		if !known {
			return nil, f.damaged(number, fmt.Errorf("there is no promotion %q before it", event.ID))
		}
		promotions[index].Statuses = append(promotions[index].Statuses, *event.Status)
	}
	if err := scanner.Err(); err != nil {
		return nil, problem.Unknown("restore the file from a backup", "the history %s cannot be read: %w", f.path, err)
	}
	promotions = slices.DeleteFunc(promotions, func(p Promotion) bool { return p.Environment != environment })
	slices.Reverse(promotions)
	return promotions, nil
}

// About implements Store.
func (f *File) About(ctx context.Context, environment string, release Release) ([]Promotion, error) {
	promotions, err := f.List(ctx, environment)
	return slices.DeleteFunc(promotions, func(p Promotion) bool { return !p.concerns(release) }), err
}

// settled returns content without a torn last line. One that only lacks its end, as some editors leave it, counts: a
// failure that was forgotten could be promoted again.
func settled(content []byte) []byte {
	end := bytes.LastIndexByte(content, '\n') + 1
	// The beginning of an event is no whole value: it lacks its last brace.
	var value json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(content[end:])).Decode(&value); err != nil {
		return content[:end]
	}
	return content
}

func decode(text []byte) (line, error) {
	var event line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&event); err != nil {
		return line{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return line{}, errors.New("something follows the event")
	}
	if (event.Promotion == nil) == (event.Status == nil) {
		return line{}, errors.New("it is neither a promotion nor a status")
	}
	return event, nil
}

// damaged refuses to go on: a record that was lost could have been the proof, or the failure.
func (f *File) damaged(number int, err error) error {
	return problem.Unknown("restore the file from a backup, or correct the line by hand: nothing is promoted on a record that cannot be read",
		"line %d of the history %s is damaged: %w", number, f.path, err)
}
