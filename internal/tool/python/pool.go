package python

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/fault"
)

// startTimeout bounds how long a worker may take until it is ready.
const startTimeout = 10 * time.Second

// pool owns the workers: those in use, bounded by Config.Max, and those that wait, Config.Warm of them. A worker serves one call.
//
// Two goroutines belong to it from the first call on. The starter starts every process from one thread, since the kernel ends a worker
// when the thread that started it ends (this is how no worker survives the server). The keeper replaces warm workers. Close waits for both.
type pool struct {
	r       *Runner
	ctx     context.Context // until Close
	cancel  context.CancelFunc
	slots   chan struct{} // one for each call at once
	idle    chan *worker  // ready ones
	lack    chan struct{} // one place: the keeper looks, however often it was told
	orders  chan order    // unbuffered: whoever orders waits for its turn
	waiting atomic.Int32
	keeping atomic.Bool

	mu      sync.Mutex     // guards closed and the first use of workers
	closed  bool           // no new work
	running bool           // starter and keeper are there
	work    sync.WaitGroup // starter, keeper and every call
}

type order struct {
	place *place
	reply chan started // one place: the starter never waits
}

type started struct {
	w   *worker
	err error
}

func newPool(r *Runner) *pool {
	ctx, cancel := context.WithCancel(context.Background())
	p := &pool{r: r, ctx: ctx, cancel: cancel, slots: make(chan struct{}, r.cfg.Max), lack: make(chan struct{}, 1), orders: make(chan order)}
	p.idle = make(chan *worker, max(0, r.cfg.Warm))
	return p
}

// begin counts a call in, unless the pool is closed.
func (p *pool) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fault.New(fault.Unavailable, "python_closed", "the server is stopping")
	}
	if !p.running {
		p.running = true
		p.work.Add(2)
		go p.start()
		go p.keep()
	}
	p.work.Add(1)
	return nil
}

// Prepare begins to keep workers ready. It does not wait for them.
func (p *pool) Prepare() {
	if p.begin() != nil {
		return
	}
	p.work.Done()
	p.keeping.Store(true)
	p.want()
}

func (p *pool) want() {
	select {
	case p.lack <- struct{}{}:
	default: // the keeper has yet to look
	}
}

// Close ends every worker and waits until they are gone; calls under way fail. It may be called twice.
func (p *pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.work.Wait()
	return nil
}

// start runs the processes, one after the other.
func (p *pool) start() {
	defer p.work.Done()
	defer ownThread()()
	for {
		select {
		case o := <-p.orders:
			w, err := startWorker(o.place)
			o.reply <- started{w, err}
		case <-p.ctx.Done():
			return
		}
	}
}

// fresh starts a worker and waits until it is ready.
func (p *pool) fresh(ctx context.Context, pl *place) (*worker, error) {
	o := order{pl, make(chan started, 1)}
	select {
	case p.orders <- o:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-p.ctx.Done():
		return nil, errClosed()
	}
	s := <-o.reply // starting a process does not wait for anything
	if s.err != nil {
		return nil, fault.Wrap(s.err, fault.Unavailable, "python_worker", "a worker for Python cannot be started")
	}
	if err := s.w.ready(ctx); err != nil {
		s.w.bury()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fault.Wrap(err, fault.Unavailable, "python_worker", "a worker for Python did not become ready")
	}
	return s.w, nil
}

// keep holds Config.Warm workers ready, and ends those that are left at the end.
func (p *pool) keep() {
	defer p.work.Done()
	defer func() {
		for {
			select {
			case w := <-p.idle:
				w.bury()
			default:
				return
			}
		}
	}()
	for {
		select {
		case <-p.lack:
		case <-p.ctx.Done():
			return
		}
		if !p.keeping.Load() {
			continue
		}
		for len(p.idle) < cap(p.idle) && p.ctx.Err() == nil {
			w, err := p.spare()
			if err != nil {
				if p.ctx.Err() == nil {
					p.r.log.Warn("no python worker could be kept ready", "error", err)
				}
				break // the next call tries again, and tells its caller
			}
			p.idle <- w // there is room: nobody else fills it
		}
	}
}

func (p *pool) spare() (*worker, error) {
	pl, err := p.r.find(p.ctx)
	if err != nil {
		return nil, err
	}
	return p.fresh(p.ctx, pl)
}

// take gives the caller a worker of its own: a warm one, or a fresh one.
func (p *pool) take(ctx context.Context) (w *worker, warm bool, err error) {
	pl, err := p.r.find(ctx)
	if err != nil {
		return nil, false, err
	}
	for {
		select {
		case w = <-p.idle:
			if w.gone() { // the system may have needed its memory
				w.bury()
				continue
			}
			return w, true, nil
		default:
			w, err = p.fresh(ctx, pl)
			return w, false, err
		}
	}
}

// enter waits for a place among the calls at once, in order of arrival. leave gives it back.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	if int(p.waiting.Add(1)) > p.r.cfg.Waiting {
		p.waiting.Add(-1)
		return fault.New(fault.Limited, "python_busy", "too many Python tools are running")
	}
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.ctx.Done():
		return errClosed()
	}
}

func (p *pool) leave() { <-p.slots }

// ask has one request answered by a worker that is thrown away afterwards. limit bounds the answer, not the wait for a worker.
func (p *pool) ask(ctx context.Context, q request, limit time.Duration) (answer, bool, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, false, err
	}
	if err := p.begin(); err != nil {
		return answer{}, false, err
	}
	defer p.work.Done()
	if err := p.enter(ctx); err != nil {
		return answer{}, false, err
	}
	w, warm, err := p.take(ctx)
	if err != nil {
		p.leave()
		return answer{}, false, err
	}
	p.want()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(errClosed()) })()
	a, err := w.serve(ctx, q, limit)
	p.work.Add(1)
	go func() { // the caller need not wait for the process to be gone; its place is free only then
		defer p.work.Done()
		defer p.leave()
		w.bury()
	}()
	if err != nil {
		return answer{}, warm, err
	}
	return a, warm, nil
}

func errClosed() error {
	return fault.New(fault.Unavailable, "python_closed", "the server is stopping")
}

var errNoAnswer = errors.New("the worker ended without an answer")
