package realtime

import "encoding/json"

// Decoding of the changes that session.update and response.create carry. Which fields exist is decided here; which
// values they may have, by Session.validate.

func decodeSessionPatch(r *reader, path string, raw json.RawMessage) SessionPatch {
	o := r.object(path, raw)
	p := SessionPatch{
		Type:              required(o, "type", decodeName),
		Model:             optional(o, "model", decodeString),
		OutputModalities:  optional(o, "output_modalities", listOf(decodeString)),
		Instructions:      optional(o, "instructions", decodeString),
		Tools:             optional(o, "tools", listOf(decodeTool)),
		ToolChoice:        optional(o, "tool_choice", decodeToolChoice),
		ParallelToolCalls: optional(o, "parallel_tool_calls", decodeBool),
		MaxOutputTokens:   optional(o, "max_output_tokens", decodeMaxTokens),
		Reasoning:         optional(o, "reasoning", decodeReasoning),
		Tracing:           optional(o, "tracing", decodeTracing),
		Truncation:        optional(o, "truncation", decodeTruncation),
		Prompt:            optional(o, "prompt", decodePrompt),
		Include:           optional(o, "include", listOf(decodeString)),
		Audio:             nested(o, "audio", decodeAudioPatch),
	}
	o.done()
	return p
}

func decodeResponseParams(r *reader, path string, raw json.RawMessage) ResponseParams {
	o := r.object(path, raw)
	p := ResponseParams{
		OutputModalities:  optional(o, "output_modalities", listOf(decodeString)),
		Instructions:      optional(o, "instructions", decodeString),
		Tools:             optional(o, "tools", listOf(decodeTool)),
		ToolChoice:        optional(o, "tool_choice", decodeToolChoice),
		ParallelToolCalls: optional(o, "parallel_tool_calls", decodeBool),
		MaxOutputTokens:   optional(o, "max_output_tokens", decodeMaxTokens),
		Reasoning:         optional(o, "reasoning", decodeReasoning),
		Prompt:            optional(o, "prompt", decodePrompt),
		Audio:             nested(o, "audio", decodeResponseAudio),
		Conversation:      plain(o, "conversation", decodeString),
		Metadata:          plain(o, "metadata", decodeMetadata),
		Input:             optional(o, "input", listOf(decodeItem)),
	}
	if c := p.Conversation; c != "" && c != "auto" && c != "none" {
		r.fail(notOneOf(o.at("conversation"), c, "auto", "none"))
	}
	o.done()
	return p
}

// The limits of metadata.
const (
	maxMetadata      = 16
	maxMetadataKey   = 64
	maxMetadataValue = 512
)

func decodeMetadata(r *reader, path string, raw json.RawMessage) map[string]string {
	m := mapOf(decodeString)(r, path, raw)
	if len(m) > maxMetadata {
		r.fail(invalid(path, "Invalid value for '%s': at most %d pairs.", path, maxMetadata))
	}
	for k, v := range m {
		if len([]rune(k)) > maxMetadataKey || len([]rune(v)) > maxMetadataValue {
			r.fail(invalid(path, "Invalid value for '%s': keys have at most %d characters, values at most %d.", path, maxMetadataKey, maxMetadataValue))
		}
	}
	return m
}

func decodeAudioPatch(r *reader, path string, raw json.RawMessage) AudioPatch {
	o := r.object(path, raw)
	p := AudioPatch{Input: nested(o, "input", decodeAudioInput), Output: nested(o, "output", decodeAudioOutput)}
	o.done()
	return p
}

func decodeAudioInput(r *reader, path string, raw json.RawMessage) AudioInputPatch {
	o := r.object(path, raw)
	p := AudioInputPatch{
		Format:         optional(o, "format", decodeFormat),
		NoiseReduction: optional(o, "noise_reduction", decodeNoiseReduction),
		Transcription:  optional(o, "transcription", decodeTranscription),
		TurnDetection:  optional(o, "turn_detection", decodeTurnDetection),
	}
	o.done()
	return p
}

func decodeAudioOutput(r *reader, path string, raw json.RawMessage) AudioOutputPatch {
	o := r.object(path, raw)
	p := AudioOutputPatch{
		Format: optional(o, "format", decodeFormat),
		Voice:  optional(o, "voice", decodeVoice),
		Speed:  optional(o, "speed", decodeNumber),
	}
	o.done()
	return p
}

func decodeResponseAudio(r *reader, path string, raw json.RawMessage) ResponseAudioPatch {
	o := r.object(path, raw)
	p := ResponseAudioPatch{Output: nested(o, "output", decodeResponseAudioOutput)}
	o.done()
	return p
}

func decodeResponseAudioOutput(r *reader, path string, raw json.RawMessage) ResponseAudioOutputPatch {
	o := r.object(path, raw)
	p := ResponseAudioOutputPatch{Format: optional(o, "format", decodeFormat), Voice: optional(o, "voice", decodeVoice)}
	o.done()
	return p
}

func decodeFormat(r *reader, path string, raw json.RawMessage) FormatPatch {
	o := r.object(path, raw)
	p := FormatPatch{Type: optional(o, "type", decodeString), Rate: optional(o, "rate", decodeCount)}
	o.done()
	return p
}

func decodeNoiseReduction(r *reader, path string, raw json.RawMessage) NoiseReduction {
	o := r.object(path, raw)
	n := NoiseReduction{Type: required(o, "type", decodeString)}
	o.done()
	return n
}

func decodeTranscription(r *reader, path string, raw json.RawMessage) TranscriptionPatch {
	o := r.object(path, raw)
	p := TranscriptionPatch{
		Model:     optional(o, "model", decodeString),
		Language:  optional(o, "language", decodeString),
		Prompt:    optional(o, "prompt", decodeString),
		Keywords:  optional(o, "keywords", listOf(decodeString)),
		Languages: optional(o, "languages", listOf(decodeString)),
		Delay:     optional(o, "delay", decodeString),
	}
	o.done()
	return p
}

func decodeTurnDetection(r *reader, path string, raw json.RawMessage) TurnDetectionPatch {
	o := r.object(path, raw)
	p := TurnDetectionPatch{
		Type:              optional(o, "type", decodeString),
		Threshold:         optional(o, "threshold", decodeNumber),
		PrefixPaddingMS:   optional(o, "prefix_padding_ms", decodeCount),
		SilenceDurationMS: optional(o, "silence_duration_ms", decodeCount),
		IdleTimeoutMS:     optional(o, "idle_timeout_ms", decodeCount),
		Eagerness:         optional(o, "eagerness", decodeString),
		CreateResponse:    optional(o, "create_response", decodeBool),
		InterruptResponse: optional(o, "interrupt_response", decodeBool),
	}
	o.done()
	return p
}

func decodeVoice(r *reader, path string, raw json.RawMessage) Voice {
	if kind(raw) != '{' {
		return Voice{Name: decodeName(r, path, raw)}
	}
	o := r.object(path, raw)
	v := Voice{ID: required(o, "id", decodeName)}
	o.done()
	return v
}

func decodeMaxTokens(r *reader, path string, raw json.RawMessage) MaxTokens {
	if kind(raw) == '"' {
		if s := decodeString(r, path, raw); s != "inf" {
			r.fail(invalid(path, "Invalid value for '%s': expected an integer from 1 to 4096 or 'inf'.", path))
		}
		return 0
	}
	n := decodeCount(r, path, raw)
	if n < 1 || n > maxOutputTokens {
		r.fail(invalid(path, "Invalid value for '%s': expected an integer from 1 to 4096 or 'inf'.", path))
	}
	return MaxTokens(n)
}

func decodeReasoning(r *reader, path string, raw json.RawMessage) Reasoning {
	o := r.object(path, raw)
	v := Reasoning{Effort: required(o, "effort", decodeString)}
	o.done()
	return v
}

func decodeTracing(r *reader, path string, raw json.RawMessage) RawJSON {
	if kind(raw) == '"' {
		if s := decodeString(r, path, raw); s != "auto" {
			r.fail(notOneOf(path, s, "auto"))
		}
		return RawJSON(raw)
	}
	o := r.object(path, raw)
	plain(o, "workflow_name", decodeString)
	plain(o, "group_id", decodeString)
	plain(o, "metadata", decodeRaw)
	o.done()
	return RawJSON(raw)
}

func decodeTruncation(r *reader, path string, raw json.RawMessage) Truncation {
	if kind(raw) == '"' {
		return Truncation{Type: decodeString(r, path, raw)}
	}
	o := r.object(path, raw)
	t := Truncation{Type: required(o, "type", decodeString), RetentionRatio: required(o, "retention_ratio", decodeNumber)}
	if t.Type != "retention_ratio" {
		r.fail(notOneOf(o.at("type"), t.Type, "retention_ratio"))
	}
	t.PostInstructions = plain(o, "token_limits", func(r *reader, path string, raw json.RawMessage) int {
		o := r.object(path, raw)
		n := plain(o, "post_instructions", decodeIndex)
		o.done()
		return n
	})
	o.done()
	return t
}

func decodePrompt(r *reader, path string, raw json.RawMessage) Prompt {
	o := r.object(path, raw)
	p := Prompt{
		ID:        required(o, "id", decodeName),
		Version:   NullString(plain(o, "version", decodeString)),
		Variables: plain(o, "variables", mapOf(decodeRaw)),
	}
	o.done()
	return p
}

func decodeToolChoice(r *reader, path string, raw json.RawMessage) ToolChoice {
	if kind(raw) == '"' {
		return ToolChoice{Mode: decodeString(r, path, raw)}
	}
	o := r.object(path, raw)
	c := ToolChoice{Type: required(o, "type", decodeString)}
	switch {
	case r.err != nil:
	case c.Type == "function":
		c.Name = required(o, "name", decodeName)
	case c.Type == "mcp":
		c.ServerLabel = required(o, "server_label", decodeName)
		c.Name = plain(o, "name", decodeString)
	default:
		r.fail(notOneOf(o.at("type"), c.Type, "function", "mcp"))
	}
	o.done()
	return c
}

func decodeTool(r *reader, path string, raw json.RawMessage) Tool {
	o := r.object(path, raw)
	t := Tool{Type: optional(o, "type", decodeString).Or("function", "function")} // clients leave it out
	switch {
	case r.err != nil:
	case t.Type == "function":
		t.Name = required(o, "name", decodeName)
		t.Description = plain(o, "description", decodeString)
		t.Parameters = plain(o, "parameters", decodeRaw)
	case t.Type == "mcp":
		t.ServerLabel = required(o, "server_label", decodeName)
		t.ServerDescription = plain(o, "server_description", decodeString)
		t.ServerURL = plain(o, "server_url", decodeString)
		t.ConnectorID = plain(o, "connector_id", decodeString)
		t.TunnelID = plain(o, "tunnel_id", decodeString)
		t.Authorization = plain(o, "authorization", decodeString)
		t.Headers = plain(o, "headers", mapOf(decodeString))
		t.AllowedTools = plain(o, "allowed_tools", decodeRaw)
		t.AllowedCallers = plain(o, "allowed_callers", listOf(decodeString))
		t.RequireApproval = plain(o, "require_approval", decodeRaw)
		t.DeferLoading = plain(o, "defer_loading", decodeBool)
	default:
		r.fail(notOneOf(o.at("type"), t.Type, "function", "mcp"))
	}
	o.done()
	return t
}
