package conversation

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/media"
)

const (
	// The rates of recordings, in Hz of both channels: a caller on the telephone has nothing to say beyond 4 kHz, nor to hear.
	recordingRate = 16000
	telephoneRate = 8000
	// together is how far a frame may be from the end of the sound before it and still follow it without a gap.
	together = 80 * time.Millisecond
	// window is how long one side's sound waits for the other's, which may be reported later.
	window = 2 * time.Second
	// maxRecording bounds a recording: 4 hours are 920 MB, of a telephone call half of that.
	maxRecording = 4 * time.Hour
	// gathered is how much sound is worth waking the writer for.
	gathered = 100 * time.Millisecond
	// recorderQueue is how many pieces wait for the disk: 6 s of both sides.
	recorderQueue = 128
	// maxFrame is the longest frame taken, in samples over all channels: 2 s of stereo at 48 kHz.
	maxFrame = 2 * 2 * 48000
)

// Recorder writes what both sides of a conversation heard of each other into one stereo file: caller left, agent right. Its rate is 16 kHz, or 8 kHz where the first sound is a
// caller's on the telephone. It can be
// used from several goroutines. Its calls copy the frame and return at once; one goroutine of its own writes. When that cannot keep
// up, what does not fit into its queue is counted and becomes silence of the same length, so that nothing is ever shifted. All methods of a
// nil Recorder do nothing.
type Recorder struct {
	path  string
	queue chan *piece
	done  chan struct{} // closed when the writer has returned

	mu      sync.Mutex
	closed  bool
	open    [2]*piece     // of each side: what is being gathered, nil for nothing
	pending [2]pending    // of each side: what the next piece must say first
	lost    time.Duration // sound that became silence

	// The writer's own until done is closed.
	err      error
	duration time.Duration
	rejected time.Duration // sound that had no place in the file
}

// pending is what a full queue kept from the writer.
type pending struct {
	lost  time.Duration
	cut   time.Duration
	isCut bool
}

const (
	callerSide = 0
	agentSide  = 1
)

// piece is one message to the writer. First comes cut, then lost, then the sound.
type piece struct {
	side int
	pending
	at   time.Duration
	rate int
	pcm  []int16 // mono; empty when there is none
}

// pieces are shared by all recordings: each has but a few on their way.
var pieces = sync.Pool{New: func() any { return &piece{} }}

func newRecorder(path string) *Recorder {
	r := &Recorder{path: path, queue: make(chan *piece, recorderQueue), done: make(chan struct{})}
	go r.write()
	return r
}

// Caller takes what the caller said. at is the position of the frame's first sample, from the start of the conversation. f may be reused
// when Caller returns.
func (r *Recorder) Caller(at time.Duration, f media.Frame) { r.take(callerSide, at, f) }

// Agent takes what the caller heard of the agent, at the position where it was, or will be, heard. f may be reused when Agent returns.
func (r *Recorder) Agent(at time.Duration, f media.Frame) { r.take(agentSide, at, f) }

// CutAgent says that what was reported of the agent's sound from that position on was not heard after all. It reaches back 2 s.
func (r *Recorder) CutAgent(at time.Duration) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand(agentSide)
	p := &r.pending[agentSide]
	p.lost, p.cut, p.isCut = 0, at, true
	r.send(r.piece(agentSide))
}

func (r *Recorder) take(side int, at time.Duration, f media.Frame) {
	if r == nil || len(f.PCM) == 0 || f.Rate <= 0 || f.Channels <= 0 || len(f.PCM) > maxFrame {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.open[side]
	if p != nil && !p.goesOn(at, f.Rate) {
		r.hand(side)
		p = nil
	}
	if p == nil {
		p = r.piece(side)
		p.at, p.rate = at, f.Rate
		r.open[side] = p
	}
	p.pcm = mono(p.pcm, f)
	if p.length() >= gathered {
		r.hand(side)
	}
	// The end of an utterance is less than a piece, and what follows it on its side may be long in coming: the writer does not wait so long.
	if other := r.open[1-side]; other != nil && at-other.at-other.length() >= gathered {
		r.hand(1 - side)
	}
}

func (p *piece) length() time.Duration { return media.Mono(p.rate).Duration(len(p.pcm)) }

// goesOn tells whether a frame follows what is gathered.
func (p *piece) goesOn(at time.Duration, rate int) bool {
	gap := at - p.at - p.length()
	return rate == p.rate && gap < media.FrameTime && gap > -media.FrameTime
}

// hand gives the writer what was gathered of a side. r.mu is held.
func (r *Recorder) hand(side int) {
	p := r.open[side]
	if p == nil {
		return
	}
	r.open[side] = nil
	d := p.length()
	if !r.send(p) {
		r.pending[side].lost += d
		r.lost += d
	}
}

// piece returns an empty message that carries what is pending. r.mu is held.
func (r *Recorder) piece(side int) *piece {
	p := pieces.Get().(*piece)
	*p = piece{side: side, pending: r.pending[side], pcm: p.pcm[:0]}
	return p
}

// send queues a message if there is room. r.mu is held.
func (r *Recorder) send(p *piece) bool {
	if r.closed {
		return true // too late to be missed
	}
	side := p.side // once sent, the piece is the writer's
	select {
	case r.queue <- p:
		r.pending[side] = pending{}
		return true
	default:
		pieces.Put(p)
		return false
	}
}

// mono appends the mean of the channels.
func mono(dst []int16, f media.Frame) []int16 {
	if f.Channels == 1 {
		return append(dst, f.PCM...)
	}
	for i := 0; i+f.Channels <= len(f.PCM); i += f.Channels {
		sum := 0
		for _, v := range f.PCM[i : i+f.Channels] {
			sum += int(v)
		}
		dst = append(dst, int16(sum/f.Channels))
	}
	return dst
}

// stop ends the recording and waits until it is written. It may be called more than once.
func (r *Recorder) stop() {
	if r == nil {
		return
	}
	r.mu.Lock()
	if !r.closed {
		r.hand(callerSide)
		r.hand(agentSide)
		r.closed = true
		close(r.queue)
	}
	r.mu.Unlock()
	<-r.done
}

// notices tells people what is wrong with the recording. The recorder has stopped.
func (r *Recorder) notices() []event.Notice {
	if r == nil {
		return nil
	}
	var out []event.Notice
	if r.err != nil {
		n := event.Notice{Code: "recording_incomplete", Message: "The recording ends early: " + r.err.Error()}
		if code := fault.CodeOf(r.err); code != "" {
			n.Params = map[string]string{"cause": code}
		}
		out = append(out, n)
	}
	if lost := r.lost + r.rejected; lost >= together {
		out = append(out, event.Notice{
			Code: "recording_gaps", Message: fmt.Sprintf("%d ms of sound are missing from the recording.", lost.Milliseconds()),
			Params: map[string]string{"ms": strconv.FormatInt(lost.Milliseconds(), 10)},
		})
	}
	return out
}

// write is the writer. The file is made with the first sound.
func (r *Recorder) write() {
	defer close(r.done)
	var (
		t *tracks
		f *os.File
	)
	for p := range r.queue {
		if t == nil && r.err == nil && len(p.pcm) > 0 {
			f, t, r.err = openRecording(r.path, p)
		}
		if t != nil && r.err == nil {
			r.err = t.take(p)
		}
		pieces.Put(p)
	}
	if t == nil {
		return
	}
	err := t.close()
	if e := f.Close(); err == nil {
		err = e
	}
	if r.err == nil && err != nil {
		r.err = diskFault(err, "write the recording")
	}
	r.duration, r.rejected = t.out.Duration(), t.rejected
}

// openRecording makes the file when its first sound comes.
func openRecording(path string, first *piece) (*os.File, *tracks, error) {
	rate := recordingRate
	if first.side == callerSide && first.rate == telephoneRate {
		rate = telephoneRate
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, diskFault(err, "begin the recording")
	}
	w, err := media.NewWAVWriter(f, media.Format{Rate: rate, Channels: 2})
	if err != nil {
		f.Close()
		return nil, nil, diskFault(err, "begin the recording")
	}
	return f, &tracks{out: w, rate: rate}, nil
}
