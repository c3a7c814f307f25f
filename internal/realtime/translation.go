package realtime

import (
	"encoding/json"
	"regexp"
)

// A translation session has events of its own: sound goes in, sound and words in another language come out, and there are neither items nor responses.

// SessionTranslation is the type of a translation session.
const SessionTranslation = "translation"

// TranslationSession is what session.created and session.updated show of one.
type TranslationSession struct {
	ID        string           `json:"id"`
	Type      string           `json:"type"`
	Model     string           `json:"model"`
	Audio     TranslationAudio `json:"audio"`
	ExpiresAt int64            `json:"expires_at"` // Unix seconds
}

// TranslationAudio is both directions. Nil pointers are null on the wire: none of it.
type TranslationAudio struct {
	Input struct {
		NoiseReduction *NoiseReduction   `json:"noise_reduction"`
		Transcription  *TranslationWords `json:"transcription"` // nil: the client is not told what was said
	} `json:"input"`
	Output struct {
		Language string `json:"language"` // BCP 47, of the translation
	} `json:"output"`
}

// TranslationWords asks for what was said, before it is translated.
type TranslationWords struct {
	Model string `json:"model"`
}

// TranslationEvent is an event of a client of a translation session.
type TranslationEvent struct {
	Type    string
	EventID string
	Audio   Base64           // of session.input_audio_buffer.append
	Session TranslationPatch // of session.update
}

// TranslationPatch is a change of a session; absent fields keep their value.
type TranslationPatch struct {
	Model          string // only when a session is prepared
	Language       Opt[string]
	Words          Opt[TranslationWords]
	NoiseReduction Opt[NoiseReduction]
}

// The types of a client's events.
const (
	TranslationAppend = "session.input_audio_buffer.append"
	TranslationUpdate = "session.update"
	TranslationClose  = "session.close"
)

// DecodeTranslation reads an event of a client. Faults are as for DecodeClient.
func DecodeTranslation(raw []byte) (ev TranslationEvent, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return ev, invalid("", "The message is not a JSON object.")
	}
	r := &reader{strict: true}
	o := &object{reader: r, fields: fields}
	ev.EventID, ev.Type = plain(o, "event_id", decodeString), required(o, "type", decodeString)
	switch {
	case r.err != nil:
	case ev.Type == TranslationAppend:
		ev.Audio = Base64(required(o, "audio", decodeString))
	case ev.Type == TranslationUpdate:
		ev.Session = required(o, "session", decodeTranslationPatch(false))
	case ev.Type == TranslationClose:
	default:
		r.fail(notOneOf("type", ev.Type, TranslationAppend, TranslationUpdate, TranslationClose))
	}
	o.done()
	if r.err != nil {
		return ev, r.err
	}
	return ev, nil
}

// DecodeTranslationSession reads the session of a client secret.
func DecodeTranslationSession(raw []byte) (TranslationPatch, error) {
	r := &reader{strict: true}
	p := decodeTranslationPatch(true)(r, "session", raw)
	if r.err != nil {
		return p, r.err
	}
	return p, nil
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func decodeTranslationPatch(prepared bool) decoder[TranslationPatch] {
	return func(r *reader, path string, raw json.RawMessage) (p TranslationPatch) {
		o := r.object(path, raw)
		if prepared {
			p.Model = plain(o, "model", decodeString)
			if t := plain(o, "type", decodeString); t != "" && t != SessionTranslation {
				r.fail(notOneOf(o.at("type"), t, SessionTranslation))
			}
		}
		nested(o, "audio", func(r *reader, path string, raw json.RawMessage) bool {
			a := r.object(path, raw)
			nested(a, "input", func(r *reader, path string, raw json.RawMessage) bool {
				in := r.object(path, raw)
				p.NoiseReduction = optional(in, "noise_reduction", decodeNoiseReduction)
				p.Words = optional(in, "transcription", func(r *reader, path string, raw json.RawMessage) TranslationWords {
					t := r.object(path, raw)
					w := TranslationWords{Model: required(t, "model", decodeString)}
					t.done()
					return w
				})
				in.done()
				return true
			})
			nested(a, "output", func(r *reader, path string, raw json.RawMessage) bool {
				out := r.object(path, raw)
				p.Language = optional(out, "language", decodeString)
				if l := p.Language; l.Set && !languageTag.MatchString(l.Value) {
					r.fail(invalid(out.at("language"), "Invalid value: '%s'. Expected a language such as 'es' or 'pt-BR'.", clip(l.Value)))
				}
				out.done()
				return true
			})
			a.done()
			return true
		})
		o.done()
		return p
	}
}

// Apply returns the session with the change merged in.
func (s TranslationSession) Apply(p TranslationPatch) TranslationSession {
	s.Type = SessionTranslation
	if p.Model != "" {
		s.Model = p.Model
	}
	s.Audio.Output.Language = p.Language.Or(s.Audio.Output.Language, s.Audio.Output.Language)
	s.Audio.Input.Transcription = pointer(p.Words, s.Audio.Input.Transcription)
	s.Audio.Input.NoiseReduction = pointer(p.NoiseReduction, s.Audio.Input.NoiseReduction)
	return s
}
