package server

import (
	"os"
	"sync"
)

// spareFiles is the number of file descriptors kept for connections of operators.
const spareFiles = 4

// spareDescriptors are open file descriptors without a use. Closing one makes room for a
// connection when the process has none left.
type spareDescriptors struct {
	mu    sync.Mutex
	files []*os.File
}

func newSpareDescriptors() *spareDescriptors {
	s := new(spareDescriptors)
	s.refill()
	return s
}

// use closes one, and reports whether there was one.
func (s *spareDescriptors) use() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) == 0 {
		return false
	}
	last := len(s.files) - 1
	s.files[last].Close()
	s.files = s.files[:last]
	return true
}

// refill opens those that were used, as far as possible.
func (s *spareDescriptors) refill() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.files) < spareFiles {
		file, err := os.Open(os.DevNull)
		if err != nil {
			return
		}
		s.files = append(s.files, file)
	}
}

// close closes all of them.
func (s *spareDescriptors) close() {
	for s.use() {
	}
}
