package twiliotest

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Call is one call as Twilio holds it.
type Call struct {
	SID, From, To, Direction string
	Form                     url.Values // of the request that placed it

	s      *Server
	ended  chan struct{}
	callee chan struct{} // closed by CalleeHangsUp
	once   sync.Once
	cancel context.CancelFunc // ends the call
	life   context.Context    //nolint:containedctx // of the call

	mu       sync.Mutex // guards what follows
	status   string
	callback string
	events   []string
	seq      int
	redirect string // TwiML that takes over
	stopVerb context.CancelFunc
	streams  chan *Stream
	did      []string
	noted    chan struct{}
}

func (s *Server) newCall(direction, from, to string) *Call {
	c := &Call{SID: SID("CA"), From: from, To: to, Direction: direction, s: s, ended: make(chan struct{}), callee: make(chan struct{}), status: "ringing", streams: make(chan *Stream, 64), noted: make(chan struct{})}
	c.life, c.cancel = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[c.SID] = c
	return c
}

// Call has somebody call a number: its webhook is asked, and what it answers is done.
func (s *Server) Call(from, to string) *Call {
	c := s.newCall("inbound", from, to)
	c.callback, c.events = s.Status, []string{"completed"}
	s.wg.Go(func() {
		status, body := s.Post(s.Voice, c.Params(nil))
		if status != http.StatusOK {
			s.t.Errorf("twilio: the voice webhook answers %d %s", status, body)
			c.finish("failed")
			return
		}
		c.execute(body)
	})
	return c
}

// Params are the fields of a webhook about the call, with more.
func (c *Call) Params(more url.Values) url.Values {
	c.mu.Lock()
	defer c.mu.Unlock()
	form := url.Values{"CallSid": {c.SID}, "AccountSid": {c.s.Account}, "ApiVersion": {"2010-04-01"}, "From": {c.From}, "To": {c.To}, "Caller": {c.From}, "Called": {c.To}, "Direction": {c.Direction}, "CallStatus": {c.status},
		"CallerName": {""}}
	for k, v := range more {
		form[k] = v
	}
	return form
}

func (c *Call) resource() map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return map[string]any{"sid": c.SID, "account_sid": c.s.Account, "from": c.From, "to": c.To, "status": c.status, "direction": c.Direction}
}

// Ring has a call that was placed ring.
func (c *Call) Ring() { c.tell("ringing", "ringing", nil) }

// Answer has somebody answer a call that was placed.
func (c *Call) Answer() {
	c.tell("answered", "in-progress", nil)
	c.s.wg.Go(func() { c.execute(c.Form.Get("Twiml")) })
}

// Refuse ends a call that was placed without an answer: with "busy", "no-answer", "failed" or "canceled". sip may be empty.
func (c *Call) Refuse(status, sip string) {
	more := url.Values{}
	if sip != "" {
		more.Set("SipResponseCode", sip)
	}
	c.end(status, more)
}

// tell sends a status callback, when it was asked for.
func (c *Call) tell(event, status string, more url.Values) {
	c.mu.Lock()
	c.status = status
	seq := c.seq
	c.seq++
	address, events := c.callback, c.events
	c.mu.Unlock()
	if address == "" || !slices.Contains(events, event) {
		return
	}
	form := c.Params(url.Values{"CallbackSource": {"call-progress-events"}, "SequenceNumber": {strconv.Itoa(seq)}, "Timestamp": {time.Now().UTC().Format(time.RFC1123Z)}})
	for k, v := range more {
		form[k] = v
	}
	if code, body := c.s.Post(address, form); code/100 != 2 {
		c.s.t.Errorf("twilio: the status callback answers %d %s", code, body)
	}
}

func (c *Call) end(status string, more url.Values) {
	c.once.Do(func() {
		c.cancel()
		if more == nil {
			more = url.Values{}
		}
		more.Set("CallDuration", "1")
		c.tell("completed", status, more)
		close(c.ended)
	})
}

func (c *Call) finish(status string) { c.end(status, nil) }

// HangUp has the person hang up.
func (c *Call) HangUp() { c.finish("completed") }

// CalleeHangsUp has who the caller was connected with hang up.
func (c *Call) CalleeHangsUp() { close(c.callee) }

// Ended waits for the end of the call, and returns its status.
func (c *Call) Ended() string {
	c.s.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(30 * time.Second):
		c.s.t.Fatal("the call does not end")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Did lists the verbs that were done, with what matters of them.
func (c *Call) Did() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.did)
}

func (c *Call) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did = append(c.did, what)
	close(c.noted)
	c.noted = make(chan struct{})
}

// Until waits until a verb has begun, as Did lists it.
func (c *Call) Until(verb string) {
	c.s.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		c.mu.Lock()
		done, noted := slices.Contains(c.did, verb), c.noted
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-noted:
		case <-limit:
			c.s.t.Fatalf("twilio: %s does not begin", verb)
		}
	}
}

// update is POST /Calls/{sid}.
func (c *Call) update(w http.ResponseWriter, form url.Values) {
	c.mu.Lock()
	status, stop := c.status, c.stopVerb
	if status == "in-progress" && form.Get("Twiml") != "" {
		c.redirect = form.Get("Twiml")
	}
	c.mu.Unlock()
	switch {
	case form.Get("Status") == "completed":
		if status != "completed" {
			go c.end("completed", nil)
		}
	case len(form.Get("Twiml")) > 4000:
		refuse(w, 400, 21620, "Twiml is too long")
		return
	case form.Get("Twiml") == "" || status != "in-progress":
		refuse(w, 400, 21220, "Call is not in-progress. Cannot redirect.")
		return
	case stop != nil:
		stop()
	}
	reply(w, 200, c.resource())
}

// node is an element of TwiML.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Nodes   []node     `xml:",any"`
	Text    string     `xml:",chardata"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// execute does what a document says, and what takes its place, to the end of the call.
func (c *Call) execute(document string) {
	for document != "" && c.life.Err() == nil {
		var root node
		if err := xml.Unmarshal([]byte(document), &root); err != nil || root.XMLName.Local != "Response" {
			c.s.t.Errorf("twilio: this is no TwiML: %v %s", err, document)
			break
		}
		document = ""
		for _, verb := range root.Nodes {
			verbCtx, stop := context.WithCancel(c.life)
			c.mu.Lock()
			c.stopVerb = stop
			c.mu.Unlock()
			next, over := c.do(verbCtx, verb)
			stop()
			c.mu.Lock()
			if c.redirect != "" {
				next, c.redirect = c.redirect, ""
			}
			c.stopVerb = nil
			c.mu.Unlock()
			if next != "" {
				document = next
				break
			}
			if over || c.life.Err() != nil {
				return
			}
		}
	}
	c.finish("completed")
}

// do does a verb. next is a document that takes over.
func (c *Call) do(ctx context.Context, verb node) (next string, over bool) {
	name := verb.XMLName.Local
	if name != "Reject" {
		c.mu.Lock()
		c.status = "in-progress"
		c.mu.Unlock()
	}
	switch name {
	case "Connect":
		if len(verb.Nodes) != 1 || verb.Nodes[0].XMLName.Local != "Stream" {
			c.s.t.Errorf("twilio: Connect holds no Stream")
			return "", false
		}
		c.note("Stream")
		c.connect(ctx, verb.Nodes[0])
	case "Play":
		if verb.attr("digits") == "" || strings.Trim(verb.attr("digits"), "0123456789ABCDabcd*#wW") != "" {
			c.s.t.Errorf("twilio: Play of %q", verb.attr("digits"))
		}
		c.note("Play " + verb.attr("digits"))
	case "Say":
		c.note("Say " + verb.Text)
	case "Dial":
		return c.dial(ctx, verb), false
	case "Reject":
		c.note(strings.TrimSpace("Reject " + verb.attr("reason")))
		status := "failed"
		if verb.attr("reason") == "busy" {
			status = "busy"
		}
		c.finish(status)
		return "", true
	case "Hangup":
		c.note("Hangup")
		c.finish("completed")
		return "", true
	default:
		c.s.t.Errorf("twilio: an unknown verb %s", name)
	}
	return "", false
}

// dial connects the caller with somebody, and asks what then.
func (c *Call) dial(ctx context.Context, verb node) (next string) {
	if len(verb.Nodes) != 1 || !absolute(verb.attr("action")) {
		c.s.t.Errorf("twilio: Dial needs one target and an absolute action, not %q", verb.attr("action"))
		return ""
	}
	target := verb.Nodes[0]
	number := strings.TrimSpace(target.Text)
	c.note("Dial " + number)
	c.s.mu.Lock()
	answer, known := c.s.answers[number]
	c.s.mu.Unlock()
	if !known {
		answer.Status = "no-answer"
	}
	if answer.After != nil {
		select {
		case <-answer.After:
		case <-ctx.Done():
			return ""
		}
	}
	child := url.Values{"CallSid": {SID("CA")}, "ParentCallSid": {c.SID}, "To": {number}, "Direction": {"outbound-dial"}, "CallStatus": {"in-progress"}}
	if answer.Status == "completed" {
		if whisper := target.attr("url"); whisper != "" {
			_, body := c.s.Post(whisper, c.Params(child))
			var root node
			if err := xml.Unmarshal([]byte(body), &root); err != nil || len(root.Nodes) != 1 || root.Nodes[0].XMLName.Local != "Say" {
				c.s.t.Errorf("twilio: the callee's TwiML: %v %s", err, body)
			} else {
				c.note("Say to callee: " + root.Nodes[0].Text)
			}
		}
		if strings.Contains(target.attr("statusCallbackEvent"), "answered") {
			c.s.Post(target.attr("statusCallback"), c.Params(child))
		}
		select {
		case <-c.callee:
		case <-ctx.Done():
			return ""
		}
	}
	if ctx.Err() != nil {
		return ""
	}
	status, body := c.s.Post(verb.attr("action"), c.Params(url.Values{"DialCallStatus": {answer.Status}, "DialCallSid": child["CallSid"]}))
	if status != http.StatusOK {
		c.s.t.Errorf("twilio: the action of Dial answers %d %s", status, body)
		return ""
	}
	return body
}
