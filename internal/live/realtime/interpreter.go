package realtime

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"sync"
	"time"

	"griot/internal/fault"
	wire "griot/internal/realtime"
)

// interpreter stands between a conversation and the client of a translation session, and speaks to each in its own events: to the conversation it is a client that sends
// sound, and the conversation's answers, which are translations, are the session's sound and words.
type interpreter struct {
	Pipe
	into func(ctx context.Context, lang string) error

	closing bool // the client has closed the session; Read's own

	mu      sync.Mutex
	session wire.TranslationSession
	seq     int
	said    bool // somebody speaks
	owed    int  // turns that are not translated
	speaks  bool // a translation is being said
	moved   chan struct{}
}

// flush is how long the end of a session waits: at least, for what was sent last to be found to be speech and its end, and at most.
const (
	leastFlush = 900 * time.Millisecond
	mostFlush  = 15 * time.Second
)

func newInterpreter(p Pipe, s wire.TranslationSession, into func(context.Context, string) error) *interpreter {
	return &interpreter{Pipe: p, session: s, into: into, moved: make(chan struct{}, 1)}
}

// Read implements Pipe: what it returns are the conversation's events.
func (i *interpreter) Read(ctx context.Context) ([]byte, bool, error) {
	for {
		if i.closing {
			i.drain(ctx)
			_ = i.tell("session.closed", nil)
			return nil, false, io.EOF
		}
		raw, binary, err := i.Pipe.Read(ctx)
		if err != nil || binary {
			return raw, binary, err
		}
		ev, err := wire.DecodeTranslation(raw)
		switch {
		case err != nil:
		case ev.Type == wire.TranslationAppend:
			return append(append([]byte(`{"type":"input_audio_buffer.append","audio":"`), ev.Audio...), `"}`...), false, nil
		case ev.Type == wire.TranslationUpdate:
			err = i.update(ctx, ev.Session)
		default:
			i.closing = true // and silence, after which what was said last has an end
			return []byte(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(make([]byte, 2*rate*6/5)) + `"}`), false, nil
		}
		if err != nil {
			id := ev.EventID
			if id == "" {
				id = wire.EventID(raw)
			}
			_ = i.tell("error", wire.ErrorFor(err, id)) // a pipe that does not take it has closed, which Read finds out
		}
	}
}

func (i *interpreter) update(ctx context.Context, p wire.TranslationPatch) error {
	i.mu.Lock()
	next := i.session.Apply(p)
	same := next.Audio.Output.Language == i.session.Audio.Output.Language
	i.mu.Unlock()
	if !same {
		if err := i.into(ctx, next.Audio.Output.Language); err != nil {
			return err
		}
	}
	i.mu.Lock()
	i.session = next
	i.mu.Unlock()
	return i.tell("session.updated", map[string]any{"session": next})
}

// drain waits until everything that was said is translated and said.
func (i *interpreter) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, mostFlush)
	defer cancel()
	least := time.NewTimer(leastFlush)
	defer least.Stop()
	for waited := false; ; {
		i.mu.Lock()
		quiet := !i.said && i.owed <= 0 && !i.speaks
		i.mu.Unlock()
		if quiet && waited {
			return
		}
		select {
		case <-least.C:
			waited = true
		case <-i.moved:
		case <-ctx.Done():
			return
		}
	}
}

// Send implements Pipe: it writes the conversation's event as the session's, where there is one.
func (i *interpreter) Send(encode func([]byte) []byte) error {
	var ev struct {
		Type, Delta, Transcript string
		EventID                 string `json:"event_id"`
		Error                   json.RawMessage
		Response                struct {
			Details *struct {
				Error *wire.StatusError `json:"error"`
			} `json:"status_details"`
		}
	}
	if err := json.Unmarshal(encode(nil), &ev); err != nil {
		return nil // nothing was to be sent
	}
	i.mu.Lock()
	words, session := i.session.Audio.Input.Transcription != nil, i.session
	switch ev.Type {
	case "input_audio_buffer.speech_started":
		i.said = true
	case "input_audio_buffer.committed":
		i.said, i.owed = false, i.owed+1
	case "conversation.item.input_audio_transcription.completed":
		if ev.Transcript == "" {
			i.owed--
		}
	case "conversation.item.input_audio_transcription.failed":
		i.owed--
	case "response.created":
		i.speaks, i.owed = true, 0 // it translates all that was said before
	case "response.done":
		i.speaks = false
	}
	i.mu.Unlock()
	select {
	case i.moved <- struct{}{}:
	default:
	}
	switch ev.Type {
	case "session.created":
		return i.tell(ev.Type, map[string]any{"session": session})
	case "error":
		return i.tell(ev.Type, map[string]any{"error": ev.Error})
	case "conversation.item.input_audio_transcription.delta":
		if words {
			return i.tell("session.input_transcript.delta", map[string]any{"delta": ev.Delta})
		}
	case "response.output_audio_transcript.delta", "response.output_text.delta":
		return i.tell("session.output_transcript.delta", map[string]any{"delta": ev.Delta})
	case "response.output_audio.delta":
		return i.tell("session.output_audio.delta", map[string]any{"delta": ev.Delta, "sample_rate": rate, "channels": 1, "format": "pcm16"})
	case "response.done":
		if d := ev.Response.Details; d != nil && d.Error != nil {
			return i.tell("error", wire.ErrorFor(fault.New(fault.Unavailable, d.Error.Code, "What was said last could not be translated: %s", d.Error.Message), ""))
		}
	}
	return nil
}

// tell sends an event of the session's own.
func (i *interpreter) tell(typ string, body any) error {
	fields := map[string]any{}
	if b, err := json.Marshal(body); err != nil {
		return err
	} else if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	if fields == nil { // no body
		fields = map[string]any{}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seq++
	fields["type"], fields["event_id"] = typ, wire.Seq(i.seq).String()
	return i.Pipe.Send(func(dst []byte) []byte {
		b, err := json.Marshal(fields)
		if err != nil { // it came from JSON
			return dst
		}
		return append(dst, b...)
	})
}

// Translation says what a translation session translates with, and into which language.
type Translation struct {
	Model    string // as the client names it
	Language string // BCP 47
}

// defaultTranslation is the language that is translated into when nobody says which.
const defaultTranslation = "en"

// translates reads what translation session a client asks for, in its address and by its secret.
func translates(model string, secret Secret, granted bool) (*wire.TranslationSession, error) {
	if granted && secret.Translation == nil {
		return nil, fault.New(fault.Invalid, "invalid_model", "The client secret is not for translation.").At("model")
	}
	s := wire.TranslationSession{Type: wire.SessionTranslation}
	if secret.Translation != nil {
		s = *secret.Translation
	}
	s.Model = first(model, s.Model)
	s.Audio.Output.Language = first(s.Audio.Output.Language, defaultTranslation)
	return &s, nil
}
