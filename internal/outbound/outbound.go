// Package outbound is the one way out for requests whose address a user of this server chose: tools, tool servers, webhooks, imports. It reaches the public internet and what the operator
// allows besides, and nothing else: not this machine, not the networks behind it, not the addresses at which clouds keep secrets.
//
// An address is judged when the connection is made, after the name was resolved, and the connection goes to the very address that was judged: a name that answers otherwise the second time
// gains nothing. A redirect is a new request in every respect, and takes no credentials to another server.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
)

// The codes of the faults.
const (
	CodeBadAddress   = "address_invalid"      // Invalid: no address that a request can go to
	CodeRefused      = "address_refused"      // Denied: it lies where requests must not go
	CodeUnknownName  = "name_unknown"         // Unavailable: the name has no address
	CodeUnreachable  = "unreachable"          // Unavailable: no connection, or it broke
	CodeNotTrusted   = "certificate_rejected" // Unavailable: the server cannot show that it is who it should be
	CodeTimeout      = "timeout"              // Unavailable: no answer in time
	CodeRedirects    = "too_many_redirects"   // Unavailable
	CodeRedirectBody = "redirect_elsewhere"   // Denied: what was sent would have gone to another server
)

// Options of a Client. Zero values take the defaults.
type Options struct {
	Allow     []netip.Prefix // networks that may be reached although they are not public
	Proxy     *url.URL       // an HTTP proxy that all requests go through; nil for none. It is trusted to resolve names as we do
	Timeout   time.Duration  // of a request from its beginning to the last byte of its answer: 30 s
	MaxBytes  int64          // of an answer that are read, uncompressed: 1 MiB
	Redirects int            // that are followed: 3; -1 for none

	// Resolve looks a name up; nil is the system's way. Dial connects to an address, host:port, that was judged; nil is TCP.
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

// Client sends guarded requests. It is safe for concurrent use.
type Client struct {
	o         Options
	transport *http.Transport
	client    *http.Client
}

// New makes a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 20
	}
	if o.Redirects == 0 {
		o.Redirects = 3
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	if o.Dial == nil {
		d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
		o.Dial = d.DialContext
	}
	c := &Client{o: o}
	c.transport = &http.Transport{
		DialContext: c.dial, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns: 256, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
	}
	if o.Proxy != nil { // then every connection is one to the proxy, and targets are judged before
		c.transport.Proxy, c.transport.DialContext = http.ProxyURL(o.Proxy), o.Dial
	}
	c.client = &http.Client{Transport: roundTripper{c}, CheckRedirect: c.redirected}
	return c
}

// HTTP is the client for exchanges that stream: guarded like every other, with neither the time nor the size bounded. Bound them by the request's context and by reading no more than wanted.
func (c *Client) HTTP() *http.Client { return c.client }

// Close lets idle connections go.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Response is an answer that was read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool     // there was more than MaxBytes
	URL    *url.URL // where it came from in the end
}

// Do sends a request and reads its answer. An answer of any status is an answer; an error is a fault with one of the codes above, whose text names no part of the address but its host.
func (c *Client) Do(ctx context.Context, req *http.Request) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	resp, err := c.client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, c.named(ctx, req, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.o.MaxBytes+1))
	r := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, URL: resp.Request.URL}
	if int64(len(body)) > c.o.MaxBytes {
		r.Body, r.Cut = body[:c.o.MaxBytes], true
		return r, nil
	}
	if err != nil {
		return nil, c.named(ctx, req, err)
	}
	return r, nil
}

// Check judges an address as far as that is possible without resolving its name.
func (c *Client) Check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fault.New(fault.Invalid, CodeBadAddress, "An address that begins with http:// or https:// is needed, not %q.", u.Scheme+":")
	case u.User != nil:
		return fault.New(fault.Invalid, CodeBadAddress, "The address must not contain a user name or a password.")
	case u.Hostname() == "":
		return fault.New(fault.Invalid, CodeBadAddress, "The address names no server.")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return fault.New(fault.Invalid, CodeBadAddress, "%q is not a port between 1 and 65535.", p)
		}
	}
	return c.judge(u.Hostname())
}

// judge looks at a host as it is written.
func (c *Client) judge(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return c.allowed(host, ip)
	}
	last := strings.TrimSuffix(host, ".")
	last = strings.ToLower(last[strings.LastIndexByte(last, '.')+1:])
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || last != "" && strings.Trim(last, "0123456789") == "" {
		// 2130706433, 0x7f.1, 0177.0.0.1: some resolvers take them for addresses, and no name ends so.
		return fault.New(fault.Invalid, CodeBadAddress, "%q is neither a name nor an address in its usual form.", host)
	}
	return nil
}

func (c *Client) allowed(host string, ip netip.Addr) error {
	if what := refused(ip, c.o.Allow); what != "" {
		return fault.New(fault.Denied, CodeRefused, "%s is %s, where requests from here must not go. The operator can allow it: outbound.allow.", host, what)
	}
	return nil
}

// find gives the addresses of a host, all of them judged. One that is refused refuses the name: a public name has no private addresses by accident.
func (c *Client) find(ctx context.Context, host string) ([]netip.Addr, error) {
	if err := c.judge(host); err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ips, err := c.o.Resolve(ctx, host)
	if err != nil || len(ips) == 0 {
		return nil, fault.Wrap(err, fault.Unavailable, CodeUnknownName, "The name %s has no address", host)
	}
	for _, ip := range ips {
		if err := c.allowed(host, ip); err != nil {
			return nil, err
		}
	}
	return ips, nil
}

func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, CodeBadAddress, "The address is not one")
	}
	ips, err := c.find(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, ip := range ips {
		var conn net.Conn
		if conn, err = c.o.Dial(ctx, network, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, fault.Wrap(err, fault.Unavailable, CodeUnreachable, "%s does not take connections", host)
}

// roundTripper judges every request, also those that a redirect or another package makes.
type roundTripper struct{ c *Client }

func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	err := t.c.Check(req.URL)
	if err == nil && t.c.o.Proxy != nil {
		_, err = t.c.find(req.Context(), req.URL.Hostname())
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as the contract of RoundTripper wants it
		}
		return nil, err
	}
	return t.c.transport.RoundTrip(req)
}

// redirected decides on a redirect. Another server is told nothing that was meant for the first.
func (c *Client) redirected(req *http.Request, via []*http.Request) error {
	if len(via) > c.o.Redirects {
		return fault.New(fault.Unavailable, CodeRedirects, "%s sends on and on: more than %d redirects.", via[0].URL.Hostname(), max(0, c.o.Redirects))
	}
	req.Header.Del("Referer") // the address before may have held a key
	first := via[0].URL
	if req.URL.Scheme == first.Scheme && strings.EqualFold(req.URL.Host, first.Host) || req.URL.Scheme == "https" && first.Scheme == "http" && strings.EqualFold(req.URL.Hostname(), first.Hostname()) && req.URL.Port() == "" && first.Port() == "" {
		return nil
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return fault.New(fault.Denied, CodeRedirectBody, "%s sends the request on to %s, which is another server: it was not sent there. Use the address of the second if it is meant.", first.Hostname(), req.URL.Hostname())
	}
	for k := range req.Header {
		if k != "Accept" && k != "User-Agent" && k != "Accept-Language" {
			req.Header.Del(k)
		}
	}
	return nil
}

// named turns an error of net/http into a fault. The error's own text may hold the whole address, with a key in it, and stays out.
func (c *Client) named(ctx context.Context, req *http.Request, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	host := req.URL.Hostname()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, CodeTimeout, "%s did not answer in time.", host)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return fault.Wrap(cert.Err, fault.Unavailable, CodeNotTrusted, "The certificate of %s is not trusted", host)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fault.Wrap(err, fault.Unavailable, CodeUnreachable, "The exchange with %s broke", host)
}
