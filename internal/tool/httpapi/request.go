package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"griot/internal/fault"
	"griot/internal/tool"
)

// filling is one request in the making.
type filling struct {
	c    *compiled
	args map[string]any
	env  map[string]string
	err  error // the first one
}

// lookup is where a tenant's variables come from. What is not there is a fault.NotFound.
type lookup func(ctx context.Context, name string) (string, error)

// request makes the request of a call.
func (c *compiled) request(ctx context.Context, args map[string]any, env lookup) (*http.Request, error) {
	args = c.withDefaults(args)
	f := &filling{c: c, args: args, env: map[string]string{}}
	for _, name := range c.Variables() {
		v, err := env(ctx, name)
		if err != nil {
			return nil, err
		}
		f.env[name] = v
	}
	u, err := f.address()
	if err != nil {
		return nil, err
	}
	h := http.Header{"Accept": {"application/json, text/plain;q=0.9, */*;q=0.5"}, "User-Agent": {"Griot"}}
	for k, v := range c.Headers {
		f.header(h, k, f.write(v, func(s string) string { return s }))
	}
	query := u.Query()
	members := map[string]any{}
	for p, v := range args {
		m, mapped := c.Params[p]
		if !mapped {
			if slices.Contains(c.used, p) || c.body != nil || c.text != "" {
				continue // it has its place already, or none
			}
			if m.In = "body"; c.Method == http.MethodGet || c.Method == http.MethodDelete {
				m.In = "query"
			}
		}
		name := first(m.Name, p)
		switch m.In {
		case "query":
			query.Del(name)
			for _, s := range list(v) {
				query.Add(name, s)
			}
		case "header":
			f.header(h, name, words(v))
		case "body":
			members[name] = v
		}
	}
	f.authorise(h, query)
	u.RawQuery = query.Encode()
	body := f.body(members)
	if key := tool.KeyOf(ctx); key != "" && h.Get(IdempotencyHeader) == "" {
		h.Set(IdempotencyHeader, key)
	}
	if f.err != nil {
		return nil, f.err
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, bad("execution.endpoint", "The address is not one.")
	}
	if len(body) == 0 {
		req.Body, req.ContentLength = http.NoBody, 0
	} else if h.Get("Content-Type") == "" {
		h.Set("Content-Type", c.kind)
	}
	req.Header = h
	return req, nil
}

// withDefaults adds what a call left out and its author has a value for.
func (c *compiled) withDefaults(args map[string]any) map[string]any {
	out := args
	for p, m := range c.Params {
		if _, given := args[p]; given || len(m.Default) == 0 {
			continue
		}
		if len(out) == len(args) {
			out = maps.Clone(args)
			if out == nil {
				out = map[string]any{}
			}
		}
		dec := json.NewDecoder(bytes.NewReader(m.Default))
		dec.UseNumber() // as the arguments themselves are read
		var v any
		if dec.Decode(&v) == nil {
			out[p] = v
		}
	}
	return out
}

func (f *filling) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *filling) reject(param, format string, args ...any) {
	f.fail(fault.New(fault.Invalid, "value_refused", format, args...).At(param))
}

// write fills the blanks of a text. Values of parameters are escaped; those of variables are the author's, and stand as they are.
func (f *filling) write(t string, escape func(string) string) string {
	return blank.ReplaceAllStringFunc(t, func(b string) string {
		m := blank.FindStringSubmatch(b)
		if m[2] != "" {
			return f.env[m[2]]
		}
		return escape(words(f.args[m[1]]))
	})
}

// address fills the endpoint: first its path, then its query, each by its own rules.
func (f *filling) address() (*url.URL, error) {
	path := blank.ReplaceAllStringFunc(f.c.endpoint[:f.c.split], func(b string) string {
		m := blank.FindStringSubmatch(b)
		if m[2] != "" {
			return f.env[m[2]]
		}
		v, ok := f.args[m[1]]
		s := words(v)
		switch {
		case !ok || s == "":
			f.reject(m[1], "it is needed, and is missing or empty")
		case control(s):
			f.reject(m[1], "it holds a character that no path may hold")
		case climbs(s):
			f.reject(m[1], "it holds a step to another path")
		}
		return url.PathEscape(s)
	})
	full := path + f.write(f.c.endpoint[f.c.split:], url.QueryEscape)
	if f.err != nil {
		return nil, f.err
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, bad("execution.endpoint", "The address of this tool is not one.") // not shown: a variable may be in it
	}
	return u, nil
}

// climbs reports whether a server could take a part of a path for a step: however it takes slashes that are escaped.
func climbs(s string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '\\' }), func(p string) bool { return strings.Trim(p, ". ;") == "" && p != "" && strings.HasPrefix(p, ".") })
}

func (f *filling) header(h http.Header, name, value string) {
	if control(value) {
		f.reject(name, "the header %s would hold a character that no header may hold", name)
		return
	}
	h.Set(name, value)
}

func (f *filling) authorise(h http.Header, query url.Values) {
	a := f.c.Auth
	// Only variables are filled in: a model does not say who asks.
	value := func(t string) string {
		return blank.ReplaceAllStringFunc(t, func(b string) string {
			if m := blank.FindStringSubmatch(b); m[2] != "" {
				return f.env[m[2]]
			}
			return b
		})
	}
	switch f.c.AuthType {
	case "api_key":
		if a.In == "query" {
			query.Set(a.HeaderName, value(a.Value))
			return
		}
		f.header(h, a.HeaderName, value(a.Value))
	default:
		shown := http.Header{}
		Auth{Value: value(a.Value), Username: value(a.Username), Password: value(a.Password)}.Show(f.c.AuthType, shown)
		for k := range shown {
			f.header(h, k, shown.Get(k))
		}
	}
}

// body is what is sent.
func (f *filling) body(members map[string]any) []byte {
	c := f.c
	switch {
	case c.text != "":
		s := f.write(c.text, escape(c.kind))
		if len(members) > 0 && isForm(c.kind) {
			s += "&" + form(members)
		}
		return []byte(s)
	case c.body != nil:
		t := f.fill(c.body)
		if m, ok := t.(map[string]any); ok {
			for k, v := range members {
				m[k] = v
			}
		}
		return encode(t)
	case len(members) == 0:
		return nil
	case isForm(c.kind):
		return []byte(form(members))
	}
	return encode(members)
}

func form(members map[string]any) string {
	q := url.Values{}
	for k, v := range members {
		for _, s := range list(v) {
			q.Add(k, s)
		}
	}
	return q.Encode()
}

func encode(v any) []byte {
	if v == (absent{}) {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // it was JSON before
	return bytes.TrimRight(b.Bytes(), "\n")
}
