package sipline

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/live/transport/sip"
	"griot/internal/telephony"
)

// Trunk is a way to other telephones: a provider, or a PBX at which we register.
type Trunk struct {
	Name     string
	Address  string // host, host:port, or sip:host:port;transport=tls
	Domain   string // in addresses; empty for the host of Address
	User     string
	AuthUser string // of the credentials; empty for User
	Password string
	Number   string // that our calls show; empty for User
	Register bool
	Quiet    bool          // it is not asked whether it is there
	Expires  time.Duration // of a registration: 5 min
	Agent    string        // who answers calls that come by it, unless their number says otherwise
	Tenant   string        // whose it is; empty for the line's
	SRTP     string        // "require", "refuse" or "" for the line's
}

type trunk struct {
	l         *Line
	o         Trunk
	transport string
	host      string
	port      int

	mu     sync.Mutex // guards what follows
	ips    []netip.Addr
	status Status
}

func newTrunk(l *Line, o Trunk) (*trunk, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "bad_value", "sip.trunks."+o.Name+": "+format, args...)
	}
	text := o.Address
	if !strings.HasPrefix(text, "sip:") && !strings.HasPrefix(text, "sips:") {
		text = "sip:" + text
	}
	var u siplib.Uri
	if err := siplib.ParseUri(text, &u); err != nil || u.Host == "" {
		return nil, bad("%q is no address such as pbx.example.com or sip:pbx.example.com:5061;transport=tls", o.Address)
	}
	t := &trunk{l: l, o: o, host: u.Host, port: u.Port, transport: strings.ToUpper(u.UriParams.GetOr("transport", "udp"))}
	if u.Scheme == "sips" {
		t.transport = "TLS"
	}
	switch t.transport {
	case "UDP", "TCP", "TLS":
	default:
		return nil, bad("the transport %q is none of udp, tcp and tls", t.transport)
	}
	if t.port == 0 {
		t.port = siplib.DefaultPort(t.transport)
	}
	if t.o.Expires <= 0 {
		t.o.Expires = 5 * time.Minute
	}
	if o.Register && o.User == "" {
		return nil, bad("a user is needed to register")
	}
	t.status = Status{Name: o.Name, Registers: o.Register, Since: time.Now()}
	return t, nil
}

// proxy is where its requests go.
func (t *trunk) proxy() string {
	return net.JoinHostPort(strings.Trim(t.host, "[]"), strconv.Itoa(t.port))
}

// domain is what stands behind the @ of its addresses.
func (t *trunk) domain() string { return first(t.o.Domain, t.host) }

func (t *trunk) from() string { return first(telephony.Number(t.o.Number), t.o.User) }

func (t *trunk) security(line sip.Security) sip.Security {
	switch t.o.SRTP {
	case "require":
		return sip.Require
	case "refuse":
		return sip.Refuse
	}
	return line
}

// address is that of somebody to call by the trunk.
func (t *trunk) address(to string) (siplib.Uri, error) {
	var u siplib.Uri
	if strings.HasPrefix(to, "sip:") {
		if err := siplib.ParseUri(to, &u); err != nil || u.Host == "" || strings.ContainsAny(to, "<> \r\n") {
			return u, badNumber(to)
		}
		return u, nil
	}
	user := telephony.Number(to)
	if !dialable(user) {
		return u, badNumber(to)
	}
	u = siplib.Uri{Scheme: "sip", User: user, Host: t.domain()}
	if t.o.Domain == "" {
		u.Port = t.port
	}
	if t.transport != "UDP" {
		u.UriParams.Add("transport", strings.ToLower(t.transport))
	}
	return u, nil
}

// owns reports whether a call from ip, to that user, comes by this trunk.
func (t *trunk) owns(ip netip.Addr, _ string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.ips {
		if a == ip {
			return true
		}
	}
	return false
}

// trunkFor chooses the trunk of a call.
func (l *Line) trunkFor(o telephony.Order) (*trunk, error) {
	for _, t := range l.trunks {
		if (o.Trunk == "" || o.Trunk == t.o.Name) && first(t.o.Tenant, l.o.Tenant) == first(o.Tenant, l.o.Tenant) {
			return t, nil
		}
	}
	if o.Trunk != "" {
		return nil, fault.New(fault.NotFound, "trunk_not_found", "There is no trunk %q.", o.Trunk).At("trunk")
	}
	return nil, fault.New(fault.Unavailable, "no_trunk", "There is no trunk to call by: see the setting sip.trunks.")
}

// SendText implements telephony.Carrier by MESSAGE (RFC 3428).
func (l *Line) SendText(ctx context.Context, m telephony.Text) error {
	t, err := l.trunkFor(telephony.Order{Trunk: m.Trunk, Tenant: m.Tenant})
	if err != nil {
		return err
	}
	to, err := t.address(m.To)
	if err != nil {
		return err
	}
	if m.Body == "" || len(m.Body) > 1000 { // RFC 3428 section 8: no larger than a packet
		return fault.New(fault.Invalid, "invalid_text", "A text has 1 to 1000 bytes; this one has %d.", len(m.Body)).At("body")
	}
	req := t.outside(siplib.MESSAGE, to)
	req.RemoveHeader("Contact") // RFC 3428 section 4
	req.AppendHeader(siplib.NewHeader("Content-Type", "text/plain;charset=UTF-8"))
	req.SetBody([]byte(m.Body))
	res, err := t.asked(ctx, req)
	if err != nil {
		return err
	}
	if !res.IsSuccess() {
		f := fault.New(fault.Conflict, "text_refused", "The text was refused: %d %s.", res.StatusCode, res.Reason)
		f.Params = map[string]string{"outcome": string(outcomeOf(res.StatusCode, headerText(res, "Reason")))}
		return f
	}
	return nil
}
