package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"griot/internal/media"
)

// phase is what a caller is doing.
type phase uint8

const (
	listening phase = iota // to the agent, or waiting for it to finish
	talking
	awaiting // the answer
)

const (
	// patience is how long a caller waits for an answer.
	patience = 10 * time.Second
	// memory is for how many frames a caller remembers when it sent them.
	memory = 1024
)

// link is a caller's connection. What comes over it is told to the caller: take, voice and fail.
type link interface {
	// send sends a frame.
	send(f frame) error
	// hangUp ends the connection, and returns when nothing more will be told.
	hangUp()
}

// caller is one synthetic caller on one connection. Its clock calls tick every 20 ms; its link tells what comes.
type caller struct {
	say   *speech
	opts  *Options
	tally *tally
	link  link
	apart bool // the agent's sound does not travel among the events, and the player has no store that it could clear
	ears  bool // there are no events: what happens is known by ear alone

	mu      sync.Mutex
	origin  time.Time
	greeted time.Time // when the call was answered, until the agent's first sound; zero where that is not measured
	rnd     *rand.Rand
	err     error // why the connection is no use any more
	closing bool

	// What was sent. Frame n was sent at sent[n%memory].
	frames  int
	sent    [memory]time.Duration // since origin
	phase   phase
	clip    *clip
	at      int // next frame of the clip
	until   time.Time
	barging bool // the clip interrupts the agent

	// What came.
	active   bool      // a response is not done
	ulaw     bool      // its sound is µ-law, not 16-bit samples at 24 kHz
	heard    bool      // its first sound came
	playEnd  time.Time // when the caller's ear will have heard all that came
	lastLoud time.Time // when sound last came
	bargeAt  time.Time // when the caller will interrupt this response; zero for not at all
	onset    time.Time // when the interruption became audible; zero when there is none
	earStop  time.Time // when the caller's player fell silent for it
	turnEnd  time.Time // when the frame was sent that ended the turn; zero when no answer is owed
	tookFrom time.Time // when the caller's last sound was sent
}

// connect begins a call.
func connect(ctx context.Context, o *Options, say *speech, t *tally, seed uint64) (*caller, error) {
	c := &caller{say: say, opts: o, tally: t, origin: time.Now(), rnd: rand.New(rand.NewPCG(seed, 1))}
	var err error
	switch o.Transport {
	case "webrtc":
		c.apart = true
		err = c.overWebRTC(ctx)
	case "sip":
		c.apart, c.ears = true, true
		err = c.overSIP(ctx)
	default:
		err = c.overSocket(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// fail notes why the connection is no use any more. Called with mu held.
func (c *caller) fail(err error) {
	if c.err == nil {
		c.err = err
		if !c.closing {
			c.tally.lost(err)
		}
	}
}

// hangUp ends the call and waits for the link.
func (c *caller) hangUp() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.link.hangUp()
}

// alive reports whether the call is still held.
func (c *caller) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil
}

// tick sends one frame.
func (c *caller) tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.closing {
		return
	}
	if err := c.link.send(c.next(now)); err != nil {
		c.fail(fmt.Errorf("send: %w", err))
		return
	}
	c.sent[c.frames%memory] = now.Sub(c.origin)
	c.frames++
}

// next decides what the caller says in this frame. Called with mu held.
func (c *caller) next(now time.Time) frame {
	if c.ears {
		c.byEar(now)
	}
	switch c.phase {
	case listening:
		switch {
		case c.active && !c.bargeAt.IsZero() && now.After(c.bargeAt):
			c.begin(&c.say.firm[c.rnd.IntN(len(c.say.firm))], true)
		case !c.active && now.After(c.playEnd) && now.After(c.until):
			c.begin(&c.say.clips[c.rnd.IntN(len(c.say.clips))], false)
		}
	case talking:
		if c.at == len(c.clip.frames) {
			c.phase, c.until = awaiting, now.Add(patience)
			if c.ears { // the turn is over when the agent has heard nothing for as long as it waits
				c.turnEnd, c.heard = c.tookFrom.Add(c.opts.Silence), false
			}
		}
	case awaiting:
		if now.After(c.until) {
			c.tally.unanswered()
			c.turnEnd = time.Time{}
			c.listen(now)
		}
	}
	if c.phase != talking {
		return c.say.room[c.frames%len(c.say.room)]
	}
	if c.at == c.clip.onset && c.barging {
		c.onset = now
	}
	if c.at == c.clip.last {
		c.tookFrom = now
	}
	c.at++
	return c.clip.frames[c.at-1]
}

// How long the agent must be quiet for a caller to know that it has finished, and that it has been interrupted.
const (
	finishedAfter = 1500 * time.Millisecond
	stoppedAfter  = 400 * time.Millisecond
)

// byEar finds out what events would tell: that the agent speaks, and that it has stopped for an interruption. Called with mu held.
func (c *caller) byEar(now time.Time) {
	quiet := now.Sub(c.lastLoud)
	c.active = quiet < finishedAfter
	if !c.onset.IsZero() && quiet > stoppedAfter {
		wire := max(0, c.lastLoud.Sub(c.onset))
		c.tally.interrupted(wire, wire)
		c.onset = time.Time{}
	}
}

func (c *caller) begin(cl *clip, barging bool) {
	c.phase, c.clip, c.at, c.barging = talking, cl, 0, barging
	c.bargeAt, c.onset, c.tookFrom = time.Time{}, time.Time{}, time.Time{}
}

// listen begins a pause: when the agent has finished, the caller speaks again after it.
func (c *caller) listen(now time.Time) {
	c.phase = listening
	c.until = now.Add(300*time.Millisecond + time.Duration(c.rnd.IntN(500))*time.Millisecond)
}

var deltaHead = []byte(`{"type":"response.output_audio.delta"`)

// take handles one message of the server. Called with mu held, or before the reader runs.
func (c *caller) take(msg []byte, now time.Time) {
	if bytes.HasPrefix(msg, deltaHead) {
		c.sound(msg, now)
		return
	}
	switch kind(msg) {
	case "input_audio_buffer.speech_started":
		c.turnEnd = time.Time{}
		if c.playEnd.After(now) && !c.apart { // a client of this protocol forgets what it holds now
			c.playEnd = now
		}
		c.earStop = c.playEnd
	case "input_audio_buffer.speech_stopped":
		var ev struct {
			End int `json:"audio_end_ms"`
		}
		if json.Unmarshal(msg, &ev) == nil {
			c.turnEnd = c.sentAt((ev.End+19)/20-1, now)
		}
	case "response.created":
		var ev struct {
			Response struct {
				Audio struct {
					Output struct {
						Format struct {
							Type string `json:"type"`
						} `json:"format"`
					} `json:"output"`
				} `json:"audio"`
			} `json:"response"`
		}
		if json.Unmarshal(msg, &ev) == nil {
			// The greeting may have begun before the server knew of our format.
			c.ulaw = ev.Response.Audio.Output.Format.Type == "audio/pcmu"
			c.active, c.heard, c.bargeAt = true, false, time.Time{}
		}
	case "response.done":
		c.finished(msg)
	case "error":
		c.tally.refused(string(msg))
	}
}

// sound handles a delta of the agent's sound.
func (c *caller) sound(msg []byte, now time.Time) {
	if len(msg) > 2*maxText {
		return
	}
	end := len(msg) - 2 // "}
	from := bytes.LastIndexByte(msg[:max(end, 0)], '"') + 1
	b64 := msg[from:end]
	if !c.ulaw {
		c.voice(media.Mono(24000).Duration(base64.StdEncoding.DecodedLen(len(b64))/2), true, now)
		return
	}
	var buf [maxText]byte
	n, err := base64.StdEncoding.Decode(buf[:], b64)
	c.voice(media.Mono(rate).Duration(n), err == nil && sounds(buf[:n]), now)
}

// voice notes that so much of the agent's sound has come. Called with mu held.
func (c *caller) voice(length time.Duration, loud bool, now time.Time) {
	if c.apart && !loud {
		return // what comes all the time does not keep the caller from speaking
	}
	c.playEnd = later(c.playEnd, now).Add(length)
	if !loud {
		return
	}
	c.lastLoud = now
	if !c.greeted.IsZero() {
		c.tally.greeted(now.Sub(c.greeted))
		c.greeted = time.Time{}
	}
	if c.heard {
		return
	}
	c.heard = true
	if c.phase == listening && c.turnEnd.IsZero() {
		return // a greeting
	}
	if !c.turnEnd.IsZero() && c.phase != talking {
		over := now.Sub(c.turnEnd) - c.opts.Stated
		total := now.Sub(c.tookFrom)
		c.tally.answered(over, total)
		c.turnEnd = time.Time{}
		c.listen(now)
		if c.rnd.Float64() < c.opts.Interrupt {
			c.bargeAt = now.Add(time.Second + time.Duration(c.rnd.IntN(2000))*time.Millisecond)
		}
	}
}

// maxText bounds the base64 of one frame of the agent's.
const maxText = 4096

// finished handles the end of a response.
func (c *caller) finished(msg []byte) {
	c.active, c.bargeAt = false, time.Time{}
	var ev struct {
		Response struct {
			Status string `json:"status"`
		} `json:"response"`
	}
	if json.Unmarshal(msg, &ev) != nil {
		return
	}
	switch ev.Response.Status {
	case "cancelled":
		if c.apart {
			c.earStop = c.lastLoud
		}
		if !c.onset.IsZero() {
			c.tally.interrupted(max(0, c.lastLoud.Sub(c.onset)), max(0, c.earStop.Sub(c.onset)))
		}
	case "failed", "incomplete":
		c.tally.refused("response " + ev.Response.Status)
	}
	c.onset = time.Time{}
}

// sentAt says when a frame was sent; one that is still to be sent is expected in its turn.
func (c *caller) sentAt(frame int, now time.Time) time.Time {
	switch {
	case frame < 0 || frame < c.frames-memory || c.frames == 0:
		return now
	case frame >= c.frames:
		return c.origin.Add(c.sent[(c.frames+memory-1)%memory] + time.Duration(frame-c.frames+1)*frameTime)
	}
	return c.origin.Add(c.sent[frame%memory])
}

// kind reads the type of an event, which our server writes first.
func kind(msg []byte) string {
	rest, ok := bytes.CutPrefix(msg, []byte(`{"type":"`))
	if !ok {
		return ""
	}
	if i := bytes.IndexByte(rest, '"'); i >= 0 {
		return string(rest[:i])
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
