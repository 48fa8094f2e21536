package erldist

import "time"

// The tick time has 16 steps.
const (
	tickSteps  = 16
	writeSteps = tickSteps / 4
)

// tick sends an empty frame after a quarter of the tick time without writes, and ends
// the connection after the whole tick time without reads ("net_ticktime" in the
// documentation of the kernel).
//
// Both happen up to one step early, never late. net_kernel checks four times in a tick
// time and ticks if nothing was written since the last check, so a live peer may be
// silent for half of it. That leaves seven sixteenths for both schedulers. Counting
// steps instead of time spares a process that was stopped and has unread input.
func (c *Conn) tick() {
	step := time.NewTicker(c.options.TickTime / tickSteps)
	defer step.Stop()
	var reads, writes stillness
	for {
		select {
		case <-step.C:
		case <-c.done:
			return
		}
		if reads.step(c.reads.Load()) == tickSteps {
			c.end(ErrTickTimeout)
			return
		}
		if writes.step(c.writes.Load()) == writeSteps {
			writes.steps = 0
			c.out.push(func(b []byte) []byte { return append(b, 0, 0, 0, 0) })
		}
	}
}

// stillness counts the steps, at most, in which a counter has not moved.
type stillness struct {
	counter uint64
	steps   int
}

// step ends a step with the counter at now. A counter that moved may have done so at
// the start of the step.
func (s *stillness) step(now uint64) int {
	if now != s.counter {
		s.counter, s.steps = now, 0
	}
	s.steps++
	return s.steps
}
