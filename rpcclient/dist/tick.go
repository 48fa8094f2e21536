package dist

import "time"

// tick sends an empty frame when nothing else was written for a quarter of the
// tick time, and ends the connection when nothing was read for all of it, as
// net_kernel does ("net_ticktime" in the documentation of the kernel).
func (c *Conn) tick() {
	quarter := time.NewTicker(c.options.TickTime / 4)
	defer quarter.Stop()
	var reads, writes uint64
	silent := 0
	for {
		select {
		case <-quarter.C:
		case <-c.done:
			return
		}
		if now := c.reads.Load(); now != reads {
			reads, silent = now, 0
		} else if silent++; silent == 4 {
			c.end(ErrTickTimeout)
			return
		}
		if now := c.writes.Load(); now != writes {
			writes = now
			continue
		}
		writes++ // the tick itself does not count
		c.out.push(func(b []byte) []byte { return append(b, 0, 0, 0, 0) })
	}
}
