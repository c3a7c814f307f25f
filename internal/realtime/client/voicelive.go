package client

import (
	"strconv"
	"strings"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	wire "griot/internal/realtime"
)

// VoiceLive is the shape of Azure Voice Live: the protocol's older form with additions of its own.
type VoiceLive struct {
	Voice         string   // when the settings name none
	Transcription string   // model that writes down what was heard
	Phrases       []string // that it should expect
	Languages     string   // of the callers, separated by commas; empty for the conversation's
	Noise         bool     // reduce the noise of the callers' sound
	Echo          bool     // and our own sound in it
	Speaks        bool     // the service can say a text as it stands (from 2026-01-01-preview on)
}

// Session implements Shape.
func (v VoiceLive) Session(o s2s.Options) any {
	s := o.Settings
	m := map[string]any{
		"modalities":                 modalities(s.Text),
		"instructions":               s.Instructions,
		"input_audio_sampling_rate":  Rate,
		"input_audio_format":         "pcm16",
		"output_audio_format":        "pcm16",
		"turn_detection":             nil, // a turn is ended here
		"tools":                      tools(s.Tools),
		"tool_choice":                choice(s.Choice),
		"max_response_output_tokens": wire.MaxTokens(s.MaxTokens),
	}
	if name := first(s.Voice, v.Voice); name != "" {
		m["voice"] = voice(name, s.Speed)
		if azure(name) {
			m["output_audio_timestamp_types"] = []string{"word"}
		}
	}
	if v.Transcription != "" {
		t := map[string]any{"model": v.Transcription}
		if lang := first(v.Languages, o.Lang); lang != "" {
			t["language"] = lang
		}
		if len(v.Phrases) > 0 {
			t["phrase_list"] = v.Phrases
		}
		m["input_audio_transcription"] = t
	}
	if v.Noise {
		m["input_audio_noise_reduction"] = map[string]string{"type": "azure_deep_noise_suppression"}
	}
	if v.Echo {
		m["input_audio_echo_cancellation"] = map[string]string{"type": "server_echo_cancellation"}
	}
	if s.Temperature != nil {
		m["temperature"] = *s.Temperature
	}
	return m
}

func modalities(text bool) []string {
	if text {
		return []string{"text"}
	}
	return []string{"text", "audio"}
}

// azure reports whether a voice is one of Azure's: their names begin with a locale, such as fr-FR-VivienneMultilingualNeural.
func azure(name string) bool {
	parts := strings.Split(name, "-")
	return len(parts) >= 3 && len(parts[0]) == 2 && len(parts[1]) >= 2
}

// voice names a voice with its kind.
func voice(name string, speed float64) any {
	v := map[string]any{"type": "openai", "name": name}
	if azure(name) {
		v["type"] = "azure-standard"
		if speed > 0 && speed != 1 {
			v["rate"] = rate(speed)
		}
	}
	return v
}

// Response implements Shape.
func (v VoiceLive) Response(r s2s.Respond) any {
	m := map[string]any{"metadata": map[string]string{tag: r.Tag}}
	if r.Instructions != nil {
		m["instructions"] = *r.Instructions
	}
	if r.Text != nil {
		m["modalities"] = modalities(*r.Text)
	}
	if r.Tools != nil {
		m["tools"] = tools(r.Tools)
	}
	if r.Choice != "" {
		m["tool_choice"] = choice(r.Choice)
	}
	if r.MaxTokens > 0 {
		m["max_output_tokens"] = r.MaxTokens
	}
	switch {
	case r.Say != "" && v.Speaks:
		m["pre_generated_assistant_message"] = v.Item(s2s.Item{Role: llm.Assistant, Text: r.Say})
	case r.Say != "":
		m["instructions"], m["tool_choice"] = wordForWord(r.Say), "none"
	}
	if r.Input != nil {
		items := []any{}
		for _, it := range r.Input {
			items = append(items, v.Item(it))
		}
		m["input_items"] = items
	}
	return m
}

// Item implements Shape.
func (VoiceLive) Item(it s2s.Item) any {
	if it.Raw != nil {
		return withID(it)
	}
	w := GA{}.item(it)
	if it.Role == llm.Assistant && it.Call == nil && it.Result == nil {
		w.Content = []wire.Content{{Type: "text", Text: it.Text}}
	}
	return w
}

// rate writes a speed as the service takes it.
func rate(speed float64) string {
	return strconv.FormatFloat(min(max(speed, 0.5), 1.5), 'f', 2, 64)
}
