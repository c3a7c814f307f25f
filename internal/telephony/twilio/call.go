package twilio

import (
	"context"
	"crypto/subtle"
	"net/url"
	"strconv"
	"sync"
	"time"

	"griot/internal/fault"
	sound "griot/internal/live/transport/twilio"
	"griot/internal/telephony"
)

const (
	endWait  = 5 * time.Second  // to tell Twilio that a call is over
	pollWait = 15 * time.Second // between questions how a call stands that nothing is heard of
)

// call is one call, from its webhook or request to its end.
type call struct {
	l    *Line
	leg  *sound.Leg
	conv telephony.Conversation

	mu       sync.Mutex // guards what follows
	info     telephony.Call
	sid      string
	token    string        // of the stream that is expected; empty when there is none
	begun    chan struct{} // closed when the first stream is there
	over     chan struct{} // closed when Twilio says that the call has ended
	status   string        // its last one
	sip      string        // SipResponseCode that came with it
	hangup   string        // reason of a HangUp before there was a conversation
	hung     chan struct{} // closed by it
	running  bool
	moved    bool       // the caller talks to somebody else now
	move     chan moved // of the transfer that is waited for; nil for none
	moving   string     // secret name of the newest transfer: what is told of older ones does not count
	returned func()     // called with mu held when the caller is back; nil for nothing
}

// newCall enters a call.
func (l *Line) newCall(info telephony.Call) (*call, error) {
	remote := info.From
	if info.Direction == telephony.Outbound {
		remote = info.To
	}
	leg, err := sound.NewLeg(info.ID, remote)
	if err != nil {
		return nil, err
	}
	c := &call{l: l, leg: leg, info: info, token: secret(), begun: make(chan struct{}), over: make(chan struct{}), hung: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fault.New(fault.Unavailable, "stopping", "The server is stopping.")
	}
	l.calls[info.ID] = c
	l.wg.Add(1) // until end
	return c, nil
}

// named gives a call Twilio's name for it.
func (c *call) named(sid string) {
	c.mu.Lock()
	if c.sid != "" {
		c.mu.Unlock()
		return
	}
	c.sid = sid
	c.mu.Unlock()
	c.change(func(i *telephony.Call) { i.CarrierID = sid })
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.calls[c.info.ID] == c {
		c.l.bySID[sid] = c
	}
}

func (c *call) name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sid
}

// change changes what is known of the call, and tells.
func (c *call) change(f func(*telephony.Call)) {
	c.mu.Lock()
	before := c.info
	f(&c.info)
	info := c.info
	c.mu.Unlock()
	if c.l.o.Observe != nil && info != before {
		c.l.o.Observe(context.WithoutCancel(c.l.ctx), info)
	}
}

func (c *call) snapshot() telephony.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// end ends the call's entry. It is called once, last of all.
func (c *call) end(outcome telephony.Outcome, reason string) {
	_ = c.leg.Close(reason)
	c.l.mu.Lock()
	delete(c.l.calls, c.info.ID)
	sid := c.name()
	delete(c.l.bySID, sid)
	c.l.seen.first("over\x00" + sid)
	c.l.mu.Unlock()
	c.change(func(i *telephony.Call) {
		i.State, i.Outcome, i.Reason, i.Ended = telephony.Ended, outcome, reason, time.Now()
	})
	c.l.wg.Done()
}

// run holds the call to its end, from when Twilio knows of it.
func (c *call) run(limit time.Duration) {
	switch c.await(limit) {
	case arrived:
		c.hold()
		return
	case ended:
		c.mu.Lock()
		status, sip := c.status, c.sip
		c.mu.Unlock()
		outcome := outcomeOf(status, sip)
		if status == "completed" { // it was answered, and left before there was sound
			outcome = telephony.Cancelled
		}
		c.conv.Drop(string(outcome), nil)
		c.end(outcome, string(outcome))
	case taken:
		c.tellEnd()
		c.mu.Lock()
		reason := c.hangup
		c.mu.Unlock()
		c.conv.Drop(reason, nil)
		c.end(telephony.Cancelled, reason)
	case stopped:
		c.tellEnd()
		c.conv.Drop("shutdown", nil)
		c.end(telephony.Cancelled, "shutdown")
	case late:
		c.tellEnd()
		outcome, err := telephony.NoAnswer, error(nil)
		if i := c.snapshot(); i.Direction == telephony.Inbound || i.State == telephony.Active {
			outcome, err = telephony.Failed, fault.New(fault.Unavailable, "media_lost", "the sound of the call never came")
		}
		c.conv.Drop(string(outcome), err)
		c.end(outcome, string(outcome))
	}
}

// What await saw first.
type sight uint8

const (
	arrived sight = iota + 1 // the call's sound
	ended                    // Twilio says that it is over
	taken                    // we gave up
	stopped                  // the line is closed
	late                     // nothing came in time
)

// await waits for the call's sound. Callbacks may get lost: Twilio is asked too.
func (c *call) await(limit time.Duration) sight {
	out := time.NewTimer(limit)
	defer out.Stop()
	poll := time.NewTicker(pollWait)
	defer poll.Stop()
	for {
		select {
		case <-c.begun:
			return arrived
		default:
		}
		select {
		case <-c.begun:
			return arrived
		case <-c.over:
			return ended
		case <-c.hung:
			return taken
		case <-c.l.ctx.Done():
			return stopped
		case <-poll.C:
			c.reconcile()
		case <-out.C:
			c.reconcile()
			select {
			case <-c.over:
				return ended
			default:
				return late
			}
		}
	}
}

// reconcile asks Twilio how the call stands.
func (c *call) reconcile() {
	sid := c.name()
	if sid == "" {
		return
	}
	r, err := c.l.api.fetch(c.l.ctx, sid)
	if err != nil {
		c.l.o.Log.Warn("Twilio does not tell how a call stands", "call", c.info.ID, "error", err)
		return
	}
	c.report(r.Status, "")
}

// report takes a call's status, in whatever order and how often it comes.
func (c *call) report(status, sip string) {
	if final(status) {
		c.mu.Lock()
		fresh := c.status == ""
		if fresh {
			c.status, c.sip = status, sip
			close(c.over)
		}
		c.mu.Unlock()
		if fresh {
			c.leg.Hang(nil)
		}
		return
	}
	rank := map[string]telephony.State{"ringing": telephony.Ringing, "in-progress": telephony.Active}
	state, known := rank[status]
	if !known {
		return
	}
	c.change(func(i *telephony.Call) {
		switch {
		case i.State == telephony.Ended || i.State == telephony.Active || i.State == state:
		case state == telephony.Active && i.Direction == telephony.Outbound:
			i.State, i.Outcome, i.Answered = state, telephony.Answered, time.Now()
		case state == telephony.Ringing:
			i.State = state
		}
	})
}

// attach gives the call a stream that says that it is its own.
func (c *call) attach(s *sound.Stream) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" || subtle.ConstantTimeCompare([]byte(c.token), []byte(s.Start.Parameters["token"])) != 1 || c.sid != "" && s.Start.CallSID != c.sid {
		return fault.New(fault.Denied, "stream_refused", "the stream is not the one that was expected")
	}
	if err := c.leg.Attach(s); err != nil {
		return err
	}
	c.token = ""
	select {
	case <-c.begun:
	default:
		close(c.begun)
	}
	if c.returned != nil {
		c.returned()
		c.returned = nil
	}
	return nil
}

// hold runs the conversation, to the end of the call.
func (c *call) hold() {
	c.change(func(i *telephony.Call) {
		i.State, i.Outcome = telephony.Active, telephony.Answered
		if i.Answered.IsZero() {
			i.Answered = time.Now()
		}
	})
	c.mu.Lock()
	c.running = true
	early := c.hangup
	c.mu.Unlock()
	if early != "" {
		c.leg.Hang(nil)
	}
	reason := c.conv.Run(c.l.ctx, c.leg)
	c.mu.Lock()
	moved := c.moved
	c.mu.Unlock()
	if early != "" {
		reason = early
	}
	elsewhere := !c.leg.Attached()
	_ = c.leg.Close(reason) // where nothing follows the stream, Twilio hangs up
	if elsewhere && !moved {
		c.tellEnd()
	}
	c.end(telephony.Answered, reason)
}

// tellEnd has Twilio end the call, unless it said that it has.
func (c *call) tellEnd() {
	select {
	case <-c.over:
		return
	default:
	}
	sid := c.name()
	if sid == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.l.ctx), endWait)
	defer cancel()
	if err := c.l.api.update(ctx, sid, url.Values{"Status": {"completed"}}); err != nil {
		c.l.o.Log.Warn("Twilio could not be told that a call is over", "call", c.info.ID, "error", err)
	}
}

// HangUp implements telephony.Carrier.
func (l *Line) HangUp(ctx context.Context, id, reason string) error {
	c, err := l.get(id)
	if err != nil {
		return nil //nolint:nilerr // it is over already
	}
	c.mu.Lock()
	running := c.running
	if !running && c.hangup == "" {
		c.hangup = reason
		close(c.hung)
	}
	c.mu.Unlock()
	if !running {
		return nil
	}
	err = c.conv.HangUp(ctx, reason)
	if fault.CodeOf(err) == "session_ended" {
		return nil
	}
	return err
}

// listen is the verb that connects the call with its conversation.
func (c *call) listen() connect {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" {
		c.token = secret()
	}
	public := "ws" + c.l.o.Public[len("http"):]
	return connect{Stream: stream{URL: public + Path + "media", Parameters: []parameter{{"call", c.info.ID}, {"token", c.token}}}}
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
