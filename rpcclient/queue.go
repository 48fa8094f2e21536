package rpcclient

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// queue holds the calls that wait for a slot, first come, first served. Its head is
// woken when a slot may be free, and tries to take one.
type queue struct {
	max    int
	length atomic.Int32 // of waiting, to be read without the lock

	mu      sync.Mutex
	waiting list.List // of chan struct{}
}

// enqueue adds a waiter, unless the queue is full. Its channel delivers when the
// waiter is the head and a slot may be free.
func (q *queue) enqueue() (waiter *list.Element, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.Len() >= q.max {
		return nil, true
	}
	waiter = q.waiting.PushBack(make(chan struct{}, 1))
	q.length.Add(1)
	q.wakeFirst()
	return waiter, false
}

// dequeue removes a waiter and wakes the head.
func (q *queue) dequeue(waiter *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting.Remove(waiter)
	q.length.Add(-1)
	q.wakeFirst()
}

// wakeNext wakes the next waiter, which may have use for a slot that this one has not.
func (q *queue) wakeNext(waiter *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.signal(waiter.Next())
}

// wake wakes the head. A slot is free before wake, and a waiter enqueues before it
// tries to take a slot, so none is missed. The slots of a new node are found by the
// next call.
func (q *queue) wake() {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeFirst()
}

func (q *queue) wakeFirst() { q.signal(q.waiting.Front()) }

func (q *queue) signal(waiter *list.Element) {
	if waiter != nil {
		select {
		case waiter.Value.(chan struct{}) <- struct{}{}:
		default:
		}
	}
}
