package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/outbound"
	"griot/internal/tool"
	"griot/internal/tool/httpapi"
)

// seen is a request as the server got it.
type seen struct {
	method, uri, body string
	header            http.Header
}

func variables(m map[string]string) func(context.Context, string) (string, error) {
	return func(_ context.Context, name string) (string, error) {
		if v, ok := m[name]; ok {
			return v, nil
		}
		return "", fault.New(fault.NotFound, "variable_not_found", "There is no variable %s.", name)
	}
}

var loopback = outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// server answers everything with "ok", and remembers the last request.
func server(t *testing.T) (string, *seen) {
	t.Helper()
	var last seen
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		last = seen{r.Method, r.RequestURI, string(b), r.Header.Clone()}
		_, _ = io.WriteString(w, `"ok"`)
	}))
	t.Cleanup(s.Close)
	return s.URL, &last
}

func build(t *testing.T, operation string) *httpapi.Tool {
	t.Helper()
	var o httpapi.Operation
	require.NoError(t, json.Unmarshal([]byte(operation), &o))
	c := outbound.New(loopback)
	t.Cleanup(c.Close)
	tl, err := httpapi.New(llm.ToolSpec{Name: "t"}, o, httpapi.Options{}, c, variables(map[string]string{"TOKEN": "s3cret", "PAIR": "ann:pw", "HOST": "127.0.0.1", "EVIL": "x\r\nX-Evil: 1"}))
	require.NoError(t, err)
	return tl
}

func call(t *testing.T, tl *httpapi.Tool, args string) llm.ToolResult {
	t.Helper()
	return tool.Run(t.Context(), tl, llm.ToolCall{ID: "1", Name: "t", Arguments: args}, 10*time.Second)
}

func TestRequests(t *testing.T) {
	base, last := server(t)
	cases := []struct {
		name, op, args    string
		method, uri, body string
		header            map[string]string
	}{
		{"a client is made, as the specification has it", `{"endpoint":"BASE/v1/clients","method":"POST","headers":{"Content-Type":"application/json","Accept":"application/json"},"auth_type":"bearer",
			"auth_config":{"value":"${env.TOKEN}"},"params_mapping":{"first_name":{"in":"body","name":"firstName"},"last_name":{"in":"body","name":"lastName"},"phone":{"in":"body","name":"phoneNumber"}}}`,
			`{"first_name":"Awa","last_name":"N\"Diaye","phone":"+221"}`, "POST", "/v1/clients", `{"firstName":"Awa","lastName":"N\"Diaye","phoneNumber":"+221"}`,
			map[string]string{"Authorization": "Bearer s3cret", "Accept": "application/json", "Content-Type": "application/json"}},
		{"a template, as the specification has it", `{"endpoint":"BASE/api/rag-tool/Mon%20Projet/fast-search","method":"POST","headers":{"Content-Type":"application/json"},"body_template":{"search_query":"{{search_query}}","max_results":5}}`,
			`{"search_query":"a \"quoted\" {{max}} ${env.TOKEN} one"}`, "POST", "/api/rag-tool/Mon%20Projet/fast-search", `{"max_results":5,"search_query":"a \"quoted\" {{max}} ${env.TOKEN} one"}`, nil},
		{"GET: what has no place goes into the query", `{"endpoint":"BASE/weather?unit=c"}`, `{"city":"Saint-Louis & Dakar=1#x","days":3,"tags":["a","b"]}`, "GET", "/weather?city=Saint-Louis+%26+Dakar%3D1%23x&days=3&tags=a&tags=b&unit=c", "", nil},
		{"a path in the form of OpenAPI", `{"endpoint":"BASE/users/{id}/notes/{{n}}","method":"GET"}`, `{"id":"a b/c?d#e","n":12345678901234567}`, "GET", "/users/a%20b%2Fc%3Fd%23e/notes/12345678901234567", "", nil},
		{"a path with another name", `{"endpoint":"BASE/users/{userId}","method":"DELETE","params_mapping":{"id":{"in":"path","name":"userId"}}}`, `{"id":"7","why":"gone"}`, "DELETE", "/users/7?why=gone", "", nil},
		{"query in the endpoint", `{"endpoint":"BASE/q?a={{a}}&b=2"}`, `{"a":"1&b=3"}`, "GET", "/q?a=1%26b%3D3&b=2", "", nil},
		{"header by mapping and by template", `{"endpoint":"BASE/h","headers":{"X-Who":"user {{who}}"},"params_mapping":{"lang":{"in":"header","name":"Accept-Language"}}}`, `{"who":"é","lang":"fr"}`, "GET", "/h", "",
			map[string]string{"X-Who": "user é", "Accept-Language": "fr"}},
		{"key in a header", `{"endpoint":"BASE/k","auth_type":"api_key","auth_config":{"header_name":"X-Key","value":"${env.TOKEN}"}}`, `{}`, "GET", "/k", "", map[string]string{"X-Key": "s3cret"}},
		{"key in the query", `{"endpoint":"BASE/k","auth_type":"api_key","auth_config":{"header_name":"key","value":"${env.TOKEN}","in":"query"}}`, `{"key":"mine"}`, "GET", "/k?key=s3cret", "", nil},
		{"basic", `{"endpoint":"BASE/b","auth_type":"basic","auth_config":{"value":"${env.PAIR}"}}`, `{}`, "GET", "/b", "", map[string]string{"Authorization": "Basic YW5uOnB3"}},
		{"basic in two parts", `{"endpoint":"BASE/b","auth_type":"basic","auth_config":{"username":"ann","password":"{{x}}"}}`, `{"x":"injected"}`, "GET", "/b?x=injected", "", map[string]string{"Authorization": "Basic YW5uOnt7eH19"}},
		{"values keep their type", `{"endpoint":"BASE/t","method":"PUT","body_template":{"n":"{{n}}","b":"{{b}}","o":"{{o}}","l":["{{n}}","{{missing}}"],"s":"n={{n}}","gone":"{{missing}}"}}`,
			`{"n":12345678901234567890,"b":false,"o":{"x":null}}`, "PUT", "/t", `{"b":false,"l":[12345678901234567890],"n":12345678901234567890,"o":{"x":null},"s":"n=12345678901234567890"}`, nil},
		{"a template that is a text of JSON", `{"endpoint":"BASE/t","method":"PATCH","body_template":"{\"n\": {{n}}, \"s\": \"say {{s}}\", \"q\": \"\\\"{{s}}\\\"\"}"}`, `{"n":1,"s":"\",\"admin\":true,\"x\":\""}`,
			"PATCH", "/t", `{"n":1,"q":"\"\",\"admin\":true,\"x\":\"\"","s":"say \",\"admin\":true,\"x\":\""}`, nil},
		{"template and mapping", `{"endpoint":"BASE/t","method":"POST","body_template":{"a":1},"params_mapping":{"b":{"in":"body"}}}`, `{"b":2,"c":3}`, "POST", "/t", `{"a":1,"b":2}`, nil},
		{"a form", `{"endpoint":"BASE/f","method":"POST","headers":{"Content-Type":"application/x-www-form-urlencoded"}}`, `{"a":"1&admin=1","l":["x","y"]}`, "POST", "/f", "a=1%26admin%3D1&l=x&l=y", nil},
		{"a form by template", `{"endpoint":"BASE/f","method":"POST","headers":{"Content-Type":"application/x-www-form-urlencoded"},"body_template":"to={{to}}&t=${env.TOKEN}"}`, `{"to":"a&t=b"}`, "POST", "/f", "to=a%26t%3Db&t=s3cret", nil},
		{"XML", `{"endpoint":"BASE/x","method":"POST","headers":{"Content-Type":"text/xml; charset=utf-8"},"body_template":"<a>{{a}}</a>"}`, `{"a":"</a><b>&"}`, "POST", "/x", "<a>&lt;/a&gt;&lt;b&gt;&amp;</a>", nil},
		{"a server from a variable", `{"endpoint":"http://${env.HOST}:PORT/v/{{x}}"}`, `{"x":"1"}`, "GET", "/v/1", "", nil},
		{"a parameter that looks like a variable", `{"endpoint":"BASE/e/{{x}}"}`, `{"x":"${env.TOKEN}"}`, "GET", "/e/$%7Benv.TOKEN%7D", "", nil},
		{"no body of nothing", `{"endpoint":"BASE/n","method":"POST"}`, `{}`, "POST", "/n", "", nil},
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(base, "http://"), ":")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			op := strings.NewReplacer("BASE", base, "PORT", port).Replace(c.op)
			r := call(t, build(t, op), c.args)
			require.False(t, r.Failed, r.Output)
			require.Equal(t, `"ok"`, r.Output)
			require.Equal(t, c.method, last.method)
			require.Equal(t, c.uri, last.uri)
			require.Equal(t, c.body, last.body)
			for k, v := range c.header {
				require.Equal(t, v, last.header.Get(k), k)
			}
		})
	}
}

// What a model says cannot leave its place.
func TestInjection(t *testing.T) {
	base, last := server(t)
	for _, c := range []struct{ name, op, args, says string }{
		{"a step up", `{"endpoint":"BASE/users/{{id}}/x"}`, `{"id":".."}`, "another path (id)"},
		{"steps with slashes", `{"endpoint":"BASE/users/{{id}}"}`, `{"id":"../../admin"}`, "another path (id)"},
		{"steps with other slashes", `{"endpoint":"BASE/users/{{id}}"}`, `{"id":"1\\..\\admin"}`, "another path (id)"},
		{"steps with parameters", `{"endpoint":"BASE/users/{{id}}"}`, `{"id":"..;/admin"}`, "another path (id)"},
		{"nothing", `{"endpoint":"BASE/users/{{id}}"}`, `{"id":""}`, "missing or empty (id)"},
		{"missing", `{"endpoint":"BASE/users/{{id}}"}`, `{}`, "missing or empty (id)"},
		{"a line in a path", `{"endpoint":"BASE/users/{{id}}"}`, `{"id":"1\r\nHost: evil"}`, "no path may hold (id)"},
		{"a line in a header", `{"endpoint":"BASE/h","headers":{"X-Who":"{{who}}"}}`, `{"who":"a\r\nX-Admin: 1"}`, "no header may hold (X-Who)"},
		{"a line in a mapped header", `{"endpoint":"BASE/h","params_mapping":{"who":{"in":"header","name":"X-Who"}}}`, `{"who":"a\nX-Admin: 1"}`, "no header may hold (X-Who)"},
		{"a line from a variable", `{"endpoint":"BASE/h","headers":{"X-Who":"${env.EVIL}"}}`, `{}`, "no header may hold (X-Who)"},
		{"a variable that is not there", `{"endpoint":"BASE/h","headers":{"X-Who":"${env.GONE}"}}`, `{}`, "no variable GONE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			*last = seen{}
			r := call(t, build(t, strings.ReplaceAll(c.op, "BASE", base)), c.args)
			require.True(t, r.Failed)
			require.Contains(t, r.Output, c.says)
			require.Empty(t, last.method, "nothing was sent")
		})
	}
	// These are sent, in their place.
	for args, uri := range map[string]string{
		`{"id":"@evil.example"}`: "/u/@evil.example", `{"id":"//evil.example/x"}`: "/u/%2F%2Fevil.example%2Fx", `{"id":"?admin=1"}`: "/u/%3Fadmin=1", `{"id":"%2e%2e%2fadmin"}`: "/u/%252e%252e%252fadmin", `{"id":"..."}`: "/u/...",
	} {
		r := call(t, build(t, `{"endpoint":"`+base+`/u/{{id}}"}`), args)
		if args == `{"id":"..."}` {
			require.True(t, r.Failed)
			continue
		}
		require.False(t, r.Failed, r.Output)
		require.Equal(t, uri, last.uri)
	}
}

func TestCheck(t *testing.T) {
	for op, param := range map[string]string{
		`{}`:                                                                                                            "execution.endpoint",
		`{"endpoint":"ftp://example.com/"}`:                                                                             "execution.endpoint",
		`{"endpoint":"api.example.com/x"}`:                                                                              "execution.endpoint",
		`{"endpoint":"https://{{host}}/x"}`:                                                                             "execution.endpoint",
		`{"endpoint":"https://example.com{{x}}/x"}`:                                                                     "execution.endpoint",
		`{"endpoint":"https://{host}.example.com/x"}`:                                                                   "execution.endpoint",
		`{"endpoint":"https://u:p@example.com/x"}`:                                                                      "execution.endpoint",
		`{"endpoint":"https://example.com","method":"TRACE"}`:                                                           "execution.method",
		`{"endpoint":"https://example.com","headers":{"Host":"evil"}}`:                                                  "execution.headers.Host",
		`{"endpoint":"https://example.com","headers":{"a b":"x"}}`:                                                      "execution.headers.a b",
		`{"endpoint":"https://example.com","headers":{"X":"a\nb"}}`:                                                     "execution.headers.X",
		`{"endpoint":"https://example.com","auth_type":"oauth"}`:                                                        "execution.auth_type",
		`{"endpoint":"https://example.com","auth_type":"bearer"}`:                                                       "execution.auth_config.value",
		`{"endpoint":"https://example.com","auth_type":"basic","auth_config":{"value":"x"}}`:                            "execution.auth_config",
		`{"endpoint":"https://example.com","auth_type":"api_key","auth_config":{"value":"x","in":"cookie"}}`:            "execution.auth_config.in",
		`{"endpoint":"https://example.com","params_mapping":{"a":{"in":"path"}}}`:                                       "execution.params_mapping.a",
		`{"endpoint":"https://example.com","params_mapping":{"a":{"in":"body"}}}`:                                       "execution.params_mapping.a",
		`{"endpoint":"https://example.com","params_mapping":{"a":{"in":"cookie"}}}`:                                     "execution.params_mapping.a",
		`{"endpoint":"https://example.com","params_mapping":{"a":{"in":"header","name":"Content-Length"}}}`:             "execution.params_mapping.a",
		`{"endpoint":"https://example.com","body_template":{"a":1}}`:                                                    "execution.body_template",
		`{"endpoint":"https://example.com","method":"POST","body_template":"{\"a\": {{a}"}`:                             "execution.body_template",
		`{"endpoint":"https://example.com","method":"POST","headers":{"Content-Type":"image/png"},"body_template":"x"}`: "execution.body_template",
	} {
		var o httpapi.Operation
		require.NoError(t, json.Unmarshal([]byte(op), &o))
		err := o.Check()
		var f *fault.Error
		require.ErrorAs(t, err, &f, op)
		require.Equal(t, param, f.Param, op)
		require.Equal(t, fault.Invalid, f.Kind)
	}
	o := httpapi.Operation{Endpoint: "${env.BASE}/x", AuthType: "bearer", Auth: httpapi.Auth{Value: "${env.A}"}, Headers: map[string]string{"X": "${env.B} ${env.A}"}}
	require.NoError(t, o.Check())
	require.Equal(t, []string{"A", "B", "BASE"}, o.Variables())
}

func TestAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		switch r.URL.Path {
		case "/json":
			h.Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{\n  \"a\": 1\n}")
		case "/large":
			h.Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`["` + strings.Repeat("x", 5<<20) + `"]`))
		case "/page":
			h.Set("Content-Type", "text/html; charset=iso-8859-1")
			_, _ = w.Write([]byte("<html><head><title>Caf\xe9</title><style>p{}</style><script>alert(1)</script></head><body><p>Open &amp; warm<br>until  <b>nine</b></body>"))
		case "/image":
			h.Set("Content-Type", "image/png")
			_, _ = w.Write(make([]byte, 100))
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/error":
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"error":"day is full"}`)
		case "/down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/metadata":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/utf16":
			h.Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte{'o', 'k', 0xff, 0xfe})
		}
	}))
	defer s.Close()
	for path, want := range map[string]struct {
		text   string
		failed bool
	}{
		"/json":     {`{"a":1}`, false},
		"/page":     {"A web page, whose text is: Café Open & warm until nine", false},
		"/image":    {"The answer is a file of the type image/png and 100 bytes, which cannot be read here.", true},
		"/empty":    {"HTTP 204 No Content", false},
		"/error":    {`HTTP 422 Unprocessable Entity: {"error":"day is full"}`, true},
		"/down":     {"HTTP 503 Service Unavailable", true},
		"/metadata": {"t is not allowed: 169.254.169.254 is an address that gives away secrets of a cloud", true},
		"/nowhere":  {"HTTP 302 Found: the server sends the request elsewhere and does not say where.", true},
		"/utf16":    {"ok\uFFFD", false},
	} {
		r := call(t, build(t, `{"endpoint":"`+s.URL+path+`"}`), `{}`)
		require.Equal(t, want.failed, r.Failed, path)
		require.True(t, strings.HasPrefix(r.Output, want.text), "%s: %s", path, r.Output)
	}
	r := call(t, build(t, `{"endpoint":"`+s.URL+`/large"}`), `{}`)
	require.False(t, r.Failed)
	require.Less(t, len(r.Output), 33<<10)
	require.Contains(t, r.Output, "(cut:")
	s.Close()
	r = call(t, build(t, `{"endpoint":"`+s.URL+`/json?key=hunter2"}`), `{}`)
	require.True(t, r.Failed)
	require.Contains(t, r.Output, "cannot be reached")
	require.NotContains(t, r.Output, "hunter2")
}

func TestPolicyAndKey(t *testing.T) {
	base, last := server(t)
	get, post := build(t, `{"endpoint":"`+base+`"}`), build(t, `{"endpoint":"`+base+`","method":"POST"}`)
	require.Equal(t, tool.Policy{}, get.Policy())
	require.Equal(t, tool.Policy{Effect: true, OnInterrupt: tool.Finish}, post.Policy())
	_, err := post.Call(tool.WithKey(t.Context(), "eff_1"), llm.ToolCall{Arguments: `{}`})
	require.NoError(t, err)
	require.Equal(t, "eff_1", last.header.Get("Idempotency-Key"))
}

// What we add to the time that the server takes: the target is 1 ms at most.
func BenchmarkCall(b *testing.B) {
	answer := bytes.Repeat([]byte(`{"a":1},`), 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, "[%s{}]", answer)
	}))
	defer s.Close()
	c := outbound.New(loopback)
	defer c.Close()
	schema := json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"integer"}},"required":["name"]}`)
	tl, err := httpapi.New(llm.ToolSpec{Name: "t", Parameters: schema}, httpapi.Operation{Endpoint: s.URL + "/x/{{name}}", Method: "POST", AuthType: "bearer", Auth: httpapi.Auth{Value: "${env.T}"}}, httpapi.Options{}, c, variables(map[string]string{"T": "x"}))
	require.NoError(b, err)
	b.Run("tool", func(b *testing.B) {
		for b.Loop() {
			if r := tool.Run(b.Context(), tl, llm.ToolCall{Name: "t", Arguments: `{"name":"Ann","n":3}`}, time.Minute); r.Failed {
				b.Fatal(r.Output)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			resp, err := http.Post(s.URL+"/x/Ann", "application/json", strings.NewReader(`{"n":3}`))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
