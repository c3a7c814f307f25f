package client

import (
	"encoding/json"
	"strings"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	wire "griot/internal/realtime"
)

// GA is the shape of OpenAI's own service, and of everything that speaks as it does. It refuses fields that it does not know, so only those that it has are written.
type GA struct {
	Voice         string // when the settings name none
	Transcription string // model that writes down what was heard; empty for none
}

// Session implements Shape.
func (g GA) Session(o s2s.Options) any {
	s := o.Settings
	p := wire.SessionPatch{Type: wire.SessionRealtime, OutputModalities: wire.Some([]string{modality(s.Text)}), Instructions: wire.Some(s.Instructions),
		Tools: wire.Some(tools(s.Tools)), ToolChoice: wire.Some(choice(s.Choice)), MaxOutputTokens: wire.Some(wire.MaxTokens(s.MaxTokens))}
	pcm := wire.Some(wire.FormatPatch{Type: wire.Some(wire.TypePCM), Rate: wire.Some(Rate)})
	p.Audio.Input = wire.AudioInputPatch{Format: pcm, Transcription: wire.Clear[wire.TranscriptionPatch](), TurnDetection: wire.Clear[wire.TurnDetectionPatch]()}
	if g.Transcription != "" {
		t := wire.TranscriptionPatch{Model: wire.Some(g.Transcription)}
		if lang := base(o.Lang); lang != "" {
			t.Language = wire.Some(lang)
		}
		p.Audio.Input.Transcription = wire.Some(t)
	}
	p.Audio.Output.Format = pcm
	if v := first(s.Voice, g.Voice); v != "" {
		p.Audio.Output.Voice = wire.Some(wire.Voice{Name: v})
	}
	if s.Speed > 0 {
		p.Audio.Output.Speed = wire.Some(min(max(s.Speed, 0.25), 1.5))
	}
	return p
}

// Response implements Shape.
func (g GA) Response(r s2s.Respond) any {
	p := wire.ResponseParams{Metadata: map[string]string{tag: r.Tag}}
	if r.Instructions != nil {
		p.Instructions = wire.Some(*r.Instructions)
	}
	if r.Text != nil {
		p.OutputModalities = wire.Some([]string{modality(*r.Text)})
	}
	if r.Tools != nil {
		p.Tools = wire.Some(tools(r.Tools))
	}
	if r.Choice != "" {
		p.ToolChoice = wire.Some(choice(r.Choice))
	}
	if r.MaxTokens > 0 {
		p.MaxOutputTokens = wire.Some(wire.MaxTokens(r.MaxTokens))
	}
	if r.Say != "" {
		p.Instructions = wire.Some(wordForWord(r.Say))
		p.Tools, p.ToolChoice = wire.Some([]wire.Tool{}), wire.Some(wire.ToolChoice{Mode: "none"})
	}
	if r.Input != nil {
		p.Input = wire.Some([]wire.Item{})
		for _, it := range r.Input {
			p.Input.Value = append(p.Input.Value, g.item(it))
		}
	}
	return p
}

// wordForWord asks a model to say a text.
func wordForWord(text string) string {
	return "Say exactly the text between the two lines of dashes, word for word, in its own language, and nothing before or after it.\n---\n" + text + "\n---"
}

// Item implements Shape.
func (g GA) Item(it s2s.Item) any {
	if it.Raw != nil {
		return withID(it)
	}
	return g.item(it)
}

func (GA) item(it s2s.Item) wire.Item {
	switch {
	case it.Call != nil:
		return wire.Item{ID: it.ID, Type: wire.ItemFunctionCall, CallID: it.Call.ID, Name: it.Call.Name, Arguments: it.Call.Arguments}
	case it.Result != nil:
		return wire.FunctionCallOutput(it.ID, it.Result.CallID, it.Result.Output)
	case it.Role == llm.Assistant:
		return wire.Message(it.ID, wire.RoleAssistant, "", wire.OutputText(it.Text))
	}
	return wire.Message(it.ID, string(it.Role), "", wire.InputText(it.Text))
}

// withID is an item as a client wrote it, under the id that it has here.
func withID(it s2s.Item) any {
	var fields map[string]json.RawMessage
	if json.Unmarshal(it.Raw, &fields) != nil {
		return it.Raw
	}
	if id, err := json.Marshal(it.ID); err == nil && it.ID != "" {
		fields["id"] = id
	}
	return fields
}

func modality(text bool) string {
	if text {
		return wire.ModalityText
	}
	return wire.ModalityAudio
}

func tools(specs []llm.ToolSpec) []wire.Tool {
	ts := make([]wire.Tool, len(specs))
	for i, s := range specs {
		ts[i] = wire.Tool{Type: "function", Name: s.Name, Description: s.Description, Parameters: s.Parameters}
	}
	return ts
}

func choice(c string) wire.ToolChoice {
	switch c {
	case "":
		return wire.ToolChoice{Mode: "auto"}
	case "auto", "none", "required":
		return wire.ToolChoice{Mode: c}
	}
	return wire.ToolChoice{Type: "function", Name: c}
}

// base is the language of a tag, as ISO 639-1 has it; empty when it has none.
func base(lang string) string {
	b, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if len(b) != 2 {
		return ""
	}
	return b
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
