package twilio

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
)

const (
	requestWait = 10 * time.Second // for the answer to one request
	tries       = 3
	retryMost   = 3 * time.Second // Twilio's own clients wait no longer
	answerLimit = 1 << 20
)

// client speaks Twilio's REST API of 2010-04-01.
type client struct {
	base, account  string
	user, password string
	http           *http.Client
	retry          time.Duration // before the second try; then twice as long
}

// apiError is how the API refuses.
type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  int    `json:"-"`
}

// Error implements error.
func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s (error %d)", e.Status, e.Message, e.Code)
}

// callResource is a call as the API has it.
type callResource struct {
	SID        string `json:"sid"`
	Status     string `json:"status"`
	AnsweredBy string `json:"answered_by"`
}

// again says which failures a request may be repeated after.
type again bool

const (
	harmless again = true  // twice does what once does
	once     again = false // it is repeated only when Twilio says that it did nothing
)

// do asks, and decodes the answer into out. Faults: fault.Denied "carrier_denied", fault.Limited "carrier_busy", fault.NotFound "call_not_found", fault.Invalid with the parameter, fault.Unavailable
// "carrier_unavailable".
func (c *client) do(ctx context.Context, method, path string, form url.Values, repeat again, out any) error {
	var err error
	wait := c.retry
	for try := 1; ; try++ {
		var status int
		if status, err = c.ask(ctx, method, path, form, out); err == nil {
			return nil
		}
		if try == tries || ctx.Err() != nil || status != http.StatusTooManyRequests && (!bool(repeat) || status != 0 && status < 500) {
			return err
		}
		pause := time.NewTimer(wait/2 + rand.N(wait/2+1))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
		wait = min(2*wait, retryMost)
	}
}

// ask asks once. status is 0 when there was no answer.
func (c *client) ask(ctx context.Context, method, path string, form url.Values, out any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/2010-04-01/Accounts/"+c.account+path, body)
	if err != nil {
		return http.StatusBadRequest, fault.Wrap(err, fault.Invalid, "bad_value", "ask Twilio for %s", path)
	}
	req.SetBasicAuth(c.user, c.password)
	req.Header.Set("Accept", "application/json")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "Twilio does not answer")
	}
	defer func() { _ = res.Body.Close() }() // it was read
	raw, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "Twilio's answer breaks off")
	}
	if res.StatusCode >= 300 {
		return res.StatusCode, refusal(res.StatusCode, raw)
	}
	if out == nil || len(raw) == 0 {
		return res.StatusCode, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return http.StatusOK, fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "read Twilio's answer")
	}
	return res.StatusCode, nil
}

// refusal makes a fault of an answer.
func refusal(status int, raw []byte) error {
	e := &apiError{Status: status}
	if json.Unmarshal(raw, e) != nil || e.Message == "" { // a gateway's page
		e.Message = http.StatusText(status)
	}
	switch {
	case status == http.StatusTooManyRequests || e.Code == 20429 || e.Code == 22005:
		return fault.Wrap(e, fault.Limited, "carrier_busy", "Twilio takes no more requests at the moment")
	case status >= 500:
		return fault.Wrap(e, fault.Unavailable, "carrier_unavailable", "Twilio cannot be used at the moment")
	case status == http.StatusUnauthorized || status == http.StatusForbidden || e.Code == 21215 || e.Code == 21219:
		return fault.Wrap(e, fault.Denied, "carrier_denied", "Twilio does not let us")
	case e.Code == 21211:
		return fault.Wrap(e, fault.Invalid, "bad_value", "Twilio knows no such number").At("to")
	case status == http.StatusNotFound:
		return fault.Wrap(e, fault.NotFound, "call_not_found", "Twilio knows nothing of it")
	}
	return fault.Wrap(e, fault.Invalid, "carrier_refused", "Twilio refuses")
}

// create places a call.
func (c *client) create(ctx context.Context, form url.Values) (r callResource, err error) {
	err = c.do(ctx, http.MethodPost, "/Calls.json", form, once, &r)
	if err == nil && r.SID == "" {
		err = fault.New(fault.Unavailable, "carrier_unavailable", "Twilio's answer names no call")
	}
	return r, err
}

// update changes a call that goes on.
func (c *client) update(ctx context.Context, sid string, form url.Values) error {
	return c.do(ctx, http.MethodPost, "/Calls/"+url.PathEscape(sid)+".json", form, harmless, nil)
}

// fetch tells how a call stands.
func (c *client) fetch(ctx context.Context, sid string) (r callResource, err error) {
	err = c.do(ctx, http.MethodGet, "/Calls/"+url.PathEscape(sid)+".json", nil, harmless, &r)
	return r, err
}

// text sends a message, and returns its sid.
func (c *client) text(ctx context.Context, form url.Values) (string, error) {
	var r struct {
		SID string `json:"sid"`
	}
	err := c.do(ctx, http.MethodPost, "/Messages.json", form, once, &r)
	return r.SID, err
}
