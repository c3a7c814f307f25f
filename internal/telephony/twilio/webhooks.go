package twilio

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
	sound "griot/internal/live/transport/twilio"
	"griot/internal/live/transport/ws"
	"griot/internal/telephony"
)

const (
	formMost = 64 << 10
	openWait = 10 * time.Second // Twilio waits 15 s for what to do with a call
	mediaMax = 10               // of one message
)

// ServeHTTP answers Twilio below Path. What is not signed with the account's token, or is another account's, gets 403.
func (l *Line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Path)
	if name == "media" {
		l.media(w, r)
		return
	}
	hooks := map[string]func(http.ResponseWriter, *http.Request, url.Values){"voice": l.voice, "status": l.status, "machine": l.machine, "recording": l.recording, "callee": l.callee, "dialled": l.dialled,
		"briefing": l.briefing, "text": l.text, "delivery": l.delivery}
	hook := hooks[name]
	if hook == nil {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "a form is needed", http.StatusBadRequest)
		return
	}
	if !Verify(l.o.Token, l.o.Public+r.URL.RequestURI(), r.PostForm, r.Header.Get("X-Twilio-Signature")) || r.PostForm.Get("AccountSid") != l.o.Account {
		l.refuse(w, r)
		return
	}
	hook(w, r, r.PostForm)
}

// refuse answers who is not Twilio.
func (l *Line) refuse(w http.ResponseWriter, r *http.Request) {
	l.o.Log.Warn("a request was refused that is not signed by Twilio: see twilio.public_url and twilio.auth_token", "path", r.URL.Path, "address", r.RemoteAddr)
	http.Error(w, "the signature is not right", http.StatusForbidden)
}

// find returns the call that a webhook is about; nil when it is over.
func (l *Line) find(r *http.Request, form url.Values) *call {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.calls[r.URL.Query().Get("call")]; c != nil {
		return c
	}
	return l.bySID[form.Get("CallSid")]
}

// voice says what to do with a call that comes. The same question gets the same answer, until the call is over.
func (l *Line) voice(w http.ResponseWriter, r *http.Request, form url.Values) {
	sid, to := form.Get("CallSid"), form.Get("To")
	if sid == "" {
		http.Error(w, "there is no CallSid", http.StatusBadRequest)
		return
	}
	if c := l.find(r, form); c != nil {
		answer(w, c.listen())
		return
	}
	if final(form.Get("CallStatus")) || !l.firstTime("voice", sid) {
		answer(w, hangup{})
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, openWait)
	defer cancel()
	tenant, agent := l.agentFor(ctx, to)
	if agent == "" {
		l.o.Log.Info("a call came to a number that no agent answers: see twilio.numbers", "to", to)
		answer(w, reject{})
		return
	}
	info := telephony.Call{ID: telephony.NewID(), Carrier: Carrier, Tenant: tenant, Direction: telephony.Inbound, From: telephony.Number(form.Get("From")), To: telephony.Number(to), FromName: form.Get("CallerName"), Agent: agent,
		State: telephony.Ringing, Created: time.Now()}
	c, err := l.newCall(info)
	if err != nil {
		answer(w, reject{Reason: "busy"})
		return
	}
	c.named(sid)
	if c.conv, err = l.o.Host.Open(ctx, info, l, 0); err != nil {
		c.end(telephony.Failed, "refused")
		l.o.Log.Info("a call could not be taken", "to", to, "error", err)
		v := reject{}
		if k := fault.KindOf(err); k == fault.Limited || k == fault.Unavailable {
			v.Reason = "busy"
		}
		answer(w, v)
		return
	}
	c.change(func(i *telephony.Call) { i.Conversation = c.conv.ID() })
	answer(w, c.listen())
	l.wg.Go(func() { c.run(l.o.MediaWait) })
}

// status takes what becomes of a call.
func (l *Line) status(w http.ResponseWriter, r *http.Request, form url.Values) {
	if c := l.find(r, form); c != nil {
		if c.snapshot().Direction == telephony.Outbound {
			c.named(form.Get("CallSid"))
		}
		c.report(form.Get("CallStatus"), form.Get("SipResponseCode"))
	}
	w.WriteHeader(http.StatusNoContent)
}

// machine takes who answered a call of ours.
func (l *Line) machine(w http.ResponseWriter, r *http.Request, form url.Values) {
	w.WriteHeader(http.StatusNoContent)
	who := form.Get("AnsweredBy")
	c := l.find(r, form)
	if c == nil || !strings.HasPrefix(who, "machine") && who != "fax" {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, endWait)
	defer cancel()
	if err := l.HangUp(ctx, c.info.ID, "answering_machine"); err != nil {
		l.o.Log.Warn("a machine that answered could not be left", "call", c.info.ID, "error", err)
	}
}

// recording takes that Twilio has a recording.
func (l *Line) recording(w http.ResponseWriter, _ *http.Request, form url.Values) {
	w.WriteHeader(http.StatusNoContent)
	sid, status := form.Get("RecordingSid"), form.Get("RecordingStatus")
	if l.o.Recorded == nil || sid == "" || !l.firstTime("recording", sid+status) {
		return
	}
	n, _ := strconv.Atoi(form.Get("RecordingDuration"))
	l.o.Recorded(l.ctx, Recording{SID: sid, CallSID: form.Get("CallSid"), URL: form.Get("RecordingUrl"), Status: status, Duration: time.Duration(max(n, 0)) * time.Second})
}

// callee takes how the telephone does that a caller is being connected with.
func (l *Line) callee(w http.ResponseWriter, r *http.Request, form url.Values) {
	if c := l.find(r, form); c != nil && form.Get("CallStatus") == "in-progress" && c.moveName() == r.URL.Query().Get("move") {
		c.answered()
	}
	w.WriteHeader(http.StatusNoContent)
}

// dialled says what to do with a caller after a transfer: nothing more when they talked, back to the agent when they did not.
func (l *Line) dialled(w http.ResponseWriter, r *http.Request, form url.Values) {
	c := l.find(r, form)
	how := form.Get("DialCallStatus")
	switch {
	case c == nil || c.moveName() != r.URL.Query().Get("move"):
		answer(w, hangup{})
	case how == "completed" || how == "answered":
		c.answered()
		answer(w, hangup{})
	case final(form.Get("CallStatus")):
		c.report(form.Get("CallStatus"), "")
		answer(w, hangup{})
	default:
		c.mu.Lock()
		c.returned = func() { c.tellHeld(moved{outcome: outcomeOf(how, "")}) }
		c.mu.Unlock()
		answer(w, c.listen())
	}
}

// briefing says to who answers a transfer what it is about.
func (l *Line) briefing(w http.ResponseWriter, r *http.Request, _ url.Values) {
	answer(w, say{Text: clip(r.URL.Query().Get("text"), briefMost)})
}

// text takes a text message.
func (l *Line) text(w http.ResponseWriter, _ *http.Request, form url.Values) {
	answer(w)
	ctx, cancel := context.WithTimeout(l.ctx, openWait)
	defer cancel()
	tenant, agent := l.agentFor(ctx, form.Get("To"))
	m := Message{SID: form.Get("MessageSid"), Tenant: tenant, Agent: agent, From: telephony.Number(form.Get("From")), To: telephony.Number(form.Get("To")), Body: form.Get("Body")}
	n, _ := strconv.Atoi(form.Get("NumMedia"))
	for i := range min(n, mediaMax) {
		m.Media = append(m.Media, form.Get("MediaUrl"+strconv.Itoa(i)))
	}
	if m.SID != "" && l.o.Texted != nil && l.firstTime("text", m.SID) {
		l.o.Texted(l.ctx, m)
	}
}

// delivery takes what became of a message of ours.
func (l *Line) delivery(w http.ResponseWriter, _ *http.Request, form url.Values) {
	w.WriteHeader(http.StatusNoContent)
	d := Delivery{SID: form.Get("MessageSid"), Status: form.Get("MessageStatus"), ErrorCode: form.Get("ErrorCode")}
	if d.SID != "" && l.o.Delivered != nil && l.firstTime("delivery", d.SID+d.Status) {
		l.o.Delivered(l.ctx, d)
	}
}

// media takes the sound of a call.
func (l *Line) media(w http.ResponseWriter, r *http.Request) {
	public := "ws" + l.o.Public[len("http"):]
	if !Verify(l.o.Token, public+r.URL.RequestURI(), nil, r.Header.Get("X-Twilio-Signature")) {
		l.refuse(w, r)
		return
	}
	conn, err := ws.Accept(w, r, ws.Options{ReadLimit: sound.MaxMessage})
	if err != nil {
		return // it was answered
	}
	s, err := sound.Accept(l.ctx, conn)
	if err != nil {
		l.o.Log.Info("a stream was refused", "error", err)
		return
	}
	l.mu.Lock()
	c := l.calls[s.Start.Parameters["call"]]
	l.mu.Unlock()
	err = telephony.ErrNotFound(s.Start.Parameters["call"])
	if c != nil {
		err = fault.New(fault.Denied, "stream_refused", "the stream is another account's")
		if s.Start.AccountSID == l.o.Account {
			err = c.attach(s)
		}
	}
	if err != nil {
		l.o.Log.Info("a stream was refused", "error", err)
		s.Refuse(err)
	}
}
