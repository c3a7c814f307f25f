package httpapi

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// compileBody takes the template apart. JSON stays JSON: blanks are its leaves, or stand inside its strings. Another template is a text of the media type that the Content-Type header names.
func (c *compiled) compileBody() error {
	const at = "execution.body_template"
	raw := strings.TrimSpace(string(c.Body))
	if raw == "" || raw == "null" || raw == `""` {
		return nil
	}
	if c.Method == "GET" {
		return bad(at, "A GET request has no body.")
	}
	if raw[0] != '"' {
		if err := json.Unmarshal(c.Body, &c.body); err != nil {
			return bad(at, "The body is not JSON: %v.", err)
		}
		c.use(raw)
		return nil
	}
	var text string
	if err := json.Unmarshal(c.Body, &text); err != nil {
		return bad(at, "The body is not JSON: %v.", err)
	}
	c.use(text)
	switch {
	case isJSON(c.kind):
		if err := json.Unmarshal([]byte(quoteBlanks(text)), &c.body); err != nil {
			return bad(at, "The body is not JSON with {{blanks}}: %v.", err)
		}
	case isForm(c.kind), isXML(c.kind), strings.HasPrefix(c.kind, "text/"):
		c.text = text
	default:
		return bad(at, "What a template of the type %s looks like is not known: use JSON, a form, XML or text.", c.kind)
	}
	return nil
}

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }
func isForm(kind string) bool { return kind == "application/x-www-form-urlencoded" }
func isXML(kind string) bool {
	return kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml")
}

// quoteBlanks makes strings of the blanks that stand where JSON has a value: {"n": {{n}}} becomes {"n": "{{n}}"}.
func quoteBlanks(text string) string {
	var b strings.Builder
	in := false // a string
	for i := 0; i < len(text); i++ {
		switch {
		case in && text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i++
			continue
		case text[i] == '"':
			in = !in
		case !in:
			if at := blank.FindStringIndex(text[i:]); at != nil && at[0] == 0 {
				b.WriteString(`"` + text[i:i+at[1]] + `"`)
				i += at[1] - 1
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// absent is what a blank becomes whose parameter the call does not have.
type absent struct{}

// fill puts a call's values into a JSON template. A string that is one blank becomes the value itself, whatever its type; a member or an element whose parameter is absent is left out.
func (f *filling) fill(t any) any {
	switch t := t.(type) {
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, v := range t {
			if v := f.fill(v); v != (absent{}) {
				out[k] = v
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(t))
		for _, v := range t {
			if v := f.fill(v); v != (absent{}) {
				out = append(out, v)
			}
		}
		return out
	case string:
		m := blank.FindStringSubmatch(t)
		if m != nil && m[0] == t && m[1] != "" {
			if v, ok := f.args[m[1]]; ok {
				return v
			}
			return absent{}
		}
		return f.write(t, func(s string) string { return s })
	}
	return t
}

// escape is how a value stands in a text of a media type.
func escape(kind string) func(string) string {
	switch {
	case isForm(kind):
		return url.QueryEscape
	case isXML(kind):
		return func(s string) string {
			var b strings.Builder
			_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
			return b.String()
		}
	}
	return func(s string) string { return s }
}

// words is a value as text: strings as they are, null as nothing, all else as JSON.
func words(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// list is a value where several may stand: an array's elements.
func list(v any) []string {
	a, ok := v.([]any)
	if !ok {
		return []string{words(v)}
	}
	out := make([]string, len(a))
	for i, e := range a {
		out[i] = words(e)
	}
	return out
}

// control reports whether a text holds what ends a line, or is no text.
func control(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
