package realtime

import (
	"context"
	"slices"

	"griot/internal/fault"
	"griot/internal/live/transport/ws"
	wire "griot/internal/realtime"
)

// Pipe carries a client's events and ours as whole messages: a WebSocket, or the data channel of a WebRTC call. Read belongs to one goroutine and returns a buffer
// that is valid until the next Read. Send encodes into a buffer of the pipe's at once and queues it; it never blocks, and a message that comes out empty is not
// sent. Close says why the conversation ended and may be called more than once.
type Pipe interface {
	Read(ctx context.Context) (data []byte, binary bool, err error)
	Send(encode func(dst []byte) []byte) error
	Close(reason string) error
}

// outlet is one client of a conversation: the one that opened it, or a second controller.
type outlet struct {
	pipe    Pipe
	ext     bool // Griot's extensions
	page    bool // it gets only what a page may see
	visitor bool // it talks with the agent as that is, see visitor.go
	dialect wire.Dialect
}

// forPages are the events that a client with Azure's webrtcfilter gets: nothing of instructions, tools and their results. The service's own list is not published in
// full; an error is passed on as well, because a page that is not told of it waits for ever.
var forPages = map[string]bool{
	"error": true, "input_audio_buffer.speech_started": true, "input_audio_buffer.speech_stopped": true,
	"output_audio_buffer.started": true, "output_audio_buffer.stopped": true, "output_audio_buffer.cleared": true,
	"conversation.item.input_audio_transcription.completed": true, "response.output_text.delta": true, "response.output_text.done": true,
	"response.output_audio_transcript.delta": true, "response.output_audio_transcript.done": true,
}

// send encodes and queues one event. A pipe that does not take it has closed; its reader finds that out.
func (o *outlet) send(ev wire.ServerEvent, seq wire.Seq) {
	if o.page && !forPages[ev.EventType()] {
		return
	}
	if o.visitor {
		var shown bool
		if ev, shown = shownToVisitor(ev); !shown {
			return
		}
	}
	_ = o.pipe.Send(func(dst []byte) []byte {
		out, err := o.dialect.AppendEvent(dst, ev, seq)
		if err != nil { // a value that JSON cannot express: say so rather than nothing
			out, _ = o.dialect.AppendEvent(dst, wire.ErrorFor(err, ""), seq)
		}
		return out
	})
}

// attach adds a client to the conversation; greeted, it is told first what session it is in. It reports false when the conversation is over.
func (c *conn) attach(o *outlet, greeted bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	if greeted {
		c.greet(o)
	}
	c.outs = append(c.outs, o)
	return true
}

// detach takes a client out.
func (c *conn) detach(o *outlet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outs = slices.DeleteFunc(c.outs, func(other *outlet) bool { return other == o })
}

// control carries out what a client sends that carries no sound, until its pipe or ctx ends. The error is nil when the client closed the pipe.
func (c *conn) control(ctx context.Context, o *outlet) error {
	for {
		raw, binary, err := o.pipe.Read(ctx)
		if err != nil {
			if fault.CodeOf(err) == "message_too_large" {
				c.fail(o, err, "")
			}
			return err
		}
		if err := c.message(ctx, o, raw, binary); err != nil {
			c.fail(o, err, wire.EventID(raw))
		}
	}
}

// message carries out one message of a client whose sound travels elsewhere.
func (c *conn) message(ctx context.Context, o *outlet, raw []byte, binary bool) error {
	if binary {
		return errBinary
	}
	_, err := c.command(ctx, o, raw, nil)
	return err
}

var (
	errBinary      error = fault.New(fault.Invalid, wire.CodeInvalidEvent, "binary messages are not part of this protocol: send audio as base64 in input_audio_buffer.append")
	errNoSoundHere error = fault.New(fault.Invalid, wire.CodeInvalidEvent, "the audio of this call travels over its peer connection, not in events")
)

// WebSocket makes a pipe of a WebSocket.
func WebSocket(c *ws.Conn) Pipe { return wsPipe{c} }

// wsPipe closes with the code that fits the reason.
type wsPipe struct{ *ws.Conn }

// Close implements Pipe.
func (p wsPipe) Close(reason string) error {
	code := 1000
	switch reason {
	case "shutdown", "limit":
		code = 1001
	case "failed":
		code = 1011
	}
	return p.Conn.Close(code, reason)
}
