package provider

import (
	"context"
	"sync"
	"time"
)

// How long what a vendor said is believed, and how long it may take to say it. A person waits for a list.
const (
	freshFor  = time.Minute
	failedFor = 10 * time.Second
	askFor    = 5 * time.Second
	mostKept  = 256 // answers; beyond that the oldest is forgotten
)

// Cache keeps what vendors answered to a question, so that a page that is opened often does not ask them each time. The zero value is ready; it is safe for concurrent use.
// Answers are shared: do not change them.
type Cache[T any] struct {
	mu   sync.Mutex // guards kept, not what is in it
	kept map[string]*answer[T]
}

// answer is guarded by its token: whoever holds it asks.
type answer[T any] struct {
	token chan struct{}
	asked time.Time // guarded by the cache's mu: when somebody last wanted it

	at    time.Time
	value T
	err   error
}

// Get returns the answer kept for a key for at most a minute, a failure for ten seconds, and otherwise asks, for at most five seconds. Of several who want the same at once one asks.
// It returns ctx's error when ctx ends first; that is not kept.
func (c *Cache[T]) Get(ctx context.Context, key string, ask func(context.Context) (T, error)) (T, error) {
	a := c.find(key)
	select {
	case a.token <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
	defer func() { <-a.token }()
	age, limit := time.Since(a.at), freshFor
	if a.err != nil {
		limit = failedFor
	}
	if !a.at.IsZero() && age < limit {
		return a.value, a.err
	}
	bounded, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	v, err := ask(bounded)
	if ctx.Err() != nil {
		var none T
		return none, ctx.Err()
	}
	a.at, a.value, a.err = time.Now(), v, err
	return v, err
}

func (c *Cache[T]) find(key string) *answer[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[string]*answer[T]{}
	}
	a := c.kept[key]
	if a == nil {
		if len(c.kept) >= mostKept {
			c.forget()
		}
		a = &answer[T]{token: make(chan struct{}, 1)}
		c.kept[key] = a
	}
	a.asked = time.Now()
	return a
}

// forget drops the answer that nobody has wanted for longest. Called with mu held; whoever waits for it gets it all the same.
func (c *Cache[T]) forget() {
	oldest := ""
	for k, a := range c.kept {
		if oldest == "" || a.asked.Before(c.kept[oldest].asked) {
			oldest = k
		}
	}
	delete(c.kept, oldest)
}
