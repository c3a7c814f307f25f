package session

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"time"

	"griot/internal/live/selfvoice"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/model/vad"
)

// detectorFor makes the voice detector; tests put a simpler one in its place.
var detectorFor = func(rate int) (vad.Detector, error) { return vad.New(rate) }

// listen is the way in: it reads the leg, cuts its audio into 20 ms frames, finds the edges of speech, and posts what the actor has to know.
// In steady state it allocates nothing and posts nothing.
func (s *Session) listen(ctx context.Context) {
	l := listener{s: s}
	l.seg.Close = 5 // the pause that ends a turn is the policy's to count
	var in transport.Inbound
	for {
		if err := s.leg.Recv(ctx, &in); err != nil {
			if ctx.Err() == nil { // else the conversation is being ended, which is its own reason
				s.post(legGone{err})
			}
			return
		}
		switch in.Kind {
		case transport.Audio:
			if s.plan.CallerTap != nil {
				s.plan.CallerTap(time.Since(s.start), in.Frame)
			}
			l.audio(in.Frame)
		case transport.Digit:
			s.post(digitMsg{in.Digit})
		case transport.Text:
			s.post(textMsg{in.Text})
		}
	}
}

// listener is the state of the way in.
type listener struct {
	s   *Session
	in  media.Format // of the audio that comes; a client may change it
	rs  *media.Resampler
	fr  *media.Framer
	up  *media.Framer // of the sound as it came, for a model upstream; nil without one
	det vad.Detector
	seg vad.Segmenter
	buf []int16
	pos time.Duration // of the audio framed so far

	early time.Duration // of the frames that came soonest: by how much the session's clock is ahead of their positions
	known bool          // that the agent's voice comes back, and the actor was told

	recent    uint8 // whether the newest frames sounded like speech, newest lowest
	suspected bool
}

// suspect posts the first signs of what may become speech, two frames of three, and their end: it costs nothing to lower the agent's voice early.
func (l *listener) suspect(speech bool) {
	l.recent <<= 1
	if speech {
		l.recent |= 1
	}
	switch {
	case l.seg.Speaking():
	case !l.suspected && bits.OnesCount8(l.recent&7) >= 2:
		l.suspected = true
		l.s.post(suspectMsg{true})
	case l.suspected && l.recent&7 == 0:
		l.suspected = false
		l.s.post(suspectMsg{false})
	}
}

// open prepares for audio of another rate. The voice detector works at the leg's own rate where it can: what has no high frequencies gains nothing
// by being brought to a higher rate.
func (l *listener) open(in media.Format) (err error) {
	l.in, l.rs, l.fr, l.det = in, nil, nil, nil
	e := l.s.ear
	if e == nil {
		return nil
	}
	rate := in.Rate
	if rate != 8000 && rate != 16000 {
		rate = 16000
		if l.rs, err = media.NewResampler(in.Rate, rate); err != nil {
			return err
		}
	}
	if l.fr, err = media.NewFramer(media.Mono(rate)); err != nil {
		return err
	}
	if l.s.line == nil {
		e.hear(rate)
	} else { // it hears all that there is to hear
		if l.up, err = media.NewFramer(media.Mono(in.Rate)); err != nil {
			return err
		}
		e.hear(in.Rate)
	}
	l.det, err = detectorFor(rate)
	return err
}

// audio takes a piece of the leg's audio, of any length.
func (l *listener) audio(f media.Frame) {
	if f.Format != l.in {
		if err := l.open(f.Format); err != nil {
			l.s.post(earFault{err: fmt.Errorf("listen: %w", err)})
		}
	}
	if l.det == nil {
		return
	}
	pcm := f.PCM
	if l.up != nil {
		l.up.Push(pcm)
		for f, ok := l.up.Next(); ok; f, ok = l.up.Next() {
			l.s.ear.push(f.PCM)
		}
	}
	if l.rs != nil {
		l.buf = l.rs.Process(l.buf[:0], pcm)
		pcm = l.buf
	}
	l.fr.Push(pcm)
	for {
		f, ok := l.fr.Next()
		if !ok {
			return
		}
		f.PTS = l.pos
		l.frame(f)
	}
}

// own reports whether all that a frame holds is the agent's own voice, and tells the actor when what it took for the caller turns out to be that.
func (l *listener) own(f media.Frame) bool {
	d := l.s.own
	if d == nil {
		return false
	}
	// Networks hold sound back: the frames that came soonest tell when it was recorded. Clocks drift by less than half a per cent.
	if at := time.Since(l.s.start) - l.pos; l.pos == media.FrameTime || at < l.early {
		l.early = at
	} else {
		l.early += media.FrameTime / 200
	}
	ours := d.Heard(l.early+f.PTS, f.PCM, f.Rate) == selfvoice.Ours
	delay, known := d.Echo()
	if known && !l.known {
		l.s.post(echoMsg{delay}) // what sounded until now, and was taken for the caller, was the agent
	}
	l.known = known
	return ours
}

func (l *listener) frame(f media.Frame) {
	e := l.s.ear
	if l.up == nil {
		e.push(f.PCM)
	}
	l.pos += media.FrameTime
	l.s.heard.Store(int64(l.pos))
	act, err := l.det.Push(f)
	if err != nil {
		return // the frame's form is ours: it cannot be wrong
	}
	act.At = f.PTS
	if l.own(f) {
		act.Speech = 0
	}
	l.seg.Threshold = math.Float32frombits(e.threshold.Load())
	l.suspect(act.Speech >= l.seg.Threshold)
	switch edge, at := l.seg.Push(act); edge {
	case vad.Onset:
		l.suspected = false // it has become speech
		l.s.post(voiceMsg{on: true, at: at, pos: l.pos, seen: time.Now()})
	case vad.Offset:
		l.s.post(voiceMsg{at: at, pos: l.pos, seen: time.Now()})
	}
}
