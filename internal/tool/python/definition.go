package python

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"griot/internal/fault"
	"griot/internal/tool"
)

// MaxCode bounds the code of one tool, in bytes.
const MaxCode = 64 << 10

// Definition is one tool. Its JSON is that of "execution_python" in a tool's definition, which has the name and the description beside it.
type Definition struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Code        string          `json:"code"`                 // defines execute(params); params is a dict of the arguments
	Inputs      []Input         `json:"inputs,omitempty"`     // the parameters, unless Parameters has them
	Parameters  json.RawMessage `json:"parameters,omitempty"` // JSON schema of params; wins over Inputs
	Outputs     []string        `json:"outputs,omitempty"`    // names of what execute returns, for the model to know
	Stdlib      bool            `json:"stdlib,omitempty"`     // the author asks for the standard library; see Config.Stdlib
	Policy      tool.Policy     `json:"-"`                    // a Timeout of 0 means Config.Timeout, which also bounds it
}

// Input is one parameter of a tool.
type Input struct {
	Name        string          `json:"name"`
	Type        string          `json:"type"` // string (or empty), number, integer, boolean, array or object
	Required    bool            `json:"required,omitempty"`
	Description string          `json:"description,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
}

var (
	nameRule   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`) // what every model's API takes as a function's name
	inputTypes = map[string]bool{"": true, "string": true, "number": true, "integer": true, "boolean": true, "array": true, "object": true}
)

// Validate reports the first thing that is wrong with d, apart from its code (see Runner.Check), as a fault.Invalid with the field in Param.
func (d Definition) Validate() error {
	bad := func(param, code, format string, args ...any) error {
		return fault.New(fault.Invalid, code, format, args...).At(param)
	}
	switch {
	case !nameRule.MatchString(d.Name):
		return bad("name", "bad_tool_name", "a tool's name has 1 to 64 letters of a to z, digits, _ and -, not %q", d.Name)
	case strings.TrimSpace(d.Code) == "":
		return bad("code", "code_missing", "the tool has no code: it needs a function execute(params)")
	case len(d.Code) > MaxCode:
		return bad("code", "code_too_long", "the code has %d bytes; %d are allowed", len(d.Code), MaxCode)
	case strings.ContainsRune(d.Code, 0):
		return bad("code", "bad_code", "the code contains a zero byte")
	}
	seen := map[string]bool{}
	for i, in := range d.Inputs {
		param := "inputs." + strconv.Itoa(i)
		switch {
		case strings.TrimSpace(in.Name) == "":
			return bad(param+".name", "input_name_missing", "an input needs a name")
		case seen[in.Name]:
			return bad(param+".name", "input_twice", "the input %q is there twice", in.Name)
		case !inputTypes[in.Type]:
			return bad(param+".type", "bad_input_type", "the type of %q is string, number, integer, boolean, array or object, not %q", in.Name, in.Type)
		case len(in.Default) > 0 && !json.Valid(in.Default):
			return bad(param+".default", "bad_input_default", "the default of %q is not JSON", in.Name)
		}
		seen[in.Name] = true
	}
	if len(d.Parameters) > 0 {
		return tool.CheckSchema(d.Parameters)
	}
	return nil
}

// Schema is the JSON schema of the arguments: Parameters, or what Inputs say.
func (d Definition) Schema() json.RawMessage {
	if len(d.Parameters) > 0 {
		return d.Parameters
	}
	type property struct {
		Type        string          `json:"type"`
		Description string          `json:"description,omitempty"`
		Default     json.RawMessage `json:"default,omitempty"`
		Items       *struct{}       `json:"items,omitempty"` // models' APIs want it on every array
	}
	props := map[string]property{}
	required := []string{}
	for _, in := range d.Inputs {
		p := property{Type: in.Type, Description: in.Description, Default: in.Default}
		switch in.Type {
		case "":
			p.Type = "string"
		case "array":
			p.Items = &struct{}{}
		}
		props[in.Name] = p
		if in.Required {
			required = append(required, in.Name)
		}
	}
	raw, _ := json.Marshal(map[string]any{"type": "object", "properties": props, "required": required}) // cannot fail once Validate passed
	return raw
}
