package gateway

import (
	"sync"
	"time"
)

// repeatTime is how long a refusal that is in the log stands for all like it.
const repeatTime = 10 * time.Second

// repeats keeps refusals that say the same of every request out of the log, but for
// one in repeatTime: under overload there are thousands a second, and to write them
// would cost more than to refuse.
type repeats struct {
	mu   sync.Mutex
	seen map[refusal]*repeated
}

type refusal struct{ path, code string }

type repeated struct {
	last time.Time
	more int // since then
}

// tell says whether to log a refusal now, and how many like it were not logged
// since the last one that was.
func (r *repeats) tell(path, code string, now time.Time) (more int, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := refusal{path, code}
	s := r.seen[key]
	if s == nil {
		if r.seen == nil {
			r.seen = make(map[refusal]*repeated)
		}
		s = new(repeated)
		r.seen[key] = s
	} else if now.Sub(s.last) < repeatTime {
		s.more++
		return 0, false
	}
	more, *s = s.more, repeated{last: now}
	return more, true
}
