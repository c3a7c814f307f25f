// Package twilio carries the sound of telephone calls that Twilio holds, by its Media Streams: a WebSocket that Twilio opens, with messages in JSON and sound in µ-law. Who calls whom is not its business; see
// internal/telephony/twilio.
//
// Accept reads the beginning of a stream, which says whose it is. A Leg lives as long as the call, which may be longer than one stream: while the call is somewhere else, with another person or pressing keys, it
// has none, and Attach gives it the next. A leg has no goroutine of its own: who calls Recv also sends the marks that are due.
package twilio

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/media"
)

const (
	rate = 8000
	// ahead is how much the far end holds: enough for the internet between us. What is too much is cleared in an interruption.
	ahead = 200 * time.Millisecond
	// markEvery is how often the far end is asked to tell what it has played.
	markEvery = 100 * time.Millisecond
	// settle is how long nothing is played before the end of what was is marked too.
	settle = 40 * time.Millisecond
	// pendingMarks may be on their way. When so many have not come back no more are sent, and playout keeps time by itself.
	pendingMarks = 128
)

// mark is a place in a generation that the far end tells us of.
type mark struct {
	seq uint64
	gen event.Gen
	pos time.Duration
}

// Leg is one call's sound.
type Leg struct {
	id, remote string
	acks       chan transport.Heard // the newest count: when nobody takes them the oldest goes
	gone       chan struct{}
	goneOnce   sync.Once

	// Owned by the goroutine that calls Recv.
	framer *media.Framer
	pcm    []int16
	raw    []byte

	mu       sync.Mutex // guards what follows
	in       *Stream    // nil while the call is elsewhere
	changed  chan struct{}
	away     bool // the stream may end, for another follows
	err      error
	buf      []byte // scratch of Play
	seq      uint64
	pending  []mark // sent and not come back, oldest first
	gen      event.Gen
	sent     time.Duration // of gen
	marked   time.Duration
	playedAt time.Time     // when Play was last called
	heard    time.Duration // of gen
	heardAt  time.Time
	idle     chan struct{} // closed when all that was sent has been played; nil when nobody waits
	stats    Stats
}

// Stats is how a call's sound does.
type Stats struct {
	Streams   int // that the call has had
	Messages  int // that came
	Malformed int // that could not be read, or were of another stream
	Marks     int // that came back
	Clears    int
}

// NewLeg makes a leg, which waits for its first stream. id and remote are what Info tells.
func NewLeg(id, remote string) (*Leg, error) {
	framer, err := media.NewFramer(media.Mono(rate))
	if err != nil {
		return nil, err
	}
	return &Leg{id: id, remote: remote, acks: make(chan transport.Heard, 16), gone: make(chan struct{}), framer: framer, changed: make(chan struct{}), away: true}, nil
}

// Attach gives the leg a stream. The fault is fault.Conflict "stream_taken" when it has one, or is gone. The leg closes the stream.
func (l *Leg) Attach(s *Stream) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gone:
		return fault.New(fault.Conflict, "stream_taken", "the call is over")
	default:
	}
	if l.in != nil && !l.away { // one that the call has left takes no part any more, whether or not its end has been read
		return fault.New(fault.Conflict, "stream_taken", "the call has a stream already")
	}
	l.in, l.away = s, false
	l.stats.Streams++
	l.forget()
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// Leave says that the call goes elsewhere for a while: the end of its stream is not the end of the leg.
func (l *Leg) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = true
}

// Stay takes Leave back. It reports whether the stream is still there.
func (l *Leg) Stay() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in != nil {
		l.away = false
	}
	return l.in != nil
}

// Away reports whether the call is elsewhere, or on its way there.
func (l *Leg) Away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

// Attached reports whether the leg has a stream.
func (l *Leg) Attached() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.in != nil
}

// Info implements transport.Leg.
func (l *Leg) Info() transport.Info {
	return transport.Info{ID: l.id, Kind: "twilio", Remote: l.remote, In: media.Mono(rate), Out: media.Mono(rate), Ahead: ahead, Clears: true}
}

// Recv implements transport.Leg: the caller's sound in frames of 20 ms whatever pieces it comes in, or a key. While the call is elsewhere it waits. A stream that broke is told with io.EOF and its cause.
func (l *Leg) Recv(ctx context.Context, in *transport.Inbound) error {
	for {
		if f, ok := l.framer.Next(); ok {
			in.Kind, in.Frame = transport.Audio, f
			return nil
		}
		s, changed := l.stream()
		if s == nil {
			select {
			case <-changed:
			case <-l.gone:
				return l.why()
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		key, err := l.read(ctx, s)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if l.lost(s, err) {
				return l.why()
			}
		case key != 0:
			in.Kind, in.Digit = transport.Digit, key
			return nil
		}
	}
}

func (l *Leg) stream() (*Stream, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.in, l.changed
}

// read takes one message. A key is returned.
func (l *Leg) read(ctx context.Context, s *Stream) (key rune, err error) {
	m, err := s.next(ctx)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finish(now)
	if err != nil {
		if fault.CodeOf(err) == "bad_message" {
			l.stats.Malformed++
			return 0, nil
		}
		return 0, err
	}
	return l.take(m, now)
}

// take does what a message says. Called with mu held.
func (l *Leg) take(m message, now time.Time) (key rune, err error) {
	l.stats.Messages++
	switch {
	case m.Event == "stop":
		return 0, io.EOF
	case m.Event == "media" && m.Media != nil:
		if m.Media.Track != "" && m.Media.Track != "inbound" {
			return 0, nil
		}
		raw, err := base64.StdEncoding.AppendDecode(l.raw[:0], []byte(m.Media.Payload))
		if err != nil {
			l.stats.Malformed++
			return 0, nil
		}
		l.raw = raw
		l.pcm = media.DecodeULaw(l.pcm[:0], raw)
		l.framer.Push(l.pcm)
	case m.Event == "dtmf" && m.DTMF != nil:
		if r := []rune(m.DTMF.Digit); len(r) == 1 && isKey(r[0]) {
			return r[0], nil
		}
		l.stats.Malformed++
	case m.Event == "mark" && m.Mark != nil:
		l.came(m.Mark.Name, now)
	}
	return 0, nil
}

func isKey(r rune) bool {
	return r >= '0' && r <= '9' || r == '*' || r == '#' || r >= 'A' && r <= 'D'
}

// lost takes the end of a stream, and reports whether it is the leg's.
func (l *Leg) lost(s *Stream, err error) bool {
	_ = s.Close("") // it is over; why is told by err
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in != nil && l.in != s { // another has taken its place
		return false
	}
	l.in = nil
	l.forget()
	if l.away {
		return false
	}
	if !errors.Is(err, io.EOF) || !s.stopped {
		l.err = fault.Wrap(err, fault.Unavailable, "media_lost", "the stream of the call broke")
	}
	l.goneOnce.Do(func() { close(l.gone) })
	return true
}

// why is what Recv returns in the end.
func (l *Leg) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(io.EOF, l.err)
}

// Hang says that the far end has hung up: Recv ends with io.EOF.
func (l *Leg) Hang(err error) {
	l.mu.Lock()
	s := l.in
	l.in = nil
	l.goneOnce.Do(func() { l.err = err; close(l.gone) })
	l.forget()
	l.mu.Unlock()
	if s != nil {
		_ = s.Close("") // the other side is gone
	}
}

// Gone is closed when the far end is gone, or the leg is closed.
func (l *Leg) Gone() <-chan struct{} { return l.gone }

// Heard implements transport.Leg: the marks that came back.
func (l *Leg) Heard() <-chan transport.Heard { return l.acks }

// Close implements transport.Leg. Twilio goes on behind its Connect verb, and hangs up where nothing follows it.
func (l *Leg) Close(string) error {
	l.Hang(nil)
	return nil
}

// Stats returns how the call's sound does.
func (l *Leg) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}
