package twilio

import (
	"context"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

const (
	drainWait    = 10 * time.Second // for what is being said to be heard before the call goes elsewhere
	transferRing = 30 * time.Second
	backWait     = 10 * time.Second // for a call to come back from elsewhere
	briefMost    = 1000             // characters of a briefing
)

// moved is how a transfer went.
type moved struct {
	ok      bool
	outcome telephony.Outcome
}

// Transfer implements telephony.Carrier. While the other telephone rings the caller hears it ring, and the agent hears nothing; when nobody answers, the caller comes back.
func (l *Line) Transfer(ctx context.Context, id, to string) error {
	return l.Brief(ctx, id, to, "")
}

// Brief implements telephony.Briefer: whom the caller is connected with hears briefing first.
func (l *Line) Brief(ctx context.Context, id, to, briefing string) error {
	to, err := address(to)
	if err != nil {
		return err
	}
	c, err := l.active(id)
	if err != nil {
		return err
	}
	result := make(chan moved, 1)
	if !c.begin(result) {
		return fault.New(fault.Conflict, "transfer_pending", "The call '%s' is being moved already.", id)
	}
	defer c.done()
	mine := url.Values{"call": {id}, "move": {c.moveName()}}
	t := &target{Address: to, StatusCallback: l.hook("callee", mine), Events: "answered completed"}
	if briefing = clip(briefing, briefMost); briefing != "" {
		t.URL = l.hook("briefing", url.Values{"call": {id}, "text": {briefing}})
	}
	d := dial{Action: l.hook("dialled", mine), AnswerOnBridge: true, Timeout: int(transferRing.Seconds())}
	if strings.HasPrefix(to, "sip:") {
		d.SIP = t
	} else {
		d.Number = t
	}
	if i := c.snapshot(); i.Direction == telephony.Outbound {
		d.CallerID = i.From
	}
	if err := c.away(ctx, d); err != nil {
		return err
	}
	limit := time.NewTimer(transferRing + ringSlack + backWait)
	defer limit.Stop()
	select {
	case m := <-result:
		if m.ok {
			return c.left(ctx)
		}
		return fault.New(fault.Conflict, "transfer_refused", "Nobody could be reached there: %s.", m.outcome)
	case <-c.leg.Gone():
		return fault.New(fault.Conflict, "call_ended", "The caller hung up before anybody answered.")
	case <-limit.C:
		c.leg.Hang(fault.New(fault.Unavailable, "media_lost", "the call did not come back from a transfer"))
		return fault.New(fault.Unavailable, "transfer_failed", "Twilio does not tell what became of the transfer.")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin notes that the call is being moved; false when it is already.
func (c *call) begin(result chan moved) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.move != nil {
		return false
	}
	c.move, c.moving = result, secret()
	return true
}

func (c *call) moveName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moving
}

func (c *call) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.move = nil
}

// answered says that the transfer succeeded. When nobody waits for that any more, the conversation ends all the same: its caller talks to somebody else.
func (c *call) answered() {
	c.mu.Lock()
	waited, before := c.move != nil, c.moved
	c.tellHeld(moved{ok: true})
	c.mu.Unlock()
	if waited || before || !c.leg.Away() {
		return
	}
	ctx, cancel := context.WithTimeout(c.l.ctx, endWait)
	defer cancel()
	if err := c.left(ctx); err != nil {
		c.l.o.Log.Warn("a conversation whose caller was transferred could not be ended", "call", c.info.ID, "error", err)
	}
}

// tellHeld says how the transfer went. What comes a second time is not new. Called with mu held.
func (c *call) tellHeld(m moved) {
	if c.move == nil {
		return
	}
	select {
	case c.move <- m:
	default:
	}
}

// away sends the call elsewhere, once what is being said has been heard.
func (c *call) away(ctx context.Context, verbs ...any) error {
	wait, cancel := context.WithTimeout(ctx, drainWait)
	c.leg.Drain(wait)
	cancel()
	c.leg.Leave()
	// Whoever stops waiting leaves the request alone: where the call is has to be known.
	err := c.l.api.update(context.WithoutCancel(ctx), c.name(), url.Values{"Twiml": {document(verbs...)}})
	if err != nil && !c.leg.Stay() {
		c.leg.Hang(err)
	}
	return err
}

// left ends the conversation of a caller who talks to somebody else.
func (c *call) left(ctx context.Context) error {
	c.mu.Lock()
	c.moved = true
	c.mu.Unlock()
	if err := c.conv.HangUp(ctx, "transferred"); err != nil && fault.CodeOf(err) != "session_ended" {
		return err
	}
	return nil
}

// active returns a call that was answered.
func (l *Line) active(id string) (*call, error) {
	c, err := l.get(id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		return nil, fault.New(fault.Conflict, "call_not_answered", "The call '%s' has not been answered yet.", id)
	}
	return c, nil
}

// keysMost is what one request may press.
const keysMost = 32

// SendDigits implements telephony.Carrier. Twilio presses keys only outside a stream: the call leaves it for as long as that takes, and comes back.
func (l *Line) SendDigits(ctx context.Context, id, digits string) error {
	keys := strings.ToUpper(strings.TrimSpace(digits))
	if keys == "" || len(keys) > keysMost || strings.Trim(keys, "0123456789ABCD*#") != "" {
		return fault.New(fault.Invalid, "bad_value", "%q is not 1 to %d keys of 0 to 9, A to D, * and #.", digits, keysMost).At("digits")
	}
	c, err := l.active(id)
	if err != nil {
		return err
	}
	result := make(chan moved, 1)
	if !c.begin(result) {
		return fault.New(fault.Conflict, "transfer_pending", "The call '%s' is being moved already.", id)
	}
	defer c.done()
	back := make(chan struct{})
	c.mu.Lock()
	c.returned = func() { close(back) }
	c.mu.Unlock()
	if err := c.away(ctx, play{Digits: keys}, c.listen()); err != nil {
		c.mu.Lock()
		c.returned = nil
		c.mu.Unlock()
		return err
	}
	limit := time.NewTimer(backWait + time.Duration(len(keys))*time.Second)
	defer limit.Stop()
	select {
	case <-back:
		return nil
	case <-c.leg.Gone():
		return fault.New(fault.Conflict, "call_ended", "The far end hung up.")
	case <-limit.C:
		c.leg.Hang(fault.New(fault.Unavailable, "media_lost", "the call did not come back from pressing keys"))
		return fault.New(fault.Unavailable, "media_lost", "The call did not come back.")
	case <-ctx.Done():
		return ctx.Err()
	}
}
