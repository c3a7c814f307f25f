package chat

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// bounds of the histogram, in seconds.
var bounds = [...]float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 3, 5, 8, 15}

// figures are what the specification has measured (7.11), over all tenants since the start.
type figures struct {
	mu                                  sync.Mutex
	messages, prompt, completion, tools uint64
	buckets                             [len(bounds) + 1]uint64
	sum                                 float64
	models                              map[string]bool // by name: the last reply succeeded
}

func (f *figures) message() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages++
}

func (f *figures) tool() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tools++
}

func (f *figures) spent(u Usage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prompt += uint64(max(0, u.Prompt))
	f.completion += uint64(max(0, u.Completion))
}

func (f *figures) first(d time.Duration) {
	s := d.Seconds()
	i, _ := slices.BinarySearch(bounds[:], s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buckets[i]++
	f.sum += s
}

// maxModels bounds the names that are kept.
const maxModels = 100

func (f *figures) answered(model string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.models[model]; known || len(f.models) < maxModels {
		f.models[model] = ok
	}
}

// Health says how the models did that were asked last: "healthy" when all of them answered, "degraded" when one did not.
type Health struct {
	Status string            `json:"status" enum:"healthy,degraded"`
	Models map[string]string `json:"model_status" doc:"By the model's name, for those that were asked since the start: healthy when it answered the last time, else unavailable."`
}

// Health returns the service's health.
func (s *Service) Health() Health {
	s.figures.mu.Lock()
	defer s.figures.mu.Unlock()
	h := Health{Status: "healthy", Models: map[string]string{}}
	for name, ok := range s.figures.models {
		h.Models[name] = "healthy"
		if !ok {
			h.Models[name], h.Status = "unavailable", "degraded"
		}
	}
	return h
}

// WriteMetrics writes the figures in Prometheus's text format, version 0.0.4. The specification's dots are underscores there.
func (s *Service) WriteMetrics(w io.Writer) error {
	active := s.active()
	f := &s.figures
	f.mu.Lock()
	var b strings.Builder
	one := func(name, kind, help string, v uint64) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n%s %d\n", name, help, name, kind, name, v)
	}
	one("text_agent_messages_total", "counter", "Messages that were written to agents.", f.messages)
	one("text_agent_tokens_prompt", "counter", "Tokens that models read.", f.prompt)
	one("text_agent_tokens_completion", "counter", "Tokens that models wrote.", f.completion)
	one("text_agent_tools_calls", "counter", "Calls of tools.", f.tools)
	one("text_agent_sessions_active", "gauge", "Sessions in which something was written and that are not over.", uint64(active))
	const name = "text_agent_latency_first_token"
	fmt.Fprintf(&b, "# HELP %s Seconds from a message to the first piece of its reply.\n# TYPE %s histogram\n", name, name)
	n := uint64(0)
	for i, v := range f.buckets {
		n += v
		le := "+Inf"
		if i < len(bounds) {
			le = fmt.Sprint(bounds[i])
		}
		fmt.Fprintf(&b, "%s_bucket{le=%q} %d\n", name, le, n)
	}
	fmt.Fprintf(&b, "%s_sum %g\n%s_count %d\n", name, f.sum, name, n)
	f.mu.Unlock()
	_, err := io.WriteString(w, b.String())
	return err
}

// maxSeen bounds the sessions that are counted as active.
const maxSeen = 100_000

// saw notes that a session is in use, until then.
func (s *Service) saw(p place, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) >= maxSeen {
		s.sweep(time.Now())
	}
	if len(s.seen) < maxSeen {
		s.seen[p] = until
	}
}

func (s *Service) active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(time.Now())
	return len(s.seen)
}

// sweep forgets the sessions that are over. s.mu is held.
func (s *Service) sweep(now time.Time) {
	maps.DeleteFunc(s.seen, func(_ place, until time.Time) bool { return now.After(until) })
	maps.DeleteFunc(s.brief, func(p place, b *brief) bool {
		st := s.streams[p]
		return now.After(b.until) && (st == nil || st.ended())
	})
}
