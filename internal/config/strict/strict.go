// Package strict decodes YAML that people write by hand: a key that does not exist, a value of the wrong kind, a duration without
// a unit or a word that is not one of the choices is refused, with its place in the file and the nearest right one.
//
// Structs carry `yaml:"name"` tags; `enum:"a,b"` on a string lists the only values it takes (an empty string always passes: "not
// given").
package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"griot/internal/fault"
)

// Codes of the faults of this package.
const (
	CodeUnknownKey = "unknown_key"
	CodeBadValue   = "bad_value"
	CodeBadYAML    = "bad_yaml"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
)

// YAML decodes one document into v, a pointer to a struct or a map. Values that the document does not mention keep what v holds. file names
// the document in errors. An empty document changes nothing. Every error is a fault.Invalid whose Param is the offending key.
func YAML(file string, data []byte, v any) error {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return syntax(file, err)
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		return fault.New(fault.Invalid, CodeBadYAML, "%s:%d: a second document starts here; one is expected", file, more.Line)
	} else if !errors.Is(err, io.EOF) {
		return syntax(file, err)
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil
	}
	root := doc.Content[0]
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return fault.New(fault.Internal, "not_a_pointer", "decode %s: the target is a %T, not a pointer", file, v)
	}
	c := checker{file: file}
	if err := c.node(root, t.Elem(), "", ""); err != nil {
		return err
	}
	if err := root.Decode(v); err != nil {
		return syntax(file, err)
	}
	return nil
}

// syntax rewrites the decoder's "yaml: line 3: …" as "file:3: …".
func syntax(file string, err error) error {
	msg := err.Error()
	var te *yaml.TypeError
	if errors.As(err, &te) && len(te.Errors) > 0 {
		msg = te.Errors[0]
	}
	msg = strings.TrimPrefix(msg, "yaml: ")
	var line int
	if n, _ := fmt.Sscanf(msg, "line %d:", &line); n == 1 {
		_, rest, _ := strings.Cut(msg, ": ")
		return fault.New(fault.Invalid, CodeBadYAML, "%s:%d: %s", file, line, rest)
	}
	return fault.New(fault.Invalid, CodeBadYAML, "%s: %s", file, msg)
}

type checker struct{ file string }

func (c checker) fail(n *yaml.Node, code, path, format string, args ...any) error {
	e := fault.New(fault.Invalid, code, "%s:%d: %s", c.file, n.Line, fmt.Sprintf(format, args...))
	return e.At(path)
}

func (c checker) node(n *yaml.Node, t reflect.Type, path, enum string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode {
		return nil // checked where its anchor stands; following it could go round for ever
	}
	if isNull(n) || t == rawType {
		return nil
	}
	if t == durationType {
		return c.duration(n, path)
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.structure(n, t, path)
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			return c.fail(n, CodeBadValue, path, "%s takes keys and values, not %s", named(path), shape(n))
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := c.node(n.Content[i+1], t.Elem(), join(path, n.Content[i].Value), enum); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice, reflect.Array:
		if n.Kind != yaml.SequenceNode {
			return c.fail(n, CodeBadValue, path, "%s takes a list, not %s", named(path), shape(n))
		}
		for i, e := range n.Content {
			if err := c.node(e, t.Elem(), fmt.Sprintf("%s[%d]", path, i), enum); err != nil {
				return err
			}
		}
		return nil
	case reflect.Interface:
		return nil
	default:
		return c.scalar(n, t, path, enum)
	}
}

func (c checker) structure(n *yaml.Node, t reflect.Type, path string) error {
	if n.Kind != yaml.MappingNode {
		return c.fail(n, CodeBadValue, path, "%s takes keys and values, not %s", named(path), shape(n))
	}
	fields := Fields(t)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		f, ok := fields[k.Value]
		if !ok {
			names := make([]string, 0, len(fields))
			for name := range fields {
				names = append(names, name)
			}
			sort.Strings(names)
			return c.fail(k, CodeUnknownKey, join(path, k.Value), "there is no %q %s%s", k.Value, in(path), Hint(k.Value, names))
		}
		if err := c.node(n.Content[i+1], f.Type, join(path, k.Value), f.Tag.Get("enum")); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) duration(n *yaml.Node, path string) error {
	if n.Kind != yaml.ScalarNode {
		return c.fail(n, CodeBadValue, path, "%s takes a duration such as 500ms or 15m, not %s", named(path), shape(n))
	}
	if _, err := Duration(n.Value); err != nil {
		return c.fail(n, CodeBadValue, path, "%s: %v", named(path), err)
	}
	return nil
}

func (c checker) scalar(n *yaml.Node, t reflect.Type, path, enum string) error {
	if n.Kind != yaml.ScalarNode {
		return c.fail(n, CodeBadValue, path, "%s takes %s, not %s", named(path), kindName(t), shape(n))
	}
	if t.Kind() == reflect.String {
		if err := Choice(n.Value, enum); err != nil {
			return c.fail(n, CodeBadValue, path, "%s: %v", named(path), err)
		}
		return nil
	}
	if err := n.Decode(reflect.New(t).Interface()); err != nil {
		return c.fail(n, CodeBadValue, path, "%s takes %s, not %q", named(path), kindName(t), n.Value)
	}
	return nil
}

// Fields lists a struct's fields by their YAML names; embedded structs tagged `yaml:",inline"` are spread out. Fields tagged "-" and
// unexported ones are left out.
func Fields(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" {
			continue
		}
		if strings.Contains(opts, "inline") {
			for k, v := range Fields(f.Type) {
				out[k] = v
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		out[name] = f
	}
	return out
}

// Duration reads "500ms", "15m" or "0". A bare number is refused: nobody can tell what it counts.
func Duration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	d, err := time.ParseDuration(s)
	if err == nil {
		return d, nil
	}
	if s != "" && strings.Trim(s, "0123456789.") == "" {
		return 0, fmt.Errorf("%q has no unit; write %sms or %ss", s, s, s)
	}
	return 0, fmt.Errorf("%q is not a duration such as 500ms, 30s or 15m", s)
}

// Choice reports a value that is not one of the comma-separated choices. An empty list allows everything, an empty value passes.
func Choice(v, choices string) error {
	if choices == "" || v == "" {
		return nil
	}
	list := strings.Split(choices, ",")
	for _, c := range list {
		if v == c {
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %s%s", v, strings.Join(list, ", "), Hint(v, list))
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func named(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

func in(path string) string {
	if path == "" {
		return "here"
	}
	return "in " + path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	default:
		return fmt.Sprintf("%q", n.Value)
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	default:
		return "text"
	}
}
