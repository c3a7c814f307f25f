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

// socket is a message connection; *ws.Conn is one. Read returns a buffer that is valid until the next Read. Send encodes into a buffer of
// the socket's at once and queues it; it never blocks.
type socket interface {
	Read(ctx context.Context) (data []byte, binary bool, err error)
	Send(encode func(dst []byte) []byte) error
	Close(reason string) error
}

// conn is one client: the leg of its session, and the observer of its events. Recv reads the socket, so that commands and audio keep the order
// in which they were sent; what goes out is encoded under one lock, so that events and audio keep theirs.
type conn struct {
	sock    socket
	sess    *session.Session
	base    session.Settings // what the agent brings
	voice   string           // the agent's
	ext     bool             // Griot's extensions
	dialect wire.Dialect
	info    transport.Info // but for the formats
	acks    chan transport.Heard

	appended atomic.Int64 // nominal samples, at 24 kHz, since the last commit or clear, by a client or by turn detection

	// Owned by the goroutine that calls Recv.
	in    []int16 // decoded audio
	carry wire.Carry

	mu      sync.Mutex // guards what follows, and the order of messages
	seq     wire.Seq
	session wire.Session
	asked   *wire.Session // the session as it holds for the response that the client has asked for, until that starts
	rep     *response
	byID    map[string]event.Gen     // responses that may still be acknowledged
	lengths map[string]time.Duration // of the audio that was sent, by finished item
	items   []string                 // the conversation as the client knows it
	frame   media.Frame              // being encoded, see encodeAudio
	down    *media.Resampler         // of sound that began at another rate than its response's
	changed []int16                  // by it
	encode  func([]byte) []byte
}

// rate is the protocol's ordinary one. A client that speaks G.711 has another.
const rate = 24000

func newConn(sock socket, ext bool, s wire.Session, id, remote string) *conn {
	c := &conn{sock: sock, ext: ext, dialect: wire.GA, session: s, byID: map[string]event.Gen{}, lengths: map[string]time.Duration{},
		info: transport.Info{ID: id, Kind: "realtime", Remote: remote, In: media.Mono(rate), Out: media.Mono(rate), Ahead: 200 * time.Millisecond}}
	if ext {
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
	_ = c.sock.Close(reason)
	return nil
}

// Recv implements transport.Leg. It carries out commands on the way, and answers mistakes with error events: only the end of the connection ends it.
func (c *conn) Recv(ctx context.Context, in *transport.Inbound) error {
	for {
		raw, binary, err := c.sock.Read(ctx)
		if err != nil {
			if fault.CodeOf(err) == "message_too_large" {
				c.fail(err, "")
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.Join(io.EOF, err)
		}
		if binary {
			c.fail(fault.New(fault.Invalid, wire.CodeInvalidEvent, "binary messages are not part of this protocol: send audio as base64 in input_audio_buffer.append"), "")
			continue
		}
		b64, ok := wire.ParseAppend(raw)
		if ok {
			err = c.audio(b64, in)
		} else {
			ok, err = c.command(ctx, raw, in)
		}
		if err != nil {
			c.fail(err, wire.EventID(raw))
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
	c.openMessage()
	c.rep.sent += f.Duration()
	c.delta(f)
	return nil
}

// delta sends sound; without any, what the resampler still holds. Called with mu held.
func (c *conn) delta(f media.Frame) {
	c.frame = f
	_ = c.sock.Send(c.encode)
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
	return f.AppendDelta(dst, c.seq, c.rep.message.Ref, pcm)
}

// send encodes and queues events, in order. Called with mu held. A socket that does not take them has closed; the reader finds that out.
func (c *conn) send(evs ...wire.ServerEvent) {
	for _, ev := range evs {
		c.seq++
		_ = c.sock.Send(func(dst []byte) []byte {
			out, err := c.dialect.AppendEvent(dst, ev, c.seq)
			if err != nil { // a value that JSON cannot express: say so rather than nothing
				out, _ = c.dialect.AppendEvent(dst, wire.ErrorFor(err, ""), c.seq)
			}
			return out
		})
	}
}

// fail answers a client's mistake.
func (c *conn) fail(err error, eventID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(wire.ErrorFor(err, eventID))
}

// acknowledge passes on what the client's player reports. Only the newest report matters: when the queue is full the oldest is dropped.
func (c *conn) acknowledge(p wire.GriotPlayback) error {
	if !c.ext {
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
