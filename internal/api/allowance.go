package api

import (
	"context"
	"math"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/identity"
)

// allowance is how often somebody may ask for what is dear: so many at once, and then one each interval.
type allowance struct {
	most  int
	every time.Duration
}

// buckets counts, for each who asks, in memory of this node. The zero value is ready.
type buckets struct {
	mu   sync.Mutex
	full map[string]time.Time // when the bucket of each will be full again; absent when it is
}

// mostBuckets bounds the memory: those that are full again are forgotten first.
const mostBuckets = 10_000

// take counts a request of whoever asks, or refuses it with fault.Limited "too_many_requests" and the seconds to wait.
func (b *buckets) take(ctx context.Context, a allowance) error {
	p := identity.Of(ctx)
	return b.takeFor(strings.Join([]string{p.Tenant, string(p.Kind), p.ID(), p.Address}, " "), a)
}

// takeFor counts a request against a name.
func (b *buckets) takeFor(who string, a allowance) error {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full == nil || len(b.full) >= mostBuckets {
		b.clear(now)
	}
	at := b.full[who]
	if at.Before(now) {
		at = now
	}
	at = at.Add(a.every)
	if over := at.Sub(now) - time.Duration(a.most)*a.every; over > 0 {
		seconds := strconv.Itoa(int(math.Ceil(over.Seconds())))
		f := fault.New(fault.Limited, "too_many_requests", "That is too often. Try again in %s seconds.", seconds)
		f.Params = map[string]string{"seconds": seconds}
		return f
	}
	b.full[who] = at
	return nil
}

// clear forgets whose bucket is full, and everybody when that is nobody. Called with mu held.
func (b *buckets) clear(now time.Time) {
	kept := map[string]time.Time{}
	for who, at := range b.full {
		if at.After(now) && len(b.full) < mostBuckets*2 {
			kept[who] = at
		}
	}
	if len(kept) >= mostBuckets {
		kept = map[string]time.Time{}
	}
	b.full = kept
}

// pathOf escapes one segment of a path.
func pathOf(s string) string { return url.PathEscape(s) }
