package openai

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	api "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"griot/internal/fault"
)

const (
	maxBody  = 4 << 20  // bytes of an answer that is read whole
	maxError = 64 << 10 // bytes of an answer that tells of a failure
)

// client is one connection pool to one server. Its embedder is a model; Close closes the pool.
type client struct {
	c         Config
	api       api.Client
	transport *http.Transport
}

func newClient(c Config) (*client, error) {
	c.BaseURL = strings.TrimSpace(c.BaseURL)
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "bad_base_url", "the base_url of openai is no address of the form https://host/v1").At("openai.base_url")
	}
	if c.own() && c.APIKey == "" {
		return nil, fault.New(fault.Invalid, "missing_setting", "openai needs an API key: set api_key, or the environment variable OPENAI_API_KEY; or the base_url of a server of your own").At("openai.api_key")
	}
	if c.Timeout <= 0 {
		return nil, fault.New(fault.Invalid, "bad_timeout", "the timeout of openai must be above 0").At("openai.timeout")
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true, // a compressed stream comes in larger, later pieces
	}
	cl := &client{c: c, transport: t}
	// Not api.NewClient, which would add settings from the environment that the configuration does not show.
	cl.api = api.Client{Options: []option.RequestOption{
		option.WithBaseURL(c.BaseURL),
		option.WithAPIKey(c.APIKey),
		option.WithHTTPClient(&http.Client{Transport: shortErrors{t}}),
		option.WithMaxRetries(0), // llm.Retry does that, where it is wanted
	}}
	return cl, nil
}

// Close gives up idle connections.
func (cl *client) Close() error {
	cl.transport.CloseIdleConnections()
	return nil
}

// shortErrors bounds the bodies of failures, which the API client reads whole.
type shortErrors struct{ http.RoundTripper }

func (s shortErrors) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.RoundTripper.RoundTrip(r)
	if err == nil && res.StatusCode >= 400 {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxError), res.Body}
	}
	return res, err
}

// post sends a request whose answer the caller reads and closes. Errors are faults, or ctx's own error when it ended.
func (cl *client) post(ctx context.Context, path string, body any) (*http.Response, error) {
	var res *http.Response
	err := cl.api.Post(ctx, path, body, &res)
	return res, cl.fault(ctx, res, err)
}

func (cl *client) get(ctx context.Context, path string) (*http.Response, error) {
	var res *http.Response
	err := cl.api.Get(ctx, path, nil, &res)
	return res, cl.fault(ctx, res, err)
}

// errSilent is the cause of a context that ended because the server was silent for too long.
var errSilent = errors.New("the server is silent")

// leash cancels a request when nothing came for some time.
type leash struct {
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func newLeash(ctx context.Context, d time.Duration) (context.Context, *leash) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &leash{time.AfterFunc(d, func() { cancel(errSilent) }), cancel}
}

func (l *leash) hold()                 { l.timer.Stop() }
func (l *leash) renew(d time.Duration) { l.timer.Reset(d) }

func (l *leash) release() {
	l.timer.Stop()
	l.cancel(nil)
}

// fault translates the failure of a request. res may be nil; its body is closed when err is not nil.
func (cl *client) fault(ctx context.Context, res *http.Response, err error) error {
	if err == nil {
		return nil
	}
	where := host(cl.c.BaseURL)
	if errors.Is(context.Cause(ctx), errSilent) || errors.Is(err, errSilent) {
		return fault.New(fault.Unavailable, "timeout", "%s did not answer within %s", where, cl.c.Timeout)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if res == nil || res.StatusCode < 400 {
		return fault.Wrap(cl.bare(err), fault.Unavailable, "unreachable", "%s cannot be reached", where)
	}
	_ = res.Body.Close()
	said, code := "", ""
	var e *api.Error
	if errors.As(err, &e) {
		said, code = cl.scrub(e.Message), e.Code
		if code == "" {
			code = e.Type
		}
	}
	return status(where, res, said, code)
}

// status makes a fault of an HTTP status and what the server said.
func status(where string, res *http.Response, said, code string) *fault.Error {
	if said != "" {
		said = ": " + said
	}
	switch s := res.StatusCode; {
	case code == "insufficient_quota":
		return fault.New(fault.Denied, "quota_exceeded", "the account at %s has no credit left%s", where, said)
	case s == http.StatusUnauthorized:
		// What the server says here may hold part of the key.
		return fault.New(fault.Denied, "key_refused", "%s refuses the API key", where).At("openai.api_key")
	case s == http.StatusForbidden:
		return fault.New(fault.Denied, "not_permitted", "%s does not permit this%s", where, said)
	case s == http.StatusNotFound:
		return fault.New(fault.NotFound, "model_not_found", "%s knows neither this model nor this address; a base_url usually ends in /v1%s", where, said)
	case s == http.StatusTooManyRequests:
		f := fault.New(fault.Limited, "rate_limited", "%s takes no more requests for now%s", where, said)
		if d, ok := retryAfter(res.Header); ok {
			f.Params = map[string]string{"retry_after_ms": strconv.FormatInt(d.Milliseconds(), 10)}
		}
		return f
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooEarly:
		f := fault.New(fault.Unavailable, "server_error", "%s fails with status %d%s", where, s, said)
		if d, ok := retryAfter(res.Header); ok {
			f.Params = map[string]string{"retry_after_ms": strconv.FormatInt(d.Milliseconds(), 10)}
		}
		return f
	case code == "content_filter":
		return fault.New(fault.Invalid, "content_filter", "%s refuses to answer this%s", where, said)
	case code == "context_length_exceeded":
		return fault.New(fault.Invalid, "too_long", "the conversation is too long for the model%s", said)
	}
	return fault.New(fault.Invalid, "rejected", "%s rejects the request with status %d%s", where, res.StatusCode, said)
}

// retryAfter reads how long the server asks to be left alone.
func retryAfter(h http.Header) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond)), true
	}
	v := h.Get("Retry-After")
	if sec, err := strconv.ParseFloat(v, 64); err == nil && sec >= 0 && sec < 1e6 {
		return time.Duration(sec * float64(time.Second)), true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0), true
	}
	return 0, false
}

// scrub makes a server's words fit to be shown: short, and without the key.
func (cl *client) scrub(s string) string {
	if cl.c.APIKey != "" {
		s = strings.ReplaceAll(s, cl.c.APIKey, "***")
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return s
}

// bare takes the URL out of an error of the HTTP client: it may hold a password.
func (cl *client) bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// mediaType returns the type of an answer's body in lower case, "" when there is none.
func mediaType(res *http.Response) string {
	t, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
