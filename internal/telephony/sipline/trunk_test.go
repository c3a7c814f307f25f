package sipline

import (
	"errors"
	"strings"
	"testing"
	"time"

	siplib "github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// request makes one as a parser would.
func request(t testing.TB, method string, headers ...string) *siplib.Request {
	t.Helper()
	text := method + " sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 " + method +
		"\r\nContact: <sip:a@127.0.0.1:5060>\r\n" + strings.Join(append(headers, ""), "\r\n") + "Content-Length: 0\r\n\r\n"
	m, err := siplib.ParseMessage([]byte(text))
	require.NoError(t, err)
	return m.(*siplib.Request)
}

// Every final answer, and every cause of a telephone network, is one of the outcomes that all carriers share.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		status int
		reason string
		want   telephony.Outcome
	}{
		{486, "", telephony.Busy}, {600, "", telephony.Busy},
		{480, "", telephony.Unreachable}, {408, "", telephony.Unreachable}, {302, "", telephony.Unreachable},
		{603, "", telephony.Declined}, {607, "", telephony.Declined},
		{503, "", telephony.Congestion}, {500, "", telephony.Congestion},
		{404, "", telephony.InvalidNumber}, {484, "", telephony.InvalidNumber}, {604, "", telephony.InvalidNumber},
		{403, "", telephony.Forbidden}, {407, "", telephony.Forbidden},
		{488, "", telephony.Incompatible}, {487, "", telephony.Cancelled}, {499, "", telephony.Failed}, {699, "", telephony.Failed},
		{480, `Q.850;cause=17;text="User busy"`, telephony.Busy},
		{480, "SIP;cause=480, Q.850 ; cause = 19", telephony.NoAnswer},
		{500, "Q.850;cause=1", telephony.InvalidNumber},
		{503, "Q.850;cause=34", telephony.Congestion},
		{603, "Q.850;cause=21", telephony.Declined},
		{486, "Q.850;cause=x", telephony.Busy}, {486, "nonsense;;=", telephony.Busy},
	} {
		require.Equal(t, c.want, outcomeOf(c.status, c.reason), "%d %s", c.status, c.reason)
	}
	require.True(t, telephony.Busy.Retry())
	require.False(t, telephony.InvalidNumber.Retry())
}

// A trunk without registration is asked whether it is there, and its calls are its agent's.
func TestTrunk(t *testing.T) {
	b := open(t, nil)
	a := open(t, func(o *Options) {
		o.Trunks = []Trunk{b.trunk(func(tr *Trunk) { tr.Agent = "theirs" })}
		o.Numbers = nil
	})
	require.Eventually(t, func() bool { return a.line.Trunks()[0].Reachable }, 20*time.Second, 10*time.Millisecond)
	require.False(t, a.line.Trunks()[0].Registered)
	c := open(t, func(o *Options) { o.Trunks = []Trunk{a.trunk(nil)} })
	id := c.place(telephony.Order{Agent: "x", To: "5"})
	v := a.conv()
	require.Equal(t, "theirs", v.call.Agent)
	require.Equal(t, "far", v.call.Trunk)
	require.NoError(t, c.line.HangUp(t.Context(), id, "hung_up"))

	require.Equal(t, "text_refused", fault.CodeOf(a.line.SendText(t.Context(), telephony.Text{To: "1", Body: "hello"})), "an agent is spoken to")
	require.Equal(t, "invalid_text", fault.CodeOf(a.line.SendText(t.Context(), telephony.Text{To: "1"})))
	require.Equal(t, "no_trunk", fault.CodeOf(b.line.SendText(t.Context(), telephony.Text{To: "1", Body: "x"})))
}

// A host that cannot be found is a trunk that cannot be used, and says so.
func TestTrunkNowhere(t *testing.T) {
	a := open(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "far", Address: "no.such.host.invalid", User: "x", Register: true}}
	})
	require.Eventually(t, func() bool { return a.line.Trunks()[0].Problem != "" }, 30*time.Second, 10*time.Millisecond)
	_, err := a.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// Signs of life keep a call; when they do not come it is over.
func TestSessionTimer(t *testing.T) {
	b := open(t, nil)
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	id := a.place(telephony.Order{Agent: "x", To: "1"})
	va, vb := a.conv(), b.conv()
	vb.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
	ca, err := a.line.active(id)
	require.NoError(t, err)
	cb, err := b.line.active(vb.call.ID)
	require.NoError(t, err)
	seen := func(c *call) time.Time { c.timer.mu.Lock(); defer c.timer.mu.Unlock(); return c.timer.seen }
	before := seen(ca)
	ca.timer.set(agreedTimer{every: 400 * time.Millisecond, ours: true})
	vb.until(t, "signs of life", func(*conv) bool { return seen(ca).Sub(before) > time.Second })
	require.NotEmpty(t, a.line.Calls(), "the call goes on")
	ca.timer.set(agreedTimer{})
	cb.timer.set(agreedTimer{every: 400 * time.Millisecond})
	require.Equal(t, "caller_left", vb.over(t))
	require.Equal(t, "caller_left", va.over(t))
}

// What an INVITE asks of session timers.
func TestAgreeTimer(t *testing.T) {
	l := &Line{o: Options{Timer: 30 * time.Minute}}
	for _, c := range []struct {
		headers []string
		every   time.Duration
		ours    bool
		refused bool
	}{
		{nil, 0, false, false},
		{[]string{"Supported: timer"}, 30 * time.Minute, false, false},
		{[]string{"Supported: timer", "Session-Expires: 600;refresher=uas"}, 10 * time.Minute, true, false},
		{[]string{"Supported: 100rel, timer", "Session-Expires: 600 ; refresher=uac"}, 10 * time.Minute, false, false},
		{[]string{"k: timer", "x: 600"}, 10 * time.Minute, false, false},
		{[]string{"Session-Expires: 600"}, 10 * time.Minute, true, false},
		{[]string{"Supported: timer", "Session-Expires: 30"}, 0, false, true},
		{[]string{"Supported: timer", "Session-Expires: never"}, 30 * time.Minute, false, false},
	} {
		a, refused := l.agreeTimer(request(t, "INVITE", c.headers...))
		require.Equal(t, c.refused, refused, "%v", c.headers)
		require.Equal(t, c.every, a.every, "%v", c.headers)
		require.Equal(t, c.ours, a.ours, "%v", c.headers)
	}
}

// A second INVITE of ours that meets the far end's is tried again, and the sound goes on.
func TestGlare(t *testing.T) {
	b := open(t, nil)
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	id := a.place(telephony.Order{Agent: "x", To: "1"})
	vb := b.conv()
	vb.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
	ca, err := a.line.active(id)
	require.NoError(t, err)
	cb, err := b.line.active(vb.call.ID)
	require.NoError(t, err)
	errs := make(chan error, 2)
	for _, c := range []*call{ca, cb} {
		go func() {
			res, err := c.offerAgain(t.Context())
			if err == nil && !res.IsSuccess() {
				err = errors.New(res.StartLine())
			}
			errs <- err
		}()
	}
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	vb.mu.Lock()
	was := vb.loud
	vb.mu.Unlock()
	vb.until(t, "sound", func(v *conv) bool { return v.loud > was+5 })
	require.NoError(t, a.line.HangUp(t.Context(), id, "hung_up"))
}

// Requests go back to where a far end behind a router sends from, unless it can be reached where it says.
func TestAround(t *testing.T) {
	for _, c := range []struct {
		transport, contact, source string
		routes                     []string
		want                       string
	}{
		{"UDP", "10.0.0.5", "203.0.113.9:40000", nil, "203.0.113.9:40000"},
		{"UDP", "203.0.113.7", "203.0.113.9:40000", nil, ""},
		{"UDP", "pbx.example.com", "203.0.113.9:40000", nil, ""},
		{"TCP", "203.0.113.7", "203.0.113.9:40000", nil, "203.0.113.9:40000"},
		{"UDP", "10.0.0.5", "203.0.113.9:40000", []string{"<sip:proxy.example.com;lr>"}, ""},
	} {
		d := &dialog{transport: c.transport, source: c.source, routes: c.routes}
		d.target.Host = c.contact
		d.around()
		require.Equal(t, c.want, d.destination, "%+v", c)
	}
	require.Equal(t, "proxy.example.com:5060", routeHost("<sip:proxy.example.com;lr>", "UDP"))
	require.Equal(t, "10.1.1.1:5070", routeHost("<sip:10.1.1.1:5070;lr>,<sip:b;lr>", "UDP"))
	require.Empty(t, routeHost("nonsense", "UDP"))
}
