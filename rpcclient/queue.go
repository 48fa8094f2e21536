package rpcclient

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// queue holds the calls that wait for a place on a node, first come, first
// served. Its head is told when there may be a place, and looks for itself.
type queue struct {
	max    int
	length atomic.Int32 // of waiting, for those who only want to know whether it is empty

	mu      sync.Mutex
	waiting list.List // of chan struct{}
}

// join takes a place at the end, unless the queue is full. The channel delivers
// whenever the call is the first and should look for a place on a node.
func (q *queue) enqueue() (turn *list.Element, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.Len() >= q.max {
		return nil, true
	}
	turn = q.waiting.PushBack(make(chan struct{}, 1))
	q.length.Add(1)
	q.wakeFirst()
	return turn, false
}

// leave gives a place up. Whoever is first then looks for a place on a node.
func (q *queue) dequeue(turn *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting.Remove(turn)
	q.length.Add(-1)
	q.wakeFirst()
}

// pass tells the next one that there may be a place, which is none for this one.
func (q *queue) wakeNext(turn *list.Element) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.signal(turn.Next())
}

// wake tells the head that there may be a place. Whoever gives one up does so after
// it is there, as whoever joins looks for one after that: no such place is missed.
// Those of a node that comes up are found by whoever comes next.
func (q *queue) wake() {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeFirst()
}

func (q *queue) wakeFirst() { q.signal(q.waiting.Front()) }

func (q *queue) signal(turn *list.Element) {
	if turn != nil {
		select {
		case turn.Value.(chan struct{}) <- struct{}{}:
		default:
		}
	}
}
