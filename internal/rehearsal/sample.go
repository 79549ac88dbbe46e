package rehearsal

import (
	"context"
	"sync"
	"time"
)

// sampling is how often the locks of a statement outside of a transaction are looked at.
const sampling = 10 * time.Millisecond

// sample looks at the locks of a session from another one until the returned function is called, which returns the strongest that
// were seen, by table.
func (o *observer) sample(ctx context.Context, pid uint32) func() map[string]string {
	// A look that is under way is waited for: to cancel it would take a connection of its own, and longer.
	ended := make(chan struct{})
	found := map[string]string{}
	var looking sync.WaitGroup
	looking.Go(func() {
		for {
			o.glance(ctx, pid, found)
			select {
			case <-ended:
				return
			case <-ctx.Done():
				return
			case <-time.After(sampling):
			}
		}
	})
	return func() map[string]string {
		close(ended)
		looking.Wait()
		return found
	}
}

func (o *observer) glance(ctx context.Context, pid uint32, found map[string]string) {
	const query = `SELECT ` + named + `, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = $1 AND l.granted AND l.locktype = 'relation' AND c.relkind NOT IN ('i', 'I') AND ` + user
	rows, err := o.look.QueryContext(ctx, query, int64(pid))
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var table, mode string
		if rows.Scan(&table, &mode) == nil && strength(mode) > strength(found[table]) {
			found[table] = mode
		}
	}
}
