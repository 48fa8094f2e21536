package erldist

import "time"

// The tick time is looked at in 16 steps.
const (
	tickSteps  = 16
	writeSteps = tickSteps / 4
)

// tick sends an empty frame when nothing else was written for a quarter of the
// tick time, and ends the connection when nothing was read for all of it
// ("net_ticktime" in the documentation of the kernel).
//
// Both happen in the step before the time is over, since a step is as exact as
// this is: never later, and up to a sixteenth earlier. net_kernel looks four
// times in a tick time and ticks if nothing was written since it last looked, so
// that a living peer may be silent for half of it. What is left, seven sixteenths,
// is for its scheduler and ours. Steps are counted and not time, for the sake of
// a process that was stopped for a while and has not yet read what came meanwhile.
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

// stillness says for how many steps, at most, a counter has not moved.
type stillness struct {
	counter uint64
	steps   int
}

// step ends a step with the counter at now. If it moved during the step, that may
// have been at its start.
func (s *stillness) step(now uint64) int {
	if now != s.counter {
		s.counter, s.steps = now, 0
	}
	s.steps++
	return s.steps
}
