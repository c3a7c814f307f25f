package sipline

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo"
	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
)

type sipgoClient = sipgo.Client

var errCancelled = errors.New("cancelled")

// Carrier is this carrier's name.
const Carrier = "sip"

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func join(list []string) string { return strings.Join(list, ", ") }

// options reads a list of option tags.
func options(v string) (out []string) {
	for _, o := range strings.Split(v, ",") {
		if o = strings.ToLower(strings.TrimSpace(o)); o != "" {
			out = append(out, o)
		}
	}
	return out
}

// supports reports whether a message's Supported names an option.
func supports(m message, option string) bool {
	for _, name := range []string{"Supported", "k", "Require"} {
		for _, h := range m.GetHeaders(name) {
			for _, o := range options(h.Value()) {
				if o == option {
					return true
				}
			}
		}
	}
	return false
}

// reinvite takes the far end's second INVITE: a hold, a resumption, another address or codec, or a sign of life. It is answered with a body, without which telephones stop the sound.
func (c *call) reinvite(req *siplib.Request, tx siplib.ServerTransaction) {
	if !c.theirTurn() {
		c.l.respond(req, tx, 491, "Request Pending")
		return
	}
	defer c.offer.Unlock()
	select {
	case <-c.gone:
		c.l.respond(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	default:
	}
	timer, refused := c.l.agreeTimer(req)
	if refused {
		c.l.respond(req, tx, 422, "Session Interval Too Small", siplib.NewHeader("Min-SE", strconv.Itoa(int(leastTimer.Seconds()))))
		return
	}
	var body []byte
	var err error
	if len(req.Body()) > 0 {
		body, err = c.leg.Answer(req.Body())
	} else {
		body = c.leg.Offer()
	}
	if err != nil {
		c.l.refuse(req, tx, err)
		return
	}
	c.dlg.refresh(req, req.Source())
	c.timer.set(timer)
	ack, err := c.l.confirm(c.l.ctx, req, tx, c.dlg, body, timer)
	if err == nil && len(req.Body()) == 0 && len(ack.Body()) > 0 {
		err = c.leg.Accept(ack.Body())
	}
	if err != nil && c.l.ctx.Err() == nil {
		c.l.o.Log.Info("a change of a call was not confirmed", "call", c.info.ID, "error", err)
		if fault.CodeOf(err) == "not_confirmed" {
			c.end(err)
		}
	}
}

// theirTurn takes the lock of offers for one of the far end's; false while one of ours is open (RFC 3261 section 14.2). Their last one may still wait for its ACK, which overtook, or was overtaken by, this request.
func (c *call) theirTurn() bool {
	if c.offer.TryLock() {
		return true
	}
	if c.ours.Load() {
		return false
	}
	c.offer.Lock()
	return true
}

// update takes a sign of life, or an offer, outside an INVITE (RFC 3311).
func (c *call) update(req *siplib.Request, tx siplib.ServerTransaction) {
	timer, refused := c.l.agreeTimer(req)
	if refused {
		c.l.respond(req, tx, 422, "Session Interval Too Small", siplib.NewHeader("Min-SE", strconv.Itoa(int(leastTimer.Seconds()))))
		return
	}
	res := siplib.NewResponseFromRequest(req, 200, "OK", nil)
	if len(req.Body()) > 0 {
		if !c.theirTurn() {
			c.l.respond(req, tx, 491, "Request Pending")
			return
		}
		body, err := c.leg.Answer(req.Body())
		c.offer.Unlock()
		if err != nil {
			c.l.refuse(req, tx, err)
			return
		}
		res.AppendHeader(siplib.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	c.dlg.refresh(req, req.Source())
	c.timer.set(timer)
	res.AppendHeader(&siplib.ContactHeader{Address: *c.dlg.contact.Clone()})
	timer.write(res)
	c.l.send(res, tx)
}

// keysByInfo takes a key that came beside the sound.
func (c *call) keysByInfo(req *siplib.Request, tx siplib.ServerTransaction) {
	kind, body := "", string(req.Body())
	if h := req.ContentType(); h != nil {
		kind, _, _ = strings.Cut(strings.ToLower(h.Value()), ";")
	}
	key := ""
	switch strings.TrimSpace(kind) {
	case "application/dtmf-relay":
		for _, line := range strings.FieldsFunc(body, func(r rune) bool { return r == '\r' || r == '\n' }) {
			k, v, _ := strings.Cut(line, "=")
			if strings.EqualFold(strings.TrimSpace(k), "Signal") {
				key = strings.TrimSpace(v)
			}
		}
	case "application/dtmf":
		key = strings.TrimSpace(body)
	case "":
		c.l.respond(req, tx, 200, "OK") // a sign of life
		return
	default:
		c.l.respond(req, tx, 415, "Unsupported Media Type", siplib.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	if named, ok := map[string]string{"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}[key]; ok {
		key = named
	}
	key = strings.ToUpper(key)
	if len(key) != 1 || !strings.Contains("0123456789*#ABCD", key) {
		c.l.respond(req, tx, 400, "Bad Request")
		return
	}
	c.leg.Pressed(rune(key[0]))
	c.l.respond(req, tx, 200, "OK")
}

// message refuses text in a call: an agent on the telephone is spoken to.
func (c *call) message(req *siplib.Request, tx siplib.ServerTransaction) {
	c.l.respond(req, tx, 405, "Method Not Allowed")
}

// offerAgain sends what was agreed on again: a sign of life that also brings back what the far end may have lost.
func (c *call) offerAgain(ctx context.Context, headers ...siplib.Header) (*siplib.Response, error) {
	for try := range 3 {
		c.offer.Lock()
		c.ours.Store(true)
		res, err := c.exchange(ctx, headers...)
		c.ours.Store(false)
		c.offer.Unlock()
		if err != nil || res.StatusCode != 491 || try == 2 {
			return res, err
		}
		wait := time.NewTimer(glare(c.snapshot().Direction))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

// exchange sends one INVITE in the dialog and confirms its answer. Called with offer held.
func (c *call) exchange(ctx context.Context, headers ...siplib.Header) (*siplib.Response, error) {
	res, seq, err := c.reInvite(ctx, headers)
	if err != nil || !res.IsSuccess() {
		return res, err
	}
	c.dlg.refresh(res, "")
	ack := c.dlg.request(siplib.ACK, seq)
	if err := c.l.client.WriteRequest(ack, asIs); err != nil {
		return res, fault.Wrap(err, fault.Unavailable, "unreachable", "confirm the change of a call")
	}
	return res, c.leg.Accept(res.Body())
}

// reInvite sends an INVITE in the dialog, with credentials where they are asked for, and returns its final answer and number.
func (c *call) reInvite(ctx context.Context, headers []siplib.Header) (*siplib.Response, uint32, error) {
	req := c.dlg.request(siplib.INVITE, 0)
	for _, h := range headers {
		req.AppendHeader(h)
	}
	req.AppendHeader(siplib.NewHeader("Content-Type", "application/sdp"))
	req.SetBody(c.leg.Offer())
	res, err := c.l.ask(ctx, req)
	if err != nil {
		return nil, 0, err
	}
	if (res.StatusCode == 401 || res.StatusCode == 407) && c.trunk != nil && c.trunk.o.Password != "" {
		again, err := c.trunk.authorized(req, res, func() uint32 { return c.dlg.nextSeq() }, c.dlg.via)
		if err != nil {
			return res, 0, nil
		}
		res, err = c.l.ask(ctx, again)
		return res, again.CSeq().SeqNo, err
	}
	return res, req.CSeq().SeqNo, nil
}

// nextSeq numbers a request that is sent again.
func (d *dialog) nextSeq() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cseq++
	return d.cseq
}
