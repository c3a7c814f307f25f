package twilio

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

const (
	ringMost  = 600 * time.Second
	ringSlack = 10 * time.Second // Twilio lets it ring a little longer than it was told
	limitMore = 30 * time.Second // what Twilio's own limit of a call is longer than ours
)

// Place implements telephony.Carrier.
func (l *Line) Place(ctx context.Context, o telephony.Order) (string, error) {
	to, err := address(o.To)
	if err != nil {
		return "", err
	}
	from := cmp.Or(telephony.Number(o.From), l.o.From)
	if from == "" {
		return "", fault.New(fault.Invalid, "bad_value", "No number is set that calls can come from (twilio.from).").At("from")
	}
	ring := min(cmp.Or(max(o.Ring, 0), l.o.Ring), ringMost)
	info := telephony.Call{ID: telephony.NewID(), Carrier: Carrier, Trunk: o.Trunk, Tenant: cmp.Or(o.Tenant, l.o.Tenant), Direction: telephony.Outbound, From: from, To: to, Agent: o.Agent, State: telephony.Dialing, Created: time.Now()}
	c, err := l.newCall(info)
	if err != nil {
		return "", err
	}
	if c.conv, err = l.o.Host.Open(ctx, info, l, o.Max); err != nil {
		c.end(telephony.Failed, "refused")
		return "", err
	}
	c.change(func(i *telephony.Call) { i.Conversation = c.conv.ID() })
	mine := url.Values{"call": {info.ID}}
	form := url.Values{"To": {to}, "From": {from}, "Twiml": {document(c.listen())}, "Timeout": {seconds(ring)},
		"StatusCallback": {l.hook("status", mine)}, "StatusCallbackEvent": {"initiated", "ringing", "answered", "completed"}}
	if o.Max > 0 {
		form.Set("TimeLimit", seconds(o.Max+limitMore))
	}
	if l.o.Hang {
		form.Set("MachineDetection", "Enable")
		form.Set("AsyncAmd", "true")
		form.Set("AsyncAmdStatusCallback", l.hook("machine", mine))
	}
	if l.o.Record {
		form.Set("Record", "true")
		form.Set("RecordingChannels", "dual")
		form.Set("RecordingStatusCallback", l.hook("recording", mine))
	}
	r, err := l.api.create(ctx, form)
	if err != nil {
		outcome := refused(err)
		c.conv.Drop(string(outcome), err)
		c.end(outcome, "refused")
		return "", err
	}
	c.named(r.SID)
	l.wg.Go(func() { c.run(ring + ringSlack + l.o.MediaWait) })
	return info.ID, nil
}

// refused is the outcome of a call that Twilio did not take.
func refused(err error) telephony.Outcome {
	switch fault.KindOf(err) {
	case fault.Denied:
		return telephony.Forbidden
	case fault.Limited:
		return telephony.Congestion
	case fault.Unavailable:
		return telephony.Unreachable
	}
	if fault.CodeOf(err) == "bad_value" {
		return telephony.InvalidNumber
	}
	return telephony.Failed
}

// address checks whom to call: a number, or a sip: address.
func address(to string) (string, error) {
	bad := fault.New(fault.Invalid, "bad_value", "%q is neither a telephone number such as +33123456789 nor a sip: address.", to).At("to")
	if strings.HasPrefix(to, "sip:") {
		if len(to) > 255 || strings.ContainsAny(to, " \t\r\n<>\"") || !strings.Contains(to, "@") {
			return "", bad
		}
		return to, nil
	}
	n := telephony.Number(to)
	if len(n) < 3 || len(n) > 20 || strings.Trim(strings.TrimPrefix(n, "+"), "0123456789") != "" {
		return "", bad
	}
	return n, nil
}
