package realtime

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/media"
	wire "griot/internal/realtime"
)

// conn is a conversation as its clients see it, and the leg of a session whose sound travels inside the events. Recv reads the pipe, so that commands and audio keep the order
// in which they were sent; what goes out is encoded under one lock, so that events and audio keep theirs. Where the sound travels beside the events, besideLeg is the leg.
type conn struct {
	main *outlet // the client whose events hold the sound; nil when it travels beside them
	conv *Conversation
	sess *session.Session
	info transport.Info // but for the formats
	acks chan transport.Heard

	doing sync.Mutex // held while a command is carried out: there may be several clients

	appended atomic.Int64 // nominal samples, at 24 kHz, since the last commit or clear, by a client or by turn detection

	// Owned by the goroutine that calls Recv.
	in    []int16 // decoded audio
	carry wire.Carry

	mu      sync.Mutex // guards what follows, and the order of messages
	outs    []*outlet  // every client, with main
	over    bool       // the conversation is: nobody joins any more
	seq     wire.Seq
	session wire.Session
	asks    uint64                   // responses that clients have asked for
	asked   map[uint64]wish          // those of them that have not started
	rep     *response                // the one that may sound: the conversation's, or a spoken one outside it
	beside  map[event.Gen]*response  // written ones outside the conversation
	byID    map[string]event.Gen     // responses that may still be acknowledged
	lengths map[string]time.Duration // of the audio that was sent, by finished item
	heard   map[string]progress      // turns that are being recognised, by item
	inReel  reel                     // the newest of the client's sound, and of ours
	outReel reel
	spans   map[string]span  // items in them
	items   []string         // the conversation as the client knows it
	sounds  map[string]bool  // responses whose sound was announced and has not ended; only where it travels beside the events
	frame   media.Frame      // being encoded, see encodeAudio
	down    *media.Resampler // of sound that began at another rate than its response's
	changed []int16          // by it
	encode  func([]byte) []byte
}

// wish is a response that a client has asked for.
type wish struct {
	session   wire.Session // as it holds for that response
	outOfBand bool
}

// rate is the protocol's ordinary one. A client that speaks G.711 has another.
const rate = 24000

// newConn makes a conversation. main may be nil.
func newConn(main *outlet, s wire.Session, id, remote string) *conn {
	c := &conn{main: main, session: s, asked: map[uint64]wish{}, beside: map[event.Gen]*response{}, heard: map[string]progress{}, spans: map[string]span{}, byID: map[string]event.Gen{}, lengths: map[string]time.Duration{},
		info: transport.Info{ID: id, Kind: "realtime", Remote: remote, In: media.Mono(rate), Out: media.Mono(rate), Ahead: 200 * time.Millisecond}}
	if main == nil {
		return c
	}
	c.outs = []*outlet{main}
	if main.ext {
		c.acks = make(chan transport.Heard, 16)
		c.info.Ahead = 300 * time.Millisecond
	}
	c.encode = c.encodeAudio
	return c
}

// Info implements transport.Leg. The formats are the client's at this moment: what is a telephone call is one all the way.
func (c *conn) Info() transport.Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.info
	in.In, in.Out = media.Mono(c.session.Audio.Input.Format.SampleRate()), media.Mono(c.session.Audio.Output.Format.SampleRate())
	return in
}

// Heard implements transport.Leg. A client without the extensions acknowledges nothing.
func (c *conn) Heard() <-chan transport.Heard {
	if c.acks == nil {
		return nil
	}
	return c.acks
}

// Clear implements transport.Leg. On a plain WebSocket the client is told by speech_started and response.done, and clears its own player.
func (c *conn) Clear(context.Context, event.Gen) error { return nil }

// Close implements transport.Leg. What a connection had ended by before is for Recv to tell: it is no fault of the conversation.
func (c *conn) Close(reason string) error {
	_ = c.main.pipe.Close(reason)
	return nil
}

// Recv implements transport.Leg. It carries out commands on the way, and answers mistakes with error events: only the end of the connection ends it.
func (c *conn) Recv(ctx context.Context, in *transport.Inbound) error {
	for {
		raw, binary, err := c.main.pipe.Read(ctx)
		if err != nil {
			if fault.CodeOf(err) == "message_too_large" {
				c.fail(c.main, err, "")
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.Join(io.EOF, err)
		}
		if binary {
			c.fail(c.main, errBinary, "")
			continue
		}
		b64, ok := wire.ParseAppend(raw)
		if ok {
			err = c.audio(b64, in)
		} else {
			ok, err = c.command(ctx, c.main, raw, in)
		}
		if err != nil {
			c.fail(c.main, err, wire.EventID(raw))
			continue
		}
		if ok {
			return nil
		}
	}
}

// audio decodes appended audio into a frame at the client's rate.
func (c *conn) audio(b64 []byte, in *transport.Inbound) (err error) {
	f := c.inputFormat()
	if c.in, err = f.Decode(c.in[:0], b64, &c.carry); err != nil {
		return err
	}
	in.Kind = transport.Audio
	in.Frame = media.Frame{Format: media.Mono(f.SampleRate()), PCM: c.in}
	c.appended.Add(int64(len(c.in) * rate / f.SampleRate()))
	c.mu.Lock()
	c.inReel.push(f.SampleRate(), c.in)
	c.mu.Unlock()
	return nil
}

func (c *conn) inputFormat() wire.AudioFormat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.Audio.Input.Format
}

// Play implements transport.Leg: one response.output_audio.delta. In steady state it allocates nothing. A socket that does not take it has ended, which Recv finds
// out and tells.
func (c *conn) Play(_ context.Context, g event.Gen, f media.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rep == nil || c.rep.gen != g {
		return nil // its response.done has been sent: nothing of it may follow
	}
	c.openMessage(c.rep)
	c.rep.sent += f.Duration()
	s, item := c.spans[c.rep.message.ItemID], c.rep.message.ItemID
	if s.to == 0 {
		s.from = c.outReel.end()
	}
	c.outReel.push(f.Rate, f.PCM)
	s.to = c.outReel.end()
	c.spans[item] = s
	c.delta(f)
	return nil
}

// delta sends sound; without any, what the resampler still holds. Called with mu held.
func (c *conn) delta(f media.Frame) {
	c.frame = f
	_ = c.main.pipe.Send(c.encode)
	c.frame = media.Frame{}
}

// encodeAudio writes the frame under way, or without one what the resampler still holds. Called with mu held.
func (c *conn) encodeAudio(dst []byte) []byte {
	f, pcm := c.rep.wire.Audio.Output.Format, c.frame.PCM
	switch {
	case pcm == nil && c.down == nil, c.frame.Rate == f.SampleRate():
	case pcm == nil:
		c.changed = c.down.Flush(c.changed[:0])
		pcm = c.changed
	default:
		if c.down == nil {
			c.down, _ = media.NewResampler(c.frame.Rate, f.SampleRate()) // both rates are known to be possible
		}
		c.changed = c.down.Process(c.changed[:0], pcm)
		pcm = c.changed
	}
	if len(pcm) == 0 {
		return dst
	}
	c.seq++
	return c.main.dialect.AppendAudioDelta(dst, f, c.seq, c.rep.message.Ref, pcm)
}

// send encodes and queues events for every client, in order. Called with mu held.
func (c *conn) send(evs ...wire.ServerEvent) {
	for _, ev := range evs {
		c.seq++
		for _, o := range c.outs {
			o.send(ev, c.seq)
		}
	}
}

// fail answers a client's mistake.
func (c *conn) fail(o *outlet, err error, eventID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	o.send(wire.ErrorFor(err, eventID), c.seq)
}

// acknowledge passes on what the client's player reports. Only the newest report matters: when the queue is full the oldest is dropped.
func (c *conn) acknowledge(p wire.GriotPlayback) error {
	if c.acks == nil {
		return fault.New(fault.Invalid, wire.CodeExtensionsNotOn, "griot.playback needs ?extensions=griot in the address")
	}
	c.mu.Lock()
	g, ok := c.byID[p.ResponseID]
	c.mu.Unlock()
	if !ok {
		return nil // a report for something long settled is harmless
	}
	h := transport.Heard{Gen: g, Upto: time.Duration(p.AudioEndMS) * time.Millisecond, Final: p.Final}
	for {
		select {
		case c.acks <- h:
			return nil
		default:
		}
		select {
		case <-c.acks:
		default:
		}
	}
}
