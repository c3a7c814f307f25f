package session

import (
	"context"
	"io"
	"math"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider/fake"
)

// loop is a leg whose far end is the script: it speaks tones, and really plays what it gets, sample by sample.
type loop struct {
	start time.Time
	info  transport.Info
	in    chan transport.Inbound
	gone  chan struct{}
	once  sync.Once
	acks  chan transport.Heard
	wg    sync.WaitGroup

	chunk time.Duration // audio in one Recv
	holds bool          // it can pause
	deaf  bool          // it promises acknowledgements and gives none
	late  bool          // planted: a frame comes after its generation was cut

	mu     sync.Mutex
	talks  [][2]time.Duration
	timers []*time.Timer
	pos    time.Duration // of the caller's audio
	buf    []int16

	queue  []chunk   // received and not played
	at     time.Time // when the first sample of the queue sounds
	still  time.Time // since when it pauses; zero when it does not
	pauses int       // how often it was made to
	ducked bool
	heard  map[event.Gen]*played
	first  map[event.Gen]time.Duration // when frames came
	last   map[event.Gen]time.Duration
	told   map[event.Gen]bool // its last acknowledgement was given
}

// chunk is audio of a generation from a position on, in samples.
type chunk struct {
	gen  event.Gen
	from int
	pcm  []int16
}

// played is what sounded of a generation.
type played struct {
	pcm   []int16
	upto  int // position, in samples
	jumps int // how often it did not go on where it was: something was lost or said twice
	worst int // how much at the most, in samples
}

const (
	loopRate = 16000
	loopLag  = 60 * time.Millisecond // a far end that acknowledges has a buffer
)

func newLoop(start time.Time, acks bool, ahead time.Duration) *loop {
	l := &loop{start: start, in: make(chan transport.Inbound, 64), gone: make(chan struct{}), first: map[event.Gen]time.Duration{}, last: map[event.Gen]time.Duration{},
		heard: map[event.Gen]*played{}, told: map[event.Gen]bool{}, chunk: media.FrameTime,
		info: transport.Info{ID: "loop", Kind: "loop", Remote: "script", In: media.Mono(loopRate), Out: media.Mono(loopRate), Ahead: ahead}}
	if acks {
		l.acks = make(chan transport.Heard, 256)
		l.wg.Go(l.acknowledge)
	}
	return l
}

func (l *loop) Info() transport.Info          { return l.info }
func (l *loop) Heard() <-chan transport.Heard { return l.acks }
func (l *loop) Close(string) error            { l.hangUp(); return nil }
func (l *loop) hangUp() {
	l.once.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.play(time.Now())
		close(l.gone)
	})
}
func (l *loop) wait() {
	l.mu.Lock()
	for _, t := range l.timers {
		t.Stop()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

func (l *loop) speak(at, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.talks = append(l.talks, [2]time.Duration{at, at + d})
}

// silence is how long the caller has been silent, or will have been, at a time of the script.
func (l *loop) silence(at time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := time.Duration(0)
	for _, t := range l.talks {
		if t[0] <= at {
			end = max(end, min(t[1], at))
		}
	}
	return at - end
}

func (l *loop) later(at time.Duration, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timers = append(l.timers, time.AfterFunc(at, f))
}

func (l *loop) send(in transport.Inbound) {
	select {
	case l.in <- in:
	case <-l.gone:
	}
}

// Recv gives the caller's audio as the script's time goes by.
func (l *loop) Recv(ctx context.Context, in *transport.Inbound) error {
	due := time.NewTimer(time.Until(l.start.Add(l.pos + l.chunk)))
	defer due.Stop()
	select {
	case <-l.gone:
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	case *in = <-l.in:
		return nil
	case <-due.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = l.buf[:0]
	for end := l.pos + l.chunk; l.pos < end; l.pos += media.FrameTime {
		amp := 0.0
		for _, t := range l.talks {
			if l.pos >= t[0] && l.pos < t[1] {
				amp = 8000
			}
		}
		for i := range 320 {
			l.buf = append(l.buf, int16(amp*math.Sin(float64(i)/8)))
		}
	}
	*in = transport.Inbound{Kind: transport.Audio, Frame: media.Frame{Format: l.info.In, PCM: l.buf}}
	return nil
}

// play brings what was heard up to now. Called with mu held.
func (l *loop) play(now time.Time) {
	if !l.still.IsZero() {
		now = l.still
	}
	for len(l.queue) > 0 {
		c := &l.queue[0]
		n := min(int(now.Sub(l.at)*loopRate/time.Second), len(c.pcm))
		if n <= 0 {
			return
		}
		l.listen(c.gen, c.from, c.pcm[:n])
		l.at = l.at.Add(l.info.Out.Duration(n))
		if c.from, c.pcm = c.from+n, c.pcm[n:]; len(c.pcm) == 0 {
			l.queue = l.queue[1:]
		}
	}
}

func (l *loop) listen(g event.Gen, from int, pcm []int16) {
	h := l.heard[g]
	if h == nil {
		h = &played{}
		l.heard[g] = h
	}
	if from != h.upto {
		h.jumps++
		h.worst = max(h.worst, max(from-h.upto, h.upto-from))
	}
	h.pcm, h.upto = append(h.pcm, pcm...), max(h.upto, from+len(pcm))
}

// Play implements transport.Leg.
func (l *loop) Play(_ context.Context, g event.Gen, f media.Frame) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.play(now)
	at := now.Sub(l.start)
	if _, ok := l.first[g]; !ok {
		l.first[g] = at
	}
	l.last[g] = at
	delete(l.told, g)
	if len(l.queue) == 0 {
		if l.at = now; !l.still.IsZero() {
			l.at = l.still
		}
		if l.acks != nil {
			l.at = l.at.Add(loopLag)
		}
	}
	l.queue = append(l.queue, chunk{g, l.info.Out.Samples(f.PTS), append([]int16(nil), f.PCM...)})
	return nil
}

// Clear implements transport.Leg. A far end that neither acknowledges nor promises to forget plays on.
func (l *loop) Clear(_ context.Context, before event.Gen) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.play(time.Now())
	if l.acks == nil && !l.info.Clears && !l.holds {
		return nil
	}
	kept := l.queue[:0]
	for _, c := range l.queue {
		if c.gen >= before {
			kept = append(kept, c)
		}
	}
	l.queue = kept
	for g := range l.first {
		if g < before {
			l.acknowledged(g, true)
		}
		if g < before && l.late {
			l.timers = append(l.timers, time.AfterFunc(2*media.FrameTime, func() {
				_ = l.Play(context.Background(), g, media.Frame{Format: l.info.Out, PTS: l.upto(g), PCM: make([]int16, 320)})
			}))
		}
	}
	return nil
}

// upto is how much of a generation has sounded.
func (l *loop) upto(g event.Gen) time.Duration {
	if h := l.heard[g]; h != nil {
		return l.info.Out.Duration(h.upto)
	}
	return 0
}

// acknowledged tells what was heard. Called with mu held.
func (l *loop) acknowledged(g event.Gen, final bool) {
	if l.acks == nil || l.deaf || l.told[g] {
		return
	}
	l.told[g] = final
	select {
	case l.acks <- transport.Heard{Gen: g, Upto: l.upto(g), Final: final}:
	default:
	}
}

// acknowledge reports every 100 ms.
func (l *loop) acknowledge() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-tick.C:
		}
		l.mu.Lock()
		l.play(time.Now())
		for g := range l.first {
			l.acknowledged(g, false)
		}
		l.mu.Unlock()
	}
}

// CanHold, Hold and Duck make the far end one that can pause.
func (l *loop) CanHold() bool { return l.holds }

// Hold implements transport.Holder.
func (l *loop) Hold(_ context.Context, on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.play(now)
	switch {
	case on && l.still.IsZero():
		l.still = now
		l.pauses++
	case !on && !l.still.IsZero():
		l.at = l.at.Add(now.Sub(l.still))
		l.still = time.Time{}
	}
	return nil
}

// Duck implements transport.Holder.
func (l *loop) Duck(_ context.Context, on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ducked = on
	return nil
}

var (
	_ stt.Model = (*fake.STT)(nil)
	_ tts.Model = (*fake.TTS)(nil)
)
