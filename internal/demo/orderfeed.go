package demo

import (
	"context"
	"sync"
)

// An orderFeed has the subscribers of changed orders.
type orderFeed struct {
	mu          sync.Mutex
	subscribers map[chan *order]func(*order) bool
}

// subscribe returns a channel of the changed orders that are wanted, until ctx ends. A
// subscriber that does not read misses some.
func (f *orderFeed) subscribe(ctx context.Context, wanted func(*order) bool) <-chan *order {
	orders := make(chan *order, 16)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subscribers == nil {
		f.subscribers = make(map[chan *order]func(*order) bool)
	}
	f.subscribers[orders] = wanted
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subscribers, orders)
		close(orders)
	})
	return orders
}

func (f *orderFeed) publish(o *order) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for orders, wanted := range f.subscribers {
		if wanted(o) {
			select {
			case orders <- o:
			default:
			}
		}
	}
}
