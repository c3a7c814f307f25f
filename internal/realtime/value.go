package realtime

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Opt is a field of a change: absent (the zero value: keep what is there), null (clear it), or a value.
type Opt[T any] struct {
	Set   bool // the field was present
	Null  bool // it was present and null
	Value T
}

// Some returns a present value.
func Some[T any](v T) Opt[T] { return Opt[T]{Set: true, Value: v} }

// Clear returns a present null.
func Clear[T any]() Opt[T] { return Opt[T]{Set: true, Null: true} }

// IsZero reports whether the field is absent, which leaves it out of the JSON.
func (o Opt[T]) IsZero() bool { return !o.Set }

// Or returns current when the field is absent, cleared when it is null, else its value.
func (o Opt[T]) Or(current, cleared T) T {
	switch {
	case !o.Set:
		return current
	case o.Null:
		return cleared
	}
	return o.Value
}

// MarshalJSON writes null or the value.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if !o.Set || o.Null {
		return []byte("null"), nil
	}
	return marshal(o.Value)
}

// NullString is a string whose empty value is null on the wire, like previous_item_id at the head of a conversation.
type NullString string

// MarshalJSON writes null when s is empty.
func (s NullString) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return marshal(string(s))
}

// MaxTokens limits the tokens of a response; the zero value is no limit, "inf" on the wire.
type MaxTokens int

// MarshalJSON writes "inf" or the number.
func (m MaxTokens) MarshalJSON() ([]byte, error) {
	if m <= 0 {
		return []byte(`"inf"`), nil
	}
	return strconv.AppendInt(nil, int64(m), 10), nil
}

// UnmarshalJSON reads "inf", null or a number.
func (m *MaxTokens) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte(`"inf"`)) || bytes.Equal(b, []byte("null")) {
		*m = 0
		return nil
	}
	return json.Unmarshal(b, (*int)(m))
}

// Voice is a named voice, or a custom one by its id.
type Voice struct{ Name, ID string }

// MarshalJSON writes a string, or an object with an id.
func (v Voice) MarshalJSON() ([]byte, error) {
	if v.ID != "" {
		return marshal(struct {
			ID string `json:"id"`
		}{v.ID})
	}
	return marshal(v.Name)
}

// UnmarshalJSON reads either form.
func (v *Voice) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var o struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(b, &o)
		*v = Voice{ID: o.ID}
		return err
	}
	*v = Voice{}
	return json.Unmarshal(b, &v.Name)
}

// ToolChoice says whether the model may or must call tools: a mode ("auto", "none", "required"), or one function or
// MCP tool by name, in which case Type is "function" or "mcp".
type ToolChoice struct {
	Mode        string
	Type        string
	Name        string
	ServerLabel string
}

type toolChoiceObject struct {
	Type        string `json:"type"`
	ServerLabel string `json:"server_label,omitempty"`
	Name        string `json:"name,omitempty"`
}

// MarshalJSON writes the mode or the object.
func (c ToolChoice) MarshalJSON() ([]byte, error) {
	if c.Type != "" {
		return marshal(toolChoiceObject{c.Type, c.ServerLabel, c.Name})
	}
	return marshal(c.Mode)
}

// UnmarshalJSON reads either form.
func (c *ToolChoice) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var o toolChoiceObject
		err := json.Unmarshal(b, &o)
		*c = ToolChoice{Type: o.Type, ServerLabel: o.ServerLabel, Name: o.Name}
		return err
	}
	*c = ToolChoice{}
	return json.Unmarshal(b, &c.Mode)
}

// Truncation says what to do when the context overflows: Type "auto", "disabled" or "retention_ratio". The two numbers
// belong to the last; PostInstructions is a number of tokens and 0 when unset.
type Truncation struct {
	Type             string
	RetentionRatio   float64
	PostInstructions int
}

type truncationObject struct {
	Type           string           `json:"type"`
	RetentionRatio float64          `json:"retention_ratio"`
	TokenLimits    *truncationLimit `json:"token_limits,omitempty"`
}

type truncationLimit struct {
	PostInstructions int `json:"post_instructions"`
}

// MarshalJSON writes the mode or the object.
func (t Truncation) MarshalJSON() ([]byte, error) {
	if t.Type != "retention_ratio" {
		return marshal(t.Type)
	}
	o := truncationObject{Type: t.Type, RetentionRatio: t.RetentionRatio}
	if t.PostInstructions > 0 {
		o.TokenLimits = &truncationLimit{t.PostInstructions}
	}
	return marshal(o)
}

// UnmarshalJSON reads either form.
func (t *Truncation) UnmarshalJSON(b []byte) error {
	*t = Truncation{}
	if len(b) == 0 || b[0] != '{' {
		return json.Unmarshal(b, &t.Type)
	}
	var o truncationObject
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	t.Type, t.RetentionRatio = o.Type, o.RetentionRatio
	if o.TokenLimits != nil {
		t.PostInstructions = o.TokenLimits.PostInstructions
	}
	return nil
}

// marshal is json.Marshal without the escapes meant for HTML: what people say should stay readable on the wire.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// RawJSON is JSON that this package passes on unread; nil is null.
type RawJSON []byte

// MarshalJSON writes it as it came.
func (r RawJSON) MarshalJSON() ([]byte, error) { return json.RawMessage(r).MarshalJSON() }

// UnmarshalJSON keeps a copy.
func (r *RawJSON) UnmarshalJSON(b []byte) error {
	*r = nil
	if !bytes.Equal(b, []byte("null")) {
		*r = bytes.Clone(b)
	}
	return nil
}
