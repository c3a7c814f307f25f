package google

import (
	"encoding/json"
	"strings"

	"griot/internal/model/llm"
)

type request struct {
	System     *content    `json:"systemInstruction,omitempty"`
	Contents   []content   `json:"contents"`
	Tools      []tools     `json:"tools,omitempty"`
	ToolConfig *toolConfig `json:"toolConfig,omitempty"`
	Generation *generation `json:"generationConfig,omitempty"`
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// part is a piece of a content: exactly one of its pointers, or a text.
type part struct {
	Text      string  `json:"text,omitempty"`
	Inline    *inline `json:"inlineData,omitempty"`
	Call      *call   `json:"functionCall,omitempty"`
	Result    *result `json:"functionResponse,omitempty"`
	Thought   bool    `json:"thought,omitempty"`
	Signature string  `json:"thoughtSignature,omitempty"`
}

type inline struct {
	Type string `json:"mimeType"`
	Data string `json:"data"`
}

type call struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type result struct {
	ID       string            `json:"id,omitempty"`
	Name     string            `json:"name"`
	Response map[string]string `json:"response"`
}

type tools struct {
	Functions []function `json:"functionDeclarations"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"parametersJsonSchema,omitempty"`
}

type toolConfig struct {
	Calling calling `json:"functionCallingConfig"`
}

type calling struct {
	Mode    string   `json:"mode"`
	Allowed []string `json:"allowedFunctionNames,omitempty"`
}

type generation struct {
	Temperature *float64  `json:"temperature,omitempty"`
	MaxTokens   int       `json:"maxOutputTokens,omitempty"`
	Thinking    *thinking `json:"thinkingConfig,omitempty"`
}

type thinking struct {
	Budget *int   `json:"thinkingBudget,omitempty"`
	Level  string `json:"thinkingLevel,omitempty"`
}

const (
	// toolWasCancelled stands in for a result that never came: each call must have an answer.
	toolWasCancelled = "The call was cancelled before it had a result."
	// opening and goOn are said by nobody: a conversation must begin and end with a user.
	opening = "(The conversation begins.)"
	goOn    = "(Go on.)"
)

// request writes what is asked. That an answer shall hold one call at most cannot be said to this service.
func (m *model) request(r llm.Request) request {
	q := request{Contents: m.contents(r)}
	if strings.TrimSpace(r.System) != "" {
		q.System = &content{Parts: []part{{Text: r.System}}}
	}
	g := generation{Temperature: r.Limits.Temperature, MaxTokens: r.Limits.MaxTokens}
	switch m.c.Thinking {
	case "":
	case "off":
		g.Thinking = &thinking{Budget: new(int)}
	default:
		g.Thinking = &thinking{Level: m.c.Thinking}
	}
	if g != (generation{}) {
		q.Generation = &g
	}
	if len(r.Tools) == 0 {
		return q
	}
	var fs []function
	for _, t := range r.Tools {
		fs = append(fs, function{t.Name, t.Description, t.Parameters}) // without parameters the schema stays out
	}
	q.Tools = []tools{{fs}}
	switch r.Choice {
	case "", "auto":
	case "none":
		q.ToolConfig = &toolConfig{calling{Mode: "NONE"}}
	case "required":
		q.ToolConfig = &toolConfig{calling{Mode: "ANY"}}
	default:
		q.ToolConfig = &toolConfig{calling{Mode: "ANY", Allowed: []string{r.Choice}}}
	}
	return q
}

// contents writes a history as the interface wants it: user and model in turn, beginning and ending with a user, and each call answered in the content after it, wherever its
// result stands in the history.
func (m *model) contents(r llm.Request) []content {
	results := map[string]string{}
	for _, x := range r.Messages {
		if x.Role == llm.ToolRole {
			results[x.CallID] = x.Text
		}
	}
	var out []content
	add := func(role string, ps ...part) {
		switch n := len(out); {
		case len(ps) == 0:
		case n > 0 && out[n-1].Role == role && out[n-1].Parts[0].Result == nil: // answers stand alone
			out[n-1].Parts = append(out[n-1].Parts, ps...)
		default:
			out = append(out, content{role, ps})
		}
	}
	for _, x := range r.Messages {
		switch x.Role {
		case llm.System:
			if strings.TrimSpace(x.Text) != "" { // there are no system messages inside a conversation
				add("user", part{Text: "<note from=\"system\">" + x.Text + "</note>"})
			}
		case llm.User:
			add("user", userParts(x)...)
		case llm.Assistant:
			if len(out) == 0 && (strings.TrimSpace(x.Text) != "" || len(x.Calls) > 0) {
				add("user", part{Text: opening})
			}
			if strings.TrimSpace(x.Text) != "" {
				add("model", part{Text: x.Text})
			}
			var answers []part
			for _, c := range x.Calls {
				o := m.opaque(c.Opaque)
				add("model", part{Call: &call{o.ID, c.Name, object(c.Arguments)}, Signature: o.Signature})
				text, ok := results[c.ID]
				if !ok {
					text = toolWasCancelled
				}
				answers = append(answers, part{Result: &result{o.ID, c.Name, map[string]string{"output": text}}})
			}
			add("user", answers...)
		}
	}
	switch n := len(out); {
	case n == 0:
		add("user", part{Text: opening})
	case out[n-1].Role != "user":
		add("user", part{Text: goOn})
	}
	return out
}

func userParts(x llm.Message) (out []part) {
	for _, f := range x.Files {
		out = append(out, part{Inline: &inline{f.Type, f.Base64}})
	}
	for _, im := range x.Images {
		out = append(out, part{Inline: &inline{im.Type, im.Base64}})
	}
	if strings.TrimSpace(x.Text) != "" {
		out = append(out, part{Text: x.Text})
	}
	return out
}

// object is what the interface wants arguments to be: what a model got wrong is kept as a text, so that it can see that.
func object(arguments string) json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &o) == nil && o != nil {
		return json.RawMessage(arguments)
	}
	b, err := json.Marshal(map[string]string{"not_an_object": arguments})
	if err != nil || strings.TrimSpace(arguments) == "" {
		return json.RawMessage("{}")
	}
	return b
}

// opaque is what calls carry for us: the id that the service gave, where it gave one, and the signature of what was thought before.
type opaque struct {
	ID        string `json:"id,omitempty"`
	Signature string `json:"signature,omitempty"`
}

// mark begins it; the model's name follows, since another one cannot read it.
func (m *model) mark() string { return "google/" + m.c.Model + ":" }

func (m *model) opaque(s string) (o opaque) {
	if raw, ok := strings.CutPrefix(s, m.mark()); ok {
		_ = json.Unmarshal([]byte(raw), &o) // what is not ours says nothing
	}
	return o
}
