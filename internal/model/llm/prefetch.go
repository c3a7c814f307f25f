package llm

import (
	"context"
	"encoding/json"
	"iter"
	"sync"
)

// prefetchLimit is how many deltas are taken before anybody wants them.
const prefetchLimit = 512

// Prefetched is an answer that is being thought before it is known to be wanted. It is a Model: the first Generate with the same request gives what has come and goes on with
// the rest; any other asks the model as usual. Nothing a model wants done is done by thinking: tools are run by who reads the deltas.
type Prefetched struct {
	m      Model
	key    string
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	got    []item
	more   chan struct{} // of one place: there is news
	taken  bool
	closed bool
}

type item struct {
	d   Delta
	err error
}

// Prefetch starts to ask m. Stop must be called; it is harmless after the answer was taken and read.
func Prefetch(ctx context.Context, m Model, r Request) *Prefetched {
	ctx, cancel := context.WithCancel(ctx)
	p := &Prefetched{m: m, key: key(r), cancel: cancel, done: make(chan struct{}), more: make(chan struct{}, 1)}
	go p.read(ctx, r)
	return p
}

// Stop ends the thinking and waits for it.
func (p *Prefetched) Stop() {
	p.cancel()
	<-p.done
}

// Matches reports whether r is what is being thought about.
func (p *Prefetched) Matches(r Request) bool { return p.key == key(r) }

func key(r Request) string {
	b, err := json.Marshal(r)
	if err != nil { // a tool's parameters are not JSON: then nothing matches
		return "\x00"
	}
	return string(b)
}

func (p *Prefetched) read(ctx context.Context, r Request) {
	defer close(p.done)
	n := 0
	for d, err := range p.m.Generate(ctx, r) {
		p.add(item{d, err})
		if n++; n > prefetchLimit && !p.wanted() {
			p.cancel()
			break
		}
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.tell()
}

func (p *Prefetched) add(it item) {
	p.mu.Lock()
	p.got = append(p.got, it)
	p.mu.Unlock()
	p.tell()
}

func (p *Prefetched) wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

func (p *Prefetched) tell() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// take claims the answer for one reader.
func (p *Prefetched) take(r Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken || p.key != key(r) {
		return false
	}
	p.taken = true
	return true
}

// Generate implements Model.
func (p *Prefetched) Generate(ctx context.Context, r Request) iter.Seq2[Delta, error] {
	if !p.take(r) {
		return p.m.Generate(ctx, r)
	}
	return func(yield func(Delta, error) bool) {
		defer p.cancel()
		for {
			p.mu.Lock()
			got, closed := p.got, p.closed
			p.got = nil
			p.mu.Unlock()
			for _, it := range got {
				if !yield(it.d, it.err) {
					return
				}
			}
			if closed {
				return
			}
			select {
			case <-p.more:
			case <-ctx.Done():
				yield(Delta{}, ctx.Err())
				return
			}
		}
	}
}

// Expect implements Expecter where the model does.
func (p *Prefetched) Expect(r Request) ([]string, string) {
	if e, ok := p.m.(Expecter); ok {
		return e.Expect(r)
	}
	return nil, ""
}

// TakesImages implements Viewer.
func (p *Prefetched) TakesImages() bool { return TakesImages(p.m) }

// TakesFiles implements Reader.
func (p *Prefetched) TakesFiles() bool {
	return TakesFiles(p.m)
}
