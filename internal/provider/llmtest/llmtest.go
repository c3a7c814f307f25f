// Package llmtest is a service of language models for tests: one strict stand-in for each protocol that vendors speak, which refuses what the real service refuses and can fail in
// the ways in which real ones fail. It shares no code with the vendors' packages, so that a misunderstanding is not on both sides.
package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"griot/internal/model/llm"
)

// Answer is what a model answers, and how it fails in doing so. The zero value is an empty answer.
type Answer struct {
	Think    string         // reasoning, which comes first
	Text     string         // comes word by word
	Calls    []llm.ToolCall // ids and arguments as given; arguments may be broken
	InOne    bool           // calls come in one piece where the protocol would split them
	Stop     string         // the protocol's word for why it ended; empty for the one that fits
	Lax      bool           // as local servers do: no usage, no role, no ids and indexes of calls, arguments as objects, "stop" after calls, no [DONE], CRLF
	NoUsage  bool           // usage is not told
	Empty    bool           // events without anything in them come between the others
	Document bool           // one JSON document instead of a stream (OpenAI's chat only)
	Raw      []string       // these events instead, as they are

	First    time.Duration     // delay of the first byte
	Pace     time.Duration     // between one event and the next, once words come
	Comments int               // comments (or pings) that come before the answer
	Status   int               // the request fails with it
	Code     string            // the failure's code or type
	Message  string            // and its words
	Header   map[string]string // of the answer, failed or not
	Body     string            // of a failure, instead of the protocol's form
	Cut      int               // after that many events the answer ends too soon
	Tear     bool              // with Cut, or without: the connection breaks
	Hang     bool              // after Cut events nothing comes until the client goes away
	Chatter  bool              // while it hangs, comments come
	Late     string            // after Cut events comes an error with this code
}

// Options of a Server.
type Options struct {
	Key     string                                  // that clients must show; empty for "test-key"
	Answers map[string][]Answer                     // by model: one request after the other, the last for all others
	Respond func(model string, body []byte) *Answer // asked first; nil leaves it to Answers
	Wait    func(d time.Duration)                   // how First passes; nil for a timer
}

// Seen is a request that was accepted or refused.
type Seen struct {
	Model, Path string
	Query       string
	Header      http.Header
	Body        string
}

// Server is a running service.
type Server struct {
	*httptest.Server
	t testing.TB
	o Options

	mu         sync.Mutex // guards what follows
	asked      map[string]int
	seen       []Seen
	entraAsked int
}

// event is one of a stream.
type event struct{ name, data string }

// protocol is how one of them is spoken.
type protocol interface {
	// check refuses what the interface would not accept; it returns the model and why not.
	check(r *http.Request, body map[string]any) (model, wrong string)
	events(a Answer) []event
	failure(code, message string, status int) string
	late(code, message string) event
}

// New starts a service that speaks all protocols, each under its own paths. It ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Key == "" {
		o.Key = "test-key"
	}
	s := &Server{t: t, o: o, asked: map[string]int{}}
	mux := http.NewServeMux()
	s.mount(mux)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *Server) mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/messages", s.serve(anthropic{}, bearerOr("X-Api-Key")))
	mux.HandleFunc("POST /v1/chat/completions", s.serve(chat{}, bearer))
	mux.HandleFunc("POST /v1/responses", s.serve(responses{}, bearer))
	azure := bearerOr("Api-Key")
	mux.HandleFunc("POST /openai/v1/chat/completions", s.serve(chat{azure: true}, azure))
	mux.HandleFunc("POST /openai/v1/responses", s.serve(responses{}, azure))
	mux.HandleFunc("POST /openai/deployments/{deployment}/chat/completions", s.serve(chat{deployment: true, azure: true}, azure))
	mux.HandleFunc("POST /openai/responses", s.serve(responses{dated: true}, azure))
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.entra)
	mux.HandleFunc("POST /v1beta/models/{call}", s.serveGemini)
	mux.HandleFunc("GET /v1beta/models", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Goog-Api-Key") != s.o.Key {
			s.refuse(w, gemini{}, 400, "authentication_error", "")
			return
		}
		var list []map[string]any
		for m := range s.o.Answers {
			list = append(list, map[string]any{"name": "models/" + m})
		}
		send(w, 200, mustJSON(map[string]any{"models": list}))
	})
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		if !bearerOr("X-Api-Key")(r, s.o.Key) {
			s.refuse(w, anthropic{}, 401, "authentication_error", "invalid x-api-key")
			return
		}
		var list []map[string]any
		for m := range s.o.Answers {
			list = append(list, map[string]any{"id": m, "object": "model", "type": "model"})
		}
		send(w, 200, mustJSON(map[string]any{"object": "list", "data": list, "has_more": false}))
	})
}

func bearer(r *http.Request, key string) bool { return r.Header.Get("Authorization") == "Bearer "+key }

func bearerOr(header string) func(*http.Request, string) bool {
	return func(r *http.Request, key string) bool {
		return r.Header.Get("Authorization") == "Bearer "+key || r.Header.Get(header) == key
	}
}

// Last returns the newest request.
func (s *Server) Last() Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return Seen{}
	}
	return s.seen[len(s.seen)-1]
}

// Asked returns how often a model was asked.
func (s *Server) Asked(model string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[model]
}

func (s *Server) refuse(w http.ResponseWriter, p protocol, status int, code, message string) {
	send(w, status, p.failure(code, message, status))
}

func send(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (s *Server) serve(p protocol, authorised func(*http.Request, string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if !authorised(r, s.o.Key) {
			status := 401
			if _, ok := p.(gemini); ok {
				status = 400
			}
			s.refuse(w, p, status, "authentication_error", "Incorrect API key provided: "+s.o.Key[:4]+"*****.")
			return
		}
		if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "application/json" {
			s.refuse(w, p, 400, "invalid_request_error", "content type "+t)
			return
		}
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			s.refuse(w, p, 400, "invalid_request_error", "We could not parse the JSON body of your request.")
			return
		}
		model, wrong := p.check(r, body)
		s.mu.Lock()
		n := s.asked[model]
		s.asked[model]++
		s.seen = append(s.seen, Seen{Model: model, Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header.Clone(), Body: string(raw)})
		s.mu.Unlock()
		if wrong != "" {
			s.refuse(w, p, 400, "invalid_request_error", wrong)
			return
		}
		var a *Answer
		if s.o.Respond != nil {
			a = s.o.Respond(model, raw)
		}
		if list := s.o.Answers[model]; a == nil && len(list) > 0 {
			a = &list[min(n, len(list)-1)]
		}
		if a == nil {
			s.refuse(w, p, 404, "not_found_error", "model: "+model)
			return
		}
		s.answer(w, r, p, *a)
	}
}

// answer sends one, with its faults.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, p protocol, a Answer) {
	if a.First > 0 {
		if s.o.Wait != nil {
			s.o.Wait(a.First)
		} else {
			if !rest(r, a.First) {
				return
			}
		}
	}
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	if a.Status != 0 {
		if a.Body != "" {
			w.WriteHeader(a.Status)
			_, _ = io.WriteString(w, a.Body)
			return
		}
		s.refuse(w, p, a.Status, a.Code, a.Message)
		return
	}
	if a.Document {
		send(w, 200, p.(interface{ document(a Answer) string }).document(a))
		return
	}
	out := sender{w: w, p: p, crlf: a.Lax}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(200)
	out.flush()
	for range a.Comments {
		out.comment()
	}
	var all []event
	if a.Raw == nil {
		all = p.events(a)
	}
	for _, e := range a.Raw {
		all = append(all, event{"", e})
	}
	broken := a.Cut > 0 || a.Tear || a.Hang || a.Late != ""
	for i, e := range all {
		if broken && i == a.Cut {
			break
		}
		if i > preamble && a.Pace > 0 && !rest(r, a.Pace) {
			return
		}
		out.event(e)
	}
	switch {
	case a.Late != "":
		out.event(p.late(a.Late, a.Message))
	case a.Hang:
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for r.Context().Err() == nil {
			select {
			case <-r.Context().Done():
			case <-tick.C:
				if a.Chatter {
					out.comment()
				}
			}
		}
	case a.Tear:
		panic(http.ErrAbortHandler)
	}
}

// rest reports whether d passed before the client went away.
func rest(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// preamble is how many events come at most before the first word.
const preamble = 6

// sender writes events.
type sender struct {
	w    http.ResponseWriter
	p    protocol
	crlf bool
}

func (o sender) flush() { o.w.(http.Flusher).Flush() }

func (o sender) write(s string) {
	if o.crlf {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	_, _ = io.WriteString(o.w, s)
	o.flush()
}

func (o sender) comment() {
	if _, ok := o.p.(anthropic); ok {
		o.write("event: ping\ndata: {\"type\": \"ping\"}\n\n")
		return
	}
	o.write(": keep-alive\n\n")
}

func (o sender) event(e event) {
	if e.name == "" {
		o.write("data: " + e.data + "\n\n")
		return
	}
	o.write("event: " + e.name + "\ndata: " + e.data + "\n\n")
}

// words cuts a text into pieces as a model gives them.
func words(s string) (out []string) {
	for w := range strings.SplitAfterSeq(s, " ") {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// halves cuts arguments in two.
func halves(s string) []string {
	if len(s) < 2 {
		return []string{s}
	}
	return []string{s[:len(s)/2], s[len(s)/2:]}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// obj is a JSON object.
type obj = map[string]any

// checker collects the first thing that is wrong with a request.
type checker struct{ wrong string }

func (c *checker) fail(format string, args ...any) {
	if c.wrong == "" {
		c.wrong = fmt.Sprintf(format, args...)
	}
}

// only refuses keys that the interface does not have.
func (c *checker) only(where string, m obj, keys ...string) {
	known := obj{}
	for _, k := range keys {
		known[k] = true
	}
	for k := range maps.Keys(m) {
		if known[k] == nil {
			c.fail("%s.%s: Extra inputs are not permitted", where, k)
		}
	}
}

// text returns a string that must be there and not empty.
func (c *checker) text(where string, m obj, key string) string {
	s, ok := m[key].(string)
	if !ok || s == "" {
		c.fail("%s.%s: a text is needed", where, key)
	}
	return s
}

// object returns an object that must be there.
func (c *checker) object(where string, m obj, key string) obj {
	o, ok := m[key].(obj)
	if !ok {
		c.fail("%s.%s: an object is needed", where, key)
	}
	return o
}

// list returns the objects of a list; there must be one.
func (c *checker) list(where string, v any) (out []obj) {
	l, ok := v.([]any)
	if !ok {
		c.fail("%s: a list is needed", where)
	}
	for i, e := range l {
		o, ok := e.(obj)
		if !ok {
			c.fail("%s[%d]: an object is needed", where, i)
			continue
		}
		out = append(out, o)
	}
	return out
}

// oneOf refuses other values; nothing at all is allowed.
func (c *checker) oneOf(where string, v any, allowed ...string) {
	s, ok := v.(string)
	if v == nil {
		return
	}
	for _, a := range allowed {
		if ok && s == a {
			return
		}
	}
	c.fail("%s: %v is not one of %s", where, v, strings.Join(allowed, ", "))
}
