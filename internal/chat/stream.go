package chat

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
)

// maxStream bounds what one reply may send, in bytes: a reply that is longer is stopped.
const maxStream = 1 << 20

// Event is one event of a stream. An empty Data is a sign of life.
type Event struct {
	ID   string // where reading goes on after it
	Data []byte // JSON
}

// Stream is what a reply sends, from its beginning to its end. Readers come and go, and each has a place of its own: what one of them has not read yet is one event for
// it, however many pieces the text came in, so that who is slow holds up nobody and takes no memory.
type Stream struct {
	Session string // id
	id      string

	mu    sync.Mutex
	parts []part
	size  int
	over  bool          // nothing more will come
	wake  chan struct{} // closed and replaced when there is something new
	stop  context.CancelCauseFunc
	drop  *time.Timer // forgets the stream when its time has come
}

// part is text that grows, or one event.
type part struct {
	text []byte
	data []byte // nil for text
}

func newStream(session, id string, stop context.CancelCauseFunc) *Stream {
	return &Stream{Session: session, id: id, wake: make(chan struct{}), stop: stop}
}

func (s *Stream) changed() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// write adds text. It reports false when the reply has become too long.
func (s *Stream) write(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size += len(text); s.size > maxStream {
		return false
	}
	if n := len(s.parts); n == 0 || s.parts[n-1].data != nil {
		s.parts = append(s.parts, part{})
	}
	p := &s.parts[len(s.parts)-1]
	p.text = append(p.text, text...)
	s.changed()
	return true
}

// send adds an event.
func (s *Stream) send(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return // of types of ours, which can be written
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += len(data)
	s.parts = append(s.parts, part{data: data})
	s.changed()
}

// finish adds the last event.
func (s *Stream) finish(v done) {
	data, _ := json.Marshal(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, part{data: data})
	s.over = true
	s.changed()
}

func (s *Stream) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// keep sets what forgets the stream.
func (s *Stream) keep(t *time.Timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop = t
}

// forget stops what would forget the stream.
func (s *Stream) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drop != nil {
		s.drop.Stop()
	}
}

// place finds where an event's id says that reading goes on.
func (s *Stream) place(after string) (at, offset int, err error) {
	if after == "" {
		return 0, 0, nil
	}
	rest, ok := strings.CutPrefix(after, s.id+".")
	p, o, ok2 := strings.Cut(rest, ".")
	at, err1 := strconv.Atoi(p)
	offset, err2 := strconv.Atoi(o)
	if !ok || !ok2 || err1 != nil || err2 != nil || at < 0 || offset < 0 || at > len(s.parts) || offset > 0 && (at == len(s.parts) || offset > len(s.parts[at].text)) {
		return 0, 0, fault.New(fault.NotFound, "stream_gone", "The reply that broke off cannot be read any more. Read the session instead.")
	}
	return at, offset, nil
}

// Check tells whether reading can go on after an event.
func (s *Stream) Check(after string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err := s.place(after)
	return err
}

// Follow calls f with what comes after an event, or with everything for "", until the reply is over, f fails or ctx ends. When nothing has come for beat, f gets an event
// without data. An id that is none of this stream's, or says something that never was, is fault.NotFound "stream_gone".
func (s *Stream) Follow(ctx context.Context, after string, beat time.Duration, f func(Event) error) error {
	s.mu.Lock()
	at, offset, err := s.place(after)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		s.mu.Lock()
		var e Event
		switch {
		case at == len(s.parts):
		case s.parts[at].data != nil:
			e.Data = s.parts[at].data
			at, offset = at+1, 0
		case offset < len(s.parts[at].text):
			text := s.parts[at].text[offset:]
			n := whole(text, at+1 < len(s.parts) || s.over)
			if n > 0 {
				e.Data, _ = json.Marshal(content{"content", string(text[:n])})
				offset += n
			}
		case at+1 < len(s.parts):
			at, offset = at+1, 0
			s.mu.Unlock()
			continue
		}
		over, wake := s.over, s.wake
		s.mu.Unlock()
		if e.Data != nil {
			e.ID = s.id + "." + strconv.Itoa(at) + "." + strconv.Itoa(offset)
			if err := f(e); err != nil {
				return err
			}
			continue
		}
		if over {
			return nil
		}
		select {
		case <-wake:
		case <-t.C:
			if err := f(Event{}); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// whole is how much of a text can be sent without cutting a character; all of it when nothing will follow.
func whole(text []byte, last bool) int {
	n := len(text)
	if last {
		return n
	}
	for i := 1; i <= 3 && i <= n; i++ {
		b := text[n-i]
		if b&0xC0 == 0x80 {
			continue
		}
		need := 1
		switch {
		case b >= 0xF0:
			need = 4
		case b >= 0xE0:
			need = 3
		case b >= 0xC0:
			need = 2
		}
		if need > i {
			return n - i
		}
		break
	}
	return n
}

// The events' data (specification 7.4). opened and failure are ours: clients skip types that they do not know.
type (
	opened struct {
		Type    string `json:"type"` // "session"
		Session string `json:"session_id"`
		Welcome string `json:"welcome,omitempty"` // of a session that was made for this message
	}
	content struct {
		Type    string `json:"type"` // "content"
		Content string `json:"content"`
	}
	called struct {
		Type      string          `json:"type"` // "tool_call"
		Tool      string          `json:"tool"`
		Arguments json.RawMessage `json:"arguments"`
		Call      string          `json:"call_id"`
	}
	returned struct {
		Type   string          `json:"type"` // "tool_result"
		Tool   string          `json:"tool"`
		Result json.RawMessage `json:"result"`
		Call   string          `json:"call_id"`
		Failed bool            `json:"failed,omitempty"`
	}
	failure struct {
		Type    string            `json:"type"` // "error"
		Code    string            `json:"code"`
		Message string            `json:"message"`
		Params  map[string]string `json:"params,omitempty"`
	}
	done struct {
		Type    string `json:"type"` // "done"
		Usage   Usage  `json:"usage"`
		Session string `json:"session_id"`
		Finish  string `json:"finish_reason"` // "stop", "length", "content_filter", "ended" by the agent, "stopped", "error"
	}
)
