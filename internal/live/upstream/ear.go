package upstream

import (
	"context"
	"io"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
)

// Ear is the way of the caller's sound to the model, as a recogniser: each Finalize makes the model take the utterance (stt.Taken), and its words follow (stt.Late). While the line
// is down, and for utterances that it lost, a spare recogniser hears instead, which may be nil.
func (l *Line) Ear(spare stt.Model) stt.Model { return ear{l, spare} }

type ear struct {
	l     *Line
	spare stt.Model
}

// Caps implements stt.Model.
func (e ear) Caps() stt.Caps {
	c := e.l.model.Caps()
	return stt.Caps{ID: c.ID, Languages: c.Languages, Rate: c.Rate, Hints: e.spare != nil}
}

// Open implements stt.Model. A conversation has one stream at a time.
func (e ear) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &earStream{l: e.l, spare: e.spare, opts: o, hints: o.Hints, life: ctx, cancel: cancel, wake: make(chan struct{}, 1), work: make(chan struct{}, 1), early: map[string]s2s.Event{}}
	e.l.mu.Lock()
	e.l.ear = s
	e.l.mu.Unlock()
	return s, nil
}

const (
	mostKept  = time.Minute            // of an utterance, in case another recogniser has to hear it
	tooShort  = 100 * time.Millisecond // services refuse less
	mostEarly = 16
)

// where an utterance is.
type whereabouts uint8

const (
	held  whereabouts = iota // it is being spoken, and sent if the line is up
	sent                     // committed: the model takes it
	taken                    // the model has it, and its words are to come
	moved                    // the spare recogniser hears it
	known                    // settled
)

// speech is one utterance.
type speech struct {
	pcm   []int16 // all of it; for the model alone, what was not sent
	total int     // samples
	ended bool
	drop  bool // it was none
	at    whereabouts
	epoch int // connection to which next counts
	next  int // sample of pcm that the model gets next
	ref   string
	final stt.Event
	err   error
	shown bool // Taken or Final was given out
	given int  // sample of pcm that the spare recogniser gets next
	asked bool // it was told that the utterance is over
}

// earStream implements stt.Stream.
type earStream struct {
	l      *Line
	spare  stt.Model
	opts   stt.Options
	life   context.Context
	cancel context.CancelFunc
	wake   chan struct{} // capacity 1: Recv has something to look at
	work   chan struct{} // capacity 1: the worker has
	wg     sync.WaitGroup

	smu sync.Mutex // held while sound or its end is sent, so that nothing is sent twice; taken before mu

	mu     sync.Mutex // guards what follows; never held together with the line's
	hints  stt.Hints
	cur    *speech
	owed   []*speech // ended and not settled, oldest first
	hear   []*speech // for the spare recogniser, oldest first
	queue  []stt.Event
	err    error
	early  map[string]s2s.Event // words of items that are not ours yet
	worker bool
	closed bool
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Send implements stt.Stream.
func (s *earStream) Send(ctx context.Context, f media.Frame) error {
	s.smu.Lock()
	defer s.smu.Unlock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed()
	}
	u := s.cur
	if u == nil {
		u = &speech{}
		s.cur = u
	}
	u.pcm = append(u.pcm, f.PCM...)
	u.total += len(f.PCM)
	if most := f.Samples(mostKept); len(u.pcm) > most+f.Rate { // forget the oldest, a second at a time
		n := len(u.pcm) - most
		u.pcm = append(u.pcm[:0], u.pcm[n:]...)
		u.next, u.given = max(0, u.next-n), max(0, u.given-n)
	}
	s.mu.Unlock()
	s.flow(ctx, u)
	return ctx.Err()
}

func errClosed() error {
	return fault.New(fault.Conflict, "stream_closed", "the stream is closed")
}

// connection returns the line's, if it is up, and what state it is in.
func (l *Line) connection() (s2s.Session, int, state, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sess, l.epoch, l.state, l.err
}

// flow sends what the model, or the spare recogniser, has not heard yet of an utterance. Called with smu held.
func (s *earStream) flow(ctx context.Context, u *speech) {
	sess, epoch, st, err := s.l.connection()
	s.mu.Lock()
	at := u.at
	s.mu.Unlock()
	switch {
	case st == up && at == held:
		s.mu.Lock()
		if u.epoch != epoch { // a new connection has heard nothing of it
			u.epoch, u.next = epoch, 0
		}
		pcm := u.pcm[u.next:]
		u.next = len(u.pcm)
		s.mu.Unlock()
		rate := s.l.model.Caps().Rate
		for len(pcm) > 0 {
			n := min(len(pcm), rate)
			if sess.SendAudio(ctx, media.Frame{Format: media.Mono(rate), PCM: pcm[:n]}) != nil {
				return // whoever reads the line notices, and what is kept is sent again
			}
			pcm = pcm[n:]
		}
		if s.spare == nil {
			s.mu.Lock()
			u.pcm, u.next = u.pcm[:0], 0
			s.mu.Unlock()
		}
	case st == lost && at == held:
		s.mu.Lock()
		s.moveOver(u, err)
		s.mu.Unlock()
	case at == moved:
		nudge(s.work)
	}
}

// Finalize implements stt.Stream.
func (s *earStream) Finalize(ctx context.Context) error {
	s.smu.Lock()
	defer s.smu.Unlock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed()
	}
	u := s.cur
	s.cur = nil
	if u == nil {
		u = &speech{}
	}
	u.ended = true
	s.owed = append(s.owed, u)
	at := u.at
	s.mu.Unlock()
	rate := media.Mono(s.l.model.Caps().Rate)
	if rate.Duration(u.total) < tooShort && at == held {
		s.clear(ctx, u)
		s.settle(u, stt.Event{}, nil)
		return ctx.Err()
	}
	s.flow(ctx, u)
	sess, epoch, st, err := s.l.connection()
	s.mu.Lock()
	if u.at != held {
		s.mu.Unlock()
		nudge(s.work)
		return ctx.Err()
	}
	if st != up || u.epoch != epoch {
		if s.spare != nil || st == lost {
			s.moveOver(u, err)
		} // else it waits for the line
		s.mu.Unlock()
		return ctx.Err()
	}
	u.at = sent
	s.mu.Unlock()
	if sess.Send(ctx, s2s.Commit{}) != nil {
		return ctx.Err() // the line is gone, which its reader tells
	}
	return ctx.Err()
}

// clear has the model forget an utterance that it heard a part of.
func (s *earStream) clear(ctx context.Context, u *speech) {
	sess, epoch, st, _ := s.l.connection()
	s.mu.Lock()
	heard := st == up && u.epoch == epoch && u.at == held
	s.mu.Unlock()
	if heard {
		_ = sess.Send(ctx, s2s.Clear{}) // a line that is gone has forgotten
	}
}

// Discard implements stt.Discarder.
func (s *earStream) Discard(ctx context.Context) error {
	s.smu.Lock()
	defer s.smu.Unlock()
	s.mu.Lock()
	u := s.cur
	s.cur = nil
	s.mu.Unlock()
	if u == nil {
		return ctx.Err()
	}
	s.clear(ctx, u)
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ended, u.drop = true, true
	if u.at == moved {
		nudge(s.work)
	}
	return ctx.Err()
}

// SetHints implements stt.Hinter.
func (s *earStream) SetHints(ctx context.Context, h stt.Hints) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hints = h
	return ctx.Err()
}

// stands: the line is up again. What waited for it is sent.
func (s *earStream) stands() {
	s.smu.Lock()
	defer s.smu.Unlock()
	s.mu.Lock()
	var waiting []*speech
	for _, u := range s.owed {
		if u.at == held {
			waiting = append(waiting, u)
		}
	}
	s.mu.Unlock()
	for _, u := range waiting {
		s.flow(s.life, u)
		sess, epoch, st, _ := s.l.connection()
		if st != up || u.epoch != epoch {
			return
		}
		s.mu.Lock()
		u.at = sent
		s.mu.Unlock()
		_ = sess.Send(s.life, s2s.Commit{}) // a line that is gone is noticed by who reads it
	}
}

// idle reports whether nothing is being said, and everything that was is known.
func (s *earStream) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cur == nil && len(s.owed) == 0
}

// taken: the model has the oldest utterance that was committed.
func (s *earStream) taken(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.owed {
		if u.at != sent {
			continue
		}
		u.at, u.ref = taken, ref
		ev, ok := s.early[ref]
		delete(s.early, ref)
		s.flush()
		if ok {
			s.words(u, ev)
		}
		return
	}
}

// empty: the model found nothing in the oldest utterance that was committed.
func (s *earStream) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.owed {
		if u.at == sent {
			s.settled(u, stt.Event{}, nil)
			return
		}
	}
}

// wrote: the words of an item, or that they are not known.
func (s *earStream) wrote(ev s2s.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.owed {
		if u.ref == ev.Item && u.at == taken {
			s.words(u, ev)
			return
		}
	}
	if len(s.early) < mostEarly {
		s.early[ev.Item] = ev // some services write sooner than they take
	}
}

// words settles an utterance that was taken. Called with mu held.
func (s *earStream) words(u *speech, ev s2s.Event) {
	s.settled(u, stt.Event{Text: ev.Text, Usage: ev.Usage}, ev.Err)
}

// lost: a connection is gone, and with it what it had not written down. What waits for the line without another recogniser waits on, unless it will not come back.
func (s *earStream) lost(epoch int, forGood bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range append([]*speech(nil), s.owed...) {
		if u.epoch == epoch && (u.at == sent || u.at == taken) || u.at == held && (forGood || s.spare != nil) {
			s.moveOver(u, err)
		}
	}
}

// moveOver gives an utterance to the spare recogniser; without one it is lost too. Called with mu held.
func (s *earStream) moveOver(u *speech, err error) {
	if s.spare == nil {
		if err == nil {
			err = fault.New(fault.Unavailable, "upstream_lost", "the line to the speech-to-speech model was lost")
		}
		if u.ended {
			s.settled(u, stt.Event{}, err)
		}
		return
	}
	u.at, u.given = moved, 0
	if !s.worker && !s.closed {
		s.worker = true
		s.wg.Go(s.listen)
	}
	s.hear = append(s.hear, u)
	nudge(s.work)
}

// settle is settled for who does not hold mu.
func (s *earStream) settle(u *speech, ev stt.Event, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled(u, ev, err)
}

// settled notes the words of an utterance. Called with mu held.
func (s *earStream) settled(u *speech, ev stt.Event, err error) {
	u.at, u.final, u.err, u.pcm = known, ev, err, nil
	s.flush()
}

// flush gives out what is known, in the order of the utterances: a stream's Finals, and what stands for them, do not overtake each other. Called with mu held.
func (s *earStream) flush() {
	first := true // none before it waits
	open := s.owed[:0]
	for _, u := range s.owed {
		if first && !u.shown {
			switch {
			case u.at == taken || u.at == known && u.ref != "" || u.at == moved && u.ref != "":
				u.shown = true
				s.queue = append(s.queue, stt.Event{Kind: stt.Taken, Ref: u.ref, Lang: s.opts.Lang})
			case u.at == known && u.err != nil:
				u.shown = true
				s.err = u.err
			case u.at == known:
				u.shown = true
				ev := u.final
				ev.Kind, ev.Lang = stt.Final, s.opts.Lang
				s.queue = append(s.queue, ev)
			}
		}
		if u.shown && u.at == known && u.ref != "" {
			ev := u.final
			ev.Kind, ev.Ref, ev.Lang, ev.Err = stt.Late, u.ref, s.opts.Lang, u.err
			s.queue = append(s.queue, ev)
		}
		first = first && u.shown
		if !u.shown || u.at != known {
			open = append(open, u)
		}
	}
	clear(s.owed[len(open):])
	s.owed = open
	nudge(s.wake)
}

// Recv implements stt.Stream.
func (s *earStream) Recv(ctx context.Context) (stt.Event, error) {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return stt.Event{}, io.EOF
		}
		if len(s.queue) > 0 {
			ev := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return ev, nil
		}
		err := s.err
		s.mu.Unlock()
		if err != nil {
			return stt.Event{}, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return stt.Event{}, io.EOF
		case <-s.life.Done():
			return stt.Event{}, io.EOF
		}
	}
}

// Close implements stt.Stream.
func (s *earStream) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.l.mu.Lock()
	if s.l.ear == s {
		s.l.ear = nil
	}
	s.l.mu.Unlock()
	s.cancel()
	nudge(s.wake)
	s.wg.Wait()
	return nil
}
