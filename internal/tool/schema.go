package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"griot/internal/fault"
)

// MaxSchema is the largest schema of a tool's arguments, in bytes.
const MaxSchema = 64 << 10

// maxComplaints is how many things that are wrong with arguments a model is told at once.
const maxComplaints = 5

// schemas keeps what was compiled. When it is full it begins anew: the tools of a server are few.
var schemas = struct {
	sync.Mutex
	m map[string]*jsonschema.Schema // nil for one that is none
}{m: map[string]*jsonschema.Schema{}}

const maxSchemas = 4096

var english = message.NewPrinter(language.English)

// nowhere refuses to load what a schema refers to outside itself.
type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside the schema", url)
}

// CheckSchema reports, as a fault.Invalid, why a JSON schema cannot be one of a tool's arguments: an object's, complete in itself, of at most MaxSchema bytes.
func CheckSchema(schema json.RawMessage) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_schema", format, args...).At("parameters")
	}
	if len(schema) > MaxSchema {
		return bad("The schema of the parameters has %d bytes; at most %d are allowed.", len(schema), MaxSchema)
	}
	var head struct {
		Type any `json:"type"`
	}
	if err := json.Unmarshal(schema, &head); err != nil {
		return bad("The schema of the parameters is not a JSON object: %v.", err)
	}
	if head.Type != "object" {
		return bad("The schema of the parameters must have the type object.")
	}
	if _, err := compile(string(schema)); err != nil {
		return bad("The schema of the parameters is not a JSON schema: %v.", err)
	}
	return nil
}

func compile(schema string) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nowhere{})
	if err := c.AddResource("tool:arguments", doc); err != nil {
		return nil, err
	}
	s, err := c.Compile("tool:arguments")
	if err != nil {
		var meta *jsonschema.SchemaValidationError
		if errors.As(err, &meta) {
			return nil, errors.New(strings.Join(complaints(meta.Err), "; "))
		}
		return nil, err
	}
	return s, nil
}

// compiled is compile with a memory; nil for what is no schema, which then checks nothing.
func compiled(schema string) *jsonschema.Schema {
	schemas.Lock()
	defer schemas.Unlock()
	s, ok := schemas.m[schema]
	if !ok {
		s, _ = compile(schema) // who made the tool was told
		if len(schemas.m) >= maxSchemas {
			clear(schemas.m)
		}
		schemas.m[schema] = s
	}
	return s
}

// Misfit says in what arguments do not fit a schema, in words for a model; "" when they do. The arguments are a JSON object.
func Misfit(schema json.RawMessage, arguments string) string {
	if len(schema) == 0 {
		return ""
	}
	s := compiled(string(schema))
	if s == nil {
		return ""
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(arguments))
	if err == nil {
		err = s.Validate(v)
	}
	if err == nil {
		return ""
	}
	return strings.Join(complaints(err), "; ")
}

// complaints are the ends of a tree of errors, each with its place.
func complaints(err error) (out []string) {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return []string{err.Error()}
	}
	more := 0
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) > 0 {
			return
		}
		if len(out) == maxComplaints {
			more++
			return
		}
		at := strings.Join(e.InstanceLocation, ".")
		if at != "" {
			at += ": "
		}
		out = append(out, at+e.ErrorKind.LocalizedString(english))
	}
	walk(top)
	if more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}
