// Package webrtc carries calls over WebRTC: ICE on one UDP port for all of them, and on TCP for those whose firewall lets nothing else through, DTLS and SRTP, sound as
// Opus or G.711, and one data channel. It answers complete offers: there is no trickling, the answer holds every candidate, and a browser that sent none is found by the
// address from which it knocks.
//
// A Hub owns the sockets. Hub.Answer makes a Peer, which is the transport.Leg of its call. Read hub.go, peer.go, then out.go (the way to the listener); the way in is in package sound.
package webrtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"griot/internal/fault"
	"griot/internal/live/transport/sound"
	"griot/internal/media/opus"
)

// Options of a Hub.
type Options struct {
	// UDPPort of all calls; 0 takes a free one.
	UDPPort int
	// TCPPort on which callers may connect when UDP does not come through; 0 takes a free one, -1 none.
	TCPPort int
	// Listen are the local addresses to use; none means all, with loopback.
	Listen []netip.Addr
	// Public are addresses at which this machine is reached from outside, beside its own.
	Public []netip.Addr
	// NoOpus speaks G.711 only, as where the library is missing.
	NoOpus bool
	Log    *slog.Logger
}

// maxMessage is the longest message of a data channel, in bytes; the answer says so.
const maxMessage = 256 << 10

// Hub owns the sockets that calls come in by.
type Hub struct {
	api  *webrtc.API
	udp  ice.UDPMux
	tcp  ice.TCPMux
	port int
	tcpn int
	opus bool
	log  *slog.Logger

	mu   sync.Mutex // guards what follows
	cert webrtc.Certificate
	made time.Time // when
}

// renew is how old the certificate of new calls may become; the library makes them valid for a month.
const renew = 7 * 24 * time.Hour

// New opens the sockets. The fault is fault.Conflict "port_in_use" when another program has the port, and fault.Unavailable when it cannot be opened at all. Close closes them.
func New(o Options) (_ *Hub, err error) {
	h := &Hub{log: o.Log, opus: !o.NoOpus && opus.Available() == nil, tcpn: -1}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	local, err := localAddrs(o.Listen)
	if err != nil {
		return nil, err
	}
	if err := h.listenUDP(local, o.UDPPort); err != nil {
		return nil, err
	}
	if o.TCPPort >= 0 {
		if err := h.listenTCP(o.Listen, o.TCPPort); err != nil {
			return nil, err
		}
	}
	h.api, err = h.newAPI(o)
	return h, err
}

// certificate is what a call proves itself by: one for many calls, as making one takes time.
func (h *Hub) certificate(now time.Time) (webrtc.Certificate, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.made.IsZero() && now.Sub(h.made) < renew {
		return h.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return h.cert, fmt.Errorf("make a key for DTLS: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return h.cert, fmt.Errorf("make a certificate for DTLS: %w", err)
	}
	h.cert, h.made = *cert, now
	return h.cert, nil
}

// localAddrs returns the addresses to listen on: those wished for, or all that this machine has.
func localAddrs(wanted []netip.Addr) ([]netip.Addr, error) {
	if len(wanted) > 0 {
		return wanted, nil
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "no_network", "list this machine's network addresses")
	}
	var out []netip.Addr
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		// Link-local IPv6 needs a zone, which a candidate cannot hold.
		if ip := p.Addr().Unmap(); !ip.IsLinkLocalUnicast() && !slices.Contains(out, ip) {
			out = append(out, ip)
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Unavailable, "no_network", "this machine has no network address")
	}
	return out, nil
}

// listenUDP opens one socket for each local address, all with the same port: an answer must leave by the address that was asked.
func (h *Hub) listenUDP(local []netip.Addr, port int) error {
	var muxes []ice.UDPMux
	for _, ip := range local {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port))))
		if err != nil {
			if !isInUse(err) && (len(muxes) > 0 || ip.Is6()) { // an address that has just gone, or IPv6 switched off, is no reason
				h.log.Warn("WebRTC cannot use an address", "address", ip, "error", err)
				continue
			}
			for _, m := range muxes {
				_ = m.Close()
			}
			return listenFault("udp", ip, port, err)
		}
		_ = c.SetReadBuffer(1 << 20) // all calls share it; a smaller one works too
		port = c.LocalAddr().(*net.UDPAddr).Port
		muxes = append(muxes, ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: c, Logger: quiet{}}))
	}
	if len(muxes) == 0 {
		return fault.New(fault.Unavailable, "no_network", "WebRTC can listen on none of this machine's addresses")
	}
	h.udp, h.port = ice.NewMultiUDPMuxDefault(muxes...), port
	return nil
}

// listenTCP opens the socket for callers whose UDP does not come through, or one for each of the addresses that are wished for.
func (h *Hub) listenTCP(wanted []netip.Addr, port int) error {
	hosts := []string{""}
	if len(wanted) > 0 {
		hosts = hosts[:0]
	}
	for _, ip := range wanted {
		hosts = append(hosts, ip.String())
	}
	var muxes []ice.TCPMux
	for _, host := range hosts {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			for _, m := range muxes {
				_ = m.Close()
			}
			return listenFault("tcp", netip.Addr{}, port, err)
		}
		port = l.Addr().(*net.TCPAddr).Port
		muxes = append(muxes, ice.NewTCPMuxDefault(ice.TCPMuxParams{Listener: l, Logger: quiet{}, ReadBufferSize: 64, WriteBufferSize: 1 << 20,
			FirstStunBindTimeout: 10 * time.Second, AliveDurationForConnFromStun: 10 * time.Second}))
	}
	h.tcpn = port
	if h.tcp = muxes[0]; len(muxes) > 1 {
		h.tcp = ice.NewMultiTCPMuxDefault(muxes...)
	}
	return nil
}

func listenFault(network string, ip netip.Addr, port int, err error) error {
	if isInUse(err) {
		return fault.Wrap(err, fault.Conflict, "port_in_use", "port %d/%s is taken by another program", port, network)
	}
	return fault.Wrap(err, fault.Unavailable, "cannot_listen", "listen for WebRTC on %v, port %d/%s", ip, port, network)
}

// newAPI says how peers are made.
func (h *Hub) newAPI(o Options) (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	for _, c := range h.codecs() {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("offer a codec: %w", err)
		}
	}
	reports := &interceptor.Registry{}
	in, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("prepare reports: %w", err)
	}
	out, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("prepare reports: %w", err)
	}
	reports.Add(in)
	reports.Add(out)

	s := webrtc.SettingEngine{LoggerFactory: quietFactory{}}
	s.SetICEUDPMux(h.udp)
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if h.tcp != nil {
		s.SetICETCPMux(h.tcp)
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	s.SetNetworkTypes(types)
	s.DisableActiveTCP(true)
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled) // a browser that hides its address shows it by knocking
	if len(o.Listen) > 0 {
		s.SetIPFilter(func(ip net.IP) bool {
			a, ok := netip.AddrFromSlice(ip)
			return ok && slices.Contains(o.Listen, a.Unmap())
		})
	}
	if len(o.Public) > 0 {
		rule := webrtc.ICEAddressRewriteRule{AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteAppend}
		for _, a := range o.Public {
			rule.External = append(rule.External, a.String())
		}
		if err := s.SetICEAddressRewriteRules(rule); err != nil {
			return nil, fmt.Errorf("tell public addresses: %w", err)
		}
	}
	s.SetICETimeouts(disconnected, gone, 2*time.Second)
	s.DetachDataChannels()
	s.SetSCTPMaxMessageSize(maxMessage)
	s.SetReceiveMTU(1600)
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(reports), webrtc.WithSettingEngine(s)), nil
}

// How long a network may be silent: until it is said, and until the call is over.
const (
	disconnected = 5 * time.Second
	gone         = 15 * time.Second
)

// codecs are those that we speak, in our order.
func (h *Hub) codecs() (out []webrtc.RTPCodecParameters) {
	if h.opus {
		out = append(out, webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: sound.OpusClock, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}})
	}
	return append(out,
		webrtc.RTPCodecParameters{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: sound.G711Clock}},
		webrtc.RTPCodecParameters{PayloadType: 8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: sound.G711Clock}})
}

// UDPPort returns the port of all calls.
func (h *Hub) UDPPort() int { return h.port }

// TCPPort returns the port for callers without UDP, or -1.
func (h *Hub) TCPPort() int { return h.tcpn }

// Opus reports whether calls may speak Opus.
func (h *Hub) Opus() bool { return h.opus }

// Close closes the sockets. Peers must have been closed before.
func (h *Hub) Close() error {
	var errs []error
	for _, c := range []io.Closer{h.udp, h.tcp} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// quietFactory keeps the library from writing to the standard error: what ends a call is told by its peer.
type quietFactory struct{}

func (quietFactory) NewLogger(string) logging.LeveledLogger { return quiet{} }

type quiet struct{}

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}

func isInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
