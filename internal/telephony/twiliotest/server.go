// Package twiliotest is Twilio for tests: its REST API, signed webhooks, TwiML, and Media Streams message by message. It is strict: what Twilio would refuse, or would not understand, fails the test.
package twiliotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // it is Twilio's choice
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Failure is an answer of the API in place of the right one. Code 0 is a gateway's page, which is no JSON.
type Failure struct{ Status, Code int }

// Text is a message that was sent.
type Text struct {
	SID, From, To, Body, StatusCallback string
	Direction, Status                   string
}

// Answer is how somebody answers whom a call is connected with.
type Answer struct {
	Status string          // "completed" for one who talks until HangUp, or "busy", "no-answer", "failed"
	After  <-chan struct{} // when; nil for at once
}

// Server is Twilio.
type Server struct {
	URL, Account, Token string
	Voice, Status       string // webhooks of its numbers
	TextHook            string
	Speed               int // how much faster than a clock sound is played; 0 means 1

	t      testing.TB
	http   *http.Client
	placed chan *Call
	wg     sync.WaitGroup

	mu       sync.Mutex // guards what follows
	calls    map[string]*Call
	texts    []Text
	failures []Failure
	requests []string
	answers  map[string]Answer
	sounds   map[string]*Sound
	gone     []string // what was removed
	numbers  []Number
}

// New starts one. It ends with the test, which ends its calls.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Account: SID("AC"), Token: "12345", t: t, http: &http.Client{Transport: &http.Transport{}, Timeout: 15 * time.Second}, placed: make(chan *Call, 64), calls: map[string]*Call{}, answers: map[string]Answer{}}
	srv := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = srv.URL
	t.Cleanup(func() {
		s.mu.Lock()
		calls := make([]*Call, 0, len(s.calls))
		for _, c := range s.calls {
			calls = append(calls, c)
		}
		s.mu.Unlock()
		for _, c := range calls {
			c.HangUp()
		}
		s.wg.Wait()
		srv.Close()
		s.http.CloseIdleConnections()
	})
	return s
}

// SID makes a name with that prefix.
func SID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return prefix + hex.EncodeToString(b[:])
}

// Fail has the next requests fail so, in order.
func (s *Server) Fail(f ...Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, f...)
}

// Requests lists what was asked of the API: method and path without the account.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Texts lists the messages that were sent.
func (s *Server) Texts() (out []Text) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.texts {
		if t.Direction != "inbound" {
			out = append(out, t)
		}
	}
	return out
}

// Answers says how somebody answers whom calls are connected with. Without, nobody does.
func (s *Server) Answers(number string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[number] = a
}

// Placed returns the next call that was asked for by the API. It has not begun to ring.
func (s *Server) Placed() *Call {
	s.t.Helper()
	select {
	case c := <-s.placed:
		return c
	case <-time.After(20 * time.Second):
		s.t.Fatal("no call is placed")
		return nil
	}
}

// Sign is the signature of a request.
func (s *Server) Sign(address string, form url.Values) string {
	address, _, _ = strings.Cut(address, "#")
	text := address
	names := make([]string, 0, len(form))
	for n := range form {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		values := slices.Clone(form[n])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			text += n + v
		}
	}
	mac := hmac.New(sha1.New, []byte(s.Token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Post sends a webhook, signed, and returns its answer.
func (s *Server) Post(address string, form url.Values) (status int, body string) {
	return s.PostSigned(address, form, s.Sign(address, form))
}

// PostSigned is Post with another signature.
func (s *Server) PostSigned(address string, form url.Values, signature string) (status int, body string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode())) //nolint:noctx // the client has a deadline
	if err != nil {
		s.t.Errorf("twilio: webhook %s: %v", address, err)
		return 0, ""
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	req.Header.Set("X-Twilio-Signature", signature)
	res, err := s.http.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(raw)
}

// Text has somebody send a message, and returns its sid.
func (s *Server) Text(from, to, body string) string {
	s.t.Helper()
	form := url.Values{"MessageSid": {SID("SM")}, "AccountSid": {s.Account}, "From": {from}, "To": {to}, "Body": {body}, "NumMedia": {"0"}, "NumSegments": {"1"}}
	form.Set("SmsSid", form.Get("MessageSid"))
	s.Keeps(Text{SID: form.Get("MessageSid"), From: from, To: to, Body: body, Direction: "inbound", Status: "received"})
	if status, answer := s.Post(s.TextHook, form); status != http.StatusOK {
		s.t.Errorf("twilio: the webhook of messages answers %d %s", status, answer)
	}
	return form.Get("MessageSid")
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"code":%d,"message":%q,"more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, code, message, code, status)
}

// serve is the REST API.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, "/2010-04-01/Accounts/"+s.Account)
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+path)
	var fail *Failure
	if len(s.failures) > 0 {
		fail, s.failures = &s.failures[0], s.failures[1:]
	}
	s.mu.Unlock()
	user, password, _ := r.BasicAuth()
	switch {
	case fail != nil && fail.Code == 0:
		http.Error(w, "<html>gateway</html>", fail.Status)
		return
	case fail != nil:
		refuse(w, fail.Status, fail.Code, "as the test has it")
		return
	case user != s.Account || password != s.Token:
		refuse(w, 401, 20003, "Authenticate")
		return
	case !ours:
		refuse(w, 404, 20404, "The requested resource was not found")
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(w, 400, 20001, err.Error())
		return
	}
	sid := strings.TrimSuffix(strings.TrimPrefix(path, "/Calls/"), ".json")
	s.mu.Lock()
	c := s.calls[sid]
	s.mu.Unlock()
	switch {
	case path == "/Calls.json" && r.Method == http.MethodPost:
		s.create(w, r.PostForm)
	case path == "/Messages.json" && r.Method == http.MethodPost:
		s.send(w, r.PostForm)
	case c != nil && r.Method == http.MethodGet:
		reply(w, 200, c.resource())
	case c != nil && r.Method == http.MethodPost:
		c.update(w, r.PostForm)
	default:
		s.archive(w, r, path)
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may be gone
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && !strings.Contains(u.Hostname(), "_")
}

func (s *Server) create(w http.ResponseWriter, form url.Values) {
	to := form.Get("To")
	switch {
	case to == "" || !strings.HasPrefix(to, "sip:") && strings.Trim(strings.TrimPrefix(to, "+"), "0123456789") != "" || to == "+15005550001":
		refuse(w, 400, 21211, "The 'To' number "+to+" is not a valid phone number.")
		return
	case form.Get("From") == "":
		refuse(w, 400, 21213, "'From' is required")
		return
	case form.Get("Twiml") == "" && form.Get("Url") == "":
		refuse(w, 400, 21205, "Url is required")
		return
	case len(form.Get("Twiml")) > 4000:
		refuse(w, 400, 21620, "Twiml is too long")
		return
	}
	for _, name := range []string{"StatusCallback", "AsyncAmdStatusCallback", "RecordingStatusCallback"} {
		if a := form.Get(name); a != "" && !absolute(a) {
			refuse(w, 400, 21609, name+" is not a valid URL")
			return
		}
	}
	c := s.newCall("outbound-api", form.Get("From"), to)
	c.Form = form
	c.status = "queued"
	c.callback, c.events = form.Get("StatusCallback"), form["StatusCallbackEvent"]
	reply(w, 201, c.resource())
	s.placed <- c
}

func (s *Server) send(w http.ResponseWriter, form url.Values) {
	switch {
	case form.Get("To") == "":
		refuse(w, 400, 21604, "A 'To' phone number is required.")
	case form.Get("From") == "" && form.Get("MessagingServiceSid") == "":
		refuse(w, 400, 21603, "A 'From' phone number is required.")
	case form.Get("Body") == "" || len([]rune(form.Get("Body"))) > 1600:
		refuse(w, 400, 21602, "Message body is required.")
	default:
		t := Text{SID: SID("SM"), From: form.Get("From"), To: form.Get("To"), Body: form.Get("Body"), StatusCallback: form.Get("StatusCallback"), Direction: "outbound-api", Status: "queued"}
		s.mu.Lock()
		s.texts = append(s.texts, t)
		s.mu.Unlock()
		reply(w, 201, map[string]any{"sid": t.SID, "status": "queued", "from": t.From, "to": t.To, "body": t.Body, "error_code": nil})
	}
}
