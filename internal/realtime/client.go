package realtime

import "encoding/json"

// ClientEvent is a closed set: what a client sends. DecodeClient returns the structs below by value.
type ClientEvent interface {
	EventType() string
	// ID is the event_id the client chose, or empty.
	ID() string
	clientEvent()
}

// Header is common to all client events.
type Header struct {
	EventID string `json:"event_id,omitempty"`
}

// ID returns the event_id the client chose, or empty.
func (h Header) ID() string { return h.EventID }

func (Header) clientEvent() {}

// SessionUpdate changes the session; Session.Apply does it.
type SessionUpdate struct {
	Header
	Session SessionPatch `json:"session"`
}

// InputAudioAppend adds audio: base64 in the session's input format, still encoded.
type InputAudioAppend struct {
	Header
	Audio Base64 `json:"audio"`
}

// Base64 is base64 text that has not been decoded.
type Base64 []byte

// MarshalJSON writes the text as it is.
func (b Base64) MarshalJSON() ([]byte, error) { return marshal(string(b)) }

// InputAudioCommit makes an item of what is buffered.
type InputAudioCommit struct{ Header }

// InputAudioClear forgets what is buffered.
type InputAudioClear struct{ Header }

// OutputAudioClear stops the playout. WebRTC and SIP only.
type OutputAudioClear struct{ Header }

// Root as ItemCreate.PreviousItemID means the head of the conversation.
const Root = "root"

// ItemCreate inserts an item after PreviousItemID: an id, Root, or empty for the end.
type ItemCreate struct {
	Header
	PreviousItemID string `json:"previous_item_id,omitempty"`
	Item           Item   `json:"item"`
}

// ItemRetrieve asks for an item with its audio.
type ItemRetrieve struct {
	Header
	ItemID string `json:"item_id"`
}

// ItemTruncate keeps the first AudioEndMS of an assistant's audio: what was heard.
type ItemTruncate struct {
	Header
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	AudioEndMS   int64  `json:"audio_end_ms"`
}

// ItemDelete removes an item.
type ItemDelete struct {
	Header
	ItemID string `json:"item_id"`
}

// ResponseCreate asks for a response.
type ResponseCreate struct {
	Header
	Response ResponseParams `json:"response,omitzero"`
}

// ResponseCancel stops a response: the one with that id, or the running one when empty.
type ResponseCancel struct {
	Header
	ResponseID string `json:"response_id,omitempty"`
}

// Nothing is an event that is known and asks for nothing here, such as the beginning of a turn that its first sound begins as well.
type Nothing struct {
	Header
	Type string `json:"-"`
}

// EventType returns the type as it was sent.
func (n Nothing) EventType() string { return n.Type }

// SessionPatch is a change of a session: absent fields keep their value, null clears, objects merge.
type SessionPatch struct {
	Type              string          `json:"type"`
	Model             Opt[string]     `json:"model,omitzero"`
	OutputModalities  Opt[[]string]   `json:"output_modalities,omitzero"`
	Instructions      Opt[string]     `json:"instructions,omitzero"`
	Tools             Opt[[]Tool]     `json:"tools,omitzero"`
	ToolChoice        Opt[ToolChoice] `json:"tool_choice,omitzero"`
	ParallelToolCalls Opt[bool]       `json:"parallel_tool_calls,omitzero"`
	MaxOutputTokens   Opt[MaxTokens]  `json:"max_output_tokens,omitzero"`
	Reasoning         Opt[Reasoning]  `json:"reasoning,omitzero"`
	Tracing           Opt[RawJSON]    `json:"tracing,omitzero"`
	Truncation        Opt[Truncation] `json:"truncation,omitzero"`
	Prompt            Opt[Prompt]     `json:"prompt,omitzero"`
	Include           Opt[[]string]   `json:"include,omitzero"`
	Audio             AudioPatch      `json:"audio,omitzero"`

	// What only the older dialects have words for.
	Temperature Opt[float64]               `json:"-"`
	Extra       map[string]json.RawMessage `json:"-"` // fields to be shown again as they are; null takes one out
}

// AudioPatch is a change of SessionAudio.
type AudioPatch struct {
	Input  AudioInputPatch  `json:"input,omitzero"`
	Output AudioOutputPatch `json:"output,omitzero"`
}

// AudioInputPatch is a change of AudioInput.
type AudioInputPatch struct {
	Format         Opt[FormatPatch]        `json:"format,omitzero"`
	NoiseReduction Opt[NoiseReduction]     `json:"noise_reduction,omitzero"`
	Transcription  Opt[TranscriptionPatch] `json:"transcription,omitzero"`
	TurnDetection  Opt[TurnDetectionPatch] `json:"turn_detection,omitzero"`
}

// AudioOutputPatch is a change of AudioOutput.
type AudioOutputPatch struct {
	Format Opt[FormatPatch] `json:"format,omitzero"`
	Voice  Opt[Voice]       `json:"voice,omitzero"`
	Speed  Opt[float64]     `json:"speed,omitzero"`
}

// FormatPatch is a change of AudioFormat.
type FormatPatch struct {
	Type Opt[string] `json:"type,omitzero"`
	Rate Opt[int]    `json:"rate,omitzero"`

	anyRate bool // of a dialect that has others than GA's for PCM
}

// TranscriptionPatch is a change of Transcription.
type TranscriptionPatch struct {
	Model     Opt[string]   `json:"model,omitzero"`
	Language  Opt[string]   `json:"language,omitzero"`
	Prompt    Opt[string]   `json:"prompt,omitzero"`
	Keywords  Opt[[]string] `json:"keywords,omitzero"`
	Languages Opt[[]string] `json:"languages,omitzero"`
	Delay     Opt[string]   `json:"delay,omitzero"`
}

// TurnDetectionPatch is a change of TurnDetection. A new Type starts from that type's defaults.
type TurnDetectionPatch struct {
	Type              Opt[string]  `json:"type,omitzero"`
	Threshold         Opt[float64] `json:"threshold,omitzero"`
	PrefixPaddingMS   Opt[int]     `json:"prefix_padding_ms,omitzero"`
	SilenceDurationMS Opt[int]     `json:"silence_duration_ms,omitzero"`
	IdleTimeoutMS     Opt[int]     `json:"idle_timeout_ms,omitzero"`
	Eagerness         Opt[string]  `json:"eagerness,omitzero"`
	CreateResponse    Opt[bool]    `json:"create_response,omitzero"`
	InterruptResponse Opt[bool]    `json:"interrupt_response,omitzero"`

	lenient bool // fields of the other type are passed over
}

// ResponseParams override the session for one response. Session.ForResponse applies them.
type ResponseParams struct {
	OutputModalities  Opt[[]string]      `json:"output_modalities,omitzero"`
	Instructions      Opt[string]        `json:"instructions,omitzero"`
	Tools             Opt[[]Tool]        `json:"tools,omitzero"`
	ToolChoice        Opt[ToolChoice]    `json:"tool_choice,omitzero"`
	ParallelToolCalls Opt[bool]          `json:"parallel_tool_calls,omitzero"`
	MaxOutputTokens   Opt[MaxTokens]     `json:"max_output_tokens,omitzero"`
	Reasoning         Opt[Reasoning]     `json:"reasoning,omitzero"`
	Prompt            Opt[Prompt]        `json:"prompt,omitzero"`
	Audio             ResponseAudioPatch `json:"audio,omitzero"`
	Conversation      string             `json:"conversation,omitempty"` // "auto" (also when empty) or "none": out of band
	Metadata          map[string]string  `json:"metadata,omitempty"`     // at most 16 pairs
	Input             Opt[[]Item]        `json:"input,omitzero"`         // replaces the context; items or references to them

	Temperature Opt[float64]   `json:"-"` // of the older dialects
	Extra       ResponseExtras `json:"-"` // of Voice Live
}

// ResponseExtras are what Voice Live's response.create asks for beside the response.
type ResponseExtras struct {
	Commit       bool   // what is buffered first
	Cancel       bool   // the response under way first
	Append       []Item // to the conversation first
	Instructions string // behind those of the session
	Say          string // word for word, instead of an answer of the model
}

// OutOfBand reports whether the response stays out of the conversation.
func (p ResponseParams) OutOfBand() bool { return p.Conversation == "none" }

// ResponseAudioPatch is the audio of ResponseParams.
type ResponseAudioPatch struct {
	Output ResponseAudioOutputPatch `json:"output,omitzero"`
}

// ResponseAudioOutputPatch overrides format and voice.
type ResponseAudioOutputPatch struct {
	Format Opt[FormatPatch] `json:"format,omitzero"`
	Voice  Opt[Voice]       `json:"voice,omitzero"`
}

// EventType returns "session.update".
func (SessionUpdate) EventType() string { return "session.update" }

// EventType returns "input_audio_buffer.append".
func (InputAudioAppend) EventType() string { return "input_audio_buffer.append" }

// EventType returns "input_audio_buffer.commit".
func (InputAudioCommit) EventType() string { return "input_audio_buffer.commit" }

// EventType returns "input_audio_buffer.clear".
func (InputAudioClear) EventType() string { return "input_audio_buffer.clear" }

// EventType returns "output_audio_buffer.clear".
func (OutputAudioClear) EventType() string { return "output_audio_buffer.clear" }

// EventType returns "conversation.item.create".
func (ItemCreate) EventType() string { return "conversation.item.create" }

// EventType returns "conversation.item.retrieve".
func (ItemRetrieve) EventType() string { return "conversation.item.retrieve" }

// EventType returns "conversation.item.truncate".
func (ItemTruncate) EventType() string { return "conversation.item.truncate" }

// EventType returns "conversation.item.delete".
func (ItemDelete) EventType() string { return "conversation.item.delete" }

// EventType returns "response.create".
func (ResponseCreate) EventType() string { return "response.create" }

// EventType returns "response.cancel".
func (ResponseCancel) EventType() string { return "response.cancel" }

// EventType returns "griot.playback".
func (GriotPlayback) EventType() string { return "griot.playback" }

// EventType returns "griot.digits".
func (GriotDigits) EventType() string { return "griot.digits" }
