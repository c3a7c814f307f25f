package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// phoneLink is a link by telephone: SIP and RTP with µ-law over UDP, written out here so that what is measured does not measure itself.
type phoneLink struct {
	c        *caller
	sip, rtp *net.UDPConn
	packet   []byte
	to       *net.UDPAddr // of sound
	server   string
	id, tag  string
	toTag    string
	wg       sync.WaitGroup
}

const (
	sipRetry = 500 * time.Millisecond // T1 (RFC 3261 section 17)
	sipLimit = 20 * time.Second
)

// overSIP calls the server's telephone line.
func (c *caller) overSIP(ctx context.Context) error {
	l := &phoneLink{c: c, server: c.opts.SIP, id: strconv.FormatUint(rand.Uint64(), 36), tag: strconv.FormatUint(rand.Uint64(), 36)}
	c.link = l
	at, err := net.ResolveUDPAddr("udp4", l.server)
	if err != nil {
		return fmt.Errorf("find the telephone line: %w", err)
	}
	if l.sip, err = net.DialUDP("udp4", nil, at); err != nil {
		return fmt.Errorf("open a telephone: %w", err)
	}
	if l.rtp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: l.sip.LocalAddr().(*net.UDPAddr).IP}); err != nil {
		_ = l.sip.Close()
		return fmt.Errorf("open a telephone: %w", err)
	}
	if err := l.call(ctx); err != nil {
		_, _ = l.sip.Close(), l.rtp.Close()
		return err
	}
	now := time.Now()
	c.mu.Lock()
	c.until, c.origin, c.greeted = now.Add(time.Second), now, now
	c.mu.Unlock()
	l.wg.Go(l.listen)
	l.wg.Go(l.signals)
	return nil
}

// request makes one of the call's requests.
func (l *phoneLink) request(method string, seq int, body string) []byte {
	us := l.sip.LocalAddr().String()
	to := "<sip:bench@" + l.server + ">"
	if l.toTag != "" {
		to += ";tag=" + l.toTag
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "%s sip:bench@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s%d\r\nMax-Forwards: 70\r\nFrom: <sip:caller@%s>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"+
		"Contact: <sip:caller@%s>\r\n%sContent-Length: %d\r\n\r\n%s", method, l.server, us, l.id, method, seq, us, l.tag, to, l.id, seq, method, us, kind, len(body), body)
}

// call begins the call, and returns when it is answered and that is confirmed.
func (l *phoneLink) call(ctx context.Context) error {
	local := l.rtp.LocalAddr().(*net.UDPAddr)
	invite := l.request("INVITE", 1, fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=ptime:20\r\n", local.IP, local.IP, local.Port))
	buf := make([]byte, 4096)
	provisional := false
	for begun, wait := time.Now(), sipRetry; time.Since(begun) < sipLimit; wait *= 2 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !provisional {
			if _, err := l.sip.Write(invite); err != nil {
				return fmt.Errorf("call: %w", err)
			}
		}
		status, answer, err := l.answer(buf, time.Now().Add(wait))
		switch {
		case err != nil:
			return err
		case status == 0:
			continue
		case status < 200:
			provisional = true
			continue
		}
		_, toTag, _ := strings.Cut(header(answer, "To"), ";tag=")
		l.toTag, _, _ = strings.Cut(toTag, ";")
		if _, err := l.sip.Write(l.request("ACK", 1, "")); err != nil {
			return fmt.Errorf("call: %w", err)
		}
		if status >= 300 {
			return fmt.Errorf("the server answered %d", status)
		}
		return l.agree(answer)
	}
	return errors.New("the server does not answer")
}

// answer returns the next response; 0 when none comes in time.
func (l *phoneLink) answer(buf []byte, until time.Time) (status int, text string, err error) {
	if err := l.sip.SetReadDeadline(until); err != nil {
		return 0, "", fmt.Errorf("call: %w", err)
	}
	n, err := l.sip.Read(buf)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("call: %w", err)
	}
	text = string(buf[:n])
	f := strings.Fields(text)
	if len(f) < 2 || f[0] != "SIP/2.0" {
		return 0, "", nil
	}
	status, err = strconv.Atoi(f[1])
	if err != nil {
		return 0, "", fmt.Errorf("read an answer: %w", err)
	}
	return status, text, nil
}

// header returns a header's value.
func header(text, name string) string {
	for _, line := range strings.Split(text, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// agree reads where sound goes.
func (l *phoneLink) agree(answer string) error {
	host := ""
	for _, line := range strings.Split(answer, "\r\n") {
		if v, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			host = v
		}
		if v, ok := strings.CutPrefix(line, "m=audio "); ok {
			port, _, _ := strings.Cut(v, " ")
			at, err := net.ResolveUDPAddr("udp4", net.JoinHostPort(host, port))
			if err != nil {
				return fmt.Errorf("read where sound goes: %w", err)
			}
			l.to = at
		}
	}
	if l.to == nil {
		return errors.New("the answer does not say where sound goes")
	}
	l.packet = make([]byte, 12, 12+frameSamples)
	l.packet[0] = 0x80
	binary.BigEndian.PutUint32(l.packet[8:], rand.Uint32())
	return nil
}

// listen takes the agent's voice until the call ends.
func (l *phoneLink) listen() {
	buf := make([]byte, 2048)
	for {
		n, err := l.rtp.Read(buf)
		if err != nil {
			return
		}
		if n <= 12 {
			continue
		}
		now := time.Now()
		l.c.mu.Lock()
		l.c.voice(time.Duration(n-12)*time.Second/rate, sounds(buf[12:n]), now)
		l.c.mu.Unlock()
	}
}

// signals takes what the server says about the call until it ends.
func (l *phoneLink) signals() {
	buf := make([]byte, 4096)
	_ = l.sip.SetReadDeadline(time.Time{}) // of a socket that is open
	for {
		n, err := l.sip.Read(buf)
		if err != nil {
			return
		}
		if bytes.HasPrefix(buf[:n], []byte("BYE ")) {
			l.c.mu.Lock()
			l.c.fail(errors.New("the server hung up"))
			l.c.mu.Unlock()
		}
	}
}

// send implements link.
func (l *phoneLink) send(f frame) error {
	p := append(l.packet[:12], f.ulaw...)
	_, err := l.rtp.WriteToUDP(p, l.to)
	binary.BigEndian.PutUint16(p[2:], binary.BigEndian.Uint16(p[2:])+1)
	binary.BigEndian.PutUint32(p[4:], binary.BigEndian.Uint32(p[4:])+frameSamples)
	return err
}

// hangUp implements link.
func (l *phoneLink) hangUp() {
	_, _ = l.sip.Write(l.request("BYE", 2, "")) // whatever it had ended by
	_, _ = l.rtp.Close(), l.sip.Close()
	l.wg.Wait()
}
