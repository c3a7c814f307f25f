package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/live/realtime"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sip"
	"griot/internal/live/transport/sound"
	"griot/internal/media/opus"
	"griot/internal/telephony"
	"griot/internal/telephony/sipline"
)

// openPhone opens the telephone line; there is none without an address to listen on.
func (a *App) openPhone() error {
	cfg := a.cfg.SIP
	if !cfg.Enabled() {
		return nil
	}
	ports, err := sip.NewPorts(cfg.Ports())
	if err != nil {
		return fmt.Errorf("sip.rtp_ports: %w", err)
	}
	if from, to, overlaps := ports.Ephemeral(); overlaps {
		a.log.Warn("the system gives some of the ports of sip.rtp_ports to other programs too: now and then a call finds one taken. Choose another range, or reserve it by net.ipv4.ip_local_reserved_ports",
			"from", from, "to", to)
	}
	o := sipline.Options{UDP: cfg.UDP, TCP: cfg.TCP, TLS: cfg.TLS, Ports: ports, Codecs: codecs(cfg.Codecs), Security: security[cfg.SRTP], Anywhere: cfg.MediaFrom == "anywhere", Patience: cfg.RTPTimeout,
		Allow: cfg.Prefixes(), Tenant: tenant, Directory: a.desk.Answers, Observe: a.desk.Observe, Rate: cfg.Rate, Ring: cfg.Ring, RingMax: cfg.RingTimeout, Timer: cfg.SessionTimer, Version: a.version, Host: phoneHost{a}, Log: a.log}
	if cfg.PublicAddress != "" {
		o.Public = netip.MustParseAddr(cfg.PublicAddress).Unmap() // it was validated
	}
	if o.Certificate, err = certificate(cfg); err != nil {
		return err
	}
	for _, n := range cfg.Numbers {
		number, agent, _ := strings.Cut(n, "=")
		o.Numbers = append(o.Numbers, sipline.Number{Number: strings.TrimSpace(number), Agent: strings.TrimSpace(agent)})
	}
	for name, t := range cfg.Trunks {
		o.Trunks = append(o.Trunks, sipline.Trunk{Name: name, Address: t.Address, Domain: t.Domain, User: t.User, AuthUser: t.AuthUser, Password: t.Password, Number: t.Number, Register: t.Register, Quiet: t.Quiet, Expires: t.Expires,
			Agent: t.Agent, SRTP: t.SRTP})
	}
	sort.Slice(o.Trunks, func(i, j int) bool { return o.Trunks[i].Name < o.Trunks[j].Name })
	line, err := sipline.Open(o)
	if err != nil {
		return fmt.Errorf("open the telephone line (settings sip): %w", err)
	}
	a.phone = line
	a.onClose(line.Close)
	a.log.Info("SIP is ready", "udp", line.Addr("UDP"), "tcp", line.Addr("TCP"), "tls", line.Addr("TLS"), "rtp_ports", cfg.RTPPorts, "calls", ports.Calls())
	return nil
}

var security = map[string]sip.Security{"": sip.Accept, "accept": sip.Accept, "require": sip.Require, "refuse": sip.Refuse}

// codecs are those that are wished for and can be spoken here.
func codecs(names []string) (out []sound.Kind) {
	if len(names) == 0 {
		names = []string{"opus", "pcmu", "pcma"}
	}
	for _, n := range names {
		if k := sound.KindOf(n); k != sound.None && (k != sound.Opus || opus.Available() == nil) {
			out = append(out, k)
		}
	}
	if len(out) == 0 { // the library of the only one is missing
		out = []sound.Kind{sound.PCMU, sound.PCMA}
	}
	return out
}

// certificate reads what TLS needs; nil where none is set.
func certificate(cfg config.SIP) (*tls.Config, error) {
	if cfg.TLSCert == "" && cfg.TLSCA == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "bad_value", "sip.tls_cert and sip.tls_key").At("sip.tls_cert")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if cfg.TLSCA != "" {
		pem, err := os.ReadFile(cfg.TLSCA)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "bad_value", "sip.tls_ca").At("sip.tls_ca")
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Invalid, "bad_value", "sip.tls_ca: %s holds no certificate", cfg.TLSCA).At("sip.tls_ca")
		}
		c.RootCAs = pool
	}
	return c, nil
}

// phoneHost holds the conversations of telephone calls. They are the same as every other.
type phoneHost struct{ a *App }

// Open implements telephony.Host.
func (h phoneHost) Open(ctx context.Context, c telephony.Call, carrier telephony.Carrier, max time.Duration) (telephony.Conversation, error) {
	conv, err := h.a.live.Open(identity.With(ctx, identity.Principal{Tenant: c.Tenant}), "agent:"+c.Agent, realtime.Request{Channel: "phone", Remote: farEnd(c)})
	if err != nil {
		return nil, err
	}
	conv.Plan.Tools = append(conv.Plan.Tools, telephony.Tools(carrier, c.ID))
	told, err := h.a.desk.Announcement(ctx, c.Tenant, conv.Plan.Lang)
	if err != nil { // who is not told must not be recorded
		conv.Close("refused", err)
		return nil, err
	}
	if told != "" {
		conv.Plan.Greeting, conv.Plan.Protected = strings.TrimSpace(told+" "+conv.Plan.Greeting), true
	}
	if max > 0 {
		conv.Plan.Limits.Max = max
	}
	return &phoneCall{server: h.a.live, conv: conv, began: make(chan struct{})}, nil
}

// farEnd is who talks to the agent.
func farEnd(c telephony.Call) string {
	if c.Direction == telephony.Outbound {
		return c.To
	}
	return c.From
}

// phoneCall is the conversation of a call.
type phoneCall struct {
	server *realtime.Server
	conv   *realtime.Conversation
	began  chan struct{}
	once   sync.Once
	live   *realtime.Call // set before began is closed
}

// ID implements telephony.Conversation.
func (p *phoneCall) ID() string { return p.conv.ID }

// Run implements telephony.Conversation.
func (p *phoneCall) Run(ctx context.Context, leg transport.Leg) string {
	live, err := p.server.NewCall(p.conv, leg)
	if err != nil {
		p.conv.Close("failed", err)
		p.once.Do(func() { close(p.began) })
		return "failed"
	}
	p.live = live
	p.once.Do(func() { close(p.began) })
	live.Run(ctx)
	return live.Reason()
}

// Drop implements telephony.Conversation.
func (p *phoneCall) Drop(reason string, err error) { p.conv.Close(reason, err) }

// HangUp implements telephony.Conversation.
func (p *phoneCall) HangUp(ctx context.Context, reason string) error {
	select {
	case <-p.began:
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.live == nil {
		return nil
	}
	return p.live.HangUp(ctx, reason)
}
