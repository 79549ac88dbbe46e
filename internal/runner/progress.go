package runner

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// redrawEvery is how often a live line may change.
	redrawEvery = 100 * time.Millisecond
	// In a log, a line is due after firstLine, then every nextLine or when this much more of the whole is done.
	lookEvery     = time.Second
	firstLine     = 5 * time.Second
	nextLine      = 15 * time.Second
	quarter       = 25
	standardWidth = 80
)

// Progress shows that something long is still going on. It is safe for concurrent use.
type Progress struct {
	runner  *Runner
	title   string
	started time.Time
	stop    func()

	mu          sync.Mutex
	done, total int64
	detail      string

	// Only the ticking goroutine uses these.
	lastLine    time.Time
	lastPercent int
}

// liveLine is the line at the bottom of a terminal that shows a progress.
type liveLine struct {
	owner *Progress
	text  string
}

// Progress begins to show a piece of work: in a terminal as a live line on standard error, on GitHub and in a log as a line
// now and then, with JSON output not at all. Call Done at its end.
func (r *Runner) Progress(title string) *Progress {
	p := &Progress{runner: r, title: r.outside(title), started: r.options.Now(), stop: func() {}}
	if r.options.JSON {
		return p
	}
	show, every := p.printLine, lookEvery
	if r.options.Terminal && !r.github {
		show, every = p.drawLive, redrawEvery
	}
	ticker := time.NewTicker(every)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				show()
			case <-stop:
				return
			}
		}
	}()
	p.stop = sync.OnceFunc(func() {
		close(stop)
		<-stopped
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.live.owner == p {
			r.eraseLive()
			r.live.owner = nil
		}
	})
	return p
}

// Advance tells how far the work is, in any unit; a total of zero or less means that it is unknown. The detail is text from
// outside.
func (p *Progress) Advance(done, total int64, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total, p.detail = done, total, detail
}

// Done ends the progress and takes its live line away; it may be called more than once.
func (p *Progress) Done() { p.stop() }

// state returns what there is to say now; the percentage is below zero when it is unknown.
func (p *Progress) state() (percent int, detail string, elapsed time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	percent = -1
	if p.total > 0 {
		percent = int(min(max(100*float64(p.done)/float64(p.total), 0), 100))
	}
	return percent, p.detail, p.runner.options.Now().Sub(p.started).Truncate(time.Second)
}

func percentText(percent int) string {
	if percent < 0 {
		return ""
	}
	return fmt.Sprintf(" %d%%", percent)
}

func (p *Progress) printLine() {
	percent, detail, elapsed := p.state()
	if elapsed < firstLine {
		return
	}
	due := p.lastLine.IsZero() || p.runner.options.Now().Sub(p.lastLine) >= nextLine || percent-p.lastPercent >= quarter
	if !due {
		return
	}
	p.lastLine, p.lastPercent = p.runner.options.Now(), max(percent, 0)
	if detail = p.runner.outside(detail); detail != "" {
		detail = ", " + detail
	}
	fmt.Fprintf(p.runner.err, "%s:%s%s (%s)\n", p.title, percentText(percent), detail, elapsed)
}

func (p *Progress) drawLive() {
	percent, detail, elapsed := p.state()
	width := p.runner.options.Width
	if width <= 0 {
		width = standardWidth
	}
	end := fmt.Sprintf("%s (%s)", percentText(percent), elapsed)
	// The last column stays free: some terminals wrap as soon as it is written.
	line := cutToCells(p.title, width-1-cells(end)) + end
	if detail = p.runner.outside(detail); detail != "" {
		line += cutToCells(" "+detail, width-1-cells(line))
	}

	r := p.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live.owner == nil {
		r.live.owner = p
	}
	// Of several, the first is shown; and nothing is drawn into a line that somebody else has begun.
	if r.live.owner != p || r.live.text == line || r.out.midLine || r.err.midLine {
		return
	}
	r.live.text = line
	_, err := io.WriteString(r.options.Stderr, "\r"+line+"\x1b[K")
	if r.err.failed == nil {
		r.err.failed = err
	}
}

// eraseLive takes the live line away; the next tick draws it again. The caller holds mu.
func (r *Runner) eraseLive() {
	if r.live.text == "" {
		return
	}
	r.live.text = ""
	_, _ = io.WriteString(r.options.Stderr, "\r\x1b[K") // A terminal that is gone fails the next write of text too.
}

// cells returns an upper bound of the columns that text takes: everything from Hangul on counts as wide.
func cells(text string) int {
	count := 0
	for _, r := range text {
		count += runeCells(r)
	}
	return count
}

func runeCells(r rune) int {
	const firstWide = '\u1100'
	if r >= firstWide {
		return 2
	}
	return 1
}

// cutToCells returns as much of the text as fits into a number of columns, with a mark where it was cut.
func cutToCells(text string, width int) string {
	if cells(text) <= width {
		return text
	}
	const mark = "…"
	var cut strings.Builder
	left := width - cells(mark)
	for _, r := range text {
		if left -= runeCells(r); left < 0 {
			break
		}
		cut.WriteRune(r)
	}
	if width < cells(mark) {
		return ""
	}
	return cut.String() + mark
}
