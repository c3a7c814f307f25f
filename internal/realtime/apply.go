package realtime

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Apply returns the session with the change merged in: absent fields keep their value, null, "" and [] clear, objects
// merge. The change is refused as a whole; s itself never changes. voiceLocked says that audio has been produced, after which the voice stays.
func (s Session) Apply(p SessionPatch, voiceLocked bool) (Session, error) {
	switch {
	case p.Type == "":
		return s, missing("session.type")
	case p.Type != SessionRealtime && p.Type != SessionTranscription:
		return s, notOneOf("session.type", p.Type, SessionRealtime, SessionTranscription)
	case p.Type != s.Type:
		return s, invalid("session.type", "Passing a %s session update event to a %s session is not allowed.", p.Type, s.Type)
	case s.Type == SessionTranscription:
		if err := p.onlyInput(); err != nil {
			return s, err
		}
	case p.Model.Set && p.Model.Value != s.Model:
		return s, invalid("session.model", "The model of a session is fixed when it opens: this one uses '%s'.", s.Model)
	case p.Tracing.Set && s.Tracing != nil && !bytes.Equal(s.Tracing, p.Tracing.Value):
		return s, invalid("session.tracing", "Tracing cannot be changed once it is set.")
	}
	return s.merge(p, "session", voiceLocked)
}

// onlyInput refuses what a transcription session does not have: everything but audio.input and include.
func (p *SessionPatch) onlyInput() error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"model", p.Model.Set}, {"output_modalities", p.OutputModalities.Set}, {"instructions", p.Instructions.Set}, {"tools", p.Tools.Set}, {"tool_choice", p.ToolChoice.Set},
		{"parallel_tool_calls", p.ParallelToolCalls.Set}, {"max_output_tokens", p.MaxOutputTokens.Set}, {"reasoning", p.Reasoning.Set}, {"tracing", p.Tracing.Set},
		{"truncation", p.Truncation.Set}, {"prompt", p.Prompt.Set}, {"audio.output", p.Audio.Output != AudioOutputPatch{}},
	} {
		if f.set {
			return unknown("session." + f.name)
		}
	}
	return nil
}

// ForResponse returns the session as it holds for one response. voiceLocked is as for Apply.
func (s Session) ForResponse(p ResponseParams, voiceLocked bool) (Session, error) {
	return s.merge(SessionPatch{
		OutputModalities:  p.OutputModalities,
		Instructions:      p.Instructions,
		Tools:             p.Tools,
		ToolChoice:        p.ToolChoice,
		ParallelToolCalls: p.ParallelToolCalls,
		MaxOutputTokens:   p.MaxOutputTokens,
		Reasoning:         p.Reasoning,
		Prompt:            p.Prompt,
		Temperature:       p.Temperature,
		Audio:             AudioPatch{Output: AudioOutputPatch{Format: p.Audio.Output.Format, Voice: p.Audio.Output.Voice}},
	}, "response", voiceLocked)
}

// merge does the work under the name that faults give to the object that the patch was in.
func (s Session) merge(p SessionPatch, path string, voiceLocked bool) (Session, error) {
	n, d := s, DefaultSession()
	n.OutputModalities = p.OutputModalities.Or(s.OutputModalities, d.OutputModalities)
	n.Instructions = p.Instructions.Or(s.Instructions, "")
	n.Tools = p.Tools.Or(s.Tools, d.Tools)
	n.ToolChoice = p.ToolChoice.Or(s.ToolChoice, d.ToolChoice)
	n.ParallelToolCalls = pointer(p.ParallelToolCalls, s.ParallelToolCalls)
	n.MaxOutputTokens = p.MaxOutputTokens.Or(s.MaxOutputTokens, 0)
	n.Reasoning = pointer(p.Reasoning, s.Reasoning)
	n.Tracing = p.Tracing.Or(s.Tracing, nil)
	n.Truncation = p.Truncation.Or(s.Truncation, d.Truncation)
	n.Prompt = pointer(p.Prompt, s.Prompt)
	n.Include = p.Include.Or(s.Include, nil)

	n.Temperature = pointer(p.Temperature, s.Temperature)
	n.Extra = mergeExtra(s.Extra, p)

	in, out := p.Audio.Input, p.Audio.Output
	n.Audio.Input.Format = mergeFormat(s.Audio.Input.Format, in.Format)
	n.Audio.Input.NoiseReduction = pointer(in.NoiseReduction, s.Audio.Input.NoiseReduction)
	n.Audio.Input.Transcription = mergeTranscription(s.Audio.Input.Transcription, in.Transcription)
	turns, err := mergeTurnDetection(s.Audio.Input.TurnDetection, in.TurnDetection, path+".audio.input.turn_detection")
	if err != nil {
		return s, err
	}
	n.Audio.Input.TurnDetection = turns
	n.Audio.Output.Format = mergeFormat(s.Audio.Output.Format, out.Format)
	n.Audio.Output.Voice = out.Voice.Or(s.Audio.Output.Voice, d.Audio.Output.Voice)
	n.Audio.Output.Speed = out.Speed.Or(s.Audio.Output.Speed, d.Audio.Output.Speed)

	if err := checkRate(in.Format, n.Audio.Input.Format, path+".audio.input.format"); err != nil {
		return s, err
	}
	if err := checkRate(out.Format, n.Audio.Output.Format, path+".audio.output.format"); err != nil {
		return s, err
	}
	if err := n.validate(path); err != nil {
		return s, err
	}
	if voiceLocked && n.Audio.Output.Voice != s.Audio.Output.Voice {
		e := invalid(path+".audio.output.voice", "The voice cannot be changed once the session has produced audio.")
		e.Code = CodeVoiceLocked
		return s, e
	}
	return n, nil
}

// pointer merges a field that is nil when there is none.
func pointer[T any](o Opt[T], current *T) *T {
	switch {
	case !o.Set:
		return current
	case o.Null:
		return nil
	}
	v := o.Value
	return &v
}

func mergeFormat(f AudioFormat, p Opt[FormatPatch]) AudioFormat {
	if !p.Set {
		return f
	}
	if p.Null {
		return PCM24k
	}
	if t := p.Value.Type.Or(f.Type, TypePCM); t != f.Type {
		f = AudioFormat{Type: t}
		if t == TypePCM {
			f.Rate = PCM24k.Rate
		}
	}
	f.Rate = p.Value.Rate.Or(f.Rate, f.Rate)
	if f.Rate == 8000 && f.Type != TypePCM {
		f.Rate = 0 // said, and true: G.711 has no other
	}
	return f
}

// checkRate refuses rates of PCM that GA has not. Voice Live has more, which a conversation with clients of both may have.
func checkRate(p Opt[FormatPatch], f AudioFormat, path string) error {
	if p.Value.anyRate || !p.Value.Rate.Set || f.Type != TypePCM || f.Rate == PCM24k.Rate {
		return nil
	}
	return invalid(path+".rate", "Invalid value: %d. audio/pcm is always 24000 samples per second here: resample before sending, or use audio/pcmu or audio/pcma for 8000.", f.Rate)
}

// mergeExtra keeps fields of the older dialects for as long as nobody has changed what they stand for.
func mergeExtra(old map[string]json.RawMessage, p SessionPatch) map[string]json.RawMessage {
	n := map[string]json.RawMessage{}
	maps.Copy(n, old)
	for name, changed := range map[string]bool{"voice": p.Audio.Output.Voice.Set, "turn_detection": p.Audio.Input.TurnDetection.Set, "input_audio_noise_reduction": p.Audio.Input.NoiseReduction.Set} {
		if _, again := p.Extra[name]; changed && !again {
			delete(n, name)
		}
	}
	for name, raw := range p.Extra {
		switch {
		case kind(raw) == 'n':
			delete(n, name)
		case name == "turn_detection":
			n[name] = overlay(n[name], raw)
		default:
			n[name] = raw
		}
	}
	if len(n) == 0 {
		return nil
	}
	return n
}

// overlay merges two objects; a change of type begins anew.
func overlay(under, over json.RawMessage) json.RawMessage {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(under, &a) != nil || json.Unmarshal(over, &b) != nil || a == nil || b == nil {
		return over
	}
	if t, ok := b["type"]; ok && !bytes.Equal(t, a["type"]) {
		return over
	}
	maps.Copy(a, b)
	out, err := json.Marshal(a)
	if err != nil {
		return over
	}
	return out
}

func mergeTranscription(t *Transcription, p Opt[TranscriptionPatch]) *Transcription {
	if !p.Set || p.Null {
		return pointer(Opt[Transcription]{Set: p.Set, Null: p.Null}, t)
	}
	var n Transcription
	if t != nil {
		n = *t
	}
	v := p.Value
	n.Model = v.Model.Or(n.Model, "")
	n.Language = NullString(v.Language.Or(string(n.Language), ""))
	n.Prompt = NullString(v.Prompt.Or(string(n.Prompt), ""))
	n.Keywords = v.Keywords.Or(n.Keywords, nil)
	n.Languages = v.Languages.Or(n.Languages, nil)
	n.Delay = v.Delay.Or(n.Delay, "")
	return &n
}

func mergeTurnDetection(t *TurnDetection, p Opt[TurnDetectionPatch], path string) (*TurnDetection, error) {
	if !p.Set || p.Null {
		return pointer(Opt[TurnDetection]{Set: p.Set, Null: p.Null}, t), nil
	}
	v := p.Value
	var n TurnDetection
	if t != nil {
		n = *t
	}
	typ := v.Type.Or(n.Type, "")
	switch typ {
	case "":
		return nil, missing(path + ".type")
	case ServerVAD, SemanticVAD:
	default:
		return nil, notOneOf(path+".type", typ, ServerVAD, SemanticVAD)
	}
	d := DefaultTurnDetection(typ)
	if typ != n.Type {
		n = d
	}
	// The union is closed: a field of the other variant is unknown here.
	if v.lenient {
		v.Eagerness.Set = v.Eagerness.Set && typ == SemanticVAD
	} else if typ == SemanticVAD {
		for _, f := range []struct {
			name string
			set  bool
		}{{"threshold", v.Threshold.Set}, {"prefix_padding_ms", v.PrefixPaddingMS.Set}, {"silence_duration_ms", v.SilenceDurationMS.Set}, {"idle_timeout_ms", v.IdleTimeoutMS.Set}} {
			if f.set {
				return nil, unknown(path + "." + f.name)
			}
		}
	} else if v.Eagerness.Set {
		return nil, unknown(path + ".eagerness")
	}
	n.Threshold = v.Threshold.Or(n.Threshold, d.Threshold)
	n.PrefixPaddingMS = v.PrefixPaddingMS.Or(n.PrefixPaddingMS, d.PrefixPaddingMS)
	n.SilenceDurationMS = v.SilenceDurationMS.Or(n.SilenceDurationMS, d.SilenceDurationMS)
	n.Eagerness = v.Eagerness.Or(n.Eagerness, d.Eagerness)
	n.CreateResponse = v.CreateResponse.Or(n.CreateResponse, true)
	n.InterruptResponse = v.InterruptResponse.Or(n.InterruptResponse, true)
	if v.IdleTimeoutMS.Set && !v.IdleTimeoutMS.Null && (v.IdleTimeoutMS.Value < 5000 || v.IdleTimeoutMS.Value > 30000) {
		return nil, invalid(path+".idle_timeout_ms", "Invalid value: %d. Expected 5000 to 30000, or null.", v.IdleTimeoutMS.Value)
	}
	n.IdleTimeoutMS = v.IdleTimeoutMS.Or(n.IdleTimeoutMS, 0)
	return &n, nil
}

const maxOutputTokens = 4096

// validate checks the values of a whole session. Since s held before a merge, what it finds came with the change.
func (s Session) validate(path string) error {
	if m := s.OutputModalities; len(m) != 1 || m[0] != ModalityAudio && m[0] != ModalityText {
		return invalid(path+".output_modalities", "Invalid value: expected exactly one of ['audio'] and ['text']; audio always comes with its transcript.")
	}
	if s.MaxOutputTokens < 0 || s.MaxOutputTokens > maxOutputTokens {
		return invalid(path+".max_output_tokens", "Invalid value: %d. Expected 1 to %d or 'inf'.", s.MaxOutputTokens, maxOutputTokens)
	}
	if err := validateTools(s.Tools, s.ToolChoice, path); err != nil {
		return err
	}
	if s.Reasoning != nil {
		if err := oneOf(path+".reasoning.effort", s.Reasoning.Effort, "minimal", "low", "medium", "high", "xhigh"); err != nil {
			return err
		}
	}
	if t := s.Temperature; t != nil && !within(*t, 0, 2) {
		return invalid(path+".temperature", "Invalid value: %v. Expected 0 to 2.", *t)
	}
	if err := oneOf(path+".truncation", s.Truncation.Type, "auto", "disabled", "retention_ratio"); err != nil {
		return err
	}
	if !within(s.Truncation.RetentionRatio, 0, 1) {
		return invalid(path+".truncation.retention_ratio", "Invalid value: %v. Expected 0 to 1.", s.Truncation.RetentionRatio)
	}
	for _, inc := range s.Include {
		if err := oneOf(path+".include", inc, "item.input_audio_transcription.logprobs"); err != nil {
			return err
		}
	}
	if err := s.Audio.Input.validate(path + ".audio.input"); err != nil {
		return err
	}
	out := path + ".audio.output"
	if err := s.Audio.Output.Format.validate(out + ".format"); err != nil {
		return err
	}
	if s.Audio.Output.Voice == (Voice{}) {
		return invalid(out+".voice", "Invalid value: the voice must not be empty.")
	}
	if !within(s.Audio.Output.Speed, 0.25, 1.5) {
		return invalid(out+".speed", "Invalid value: %v. Expected 0.25 to 1.5.", s.Audio.Output.Speed)
	}
	return nil
}

func (a AudioInput) validate(path string) error {
	if err := a.Format.validate(path + ".format"); err != nil {
		return err
	}
	if a.NoiseReduction != nil {
		if err := oneOf(path+".noise_reduction.type", a.NoiseReduction.Type, "near_field", "far_field"); err != nil {
			return err
		}
	}
	d := a.TurnDetection
	if d == nil {
		return nil
	}
	path += ".turn_detection"
	if d.Type == SemanticVAD {
		return oneOf(path+".eagerness", d.Eagerness, "low", "medium", "high", "auto")
	}
	if !within(d.Threshold, 0, 1) {
		return invalid(path+".threshold", "Invalid value: %v. Expected 0 to 1.", d.Threshold)
	}
	if d.PrefixPaddingMS < 0 || d.PrefixPaddingMS > maxPaddingMS {
		return invalid(path+".prefix_padding_ms", "Invalid value: %d. Expected 0 to %d.", d.PrefixPaddingMS, maxPaddingMS)
	}
	if d.SilenceDurationMS < 0 || d.SilenceDurationMS > maxSilenceMS {
		return invalid(path+".silence_duration_ms", "Invalid value: %d. Expected 0 to %d.", d.SilenceDurationMS, maxSilenceMS)
	}
	return nil
}

// The protocol gives these two no upper bound; ours keep a client from making the server buffer for minutes.
const (
	maxPaddingMS = 5000
	maxSilenceMS = 30000
)

func (f AudioFormat) validate(path string) error {
	if err := oneOf(path+".type", f.Type, TypePCM, TypePCMU, TypePCMA); err != nil {
		return err
	}
	if f.Type == TypePCM && f.Rate != f.SampleRate() {
		return invalid(path+".rate", "Invalid value: %d. Expected 8000, 16000 or 24000.", f.Rate)
	}
	if f.Type != TypePCM && f.Rate != 0 {
		return invalid(path+".rate", "Invalid value: %d. %s is always 8000 samples per second.", f.Rate, f.Type)
	}
	return nil
}

func oneOf(path, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return notOneOf(path, value, allowed...)
}

// within is false for NaN.
func within(v, low, high float64) bool { return v >= low && v <= high }
