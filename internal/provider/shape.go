package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// shape is what reflection finds in a configuration struct, once, at Define.
type shape struct {
	id     string
	def    reflect.Value
	fields []field
}

// field is one setting.
type field struct {
	index            int
	name, doc, env   string
	also             []string // other names of the environment variable
	enum             []string
	required, secret bool
	typ              reflect.Type
}

var durationType = reflect.TypeFor[time.Duration]()

func shapeOf(id string, def any) shape {
	v := reflect.ValueOf(def)
	if v.Kind() != reflect.Struct {
		panic(fmt.Sprintf("provider %q: the configuration is a %T, not a struct", id, def))
	}
	sh := shape{id: id, def: v}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("provider %q: field %s has no json name", id, f.Name))
		}
		fd := field{
			index: i, name: name, typ: f.Type,
			doc: f.Tag.Get("doc"), env: f.Tag.Get("env"),
			required: f.Tag.Get("required") == "true", secret: f.Tag.Get("secret") == "true",
		}
		if first, rest, more := strings.Cut(fd.env, ","); more {
			fd.env, fd.also = first, strings.Split(rest, ",")
		}
		if e := f.Tag.Get("enum"); e != "" {
			fd.enum = strings.Split(e, ",")
		}
		if fd.jsonType() == "" {
			panic(fmt.Sprintf("provider %q: field %s has the unsupported type %s", id, f.Name, f.Type))
		}
		sh.fields = append(sh.fields, fd)
	}
	return sh
}

// jsonType returns the field's type in JSON schema, "" for a type that is not supported.
func (f field) jsonType() string {
	switch {
	case f.typ == durationType, f.typ.Kind() == reflect.String:
		return "string"
	case f.typ.Kind() == reflect.Bool:
		return "boolean"
	case f.typ.Kind() == reflect.Int:
		return "integer"
	case f.typ.Kind() == reflect.Float64:
		return "number"
	case f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.String:
		return "array"
	}
	return ""
}

// wanted says in words what a value of the field looks like.
func (f field) wanted() string {
	if f.typ == durationType {
		return `a duration such as "300ms" or "1m30s"`
	}
	switch f.jsonType() {
	case "boolean":
		return "true or false"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "array":
		return "a list of texts"
	}
	return "a text"
}

// property is one field in the JSON schema. writeOnly marks secrets; x-env names the variable that fills the field.
type property struct {
	Type        string    `json:"type"`
	Description string    `json:"description,omitempty"`
	Enum        []string  `json:"enum,omitempty"`
	Items       *property `json:"items,omitempty"`
	Pattern     string    `json:"pattern,omitempty"`
	Default     any       `json:"default,omitempty"`
	WriteOnly   bool      `json:"writeOnly,omitempty"`
	Env         string    `json:"x-env,omitempty"`
}

const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// schema writes the JSON schema by hand, because properties keep the order of the struct's fields: a form follows it.
func (sh shape) schema() json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","additionalProperties":false,"properties":{`)
	var required []string
	for i, f := range sh.fields {
		p := property{Type: f.jsonType(), Description: f.doc, WriteOnly: f.secret, Env: f.env}
		switch {
		case f.typ == durationType:
			p.Pattern = durationPattern
		case p.Type == "array":
			p.Items = &property{Type: "string", Enum: f.enum}
		default:
			p.Enum = f.enum
		}
		if v := sh.def.Field(f.index); !v.IsZero() && !f.secret {
			p.Default = v.Interface()
			if f.typ == durationType {
				p.Default = time.Duration(v.Int()).String()
			}
		}
		if f.required {
			required = append(required, f.name)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(marshal(f.name))
		b.WriteByte(':')
		b.Write(marshal(p))
	}
	b.WriteByte('}')
	if len(required) > 0 {
		b.WriteString(`,"required":`)
		b.Write(marshal(required))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// marshal encodes values that cannot fail to encode: strings, numbers and structs of them.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("provider: encoding %T: %v", v, err))
	}
	return b
}
