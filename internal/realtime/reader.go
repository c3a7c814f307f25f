package realtime

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"griot/internal/fault"
)

// reader decodes JSON field by field, knows the path of each, and keeps the first fault. encoding/json alone can
// neither tell null from absent nor say where an unknown field was.
type reader struct {
	dialect  Dialect
	strict   bool
	err      *fault.Error
	warnings []Warning // in a dialect that tolerates
}

func (r *reader) fail(err *fault.Error) {
	if r.err == nil {
		r.err = err
	}
}

// object is a JSON object whose fields are taken one by one; what is left at done is unknown.
type object struct {
	*reader
	path   string
	fields map[string]json.RawMessage
}

func (r *reader) object(path string, raw json.RawMessage) *object {
	o := &object{reader: r, path: path}
	if kind(raw) != '{' || json.Unmarshal(raw, &o.fields) != nil {
		r.fail(invalid(path, "Invalid value for '%s': expected an object.", path))
	}
	return o
}

func (o *object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

func (o *object) take(name string) (json.RawMessage, bool) {
	raw, ok := o.fields[name]
	delete(o.fields, name)
	return raw, ok
}

// done refuses what nobody took, or says that it is left out.
func (o *object) done() {
	if len(o.fields) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(o.fields))
	if o.strict {
		o.fail(unknown(o.at(clip(names[0]))))
		return
	}
	for _, name := range names {
		o.warn(CodeUnknown, o.at(clip(name)), "Unknown parameter: '%s'. It is left out.", o.at(clip(name)))
	}
}

// maxWarnings is how many one event gives rise to.
const maxWarnings = 16

func (r *reader) warn(code, path, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, NewWarning(code, path, format, args...))
	}
}

// cannot takes fields that the dialect has and this server does not serve, and says so of those that ask for something.
func (o *object) cannot(names ...string) {
	for _, name := range names {
		raw, ok := o.take(name)
		if !ok || slices.Contains([]string{"null", "false", "[]", "{}", `""`}, string(raw)) {
			continue
		}
		o.warn(CodeUnsupported, o.at(name), "'%s' is not served here. It is left out.", o.at(name))
	}
}

// decoder turns raw JSON at a path into a value, or fails its reader.
type decoder[T any] func(r *reader, path string, raw json.RawMessage) T

// optional takes a field that may be absent or null.
func optional[T any](o *object, name string, decode decoder[T]) Opt[T] {
	raw, ok := o.take(name)
	if !ok {
		return Opt[T]{}
	}
	if kind(raw) == 'n' {
		return Clear[T]()
	}
	return Some(decode(o.reader, o.at(name), raw))
}

// plain takes a field for which null and absent mean the zero value.
func plain[T any](o *object, name string, decode decoder[T]) T {
	return optional(o, name, decode).Value
}

// required takes a field that must be there.
func required[T any](o *object, name string, decode decoder[T]) T {
	v := optional(o, name, decode)
	if !v.Set || v.Null {
		o.fail(missing(o.at(name)))
	}
	return v.Value
}

// nested takes an object field that may be absent but not null.
func nested[T any](o *object, name string, decode decoder[T]) T {
	v := optional(o, name, decode)
	if v.Null {
		o.fail(invalid(o.at(name), "Invalid value for '%s': expected an object, got null.", o.at(name)))
	}
	return v.Value
}

// kind returns the first character of a JSON value, which tells its type.
func kind(raw []byte) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}

func decodeString(r *reader, path string, raw json.RawMessage) string {
	var s string
	if kind(raw) != '"' || json.Unmarshal(raw, &s) != nil {
		r.fail(invalid(path, "Invalid value for '%s': expected a string.", path))
	}
	return s
}

func decodeBool(r *reader, path string, raw json.RawMessage) bool {
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		r.fail(invalid(path, "Invalid value for '%s': expected true or false.", path))
	}
	return b
}

func decodeNumber(r *reader, path string, raw json.RawMessage) float64 {
	var n float64
	if json.Unmarshal(raw, &n) != nil {
		r.fail(invalid(path, "Invalid value for '%s': expected a number.", path))
	}
	return n
}

func decodeInt(r *reader, path string, raw json.RawMessage) int64 {
	n := decodeNumber(r, path, raw)
	if n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		r.fail(invalid(path, "Invalid value for '%s': expected an integer.", path))
		return 0
	}
	return int64(n)
}

// decodeCount reads an integer small enough for any number this protocol configures.
func decodeCount(r *reader, path string, raw json.RawMessage) int {
	n := decodeInt(r, path, raw)
	if n < math.MinInt32 || n > math.MaxInt32 {
		r.fail(invalid(path, "Invalid value for '%s': the number is too large.", path))
		return 0
	}
	return int(n)
}

func decodeRaw(_ *reader, _ string, raw json.RawMessage) json.RawMessage { return raw }

func listOf[T any](each decoder[T]) decoder[[]T] {
	return func(r *reader, path string, raw json.RawMessage) []T {
		var raws []json.RawMessage
		if kind(raw) != '[' || json.Unmarshal(raw, &raws) != nil {
			r.fail(invalid(path, "Invalid value for '%s': expected an array.", path))
		}
		list := make([]T, 0, len(raws))
		for i, one := range raws {
			list = append(list, each(r, path+"["+strconv.Itoa(i)+"]", one))
			if r.err != nil {
				break
			}
		}
		return list
	}
}

func mapOf[T any](each decoder[T]) decoder[map[string]T] {
	return func(r *reader, path string, raw json.RawMessage) map[string]T {
		o := r.object(path, raw)
		m := make(map[string]T, len(o.fields))
		for name, one := range o.fields {
			m[name] = each(r, o.at(clip(name)), one)
		}
		return m
	}
}
