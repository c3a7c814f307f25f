package bench

import (
	"context"
	"sync"
	"time"
)

// clock sends every caller's frame when it is due. Callers are spread over the 20 ms, as real ones are.
type clock struct {
	tally *tally

	mu    sync.Mutex
	slots [frameTime / slotTime][]*caller
	next  int
}

const slotTime = time.Millisecond

// add lets a caller speak from its next turn on.
func (k *clock) add(c *caller) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.next * 7 % len(k.slots) // neighbours in time are no neighbours in the list
	k.next++
	k.slots[i] = append(k.slots[i], c)
}

// remove takes a caller out.
func (k *clock) remove(c *caller) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, list := range k.slots {
		for j := range list {
			if list[j] == c {
				k.slots[i] = append(append([]*caller(nil), list[:j]...), list[j+1:]...) // run may be reading the old one
				return
			}
		}
	}
}

// run ticks until ctx ends. When it is late it catches up at once, as a network does after a jam.
func (k *clock) run(ctx context.Context) {
	start := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		due := start.Add(time.Duration(n) * slotTime)
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		k.mu.Lock()
		list := k.slots[n%len(k.slots)]
		k.mu.Unlock()
		for _, c := range list {
			now := time.Now()
			k.tally.late(now.Sub(due))
			c.tick(now)
		}
	}
}
