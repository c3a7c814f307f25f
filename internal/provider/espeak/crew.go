package espeak

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"griot/internal/fault"
)

// crew keeps workers warm: as many as there are processors, more when callers queue, up to a limit. Callers beyond that
// wait in order of arrival. It implements engine.
type crew struct {
	start       func(context.Context) (*worker, error)
	warm, limit int
	life        context.Context
	end         context.CancelFunc
	tasks       sync.WaitGroup // workers being started, and one waiter for each that runs

	mu       sync.Mutex // guards what follows
	idle     []*worker
	all      map[*worker]bool
	starting int
	queue    []chan hired // each has room for one; a channel is in the queue until it is served
	closed   bool
}

type hired struct {
	w   *worker
	err error
}

// newCrew takes over a first worker and starts the others.
func newCrew(first *worker, start func(context.Context) (*worker, error), warm, limit int) *crew {
	c := &crew{start: start, warm: max(warm, 1), limit: max(limit, warm, 1), all: map[*worker]bool{}}
	c.life, c.end = context.WithCancel(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.join(first)
	for len(c.all)+c.starting < c.warm {
		c.hire()
	}
	return c
}

func (c *crew) exact() bool         { return true }
func (c *crew) prepare(string, int) {} // one worker serves every voice

// speak gives the request to a worker. A worker that breaks down before any sound came is replaced by another, once.
func (c *crew) speak(ctx context.Context, r request, emit func(part)) error {
	var err error
	for range 2 {
		var w *worker
		if w, err = c.acquire(ctx); err != nil {
			return err
		}
		heard := false
		err = w.speak(ctx, r, func(p part) { heard = true; emit(p) })
		c.release(w, !errors.Is(err, errBroken))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if heard || !errors.Is(err, errBroken) {
			break
		}
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "espeak_failed", "speaking with espeak failed")
	}
	return nil
}

func (c *crew) acquire(ctx context.Context) (*worker, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errClosed()
	}
	if n := len(c.idle); n > 0 {
		w := c.idle[n-1] // the last one used: its memory is in the caches
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return w, nil
	}
	turn := make(chan hired, 1)
	c.queue = append(c.queue, turn)
	if c.starting < len(c.queue) && len(c.all)+c.starting < c.limit {
		c.hire()
	}
	c.mu.Unlock()

	select {
	case h := <-turn:
		return h.w, h.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.queue, turn); i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
	} else if h := <-turn; h.w != nil { // served meanwhile
		c.hand(h.w)
	}
	return nil, ctx.Err()
}

func (c *crew) release(w *worker, good bool) {
	if !good {
		w.kill() // attend notices, and replaces it
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hand(w)
}

// hand gives w to whoever waits longest, or lets it rest. mu is held.
func (c *crew) hand(w *worker) {
	switch {
	case c.closed:
		w.kill()
	case !c.all[w]: // it died in its caller's hands
	case len(c.queue) > 0:
		c.queue[0] <- hired{w: w}
		c.queue = c.queue[1:]
	default:
		c.idle = append(c.idle, w)
	}
}

// hire starts a worker in the background. mu is held.
func (c *crew) hire() {
	c.starting++
	c.tasks.Go(func() {
		w, err := c.start(c.life)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.starting--
		switch {
		case err == nil:
			c.join(w)
		case len(c.all)+c.starting == 0: // nobody is left who could serve those who wait
			err = fault.Wrap(err, fault.Unavailable, "espeak_failed", "no espeak process could be started")
			for _, turn := range c.queue {
				turn <- hired{err: err}
			}
			c.queue = nil
		}
	})
}

// join adds a worker that has started. mu is held.
func (c *crew) join(w *worker) {
	c.all[w] = true
	c.tasks.Go(func() { c.attend(w) })
	c.hand(w)
}

// attend waits for the end of a worker and replaces it where it is missed.
func (c *crew) attend(w *worker) {
	w.bury()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, w)
	c.idle = slices.DeleteFunc(c.idle, func(i *worker) bool { return i == w })
	if c.closed {
		return
	}
	left := len(c.all) + c.starting
	// One that died young without having spoken would be followed by others like it: then wait until one is needed.
	healthy := w.served.Load() > 0 || time.Since(w.born) > time.Second
	if left < c.warm && healthy || left == 0 && len(c.queue) > 0 {
		c.hire()
	}
}

// close kills the workers and waits for their ends.
func (c *crew) close() {
	c.mu.Lock()
	c.closed = true
	c.end()
	for w := range c.all {
		w.kill()
	}
	for _, turn := range c.queue {
		turn <- hired{err: errClosed()}
	}
	c.queue = nil
	c.mu.Unlock()
	c.tasks.Wait()
}

func errClosed() error {
	return fault.New(fault.Unavailable, "espeak_closed", "the espeak voices were closed")
}
