// Package sipline carries calls over SIP in this process: INVITEs that come are answered by agents, calls go out by trunks, and this machine registers at a PBX like a telephone. Transactions, parsing and sockets are
// sipgo's; dialogs, calls and their sound (live/transport/sip) are ours.
//
// Read line.go (who may call, which request goes where), sockets.go, call.go (one call's life), inbound.go, outbound.go, again.go (what changes a call in its middle), refer.go (transfers), trunk.go and register.go, dialog.go.
package sipline

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/live/transport/sip"
	"griot/internal/live/transport/sound"
	"griot/internal/telephony"
)

// Options of a Line. Host and Ports are needed, and something to listen on.
type Options struct {
	UDP, TCP, TLS string // addresses to listen on, host:port; empty for none
	Certificate   *tls.Config
	Ports         *sip.Ports
	Public        netip.Addr // as the world knows this machine; the zero value when it has no router in front
	Codecs        []sound.Kind
	Security      sip.Security
	Anywhere      bool           // sound is taken from whoever sends it first
	Patience      time.Duration  // without sound
	Allow         []netip.Prefix // who may call, besides this machine and the trunks
	Trunks        []Trunk
	Numbers       []Number
	Directory     telephony.Directory // asked before Numbers; may be nil
	Tenant        string              // whose calls come in
	Rate          int                 // INVITEs a second from one address; 0 for no limit
	Ring          time.Duration       // how long it rings before an agent answers
	RingMax       time.Duration       // how long our calls ring: 60 s
	Timer         time.Duration       // session timers (RFC 4028); 0 for none
	Version       string
	Host          telephony.Host
	Observe       telephony.Observer // may be nil
	Log           *slog.Logger
}

// Number says which agent answers which number. "*" is any other.
type Number struct{ Number, Agent string }

// Line is this machine's telephone line. It is safe for concurrent use.
type Line struct {
	o      Options
	ua     *sipgo.UserAgent
	client *sipgo.Client
	server *sipgo.Server
	udp    *net.UDPConn
	tcp    net.Listener
	tls    net.Listener
	gate   *gate
	trunks []*trunk
	ctx    context.Context // of every call
	stop   context.CancelFunc
	wg     sync.WaitGroup // everything that the line runs
	serve  sync.WaitGroup // its sockets
	deaf   atomic.Bool    // nothing is taken any more: the library would open a socket to answer by

	mu       sync.Mutex // guards what follows
	closed   bool
	calls    map[string]*call // by id
	dialogs  map[string]*call // by dialog
	inviting map[string]bool  // INVITEs that are being answered, by Call-ID and tag
}

var quietOnce sync.Once

// Open listens and begins to register. Faults: fault.Conflict "port_in_use", fault.Unavailable "cannot_listen", fault.Invalid for an address that is none. Close ends everything.
func Open(o Options) (_ *Line, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.RingMax <= 0 {
		o.RingMax = 60 * time.Second
	}
	// The library writes of every malformed packet; that is for the one who looks for it.
	hush := slog.New(demoted{o.Log.Handler()})
	quietOnce.Do(func() { siplib.SetDefaultLogger(slog.New(slog.DiscardHandler)) })
	l := &Line{o: o, gate: newGate(o.Rate), calls: map[string]*call{}, dialogs: map[string]*call{}, inviting: map[string]bool{}}
	l.ctx, l.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	for _, t := range o.Trunks {
		tr, err := newTrunk(l, t)
		if err != nil {
			return nil, err
		}
		l.trunks = append(l.trunks, tr)
	}
	if err := l.listen(); err != nil {
		return nil, err
	}
	l.ua, err = sipgo.NewUA(sipgo.WithUserAgent("Griot"), sipgo.WithUserAgenTLSConfig(clientTLS(o.Certificate)),
		sipgo.WithUserAgentTransactionLayerOptions(siplib.WithTransactionLayerLogger(hush), siplib.WithTransactionLayerUnhandledResponseHandler(l.stray)),
		sipgo.WithUserAgentTransportLayerOptions(siplib.WithTransportLayerLogger(hush), siplib.WithTransportLayerReadFilter(l.filter)))
	if err != nil {
		return nil, fmt.Errorf("make a SIP user agent: %w", err)
	}
	if l.client, err = sipgo.NewClient(l.ua, sipgo.WithClientLogger(hush)); err != nil {
		return nil, fmt.Errorf("make a SIP client: %w", err)
	}
	if l.server, err = sipgo.NewServer(l.ua, sipgo.WithServerLogger(hush)); err != nil {
		return nil, fmt.Errorf("make a SIP server: %w", err)
	}
	l.route()
	if l.udp != nil {
		ready := make(chan struct{})
		l.serve.Go(func() { _ = l.server.ServeUDP(&announced{UDPConn: l.udp, ready: ready}) })
		<-ready
	}
	if l.tcp != nil {
		l.serve.Go(func() { _ = l.server.ServeTCP(l.tcp) })
	}
	if l.tls != nil {
		l.serve.Go(func() { _ = l.server.ServeTLS(l.tls) })
	}
	for _, t := range l.trunks {
		l.wg.Go(t.run)
	}
	return l, nil
}

const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE"

// dress adds what every message of ours has.
func (l *Line) dress(m message) {
	name := "Server"
	if _, ok := m.(*siplib.Request); ok {
		name = "User-Agent"
	}
	m.AppendHeader(siplib.NewHeader(name, strings.TrimSpace("Griot "+l.o.Version)))
	m.AppendHeader(siplib.NewHeader("Allow", allow))
	m.AppendHeader(siplib.NewHeader("Supported", "timer"))
}

// route says who takes which request.
func (l *Line) route() {
	on := func(m siplib.RequestMethod, f func(*siplib.Request, siplib.ServerTransaction)) {
		l.server.OnRequest(m, func(req *siplib.Request, tx siplib.ServerTransaction) {
			if !l.enter() {
				if m != siplib.ACK {
					l.respond(req, tx, 503, "Service Unavailable")
				}
				return
			}
			defer l.wg.Done()
			f(req, tx)
		})
	}
	on(siplib.INVITE, l.invite)
	on(siplib.ACK, l.ack)
	on(siplib.BYE, l.bye)
	on(siplib.CANCEL, func(req *siplib.Request, tx siplib.ServerTransaction) {
		l.respond(req, tx, 481, "Call/Transaction Does Not Exist") // those that fit an INVITE are the library's
	})
	on(siplib.OPTIONS, l.options)
	on(siplib.INFO, l.inCall((*call).keysByInfo))
	on(siplib.UPDATE, l.inCall((*call).update))
	on(siplib.REFER, l.inCall(func(c *call, req *siplib.Request, tx siplib.ServerTransaction) {
		l.respond(req, tx, 603, "Decline") // an agent is not sent elsewhere by its caller
	}))
	on(siplib.NOTIFY, l.notify)
	on(siplib.MESSAGE, l.inCall((*call).message))
	for _, m := range []siplib.RequestMethod{siplib.REGISTER, siplib.SUBSCRIBE, siplib.PUBLISH, siplib.PRACK} {
		on(m, func(req *siplib.Request, tx siplib.ServerTransaction) {
			res := siplib.NewResponseFromRequest(req, 405, "Method Not Allowed", nil)
			l.send(res, tx)
		})
	}
	l.server.OnNoRoute(func(req *siplib.Request, tx siplib.ServerTransaction) { l.respond(req, tx, 501, "Not Implemented") })
}

// enter counts what runs, unless the line is closed.
func (l *Line) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Add(1)
	return true
}

// respond answers a request.
func (l *Line) respond(req *siplib.Request, tx siplib.ServerTransaction, code int, reason string, headers ...siplib.Header) {
	res := siplib.NewResponseFromRequest(req, code, reason, nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	l.send(res, tx)
}

func (l *Line) send(res *siplib.Response, tx siplib.ServerTransaction) {
	l.dress(res)
	if err := tx.Respond(res); err != nil && !errors.Is(err, siplib.ErrTransactionCanceled) {
		l.o.Log.Debug("an answer could not be sent", "status", res.StatusCode, "error", err)
	}
}

// find returns the call that a request in a dialog belongs to.
func (l *Line) find(req *siplib.Request) *call {
	to, id := req.To(), req.CallID()
	if to == nil || id == nil {
		return nil
	}
	l.mu.Lock()
	c := l.dialogs[key(id.Value(), tagOf(to.Params))]
	l.mu.Unlock()
	if c == nil || req.From() == nil || tagOf(req.From().Params) != c.dlg.remoteTag {
		return nil
	}
	return c
}

// inCall finds the call of a request, and its turn among the far end's.
func (l *Line) inCall(f func(*call, *siplib.Request, siplib.ServerTransaction)) func(*siplib.Request, siplib.ServerTransaction) {
	return func(req *siplib.Request, tx siplib.ServerTransaction) {
		c := l.find(req)
		switch {
		case c == nil:
			l.respond(req, tx, 481, "Call/Transaction Does Not Exist")
		case !c.dlg.fresh(req):
			l.respond(req, tx, 500, "Server Internal Error") // RFC 3261 section 12.2.2: out of order
		default:
			f(c, req, tx)
		}
	}
}

func (l *Line) ack(req *siplib.Request, _ siplib.ServerTransaction) {
	if c := l.find(req); c != nil {
		c.dlg.ack(req)
	}
}

func (l *Line) bye(req *siplib.Request, tx siplib.ServerTransaction) {
	c := l.find(req)
	if c == nil {
		l.respond(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	l.respond(req, tx, 200, "OK")
	c.farLeft(req)
}

// options answers whether we are there (RFC 3261 section 11).
func (l *Line) options(req *siplib.Request, tx siplib.ServerTransaction) {
	l.respond(req, tx, 200, "OK", siplib.NewHeader("Accept", "application/sdp"))
}

// stray is a response that belongs to no transaction, such as a 2xx that comes again after all.
func (l *Line) stray(*siplib.Response) {}

// source returns the address that a message came from.
func source(m *siplib.Request) netip.Addr {
	at, err := netip.ParseAddrPort(m.Source())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// from returns the trunk that a request came by, and whether its sender may call.
func (l *Line) from(req *siplib.Request) (t *trunk, allowed bool) {
	ip := source(req)
	for _, t := range l.trunks {
		if t.owns(ip, req.Recipient.User) {
			return t, true
		}
	}
	if ip.IsLoopback() {
		return nil, true
	}
	return nil, slices.ContainsFunc(l.o.Allow, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// agentFor returns who answers, and whose the number is; no tenant for whose the trunk is.
func (l *Line) agentFor(t *trunk, req *siplib.Request) (tenant, agent string) {
	user := telephony.Number(req.Recipient.User)
	to := ""
	if h := req.To(); h != nil {
		to = telephony.Number(h.Address.User)
	}
	other := ""
	for _, n := range l.o.Numbers {
		if n.Number == "*" {
			other = n.Agent
		}
	}
	for _, wanted := range []string{user, to} { // a registered telephone is called by its own name, and the number is in To
		if wanted != "" && l.o.Directory != nil {
			if tenant, agent = l.o.Directory(l.ctx, wanted); tenant != "" {
				return tenant, agent
			}
		}
		for _, n := range l.o.Numbers {
			if wanted != "" && strings.TrimPrefix(telephony.Number(n.Number), "+") == strings.TrimPrefix(wanted, "+") {
				return "", n.Agent
			}
		}
	}
	if t != nil && t.o.Agent != "" {
		return "", t.o.Agent
	}
	return "", other
}

// Close ends every call, takes back the registrations, and returns when everything has ended.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
	l.wg.Wait()
	l.deaf.Store(true)
	var errs []error
	if l.udp != nil {
		errs = append(errs, l.udp.Close())
	}
	for _, c := range []net.Listener{l.tcp, l.tls} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	l.serve.Wait()
	if l.ua != nil {
		_ = l.ua.Close() // its connections complain of each other's end
	}
	for i, err := range errs {
		if errors.Is(err, net.ErrClosed) {
			errs[i] = nil
		}
	}
	return errors.Join(errs...)
}
