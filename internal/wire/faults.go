package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
)

// Trouble is what a service complains of, where it says so in a way of its own. None leaves it to the status.
type Trouble uint8

// What can be wrong.
const (
	None       Trouble = iota
	Quota              // the account has no credit left
	Busy               // too many requests
	Overloaded         // the service has too much to do
	Down               // the service fails
	TooLong            // the conversation does not fit into the model
	Filtered           // the content is refused
	Refused            // the key is refused
	Forbidden          // the key does not suffice
	Missing            // no such model
	Rejected           // the request is wrong
)

// Failure is what a service says of one.
type Failure struct {
	Message string
	Trouble Trouble
	Param   string        // the field of the request that it is about
	After   time.Duration // how long the service wants to be left alone, where the body says so
	Retry   string        // "yes" or "no" where the service says whether another attempt makes sense
}

// Understand reads the form of OpenAI's errors, which most services have: an object, or, as Ollama has it, a text.
func Understand(_ int, h http.Header, body []byte) Failure {
	var doc struct {
		Error json.RawMessage `json:"error"`
	}
	_ = json.Unmarshal(body, &doc) // what is no JSON says nothing
	f := UnderstandError(doc.Error)
	switch h.Get("X-Should-Retry") {
	case "true":
		f.Retry = "yes"
	case "false":
		f.Retry = "no"
	}
	return f
}

// UnderstandError is Understand for what "error" holds, which may also come in the middle of a stream.
func UnderstandError(raw json.RawMessage) Failure {
	var e struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    any    `json:"code"` // a text, or with some servers the status
		Param   any    `json:"param"`
		Inner   struct {
			Code string `json:"code"`
		} `json:"innererror"`
	}
	if json.Unmarshal(raw, &e) != nil {
		_ = json.Unmarshal(raw, &e.Message) // a text; what is neither says nothing
	}
	f := Failure{Message: e.Message}
	f.Param, _ = e.Param.(string)
	code, _ := e.Code.(string)
	switch {
	case code == "insufficient_quota" || e.Type == "insufficient_quota" || code == "billing_hard_limit_reached":
		f.Trouble = Quota
	case code == "content_filter" || e.Inner.Code == "ResponsibleAIPolicyViolation":
		f.Trouble = Filtered
	case code == "context_length_exceeded":
		f.Trouble = TooLong
	case code == "model_not_found" || code == "DeploymentNotFound":
		f.Trouble = Missing
	case strings.Contains(code+e.Type, "rate_limit"):
		f.Trouble = Busy
	case strings.Contains(code+e.Type, "overloaded"):
		f.Trouble = Overloaded
	case code == "server_error" || e.Type == "server_error":
		f.Trouble = Down
	case e.Type == "invalid_request_error" && code != "invalid_api_key":
		f.Trouble = Rejected
	}
	return f
}

// Fault translates a request that failed without an answer, or whose answer broke off: ctx's own error when it ended.
func (c *Client) Fault(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) || errors.Is(err, errSilent) {
		return fault.New(fault.Unavailable, "timeout", "%s did not answer within %s", c.Host(), c.o.Timeout)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if f := (*fault.Error)(nil); errors.As(err, &f) { // of the way out that was given: it knows better
		return f
	}
	return fault.Wrap(c.bare(err), fault.Unavailable, "unreachable", "%s cannot be reached", c.Host())
}

// Told translates a failure that comes inside a stream, where the status was already given.
func (c *Client) Told(f Failure) error { return c.fault(0, nil, f) }

// Garbage is the fault for an answer that makes no sense.
func (c *Client) Garbage(what string) error {
	return fault.New(fault.Unavailable, "bad_response", "%s answers with %s", c.Host(), what)
}

func (c *Client) refused(model string, res *http.Response, body []byte) error {
	f := c.o.Understand(res.StatusCode, res.Header, body)
	c.calm.rest(model, min(f.After, longestRefusal), time.Now())
	return c.fault(res.StatusCode, res.Header, f)
}

// fault makes a fault of a status, which is 0 in the middle of a stream, and what the service said.
func (c *Client) fault(status int, h http.Header, f Failure) *fault.Error {
	where, said := c.Host(), c.Scrub(f.Message)
	if said != "" {
		said = ": " + said
	}
	t := f.Trouble
	if by := byStatus(status); t == None || by == Refused || t == Rejected && by != None {
		t = by // a status is plainer than a general word
	}
	if f.Retry == "yes" && (t == None || t == Rejected) {
		t = Down
	}
	var out *fault.Error
	switch t {
	case Quota:
		return fault.New(fault.Denied, "quota_exceeded", "the account at %s has no credit left%s", where, said)
	case Refused:
		// What the service says here may hold part of the key.
		return fault.New(fault.Denied, "key_refused", "%s refuses the API key", where).At(c.o.Vendor + "." + c.o.KeyField)
	case Forbidden:
		return fault.New(fault.Denied, "not_permitted", "%s does not permit this%s", where, said)
	case Missing:
		return fault.New(fault.NotFound, "model_not_found", "%s knows neither this model nor this address%s", where, said)
	case TooLong:
		return fault.New(fault.Invalid, "too_long", "the conversation is too long for the model%s", said)
	case Filtered:
		return fault.New(fault.Invalid, "content_filter", "%s refuses to answer this%s", where, said)
	case Busy:
		out = fault.New(fault.Limited, "rate_limited", "%s takes no more requests for now%s", where, said)
	case Overloaded:
		out = fault.New(fault.Unavailable, "overloaded", "%s has too much to do%s", where, said)
	case Down, None:
		switch {
		case status == 0:
			out = fault.New(fault.Unavailable, "server_error", "%s fails in the middle of its answer%s", where, said)
		case status >= 300 && status < 400:
			return fault.New(fault.Invalid, "redirected", "%s answers with a redirection (status %d), which is not followed: enter the address that it leads to", where, status).At(c.o.Vendor + "." + c.o.URLField)
		case status >= 400 && status < 500 && t == None:
			return about(fault.New(fault.Invalid, "rejected", "%s rejects the request with status %d%s", where, status, said), f)
		default:
			out = fault.New(fault.Unavailable, "server_error", "%s fails with status %d%s", where, status, said)
		}
	case Rejected:
		if status == 0 {
			return fault.New(fault.Invalid, "rejected", "%s rejects the request%s", where, said)
		}
		return about(fault.New(fault.Invalid, "rejected", "%s rejects the request with status %d%s", where, status, said), f)
	}
	out.Params = map[string]string{}
	if f.Retry == "no" {
		out.Params["retry"] = "no"
	}
	if d, ok := retryAfter(h, time.Now()); ok {
		out = later(out, d)
	} else if f.After > 0 {
		out = later(out, f.After)
	}
	return out
}

// about names the field of the request that a refusal is about (Params["param"]).
func about(out *fault.Error, f Failure) *fault.Error {
	if f.Param != "" {
		out.Params = map[string]string{"param": f.Param}
	}
	return out
}

// byStatus is what a status alone says. 529 is Anthropic's word for having too much to do.
func byStatus(status int) Trouble {
	switch {
	case status == http.StatusUnauthorized:
		return Refused
	case status == http.StatusPaymentRequired:
		return Quota
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusNotFound:
		return Missing
	case status == http.StatusTooManyRequests:
		return Busy
	case status == 529:
		return Overloaded
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly:
		return Down
	}
	return None
}

// later says in a fault how long the service wants to be left alone; llm.Retry heeds it.
func later(f *fault.Error, d time.Duration) *fault.Error {
	if f.Params == nil {
		f.Params = map[string]string{}
	}
	f.Params["retry_after_ms"] = strconv.FormatInt(d.Milliseconds(), 10)
	return f
}

// retryAfter reads how long the service asks to be left alone.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond)), true
	}
	v := h.Get("Retry-After")
	if sec, err := strconv.ParseFloat(v, 64); err == nil && sec >= 0 && sec < 1e6 {
		return time.Duration(sec * float64(time.Second)), true
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}

// Scrub makes a service's words fit to be shown: short, and without secrets.
func (c *Client) Scrub(s string) string {
	for _, secret := range c.o.Secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return s
}

// bare takes the URL out of an error of the HTTP client: it may hold a password.
func (c *Client) bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
