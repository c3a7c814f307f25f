package realtime

import (
	"context"
	"strings"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	wire "griot/internal/realtime"
)

// A transcription session listens and writes down. There is no agent in it: no response is ever made, and the events are those of the input buffer, of items and of
// transcription. The kind of a session is settled when it opens.

// Hearing says which recogniser a transcription session wants, and for which language. Empty fields leave the choice.
type Hearing struct {
	Model string // as the client names it
	Lang  string // BCP 47
}

// hearingOf reads what the changes of a session ask for.
func hearingOf(patches []wire.SessionPatch) (h Hearing) {
	for _, p := range patches {
		t := p.Audio.Input.Transcription.Value
		h.Model, h.Lang = t.Model.Or(h.Model, ""), t.Language.Or(h.Lang, "")
	}
	return h
}

// Transcribes reports whether prepared changes are those of a transcription session.
func Transcribes(patches []wire.SessionPatch) bool {
	return len(patches) > 0 && patches[0].Type == wire.SessionTranscription
}

// wants reads what kind of session a client asks for in its address and by its secret: a conversation with a model, or a transcription.
func wants(asked, intent string, secret Secret) (model string, hear *Hearing, err error) {
	prepared := len(secret.Session) > 0
	switch {
	case intent != "" && intent != wire.SessionTranscription && intent != wire.SessionRealtime && intent != "conversation":
		return "", nil, fault.New(fault.Invalid, "invalid_intent", "Invalid value: '%s'. The intent of a session is 'transcription', or is left out.", intent).At("intent")
	case intent == wire.SessionTranscription && prepared && !Transcribes(secret.Session):
		return "", nil, fault.New(fault.Invalid, "invalid_intent", "The client secret is for a conversation, not for transcription.").At("intent")
	case intent == wire.SessionTranscription || Transcribes(secret.Session):
		if asked != "" {
			return "", nil, errModel
		}
		h := hearingOf(secret.Session)
		return "", &h, nil
	}
	model = first(asked, secret.Model)
	return model, nil, refuseTranscriber(model)
}

// IsTranscriber reports whether a model's name is one that clients have for a recogniser of the clouds.
func IsTranscriber(model string) bool {
	return strings.HasPrefix(model, "whisper") || strings.HasPrefix(model, "gpt-") && (strings.Contains(model, "transcribe") || strings.Contains(model, "whisper"))
}

// refuseTranscriber refuses models that transcribe where one that converses is wanted.
func refuseTranscriber(model string) error {
	if IsTranscriber(model) {
		return fault.New(fault.Invalid, "invalid_model", "Model '%s' is only supported in transcription sessions: open one with ?intent=transcription.", model).At("model")
	}
	return nil
}

// OpenTranscription opens a transcription session. Faults are those of Host.Open; Unavailable when this machine has no recogniser.
func (s *Server) OpenTranscription(ctx context.Context, h Hearing, r Request) (*Conversation, error) {
	r.Transcribe = &h
	return s.Host.Open(ctx, r)
}

// Prepare opens what prepared changes are for: a conversation with a model, or a transcription session, which names none. Faults are those of Open and OpenTranscription.
func (s *Server) Prepare(ctx context.Context, model string, patches []wire.SessionPatch, r Request) (*Conversation, error) {
	if !Transcribes(patches) {
		return s.Open(ctx, model, r)
	}
	if model != "" {
		return nil, errModel
	}
	return s.OpenTranscription(ctx, hearingOf(patches), r)
}

var errModel error = fault.New(fault.Invalid, "invalid_model", "You must not provide a model parameter for transcription sessions: name the model in session.audio.input.transcription.").At("model")

// enter opens the session that a client asks for.
func (s *Server) enter(ctx context.Context, model string, hear *Hearing, translate *wire.TranslationSession, r Request) (*Conversation, error) {
	if translate != nil {
		r.Translate = &Translation{Model: translate.Model, Language: translate.Audio.Output.Language}
		return s.Host.Open(ctx, r)
	}
	if hear != nil {
		return s.OpenTranscription(ctx, *hear, r)
	}
	return s.Open(ctx, model, r)
}

// transcriptionSettings reads the settings out of a transcription session. Nobody answers, and nobody is interrupted.
func transcriptionSettings(s wire.Session, base session.Settings) session.Settings {
	set := base
	set.Turn = turnOfWire(s.Audio.Input.TurnDetection, base.Turn)
	set.Turn.CreateResponse, set.Turn.InterruptResponse, set.Turn.IdleTimeout = false, false, 0
	set.Turn.Lang = base.Turn.Lang
	if t := s.Audio.Input.Transcription; t != nil {
		set.Hints.Phrases = t.Keywords
	}
	return set
}

// hears returns the recogniser that the changed session asks for; false when it is the one that listens already.
func (c *conn) hears(ctx context.Context, old, next wire.Session) (session.Listen, bool, error) {
	if !c.conv.Plan.Transcribe || c.conv.Hear == nil {
		return session.Listen{}, false, nil
	}
	want := hearing(next)
	if want == hearing(old) {
		return session.Listen{}, false, nil
	}
	l, err := c.conv.Hear(ctx, want)
	return l, true, err
}

func hearing(s wire.Session) (h Hearing) {
	if t := s.Audio.Input.Transcription; t != nil {
		h = Hearing{Model: t.Model, Lang: string(t.Language)}
	}
	return h
}

// refused says which events have no place in a transcription session.
func refused(ev wire.ClientEvent) error {
	switch ev.(type) {
	case wire.ResponseCreate, wire.ResponseCancel, wire.OutputAudioClear, wire.GriotDigits, wire.GriotPlayback:
		return fault.New(fault.Invalid, wire.CodeInvalidEvent, "%s is not for transcription sessions: nobody answers in one.", ev.EventType())
	}
	return nil
}

// progress is what the client was told of a turn that is still being recognised.
type progress struct{ last, sent string }

// partial passes on how far a recogniser is certain: the words in which two results in a row agree, for a client adds what it gets to what it has. Called with mu held.
func (c *conn) partial(b event.UserPartial) {
	if !c.transcribes() {
		return
	}
	p := c.heard[b.Item]
	agreed := agreement(p.last, b.Text)
	p.last = b.Text
	if more, ok := strings.CutPrefix(agreed, p.sent); ok && more != "" {
		p.sent = agreed
		c.send(wire.TranscriptionDelta{ItemID: b.Item, Delta: more})
	}
	c.heard[b.Item] = p
}

// rest passes on what of a settled turn has not been passed on. A recogniser that has changed its mind about the beginning is corrected by the whole transcript, which
// follows. Called with mu held.
func (c *conn) rest(item, text string) {
	if more, ok := strings.CutPrefix(text, c.heard[item].sent); ok && more != "" {
		c.send(wire.TranscriptionDelta{ItemID: item, Delta: more})
	}
	delete(c.heard, item)
}

// agreement returns the whole words with which both texts begin. The last word of a text may still grow.
func agreement(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:max(0, strings.LastIndexByte(a[:n], ' '))]
}
