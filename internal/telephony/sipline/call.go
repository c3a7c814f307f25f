package sipline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/live/transport/sip"
	"griot/internal/telephony"
)

const (
	answerWait  = 8 * time.Second  // for the answer to a request in a call
	goodbyeWait = 4 * time.Second  // for the answer to a BYE
	ackWait     = 32 * time.Second // for the ACK of a 2xx: 64 T1 (RFC 3261 section 13.3.1.4)
)

// call is one call, from its INVITE to its end.
type call struct {
	l     *Line
	trunk *trunk // nil for a caller that belongs to none
	leg   *sip.Leg
	conv  telephony.Conversation
	dlg   *dialog // set before anybody else can find the call by it
	order telephony.Order
	key   string // of its dialog

	offer sync.Mutex  // held while an offer is open, either way (RFC 3261 section 14)
	ours  atomic.Bool // it is one of ours
	left  sync.Once
	gone  chan struct{} // closed when the far end has said BYE, or was told
	timer sessionTimer

	mu      sync.Mutex // guards what follows
	info    telephony.Call
	byFar   bool                    // the far end said BYE
	hangup  string                  // reason of a HangUp before there was a conversation
	cancel  context.CancelCauseFunc // ends what is being set up
	refer   chan referred           // of the transfer that goes on; nil for none
	running bool
}

// newCall enters a call.
func (l *Line) newCall(info telephony.Call) (*call, error) {
	c := &call{l: l, info: info, gone: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fault.New(fault.Unavailable, "stopping", "The server is stopping.")
	}
	l.calls[info.ID] = c
	return c, nil
}

// join makes the call known by its dialog.
func (c *call) join(d *dialog) {
	c.dlg = d
	c.key = key(d.callID, d.localTag)
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.l.dialogs[c.key] = c
}

// change changes what is known of the call, and tells.
func (c *call) change(f func(*telephony.Call)) {
	c.mu.Lock()
	f(&c.info)
	info := c.info
	c.mu.Unlock()
	if c.l.o.Observe != nil {
		c.l.o.Observe(context.WithoutCancel(c.l.ctx), info)
	}
}

// Info describes the call.
func (c *call) snapshot() telephony.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// over ends the call's entry. It is called once, last of all.
func (c *call) over(outcome telephony.Outcome, reason string) {
	if c.leg != nil {
		_ = c.leg.Close(reason)
	}
	c.l.mu.Lock()
	delete(c.l.calls, c.info.ID)
	if c.key != "" {
		delete(c.l.dialogs, c.key)
	}
	c.l.mu.Unlock()
	c.change(func(i *telephony.Call) {
		i.State, i.Outcome, i.Reason, i.Ended = telephony.Ended, outcome, reason, time.Now()
	})
	c.l.o.Log.Debug("a call is over", "call", c.info.ID, "outcome", outcome, "reason", reason)
}

// hold runs the conversation of a call that was answered, to the end of the call.
func (c *call) hold() {
	c.change(func(i *telephony.Call) {
		i.State, i.Outcome, i.Answered = telephony.Active, telephony.Answered, time.Now()
	})
	c.mu.Lock()
	c.running = true
	early := c.hangup
	c.mu.Unlock()
	ctx, stop := context.WithCancel(c.l.ctx)
	var side sync.WaitGroup
	side.Go(func() { c.keepTime(ctx) })
	if early != "" {
		c.leg.Hang(nil)
	}
	reason := c.conv.Run(c.l.ctx, c.leg)
	stop()
	c.goodbye()
	side.Wait()
	c.mu.Lock()
	if early != "" {
		reason = early
	}
	c.mu.Unlock()
	c.over(telephony.Answered, reason)
}

// farLeft takes the far end's BYE.
func (c *call) farLeft(*siplib.Request) {
	c.mu.Lock()
	c.byFar = true
	running, cancel := c.running, c.cancel
	c.mu.Unlock()
	c.end(nil)
	if !running && cancel != nil {
		cancel(errCancelled) // its ACK was lost
	}
}

// end ends the sound, and with it the conversation.
func (c *call) end(err error) {
	c.left.Do(func() { close(c.gone) })
	c.leg.Hang(err)
}

// goodbye says BYE, unless the far end has.
func (c *call) goodbye() {
	c.mu.Lock()
	said := c.byFar
	c.byFar = true
	c.mu.Unlock()
	if said {
		return
	}
	c.left.Do(func() { close(c.gone) })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.l.ctx), goodbyeWait)
	defer cancel()
	if _, err := c.request(ctx, siplib.BYE, "", nil); err != nil {
		c.l.o.Log.Debug("a BYE was not answered", "call", c.info.ID, "error", err)
	}
}

// request sends a request in the call's dialog, with credentials where they are asked for, and returns its final answer.
func (c *call) request(ctx context.Context, method siplib.RequestMethod, contentType string, body []byte, headers ...siplib.Header) (*siplib.Response, error) {
	req := c.dlg.request(method, 0)
	for _, h := range headers {
		req.AppendHeader(h)
	}
	if body != nil {
		req.AppendHeader(siplib.NewHeader("Content-Type", contentType))
		req.SetBody(body)
	}
	res, err := c.l.ask(ctx, req)
	if err != nil {
		return nil, err
	}
	if (res.StatusCode == 401 || res.StatusCode == 407) && c.trunk != nil && c.trunk.o.Password != "" {
		again, err := c.trunk.authorized(req, res, func() uint32 { return c.dlg.nextSeq() }, c.dlg.via)
		if err != nil {
			return res, nil
		}
		return c.l.ask(ctx, again)
	}
	return res, nil
}

// ask sends a request and returns its final answer. Silence is a fault.Unavailable "no_answer".
func (l *Line) ask(ctx context.Context, req *siplib.Request) (*siplib.Response, error) {
	l.dress(req)
	tx, err := l.client.TransactionRequest(ctx, req, asIs)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unreachable", "send %s to %s", req.Method, req.Destination())
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, fault.Wrap(tx.Err(), fault.Unavailable, "no_answer", "%s does not answer to %s", req.Destination(), req.Method)
		case <-ctx.Done():
			return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "no_answer", "%s does not answer to %s", req.Destination(), req.Method)
		}
	}
}

// asIs keeps the library from adding headers: ours are complete.
func asIs(*sipgoClient, *siplib.Request) error { return nil }

// Call implements telephony.Carrier.
func (l *Line) Call(id string) (telephony.Call, error) {
	c, err := l.get(id)
	if err != nil {
		return telephony.Call{}, err
	}
	return c.snapshot(), nil
}

func (l *Line) get(id string) (*call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.calls[id]; c != nil {
		return c, nil
	}
	return nil, telephony.ErrNotFound(id)
}

// Calls implements telephony.Carrier.
func (l *Line) Calls() []telephony.Call {
	l.mu.Lock()
	list := make([]*call, 0, len(l.calls))
	for _, c := range l.calls {
		list = append(list, c)
	}
	l.mu.Unlock()
	out := make([]telephony.Call, 0, len(list))
	for _, c := range list {
		out = append(out, c.snapshot())
	}
	slices.SortFunc(out, func(a, b telephony.Call) int { return a.Created.Compare(b.Created) })
	return out
}

// HangUp implements telephony.Carrier.
func (l *Line) HangUp(ctx context.Context, id, reason string) error {
	c, err := l.get(id)
	if err != nil {
		return nil //nolint:nilerr // it is over already
	}
	c.mu.Lock()
	running, cancel := c.running, c.cancel
	if !running {
		c.hangup = reason
	}
	c.mu.Unlock()
	if !running {
		if cancel != nil {
			cancel(errHungUp)
		}
		return nil
	}
	err = c.conv.HangUp(ctx, reason)
	if fault.CodeOf(err) == "session_ended" {
		return nil
	}
	return err
}

var errHungUp = errors.New("hung up")

// SendDigits implements telephony.Carrier: with the sound, or as SIP INFO where the far end takes none there.
func (l *Line) SendDigits(ctx context.Context, id, digits string) error {
	keys, err := sip.CheckKeys(digits)
	if err != nil {
		return err
	}
	c, err := l.active(id)
	if err != nil {
		return err
	}
	ok, err := c.leg.SendKeys(keys)
	if ok || err != nil {
		return err
	}
	for _, k := range keys {
		res, err := c.request(ctx, siplib.INFO, "application/dtmf-relay", []byte("Signal="+string(k)+"\r\nDuration=160\r\n"))
		if err != nil {
			return err
		}
		if !res.IsSuccess() {
			return fault.New(fault.Conflict, "digits_refused", "The far end takes no keys: it answered %d %s.", res.StatusCode, res.Reason)
		}
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
