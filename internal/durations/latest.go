package durations

import "time"

// period is how long latest keeps a duration at least, and half of how long at most.
const period = 2 * time.Second

// latest has the longest duration of the present period, and that of the one before.
type latest struct {
	began        time.Time
	now, earlier time.Duration
}

func (l *latest) add(d time.Duration, at time.Time) {
	l.turn(at)
	l.now = max(l.now, d)
}

// at returns the longest duration of the last one to two periods.
func (l latest) at(at time.Time) time.Duration {
	l.turn(at)
	return max(l.now, l.earlier)
}

// turn begins a period if the present one has ended.
func (l *latest) turn(at time.Time) {
	switch age := at.Sub(l.began); {
	case age >= 2*period:
		*l = latest{began: at}
	case age >= period:
		*l = latest{began: l.began.Add(period), earlier: l.now}
	}
}
