package realtime

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"griot/internal/fault"
)

// What Azure Voice Live has beside the beta: events and fields of its clients, and events of ours that only they are sent.

// voiceLiveEvents are those of the beta, and Voice Live's own.
var voiceLiveEvents = func() map[string]clientReader {
	all := maps.Clone(betaEvents)
	all["input_audio.turn.start"] = func(h Header, o *object) ClientEvent {
		plain(o, "turn_id", decodeString)
		return Nothing{h, "input_audio.turn.start"}
	}
	all["input_audio.turn.append"] = func(h Header, o *object) ClientEvent {
		plain(o, "turn_id", decodeString)
		return InputAudioAppend{h, Base64(required(o, "audio", decodeString))}
	}
	all["input_audio.turn.end"] = func(h Header, o *object) ClientEvent {
		plain(o, "turn_id", decodeString)
		return InputAudioCommit{h}
	}
	all["input_audio.turn.cancel"] = func(h Header, o *object) ClientEvent {
		plain(o, "turn_id", decodeString)
		return InputAudioClear{h}
	}
	all["input_audio.clear"] = func(h Header, _ *object) ClientEvent { return InputAudioClear{h} }
	for name, what := range map[string]string{"session.avatar.connect": "avatars", "mcp_approval_response": "MCP tools of a session", "input_text.delta": "texts in pieces", "input_text.done": "texts in pieces"} {
		all[name] = func(_ Header, o *object) ClientEvent {
			o.fail(fault.New(fault.Invalid, CodeInvalidEvent, "'%s' is not served here: there are no %s.", name, what).At("type"))
			return nil
		}
	}
	return all
}()

// voiceLive reads what a session has beside the beta's.
func (p *olderPatch) voiceLive(o *object) {
	if r := optional(o, "input_audio_sampling_rate", decodeCount); r.Set {
		f := &p.Audio.Input.Format
		f.Set, f.Null, f.Value.anyRate = true, false, true
		f.Value.Rate = r
		if r.Null {
			f.Value.Rate = Some(PCM24k.Rate)
		}
		if t := f.Value.Type.Value; (t == TypePCMU || t == TypePCMA) && f.Value.Rate.Value == PCM24k.Rate {
			f.Value.Rate = Opt[int]{} // what clients send by habit: G.711 has but one
		}
	}
	if effort := optional(o, "reasoning_effort", decodeString); effort.Set {
		p.Reasoning = Opt[Reasoning]{Set: true, Null: effort.Null || effort.Value == "none", Value: Reasoning{Effort: effort.Value}}
	}
	if raw, ok := o.take("output_audio_timestamp_types"); ok {
		p.keep("output_audio_timestamp_types", raw)
		if kind(raw) != 'n' {
			for _, typ := range listOf(decodeString)(o.reader, o.at("output_audio_timestamp_types"), raw) {
				if typ != "word" {
					o.warn(CodeUnsupported, o.at("output_audio_timestamp_types"), "There are timestamps of type 'word' here, not '%s'.", clip(typ))
				}
			}
		}
	}
	// The conversation knows its own sound by itself; metadata is the client's.
	for _, name := range []string{"input_audio_echo_cancellation", "metadata"} {
		if raw, ok := o.take(name); ok {
			p.keep(name, raw)
		}
	}
	o.cannot("animation", "avatar", "interim_response")
}

// voiceLiveTurns reads what turn detection has beside the beta's. The kinds that weigh the meaning of the words are pauses to GA; SemanticTurns tells them apart.
func voiceLiveTurns(o *object, t *TurnDetectionPatch) {
	if strings.HasPrefix(t.Type.Value, "azure_") {
		if typ := t.Type.Value; !slices.Contains([]string{"azure_semantic_vad", "azure_semantic_vad_en", "azure_semantic_vad_multilingual", "azure_multilingual_semantic_vad"}, typ) {
			o.fail(notOneOf(o.at("type"), typ, ServerVAD, SemanticVAD, "azure_semantic_vad", "azure_semantic_vad_en", "azure_semantic_vad_multilingual"))
		}
		t.Type = Some(ServerVAD)
	}
	plain(o, "remove_filler_words", decodeBool) // what is a filler cuts nobody here, and ends no turn
	plain(o, "auto_truncate", decodeBool)
	if raw, ok := o.take("end_of_utterance_detection"); ok && kind(raw) != 'n' {
		e := o.object(o.at("end_of_utterance_detection"), raw)
		plain(e, "model", decodeString)
		plain(e, "timeout_ms", decodeCount)
		plain(e, "timeout", decodeNumber)
		e.cannot("threshold_level", "threshold")
		e.done()
	}
	o.cannot("speech_duration_ms", "languages")
}

// SemanticTurns reports whether a Voice Live client has asked for turns to be found by what is said, and how long a pause may then be at the most; 0 leaves that open.
func (s Session) SemanticTurns() (maxPauseMS int, ok bool) {
	t := s.voiceLiveTurns()
	return t.End.Timeout, strings.HasPrefix(t.Type, "azure_") || t.End.Model != ""
}

// AutoTruncates reports whether the server is to cut an interrupted item to what was heard.
func (s Session) AutoTruncates() bool { return s.voiceLiveTurns().AutoTruncate }

type turnExtras struct {
	Type         string
	AutoTruncate bool `json:"auto_truncate"`
	End          struct {
		Model   string
		Timeout int `json:"timeout_ms"`
	} `json:"end_of_utterance_detection"`
}

func (s Session) voiceLiveTurns() (t turnExtras) {
	if raw, ok := s.Extra["turn_detection"]; ok && s.Audio.Input.TurnDetection != nil {
		if json.Unmarshal(raw, &t) != nil {
			return turnExtras{} // unreachable: it was read before
		}
	}
	return t
}

// WordTimes reports whether a Voice Live client has asked when each word sounds.
func (s Session) WordTimes() bool {
	var types []string
	return json.Unmarshal(s.Extra["output_audio_timestamp_types"], &types) == nil && slices.Contains(types, "word")
}

// voiceLiveVoice reads a voice with its kind. Of what Azure's voices can be told, the speed is done here.
func voiceLiveVoice(r *reader, path string, raw json.RawMessage) (v olderVoice) {
	o := r.object(path, raw)
	typ := plain(o, "type", decodeString)
	if v.ID = plain(o, "id", decodeString); v.ID == "" {
		name := "name"
		if typ == "avatar-voice-sync" {
			name = "model"
		}
		v.Name = required(o, name, decodeName)
	}
	for _, name := range []string{"model", "locale", "prefer_locales"} {
		o.take(name) // they name the voice more closely
	}
	if rate := plain(o, "rate", decodeString); rate != "" {
		if n, ok := speed(rate); ok {
			v.speed = Some(n)
		} else {
			r.warn(CodeUnsupported, o.at("rate"), "The rate '%s' cannot be read: expected a factor such as '1.2', or '+20%%'. It is left out.", clip(rate))
		}
	}
	o.cannot("endpoint_id", "temperature", "style", "pitch", "volume", "custom_lexicon_url", "custom_lexicon_uri", "custom_text_normalization_url")
	o.done()
	return v
}

// speed reads a factor, or a change in percent, into what GA allows.
func speed(rate string) (float64, bool) {
	percent, relative := strings.CutSuffix(rate, "%")
	n, err := strconv.ParseFloat(percent, 64)
	if err != nil {
		return 0, false
	}
	if relative {
		n = 1 + n/100
	}
	if !(n > 0) {
		return 0, false
	}
	return min(max(n, 0.25), 1.5), true
}

// voiceLiveResponse reads what a response has beside the beta's.
func voiceLiveResponse(o *object, p *ResponseParams) {
	if items := optional(o, "input_items", listOf(decodeItem)); items.Set {
		p.Input = items
	}
	if effort := optional(o, "reasoning_effort", decodeString); effort.Set {
		p.Reasoning = Opt[Reasoning]{Set: true, Null: effort.Null || effort.Value == "none", Value: Reasoning{Effort: effort.Value}}
	}
	p.Extra = ResponseExtras{
		Commit:       plain(o, "commit", decodeBool),
		Cancel:       plain(o, "cancel_previous", decodeBool),
		Append:       plain(o, "append_input_items", listOf(decodeItem)),
		Instructions: plain(o, "additional_instructions", decodeString),
	}
	if raw, ok := o.take("pre_generated_assistant_message"); ok && kind(raw) != 'n' {
		at := o.at("pre_generated_assistant_message")
		it := decodeItem(o.reader, at, raw)
		var said []string
		for _, c := range it.Content {
			if c.Text+c.Transcript != "" {
				said = append(said, c.Text+c.Transcript)
			}
		}
		if p.Extra.Say = strings.Join(said, " "); it.Role != RoleAssistant || p.Extra.Say == "" {
			o.fail(invalid(at, "Invalid value for '%s': expected a message of the assistant with text.", at))
		}
	}
	o.cannot("interim_response", "invoke_input")
}

// Warning tells a Voice Live client what will not be done of what it asked. Other dialects have no such event.
type Warning struct {
	Warning WarningDetail `json:"warning"`
}

// WarningDetail is the body of a Warning. Param is the path of the field.
type WarningDetail struct {
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
	Param   string `json:"param,omitempty"`
}

// NewWarning returns a warning about the field at path.
func NewWarning(code, path, format string, args ...any) Warning {
	f := fault.New(fault.Invalid, code, format, args...)
	return Warning{WarningDetail{Message: f.Message, Code: code, Param: path}}
}

// AudioTimestampDelta says when a word of a response sounds, in milliseconds of the response's audio. Voice Live only, for who asked for it; like the next.
type AudioTimestampDelta struct {
	Ref
	AudioOffsetMS   int64  `json:"audio_offset_ms"`
	AudioDurationMS int64  `json:"audio_duration_ms"`
	Text            string `json:"text"`
	TimestampType   string `json:"timestamp_type"` // "word"
}

// AudioTimestampDone says that no more words of this item come.
type AudioTimestampDone struct {
	ResponseID string `json:"response_id"`
	ItemID     string `json:"item_id"`
}

// EventType returns "warning".
func (Warning) EventType() string { return "warning" }

// EventType returns "response.audio_timestamp.delta".
func (AudioTimestampDelta) EventType() string { return "response.audio_timestamp.delta" }

// EventType returns "response.audio_timestamp.done".
func (AudioTimestampDone) EventType() string { return "response.audio_timestamp.done" }

func (Warning) serverEvent()             {}
func (AudioTimestampDelta) serverEvent() {}
func (AudioTimestampDone) serverEvent()  {}

// ofVoiceLive reports whether an event is only for Voice Live's clients.
func ofVoiceLive(ev ServerEvent) bool {
	switch ev.(type) {
	case Warning, AudioTimestampDelta, AudioTimestampDone:
		return true
	}
	return false
}
