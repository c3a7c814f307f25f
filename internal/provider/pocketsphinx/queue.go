package pocketsphinx

import (
	"context"
	"io"
	"sync"

	"griot/internal/model/stt"
)

// maxFinals bounds the results that nobody has received. A further Finalize is refused: losing a Final would break the contract.
const maxFinals = 64

// queue holds the events of a stream in order. A Final may take its place before its text is known; what comes after it waits.
// A Partial replaces the one before it that nobody has received, so that a slow receiver costs no memory.
type queue struct {
	mu     sync.Mutex // guards what follows
	items  []*item
	finals int
	closed bool
	wake   chan struct{} // holds one token when something changed
}

type item struct {
	ev    stt.Event
	ready bool
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) partial(ev stt.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cut()
	q.items = append(q.items, &item{ev, true})
	q.signal()
}

// cut removes the Partial at the end, if there is one. The caller holds mu.
func (q *queue) cut() {
	if n := len(q.items); n > 0 && q.items[n-1].ev.Kind == stt.Partial {
		q.items = q.items[:n-1]
	}
}

// forget removes a Partial that belongs to an utterance of which nobody wants to hear.
func (q *queue) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cut()
}

func (q *queue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.finals >= maxFinals
}

// final takes a place for a Final; settle fills it.
func (q *queue) final() *item {
	q.mu.Lock()
	defer q.mu.Unlock()
	it := &item{ev: stt.Event{Kind: stt.Final}}
	q.items = append(q.items, it)
	q.finals++
	return it
}

func (q *queue) settle(it *item, ev stt.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	it.ev, it.ready = ev, true
	q.signal()
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.items = true, nil
	q.signal()
}

// recv waits for the next event. It returns io.EOF after close and when ctx is done.
func (q *queue) recv(ctx context.Context) (stt.Event, error) {
	for {
		q.mu.Lock()
		if q.closed || ctx.Err() != nil {
			q.signal() // for whoever asks next
			q.mu.Unlock()
			return stt.Event{}, io.EOF
		}
		if len(q.items) > 0 && q.items[0].ready {
			ev := q.items[0].ev
			q.items[0] = nil
			q.items = q.items[1:]
			if ev.Kind == stt.Final {
				q.finals--
			}
			if len(q.items) > 0 {
				q.signal()
			}
			q.mu.Unlock()
			return ev, nil
		}
		q.mu.Unlock()
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
}
