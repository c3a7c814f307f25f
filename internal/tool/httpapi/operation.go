// Package httpapi makes tools of HTTP requests. The author of a tool says where the request goes and what stands where; a model says only the values of the parameters. A value never
// changes the form of a request: it is written into a path, a query, a header or a body by the rules of that place, and can neither end it nor begin another.
package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"griot/internal/fault"
)

// Operation is one HTTP request with blanks, in the specification's form (chapter 6.2.1). A blank {{name}} takes a parameter of the call, ${env.NAME} a variable of the tenant.
type Operation struct {
	Endpoint string             `json:"endpoint"`
	Method   string             `json:"method,omitempty"` // GET, POST, PUT, PATCH or DELETE; GET when empty
	Headers  map[string]string  `json:"headers,omitempty"`
	AuthType string             `json:"auth_type,omitempty"` // none, api_key, bearer or basic; none when empty
	Auth     Auth               `json:"auth_config,omitzero"`
	Params   map[string]Mapping `json:"params_mapping,omitempty"`
	Body     json.RawMessage    `json:"body_template,omitempty"` // JSON with blanks, or a string with blanks
}

// Auth is what the request shows.
type Auth struct {
	HeaderName string `json:"header_name,omitempty"` // of api_key: the header or the query parameter; X-API-Key when empty
	Value      string `json:"value,omitempty"`       // the key or the token; of basic: user:password
	In         string `json:"in,omitempty"`          // of api_key: header or query
	Username   string `json:"username,omitempty"`
	Password   string `json:"password,omitempty"`
}

// Mapping says where a parameter goes.
type Mapping struct {
	In      string          `json:"in"`                // path, query, body or header
	Name    string          `json:"name,omitempty"`    // what it is called there; the parameter's own name when empty
	Default json.RawMessage `json:"default,omitempty"` // what goes there when a call leaves the parameter out; nothing when empty
}

// Methods are those that a request may have.
var Methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// forbidden headers belong to the connection, or are made of the rest.
var forbidden = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Expect"}

var blank = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}|\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}`)

// IdempotencyHeader carries the key of a call that must not be carried out twice (draft-ietf-httpapi-idempotency-key-header).
const IdempotencyHeader = "Idempotency-Key"

// compiled is an operation that was checked and taken apart.
type compiled struct {
	Operation
	endpoint string   // with {name} of the path turned into {{name}}
	split    int      // where its query begins; its length when there is none
	used     []string // parameters that have a place
	body     any      // the template as JSON; nil when there is none, or text is
	text     string   // the template as text
	kind     string   // the media type of the body
}

func bad(at, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_operation", format, args...).At(at)
}

// Check reports, as a fault.Invalid whose Param is the key, the first thing that cannot work.
func (o Operation) Check() error {
	_, err := compile(o)
	return err
}

// Variables lists the names of the tenant's variables that the operation needs.
func (o Operation) Variables() (names []string) {
	texts := []string{o.Endpoint, o.Auth.Value, o.Auth.Username, o.Auth.Password, string(o.Body)}
	for _, v := range o.Headers {
		texts = append(texts, v)
	}
	for _, t := range texts {
		for _, m := range blank.FindAllStringSubmatch(t, -1) {
			if m[2] != "" && !slices.Contains(names, m[2]) {
				names = append(names, m[2])
			}
		}
	}
	slices.Sort(names)
	return names
}

// Parameters lists the names of the parameters that have a place in the operation.
func (o Operation) Parameters() []string {
	c, err := compile(o)
	if err != nil {
		return nil
	}
	for p := range o.Params {
		if !slices.Contains(c.used, p) {
			c.used = append(c.used, p)
		}
	}
	slices.Sort(c.used)
	return c.used
}

// Expand fills the variables of a text in.
func Expand(ctx context.Context, text string, env func(ctx context.Context, name string) (string, error)) (out string, err error) {
	out = blank.ReplaceAllStringFunc(text, func(b string) string {
		m := blank.FindStringSubmatch(b)
		if m[2] == "" || err != nil {
			return b
		}
		var v string
		v, err = env(ctx, m[2])
		return v
	})
	return out, err
}

// Show puts what a request shows into its headers. The variables are filled in.
func (a Auth) Show(kind string, h http.Header) {
	switch kind {
	case "api_key":
		h.Set(first(a.HeaderName, "X-API-Key"), a.Value)
	case "bearer":
		h.Set("Authorization", "Bearer "+strings.TrimPrefix(a.Value, "Bearer "))
	case "basic":
		pair := a.Value
		if a.Username != "" || a.Password != "" {
			pair = a.Username + ":" + a.Password
		}
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
}

func compile(o Operation) (*compiled, error) {
	c := &compiled{Operation: o}
	c.Method = strings.ToUpper(c.Method)
	if c.Method == "" {
		c.Method = http.MethodGet
	}
	if !slices.Contains(Methods, c.Method) {
		return nil, bad("execution.method", "%q is not one of %s.", o.Method, strings.Join(Methods, ", "))
	}
	if err := c.compileEndpoint(); err != nil {
		return nil, err
	}
	if err := c.compileHeaders(); err != nil {
		return nil, err
	}
	if err := c.compileAuth(); err != nil {
		return nil, err
	}
	for p, m := range c.Params {
		at := "execution.params_mapping." + p
		switch m.In {
		case "path":
			if !slices.Contains(c.used, p) && !strings.Contains(c.endpoint[:c.split], "{{"+first(m.Name, p)+"}}") {
				return nil, bad(at, "The endpoint has no {%s} in its path.", first(m.Name, p))
			}
		case "query", "body":
		case "header":
			if !httpguts.ValidHeaderFieldName(first(m.Name, p)) || slices.Contains(forbidden, http.CanonicalHeaderKey(first(m.Name, p))) {
				return nil, bad(at, "%q is not a header that a parameter may fill.", first(m.Name, p))
			}
		default:
			return nil, bad(at, "%q is not one of path, query, body, header.", m.In)
		}
		if m.In == "body" && c.Method == http.MethodGet {
			return nil, bad(at, "A GET request has no body.")
		}
	}
	return c, c.compileBody()
}

var pathBlank = regexp.MustCompile(`(^|[^{$])\{([A-Za-z_][A-Za-z0-9_.-]*)\}([^}]|$)`)

func (c *compiled) compileEndpoint() error {
	const at = "execution.endpoint"
	e := strings.TrimSpace(c.Endpoint)
	for pathBlank.MatchString(e) { // the form of OpenAPI: {id}
		e = pathBlank.ReplaceAllString(e, "$1{{$2}}$3")
	}
	for i, m := range c.Params { // blanks are called as the parameters are
		if m.In == "path" && m.Name != "" && m.Name != i {
			e = strings.ReplaceAll(e, "{{"+m.Name+"}}", "{{"+i+"}}")
		}
	}
	if e == "" {
		return bad(at, "An address is needed, such as https://api.example.com/users.")
	}
	e, _, _ = strings.Cut(e, "#") // a fragment is never sent
	c.endpoint, c.split = e, len(e)
	if i := strings.IndexByte(e, '?'); i >= 0 {
		c.split = i
	}
	// Whatever comes before the path is the author's alone.
	origin := e[:c.split]
	if i := strings.Index(origin, "://"); i >= 0 {
		if j := strings.IndexByte(origin[i+3:], '/'); j >= 0 {
			origin = origin[:i+3+j]
		}
	} else if !strings.HasPrefix(e, "${env.") {
		return bad(at, "%q does not begin with http:// or https://.", c.Endpoint)
	} else if j := strings.IndexByte(origin, '/'); j >= 0 {
		origin = origin[:j]
	}
	if strings.Contains(origin, "{{") {
		return bad(at, "A parameter cannot choose the server: {{…}} may stand only behind the server's name.")
	}
	if !strings.Contains(origin, "${env.") {
		u, err := url.Parse(blank.ReplaceAllString(e, "x"))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return bad(at, "%q is not an address such as https://api.example.com/users.", c.Endpoint)
		}
		if u.User != nil {
			return bad(at, "The address must not contain a password: use auth_type basic.")
		}
	}
	c.use(e)
	return nil
}

func (c *compiled) use(text string) {
	for _, m := range blank.FindAllStringSubmatch(text, -1) {
		if m[1] != "" && !slices.Contains(c.used, m[1]) {
			c.used = append(c.used, m[1])
		}
	}
}

func (c *compiled) compileHeaders() error {
	for k, v := range c.Headers {
		at := "execution.headers." + k
		if !httpguts.ValidHeaderFieldName(k) || slices.Contains(forbidden, http.CanonicalHeaderKey(k)) {
			return bad(at, "%q is not a header that a tool may set.", k)
		}
		if !httpguts.ValidHeaderFieldValue(v) {
			return bad(at, "The header's value holds a character that no header may hold.")
		}
		if strings.EqualFold(k, "Content-Type") {
			c.kind, _, _ = strings.Cut(strings.ToLower(v), ";")
		}
		c.use(v)
	}
	c.kind = first(strings.TrimSpace(c.kind), "application/json")
	return nil
}

func (c *compiled) compileAuth() error {
	switch c.AuthType {
	case "", "none":
		return nil
	case "api_key":
		if c.Auth.HeaderName == "" {
			c.Auth.HeaderName = "X-API-Key"
		}
		if c.Auth.In == "" {
			c.Auth.In = "header"
		}
		if c.Auth.In != "header" && c.Auth.In != "query" {
			return bad("execution.auth_config.in", "%q is not one of header, query.", c.Auth.In)
		}
		if c.Auth.In == "header" && (!httpguts.ValidHeaderFieldName(c.Auth.HeaderName) || slices.Contains(forbidden, http.CanonicalHeaderKey(c.Auth.HeaderName))) {
			return bad("execution.auth_config.header_name", "%q is not a header that a tool may set.", c.Auth.HeaderName)
		}
	case "bearer":
	case "basic":
		if c.Auth.Username == "" && !strings.Contains(c.Auth.Value, ":") && !strings.Contains(c.Auth.Value, "${env.") {
			return bad("execution.auth_config", "A username and a password are needed, or user:password as the value.")
		}
		return nil
	default:
		return bad("execution.auth_type", "%q is not one of none, api_key, bearer, basic.", c.AuthType)
	}
	if c.Auth.Value == "" {
		return bad("execution.auth_config.value", "The key is missing.")
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Options of a tool, beside its operation.
type Options struct {
	Timeout  time.Duration // 0 for the session's default
	Effect   *bool         // nil: everything but GET has one
	Approval bool
	Filler   time.Duration
	Later    time.Duration
}
