// Package replay keeps what goes into a conversation (sound, keys, commands, what each model and tool answered and when) and holds the conversation again from that, with other
// settings if wanted. The session that runs again is the real one, on a clock that jumps from one moment at which something happens to the next; only its surroundings are
// played back. tape.go is the file, record.go writes it, play.go makes surroundings of it, run.go holds the conversation, difference.go compares two, scenario.go writes one as text.
package replay

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

// version of the file's form.
const version = 1

// MaxBytes bounds a tape, uncompressed: some three hours of telephone sound.
const MaxBytes = 512 << 20

// head is the first line: what the session was given.
type head struct {
	Replay      int              `json:"replay"`
	ID          string           `json:"id"`
	Tenant      string           `json:"tenant"`
	Agent       string           `json:"agent"`
	Name        string           `json:"name"`
	Version     int              `json:"version"`
	Lang        string           `json:"lang"`
	Settings    session.Settings `json:"settings"`
	Greeting    string           `json:"greeting"`
	Protected   bool             `json:"protected"`
	NoSelfVoice bool             `json:"no_self_voice"`
	Phrases     session.Phrases  `json:"phrases"`
	Limits      session.Limits   `json:"limits"`
	Names       [3]string        `json:"names"` // of recogniser, model and voice
	STT         *stt.Caps        `json:"stt,omitempty"`
	TTS         *tts.Caps        `json:"tts,omitempty"`
	Leg         transport.Info   `json:"leg"`
	Acks        bool             `json:"acks"`
	Holds       bool             `json:"holds"`
}

type toolHead struct {
	Spec    llm.ToolSpec `json:"spec"`
	Finish  bool         `json:"finish"`
	Timeout int64        `json:"timeout_ns"`
}

// entry is one thing that happened. Of the pointers one is set.
type entry struct {
	At     time.Duration    `json:"at"` // from the start of the session, in ns
	In     *inbound         `json:"in,omitempty"`
	Heard  *transport.Heard `json:"heard,omitempty"`
	Cmd    *command         `json:"cmd,omitempty"`
	Ear    *earOp           `json:"ear,omitempty"`
	Answer *answerOp        `json:"llm,omitempty"`
	Voice  *voiceOp         `json:"tts,omitempty"`
	Tool   *toolOp          `json:"tool,omitempty"`
	Offer  *toolHead        `json:"offer,omitempty"` // a tool that the agent has
	Event  *event.Event     `json:"event,omitempty"`
}

type inbound struct {
	PCM  []byte `json:"pcm,omitempty"` // little endian
	Rate int    `json:"rate,omitempty"`
	Key  rune   `json:"key,omitempty"`
	Text string `json:"text,omitempty"`
	Gone string `json:"gone,omitempty"` // why the leg ended
}

type command struct {
	Type string          `json:"type"`
	Body json.RawMessage `json:"body"`
}

// earOp is what went on with a recogniser: "begin", "final", "discard" on our side, and its events.
type earOp struct {
	Op    string     `json:"op,omitempty"`
	Event *stt.Event `json:"event,omitempty"`
	Err   string     `json:"err,omitempty"`
}

// answerOp is one delta of the n-th answer, or its end.
type answerOp struct {
	N     int        `json:"n"`
	Asked string     `json:"asked,omitempty"` // with the first: the last thing that the model read
	Delta *llm.Delta `json:"delta,omitempty"`
	Err   string     `json:"err,omitempty"`
	Kind  fault.Kind `json:"kind,omitempty"`
	Code  string     `json:"code,omitempty"`
	Done  bool       `json:"done,omitempty"`
}

// voiceOp is a text for the n-th stream of the voice, a piece of its sound, or its end.
type voiceOp struct {
	N     int        `json:"n"`
	Say   string     `json:"say,omitempty"`
	PCM   []byte     `json:"pcm,omitempty"`
	Rate  int        `json:"rate,omitempty"`
	Marks []tts.Mark `json:"marks,omitempty"`
	Err   string     `json:"err,omitempty"`
	Done  bool       `json:"done,omitempty"`
}

// toolOp is a call and what came of it.
type toolOp struct {
	Name   string         `json:"name"`
	Args   string         `json:"args"`
	Result llm.ToolResult `json:"result"`
	Err    string         `json:"err,omitempty"`
	Took   time.Duration  `json:"took"`
}

// writer writes a tape, from any goroutine. A failure is kept, and ends the writing; the conversation goes on.
type writer struct {
	mu    sync.Mutex
	f     io.WriteCloser
	zip   *gzip.Writer
	enc   *json.Encoder
	start time.Time
	size  int
	err   error
}

func (w *writer) put(e entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || w.zip == nil {
		return
	}
	if w.start.IsZero() {
		w.start = time.Now()
	}
	e.At = time.Since(w.start)
	if e.In != nil {
		w.size += len(e.In.PCM)
	}
	if w.size > MaxBytes/2 {
		w.err = errors.New("the conversation is too long to be kept for a replay")
		return
	}
	w.err = w.enc.Encode(e)
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.zip == nil {
		return w.err
	}
	err := errors.Join(w.err, w.zip.Close(), w.f.Close())
	w.zip = nil
	return err
}

// Tape is what is kept of a conversation.
type Tape struct {
	head    head
	entries []entry
}

// Events are what the session reported then.
func (t *Tape) Events() (out []event.Event) {
	for _, e := range t.entries {
		if e.Event != nil {
			out = append(out, *e.Event)
		}
	}
	return out
}

// Open reads a tape.
func Open(path string) (*Tape, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "no_replay", "nothing was kept of this conversation to replay it (%s): set replay.record to true before the conversation", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the replay: %w", err)
	}
	defer f.Close()
	t, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return t, nil
}

// Read reads a tape. One that was cut off, as by a crash, ends where it was cut.
func Read(r io.Reader) (*Tape, error) {
	damaged := func(err error) error {
		return fault.Wrap(err, fault.Invalid, "replay_damaged", "this is no replay of a conversation, or it is damaged")
	}
	z, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, damaged(err)
	}
	dec := json.NewDecoder(io.LimitReader(z, 2*MaxBytes))
	t := &Tape{}
	if err := dec.Decode(&t.head); err != nil {
		return nil, damaged(err)
	}
	switch {
	case t.head.Replay == 0:
		return nil, damaged(errors.New("it has no version"))
	case t.head.Replay > version:
		return nil, fault.New(fault.Invalid, "replay_newer", "this replay was kept by a newer version (form %d, this program reads up to %d): use that one", t.head.Replay, version)
	}
	for {
		var e entry
		switch err := dec.Decode(&e); {
		case err == nil:
			t.entries = append(t.entries, e)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return t, nil
		default:
			return nil, damaged(err)
		}
	}
}
