package sipline

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// transferWait is how long the far end may take to connect to somebody else.
const transferWait = 60 * time.Second

// referred is what the far end reports of a transfer.
type referred struct {
	status int
	over   bool // nothing more will be reported
}

// Transfer implements telephony.Carrier by REFER (RFC 3515): the far end calls somebody else by itself, and tells how that went. It returns when the transfer has succeeded, and the call is over, or
// failed: fault.Conflict "transfer_refused" or "transfer_failed", with the outcome in the parameters.
func (l *Line) Transfer(ctx context.Context, id, to string) error {
	c, err := l.active(id)
	if err != nil {
		return err
	}
	target, err := c.target(to)
	if err != nil {
		return err
	}
	reports := make(chan referred, 8)
	c.mu.Lock()
	if c.refer != nil {
		c.mu.Unlock()
		return fault.New(fault.Conflict, "transfer_going_on", "The call is being transferred already.")
	}
	c.refer = reports
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.refer = nil
		c.mu.Unlock()
	}()
	ask, cancel := context.WithTimeout(ctx, answerWait)
	res, err := c.request(ask, siplib.REFER, "", nil, siplib.NewHeader("Refer-To", "<"+target+">"), siplib.NewHeader("Referred-By", "<"+c.dlg.contact.String()+">"))
	cancel()
	if err != nil {
		return err
	}
	if !res.IsSuccess() {
		return transferFault("transfer_refused", "The far end does not transfer the call", res.StatusCode, res.Reason)
	}
	return c.transferred(ctx, reports)
}

// transferred waits for how a transfer went.
func (c *call) transferred(ctx context.Context, reports <-chan referred) error {
	limit := time.NewTimer(transferWait)
	defer limit.Stop()
	for {
		select {
		case r := <-reports:
			switch {
			case r.status >= 200 && r.status < 300:
				c.leave("transferred")
				return nil
			case r.status >= 300:
				return transferFault("transfer_failed", "Nobody could be reached", r.status, "")
			case r.over: // it does not tell more: it is done, as far as we shall know
				c.leave("transferred")
				return nil
			}
		case <-c.gone: // some hang up as soon as they have begun
			return nil
		case <-limit.C:
			return fault.New(fault.Unavailable, "transfer_failed", "The far end has not said within %v how the transfer went. The call goes on.", transferWait)
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), fault.Unavailable, "transfer_failed", "wait for a transfer")
		}
	}
}

// leave ends the call after a transfer.
func (c *call) leave(reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.l.ctx), goodbyeWait)
	defer cancel()
	if err := c.conv.HangUp(ctx, reason); err != nil && fault.CodeOf(err) != "session_ended" {
		c.end(nil)
	}
}

func transferFault(code, what string, status int, reason string) error {
	o := outcomeOf(status, "")
	f := fault.New(fault.Conflict, code, "%s: %s (%s).", what, strings.TrimSpace(strconv.Itoa(status)+" "+reason), o)
	f.Params = map[string]string{"outcome": string(o), "status": strconv.Itoa(status)}
	return f
}

// target is the address of a transfer: a number is one of the far end's own network.
func (c *call) target(to string) (string, error) {
	if strings.HasPrefix(to, "sip:") || strings.HasPrefix(to, "sips:") {
		var u siplib.Uri
		if err := siplib.ParseUri(to, &u); err != nil || u.Host == "" || strings.ContainsAny(to, "<> \r\n") {
			return "", badNumber(to)
		}
		return to, nil
	}
	user := telephony.Number(to)
	if !dialable(user) {
		return "", badNumber(to)
	}
	var host string
	switch {
	case c.trunk != nil:
		host = c.trunk.domain()
	case c.l.names(user): // one of our own
		host = hostPort(c.dlg.contact, c.dlg.transport)
	default:
		c.dlg.mu.Lock()
		host = hostPort(c.dlg.target, c.dlg.transport)
		c.dlg.mu.Unlock()
	}
	return "sip:" + user + "@" + host, nil
}

// names reports whether an agent answers that very number.
func (l *Line) names(number string) bool {
	return slices.ContainsFunc(l.o.Numbers, func(n Number) bool {
		return strings.TrimPrefix(telephony.Number(n.Number), "+") == strings.TrimPrefix(number, "+")
	})
}

// dialable reports whether a text can be the user part of an address.
func dialable(user string) bool {
	if user == "" || len(user) > 64 {
		return false
	}
	for _, r := range user {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+*#-_.!~", r) {
			return false
		}
	}
	return true
}

func badNumber(to string) error {
	return fault.New(fault.Invalid, "invalid_number", "%q is neither a telephone number nor an address such as sip:someone@example.com.", to).At("to")
}

// notify takes what the far end reports: of a transfer, or, without being asked, of voice mail and the like.
func (l *Line) notify(req *siplib.Request, tx siplib.ServerTransaction) {
	event, _, _ := strings.Cut(strings.ToLower(first(headerText(req, "Event"), headerText(req, "o"))), ";")
	c := l.find(req)
	switch {
	case strings.TrimSpace(event) != "refer":
		l.respond(req, tx, 200, "OK")
		return
	case c == nil:
		l.respond(req, tx, 481, "Subscription Does Not Exist")
		return
	}
	l.respond(req, tx, 200, "OK")
	r := referred{over: strings.HasPrefix(strings.ToLower(headerText(req, "Subscription-State")), "terminated")}
	// The body is the beginning of the answer that the far end got (RFC 3420).
	if line, _, _ := strings.Cut(string(req.Body()), "\r\n"); strings.HasPrefix(line, "SIP/2.0 ") {
		if f := strings.Fields(line); len(f) >= 2 {
			r.status, _ = strconv.Atoi(f[1])
		}
	}
	c.mu.Lock()
	reports := c.refer
	c.mu.Unlock()
	if reports == nil {
		return
	}
	select {
	case reports <- r:
	default: // who sends so many says nothing new
	}
}
