package realtime

import (
	"encoding/json"
	"maps"
)

// The session and the response as the older dialects show them: flat.

func olderModality(ga []string) []string {
	if len(ga) == 1 && ga[0] == ModalityText {
		return []string{ModalityText}
	}
	return []string{ModalityText, ModalityAudio}
}

func olderFormatName(f AudioFormat) string {
	switch {
	case f.Type == TypePCMU:
		return "g711_ulaw"
	case f.Type == TypePCMA:
		return "g711_alaw"
	case f.Rate == 16000:
		return "pcm16_16000hz"
	case f.Rate == 8000:
		return "pcm16_8000hz"
	}
	return "pcm16"
}

// defaultTemperature is the older dialects' own, shown for a model that keeps its own: their clients insist on a number.
const defaultTemperature = 0.8

func temperature(t *float64) float64 {
	if t == nil {
		return defaultTemperature
	}
	return *t
}

type olderSessionView struct {
	ID              string         `json:"id"`
	Object          string         `json:"object"`
	Model           string         `json:"model"`
	Modalities      []string       `json:"modalities"`
	Instructions    string         `json:"instructions"`
	Voice           any            `json:"voice"`
	InputFormat     string         `json:"input_audio_format"`
	OutputFormat    string         `json:"output_audio_format"`
	Transcription   *Transcription `json:"input_audio_transcription"`
	Noise           any            `json:"input_audio_noise_reduction"`
	Turns           any            `json:"turn_detection"`
	Tools           []Tool         `json:"tools"`
	ToolChoice      ToolChoice     `json:"tool_choice"`
	Temperature     float64        `json:"temperature"`
	MaxOutputTokens MaxTokens      `json:"max_response_output_tokens"`
	Speed           float64        `json:"speed"`
	Tracing         RawJSON        `json:"tracing"`
	Prompt          *Prompt        `json:"prompt"`
	Include         []string       `json:"include"`
	ExpiresAt       int64          `json:"expires_at"`
}

func olderView(s Session) olderSessionView {
	v := olderSessionView{ID: s.ID, Object: s.Object, Model: s.Model, Modalities: olderModality(s.OutputModalities), Instructions: s.Instructions, Voice: s.Audio.Output.Voice,
		InputFormat: olderFormatName(s.Audio.Input.Format), OutputFormat: olderFormatName(s.Audio.Output.Format), Transcription: s.Audio.Input.Transcription,
		Tools: s.Tools, ToolChoice: s.ToolChoice, Temperature: temperature(s.Temperature), MaxOutputTokens: s.MaxOutputTokens, Speed: s.Audio.Output.Speed,
		Tracing: s.Tracing, Prompt: s.Prompt, Include: s.Include, ExpiresAt: s.ExpiresAt}
	if n := s.Audio.Input.NoiseReduction; n != nil {
		v.Noise = n
	}
	if t := s.Audio.Input.TurnDetection; t != nil {
		v.Turns = t
	}
	return v
}

// transcriptionView is a session of the beta that only transcribes.
type transcriptionView struct {
	ID            string         `json:"id"`
	Object        string         `json:"object"`
	InputFormat   string         `json:"input_audio_format"`
	Transcription *Transcription `json:"input_audio_transcription"`
	Noise         any            `json:"input_audio_noise_reduction"`
	Turns         any            `json:"turn_detection"`
	Include       []string       `json:"include"`
	ExpiresAt     int64          `json:"expires_at"`
}

func betaSession(s Session) any {
	v := olderView(s)
	if s.Type == SessionTranscription {
		return transcriptionView{v.ID, "realtime.transcription_session", v.InputFormat, v.Transcription, v.Noise, v.Turns, v.Include, v.ExpiresAt}
	}
	return v
}

// voiceLiveSession shows what a Voice Live client wrote as it wrote it, and null for what there is not.
func voiceLiveSession(s Session) any {
	v := olderView(s)
	v.Voice = voiceOf(s.Audio.Output.Voice)
	shown := struct {
		olderSessionView
		Rate      int             `json:"input_audio_sampling_rate"`
		Echo      json.RawMessage `json:"input_audio_echo_cancellation"`
		Times     json.RawMessage `json:"output_audio_timestamp_types"`
		Metadata  json.RawMessage `json:"metadata,omitempty"`
		Reasoning string          `json:"reasoning_effort,omitempty"`
		Agent     any             `json:"agent"`
		Animation any             `json:"animation"`
		Avatar    any             `json:"avatar"`
	}{olderSessionView: v, Rate: s.Audio.Input.Format.SampleRate(), Echo: s.Extra["input_audio_echo_cancellation"], Times: s.Extra["output_audio_timestamp_types"], Metadata: s.Extra["metadata"]}
	if s.Audio.Input.Format.Type == TypePCM {
		shown.InputFormat = "pcm16" // whose rate is said beside it
	}
	if s.Reasoning != nil {
		shown.Reasoning = s.Reasoning.Effort
	}
	if raw, ok := s.Extra["voice"]; ok {
		shown.Voice = raw
	}
	if raw, ok := s.Extra["input_audio_noise_reduction"]; ok {
		shown.Noise = raw
	}
	if t := s.Audio.Input.TurnDetection; t != nil {
		shown.Turns = showTurns(*t, s.Extra["turn_detection"])
	}
	return shown
}

// showTurns is what holds, with what a client wrote on top of it.
func showTurns(t TurnDetection, wrote json.RawMessage) any {
	ga, err := t.MarshalJSON()
	var fields, own map[string]json.RawMessage
	if err != nil || json.Unmarshal(ga, &fields) != nil || json.Unmarshal(wrote, &own) != nil {
		return t
	}
	for name, raw := range own {
		if kind(raw) == 'n' {
			delete(own, name)
		}
	}
	maps.Copy(fields, own)
	return fields
}

// openAIVoices are the protocol's own.
var openAIVoices = map[string]bool{"alloy": true, "ash": true, "ballad": true, "coral": true, "echo": true, "sage": true, "shimmer": true, "verse": true, "marin": true, "cedar": true}

// OpenAIVoice reports whether a name is one of the protocol's own voices.
func OpenAIVoice(name string) bool { return openAIVoices[name] }

type typedVoice struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// voiceOf shows a voice with a kind, as Voice Live does.
func voiceOf(v Voice) any {
	switch {
	case v.ID != "":
		return v
	case OpenAIVoice(v.Name):
		return typedVoice{"openai", v.Name}
	}
	return typedVoice{"azure-standard", v.Name}
}

type olderResponseView struct {
	Object          string            `json:"object"`
	ID              string            `json:"id"`
	Status          string            `json:"status"`
	StatusDetails   *StatusDetails    `json:"status_details"`
	Output          []olderItem       `json:"output"`
	ConversationID  NullString        `json:"conversation_id"`
	Modalities      []string          `json:"modalities"`
	Voice           any               `json:"voice"`
	OutputFormat    string            `json:"output_audio_format"`
	Temperature     float64           `json:"temperature"`
	MaxOutputTokens MaxTokens         `json:"max_output_tokens"`
	Usage           *Usage            `json:"usage"`
	Metadata        map[string]string `json:"metadata"`
}

func (d Dialect) showResponse(r Response) any {
	v := olderResponseView{Object: "realtime.response", ID: r.ID, Status: r.Status, StatusDetails: r.StatusDetails, Output: olderItems(r.Output), ConversationID: r.ConversationID,
		Modalities: olderModality(r.OutputModalities), Voice: r.Audio.Output.Voice, OutputFormat: olderFormatName(r.Audio.Output.Format), Temperature: temperature(r.Temperature),
		MaxOutputTokens: r.MaxOutputTokens, Usage: r.Usage, Metadata: r.Metadata}
	if d == VoiceLive {
		v.Voice = voiceOf(r.Audio.Output.Voice)
	}
	return v
}
