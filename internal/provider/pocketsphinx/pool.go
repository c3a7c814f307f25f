package pocketsphinx

import (
	"context"
	"sync"
)

// shelf keeps grammar decoders that are ready for the next stream, so that opening one costs microseconds instead of 11 ms.
// There is no upper limit on how many are out.
type shelf struct {
	make func() (*decoder, error)
	size int // how many are kept

	mu     sync.Mutex // guards what follows
	idle   []*decoder
	closed bool
}

func (s *shelf) get() (*decoder, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		d := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return d, nil
	}
	s.mu.Unlock()
	return s.make()
}

// put takes a decoder back; it is freed when it cannot be made as good as new or is one too many.
func (s *shelf) put(d *decoder) {
	ok := d.reset()
	s.mu.Lock()
	if ok && !s.closed && len(s.idle) < s.size {
		s.idle = append(s.idle, d)
		d = nil
	}
	s.mu.Unlock()
	if d != nil {
		d.free()
	}
}

func (s *shelf) close() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, d := range idle {
		d.free()
	}
}

// bench holds the few dictation decoders that all streams share. A seat is a decoder, or nil where none was made yet.
type bench struct {
	make  func() (*decoder, error)
	seats chan *decoder

	mu     sync.Mutex // guards closed
	closed bool
}

func newBench(n int, mk func() (*decoder, error)) *bench {
	b := &bench{make: mk, seats: make(chan *decoder, n)}
	for range n {
		b.seats <- nil
	}
	return b
}

// get waits for a decoder until ctx is done. It may make one, about 200 ms.
func (b *bench) get(ctx context.Context) (*decoder, error) {
	select {
	case d := <-b.seats:
		return b.sit(d)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// try returns a decoder that is ready now, nil when there is none.
func (b *bench) try() *decoder {
	for range cap(b.seats) {
		select {
		case d := <-b.seats:
			if d != nil {
				return d
			}
			b.seats <- nil
		default:
			return nil
		}
	}
	return nil
}

// warm sees to it that a decoder was made. It does not wait for one that is in use.
func (b *bench) warm() {
	select {
	case d := <-b.seats:
		if d, err := b.sit(d); err == nil {
			b.put(d)
		}
	default:
	}
}

func (b *bench) sit(d *decoder) (*decoder, error) {
	if d != nil {
		return d, nil
	}
	d, err := b.make()
	if err != nil {
		b.seats <- nil
		return nil, err
	}
	return d, nil
}

// put takes a decoder back.
func (b *bench) put(d *decoder) {
	ok := d.reset()
	b.mu.Lock()
	if !ok || b.closed {
		defer d.free()
		d = nil
	}
	b.seats <- d // never blocks: there is a seat for each that was taken
	b.mu.Unlock()
}

func (b *bench) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	for range cap(b.seats) {
		select {
		case d := <-b.seats:
			if d != nil {
				d.free()
			}
			b.seats <- nil
		default:
		}
	}
}
