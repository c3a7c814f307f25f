package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/fault"
	"griot/internal/live/load"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// ears carries the caller's audio to the recogniser, utterance by utterance. The listener pushes every frame; the actor says when an utterance begins and ends; one
// goroutine (run) does the sending, so that neither ever waits for a recogniser. Frames are kept at the rate at which they come, and brought to the
// recogniser's only when they are sent.
//
// Up to two seconds wait. When there is more the oldest frame is dropped, and counted; ends of utterances are never dropped.
type ears struct {
	model stt.Model // run's, like the next two
	opts  stt.Options
	rate  int // the recogniser's
	post  func(msg)
	wake  chan struct{}

	mu      sync.Mutex
	in      int         // rate of the frames
	size    int         // samples of one frame
	ring    []int16     // the newest frames: frame n is in slot n modulo their number
	slots   int         // grows while the recogniser is slow
	pushed  int         // frames ever pushed
	fed     int         // the first frame that no utterance had
	prefix  int         // frames that an utterance begins with
	list    []utterance // not sent whole, oldest first
	dropped int
	load    *load.Meter
	other   *changeEar // the recogniser from the next utterance on; nil for the same

	threshold atomic.Uint32 // float32 bits of the detector's activation
}

const (
	queueFrames  = 100 // unsent ones
	prefixFrames = 25
)

// utterance is a stretch of frames for the recogniser.
type utterance struct {
	id    int
	hints stt.Hints
	next  int // frame to send
	to    int // the frame after the last; of an open utterance, all that come
	open  bool
	begun bool   // opBegin is sent
	last  opKind // what ends it; 0: that comes separately
}

type opKind uint8

const (
	opAudio opKind = iota + 1
	opBegin
	opFinalize
	opDiscard
)

// op is one thing for the recognition stream.
type op struct {
	kind  opKind
	utt   int
	rate  int
	pcm   []int16 // reused
	hints stt.Hints
}

func newEars(p Plan, post func(msg)) *ears {
	e := &ears{model: p.Models.STT, opts: stt.Options{Lang: p.Lang, Hints: p.Settings.Hints}, post: post, load: p.Load, wake: make(chan struct{}, 1), rate: rateOf(p.Models.STT)}
	e.retune(p.Settings.Turn.Threshold)
	// The onset is found up to 100 ms late; what lies before it is the prefix padding.
	e.prefix = min(prefixFrames, int((p.Settings.Turn.PrefixPadding+100*time.Millisecond)/media.FrameTime))
	return e
}

// hear says at what rate frames come from now on. What waits at another rate is dropped.
func (e *ears) hear(rate int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.list {
		u := &e.list[i]
		if u.open {
			u.to = e.pushed
		}
		e.lose(u.to - u.next)
		u.next = u.to
	}
	e.in, e.size, e.slots = rate, media.Mono(rate).Samples(media.FrameTime), e.prefix+4
	e.ring, e.fed = make([]int16, e.slots*e.size), e.pushed
}

// push takes one frame of the caller's audio.
func (e *ears) push(pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.room()
	copy(e.frame(e.pushed), pcm)
	e.pushed++
	if e.current() != nil {
		e.fed = e.pushed
		e.signal()
	}
}

// frame is where frame n is kept. Called with mu held.
func (e *ears) frame(n int) []int16 {
	at := n % e.slots * e.size
	return e.ring[at : at+e.size]
}

// current is the utterance under way, or nil. Called with mu held.
func (e *ears) current() *utterance {
	if n := len(e.list); n > 0 && e.list[n-1].open {
		return &e.list[n-1]
	}
	return nil
}

// room makes a free slot for the next frame. Called with mu held.
func (e *ears) room() {
	var oldest *utterance // with unsent frames
	for i := range e.list {
		if u := &e.list[i]; u.next < u.to || u.open && u.next < e.pushed {
			oldest = u
			break
		}
	}
	if oldest == nil {
		return
	}
	if e.pushed-oldest.next >= queueFrames {
		oldest.next++
		e.lose(1)
	}
	if e.pushed-oldest.next < e.slots {
		return
	}
	ring, slots := e.ring, e.slots
	e.slots = min(2*slots, queueFrames+prefixFrames)
	e.ring = make([]int16, e.slots*e.size)
	for n := max(0, e.pushed-slots); n < e.pushed; n++ {
		at := n % slots * e.size
		copy(e.frame(n), ring[at:at+e.size])
	}
}

// lose counts frames that no recogniser will hear. Called with mu held.
func (e *ears) lose(frames int) {
	e.dropped += frames
	e.load.Drop(frames)
}

func (e *ears) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// begin opens an utterance with the frames from before its onset that no earlier utterance had.
func (e *ears) begin(utt int, h stt.Hints) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if u := e.current(); u != nil {
		u.open, u.to = false, e.pushed
	}
	e.list = append(e.list, utterance{id: utt, hints: h, open: true, next: max(e.fed, e.pushed-e.prefix, 0)})
	e.fed = e.pushed
	e.signal()
}

func (e *ears) finalize(utt int) { e.end(opFinalize, utt) }
func (e *ears) discard(utt int)  { e.end(opDiscard, utt) }

func (e *ears) end(k opKind, utt int) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if u := e.current(); u != nil && u.id == utt {
		u.open, u.to, u.last = false, e.pushed, k
	} else {
		at := len(e.list)
		if u != nil {
			at-- // it is open for long
		}
		e.list = slices.Insert(e.list, at, utterance{id: utt, begun: true, last: k})
	}
	e.signal()
}

func (e *ears) droppedFrames() int {
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dropped
}

// change puts another recogniser in place, from the next utterance on.
func (e *ears) change(m stt.Model, lang string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.other = &changeEar{m, lang}
}

// changed takes over the other recogniser, if there is one.
func (e *ears) changed() bool {
	e.mu.Lock()
	other := e.other
	e.other = nil
	e.mu.Unlock()
	if other == nil {
		return false
	}
	e.model, e.opts.Lang, e.rate = other.model, other.lang, rateOf(other.model)
	return true
}

// rateOf is how many samples a second a recogniser takes.
func rateOf(m stt.Model) int {
	if r := m.Caps().Rate; r > 0 {
		return r
	}
	return 16000
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

// take copies what comes next into o, or reports that there is nothing.
func (e *ears) take(o *op) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.list) > 0 {
		u := &e.list[0]
		o.utt, o.rate, o.pcm, o.hints = u.id, e.in, o.pcm[:0], stt.Hints{}
		if !u.begun {
			u.begun = true
			o.kind, o.hints = opBegin, u.hints
			return true
		}
		if u.next < u.to || u.open && u.next < e.pushed {
			o.kind, o.pcm = opAudio, append(o.pcm, e.frame(u.next)...)
			u.next++
			return true
		}
		if u.open {
			return false
		}
		o.kind = u.last
		e.list = e.list[:copy(e.list, e.list[1:])]
		if o.kind != 0 {
			return true
		}
	}
	return false
}

// run sends until ctx ends. A stream that fails is opened again for the next utterance.
func (e *ears) run(ctx context.Context) {
	var o op
	var before []*line // lines of recognisers that were replaced, which may still owe words
	var line *line
	defer func() {
		line.close()
		for _, l := range before {
			l.close()
		}
	}()
	for ctx.Err() == nil {
		if !e.take(&o) {
			select {
			case <-e.wake:
			case <-ctx.Done():
			}
			continue
		}
		if o.kind == opBegin && e.changed() && line != nil {
			before = append(before, line)
			line = nil
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
	rate   int              // of the stream
	rs     *media.Resampler // of the frames that come at another rate than the stream's
	from   int              // that rate
	buf    []int16

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
	l := &line{e: e, stream: s, cancel: cancel, done: make(chan struct{}), rate: e.rate, skip: map[int]bool{}}
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
		return l.send(ctx, o)
	case opFinalize:
		if err := l.flush(ctx); err != nil {
			return err
		}
		l.mu.Lock()
		l.owed = append(l.owed, o.utt)
		l.mu.Unlock()
		return l.stream.Finalize(ctx)
	case opDiscard:
		if l.rs != nil {
			l.rs.Reset()
		}
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

// send gives one frame to the stream, at its rate.
func (l *line) send(ctx context.Context, o *op) error {
	pcm := o.pcm
	if o.rate != l.rate {
		if l.rs == nil || l.from != o.rate {
			rs, err := media.NewResampler(o.rate, l.rate)
			if err != nil {
				return err
			}
			l.rs, l.from = rs, o.rate
		}
		l.buf = l.rs.Process(l.buf[:0], pcm)
		pcm = l.buf
	}
	if len(pcm) == 0 {
		return nil
	}
	return l.stream.Send(ctx, media.Frame{Format: media.Mono(l.rate), PCM: pcm})
}

// flush gives the stream what the resampler still holds of an utterance.
func (l *line) flush(ctx context.Context) error {
	if l.rs == nil {
		return nil
	}
	l.buf = l.rs.Flush(l.buf[:0])
	if len(l.buf) == 0 {
		return nil
	}
	return l.stream.Send(ctx, media.Frame{Format: media.Mono(l.rate), PCM: l.buf})
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
		case stt.Late:
			l.e.post(wordsMsg{ev: ev})
		case stt.Partial:
			l.e.post(wordsMsg{utt: l.current(), ev: ev})
		case stt.Final, stt.Taken:
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
