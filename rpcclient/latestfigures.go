package rpcclient

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	figuresInterval = 2 * time.Second  // figures that are younger are not fetched again
	figuresWait     = time.Second      // bounds how long a reader waits for them
	figuresTime     = 5 * time.Second  // bounds one fetch
	figuresMaxAge   = 15 * time.Second // older ones are unknown
)

// RefreshFigures asks the nodes for their figures, which [Pool.Status] then has. Nodes are
// asked only here: figures cost nothing while no reader wants them. It returns after a
// second at most; the figures of a slow node come later. Figures younger than 2 s are kept.
func (n *Node) RefreshFigures(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, figuresWait)
	defer cancel()
	for _, fetched := range n.fetchFigures() {
		select {
		case <-fetched:
		case <-ctx.Done():
			return
		}
	}
}

// fetchFigures begins to fetch the figures that are missing. The channels are closed when
// they have arrived, or cannot be fetched.
func (n *Node) fetchFigures() (fetched []<-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		conn := p.current.Load()
		if conn == nil || n.ctx.Err() != nil {
			continue
		}
		done, begin := p.figures.begin(conn)
		if begin {
			n.running.Go(func() { p.figures.fetch(n.ctx, conn, n.log.With("node", p.name())) })
		}
		if done != nil {
			fetched = append(fetched, done)
		}
	}
	return fetched
}

// latestFigures are the latest figures of a node. One fetch runs at a time.
type latestFigures struct {
	mu       sync.Mutex
	figures  *NodeFigures
	conn     *liveConn     // that the figures came over
	fetching chan struct{} // closed at the end of the fetch; nil: none runs
	full     []string      // the tables that the log calls nearly full
	problem  string        // of the latest fetch, in the log
}

// of returns the figures over a connection. Nil: unknown.
func (l *latestFigures) of(conn *liveConn) *NodeFigures {
	l.mu.Lock()
	defer l.mu.Unlock()
	if conn == nil || l.conn != conn || time.Since(l.figures.At) > figuresMaxAge {
		return nil
	}
	return l.figures
}

// begin returns the fetch in progress, and whether the caller has to run it. Nil: the
// figures are young enough.
func (l *latestFigures) begin(conn *liveConn) (done <-chan struct{}, begin bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fetching != nil:
		return l.fetching, false
	case l.conn == conn && time.Since(l.figures.At) < figuresInterval:
		return nil, false
	}
	l.fetching = make(chan struct{})
	return l.fetching, true
}

// fetch ends what begin began.
func (l *latestFigures) fetch(ctx context.Context, conn *liveConn, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, figuresTime)
	defer cancel()
	figures, err := conn.fetchFigures(ctx)
	if l.isNewProblem(err) {
		log.Debug("the figures of a node are unknown", "reason", err)
	}
	for _, name := range l.store(figures, conn) {
		table := figures.table(name)
		if table.exceeds(nearlyFull) {
			log.Warn("a table of a node is nearly full", "table", name, "count", table.Count, "limit", table.Limit)
		} else {
			log.Info("a table of a node has room again", "table", name, "count", table.Count, "limit", table.Limit)
		}
	}
}

// isNewProblem reports whether a fetch failed for another reason than the one before it.
func (l *latestFigures) isNewProblem(err error) bool {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.problem
	l.problem = problem
	return problem != "" && problem != before
}

// store stores figures, unless they are nil, and ends the fetch. It returns the tables for
// the log: those that are nearly full now, or no longer.
func (l *latestFigures) store(figures *NodeFigures, conn *liveConn) (changed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.fetching)
	l.fetching = nil
	if figures == nil {
		return nil
	}
	l.figures, l.conn = figures, conn
	for _, name := range limitedTables {
		table, before := figures.table(name), slices.Contains(l.full, name)
		switch {
		case !before && table.exceeds(nearlyFull):
			l.full = append(l.full, name)
		case before && !table.exceeds(roomAgain):
			l.full = slices.DeleteFunc(l.full, func(full string) bool { return full == name })
		default:
			continue
		}
		changed = append(changed, name)
	}
	return changed
}
