package sipline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	siplib "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

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

// Status is how a trunk does at a moment.
type Status struct {
	Name       string
	Registers  bool
	Registered bool
	Reachable  bool      // it answers
	Since      time.Time // of this state
	Expires    time.Time // of the registration
	Problem    string    // in the far end's words, or ours; empty for none
}

const (
	pingEvery  = 30 * time.Second
	retryLeast = 5 * time.Second
	retryMost  = 5 * time.Minute
)

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

// Trunks tells how the trunks do.
func (l *Line) Trunks() []Status {
	out := make([]Status, 0, len(l.trunks))
	for _, t := range l.trunks {
		t.mu.Lock()
		out = append(out, t.status)
		t.mu.Unlock()
	}
	return out
}

// run keeps the trunk registered, or asks whether it is there, until the line closes.
func (t *trunk) run() {
	retry := retryLeast
	for {
		wait, err := t.visit(t.l.ctx)
		if t.l.ctx.Err() != nil {
			t.leave()
			return
		}
		if err != nil {
			wait = retry + time.Duration(rand.Int64N(int64(retry/4)))
			retry = min(2*retry, retryMost)
			if fault.KindOf(err) == fault.Denied {
				wait = retryMost // the same password will not become right
			}
		} else {
			retry = retryLeast
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-t.l.ctx.Done():
			timer.Stop()
		}
	}
}

// visit registers, or asks whether the trunk is there, and returns when to come again.
func (t *trunk) visit(ctx context.Context) (time.Duration, error) {
	ips, err := lookup(ctx, t.host)
	if err != nil {
		t.tell(false, time.Time{}, err)
		return 0, err
	}
	t.mu.Lock()
	t.ips = ips
	t.mu.Unlock()
	if t.o.Quiet && !t.o.Register {
		t.tell(true, time.Time{}, nil)
		return retryMost, nil // its address may change
	}
	if !t.o.Register {
		if err = t.ping(ctx); err != nil {
			t.tell(false, time.Time{}, err)
			return pingEvery, nil //nolint:nilerr // it is asked again at the same pace
		}
		t.tell(true, time.Time{}, nil)
		return pingEvery, nil
	}
	granted, err := t.register(ctx, t.o.Expires)
	if err != nil {
		t.tell(false, time.Time{}, err)
		return 0, err
	}
	t.tell(true, time.Now().Add(granted), nil)
	return max(granted*3/4, time.Second), nil
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", strings.Trim(host, "[]"))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unreachable", "find the address of %s", host)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips, nil
}

// tell notes how the trunk does, and says so when that has changed.
func (t *trunk) tell(up bool, expires time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status
	s.Reachable, s.Registered, s.Expires, s.Problem = up, up && t.o.Register, expires, ""
	if err != nil {
		s.Problem = err.Error()
	}
	if s.Reachable != t.status.Reachable || s.Problem != t.status.Problem {
		s.Since = time.Now()
		switch {
		case up && t.o.Register:
			t.l.o.Log.Info("registered", "trunk", t.o.Name, "expires", expires.Format(time.RFC3339))
		case up:
			t.l.o.Log.Info("a trunk answers", "trunk", t.o.Name)
		case t.l.ctx.Err() == nil:
			t.l.o.Log.Warn("a trunk cannot be used", "trunk", t.o.Name, "error", err)
		}
	}
	t.status = s
}

// outside makes a request that belongs to no call.
func (t *trunk) outside(method siplib.RequestMethod, to siplib.Uri) *siplib.Request {
	t.mu.Lock()
	far := netip.Addr{}
	if len(t.ips) > 0 {
		far = t.ips[0]
	}
	t.mu.Unlock()
	_, shown := t.l.local(far)
	us := siplib.Uri{Scheme: "sip", User: first(t.o.User, "griot"), Host: t.domain()}
	req := siplib.NewRequest(method, to)
	req.AppendHeader(t.l.viaFor(shown)(t.transport))
	from := siplib.FromHeader{Address: us}
	from.Params.Add("tag", siplib.GenerateTagN(16))
	req.AppendHeader(&from)
	whom := siplib.ToHeader{Address: to}
	if method == siplib.REGISTER {
		whom.Address = us
	}
	req.AppendHeader(&whom)
	id := siplib.CallIDHeader(siplib.GenerateTagN(32))
	req.AppendHeader(&id)
	req.AppendHeader(&siplib.CSeqHeader{SeqNo: 1, MethodName: method})
	forwards := siplib.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(&siplib.ContactHeader{Address: t.l.contactFor(us.User, shown, t.transport)})
	req.SetBody(nil)
	req.SetTransport(t.transport)
	req.SetDestination(t.proxy())
	req.Laddr = t.l.laddr(t.transport)
	return req
}

// asked sends a request that belongs to no call, again with credentials where they are asked for. A password that is wrong is a fault.Denied.
func (t *trunk) asked(ctx context.Context, req *siplib.Request) (*siplib.Response, error) {
	for try := 0; ; try++ {
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		res, err := t.l.ask(ctx, req)
		cancel()
		if err != nil {
			return nil, err
		}
		if res.StatusCode != 401 && res.StatusCode != 407 {
			return res, nil
		}
		if t.o.Password == "" || try > 1 || try == 1 && !stale(res) {
			return nil, fault.New(fault.Denied, "wrong_password", "%s does not accept the user or the password: %d %s", t.host, res.StatusCode, res.Reason)
		}
		if req, err = t.authorized(req, res, func() uint32 { return req.CSeq().SeqNo + 1 }, func(string) *siplib.ViaHeader {
			v := req.Via().Clone()
			v.Params.Remove("branch")
			v.Params.Add("branch", siplib.GenerateBranchN(16))
			return v
		}); err != nil {
			return nil, err
		}
	}
}

// register asks to be sent calls for so long, and returns what was granted.
func (t *trunk) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	for range 2 {
		req := t.outside(siplib.REGISTER, siplib.Uri{Scheme: "sip", Host: t.domain()})
		e := siplib.ExpiresHeader(uint32(expires.Seconds()))
		req.AppendHeader(&e)
		res, err := t.asked(ctx, req)
		switch {
		case err != nil:
			return 0, err
		case res.StatusCode == 423: // too short for it
			n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Min-Expires")))
			if err != nil || n <= int(expires.Seconds()) || n > 1<<20 {
				return 0, fault.New(fault.Conflict, "register_refused", "%s refuses the length of a registration and names none that is longer", t.host)
			}
			expires = time.Duration(n) * time.Second
		case res.StatusCode == 403:
			return 0, fault.New(fault.Denied, "register_refused", "%s refuses to register %s: %d %s", t.host, t.o.User, res.StatusCode, res.Reason)
		case !res.IsSuccess():
			return 0, fault.New(fault.Unavailable, "register_refused", "%s refuses to register %s: %d %s", t.host, t.o.User, res.StatusCode, res.Reason)
		default:
			return granted(req, res, expires), nil
		}
	}
	return 0, fault.New(fault.Conflict, "register_refused", "%s refuses the length of a registration", t.host)
}

// granted reads how long a registration lasts: what the answer says of our own Contact, or of all.
func granted(req *siplib.Request, res *siplib.Response, asked time.Duration) time.Duration {
	out := asked
	if n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Expires"))); err == nil && n > 0 {
		out = time.Duration(n) * time.Second
	}
	ours := req.Contact().Address
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*siplib.ContactHeader)
		if !ok || c.Address.User != ours.User || c.Address.Host != ours.Host {
			continue
		}
		if v, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				out = time.Duration(n) * time.Second
			}
		}
	}
	return min(out, 24*time.Hour)
}

// leave takes the registration back.
func (t *trunk) leave() {
	t.mu.Lock()
	registered := t.status.Registered
	t.mu.Unlock()
	if !registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeWait)
	defer cancel()
	if _, err := t.register(ctx, 0); err != nil {
		t.l.o.Log.Debug("a registration could not be taken back", "trunk", t.o.Name, "error", err)
	}
}

// ping asks whether the trunk is there: any answer tells that it is.
func (t *trunk) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	_, err := t.l.ask(ctx, t.outside(siplib.OPTIONS, siplib.Uri{Scheme: "sip", Host: t.domain()}))
	return err
}

// stale reports whether a challenge only wants a newer nonce.
func stale(res *siplib.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if strings.Contains(strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(h.Value(), " ", ""), `"`, "")), "stale=true") {
				return true
			}
		}
	}
	return false
}

// authorized returns the request with the credentials that its answer asks for (RFC 3261 section 22, RFC 8760): with another number and another branch.
func (t *trunk) authorized(req *siplib.Request, res *siplib.Response, seq func() uint32, via viaMaker) (*siplib.Request, error) {
	asks, gives := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		asks, gives = "Proxy-Authenticate", "Proxy-Authorization"
	}
	var challenge *digest.Challenge
	for _, h := range res.GetHeaders(asks) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(c) || len(c.QOP) > 0 && !c.SupportsQOP("auth") {
			continue
		}
		c.Algorithm = strings.ToUpper(c.Algorithm)
		if challenge == nil || strings.HasPrefix(c.Algorithm, "SHA") && !strings.HasPrefix(challenge.Algorithm, "SHA") {
			challenge = c
		}
	}
	if challenge == nil {
		return nil, fault.New(fault.Denied, "unknown_challenge", "%s asks for credentials in a way that is not known here", t.host)
	}
	cred, err := digest.Digest(challenge, digest.Options{Method: req.Method.String(), URI: req.Recipient.String(), Username: first(t.o.AuthUser, t.o.User), Password: t.o.Password, Count: 1})
	if err != nil {
		return nil, fmt.Errorf("make credentials for %s: %w", t.host, err)
	}
	next := req.Clone()
	next.Laddr = req.Laddr
	next.SetTransport(req.Transport())
	next.SetDestination(req.Destination())
	next.RemoveHeader("Via")
	next.PrependHeader(via(req.Transport()))
	next.RemoveHeader(gives)
	next.AppendHeader(siplib.NewHeader(gives, cred.String()))
	next.CSeq().SeqNo = seq()
	for _, once := range []string{"User-Agent", "Allow", "Supported"} { // dressed again when it is sent
		next.RemoveHeader(once)
	}
	return next, nil
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
