package apply_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/randomchaoslabs/airlock/internal/database"
	"github.com/randomchaoslabs/airlock/internal/database/databasetest"
)

// proxy stands between a migration and its server, and does harm once: when the client sends something that contains a text.
type proxy struct {
	t      *testing.T
	server string
	when   string
	harm   func(*link, []byte)

	mutex sync.Mutex
	done  bool
}

// start listens, and returns the URL that leads through the proxy.
func (p *proxy) start(location string) string {
	p.t.Helper()
	parsed, err := url.Parse(location)
	if err != nil {
		p.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { listener.Close() })
	p.server, parsed.Host = parsed.Host, listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return parsed.String()
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	between := &link{client: client, server: server, answered: make(chan struct{})}
	go between.answers()
	buffer := make([]byte, 1<<16)
	for {
		count, err := client.Read(buffer)
		if err != nil {
			return
		}
		if p.strikes(buffer[:count]) {
			p.harm(between, buffer[:count])
			continue
		}
		if _, err := server.Write(buffer[:count]); err != nil {
			return
		}
	}
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	// swallow keeps answers from the client; answered is closed at the first of them.
	swallow  atomic.Bool
	answered chan struct{}
}

// answers hands on what the server says.
func (l *link) answers() {
	defer l.client.Close()
	buffer := make([]byte, 1<<16)
	for told := false; ; {
		count, err := l.server.Read(buffer)
		if err != nil {
			return
		}
		if l.swallow.Load() {
			if !told {
				close(l.answered)
			}
			told = true
			continue
		}
		if _, err := l.client.Write(buffer[:count]); err != nil {
			return
		}
	}
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

// cancelRequest is the code of the message that asks the server to cancel the statement of another connection.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
const cancelRequest = "\x04\xd2\x16\x2e"

func (p *proxy) strikes(sent []byte) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.done || !bytes.Contains(sent, []byte(p.when)) && !bytes.Contains(bytes.ToLower(sent), []byte(p.when)) {
		return false
	}
	p.done = true
	return true
}

// Wherever the connection is lost, the migration ends as if it had not been: also when the commit had reached the server and only
// its answer was lost.
func TestTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	harms := []struct {
		name string
		harm func(*link, []byte)
	}{
		{"dropped", func(l *link, _ []byte) { l.close() }},
		{"dropped with the answer", func(l *link, sent []byte) {
			l.swallow.Store(true)
			_, _ = l.server.Write(sent)
			<-l.answered
			l.close()
		}},
		{"half closed", func(l *link, sent []byte) {
			_, _ = l.server.Write(sent)
			_ = l.server.(*net.TCPConn).CloseWrite()
		}},
		{"swallowed by the network", func(l *link, _ []byte) { <-t.Context().Done() }},
		{"late", func(l *link, sent []byte) {
			time.Sleep(700 * time.Millisecond)
			_, _ = l.server.Write(sent)
		}},
	}
	for _, noTransaction := range []bool{false, true} {
		files := five(noTransaction)
		undisturbed := database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}
		if _, err := migrator(t, undisturbed, files, nil).Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, where := range []string{"update heroes set level = id", "commit", "insert into goose_db_version", "delete from users"} {
			for _, harm := range harms {
				if strings.HasPrefix(harm.name, "swallowed") && where != "commit" && (noTransaction || !strings.HasPrefix(where, "update")) {
					continue // It takes its time to be noticed: in a transaction, and at each of the two kinds of commits.
				}
				t.Run(fmt.Sprintf("no transaction %t/%s/%s", noTransaction, where, harm.name), func(t *testing.T) {
					t.Parallel()
					direct := database.Settings{Dialect: database.PostgreSQL, URL: databasetest.PostgreSQL(t)}
					// Given goose's table, so that what is struck is the migrations'.
					if _, err := migrator(t, direct, files, nil).Apply(t.Context(), 1, true); err != nil {
						t.Fatal(err)
					}
					between := &proxy{t: t, when: where, harm: harm.harm}
					settings := direct
					settings.URL = between.start(direct.URL)
					progress := &log{}
					options := quick(settings, t, files, time.Minute)
					options.Progress = progress
					steps, err := open(t, options).Up(t.Context())
					if err != nil {
						t.Fatalf("got %v\n%s", err, progress.all())
					}
					if got := versions(steps); !slices.Equal(got, []int64{2, 3, 4, 5}) {
						t.Errorf("applied %v", got)
					}
					if !between.done {
						t.Error("the proxy did no harm")
					}
					equals(t, undisturbed, direct)
				})
			}
		}
	}
}
