package prompt

import (
	"encoding/json"
	"slices"
	"strings"

	"griot/internal/fault"
)

// json reads what other tools export: a text, an object with a text, a list of messages, or phases.
func (r *reading) json(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_json", "the file is not valid JSON").At("body")
	}
	switch v := v.(type) {
	case string:
		r.whole(v)
	case []any:
		if text, ok := system(v); ok {
			r.whole(text)
		} else if !r.phases(v) {
			return unknownShape()
		}
	case map[string]any:
		return r.object(v)
	default:
		return unknownShape()
	}
	return r.written()
}

func unknownShape() error {
	return fault.New(fault.Invalid, "unknown_shape", `the JSON has none of the members instructions, system_prompt, prompt, phases or messages`).At("body")
}

// whole takes a text as the instructions, and looks for phases in it.
func (r *reading) whole(text string) {
	r.out.Instructions = tidy(text)
	r.sections(r.out.Instructions)
}

// Members of an object that hold something, by what it is.
var texts = []string{"instructions", "system_prompt", "system", "prompt"}

func (r *reading) object(o map[string]any) error {
	known := slices.Concat(texts, []string{"messages", "phases", "steps", "role", "tone", "rules", "name", "title", "language", "description"})
	var ignored []string
	for k := range o {
		if !slices.Contains(known, k) {
			ignored = append(ignored, k)
		}
	}
	for _, k := range texts {
		if s, ok := o[k].(string); ok && strings.TrimSpace(s) != "" && r.out.Instructions == "" {
			r.whole(s)
		}
	}
	if m, ok := o["messages"].([]any); ok && r.out.Instructions == "" {
		if text, ok := system(m); ok {
			r.whole(text)
		}
	}
	d := &r.out.Draft
	for _, k := range []string{"phases", "steps"} {
		if l, ok := o[k].([]any); ok && len(l) > 0 {
			d.Phases = nil
			if !r.phases(l) {
				return unknownShape()
			}
		}
	}
	if s := str(o, "role"); s != "" {
		d.Role = s
	}
	if s := str(o, "tone"); s != "" {
		d.Tone = s
	}
	if l := strs(o["rules"]); len(l) > 0 {
		d.Rules = l
	}
	if len(ignored) > 0 {
		slices.Sort(ignored)
		r.find(Ignored, 0, "Some members of the file mean nothing here.", map[string]string{"members": cut(strings.Join(ignored, ", "), 200)})
	}
	return r.written()
}

// written makes the instructions of what was recognised, when the file has no text of its own.
func (r *reading) written() error {
	if r.out.Instructions != "" {
		return nil
	}
	d := r.out.Draft
	d.Kind = Text // what is too long is a finding, not a failure
	text, err := Compose(d)
	if fault.CodeOf(err) == "prompt_empty" {
		return unknownShape()
	}
	r.out.Instructions = text
	return err
}

// system joins the system messages of a list of messages; false when it is no such list.
func system(list []any) (string, bool) {
	var out []string
	for _, x := range list {
		m, ok := x.(map[string]any)
		role, isRole := m["role"].(string)
		if !ok || !isRole {
			return "", false
		}
		if s, ok := m["content"].(string); ok && (role == "system" || role == "developer") {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n\n"), len(out) > 0
}

// phases reads a list of phases; false when it is something else.
func (r *reading) phases(list []any) bool {
	for i, x := range list {
		if i == maxPhases {
			r.find(TooMany, 0, "There are more phases than are taken.", nil)
			break
		}
		m, ok := x.(map[string]any)
		if !ok {
			return false
		}
		p := Phase{Name: cut(line(str(m, "name", "title", "phase")), 120), Goal: str(m, "goal", "objective", "objectif", "objetivo", "description"), Script: str(m, "script", "say", "text", "content", "message")}
		for _, k := range []string{"rules", "constraints", "règles", "reglas"} {
			p.Rules = append(p.Rules, strs(m[k])...)
		}
		if p.Name == "" {
			return false
		}
		r.out.Draft.Phases = append(r.out.Draft.Phases, p)
	}
	return len(list) > 0
}

func str(m map[string]any, names ...string) string {
	for _, n := range names {
		if s, ok := m[n].(string); ok && strings.TrimSpace(s) != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

func strs(v any) (out []string) {
	switch v := v.(type) {
	case string:
		_ = addRule(&out, v)
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok && !addRule(&out, s) {
				break
			}
		}
	}
	return out
}
