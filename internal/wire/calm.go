package wire

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long a service's announcement is believed at most: a wrong clock or an odd proxy must not silence a model for a day.
const (
	longestRefusal = 10 * time.Minute // it refused, and said for how long
	longestDrought = 10 * time.Second // it answered, and said that nothing is left
	mostModels     = 256              // that are remembered; beyond that the memory is begun anew
)

// calm remembers which model wants no requests until when, so that a service that is over its limit is not asked in vain by every conversation.
type calm struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// wait returns how long a model still wants no requests.
func (c *calm) wait(model string, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until[model].Sub(now)
}

// note takes what an answer announces.
func (c *calm) note(model string, res *http.Response, now time.Time) {
	d := time.Duration(0)
	switch {
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable, res.StatusCode == 529:
		d, _ = retryAfter(res.Header, now)
		d = min(d, longestRefusal)
	case res.StatusCode < 300:
		d = min(drought(res.Header, now), longestDrought)
	}
	c.rest(model, d, now)
}

// rest leaves a model alone for a while.
func (c *calm) rest(model string, d time.Duration, now time.Time) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until == nil || len(c.until) >= mostModels {
		c.until = map[string]time.Time{}
	}
	c.until[model] = now.Add(d)
}

// drought is how long it takes until another request can pass, by the headers of a request that did. Limits fill evenly, and the announced moment is that at which they are
// full: a limit of n requests admits the next after an nth of that time. How many tokens the next needs is not known: a twentieth of the limit is taken. A zero without a limit
// or a time says nothing: some services send it always.
func drought(h http.Header, now time.Time) (d time.Duration) {
	for _, p := range []string{"X-Ratelimit-%-Requests", "X-Ratelimit-%-Tokens", "Anthropic-Ratelimit-Requests-%", "Anthropic-Ratelimit-Tokens-%", "Anthropic-Ratelimit-Input-Tokens-%", "Anthropic-Ratelimit-Output-Tokens-%"} {
		name := func(what string) string { return strings.Replace(p, "%", what, 1) }
		limit, err := strconv.ParseInt(h.Get(name("Limit")), 10, 64)
		if h.Get(name("Remaining")) != "0" || err != nil || limit <= 0 {
			continue
		}
		share := time.Duration(20)
		if strings.Contains(p, "Requests") {
			share = time.Duration(limit)
		}
		d = max(d, full(h.Get(name("Reset")), now)/share)
	}
	return d
}

// full reads when a limit is full again: 6m0s, 1.5 (seconds), or a time.
func full(s string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(s); err == nil {
		return d
	}
	if sec, err := strconv.ParseFloat(s, 64); err == nil && sec >= 0 && sec < 1e6 {
		return time.Duration(sec * float64(time.Second))
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at.Sub(now)
	}
	return 0
}
