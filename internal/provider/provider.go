// Package provider is how a vendor of models plugs in: one description from which come its config's JSON schema, its form in the
// console, its validation and its page in the docs.
package provider

import (
	"context"
	"encoding/json"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

// Spec describes a vendor whose configuration is the struct C. A nil constructor means "not offered".
//
// Fields of C carry tags: `json:"name"`, `doc:"one sentence"`, `secret:"true"` for what must be masked and sealed, `enum:"a,b"`,
// `required:"true"`, `env:"OPENAI_API_KEY"` for the environment variable that fills it when the configuration does not; further names of it follow after commas.
type Spec[C any] struct {
	ID, Name string
	Default  C
	STT      func(ctx context.Context, c C) (stt.Model, error)
	LLM      func(ctx context.Context, c C) (llm.Model, error)
	TTS      func(ctx context.Context, c C) (tts.Model, error)
	S2S      func(ctx context.Context, c C) (s2s.Model, error)
	// Present reports whether what the vendor needs on this machine is there, and the command that mends it. Nil means always.
	Present func(ctx context.Context, c C) Presence
	// Check makes a cheap authenticated request: the console's "Test" button. Nil means that there is nothing to test.
	Check func(ctx context.Context, c C) error
	// Models asks the vendor for the names of its models of every kind, and Voices for its voices; ctx bounds the question. Nil means that it cannot be asked: what is known of it
	// from elsewhere holds.
	Models func(ctx context.Context, c C) ([]string, error)
	Voices func(ctx context.Context, c C) ([]tts.Voice, error)
}

// Presence says whether a vendor's parts are on this machine.
type Presence struct {
	OK      bool   `json:"ok"`
	Found   string `json:"found,omitempty"`   // what was found: path and version
	Missing string `json:"missing,omitempty"` // what was not, in one sentence
	Mend    string `json:"mend,omitempty"`    // a shell command that mends it
}

// Provider is a Spec with its config's type hidden. Constructors decode raw over the default and validate it; raw may be nil.
type Provider struct {
	ID, Name string
	Schema   json.RawMessage // JSON schema of the config
	STT      func(ctx context.Context, raw json.RawMessage) (stt.Model, error)
	LLM      func(ctx context.Context, raw json.RawMessage) (llm.Model, error)
	TTS      func(ctx context.Context, raw json.RawMessage) (tts.Model, error)
	S2S      func(ctx context.Context, raw json.RawMessage) (s2s.Model, error)
	Present  func(ctx context.Context, raw json.RawMessage) Presence
	Validate func(raw json.RawMessage) error // whether a configuration can be used; its faults are Invalid and name the field
	Check    func(ctx context.Context, raw json.RawMessage) error
	Models   func(ctx context.Context, raw json.RawMessage) ([]string, error)
	Voices   func(ctx context.Context, raw json.RawMessage) ([]tts.Voice, error)
}
