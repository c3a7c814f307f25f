package realtime

import "encoding/json"

// Kinds of session.
const (
	SessionRealtime      = "realtime"
	SessionTranscription = "transcription"
)

// Output modalities. A response has exactly one; audio always comes with its transcript.
const (
	ModalityAudio = "audio"
	ModalityText  = "text"
)

// Session is the effective session, as session.created and session.updated show it. Its slices and maps are shared
// between copies and never written to.
type Session struct {
	Type              string       `json:"type"`
	Object            string       `json:"object"` // "realtime.session"
	ID                string       `json:"id"`
	Model             string       `json:"model"`
	OutputModalities  []string     `json:"output_modalities"`
	Instructions      string       `json:"instructions"`
	Tools             []Tool       `json:"tools"`
	ToolChoice        ToolChoice   `json:"tool_choice"`
	ParallelToolCalls *bool        `json:"parallel_tool_calls,omitempty"` // nil: the model's own
	MaxOutputTokens   MaxTokens    `json:"max_output_tokens"`
	Reasoning         *Reasoning   `json:"reasoning,omitempty"` // nil: not a reasoning model
	Tracing           RawJSON      `json:"tracing"`             // nil: null; echoed as it came
	Truncation        Truncation   `json:"truncation"`
	Prompt            *Prompt      `json:"prompt"`
	Include           []string     `json:"include"` // nil: null
	Audio             SessionAudio `json:"audio"`
	ExpiresAt         int64        `json:"expires_at"` // Unix seconds

	// What only the older dialects have words for.
	Temperature *float64                   `json:"-"` // nil: the model's own
	Extra       map[string]json.RawMessage `json:"-"` // fields as a client of such a dialect wrote them, to be shown to it again
}

// SessionAudio is both directions of sound.
type SessionAudio struct {
	Input  AudioInput  `json:"input"`
	Output AudioOutput `json:"output"`
}

// AudioInput is what the client sends and how it is listened to. Nil pointers are null on the wire: none of it.
type AudioInput struct {
	Format         AudioFormat     `json:"format"`
	NoiseReduction *NoiseReduction `json:"noise_reduction"`
	Transcription  *Transcription  `json:"transcription"`
	TurnDetection  *TurnDetection  `json:"turn_detection"` // nil: the client commits and asks for responses itself
}

// AudioOutput is what the client is sent.
type AudioOutput struct {
	Format AudioFormat `json:"format"`
	Voice  Voice       `json:"voice"`
	Speed  float64     `json:"speed"` // 1 is normal
}

// The names of the audio formats.
const (
	TypePCM  = "audio/pcm"
	TypePCMU = "audio/pcmu"
	TypePCMA = "audio/pcma"
)

// AudioFormat is how audio is written inside events. Rate is in samples per second and only on the wire for audio/pcm.
type AudioFormat struct {
	Type string `json:"type"`
	Rate int    `json:"rate,omitempty"`
}

// PCM24k is signed 16-bit little-endian mono at 24 kHz, the protocol's ordinary format.
var PCM24k = AudioFormat{Type: TypePCM, Rate: 24000}

// SampleRate returns samples per second: 24000 for PCM, but for Voice Live's other rates, and 8000 for G.711.
func (f AudioFormat) SampleRate() int {
	switch {
	case f.Type == TypePCMU || f.Type == TypePCMA:
		return 8000
	case f.Rate == 16000 || f.Rate == 8000:
		return f.Rate
	}
	return 24000
}

// NoiseReduction has type "near_field" or "far_field".
type NoiseReduction struct {
	Type string `json:"type"`
}

// Transcription asks for the text of what the client says. Language is a tag such as "fr"; empty: unset.
type Transcription struct {
	Model     string     `json:"model"`
	Language  NullString `json:"language"`
	Prompt    NullString `json:"prompt"`
	Keywords  []string   `json:"keywords,omitempty"`
	Languages []string   `json:"languages,omitempty"`
	Delay     string     `json:"delay,omitempty"`
}

// Reasoning of models that reason: minimal, low, medium, high or xhigh.
type Reasoning struct {
	Effort string `json:"effort"`
}

// Prompt refers to a stored prompt.
type Prompt struct {
	ID        string                     `json:"id"`
	Version   NullString                 `json:"version"`
	Variables map[string]json.RawMessage `json:"variables"`
}

// The kinds of turn detection.
const (
	ServerVAD   = "server_vad"
	SemanticVAD = "semantic_vad"
)

// TurnDetection is a union told apart by Type: the first group of fields belongs to server_vad, Eagerness to semantic_vad, the rest to both.
type TurnDetection struct {
	Type string `json:"type"`

	Threshold         float64 `json:"threshold"`           // 0…1
	PrefixPaddingMS   int     `json:"prefix_padding_ms"`   // audio kept from before speech was detected
	SilenceDurationMS int     `json:"silence_duration_ms"` // silence that ends a turn
	IdleTimeoutMS     int     `json:"idle_timeout_ms"`     // 0: none

	Eagerness string `json:"eagerness"` // low, medium, high, auto

	CreateResponse    bool `json:"create_response"`
	InterruptResponse bool `json:"interrupt_response"`
}

// DefaultTurnDetection returns the protocol's defaults for that type.
func DefaultTurnDetection(typ string) TurnDetection {
	d := TurnDetection{Type: typ, CreateResponse: true, InterruptResponse: true}
	if typ == SemanticVAD {
		d.Eagerness = "auto"
	} else {
		d.Threshold, d.PrefixPaddingMS, d.SilenceDurationMS = 0.5, 300, 500
	}
	return d
}

// MarshalJSON writes the fields of the variant.
func (d TurnDetection) MarshalJSON() ([]byte, error) {
	if d.Type == SemanticVAD {
		return marshal(struct {
			Type              string `json:"type"`
			Eagerness         string `json:"eagerness"`
			CreateResponse    bool   `json:"create_response"`
			InterruptResponse bool   `json:"interrupt_response"`
		}{d.Type, d.Eagerness, d.CreateResponse, d.InterruptResponse})
	}
	var idle *int
	if d.IdleTimeoutMS > 0 {
		idle = &d.IdleTimeoutMS
	}
	return marshal(struct {
		Type              string  `json:"type"`
		Threshold         float64 `json:"threshold"`
		PrefixPaddingMS   int     `json:"prefix_padding_ms"`
		SilenceDurationMS int     `json:"silence_duration_ms"`
		CreateResponse    bool    `json:"create_response"`
		InterruptResponse bool    `json:"interrupt_response"`
		IdleTimeoutMS     *int    `json:"idle_timeout_ms"`
	}{d.Type, d.Threshold, d.PrefixPaddingMS, d.SilenceDurationMS, d.CreateResponse, d.InterruptResponse, idle})
}

// Tool is a function the client runs (Name, Description, Parameters), or an MCP server (the rest).
type Tool struct {
	Type        string          `json:"type"` // "function" or "mcp"
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"` // JSON schema

	ServerLabel       string            `json:"server_label,omitempty"`
	ServerDescription string            `json:"server_description,omitempty"`
	ServerURL         string            `json:"server_url,omitempty"`
	ConnectorID       string            `json:"connector_id,omitempty"`
	TunnelID          string            `json:"tunnel_id,omitempty"`
	Authorization     string            `json:"authorization,omitempty"`
	Headers           map[string]string `json:"headers,omitempty"`
	AllowedTools      json.RawMessage   `json:"allowed_tools,omitempty"`
	AllowedCallers    []string          `json:"allowed_callers,omitempty"`
	RequireApproval   json.RawMessage   `json:"require_approval,omitempty"`
	DeferLoading      bool              `json:"defer_loading,omitempty"`
}

// DefaultTranscription returns a transcription session with the protocol's defaults; the caller fills in id, recogniser and expiry.
func DefaultTranscription() Session {
	s := DefaultSession()
	s.Type, s.Object = SessionTranscription, "realtime.transcription_session"
	s.Audio.Input.TurnDetection.CreateResponse, s.Audio.Input.TurnDetection.InterruptResponse = false, false
	return s
}

// MarshalJSON writes the fields of the kind of session: one for transcription has only its input.
func (s Session) MarshalJSON() ([]byte, error) {
	type plain Session
	if s.Type != SessionTranscription {
		return marshal(plain(s))
	}
	type audio struct {
		Input AudioInput `json:"input"`
	}
	return marshal(struct {
		Type      string   `json:"type"`
		Object    string   `json:"object"`
		ID        string   `json:"id"`
		Include   []string `json:"include"`
		Audio     audio    `json:"audio"`
		ExpiresAt int64    `json:"expires_at"`
	}{s.Type, s.Object, s.ID, s.Include, audio{s.Audio.Input}, s.ExpiresAt})
}

// DefaultSession returns a session with the protocol's defaults; the caller fills in id, model, voice and expiry.
func DefaultSession() Session {
	vad := DefaultTurnDetection(ServerVAD)
	return Session{
		Type:             SessionRealtime,
		Object:           "realtime.session",
		OutputModalities: []string{ModalityAudio},
		Tools:            []Tool{},
		ToolChoice:       ToolChoice{Mode: "auto"},
		Truncation:       Truncation{Type: "auto"},
		Audio: SessionAudio{
			Input:  AudioInput{Format: PCM24k, TurnDetection: &vad},
			Output: AudioOutput{Format: PCM24k, Voice: Voice{Name: "alloy"}, Speed: 1},
		},
	}
}
