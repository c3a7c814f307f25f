// Package playout is the only door to the caller's ear. It lets through one generation at a time, paces it on a monotonic
// origin, and keeps the ledger of what was heard.
//
// Lock order. mu guards the queue; wmu is held while a frame is written to the leg. The pacer takes mu to fetch a frame, releases it,
// and writes under wmu after checking, still under wmu, that the generation was not cut meanwhile. Cut takes mu, moves the gate, releases it,
// and then takes wmu to write Clear: so Clear always follows a frame that was already in flight and never precedes it, and nothing
// older is written after it. The gate is an atomic, so that nobody holds both locks. Who is told of words (Narrate) is
// called under mu, and so must take no lock under which the player is called.
package playout

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/event"
	"griot/internal/live/load"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/model/tts"
)

// ErrStale is returned to a writer whose generation is no longer the current one.
var ErrStale = errors.New("this generation has been cut")

// NoteKind tells what a Note reports.
type NoteKind uint8

// The kinds of notes.
const (
	Sent     NoteKind = iota + 1 // the first frame was written to the leg
	Drained                      // the last frame was written
	Progress                     // Upto moved; at most ten a second
	Sounded                      // the first sound was heard
	Settled                      // Upto is final: nothing more of this generation will be heard
	Broken                       // the leg refused a frame: Err
)

// Note tells the session what became of a generation.
type Note struct {
	Kind  NoteKind
	Gen   event.Gen
	Upto  time.Duration // how much audio was heard
	Text  int           // how many bytes of the text were heard
	Total time.Duration // audio that was given so far
	Wrote time.Duration // audio that was written to the leg
	At    time.Time
	Err   error

	HeardAt func(upto time.Duration) int // of Settled: the generation's ledger, for who learns later what was heard
}

// Tap sees the agent's sound as it is heard: at counts from the player's start. It must copy pcm and return quickly.
type Tap func(at time.Duration, f media.Frame)

const (
	queued   = time.Second             // audio that a writer may be ahead of the pacer
	refill   = 200 * time.Millisecond  // room that a waiting writer is woken for
	kept     = 1500 * time.Millisecond // audio kept behind the pacer until it is acknowledged
	keptBare = 300 * time.Millisecond  // and where nothing is: it is heard by the clock
	tapLag   = 900 * time.Millisecond  // unacknowledged audio counts as heard for the taps after this
	progress = 100 * time.Millisecond
	settleIn = 250 * time.Millisecond // after a cut, how long an acknowledgement may still tell what was heard
	ackGrace = 2 * time.Second        // after the end, how long the last acknowledgement may take
)

// Player plays one generation after the other on a leg. Begin, Finish, Cut and HeardText are called by the session;
// Write by the reply; Run owns the pacing.
type Player struct {
	leg     transport.Leg
	ahead   time.Duration
	acks    <-chan transport.Heard
	notify  func(Note)
	taps    []Tap
	start   time.Time
	holder  transport.Holder // nil when the far end cannot pause
	clears  bool
	meter   *load.Meter
	watch   Tap
	lang    string
	narrate func(Word)

	gate atomic.Uint64 // generations older than this are cut: their frames are dropped
	wmu  sync.Mutex    // held while writing to the leg

	mu     sync.Mutex
	space  *sync.Cond // signalled when the queue has room or the gate moved
	wake   chan struct{}
	cur    *track   // being written; nil between generations
	tails  []*track // written whole or cut, and not yet settled; oldest first
	frame  []int16  // on its way to the leg; the pacer's
	done   bool
	newest event.Gen // that has begun
	told   bool      // the far end has acknowledged something
	held   bool
	since  time.Time // when it was held
	until  time.Time // released, and waiting until then for a far end to tell where it stopped; zero when not
	busy   time.Time // until when a far end that cannot forget plays what was cut
	gain   float32   // of what is written; moves towards target
	duck   bool
}

// track is one generation on its way. Positions are in samples since its start.
type track struct {
	gen      event.Gen
	out      media.Format
	ring     []int16 // sample n is at n modulo its length; borrowed
	pushed   int64
	written  int64
	tapped   int64
	acked    int64
	origin   time.Time // when sample 0 sounds, if the far end plays at once
	ready    time.Time // since when there has been something to write without a break
	began    bool
	stopped  int64         // heard when it was held
	told     bool          // the far end has told since then where it stopped
	lag      time.Duration // how much later than sent it is heard, as the far end's first acknowledgement tells
	finished bool          // no more will be pushed
	cut      bool
	limit    int64     // when cut: what can have been heard at the most
	deadline time.Time // when settled without an acknowledgement
	lastNote time.Time
	sounded  bool
	ackFinal bool
	led      ledger
}

// New makes a player for a leg. notify is called from the player's goroutine, never with a lock held; it may block briefly.
func New(leg transport.Leg, notify func(Note), taps ...Tap) *Player {
	in := leg.Info()
	p := &Player{leg: leg, ahead: in.Ahead, acks: leg.Heard(), clears: in.Clears, notify: notify, taps: taps, start: time.Now(), wake: make(chan struct{}, 1)}
	if p.ahead <= 0 {
		p.ahead = 60 * time.Millisecond
	}
	if h, ok := leg.(transport.Holder); ok && h.CanHold() {
		p.holder = h
	}
	p.gain = 1
	p.space = sync.NewCond(&p.mu)
	return p
}

// Watch has f see every frame that is written, before it is, with the moment when it sounds if the far end plays at once, counted from the player's start. It must be
// called before Run. f must copy what it keeps, and return quickly.
func (p *Player) Watch(f Tap) { p.watch = f }

// Language says what is spoken, BCP 47: of a voice that gives no marks the words are placed by its syllables. It must be called before Begin.
func (p *Player) Language(lang string) { p.lang = lang }

// Measure counts in m how late frames are written. It must be called before Run.
func (p *Player) Measure(m *load.Meter) { p.meter = m }

// Begin opens a generation, in the format that the leg takes now, which it returns. An earlier one must have been drained or cut.
func (p *Player) Begin(g event.Gen) media.Format {
	out := p.leg.Info().Out
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cur != nil && p.cur.gen == g && p.cur.pushed == 0 {
		return p.cur.out // it is made again, by other means
	}
	if p.cur != nil {
		p.retire()
	}
	behind := kept
	if p.acks == nil {
		behind = keptBare
	}
	p.cur = &track{gen: g, out: out, led: ledger{lang: p.lang}, ring: borrow(out.Samples(queued + behind + p.ahead))}
	p.newest = g
	p.space.Broadcast()
	return out
}

// rings are lent to generations, and lie here while nobody speaks.
var rings sync.Pool // of *[]int16

func borrow(samples int) []int16 {
	if r, ok := rings.Get().(*[]int16); ok && cap(*r) >= samples {
		return (*r)[:samples]
	}
	return make([]int16, samples)
}

// giveBack returns what a track borrowed. Called with mu held, when nothing of it will be written or heard any more.
func (t *track) giveBack() {
	r := t.ring
	t.ring = nil
	rings.Put(&r)
}

// retire moves the current track to the tails. Called with mu held.
func (p *Player) retire() {
	p.tails = append(p.tails, p.cur)
	p.cur = nil
}

// each calls f for every track that is not settled. Called with mu held.
func (p *Player) each(f func(*track)) {
	for _, t := range p.tails {
		f(t)
	}
	if p.cur != nil {
		f(p.cur)
	}
}

// Said adds text that was given to the voice, in order.
func (p *Player) Said(g event.Gen, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cur != nil && p.cur.gen == g {
		p.cur.led.text = append(p.cur.led.text, text...)
	}
}

// Pace says how long it takes to say a byte of g's text, as a guess: until marks or its end tell, it places the words.
func (p *Player) Pace(g event.Gen, perByte time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cur != nil && p.cur.gen == g {
		p.cur.led.pace = perByte
	}
}

// Write queues audio in the leg's format with its marks, and blocks while more than a second is waiting. It returns ErrStale once the
// generation is not the current one or the player has stopped, and the cause of ctx's end, which it sees when there is room again: who wants
// a writer to let go at once cuts its generation.
func (p *Player) Write(ctx context.Context, g event.Gen, pcm []int16, marks []tts.Mark) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cur == nil || p.cur.gen != g {
		return ErrStale
	}
	if len(marks) > 0 {
		p.cur.led.mark(marks)
		p.words(p.cur)
	}
	room, frame := int64(p.cur.out.Samples(queued)), int64(p.cur.out.Samples(media.FrameTime))
	for len(pcm) > 0 {
		t := p.cur
		if t == nil || t.gen != g || p.done {
			return ErrStale
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := min(room-(t.pushed-t.written), int64(len(pcm)))
		if n <= 0 {
			p.space.Wait()
			continue
		}
		t.put(pcm[:n])
		idle := t.pushed-t.written < frame
		t.pushed += n
		t.led.total = t.out.Duration(int(t.pushed))
		pcm = pcm[n:]
		if idle {
			t.ready = time.Now()
			p.kick()
		}
	}
	return nil
}

// put copies samples into the ring, after the newest.
func (t *track) put(pcm []int16) {
	n := copy(t.ring[t.pushed%int64(len(t.ring)):], pcm)
	copy(t.ring, pcm[n:])
}

// get copies samples out of the ring into dst.
func (t *track) get(dst []int16, at int64) {
	n := copy(dst, t.ring[at%int64(len(t.ring)):])
	copy(dst[n:], t.ring)
}

// Finish says that no more audio or text comes for g. Whole means that the audio given is all of the text: a voice that failed in the middle has not said
// what came after.
func (p *Player) Finish(g event.Gen, whole bool) {
	p.mu.Lock()
	if p.cur != nil && p.cur.gen == g {
		p.cur.finished = true
		p.cur.led.whole = whole
		p.cur.led.total = p.cur.out.Duration(int(p.cur.pushed))
		p.words(p.cur)
	}
	p.mu.Unlock()
	p.kick()
}

// Cut drops everything of generations older than g that was not yet written, tells the far end to forget what it holds, and makes g the gate. When it returns,
// nothing older can be written. The generation's Settled note follows within 250 ms.
func (p *Player) Cut(ctx context.Context, g event.Gen) {
	p.mu.Lock()
	p.gate.Store(uint64(g))
	now := time.Now()
	p.each(func(t *track) {
		if t.cut {
			return
		}
		if end := t.origin.Add(t.out.Duration(int(t.written))); t.began && p.acks == nil && p.holder == nil && !p.clears {
			p.busy = later(p.busy, end)
		}
		t.cut, t.finished = true, true
		t.limit = min(p.paced(t, now), t.written)
		t.deadline = now
		if p.acks != nil {
			t.limit = t.written
			t.deadline = now.Add(settleIn)
		}
	})
	if p.cur != nil {
		p.retire()
	}
	wasHeld, wasDucked := p.held, p.duck
	p.held, p.until, p.duck = false, time.Time{}, false
	p.space.Broadcast()
	p.mu.Unlock()
	p.wmu.Lock()
	// A far end that cannot be told has at most Ahead of audio left; the error is the leg's to report when it is next used.
	_ = p.leg.Clear(ctx, g)
	if wasDucked && p.holder != nil {
		_ = p.holder.Duck(ctx, false)
	}
	if wasHeld && p.holder != nil {
		_ = p.holder.Hold(ctx, false) // with nothing left to go on with
	}
	p.wmu.Unlock()
	p.kick()
}

// ducked is the gain of a ducked voice: -12 dB.
const ducked = 0.25

// Duck lowers the voice, or restores it, over the next frame.
func (p *Player) Duck(ctx context.Context, on bool) {
	p.mu.Lock()
	same := p.duck == on
	p.duck = on
	p.mu.Unlock()
	if same {
		return
	}
	if p.holder != nil {
		p.wmu.Lock()
		_ = p.holder.Duck(ctx, on) // a far end that is gone is noticed by the next frame
		p.wmu.Unlock()
	}
}

// Hold silences the agent without forgetting anything. A far end that can pause does; one that can forget does that, and is sent the unheard part again by Release; another is not
// written to and plays on what it has.
func (p *Player) Hold(ctx context.Context) {
	p.mu.Lock()
	p.until = time.Time{}
	if p.held {
		p.mu.Unlock()
		return
	}
	p.held, p.since = true, time.Now()
	p.each(func(t *track) { t.told = false })
	all := p.newest + 1
	p.mu.Unlock()
	p.wmu.Lock()
	defer p.wmu.Unlock()
	switch {
	case p.holder != nil:
		_ = p.holder.Hold(ctx, true)
	case p.clears:
		_ = p.leg.Clear(ctx, all)
		p.mu.Lock()
		p.each(func(t *track) { t.stopped = p.paced(t, p.since) })
		p.mu.Unlock()
	}
}

// Release lets the agent go on from the first unheard frame: nothing is lost and nothing is said twice. Where a far end is still to tell how far it had come when it was
// stopped, its answer is waited for, at most 250 ms from the hold.
func (p *Player) Release(ctx context.Context) {
	p.mu.Lock()
	if !p.held {
		p.mu.Unlock()
		return
	}
	if now := time.Now(); p.stopKnown() || !now.Before(p.since.Add(settleIn)) {
		p.goOn(now)
	} else {
		p.until = p.since.Add(settleIn)
	}
	p.mu.Unlock()
	if p.holder != nil {
		p.wmu.Lock()
		_ = p.holder.Hold(ctx, false)
		p.wmu.Unlock()
	}
	p.kick()
}

// stopKnown reports whether nothing more will be learnt of where the far end stopped. Called with mu held.
func (p *Player) stopKnown() bool {
	if p.holder != nil || !p.clears || !p.told {
		return true
	}
	known := true
	p.each(func(t *track) {
		if t.began && !t.cut && !t.told && t.acked < t.written {
			known = false
		}
	})
	return known
}

// goOn ends a hold. Called with mu held.
func (p *Player) goOn(now time.Time) {
	p.held, p.until = false, time.Time{}
	var before time.Time // when what comes before a track ends
	p.each(func(t *track) {
		t.ready = now
		switch {
		case !t.began:
		case p.clears && p.holder == nil:
			p.rewind(t, now)
		case p.holder != nil:
			t.origin = later(t.origin.Add(now.Sub(later(p.since, t.origin))), before)
			t.deadline = shift(t.deadline, now.Sub(p.since))
			if !t.cut {
				before = t.origin.Add(t.out.Duration(int(t.written)))
			}
		}
	})
}

// Held reports whether the agent is held.
func (p *Player) Held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held && p.until.IsZero()
}

// rewind makes the first unheard frame the next to be written. Called with mu held.
func (p *Player) rewind(t *track, now time.Time) {
	heard := t.stopped
	if p.told { // a far end that acknowledges nothing although it said so counts as one that plays at once
		heard = t.acked
	}
	heard = max(heard, t.pushed-int64(len(t.ring)))
	t.written, t.ackFinal = min(t.written, heard), false
	t.origin = now.Add(-t.out.Duration(int(t.written)))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func shift(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(d)
}

// paced returns how many samples sounded by now if the far end plays what it gets at once. Called with mu held.
func (p *Player) paced(t *track, now time.Time) int64 {
	if p.held && (p.holder != nil || p.clears) && now.After(p.since) {
		now = p.since // its playback stands still
	}
	if !t.began || now.Before(t.origin) {
		return 0
	}
	return min(int64(t.out.Samples(now.Sub(t.origin))), t.written)
}

// HeardText returns what is known by now of how much of g was heard: the audio, and the bytes of its text.
func (p *Player) HeardText(g event.Gen) (upto time.Duration, text int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.each(func(t *track) {
		if t.gen == g {
			upto = t.out.Duration(int(p.heardSamples(t, time.Now())))
			text = t.led.heard(upto)
		}
	})
	return upto, text
}

func (p *Player) heardSamples(t *track, now time.Time) int64 {
	n := t.acked
	if p.acks == nil {
		n = p.paced(t, now)
	}
	if t.cut {
		n = min(n, t.limit)
	}
	return n
}

func (p *Player) kick() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run paces until ctx ends. It is the only goroutine that writes frames.
func (p *Player) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer func() {
		p.mu.Lock()
		p.done = true
		p.space.Broadcast()
		p.mu.Unlock()
	}()
	notes := make([]Note, 0, 8)
	acks := p.acks
	for ctx.Err() == nil {
		next := p.turn(ctx, &notes)
		for _, n := range notes {
			p.notify(n)
		}
		notes = notes[:0]
		if next <= 0 {
			continue
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case a, ok := <-acks:
			if !ok {
				acks = nil
				continue
			}
			p.ack(a)
		case <-timer.C:
		}
	}
}

func (p *Player) ack(a transport.Heard) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = true
	p.each(func(t *track) {
		if t.gen == a.Gen {
			// A far end cannot have heard what was never written. It counts in whole milliseconds: less than one before the end is the end.
			if t.acked == 0 && a.Upto > 0 {
				t.lag = max(0, time.Since(t.origin)-a.Upto)
			}
			upto := int64(t.out.Samples(a.Upto))
			if upto+int64(t.out.Samples(time.Millisecond)) > t.written {
				upto = t.written
			}
			t.acked = max(t.acked, upto)
			t.ackFinal = a.Final
			t.told = t.told || a.Final && p.held
		}
	})
}

// turn does whatever is due, and returns how long to wait; 0 means look again at once.
func (p *Player) turn(ctx context.Context, notes *[]Note) time.Duration {
	p.mu.Lock()
	now := time.Now()
	wait := time.Hour
	if !p.until.IsZero() {
		if wait = p.until.Sub(now); wait <= 0 || p.stopKnown() {
			wait = time.Hour
			p.goOn(now)
		}
	}
	open := p.tails[:0]
	for _, t := range p.tails {
		next, settled := p.follow(t, now, notes)
		if settled {
			p.note(notes, Settled, t, now)
			t.giveBack()
			continue
		}
		wait = min(wait, next)
		open = append(open, t)
	}
	p.tails = open
	if p.cur != nil {
		if next, settled := p.follow(p.cur, now, notes); !settled {
			wait = min(wait, next)
		}
	}
	if p.held {
		p.mu.Unlock()
		return wait
	}
	t := p.due()
	if t == nil || t.written == t.pushed {
		if t != nil && t.finished {
			t.deadline = now.Add(p.ahead + ackGrace)
			p.note(notes, Drained, t, now)
			p.retire()
			p.mu.Unlock()
			return 0
		}
		p.mu.Unlock()
		return wait
	}
	size := int64(t.out.Samples(media.FrameTime))
	n := min(t.pushed-t.written, size)
	if n < size && !t.finished {
		p.mu.Unlock() // wait for a whole frame; the writer wakes us
		return min(wait, media.FrameTime)
	}
	p.pace(t, now)
	due := t.origin.Add(t.out.Duration(int(t.written)) - p.ahead)
	if d := due.Sub(now); d > 0 {
		p.mu.Unlock()
		return min(wait, d)
	}
	if int64(cap(p.frame)) < size {
		p.frame = make([]int16, size)
	}
	frame := p.frame[:n]
	t.get(frame, t.written)
	p.level(frame)
	pts, first, ready := t.out.Duration(int(t.written)), t.written == 0, later(due, t.ready)
	// Counted before it is written: an acknowledgement can be quicker than this goroutine.
	t.written += n
	if t != p.cur && t.written == t.pushed {
		t.deadline = now.Add(p.ahead + ackGrace)
	}
	if t.pushed-t.written <= int64(t.out.Samples(queued-refill)) { // not for each frame: waking a writer costs more than what it would write
		p.space.Signal()
	}
	sounds := t.origin.Add(pts).Sub(p.start)
	p.mu.Unlock()

	if p.watch != nil {
		p.watch(sounds, media.Frame{Format: t.out, PTS: pts, PCM: frame})
	}
	p.wmu.Lock()
	var err error
	if uint64(t.gen) >= p.gate.Load() {
		err = p.leg.Play(ctx, t.gen, media.Frame{Format: t.out, PTS: pts, PCM: frame})
	}
	p.wmu.Unlock()
	p.meter.Late(time.Since(ready))
	switch {
	case err != nil && ctx.Err() == nil:
		*notes = append(*notes, Note{Kind: Broken, Gen: t.gen, Err: err, At: time.Now()})
		return wait
	case first:
		*notes = append(*notes, Note{Kind: Sent, Gen: t.gen, At: time.Now()})
	}
	return 0
}

// level applies the gain, moving it within the frame so that nothing clicks. Called with mu held.
func (p *Player) level(frame []int16) {
	target := float32(1)
	if p.duck && p.holder == nil {
		target = ducked
	}
	if p.gain == 1 && target == 1 {
		return
	}
	media.Fade(frame, p.gain, target)
	p.gain = target
}

// due returns the track that is written next: one that was sent whole and forgotten by the far end comes before what followed it. Called with mu held.
func (p *Player) due() *track {
	for _, t := range p.tails {
		if !t.cut && t.written < t.pushed {
			return t
		}
	}
	return p.cur
}

// pace fixes the origin at the first frame, and moves it when the far end has run dry. Called with mu held.
func (p *Player) pace(t *track, now time.Time) {
	for _, o := range p.tails { // what was written before it is still sounding
		if o == t {
			break
		}
		if end := o.origin.Add(o.out.Duration(int(o.written))); o.began && !o.cut && end.After(now) {
			now = end
		}
	}
	if !t.began {
		t.began, t.origin = true, later(now, p.busy)
		return
	}
	if ran := t.origin.Add(t.out.Duration(int(t.written))); now.After(ran) {
		t.origin = t.origin.Add(now.Sub(ran))
	}
}

// follow moves what was heard of a track and feeds the taps. Called with mu held; it returns when to look again, and whether what was heard is final.
func (p *Player) follow(t *track, now time.Time, notes *[]Note) (next time.Duration, settled bool) {
	heard := p.heardSamples(t, now)
	if heard > 0 && !t.sounded {
		t.sounded = true
		p.note(notes, Sounded, t, now)
	}
	over := t.cut || t.finished && t.written == t.pushed
	if p.held && !t.cut && (p.holder != nil || p.clears) {
		over = false // it may go on
	}
	switch {
	case !over:
	case p.acks == nil:
		settled = t.cut || heard >= t.written
	case t.cut:
		settled = t.ackFinal || heard >= t.limit || !now.Before(t.deadline)
	default:
		settled = t.ackFinal || heard >= t.written || !t.deadline.IsZero() && !now.Before(t.deadline)
	}
	sure := heard
	if p.acks != nil && !t.cut {
		// Taps must not wait for ever for a far end that does not acknowledge.
		sure = max(sure, p.paced(t, now.Add(-tapLag)))
	}
	p.feed(t, sure)
	if settled {
		return 0, true
	}
	if t.began && now.Sub(t.lastNote) >= progress {
		t.lastNote = now
		p.note(notes, Progress, t, now)
	}
	if !t.began && !over {
		return time.Hour, false
	}
	wait := progress
	if !t.deadline.IsZero() {
		wait = min(wait, max(t.deadline.Sub(now), time.Millisecond))
	}
	if p.acks == nil && over {
		wait = min(wait, max(t.origin.Add(t.out.Duration(int(t.written))).Sub(now), time.Millisecond))
	}
	return wait, false
}

// feed gives the taps what was heard since the last time. Called with mu held; taps copy and return at once.
func (p *Player) feed(t *track, upto int64) {
	if len(p.taps) == 0 || !t.began {
		t.tapped = max(t.tapped, upto)
		return
	}
	size := int64(len(t.ring))
	// Only what the ring still holds.
	t.tapped = max(t.tapped, t.pushed-size)
	for t.tapped < upto {
		from := t.tapped % size
		n := min(upto-t.tapped, size-from)
		at := t.origin.Sub(p.start) + t.lag + t.out.Duration(int(t.tapped))
		for _, tp := range p.taps {
			tp(at, media.Frame{Format: t.out, PTS: t.out.Duration(int(t.tapped)), PCM: t.ring[from : from+n]})
		}
		t.tapped += n
	}
}

func (p *Player) note(notes *[]Note, k NoteKind, t *track, now time.Time) {
	upto := t.out.Duration(int(p.heardSamples(t, now)))
	n := Note{Kind: k, Gen: t.gen, Upto: upto, Text: t.led.heard(upto), Total: t.led.total, Wrote: t.out.Duration(int(t.written)), At: now}
	if k == Settled {
		n.HeardAt = t.led.heard
	}
	*notes = append(*notes, n)
}
