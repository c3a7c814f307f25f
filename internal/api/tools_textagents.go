package api

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"griot/internal/tool/httpapi"
	"griot/internal/toolbox"
)

// HTTPConfig is a request in the form of the specification's text agents (chapter 7.5), which the product keeps as an Execution. ${name} takes a parameter of the tool,
// ${name:value} the same with what stands there when a call leaves it out, and any other ${NAME} a variable of the tenant.
type HTTPConfig struct {
	Method  string            `json:"method,omitempty" maxLength:"10" example:"GET"`
	URL     string            `json:"url" maxLength:"4000" example:"https://api.example.com/products"`
	Headers map[string]string `json:"headers,omitempty"`
	Query   map[string]string `json:"query_params,omitempty"`
}

// MCPConfig is a tool server in the same form.
type MCPConfig struct {
	Transport string            `json:"transport,omitempty" enum:"stdio,sse,http"`
	Command   string            `json:"command,omitempty" maxLength:"500"`
	Args      []string          `json:"args,omitempty" maxItems:"64"`
	Env       map[string]string `json:"env,omitempty"`
	URL       string            `json:"url,omitempty" maxLength:"4000"`
	Timeout   float64           `json:"timeout,omitempty" minimum:"0" maximum:"300000" doc:"Milliseconds."`
}

// execution is the same server as the product keeps it.
func (c MCPConfig) execution() *toolbox.Execution {
	e := &toolbox.Execution{Type: "mcp", Transport: c.Transport, Command: c.Command, Args: c.Args, Env: c.Env, Timeout: c.Timeout / 1000}
	if c.Transport == "http" {
		e.ServerURL = c.URL
	} else {
		e.URL = c.URL
	}
	return e
}

var shellBlank = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}`)

// execution is the same request as the product keeps it. schema says what is a parameter.
func (c HTTPConfig) execution(schema json.RawMessage) *toolbox.Execution {
	var takes struct {
		Properties map[string]struct{ Type string }
	}
	_ = json.Unmarshal(schema, &takes) // what is no schema is refused with the tool
	blanks := func(text string) string {
		return shellBlank.ReplaceAllStringFunc(text, func(b string) string {
			name := shellBlank.FindStringSubmatch(b)[1]
			if _, ok := takes.Properties[name]; ok {
				return "{{" + name + "}}"
			}
			return "${env." + name + "}"
		})
	}
	e := &toolbox.Execution{Type: "http", Method: c.Method, Endpoint: blanks(c.URL)}
	for name, v := range c.Headers {
		if e.Headers == nil {
			e.Headers = map[string]string{}
		}
		e.Headers[name] = blanks(v)
	}
	for name, v := range c.Query {
		// A parameter that stands alone is left out with its name when a call does without.
		if m := shellBlank.FindStringSubmatch(v); m != nil && m[0] == v {
			if p, ok := takes.Properties[m[1]]; ok {
				if e.Params == nil {
					e.Params = map[string]httpapi.Mapping{}
				}
				e.Params[m[1]] = httpapi.Mapping{In: "query", Name: name, Default: defaultOf(p.Type, m[2])}
				continue
			}
		}
		sep := "?"
		if strings.Contains(e.Endpoint, "?") {
			sep = "&"
		}
		e.Endpoint += sep + url.QueryEscape(name) + "=" + escapeAround(v, blanks)
	}
	return e
}

// escapeAround escapes what stands between the blanks of a text; their values are escaped when they are known.
func escapeAround(text string, blanks func(string) string) string {
	var b strings.Builder
	at := 0
	for _, m := range shellBlank.FindAllStringIndex(text, -1) {
		b.WriteString(url.QueryEscape(text[at:m[0]]) + blanks(text[m[0]:m[1]]))
		at = m[1]
	}
	return b.String() + url.QueryEscape(text[at:])
}

// defaultOf is a printed default as a value of its type; nil for none.
func defaultOf(kind, text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if kind != "string" && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	b, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return b
}
