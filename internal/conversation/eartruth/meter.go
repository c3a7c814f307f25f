package eartruth

import (
	"fmt"
	"math"
	"time"

	"griot/internal/media"
	"griot/internal/model/vad"
)

const (
	// block is the grain of every position: a level is kept for each, one byte a side.
	block = 5 * time.Millisecond
	// perFrame is how many blocks a frame of the voice detector has.
	perFrame = int(media.FrameTime / block)
	// Longest is how much of a recording is measured; the levels of the whole take 7 MB.
	Longest = 5 * time.Hour
)

// Measure measures two channels of the same recording, at 8000 or 16000 Hz; another rate is a fault.Invalid. The shorter one is taken to end in silence.
func Measure(rate int, caller, agent []int16) (Report, error) {
	m, err := NewMeter(rate)
	if err != nil {
		return Report{}, err
	}
	n := min(len(caller), len(agent))
	m.Write(caller[:n], agent[:n])
	silence := make([]int16, max(len(caller), len(agent))-n)
	if len(caller) > n {
		m.Write(caller[n:], silence)
	} else {
		m.Write(silence, agent[n:])
	}
	return m.Report(), nil
}

// Meter measures a recording that is given to it piece by piece. It keeps 400 bytes for each second. For one goroutine.
type Meter struct {
	rate   int
	voice  *vad.Voice
	seg    vad.Segmenter
	high   highPass
	fill   int         // samples in frames
	frames [2][]int16  // of 20 ms, on their way
	levels [2]envelope // of the caller, the agent
	speech []span      // of the caller, as the detector sees it
	open   int         // where the stretch under way began; -1 outside
	length int         // samples so far
}

const (
	callerSide = 0
	agentSide  = 1
)

// NewMeter returns a meter for sound at 8000 or 16000 Hz; another rate is a fault.Invalid.
func NewMeter(rate int) (*Meter, error) {
	v, err := vad.New(rate)
	if err != nil {
		return nil, fmt.Errorf("measure a recording: %w", err)
	}
	m := &Meter{rate: rate, voice: v, open: -1}
	m.seg.Close = int(voicePause / media.FrameTime)
	m.high.hold = float32(math.Exp(-2 * math.Pi * 80 / float64(rate)))
	for i := range m.frames {
		m.frames[i] = make([]int16, media.Mono(rate).Samples(media.FrameTime))
	}
	return m, nil
}

// Write takes the next samples of both channels. Only as many as both have are looked at.
func (m *Meter) Write(caller, agent []int16) {
	n := min(len(caller), len(agent))
	for at := 0; at < n; {
		k := copy(m.frames[callerSide][m.fill:], caller[at:n])
		copy(m.frames[agentSide][m.fill:], agent[at:n])
		at += k
		m.take(k)
	}
}

// WriteStereo takes the next interleaved samples, caller first. An odd last one is ignored.
func (m *Meter) WriteStereo(pcm []int16) {
	for at := 0; at+1 < len(pcm); {
		k := min(len(m.frames[0])-m.fill, (len(pcm)-at)/2)
		for i := range k {
			m.frames[callerSide][m.fill+i] = pcm[at+2*i]
			m.frames[agentSide][m.fill+i] = pcm[at+2*i+1]
		}
		at += 2 * k
		m.take(k)
	}
}

// take counts k more samples in the frames and measures them when they are full.
func (m *Meter) take(k int) {
	m.fill += k
	m.length += k
	if m.fill == len(m.frames[0]) {
		m.frame()
	}
}

// full tells whether no more is measured.
func (m *Meter) full() bool { return len(m.levels[0])*int(block) >= int(Longest) }

func (m *Meter) frame() {
	m.fill = 0
	if m.full() {
		return
	}
	caller := m.frames[callerSide]
	at := time.Duration(len(m.levels[callerSide])) * block
	f := media.Frame{Format: media.Mono(m.rate), PTS: at, PCM: caller}
	if a, err := m.voice.Push(f); err == nil { // the frame's form is ours: it cannot be wrong
		switch edge, at := m.seg.Push(a); edge {
		case vad.Onset:
			m.open = int(at / block)
		case vad.Offset:
			m.closeSpan(int(at / block))
		}
	}
	size := len(caller) / perFrame
	for i := range perFrame {
		m.levels[callerSide] = append(m.levels[callerSide], levelOf(m.high.power(caller[i*size:(i+1)*size])))
		m.levels[agentSide] = append(m.levels[agentSide], levelOf(power(m.frames[agentSide][i*size:(i+1)*size])))
	}
}

func (m *Meter) closeSpan(end int) {
	if m.open >= 0 {
		m.speech = append(m.speech, span{m.open, end})
	}
	m.open = -1
}

// Report measures what was written. Nothing more can be written after it.
func (m *Meter) Report() Report {
	if m.fill > 0 {
		for _, f := range m.frames {
			clear(f[m.fill:])
		}
		m.frame()
	}
	m.closeSpan(len(m.levels[callerSide]))
	s := scene{
		length: min(media.Mono(m.rate).Duration(m.length), Longest),
		caller: m.levels[callerSide].refine(m.speech),
		agent:  m.levels[agentSide].sounding(),
		voice:  m.levels[agentSide],
	}
	return s.report()
}

// highPass takes out what lies far below a voice: an offset of the microphone, the hum of the mains.
type highPass struct {
	hold, in, out float32
}

// power returns the mean square of x filtered.
func (h *highPass) power(x []int16) float64 {
	sum := float32(0)
	for _, v := range x {
		h.out = h.hold*h.out + float32(v) - h.in
		h.in = float32(v)
		sum += h.out * h.out
	}
	return float64(sum) / float64(len(x))
}

func power(x []int16) float64 {
	sum := int64(0)
	for _, v := range x {
		sum += int64(v) * int64(v)
	}
	return float64(sum) / float64(len(x))
}
