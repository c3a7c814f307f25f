package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"griot/internal/fault"
)

const (
	maxEvent = 4 << 20 // bytes of one event
	// patient is how many timeouts a service may go on saying that it lives, by comments or pings, without anything of the answer.
	patient = 6
	// afterwards is how long a stream may take from the answer's end to its own: usage comes in between.
	afterwards = 2 * time.Second
)

// Event is one of a stream. Data is valid until the next one.
type Event struct {
	Name string // "" when the service gives none
	Data []byte
}

// Stream is an answer on its way. One goroutine reads it, and closes it.
type Stream struct {
	c     *Client
	ctx   context.Context //nolint:containedctx // the stream's own, which its leash cancels
	leash *Leash
	body  io.ReadCloser
	lines *bufio.Reader
	whole bool // the body is one document, though a stream was asked for

	name     []byte
	data     []byte
	last     time.Time // when something of the answer came
	finished bool
}

// readers lends the buffers of streams: many stay open at once, and each for seconds.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4<<10) }}

// Stream asks for an answer that comes piece by piece. Close it. A service that sends one JSON document instead is borne: it is the only event.
func (c *Client) Stream(ctx context.Context, q Request) (*Stream, error) {
	ctx, l := Leashed(ctx, c.o.Timeout)
	res, err := c.Do(ctx, q)
	if err != nil {
		l.Release()
		return nil, err
	}
	s := &Stream{c: c, ctx: ctx, leash: l, body: res.Body, last: time.Now()}
	switch t := MediaType(res); t {
	case "text/event-stream", "application/octet-stream", "text/plain", "application/x-ndjson", "":
	case "application/json":
		s.whole = true
	default:
		_ = res.Body.Close()
		l.Release()
		return nil, c.Garbage("a body of type " + t + " instead of a stream of events")
	}
	s.lines = readers.Get().(*bufio.Reader)
	s.lines.Reset(res.Body)
	return s, nil
}

// Close ends the stream and its request.
func (s *Stream) Close() {
	s.leash.Release()
	_ = s.body.Close()
	if s.lines != nil {
		s.lines.Reset(nil)
		readers.Put(s.lines)
		s.lines = nil
	}
}

// Alive says that something of the answer came: the service has its whole patience again.
func (s *Stream) Alive() {
	s.last = time.Now()
	if !s.finished {
		s.leash.Renew(s.c.o.Timeout)
	}
}

// Hold stops the clock while the reader is busy; Alive starts it again.
func (s *Stream) Hold() { s.leash.Hold() }

// Finished says that the answer is complete: what still belongs to it comes soon or not at all.
func (s *Stream) Finished() {
	s.finished = true
	s.leash.Renew(afterwards)
}

// Next returns the next event. io.EOF is the end of the body, be it the answer's or not; other errors are faults or the context's.
func (s *Stream) Next() (Event, error) {
	if s.ctx.Err() != nil { // what came before is not wanted any more
		return Event{}, s.c.Fault(s.ctx, s.ctx.Err())
	}
	if s.whole {
		return s.document()
	}
	s.name, s.data = s.name[:0], s.data[:0]
	some := false
	for {
		line, err := s.line()
		if err != nil {
			if errors.Is(err, io.EOF) && some && (json.Valid(s.data) || bytes.HasPrefix(s.data, []byte("[DONE]"))) {
				return Event{string(s.name), s.data}, nil // the empty line was forgotten
			}
			return Event{}, err
		}
		if len(line) == 0 {
			if some {
				return Event{string(s.name), s.data}, nil
			}
			s.name = s.name[:0]
			continue
		}
		switch field, value := split(line); field {
		case "data":
			if some {
				s.data = append(s.data, '\n')
			}
			some = true
			s.data = append(s.data, value...)
		case "event":
			s.name = append(s.name[:0], value...)
		case "{": // a line of JSON without a field: how some servers tell of an error
			if !some {
				s.data = append(s.data, line...)
				return Event{string(s.name), s.data}, nil
			}
		case "":
			s.breath()
		}
		if len(s.data) > maxEvent {
			return Event{}, s.c.Garbage("an event without end")
		}
	}
}

// split returns the field of a line, "" for a comment.
func split(line []byte) (field string, value []byte) {
	if line[0] == ':' {
		return "", nil
	}
	if line[0] == '{' {
		return "{", nil
	}
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		return "data", value
	case "event":
		return "event", value
	}
	return "other", nil // ids and times of reconnection are nothing to us
}

// breath is a comment or a ping: the service lives. That alone is borne for a while.
func (s *Stream) breath() {
	if !s.finished && time.Since(s.last) < (patient-1)*s.c.o.Timeout {
		s.leash.Renew(s.c.o.Timeout)
	}
}

// Breath is what a vendor calls for an event that only says that the service lives.
func (s *Stream) Breath() { s.breath() }

// line reads one without its end, which may be \n, \r\n or \r\r\n. It is valid until the next.
func (s *Stream) line() ([]byte, error) {
	line, err := s.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := append([]byte(nil), line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(long) > maxEvent {
				return nil, s.c.Garbage("a line without end")
			}
			line, err = s.lines.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF) && len(line) > 0:
		// the last line lacks its end
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case s.ctx.Err() != nil:
		return nil, s.c.Fault(s.ctx, err)
	default:
		return nil, fault.Wrap(s.c.bare(err), fault.Unavailable, "stream_cut", "%s broke off in the middle of its answer", s.c.Host())
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (s *Stream) document() (Event, error) {
	s.whole = false
	body, err := io.ReadAll(io.LimitReader(s.lines, maxBody))
	if err != nil {
		if s.ctx.Err() != nil {
			return Event{}, s.c.Fault(s.ctx, err)
		}
		return Event{}, fault.Wrap(s.c.bare(err), fault.Unavailable, "stream_cut", "%s broke off in the middle of its answer", s.c.Host())
	}
	return Event{"", body}, nil
}

// Cut is what to return when a stream ends before its answer: a fault, or the context's own error when it ended.
func (s *Stream) Cut(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if s.ctx.Err() != nil {
		return s.c.Fault(s.ctx, s.ctx.Err())
	}
	return fault.New(fault.Unavailable, "stream_cut", "%s broke off in the middle of its answer", s.c.Host())
}
