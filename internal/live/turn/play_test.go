package turn

import (
	"math/bits"
	"strings"
	"testing"
	"time"

	"griot/internal/media"
	"griot/internal/model/stt"
	"griot/internal/model/vad"
)

const (
	wordLag  = 250 * time.Millisecond // how long after a word the ideal recogniser has it
	finalLag = 150 * time.Millisecond // how long after the end of a turn its words are settled
	heardLag = 900 * time.Millisecond // how long after the end of a turn the agent is heard
	prefix   = 300 * time.Millisecond // what a recogniser gets from before the onset
)

// noted is a signal of the voice detector.
type noted struct {
	at time.Duration
	s  Signal
}

// listen is what the voice detector makes of sound, as the session's listener reports it.
func listen(t testing.TB, pcm []int16) (out []noted) {
	t.Helper()
	det, err := vad.New(soundRate)
	if err != nil {
		t.Fatal(err)
	}
	seg := vad.Segmenter{Close: 5}
	var recent uint8
	suspected := false
	const size = soundRate / 50
	for i := 0; i+size <= len(pcm); i += size {
		pts := time.Duration(i/size) * media.FrameTime
		a, err := det.Push(media.Frame{Format: media.Mono(soundRate), PTS: pts, PCM: pcm[i : i+size]})
		if err != nil {
			t.Fatal(err)
		}
		a.At = pts
		now := pts + media.FrameTime
		recent <<= 1
		if a.Speech >= vad.DefaultThreshold {
			recent |= 1
		}
		switch {
		case seg.Speaking():
		case !suspected && bits.OnesCount8(recent&7) >= 2:
			suspected = true
			out = append(out, noted{now, Suspicion{On: true}})
		case suspected && recent&7 == 0:
			suspected = false
			out = append(out, noted{now, Suspicion{}})
		}
		switch edge, at := seg.Push(a); edge {
		case vad.Onset:
			suspected = false
			out = append(out, noted{now, Voice{On: true, At: at, Pos: now}})
		case vad.Offset:
			out = append(out, noted{now, Voice{At: at, Pos: now}})
		}
	}
	return out
}

// recogniser gives the words of an utterance that began at a position of the audio, as they are known now.
type recogniser interface {
	begin(from, now time.Duration)
	words(now time.Duration) string
	end()
}

// ideal knows every word a moment after it was said.
type ideal struct {
	all  []word
	from time.Duration
}

func (r *ideal) begin(from, _ time.Duration) { r.from = from }
func (r *ideal) end()                        {}
func (r *ideal) words(now time.Duration) string {
	var out []string
	for _, w := range r.all {
		if w.end > r.from && w.end+wordLag <= now {
			out = append(out, w.text)
		}
	}
	return strings.Join(out, " ")
}

// deaf has no words before the end of a turn.
type deaf struct{}

func (deaf) begin(_, _ time.Duration)   {}
func (deaf) end()                       {}
func (deaf) words(time.Duration) string { return "" }

// dictation is a real recogniser. Its words count 80 ms after the sound they were found in, which is what decoding takes.
type dictation struct {
	t      testing.TB
	pcm    []int16
	stream stt.Stream
	events chan stt.Event
	fed    time.Duration
	open   bool
	text   string
}

func newDictation(t testing.TB, m stt.Model, pcm []int16) *dictation {
	s, err := m.Open(t.Context(), stt.Options{Lang: "en-US", Hints: stt.Hints{Open: true}})
	if err != nil {
		t.Fatal(err)
	}
	d := &dictation{t: t, pcm: pcm, stream: s, events: make(chan stt.Event, 64)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			ev, err := s.Recv(t.Context())
			if err != nil {
				return
			}
			d.events <- ev
		}
	}()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return d
}

func (d *dictation) begin(from, _ time.Duration) {
	d.end()
	d.fed, d.open, d.text = from/media.FrameTime*media.FrameTime, true, ""
}

func (d *dictation) end() {
	if !d.open {
		return
	}
	d.open = false
	if err := d.stream.Finalize(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	for ev := range d.events {
		if ev.Kind == stt.Final {
			return
		}
	}
}

func (d *dictation) words(now time.Duration) string {
	before := d.fed
	for ; d.open && d.fed+media.FrameTime+80*time.Millisecond <= now; d.fed += media.FrameTime {
		at := media.Mono(soundRate).Samples(d.fed)
		if at+soundRate/50 > len(d.pcm) {
			break
		}
		if err := d.stream.Send(d.t.Context(), media.Frame{Format: media.Mono(soundRate), PCM: d.pcm[at : at+soundRate/50]}); err != nil {
			d.t.Fatal(err)
		}
	}
	for d.fed/(100*time.Millisecond) != before/(100*time.Millisecond) { // it looks every 100 ms
		select {
		case ev := <-d.events:
			if ev.Kind == stt.Partial {
				d.text = ev.Text
			}
			continue
		case <-time.After(2 * time.Millisecond): // the reader is another goroutine
		}
		break
	}
	return d.text
}

// happened is an act of a policy in a call.
type happened struct {
	act    Act
	at, on time.Duration // when, and the audio position it belongs to
	last   time.Duration
}

// player plays a call to a policy, as a session does, with an agent that answers every turn.
type player struct {
	p       Policy
	ears    recogniser
	edges   []noted
	asked   func(now time.Duration) Asked
	speaks  func(now time.Duration) (Agent, bool) // the agent of a call over its speech; nil for one that answers
	log     []happened
	now     time.Duration
	wake    time.Duration
	text    string
	utt     bool // an utterance is open
	turn    bool
	held    bool
	agent   Agent
	ended   time.Duration
	settled bool
	pending Asked
}

var playStart = time.Unix(1000, 0)

// run plays up to the end of the call.
func (p *player) run(end time.Duration) []happened {
	next := 0
	p.settled = true
	for p.now = 0; p.now < end; p.now += 10 * time.Millisecond {
		for ; next < len(p.edges) && p.edges[next].at <= p.now; next++ {
			p.put(p.edges[next].s)
		}
		if p.wake > 0 && p.wake <= p.now {
			p.wake = 0
			p.put(Tick{})
		}
		if a := p.asked(p.now); a != p.pending {
			p.pending = a
			p.put(a)
		}
		if p.utt {
			if t := p.ears.words(p.now); t != p.text {
				p.text = t
				p.put(Words{Text: t})
			}
		}
		p.answer()
	}
	return p.log
}

// answer moves the agent: it thinks, and then it is heard for a second.
func (p *player) answer() {
	if p.speaks != nil {
		if a, ok := p.speaks(p.now); ok && a != p.agent {
			p.agent = a
			p.put(a)
		}
		return
	}
	if p.settled || p.turn || p.held {
		return
	}
	switch since := p.now - p.ended; {
	case since >= heardLag+time.Second:
		p.be(Agent{})
		p.settled = true
	case since >= heardLag:
		p.be(Agent{Speaking: true, Left: heardLag + time.Second - since})
	case since >= finalLag:
		p.be(Agent{Thinking: true})
	}
}

func (p *player) be(a Agent) {
	if a != p.agent {
		p.agent = a
		p.put(a)
	}
}

func (p *player) put(s Signal) {
	for {
		d := p.p.Observe(playStart.Add(p.now), s)
		_, edge := s.(Voice)
		_, tick := s.(Tick)
		if edge || tick || d.Act != None || !d.Wake.IsZero() {
			p.wake = 0
			if !d.Wake.IsZero() {
				p.wake = d.Wake.Sub(playStart)
			}
		}
		if d.Act != None {
			p.do(d)
		}
		if !d.Again {
			return
		}
	}
}

func (p *player) do(d Decision) {
	p.log = append(p.log, happened{d.Act, p.now, d.At, d.LastVoice})
	open := func() {
		if !p.utt {
			p.ears.begin(max(0, d.At-prefix), p.now)
			p.utt, p.text = true, ""
		}
	}
	switch d.Act {
	case Hold:
		p.held = true
		open()
	case Start, Interrupt, Reopen:
		p.held, p.turn, p.settled = false, true, true
		open()
		p.agent = Agent{} // the policy knows that it falls silent; it is told so
		p.put(p.agent)
	case Resume:
		p.held, p.utt = false, false
		p.ears.end()
	case End:
		p.turn, p.utt, p.settled, p.ended = false, false, false, p.now
		p.ears.end()
	}
}
