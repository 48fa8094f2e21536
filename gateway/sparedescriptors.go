package gateway

import (
	"os"
	"sync"
)

// spareFiles is how many file descriptors are kept for connections of operators.
const spareFiles = 4

// spareDescriptors are file descriptors that are open for nothing, to be closed when
// the process has no other left for a connection.
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

// refill opens those that were used, as far as that is possible.
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
