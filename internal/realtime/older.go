package realtime

import (
	"encoding/json"
	"slices"
)

// What clients of the older dialects, the beta and Voice Live, send: the same events as GA's, with a flat session and other names.

// betaEvents are the beta's own.
var betaEvents = map[string]clientReader{
	"session.update": func(h Header, o *object) ClientEvent {
		return SessionUpdate{h, required(o, "session", olderSession(SessionRealtime))}
	},
	"transcription_session.update": func(h Header, o *object) ClientEvent {
		return SessionUpdate{h, required(o, "session", olderSession(SessionTranscription))}
	},
	"response.create": func(h Header, o *object) ClientEvent {
		return ResponseCreate{h, plain(o, "response", olderResponse)}
	},
}

// olderSession reads a session, whose type is known by the event.
func olderSession(typ string) decoder[SessionPatch] {
	return func(r *reader, path string, raw json.RawMessage) SessionPatch {
		o := r.object(path, raw)
		for _, ours := range []string{"id", "object", "expires_at", "client_secret"} {
			o.take(ours) // a client that gives back what it was shown
		}
		p := olderPatch{SessionPatch{
			Type:              typ,
			Model:             optional(o, "model", decodeString),
			OutputModalities:  optional(o, "modalities", olderModalities),
			Instructions:      optional(o, "instructions", decodeString),
			Tools:             optional(o, "tools", olderTools),
			ToolChoice:        optional(o, "tool_choice", decodeToolChoice),
			ParallelToolCalls: optional(o, "parallel_tool_calls", decodeBool),
			MaxOutputTokens:   optional(o, "max_response_output_tokens", decodeMaxTokens),
			Tracing:           optional(o, "tracing", decodeTracing),
			Prompt:            optional(o, "prompt", decodePrompt),
			Include:           optional(o, "include", olderInclude),
			Temperature:       optional(o, "temperature", decodeNumber),
		}}
		if t := plain(o, "type", decodeString); t != "" {
			p.Type = t // some say it as GA has it
		}
		in, out := &p.Audio.Input, &p.Audio.Output
		in.Format = optional(o, "input_audio_format", olderFormat)
		in.Transcription = optional(o, "input_audio_transcription", olderTranscription)
		in.NoiseReduction = optional(o, "input_audio_noise_reduction", p.olderNoise)
		in.TurnDetection = optional(o, "turn_detection", p.olderTurns)
		if in.TurnDetection.Value.Type.Value == "none" {
			in.TurnDetection = Clear[TurnDetectionPatch]()
		}
		out.Format = optional(o, "output_audio_format", olderFormat)
		out.Speed = optional(o, "speed", decodeNumber)
		if v := optional(o, "voice", p.olderVoice); v.Set {
			out.Voice = Opt[Voice]{Set: true, Null: v.Null, Value: v.Value.Voice}
			if v.Value.speed.Set {
				out.Speed = v.Value.speed
			}
		}
		if r.dialect == VoiceLive {
			p.voiceLive(o)
		}
		if p.Type == SessionTranscription {
			p.OutputModalities = Opt[[]string]{} // which some say, and which are none
		}
		o.done()
		return p.SessionPatch
	}
}

// olderPatch is a change of a session that is being read.
type olderPatch struct{ SessionPatch }

// olderFormats are the names of the audio formats. The last two are Voice Live's; its documents spell them either way.
var olderFormats = map[string]AudioFormat{
	"pcm16": PCM24k, "g711_ulaw": {Type: TypePCMU}, "g711_alaw": {Type: TypePCMA},
	"pcm16_16000hz": {Type: TypePCM, Rate: 16000}, "pcm16_8000hz": {Type: TypePCM, Rate: 8000},
	"pcm16-16000hz": {Type: TypePCM, Rate: 16000}, "pcm16-8000hz": {Type: TypePCM, Rate: 8000},
}

func olderFormat(r *reader, path string, raw json.RawMessage) FormatPatch {
	name := decodeString(r, path, raw)
	f, ok := olderFormats[name]
	allowed := []string{"pcm16", "g711_ulaw", "g711_alaw"}
	if r.dialect == VoiceLive {
		allowed = append(allowed, "pcm16_16000hz", "pcm16_8000hz")
	} else {
		ok = ok && slices.Contains(allowed, name)
	}
	if !ok {
		r.fail(notOneOf(path, name, allowed...))
		return FormatPatch{}
	}
	p := FormatPatch{Type: Some(f.Type), anyRate: true}
	if f.Rate != 0 {
		p.Rate = Some(f.Rate)
	}
	return p
}

// olderModalities reads what GA has as one: with audio there is always text.
func olderModalities(r *reader, path string, raw json.RawMessage) []string {
	list, audio := listOf(decodeString)(r, path, raw), false
	for _, m := range list {
		switch {
		case m == ModalityAudio:
			audio = true
		case m == ModalityText:
		case r.dialect == VoiceLive && (m == "animation" || m == "avatar"):
			r.warn(CodeUnsupported, path, "The modality '%s' is not served here. It is left out.", m)
		default:
			r.fail(notOneOf(path, m, ModalityText, ModalityAudio))
		}
	}
	if audio || len(list) == 0 {
		return []string{ModalityAudio}
	}
	return []string{ModalityText}
}

// olderTools leaves out of Voice Live's tools what this server does not run.
func olderTools(r *reader, path string, raw json.RawMessage) []Tool {
	if r.dialect != VoiceLive {
		return listOf(decodeTool)(r, path, raw)
	}
	tools := listOf(func(r *reader, path string, raw json.RawMessage) Tool {
		var t struct{ Type string }
		if json.Unmarshal(raw, &t) == nil && t.Type != "" && t.Type != "function" {
			r.warn(CodeUnsupported, path, "Tools of type '%s' are not served here: give them to the agent. '%s' is left out.", clip(t.Type), path)
			return Tool{}
		}
		return decodeTool(r, path, raw)
	})(r, path, raw)
	return slices.DeleteFunc(tools, func(t Tool) bool { return t.Type == "" })
}

// olderInclude leaves out what is not known.
func olderInclude(r *reader, path string, raw json.RawMessage) []string {
	return slices.DeleteFunc(listOf(decodeString)(r, path, raw), func(s string) bool {
		if s == "item.input_audio_transcription.logprobs" {
			return false
		}
		r.warn(CodeUnsupported, path, "'%s' cannot be included. It is left out.", clip(s))
		return true
	})
}

func olderTranscription(r *reader, path string, raw json.RawMessage) TranscriptionPatch {
	o := r.object(path, raw)
	p := TranscriptionPatch{
		Model:     optional(o, "model", decodeString),
		Language:  optional(o, "language", decodeString),
		Prompt:    optional(o, "prompt", decodeString),
		Keywords:  optional(o, "keywords", listOf(decodeString)),
		Languages: optional(o, "languages", listOf(decodeString)),
		Delay:     optional(o, "delay", decodeString),
	}
	if r.dialect == VoiceLive {
		if phrases := optional(o, "phrase_list", listOf(decodeString)); phrases.Set {
			p.Keywords = phrases
		}
		o.cannot("custom_speech")
	}
	o.done()
	return p
}

// keep notes a field to be shown again as it came.
func (p *olderPatch) keep(name string, raw json.RawMessage) {
	if p.Extra == nil {
		p.Extra = map[string]json.RawMessage{}
	}
	p.Extra[name] = raw
}

func (p *olderPatch) olderNoise(r *reader, path string, raw json.RawMessage) NoiseReduction {
	n := decodeNoiseReduction(r, path, raw)
	if r.dialect == VoiceLive && n.Type == "azure_deep_noise_suppression" {
		p.keep("input_audio_noise_reduction", raw)
		n.Type = "near_field"
	}
	return n
}

func (p *olderPatch) olderTurns(r *reader, path string, raw json.RawMessage) TurnDetectionPatch {
	o := r.object(path, raw)
	t := TurnDetectionPatch{
		Type:              optional(o, "type", decodeString),
		Threshold:         optional(o, "threshold", decodeNumber),
		PrefixPaddingMS:   optional(o, "prefix_padding_ms", decodeCount),
		SilenceDurationMS: optional(o, "silence_duration_ms", decodeCount),
		IdleTimeoutMS:     optional(o, "idle_timeout_ms", decodeCount),
		Eagerness:         optional(o, "eagerness", decodeString),
		CreateResponse:    optional(o, "create_response", decodeBool),
		InterruptResponse: optional(o, "interrupt_response", decodeBool),
		lenient:           true,
	}
	if r.dialect == VoiceLive {
		p.keep("turn_detection", raw)
		voiceLiveTurns(o, &t)
	}
	o.done()
	return t
}

// olderVoice is a voice, and how fast it speaks where that is said with it.
type olderVoice struct {
	Voice
	speed Opt[float64]
}

func (p *olderPatch) olderVoice(r *reader, path string, raw json.RawMessage) olderVoice {
	if r.dialect == VoiceLive && kind(raw) == '{' {
		p.keep("voice", raw)
		return voiceLiveVoice(r, path, raw)
	}
	return olderVoice{Voice: decodeVoice(r, path, raw)}
}

func olderResponse(r *reader, path string, raw json.RawMessage) ResponseParams {
	o := r.object(path, raw)
	p := ResponseParams{
		OutputModalities:  optional(o, "modalities", olderModalities),
		Instructions:      optional(o, "instructions", decodeString),
		Tools:             optional(o, "tools", olderTools),
		ToolChoice:        optional(o, "tool_choice", decodeToolChoice),
		ParallelToolCalls: optional(o, "parallel_tool_calls", decodeBool),
		MaxOutputTokens:   optional(o, "max_output_tokens", decodeMaxTokens),
		Prompt:            optional(o, "prompt", decodePrompt),
		Conversation:      plain(o, "conversation", decodeString),
		Metadata:          plain(o, "metadata", decodeMetadata),
		Input:             optional(o, "input", listOf(decodeItem)),
		Temperature:       optional(o, "temperature", decodeNumber),
	}
	if old := optional(o, "max_response_output_tokens", decodeMaxTokens); old.Set {
		p.MaxOutputTokens = old
	}
	if c := p.Conversation; c != "" && c != "auto" && c != "none" {
		r.fail(notOneOf(o.at("conversation"), c, "auto", "none"))
	}
	p.Audio.Output.Format = optional(o, "output_audio_format", olderFormat)
	var session olderPatch // a response keeps nothing of how its voice was written
	if v := optional(o, "voice", session.olderVoice); v.Set {
		p.Audio.Output.Voice = Opt[Voice]{Set: true, Null: v.Null, Value: v.Value.Voice}
	}
	if r.dialect == VoiceLive {
		voiceLiveResponse(o, &p)
	}
	o.done()
	return p
}

// contentFromOlder gives a part of an item the type that GA has for it where allowed: the assistant's are output, all others input.
func contentFromOlder(typ string, allowed []string) string {
	if typ != PartText && typ != PartAudio {
		return typ
	}
	for _, prefix := range []string{"output_", "input_"} {
		if slices.Contains(allowed, prefix+typ) {
			return prefix + typ
		}
	}
	return typ
}
