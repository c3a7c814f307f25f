package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"griot/internal/fault"
	"griot/internal/live/transport/ws"
)

// MaxMessage is the longest message that is taken, in bytes: several seconds of sound.
const MaxMessage = 256 << 10

// startWait is how long a stream may take to say whose it is.
const startWait = 10 * time.Second

// message is what Twilio sends. Numbers come as strings, and are not needed.
type message struct {
	Event     string `json:"event"`
	StreamSID string `json:"streamSid"`
	Start     *Start `json:"start"`
	Media     *struct {
		Track   string `json:"track"`
		Payload string `json:"payload"`
	} `json:"media"`
	DTMF *struct {
		Digit string `json:"digit"`
	} `json:"dtmf"`
	Mark *struct {
		Name string `json:"name"`
	} `json:"mark"`
}

// Start is how a stream introduces itself.
type Start struct {
	StreamSID   string            `json:"streamSid"`
	AccountSID  string            `json:"accountSid"`
	CallSID     string            `json:"callSid"`
	Parameters  map[string]string `json:"customParameters"`
	MediaFormat struct {
		Encoding   string `json:"encoding"`
		SampleRate int    `json:"sampleRate"`
		Channels   int    `json:"channels"`
	} `json:"mediaFormat"`
}

// Stream is one WebSocket of Media Streams whose beginning was read.
type Stream struct {
	Start   Start
	conn    *ws.Conn
	sid     []byte // as it stands in JSON
	stopped bool   // it said that it ends
}

// Accept reads the beginning of a stream. What does not begin with "connected" and "start", in µ-law of 8000 Hz, is closed with status 1008 and a fault.Invalid "bad_stream"; one that says nothing for ten seconds
// is a fault.Unavailable "no_start".
func Accept(ctx context.Context, conn *ws.Conn) (*Stream, error) {
	s := &Stream{conn: conn}
	// A context of our own would break the connection when it ends, also when all is well.
	var silent atomic.Bool
	limit := time.AfterFunc(startWait, func() {
		silent.Store(true)
		s.Refuse(errNoStart)
	})
	err := s.begin(ctx)
	limit.Stop()
	switch {
	case silent.Load():
		return nil, errNoStart
	case err != nil:
		s.Refuse(err)
		return nil, err
	}
	return s, nil
}

var errNoStart error = fault.New(fault.Unavailable, "no_start", "the stream does not say whose it is")

func (s *Stream) begin(ctx context.Context) error {
	for connected := false; ; {
		m, err := s.next(ctx)
		switch {
		case fault.CodeOf(err) == "bad_message":
			return fault.Wrap(err, fault.Invalid, "bad_stream", "the beginning of a stream")
		case err != nil:
			return err
		case m.Event == "connected" && !connected:
			connected = true
		case m.Event == "start" && connected && m.Start != nil:
			return s.introduced(m)
		default:
			return fault.New(fault.Invalid, "bad_stream", "a stream begins with %q", m.Event)
		}
	}
}

func (s *Stream) introduced(m message) error {
	f := m.Start.MediaFormat
	if m.StreamSID == "" || m.StreamSID != m.Start.StreamSID {
		return fault.New(fault.Invalid, "bad_stream", "the stream has no streamSid, or two")
	}
	if f.Encoding != "audio/x-mulaw" || f.SampleRate != rate || f.Channels != 1 {
		return fault.New(fault.Invalid, "bad_stream", "the stream is in %s at %d Hz with %d channels", f.Encoding, f.SampleRate, f.Channels)
	}
	sid, err := json.Marshal(m.StreamSID)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_stream", "the streamSid")
	}
	s.Start, s.sid = *m.Start, sid
	return nil
}

// next reads a message: io.EOF at the end, fault.Invalid "bad_message" for one that cannot be read, or is of another stream.
func (s *Stream) next(ctx context.Context) (message, error) {
	raw, binary, err := s.conn.Read(ctx)
	if err != nil {
		return message{}, err
	}
	return s.parse(raw, binary)
}

// parse reads a message's text.
func (s *Stream) parse(raw []byte, binary bool) (message, error) {
	var m message
	if binary {
		return m, fault.New(fault.Invalid, "bad_message", "a binary message")
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fault.Wrap(err, fault.Invalid, "bad_message", "read a message")
	}
	if len(s.sid) > 0 && m.StreamSID != s.Start.StreamSID {
		return m, fault.New(fault.Invalid, "bad_message", "a message of the stream %q", m.StreamSID)
	}
	if m.Event == "stop" {
		s.stopped = true
	}
	return m, nil
}

// send queues a message, whose part before and behind the streamSid are given.
func (s *Stream) send(before string, rest func([]byte) []byte) error {
	return s.conn.Send(func(dst []byte) []byte {
		dst = append(dst, before...)
		dst = append(dst, `,"streamSid":`...)
		dst = append(dst, s.sid...)
		dst = rest(dst)
		return append(dst, '}')
	})
}

// Refuse closes a stream that nobody expects, with status 1008.
func (s *Stream) Refuse(err error) {
	reason := fault.CodeOf(err)
	if errors.Is(err, io.EOF) || reason == "" {
		reason = "refused"
	}
	_ = s.conn.Close(ws.PolicyViolation, reason) // it is refused either way
}

// Close ends the stream.
func (s *Stream) Close(reason string) error { return s.conn.Close(ws.NormalClosure, reason) }
