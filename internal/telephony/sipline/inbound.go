package sipline

import (
	"context"
	"errors"
	"strconv"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/live/transport/sip"
	"griot/internal/telephony"
)

// invite answers an INVITE: a new call, or a change of one that goes on.
func (l *Line) invite(req *siplib.Request, tx siplib.ServerTransaction) {
	if to := req.To(); to != nil && tagOf(to.Params) != "" {
		l.inCall((*call).reinvite)(req, tx)
		return
	}
	now := time.Now()
	t, allowed := l.from(req)
	switch {
	case !l.gate.call(source(req), now):
		l.respond(req, tx, 503, "Service Unavailable", siplib.NewHeader("Retry-After", retryWhen))
		return
	case !allowed:
		l.o.Log.Info("a call was refused: its sender is in none of sip.allow and sip.trunks", "address", req.Source(), "to", req.Recipient.User)
		l.respond(req, tx, 403, "Forbidden")
		return
	}
	if bad := unsupported(req); bad != "" {
		l.respond(req, tx, 420, "Bad Extension", siplib.NewHeader("Unsupported", bad))
		return
	}
	if h := req.MaxForwards(); h != nil && h.Val() == 0 {
		l.respond(req, tx, 483, "Too Many Hops")
		return
	}
	timer, refused := l.agreeTimer(req)
	if refused {
		l.respond(req, tx, 422, "Session Interval Too Small", siplib.NewHeader("Min-SE", strconv.Itoa(int(leastTimer.Seconds()))))
		return
	}
	// The same call that came by two ways is answered once (RFC 3261 section 8.2.2.2).
	merged, ok := l.begin(req)
	if !ok {
		l.respond(req, tx, 482, "Loop Detected")
		return
	}
	defer l.begun(merged)
	l.answer(req, tx, t, timer)
}

// begin notes that an INVITE is being answered.
func (l *Line) begin(req *siplib.Request) (name string, first bool) {
	if req.CallID() == nil || req.From() == nil || req.CSeq() == nil {
		return "", true // it will be refused for what it lacks
	}
	name = key(req.CallID().Value(), tagOf(req.From().Params)) + "\x00" + strconv.Itoa(int(req.CSeq().SeqNo))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inviting[name] {
		return name, false
	}
	l.inviting[name] = true
	return name, true
}

func (l *Line) begun(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.inviting, name)
}

// unsupported returns what a request needs of us that we have not; empty for nothing.
func unsupported(req *siplib.Request) string {
	var out []string
	for _, h := range req.GetHeaders("Require") {
		for _, o := range options(h.Value()) {
			if o != "timer" {
				out = append(out, o)
			}
		}
	}
	return join(out)
}

// statusOf is the answer to a call that we cannot take.
func statusOf(err error) (int, string) {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return 488, "Not Acceptable Here"
	case fault.NotFound:
		return 404, "Not Found"
	case fault.Limited, fault.Unavailable:
		return 503, "Service Unavailable"
	case fault.Denied, fault.Conflict:
		return 480, "Temporarily Unavailable"
	}
	return 500, "Server Internal Error"
}

// refuse answers a call that we cannot take, with the reason.
func (l *Line) refuse(req *siplib.Request, tx siplib.ServerTransaction, err error) {
	code, reason := statusOf(err)
	var hs []siplib.Header
	if code == 503 {
		hs = append(hs, siplib.NewHeader("Retry-After", retryWhen))
	}
	if code == 488 {
		hs = append(hs, siplib.NewHeader("Warning", "399 griot "+strconv.Quote(err.Error()))) // RFC 3261 section 20.43
	}
	l.o.Log.Info("a call could not be taken", "address", req.Source(), "to", req.Recipient.User, "status", code, "error", err)
	l.respond(req, tx, code, reason, hs...)
}

// answer takes a new call to its ACK, and lets it go on by itself.
func (l *Line) answer(req *siplib.Request, tx siplib.ServerTransaction, t *trunk, timer agreedTimer) {
	ip := source(req)
	bind, shown := l.local(ip)
	localTag := siplib.GenerateTagN(16)
	d, err := newServerDialog(req, localTag, l.contactFor(req.Recipient.User, shown, req.Transport()), l.laddr(req.Transport()), l.viaFor(shown))
	if err != nil {
		l.respond(req, tx, 400, "Bad Request", siplib.NewHeader("Warning", "399 griot "+strconv.Quote(err.Error())))
		return
	}
	tenant, agent := l.agentFor(t, req)
	if agent == "" {
		l.o.Log.Info("a call came to a number that no agent answers: see sip.numbers", "to", req.Recipient.User)
		l.respond(req, tx, 404, "Not Found")
		return
	}
	info := telephony.Call{ID: telephony.NewID(), Carrier: Carrier, CarrierID: d.callID, Tenant: l.o.Tenant, Direction: telephony.Inbound, To: telephony.Number(req.Recipient.User), Agent: agent, State: telephony.Ringing, Created: time.Now()}
	if from := req.From(); from != nil {
		info.From, info.FromName = telephony.Number(from.Address.User), from.DisplayName
		if info.From == "" {
			info.From = from.Address.Host
		}
	}
	if t != nil {
		info.Trunk, info.Tenant = t.o.Name, first(t.o.Tenant, info.Tenant)
	}
	info.Tenant = first(tenant, info.Tenant)
	c, err := l.newCall(info)
	if err != nil {
		l.refuse(req, tx, err)
		return
	}
	ctx, cancel := context.WithCancelCause(l.ctx)
	defer cancel(nil)
	c.trunk, c.cancel, c.timer.agreed = t, cancel, timer
	tx.OnCancel(func(*siplib.Request) { cancel(errCancelled) })

	drop := func(outcome telephony.Outcome, reason string, err error) {
		if c.conv != nil {
			c.conv.Drop(reason, err)
		}
		c.over(outcome, reason)
	}
	if c.leg, err = sip.Open(sip.Options{ID: info.ID, Remote: info.From, Ports: l.o.Ports, Bind: bind, Advertise: shown, Peer: ip, Anywhere: l.o.Anywhere, Codecs: l.o.Codecs, Security: l.o.Security, Patience: l.o.Patience}); err != nil {
		drop(telephony.Congestion, "refused", err)
		l.refuse(req, tx, err)
		return
	}
	var body []byte
	if len(req.Body()) > 0 {
		body, err = c.leg.Answer(req.Body())
	} else {
		body = c.leg.Offer() // the answer comes with the ACK
	}
	if err != nil {
		drop(telephony.Incompatible, "refused", err)
		l.refuse(req, tx, err)
		return
	}
	if c.conv, err = l.o.Host.Open(ctx, info, l, 0); err != nil {
		drop(telephony.Failed, "refused", err)
		l.refuse(req, tx, err)
		return
	}
	c.change(func(i *telephony.Call) { i.Conversation = c.conv.ID() })
	if err := l.ring(ctx, req, tx, d); err != nil {
		reason := "caller_left"
		if c.l.ctx.Err() != nil {
			reason = "shutdown"
			l.respond(req, tx, 503, "Service Unavailable")
		} else if errors.Is(context.Cause(ctx), errHungUp) {
			reason = c.hangupReason()
			l.respond(req, tx, 603, "Decline")
		}
		drop(telephony.Cancelled, reason, nil)
		return
	}
	c.join(d)
	acked, err := l.confirm(ctx, req, tx, d, body, timer)
	if err == nil && len(req.Body()) == 0 {
		err = c.leg.Accept(acked.Body())
	}
	if err != nil { // cancelled at the last moment, never confirmed, or without a codec in the end
		if !errors.Is(context.Cause(ctx), errCancelled) {
			c.goodbye()
		}
		drop(telephony.Failed, "caller_left", nil)
		return
	}
	l.wg.Go(c.hold)
}

// ring says that the call rings, for as long as it is to.
func (l *Line) ring(ctx context.Context, req *siplib.Request, tx siplib.ServerTransaction, d *dialog) error {
	res := siplib.NewResponseFromRequest(req, 180, "Ringing", nil)
	d.mark(res)
	l.send(res, tx)
	if l.o.Ring <= 0 {
		return context.Cause(ctx)
	}
	wait := time.NewTimer(l.o.Ring)
	defer wait.Stop()
	select {
	case <-wait.C:
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// mark makes a response one of the dialog.
func (d *dialog) mark(res *siplib.Response) {
	if to := res.To(); to != nil {
		to.Params.Remove("tag")
		to.Params.Add("tag", d.localTag)
	}
	res.AppendHeader(&siplib.ContactHeader{Address: *d.contact.Clone()})
}

// confirm answers with 200 and a body until it is confirmed, and returns the ACK (RFC 3261 section 13.3.1.4).
func (l *Line) confirm(ctx context.Context, req *siplib.Request, tx siplib.ServerTransaction, d *dialog, body []byte, timer agreedTimer) (*siplib.Request, error) {
	acked := d.await(req.CSeq().SeqNo)
	res := siplib.NewResponseFromRequest(req, 200, "OK", nil)
	if tagOf(req.To().Params) == "" {
		d.mark(res)
	} else {
		res.AppendHeader(&siplib.ContactHeader{Address: *d.contact.Clone()})
	}
	res.AppendHeader(siplib.NewHeader("Content-Type", "application/sdp"))
	res.SetBody(body)
	timer.write(res)
	l.dress(res)
	if err := tx.Respond(res); err != nil {
		return nil, err
	}
	again, step := time.NewTimer(siplib.T1), siplib.T1
	defer again.Stop()
	limit := time.NewTimer(ackWait)
	defer limit.Stop()
	for {
		select {
		case ack := <-acked:
			return ack, nil
		case <-again.C:
			if req.Transport() == "UDP" {
				_ = tx.Respond(res) // the last one may not have arrived
			}
			step = min(2*step, siplib.T2)
			again.Reset(step)
		case <-limit.C:
			return nil, fault.New(fault.Unavailable, "not_confirmed", "the answer to a call was never confirmed")
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *call) hangupReason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return first(c.hangup, "hung_up")
}
