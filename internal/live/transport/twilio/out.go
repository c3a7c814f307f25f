package twilio

import (
	"context"
	"encoding/base64"
	"strconv"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/media"
)

// Play implements transport.Leg. While the call is elsewhere nothing is sent, and so nothing heard.
func (l *Leg) Play(_ context.Context, g event.Gen, f media.Frame) error {
	if f.Rate != rate {
		return fault.New(fault.Internal, "audio_format", "a frame at %d Hz does not fit a call at %d Hz", f.Rate, rate)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in == nil {
		return nil
	}
	l.buf = media.EncodeULaw(l.buf[:0], f.PCM)
	err := l.in.send(`{"event":"media"`, func(dst []byte) []byte {
		dst = append(dst, `,"media":{"payload":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, l.buf)
		return append(dst, `"}`...)
	})
	if err != nil {
		return err
	}
	now := time.Now()
	if g != l.gen {
		if l.sent > l.marked { // the end of the generation before
			// The mark stands behind the first frame of the next one: 20 ms late at most.
			l.mark()
		}
		l.gen, l.sent, l.marked, l.heard, l.heardAt = g, f.PTS, f.PTS, f.PTS, time.Time{}
	}
	first := l.sent == l.marked && len(l.pending) == 0
	if first {
		l.heardAt = now // the far end holds nothing: it begins to play
	}
	l.sent, l.playedAt = f.PTS+f.Duration(), now
	if first || l.sent-l.marked >= markEvery {
		l.mark()
	}
	return nil
}

// mark asks to be told when all that was sent has been played. Called with mu held.
func (l *Leg) mark() {
	if len(l.pending) >= pendingMarks || l.in == nil {
		return
	}
	l.seq++
	m := mark{seq: l.seq, gen: l.gen, pos: l.sent}
	err := l.in.send(`{"event":"mark"`, func(dst []byte) []byte {
		dst = append(dst, `,"mark":{"name":"`...)
		dst = strconv.AppendUint(dst, m.seq, 10)
		return append(dst, `"}`...)
	})
	if err != nil { // who reads is told of a stream that broke
		return
	}
	l.pending, l.marked = append(l.pending, m), l.sent
}

// finish marks the end of what was sent, when nothing has followed for a while. Called with mu held.
func (l *Leg) finish(now time.Time) {
	if l.sent > l.marked && now.Sub(l.playedAt) >= settle {
		l.mark()
	}
	if l.idle != nil && l.quiet(now) {
		close(l.idle)
		l.idle = nil
	}
}

// came takes a mark that came back. What was cleared comes back too: those are no longer waited for. Called with mu held.
func (l *Leg) came(name string, now time.Time) {
	seq, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		l.stats.Malformed++
		return
	}
	for i, m := range l.pending {
		if m.seq != seq {
			continue
		}
		l.pending = l.pending[:copy(l.pending, l.pending[i+1:])]
		l.stats.Marks++
		if m.gen == l.gen {
			l.heard, l.heardAt = m.pos, now
		}
		l.tell(transport.Heard{Gen: m.gen, Upto: m.pos})
		return
	}
}

// tell passes on what was heard. Only the newest counts: when nobody takes them, the oldest goes. Called with mu held.
func (l *Leg) tell(h transport.Heard) {
	for {
		select {
		case l.acks <- h:
			return
		default:
		}
		select {
		case <-l.acks:
		default:
		}
	}
}

// Clear implements transport.Leg. What is heard by then is what the last mark told, and as much as has been played since: the far end answers a clear with all its marks, which tell nothing.
func (l *Leg) Clear(_ context.Context, before event.Gen) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in == nil || l.gen == 0 {
		return nil
	}
	l.stats.Clears++
	err := l.in.send(`{"event":"clear"`, func(dst []byte) []byte { return dst })
	if l.gen < before || l.unheard() {
		l.cut(time.Now())
	}
	return err
}

// unheard reports whether something that was sent has not been heard yet. Called with mu held.
func (l *Leg) unheard() bool { return l.heard < l.sent }

// cut says how much was heard of what is forgotten now. Called with mu held.
func (l *Leg) cut(now time.Time) {
	heard := l.heard
	if l.unheard() && !l.heardAt.IsZero() {
		heard = min(l.sent, heard+now.Sub(l.heardAt))
	}
	for _, m := range l.pending { // of older generations, which were not over
		if m.gen != l.gen {
			l.tell(transport.Heard{Gen: m.gen, Final: true})
		}
	}
	l.pending = l.pending[:0]
	l.heard, l.sent, l.marked = heard, heard, heard
	l.tell(transport.Heard{Gen: l.gen, Upto: heard, Final: true})
}

// forget is cut for a stream that has ended. Called with mu held.
func (l *Leg) forget() {
	if l.gen != 0 && (l.unheard() || len(l.pending) > 0) {
		l.cut(time.Now())
	}
	l.pending = l.pending[:0]
	if l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
}

// quiet reports whether all that was sent has been played, and nothing follows. Called with mu held.
func (l *Leg) quiet(now time.Time) bool {
	return l.in == nil || len(l.pending) == 0 && l.sent == l.marked && now.Sub(l.playedAt) >= 2*settle
}

// Drain waits until what was played has been heard, and nothing more is being said. It needs somebody who calls Recv. ctx bounds it.
func (l *Leg) Drain(ctx context.Context) {
	l.mu.Lock()
	if l.quiet(time.Now()) {
		l.mu.Unlock()
		return
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	select {
	case <-idle:
	case <-l.gone:
	case <-ctx.Done():
	}
}
