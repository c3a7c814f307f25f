package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"griot/internal/fault"
)

// Ports hands out pairs of UDP ports for calls, an even one for RTP and the next for RTCP (RFC 3550 section 11), from one range: what a firewall has to let through.
type Ports struct {
	first, pairs int

	mu   sync.Mutex // guards what follows
	next int        // the pair to try first: a port rests as long as possible, for what is still on its way to the last call
	used map[int]bool
}

// NewPorts takes a range, both ends included. It is a fault.Invalid when no pair fits in.
func NewPorts(first, last int) (*Ports, error) {
	even := first + first%2
	pairs := (last - even + 1) / 2
	if first < 1 || last > 65535 || pairs < 1 {
		return nil, fault.New(fault.Invalid, "invalid_ports", "the ports %d to %d hold no pair for a call", first, last)
	}
	return &Ports{first: even, pairs: pairs, used: map[int]bool{}}, nil
}

// Calls returns how many calls the range is for.
func (p *Ports) Calls() int { return p.pairs }

// open binds a pair on ip. The fault is fault.Limited "no_ports" when every pair is taken, by calls or by other programs.
func (p *Ports) open(ip netip.Addr) (rtp, rtcp *net.UDPConn, pair int, err error) {
	for range p.pairs {
		if pair = p.take(); pair < 0 {
			break
		}
		rtp, err = listen(ip, p.first+2*pair)
		if err == nil {
			if rtcp, err = listen(ip, p.first+2*pair+1); err == nil {
				return rtp, rtcp, pair, nil
			}
			_ = rtp.Close()
		}
		p.release(pair)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, nil, 0, fault.Wrap(err, fault.Unavailable, "cannot_listen", "open a port for a call's sound on %v", ip)
		}
	}
	return nil, nil, 0, fault.New(fault.Limited, "no_ports", "All %d pairs of ports for calls are taken: widen the range in sip.rtp_ports.", p.pairs)
}

func listen(ip netip.Addr, port int) (*net.UDPConn, error) {
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port))))
}

// take reserves a pair; -1 when there is none.
func (p *Ports) take() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.pairs {
		n := p.next
		p.next = (p.next + 1) % p.pairs
		if !p.used[n] {
			p.used[n] = true
			return n
		}
	}
	return -1
}

func (p *Ports) release(pair int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, pair)
}

// Where Linux says which ports it gives to programs that ask for any, and which of them it leaves out.
const (
	ephemeralFile = "/proc/sys/net/ipv4/ip_local_port_range"
	reservedFile  = "/proc/sys/net/ipv4/ip_local_reserved_ports"
)

// Ephemeral tells which part of the range the kernel also gives to other programs; none when it keeps clear of it, or when that is not known. Calls work all the same, but now and then a port is
// taken.
func (p *Ports) Ephemeral() (first, last int, overlaps bool) {
	free, err := os.ReadFile(ephemeralFile)
	if err != nil {
		return 0, 0, false
	}
	reserved, _ := os.ReadFile(reservedFile) // older kernels have none
	return overlap(p.first, p.first+2*p.pairs-1, string(free), string(reserved))
}

// overlap returns the ends of what lies in the kernel's range and is not reserved.
func overlap(first, last int, free, reserved string) (from, to int, overlaps bool) {
	var lo, hi int
	if _, err := fmt.Sscan(free, &lo, &hi); err != nil {
		return 0, 0, false
	}
	kept := map[int]bool{}
	for _, part := range strings.Split(strings.TrimSpace(reserved), ",") {
		a, b, ranged := strings.Cut(part, "-")
		n, err := strconv.Atoi(a)
		m := n
		if err == nil && ranged {
			m, err = strconv.Atoi(b)
		}
		if err != nil || n < 0 || m > 65535 {
			continue
		}
		for ; n <= m; n++ {
			kept[n] = true
		}
	}
	for n := max(first, lo); n <= min(last, hi); n++ {
		if !kept[n] {
			if !overlaps {
				from = n
			}
			to, overlaps = n, true
		}
	}
	return from, to, overlaps
}

// Used returns how many pairs are taken by calls.
func (p *Ports) Used() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.used)
}
