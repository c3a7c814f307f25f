package calls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"griot/internal/fault"
)

// Settings are what the creator of a call asks for.
type Settings struct {
	Type         string   `json:"type,omitempty"` // "realtime"
	Model        string   `json:"model"`
	Modalities   []string `json:"modalities"` // "text", "audio" or both
	Voice        string   `json:"voice"`
	Instructions string   `json:"instructions,omitempty"`
	Temperature  float64  `json:"temperature"`                          // 0.6 to 1.2
	MaxTokens    Tokens   `json:"max_response_output_tokens,omitempty"` // 0: no limit
}

// What applies when nothing is asked for.
const (
	DefaultModel       = "gpt-4o-realtime-preview"
	DefaultVoice       = "alloy"
	DefaultTemperature = 0.8

	minTemperature = 0.6
	maxTemperature = 1.2
	maxTokens      = 4096
	maxText        = 64 << 10 // bytes of instructions
	maxName        = 200      // bytes of a model's or a voice's name
)

// Tokens is a number of tokens; 0 has no limit and is written "inf".
type Tokens int

// MarshalJSON writes "inf" for 0.
func (t Tokens) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte(`"inf"`), nil
	}
	return strconv.AppendInt(nil, int64(t), 10), nil
}

// ParseSettings reads a call's settings and fills what is missing. An unknown field, a wrong type or a value out of range is a fault that names the field and says
// what it may be. Empty raw means the defaults.
func ParseSettings(raw []byte) (Settings, error) {
	s := Settings{Type: "realtime", Model: DefaultModel, Modalities: []string{"text", "audio"}, Voice: DefaultVoice, Temperature: DefaultTemperature}
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		return s, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return s, bad("session", "must be a JSON object: %s", jsonReason(err))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		read := readers[name]
		if read == nil {
			return s, bad("session."+name, "is not a setting of a call; those are %s", strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
		}
		if v := fields[name]; string(v) != "null" {
			if err := read(&s, "session."+name, v); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

var readers = map[string]func(s *Settings, at string, v json.RawMessage) error{
	"type": func(s *Settings, at string, v json.RawMessage) error {
		if err := into(&s.Type, at, v, "the text \"realtime\""); err != nil || s.Type == "realtime" {
			return err
		}
		return bad(at, "is %q; a call's is \"realtime\"", s.Type)
	},
	"model": func(s *Settings, at string, v json.RawMessage) error { return name(&s.Model, at, v, "a model's name") },
	"voice": func(s *Settings, at string, v json.RawMessage) error { return name(&s.Voice, at, v, "a voice's name") },
	"modalities": func(s *Settings, at string, v json.RawMessage) error {
		var list []string
		if err := into(&list, at, v, "a list of \"text\" and \"audio\""); err != nil {
			return err
		}
		for i, m := range list {
			if m != "text" && m != "audio" {
				return bad(fmt.Sprintf("%s[%d]", at, i), "is %q; it may be \"text\" or \"audio\"", m)
			}
			if slices.Contains(list[:i], m) {
				return bad(fmt.Sprintf("%s[%d]", at, i), "repeats %q", m)
			}
		}
		if len(list) == 0 {
			return bad(at, "is empty; give \"text\", \"audio\" or both")
		}
		s.Modalities = list
		return nil
	},
	"instructions": func(s *Settings, at string, v json.RawMessage) error {
		if err := into(&s.Instructions, at, v, "a text"); err != nil {
			return err
		}
		if len(s.Instructions) > maxText {
			return bad(at, "has %d bytes; at most %d are possible", len(s.Instructions), maxText)
		}
		return nil
	},
	"temperature": func(s *Settings, at string, v json.RawMessage) error {
		if err := into(&s.Temperature, at, v, "a number"); err != nil {
			return err
		}
		if s.Temperature < minTemperature || s.Temperature > maxTemperature {
			return bad(at, "is %v; it may be from %v to %v", s.Temperature, minTemperature, maxTemperature)
		}
		return nil
	},
	"max_response_output_tokens": func(s *Settings, at string, v json.RawMessage) error {
		if string(v) == `"inf"` {
			s.MaxTokens = 0
			return nil
		}
		n := 0
		if err := into(&n, at, v, "a whole number or \"inf\""); err != nil {
			return err
		}
		if n < 1 || n > maxTokens {
			return bad(at, "is %d; it may be from 1 to %d, or \"inf\"", n, maxTokens)
		}
		s.MaxTokens = Tokens(n)
		return nil
	},
}

func name(to *string, at string, v json.RawMessage, what string) error {
	if err := into(to, at, v, what); err != nil {
		return err
	}
	*to = strings.TrimSpace(*to)
	if *to == "" || len(*to) > maxName {
		return bad(at, "must be %s of 1 to %d bytes", what, maxName)
	}
	return nil
}

func into(to any, at string, v json.RawMessage, what string) error {
	if json.Unmarshal(v, to) != nil {
		return bad(at, "must be %s", what)
	}
	return nil
}

func jsonReason(err error) string {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return "it is a " + t.Value
	}
	return err.Error()
}

// bad is a fault of one field.
func bad(at, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_call", "%s %s.", at, fmt.Sprintf(format, args...)).At(at)
}
