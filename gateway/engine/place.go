package engine

import (
	"fmt"
	"sync"
)

// A place is where a call in flight is.
type place struct {
	mu         sync.Mutex
	node, note string
}

func (p *place) setNode(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.node, p.note = node, ""
}

func (p *place) setNote(note string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = note
}

// describe returns the node, or an empty text, and err with the place.
func (p *place) describe(err error) (node string, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.node == "":
	case p.note == "":
		err = fmt.Errorf("call on %s: %w", p.node, err)
	default:
		err = fmt.Errorf("call on %s: %s: %w", p.node, p.note, err)
	}
	return p.node, err
}
