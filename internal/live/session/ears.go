package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/fault"
	"griot/internal/live/load"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// ears carries the caller's audio to the recogniser, utterance by utterance. The listener pushes every frame; the actor says when an utterance begins and ends; one
// goroutine (run) does the sending, so that neither ever waits for a recogniser.
//
// The queue holds two seconds. When it is full the oldest frame is dropped, and counted; ends of utterances are never dropped.
type ears struct {
	model stt.Model
	opts  stt.Options
	post  func(msg)
	rate  int

	mu      sync.Mutex
	wake    chan struct{}
	queue   [queueFrames]op
	head    int // index of the oldest op
	n       int
	before  [prefixFrames][]int16 // the newest frames, for the start of an utterance
	beforeN int                   // frames ever pushed
	fed     int                   // index of the newest frame that was given to an utterance
	prefix  int                   // frames that an utterance begins with
	utt     int                   // under way; 0 for none
	dropped int
	load    *load.Meter

	threshold atomic.Uint32 // float32 bits of the detector's activation
}

const (
	queueFrames  = 100
	prefixFrames = 25
)

type opKind uint8

const (
	opAudio opKind = iota
	opBegin
	opFinalize
	opDiscard
)

type op struct {
	kind  opKind
	utt   int
	pcm   []int16 // reused
	hints stt.Hints
}

func newEars(p Plan, post func(msg)) *ears {
	e := &ears{model: p.Models.STT, opts: stt.Options{Lang: p.Lang, Hints: p.Settings.Hints}, post: post, load: p.Load, wake: make(chan struct{}, 1), rate: p.Models.STT.Caps().Rate}
	if e.rate == 0 {
		e.rate = 16000
	}
	e.retune(p.Settings.Turn.Threshold)
	// The onset is found up to 100 ms late; what lies before it is the prefix padding.
	e.prefix = min(prefixFrames, int((p.Settings.Turn.PrefixPadding+100*time.Millisecond)/media.FrameTime))
	return e
}

// push takes one frame of the caller's audio, at the recogniser's rate.
func (e *ears) push(pcm []int16) {
	e.mu.Lock()
	i := e.beforeN % prefixFrames
	e.before[i] = append(e.before[i][:0], pcm...)
	e.beforeN++
	if e.utt != 0 {
		e.fed = e.beforeN
		e.enqueue(opAudio, e.utt, pcm, stt.Hints{})
	}
	e.mu.Unlock()
}

// begin opens an utterance with the frames from before its onset that no earlier utterance had.
func (e *ears) begin(utt int, h stt.Hints) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.utt = utt
	e.enqueue(opBegin, utt, nil, h)
	for k := max(e.fed, e.beforeN-e.prefix, 0); k < e.beforeN; k++ {
		e.enqueue(opAudio, utt, e.before[k%prefixFrames], stt.Hints{})
	}
	e.fed = e.beforeN
}

func (e *ears) finalize(utt int) { e.end(opFinalize, utt) }
func (e *ears) discard(utt int)  { e.end(opDiscard, utt) }

func (e *ears) end(k opKind, utt int) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.utt == utt {
		e.utt = 0
	}
	e.enqueue(k, utt, nil, stt.Hints{})
}

// enqueue adds an op. Called with mu held.
func (e *ears) enqueue(k opKind, utt int, pcm []int16, h stt.Hints) {
	if e.n == queueFrames {
		e.drop()
	}
	o := &e.queue[(e.head+e.n)%queueFrames]
	o.kind, o.utt, o.hints = k, utt, h
	o.pcm = append(o.pcm[:0], pcm...)
	e.n++
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// drop takes the oldest audio frame out. Called with mu held.
func (e *ears) drop() {
	for i := range e.n {
		if e.queue[(e.head+i)%queueFrames].kind != opAudio {
			continue
		}
		for k := i; k > 0; k-- { // close the gap towards the head
			a, b := (e.head+k)%queueFrames, (e.head+k-1)%queueFrames
			e.queue[a], e.queue[b] = e.queue[b], e.queue[a]
		}
		break
	}
	e.head = (e.head + 1) % queueFrames
	e.n--
	e.dropped++
	e.load.Drop(1)
}

func (e *ears) droppedFrames() int {
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dropped
}

func (e *ears) retune(threshold float32) {
	if e == nil {
		return
	}
	if threshold <= 0 {
		threshold = 0.5
	}
	e.threshold.Store(math.Float32bits(threshold))
}

// take copies the oldest op into o, or reports that there is none.
func (e *ears) take(o *op) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n == 0 {
		return false
	}
	q := &e.queue[e.head]
	o.kind, o.utt, o.hints = q.kind, q.utt, q.hints
	o.pcm = append(o.pcm[:0], q.pcm...)
	q.hints = stt.Hints{}
	e.head = (e.head + 1) % queueFrames
	e.n--
	return true
}

// run sends until ctx ends. A stream that fails is opened again for the next utterance.
func (e *ears) run(ctx context.Context) {
	var o op
	var line *line
	defer func() { line.close() }()
	for ctx.Err() == nil {
		if !e.take(&o) {
			select {
			case <-e.wake:
			case <-ctx.Done():
			}
			continue
		}
		if line.broken() {
			line.close()
			line = nil
		}
		if line == nil {
			if o.kind == opDiscard {
				continue
			}
			l, err := e.dial(ctx)
			if err != nil {
				if o.kind == opFinalize {
					e.post(earFault{utt: o.utt, err: fmt.Errorf("open the recogniser: %w", err)})
				}
				continue
			}
			line = l
		}
		if err := line.do(ctx, &o); err != nil && ctx.Err() == nil {
			line.fail(fmt.Errorf("recognise: %w", err), o.utt)
		}
	}
}

// line is one recognition stream with the goroutine that reads it.
type line struct {
	e      *ears
	stream stt.Stream
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	utt    int   // being sent
	owed   []int // finalised utterances whose Final has not come, oldest first
	skip   map[int]bool
	failed bool
}

func (e *ears) dial(ctx context.Context) (*line, error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := e.model.Open(ctx, e.opts)
	if err != nil {
		cancel()
		return nil, err
	}
	l := &line{e: e, stream: s, cancel: cancel, done: make(chan struct{}), skip: map[int]bool{}}
	go func() { defer close(l.done); l.read(ctx) }()
	return l, nil
}

func (l *line) broken() bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *line) close() {
	if l == nil {
		return
	}
	_ = l.stream.Close()
	l.cancel()
	<-l.done
}

// fail reports a fault for every utterance whose words will not come.
func (l *line) fail(err error, utt int) {
	l.mu.Lock()
	owed := l.owed
	first := !l.failed
	l.owed, l.failed = nil, true
	l.mu.Unlock()
	if len(owed) == 0 && first {
		owed = []int{utt}
	}
	for _, u := range owed {
		l.e.post(earFault{utt: u, err: err})
	}
}

func (l *line) do(ctx context.Context, o *op) error {
	switch o.kind {
	case opBegin:
		l.mu.Lock()
		l.utt = o.utt
		l.mu.Unlock()
		if h, ok := l.stream.(stt.Hinter); ok {
			return h.SetHints(ctx, o.hints)
		}
	case opAudio:
		return l.stream.Send(ctx, media.Frame{Format: media.Mono(l.e.rate), PCM: o.pcm})
	case opFinalize:
		l.mu.Lock()
		l.owed = append(l.owed, o.utt)
		l.mu.Unlock()
		return l.stream.Finalize(ctx)
	case opDiscard:
		if d, ok := l.stream.(stt.Discarder); ok {
			return d.Discard(ctx)
		}
		l.mu.Lock()
		l.owed = append(l.owed, o.utt)
		l.skip[o.utt] = true
		l.mu.Unlock()
		return l.stream.Finalize(ctx)
	}
	return nil
}

func (l *line) read(ctx context.Context) {
	for {
		ev, err := l.stream.Recv(ctx)
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return
		}
		if err != nil {
			l.fail(fmt.Errorf("recognise: %w", err), l.current())
			return
		}
		switch ev.Kind {
		case stt.Partial:
			l.e.post(wordsMsg{utt: l.current(), ev: ev})
		case stt.Final:
			l.mu.Lock()
			if len(l.owed) == 0 {
				l.mu.Unlock()
				l.fail(fault.New(fault.Internal, "recogniser_protocol", "the recogniser settled an utterance that had not ended"), 0)
				return
			}
			utt := l.owed[0]
			l.owed = l.owed[1:]
			skip := l.skip[utt]
			delete(l.skip, utt)
			l.mu.Unlock()
			if !skip {
				l.e.post(wordsMsg{utt: utt, ev: ev})
			}
		}
	}
}

// current is the utterance to which a partial result belongs: the oldest that is not settled.
func (l *line) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owed) > 0 {
		return l.owed[0]
	}
	return l.utt
}
