package fake

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"griot/internal/model/llm"
)

// Answer is one scripted answer of an LLM. The deltas come in this order: Text, Calls, usage, stop reason.
type Answer struct {
	Text         string
	First        time.Duration // from the request to the first delta (or to Err, when there is no Text)
	WordsPerSec  float64       // how fast Text streams, one word a delta; 0 gives Text in one delta
	Calls        []llm.ToolCall
	Err          error          // ends the answer after Text; with no Text it comes instead of the first delta
	Hang         bool           // after Text (if any) nothing more arrives until ctx ends
	IgnoreCancel time.Duration  // how long the answer goes on after ctx is cancelled, while it is still ranged over
	Stop         llm.StopReason // "" means StopTools with Calls, StopNothing with neither Text nor Calls, else StopEnd
	Usage        llm.Usage      // zero counts words of the request and of the answer
}

// Script is a list of answers, given in order; the last one repeats.
type Script []Answer

// LLM is a scripted language model. It is safe for concurrent use.
type LLM struct {
	answer func(llm.Request) Answer
	forget bool // keep no record of requests: a program may run for months

	mu       sync.Mutex // guards what follows
	requests []llm.Request
	active   int
	calls    int
}

// NewLLM returns a model that gives these answers in order and then repeats the last one. Without answers it has nothing to say.
func NewLLM(answers ...Answer) *LLM {
	script := Script(slices.Clone(answers))
	var mu sync.Mutex
	next := 0
	return NewLLMFunc(func(llm.Request) Answer {
		mu.Lock()
		defer mu.Unlock()
		if len(script) == 0 {
			return Answer{}
		}
		a := script[min(next, len(script)-1)]
		next++
		return a
	})
}

// NewLLMFunc returns a model whose answers depend on the request. The function may be called concurrently.
func NewLLMFunc(answer func(llm.Request) Answer) *LLM {
	return &LLM{answer: answer}
}

// Requests returns copies of all requests so far, in the order in which they were made.
func (m *LLM) Requests() []llm.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

// TakesImages implements llm.Viewer: whatever it is shown, it answers by its script.
func (m *LLM) TakesImages() bool { return true }

// Active returns how many answers are being generated now: 0 once every sequence was ranged to its end or left.
func (m *LLM) Active() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.active
}

// Generate implements llm.Model. The request is recorded, and its answer chosen, when the sequence is first ranged over.
func (m *LLM) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		m.mu.Lock()
		if !m.forget {
			m.requests = append(m.requests, copyRequest(r))
		}
		m.active++
		m.mu.Unlock()
		defer func() {
			m.mu.Lock()
			m.active--
			m.mu.Unlock()
		}()
		m.play(ctx, m.answer(r), r, yield)
	}
}

func (m *LLM) play(ctx context.Context, a Answer, r llm.Request, yield func(llm.Delta, error) bool) {
	p := &patience{ctx: ctx, grace: a.IgnoreCancel}
	if err := p.wait(a.First); err != nil {
		yield(llm.Delta{}, err)
		return
	}
	for i, w := range pieces(a) {
		if i > 0 {
			if err := p.wait(time.Duration(float64(time.Second) / a.WordsPerSec)); err != nil {
				yield(llm.Delta{}, err)
				return
			}
		}
		if !yield(llm.Delta{Text: w}, nil) {
			return
		}
	}
	if a.Hang {
		yield(llm.Delta{}, p.hang())
		return
	}
	if a.Err != nil {
		yield(llm.Delta{}, a.Err)
		return
	}
	for _, c := range a.Calls {
		if err := p.wait(0); err != nil {
			yield(llm.Delta{}, err)
			return
		}
		if !yield(llm.Delta{Call: m.whole(c)}, nil) {
			return
		}
	}
	u := a.Usage
	if u == (llm.Usage{}) {
		u = llm.Usage{Input: countWords(r), Output: len(strings.Fields(a.Text))}
	}
	if !yield(llm.Delta{Usage: &u}, nil) {
		return
	}
	yield(llm.Delta{Stop: a.stop()}, nil)
}

// whole returns a copy of c with an ID and with arguments.
func (m *LLM) whole(c llm.ToolCall) *llm.ToolCall {
	if c.ID == "" {
		m.mu.Lock()
		m.calls++
		c.ID = fmt.Sprintf("call_%d", m.calls)
		m.mu.Unlock()
	}
	if c.Arguments == "" {
		c.Arguments = "{}"
	}
	return &c
}

func (a Answer) stop() llm.StopReason {
	switch {
	case a.Stop != "":
		return a.Stop
	case len(a.Calls) > 0:
		return llm.StopTools
	case a.Text == "":
		return llm.StopNothing
	}
	return llm.StopEnd
}

// patience waits, and gives up only some time after its context is done.
type patience struct {
	ctx      context.Context
	grace    time.Duration
	deadline time.Time // set once the context was seen done
}

// wait returns nil after d, or the context's error when that is done and the grace has run out.
func (p *patience) wait(d time.Duration) error {
	if p.grace <= 0 {
		return wait(p.ctx, d)
	}
	end := time.Now().Add(d)
	if p.deadline.IsZero() {
		if wait(p.ctx, d) == nil {
			return nil
		}
		p.deadline = time.Now().Add(p.grace)
	}
	late := end.After(p.deadline)
	if late {
		end = p.deadline
	}
	if err := wait(context.WithoutCancel(p.ctx), time.Until(end)); err != nil {
		return err
	}
	if late || !time.Now().Before(p.deadline) {
		return p.ctx.Err()
	}
	return nil
}

// hang waits for the context to end, and for the grace.
func (p *patience) hang() error {
	<-p.ctx.Done()
	if err := wait(context.WithoutCancel(p.ctx), p.grace); err != nil {
		return err
	}
	return p.ctx.Err()
}

// pieces cuts the text as a streaming model does: each word but the first begins with its space.
func pieces(a Answer) []string {
	if a.Text == "" {
		return nil
	}
	if a.WordsPerSec <= 0 {
		return []string{a.Text}
	}
	var out []string
	start := 0
	inWord := false
	for i := 0; i < len(a.Text); {
		r, n := utf8.DecodeRuneInString(a.Text[i:])
		space := unicode.IsSpace(r)
		if space && inWord {
			out = append(out, a.Text[start:i])
			start = i
		}
		inWord = !space
		i += n
	}
	return append(out, a.Text[start:])
}

func countWords(r llm.Request) int {
	n := len(strings.Fields(r.System))
	for _, m := range r.Messages {
		n += len(strings.Fields(m.Text))
	}
	return n
}

func copyRequest(r llm.Request) llm.Request {
	r.Messages = slices.Clone(r.Messages)
	for i := range r.Messages {
		r.Messages[i].Calls = slices.Clone(r.Messages[i].Calls)
	}
	r.Tools = slices.Clone(r.Tools)
	return r
}
