package sipline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/live/transport/sip"
	"griot/internal/telephony"
)

// errRang ends an attempt that rang for too long.
var errRang = errors.New("nobody answered in time")

// Place implements telephony.Carrier. It returns when the call has been asked for; what becomes of it is told to the observer.
func (l *Line) Place(ctx context.Context, o telephony.Order) (string, error) {
	t, err := l.trunkFor(o)
	if err != nil {
		return "", err
	}
	to, err := t.address(o.To)
	if err != nil {
		return "", err
	}
	far, err := resolve(ctx, t.proxy())
	if err != nil {
		return "", err
	}
	info := telephony.Call{ID: telephony.NewID(), Carrier: Carrier, Trunk: t.o.Name, Tenant: first(o.Tenant, l.o.Tenant), Direction: telephony.Outbound, From: first(telephony.Number(o.From), t.from()), To: telephony.Number(o.To),
		Agent: o.Agent, State: telephony.Dialing, Created: time.Now()}
	if !l.enter() {
		return "", fault.New(fault.Unavailable, "stopping", "The server is stopping.")
	}
	defer l.wg.Done()
	c, err := l.newCall(info)
	if err != nil {
		return "", err
	}
	c.trunk, c.order = t, o
	bind, shown := l.local(far)
	if c.leg, err = sip.Open(sip.Options{ID: info.ID, Remote: info.To, Ports: l.o.Ports, Bind: bind, Advertise: shown, Peer: far, Anywhere: l.o.Anywhere, Codecs: l.o.Codecs, Security: t.security(l.o.Security), Patience: l.o.Patience}); err != nil {
		c.over(telephony.Congestion, "refused")
		return "", err
	}
	if c.conv, err = l.o.Host.Open(ctx, info, l, o.Max); err != nil {
		c.over(telephony.Failed, "refused")
		return "", err
	}
	c.change(func(i *telephony.Call) { i.Conversation = c.conv.ID() })
	run, cancel := context.WithCancelCause(l.ctx)
	c.mu.Lock()
	c.cancel = cancel
	c.mu.Unlock()
	l.wg.Go(func() {
		defer cancel(nil)
		c.dial(run, to, shown)
	})
	return info.ID, nil
}

// resolve returns the first address of a host:port.
func resolve(ctx context.Context, hostport string) (netip.Addr, error) {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return netip.Addr{}, fault.Wrap(err, fault.Invalid, "bad_value", "the trunk's address %q", hostport)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return netip.Addr{}, fault.Wrap(err, fault.Unavailable, "unreachable", "find the address of %s", host)
	}
	return ips[0].Unmap(), nil
}

// dial calls, and holds the conversation when it is answered.
func (c *call) dial(ctx context.Context, to siplib.Uri, shown netip.Addr) {
	ring := c.order.Ring
	if ring <= 0 {
		ring = c.l.o.RingMax
	}
	ctx, cancel := context.WithTimeoutCause(ctx, ring, errRang)
	defer cancel()
	req := c.first(to, shown)
	res, err := c.invited(ctx, req, shown)
	outcome, reason := telephony.Failed, ""
	switch {
	case err == nil && res.IsSuccess():
		if err = c.answered(req, res, shown); err == nil {
			c.hold()
			return
		}
		outcome, reason = telephony.Incompatible, "refused"
		c.l.o.Log.Info("a call that was answered could not go on", "call", c.info.ID, "error", err)
	case err == nil:
		outcome = outcomeOf(res.StatusCode, headerText(res, "Reason"))
		reason = fmt.Sprintf("%d %s", res.StatusCode, res.Reason)
	case errors.Is(err, errRang):
		outcome, reason, err = telephony.NoAnswer, string(telephony.NoAnswer), nil
	case errors.Is(err, errHungUp):
		outcome, reason, err = telephony.Cancelled, c.hangupReason(), nil
	case c.l.ctx.Err() != nil:
		outcome, reason, err = telephony.Cancelled, "shutdown", nil
	case fault.KindOf(err) == fault.Unavailable:
		outcome, reason = telephony.Unreachable, "unreachable"
	}
	c.conv.Drop(string(outcome), err)
	c.over(outcome, reason)
}

// first makes the INVITE of a call.
func (c *call) first(to siplib.Uri, shown netip.Addr) *siplib.Request {
	t := c.trunk
	transport := t.transport
	req := siplib.NewRequest(siplib.INVITE, to)
	req.AppendHeader(c.l.viaFor(shown)(transport))
	from := siplib.FromHeader{Address: siplib.Uri{Scheme: "sip", User: c.info.From, Host: t.domain()}}
	from.Params.Add("tag", siplib.GenerateTagN(16))
	req.AppendHeader(&from)
	req.AppendHeader(&siplib.ToHeader{Address: to})
	id := siplib.CallIDHeader(siplib.GenerateTagN(32))
	c.change(func(i *telephony.Call) { i.CarrierID = id.Value() })
	req.AppendHeader(&id)
	req.AppendHeader(&siplib.CSeqHeader{SeqNo: 1, MethodName: siplib.INVITE})
	forwards := siplib.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(&siplib.ContactHeader{Address: c.l.contactFor(c.info.From, shown, transport)})
	req.AppendHeader(siplib.NewHeader("Content-Type", "application/sdp"))
	if c.l.o.Timer > 0 {
		req.AppendHeader(siplib.NewHeader("Session-Expires", strconv.Itoa(int(c.l.o.Timer.Seconds()))))
		req.AppendHeader(siplib.NewHeader("Min-SE", strconv.Itoa(int(leastTimer.Seconds()))))
	}
	c.l.dress(req)
	req.SetBody(c.leg.Offer())
	req.SetTransport(transport)
	req.SetDestination(t.proxy())
	req.Laddr = c.l.laddr(transport)
	return req
}

// invited sends an INVITE, again with credentials or a longer session where that is asked for, and returns its final answer. When ctx ends it takes the call back, and the error is its cause.
func (c *call) invited(ctx context.Context, req *siplib.Request, shown netip.Addr) (*siplib.Response, error) {
	credentials := 0
	for {
		res, err := c.attempt(ctx, req, shown)
		if err != nil {
			return nil, err
		}
		switch {
		case (res.StatusCode == 401 || res.StatusCode == 407) && c.trunk.o.Password != "" && credentials < 2:
			credentials++
			if credentials == 2 && !stale(res) {
				return res, nil // the password is wrong
			}
			next, err := c.trunk.authorized(req, res, func() uint32 { return req.CSeq().SeqNo + 1 }, c.l.viaFor(shown))
			if err != nil {
				return res, nil //nolint:nilerr // a kind of challenge that we do not know is a refusal
			}
			c.l.dress(next)
			*req = *next
		case res.StatusCode == 422 && headerText(res, "Min-SE") != "":
			n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Min-SE")))
			if every, _ := sessionExpires(req); err != nil || n < 1 || n > 1<<20 || time.Duration(n)*time.Second <= every {
				return res, nil //nolint:nilerr // as it is
			}
			next := req.Clone()
			next.RemoveHeader("Session-Expires")
			next.RemoveHeader("Min-SE")
			next.AppendHeader(siplib.NewHeader("Session-Expires", strconv.Itoa(n)))
			next.AppendHeader(siplib.NewHeader("Min-SE", strconv.Itoa(n)))
			c.renew(next, req.CSeq().SeqNo+1, shown)
			*req = *next
		default:
			return res, nil
		}
	}
}

// renew makes a copy of a request a request of its own.
func (c *call) renew(req *siplib.Request, seq uint32, shown netip.Addr) {
	req.RemoveHeader("Via")
	req.PrependHeader(c.l.viaFor(shown)(c.trunk.transport))
	req.CSeq().SeqNo = seq
}

// attempt sends one INVITE and returns its final answer.
func (c *call) attempt(ctx context.Context, req *siplib.Request, shown netip.Addr) (*siplib.Response, error) {
	tx, err := c.l.client.TransactionRequest(ctx, req, asIs)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unreachable", "call by the trunk %s", c.trunk.o.Name)
	}
	keep := false
	defer func() {
		if !keep {
			tx.Terminate()
		}
	}()
	provisional := false
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				keep = res.IsSuccess()
				if keep { // it may come again, when our ACK gets lost
					c.again(tx)
				}
				return res, nil
			}
			provisional = true
			c.progress(res)
		case <-tx.Done():
			return nil, fault.Wrap(tx.Err(), fault.Unavailable, "no_answer", "the trunk %s does not answer", c.trunk.o.Name)
		case <-ctx.Done():
			return nil, c.takeBack(ctx, tx, req, provisional, shown)
		}
	}
}

// progress takes a provisional answer. Sound before the call is answered is the network's: it is neither recorded nor recognised.
func (c *call) progress(res *siplib.Response) {
	if res.StatusCode < 180 {
		return
	}
	c.change(func(i *telephony.Call) { i.State = telephony.Ringing })
}

// takeBack cancels an INVITE (RFC 3261 section 9.1) and returns why: a CANCEL waits for the first answer, and a call that is answered all the same is hung up.
func (c *call) takeBack(ctx context.Context, tx siplib.ClientTransaction, req *siplib.Request, provisional bool, shown netip.Addr) error {
	cause := context.Cause(ctx)
	limit := time.NewTimer(answerWait)
	defer limit.Stop()
	cancelled := false
	for {
		if provisional && !cancelled {
			cancelled = true
			c.l.wg.Go(func() {
				bye, done := context.WithTimeout(context.WithoutCancel(ctx), goodbyeWait)
				defer done()
				_, _ = c.l.ask(bye, cancelOf(req)) // its answer tells nothing: that to the INVITE does
			})
		}
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				provisional = true
				continue
			}
			if res.IsSuccess() {
				if err := c.answered(req, res, shown); err == nil {
					c.goodbye()
				}
			}
			return cause
		case <-tx.Done():
			return cause
		case <-limit.C:
			return cause
		}
	}
}

// cancelOf makes the CANCEL of an INVITE.
func cancelOf(req *siplib.Request) *siplib.Request {
	c := siplib.NewRequest(siplib.CANCEL, *req.Recipient.Clone())
	c.AppendHeader(req.Via().Clone())
	siplib.CopyHeaders("Route", req, c)
	c.AppendHeader(siplib.HeaderClone(req.From()))
	c.AppendHeader(siplib.HeaderClone(req.To()))
	c.AppendHeader(siplib.HeaderClone(req.CallID()))
	c.AppendHeader(&siplib.CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: siplib.CANCEL})
	forwards := siplib.MaxForwardsHeader(70)
	c.AppendHeader(&forwards)
	c.SetTransport(req.Transport())
	c.SetDestination(req.Destination())
	c.Laddr = req.Laddr
	c.SetBody(nil)
	return c
}

// answered takes the 2xx of our INVITE, and confirms it.
func (c *call) answered(req *siplib.Request, res *siplib.Response, shown netip.Addr) error {
	d, err := newClientDialog(req, res, c.l.contactFor(c.info.From, shown, c.trunk.transport), c.l.viaFor(shown))
	if err != nil {
		return err
	}
	c.join(d)
	if err := c.confirmed(req.CSeq().SeqNo); err != nil {
		return err
	}
	if every, by := sessionExpires(res); every > 0 {
		c.timer.set(agreedTimer{every: every, ours: by != "uas", asked: true})
	}
	if err := c.leg.Accept(res.Body()); err != nil {
		c.goodbye()
		return err
	}
	return nil
}

// confirmed sends the ACK of a 2xx with that number.
func (c *call) confirmed(seq uint32) error {
	if err := c.l.client.WriteRequest(c.dlg.request(siplib.ACK, seq), asIs); err != nil {
		return fault.Wrap(err, fault.Unavailable, "unreachable", "confirm a call")
	}
	return nil
}

// again confirms a 2xx whenever it comes again.
func (c *call) again(tx siplib.ClientTransaction) {
	tx.OnRetransmission(func(res *siplib.Response) {
		c.l.mu.Lock()
		d := c.dlg
		known := d != nil && c.l.dialogs[c.key] == c
		c.l.mu.Unlock()
		if known && res.IsSuccess() && res.CSeq() != nil {
			_ = c.confirmed(res.CSeq().SeqNo)
		}
	})
}
