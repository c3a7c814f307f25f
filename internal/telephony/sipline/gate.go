package sipline

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"

	"griot/internal/fault"
)

const (
	gateSize  = 4096 // addresses that are remembered
	packets   = 40   // of every kind, for one INVITE that may come: calls need some ten
	patience  = 2    // seconds of the rate that may come at once
	retryWhen = "2"  // seconds, for those who are refused
)

// gate bounds how fast calls come from one address.
type gate struct {
	rate float64

	mu   sync.Mutex // guards what follows
	seen map[netip.Addr]*bucket
}

type bucket struct {
	calls, packets float64
	at             time.Time
}

func newGate(rate int) *gate { return &gate{rate: float64(rate), seen: map[netip.Addr]*bucket{}} }

// find returns an address's bucket, filled up to now. Called with mu held.
func (g *gate) find(ip netip.Addr, now time.Time) *bucket {
	b := g.seen[ip]
	if b == nil {
		if len(g.seen) >= gateSize {
			for other, old := range g.seen {
				if now.Sub(old.at) > patience*time.Second { // full again
					delete(g.seen, other)
				}
			}
		}
		if len(g.seen) >= gateSize { // a flood with addresses that are made up: they share one bucket
			ip = netip.Addr{}
			if b = g.seen[ip]; b != nil {
				return g.fill(b, now)
			}
		}
		b = &bucket{calls: g.rate * patience, packets: g.rate * patience * packets, at: now}
		g.seen[ip] = b
	}
	return g.fill(b, now)
}

func (g *gate) fill(b *bucket, now time.Time) *bucket {
	d := now.Sub(b.at).Seconds()
	b.calls = min(b.calls+d*g.rate, g.rate*patience)
	b.packets = min(b.packets+d*g.rate*packets, g.rate*patience*packets)
	b.at = now
	return b
}

// call reports whether one more call may come from there.
func (g *gate) call(ip netip.Addr, now time.Time) bool {
	if g.rate <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.find(ip, now)
	if b.calls < 1 {
		return false
	}
	b.calls--
	return true
}

// packet reports whether one more packet is looked at.
func (g *gate) packet(ip netip.Addr, now time.Time) bool {
	if g.rate <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.find(ip, now)
	if b.packets < 1 {
		return false
	}
	b.packets--
	return true
}

// filter drops what a flood brings before it is read. Over connections nothing is dropped: half a message would garble what follows.
func (l *Line) filter(p sip.TransportReadProps, data []byte) ([]byte, error) {
	if l.deaf.Load() {
		return nil, nil
	}
	at, ok := p.RemoteAddr.(*net.UDPAddr)
	if !ok {
		return data, nil
	}
	ip, ok := netip.AddrFromSlice(at.IP)
	if !ok || bytes.HasPrefix(data, []byte("SIP/2.0 ")) { // an answer to what we asked
		return data, nil
	}
	if !l.gate.packet(ip.Unmap(), time.Now()) {
		return nil, nil
	}
	return data, nil
}

func listenFault(err error, network, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.Wrap(err, fault.Conflict, "port_in_use", "%s/%s, for SIP, is taken by another program", addr, network)
	}
	return fault.Wrap(err, fault.Unavailable, "cannot_listen", "listen for SIP on %s/%s", addr, network)
}

// demoted writes whatever it is given as what only those see who look for it.
type demoted struct{ slog.Handler }

func (d demoted) Enabled(ctx context.Context, _ slog.Level) bool {
	return d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d demoted) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return d.Handler.Handle(ctx, r)
}

func (d demoted) WithAttrs(as []slog.Attr) slog.Handler { return demoted{d.Handler.WithAttrs(as)} }
func (d demoted) WithGroup(name string) slog.Handler    { return demoted{d.Handler.WithGroup(name)} }
