// Package wire is how a network service of models is asked: one request, answered by a JSON document or by a stream of server-sent events, with bounded waiting, limits that the
// service announces, and failures as faults. What is in the bodies is the vendors' matter.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
)

const (
	maxBody  = 4 << 20  // bytes of an answer that is read whole
	maxError = 64 << 10 // bytes of an answer that tells of a failure
)

// Options say where a service is and how it is spoken to.
type Options struct {
	Vendor     string                                               // the provider's id: faults name its settings, as in "openai.api_key"
	BaseURL    string                                               // http or https; slashes at its end do not matter
	URLField   string                                               // the setting that the address comes from; empty for base_url
	KeyField   string                                               // the setting that the key comes from; empty for api_key
	Secrets    []string                                             // what no message may show
	Header     http.Header                                          // of every request
	Authorize  func(ctx context.Context, h http.Header) error       // adds credentials that change; nil for none. Its errors are faults
	Timeout    time.Duration                                        // longest silence of the service
	HTTP       *http.Client                                         // nil for one of its own. Redirects are never followed: headers hold keys
	Understand func(status int, h http.Header, body []byte) Failure // reads what a failure's body says; nil for OpenAI's form
}

// Client is one connection pool to one service. It is safe for concurrent use.
type Client struct {
	o    Options
	base *url.URL
	http *http.Client
	own  *http.Transport // nil when the pool is somebody else's
	calm calm
}

// New returns a client; an address that is none, and a timeout of 0 or less, are fault.Invalid.
func New(o Options) (*Client, error) {
	if o.URLField == "" {
		o.URLField = "base_url"
	}
	if o.KeyField == "" {
		o.KeyField = "api_key"
	}
	if o.Understand == nil {
		o.Understand = Understand
	}
	u, err := url.Parse(strings.TrimSpace(o.BaseURL))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "bad_"+o.URLField, "the %s of %s is no address of the form https://host/path", o.URLField, o.Vendor).At(o.Vendor + "." + o.URLField)
	}
	if o.Timeout <= 0 {
		return nil, fault.New(fault.Invalid, "bad_timeout", "the timeout of %s must be above 0", o.Vendor).At(o.Vendor + ".timeout")
	}
	if p, ok := u.User.Password(); ok {
		o.Secrets = append(o.Secrets, p)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	c := &Client{o: o, base: u}
	if o.HTTP != nil {
		given := *o.HTTP
		c.http = &given
	} else {
		c.own = newTransport()
		c.http = &http.Client{Transport: c.own}
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http.Timeout = 0 // streams last; silence is what is bounded
	return c, nil
}

// newTransport is a pool for many streams to one service.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second}, // else a dead connection takes every stream's whole patience
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true, // a compressed stream comes in larger, later pieces
	}
}

// Close gives up idle connections.
func (c *Client) Close() error {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// Host is what a person needs to recognise the service; never what an address may hide, such as a password.
func (c *Client) Host() string { return c.base.Host }

// Timeout is the longest silence that is borne.
func (c *Client) Timeout() time.Duration { return c.o.Timeout }

// Request is one question to a service.
type Request struct {
	Method string // empty for POST
	Path   string // below the base address, without a slash at its beginning; names in it are escaped
	Query  url.Values
	Header http.Header
	Body   any    // encoded as JSON, or sent as it is when it is a Raw; nil for none
	Model  string // whose limits it counts towards
}

// Raw is a body that is not JSON.
type Raw struct {
	Type string
	Data []byte
}

// Do asks and returns an answer of status 2xx, whose body the caller reads and closes within ctx. Errors are faults, or ctx's own when it ended.
func (c *Client) Do(ctx context.Context, q Request) (*http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, c.Fault(ctx, err)
	}
	if d := c.calm.wait(q.Model, time.Now()); d > 0 {
		return nil, later(fault.New(fault.Limited, "rate_limited", "%s takes no more requests for now, as it has announced", c.Host()), d)
	}
	req, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	if c.o.Authorize != nil {
		if err := c.o.Authorize(ctx, req.Header); err != nil {
			return nil, err
		}
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.Fault(ctx, err)
	}
	c.calm.note(q.Model, res, time.Now())
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxError)) // what came counts
	if ctx.Err() != nil {
		return nil, c.Fault(ctx, ctx.Err())
	}
	return nil, c.refused(q.Model, res, body)
}

func (c *Client) request(ctx context.Context, q Request) (*http.Request, error) {
	var body []byte
	kind := ""
	switch b := q.Body.(type) {
	case nil:
	case Raw:
		body, kind = b.Data, b.Type
	default:
		var err error
		if body, err = encode(b); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "bad_request", "the request to %s cannot be written", c.Host())
		}
		kind = "application/json"
	}
	u := *c.base
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/") + "/" + q.Path
	var err error
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_request", "the request to %s cannot be made", c.Host())
	}
	if len(q.Query) > 0 {
		all := u.Query()
		for k, v := range q.Query {
			all[k] = v
		}
		u.RawQuery = all.Encode()
	}
	method := q.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(c.bare(err), fault.Invalid, "bad_request", "the request to %s cannot be made", c.Host())
	}
	if body == nil {
		req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	}
	for _, h := range []http.Header{c.o.Header, q.Header} {
		for k, v := range h {
			req.Header[k] = v
		}
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", "Griot")
	return req, nil
}

// encode writes JSON without escaping <, > and &, which in a prompt would only cost.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// JSON asks, and reads the whole answer into a value within the timeout.
func (c *Client) JSON(ctx context.Context, q Request, into any) error {
	ctx, l := Leashed(ctx, c.o.Timeout)
	defer l.Release()
	res, err := c.Do(ctx, q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		if ctx.Err() != nil {
			return c.Fault(ctx, err)
		}
		return fault.Wrap(err, fault.Unavailable, "stream_cut", "%s broke off in the middle of its answer", c.Host())
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Wrap(err, fault.Unavailable, "bad_response", "%s answers with something that is not the JSON that was expected; is its address right?", c.Host())
	}
	return nil
}

// errSilent is the cause of a context that ended because the service was silent for too long.
var errSilent = errors.New("the service is silent")

// Leash cancels a request when nothing came for some time.
type Leash struct {
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// Leashed returns a context that ends after d unless the leash is renewed or held. Release it.
func Leashed(ctx context.Context, d time.Duration) (context.Context, *Leash) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &Leash{time.AfterFunc(d, func() { cancel(errSilent) }), cancel}
}

// Hold stops the clock, Renew starts it anew.
func (l *Leash) Hold()                 { l.timer.Stop() }
func (l *Leash) Renew(d time.Duration) { l.timer.Reset(d) } //nolint:revive // explained above

// Release frees what the leash holds, and cancels its context.
func (l *Leash) Release() {
	l.timer.Stop()
	l.cancel(nil)
}

// MediaType returns the type of an answer's body in lower case, "" when there is none.
func MediaType(res *http.Response) string {
	t, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
