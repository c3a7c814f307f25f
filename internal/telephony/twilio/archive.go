package twilio

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

const (
	pageSize = "200"
	pageMost = 100 // pages of one list
)

// listed is a page of any list.
type listed struct {
	Next       string            `json:"next_page_uri"` // from the root; empty on the last
	Calls      []json.RawMessage `json:"calls"`
	Messages   []json.RawMessage `json:"messages"`
	Recordings []json.RawMessage `json:"recordings"`
	Numbers    []json.RawMessage `json:"incoming_phone_numbers"`
}

// each calls f with every entry of a list.
func (c *client) each(ctx context.Context, path string, query url.Values, f func(json.RawMessage) error) error {
	query.Set("PageSize", pageSize)
	at := path + "?" + query.Encode()
	for range pageMost {
		var page listed
		if err := c.do(ctx, http.MethodGet, at, nil, harmless, &page); err != nil {
			return err
		}
		for _, list := range [][]json.RawMessage{page.Calls, page.Messages, page.Recordings, page.Numbers} {
			for _, raw := range list {
				if err := f(raw); err != nil {
					return fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "read Twilio's answer")
				}
			}
		}
		if page.Next == "" {
			return nil
		}
		next, ours := strings.CutPrefix(page.Next, "/2010-04-01/Accounts/"+c.account)
		if !ours {
			return fault.New(fault.Unavailable, "carrier_unavailable", "Twilio's list goes on at %q, which is another account's", page.Next)
		}
		at = next
	}
	return nil
}

// moment reads a time as Twilio writes it; the zero value for none.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC1123Z, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func since(name string, t time.Time) url.Values {
	return url.Values{name + ">": {t.UTC().Format("2006-01-02")}} // read as "not before that day"
}

// Archive is what Twilio keeps of the account's calls. It implements telephony.Archive.
type Archive struct{ api *client }

// Archive returns the account's.
func (l *Line) Archive() Archive { return Archive{l.api} }

// Calls implements telephony.Archive. The second halves of transfers are not calls of their own.
func (a Archive) Calls(ctx context.Context, from time.Time) (out []telephony.Call, err error) {
	err = a.api.each(ctx, "/Calls.json", since("StartTime", from), func(raw json.RawMessage) error {
		var r struct {
			SID       string `json:"sid"`
			Parent    string `json:"parent_call_sid"`
			Status    string `json:"status"`
			Direction string `json:"direction"`
			From      string `json:"from"`
			To        string `json:"to"`
			Duration  string `json:"duration"` // seconds
			Created   string `json:"date_created"`
			Start     string `json:"start_time"`
			End       string `json:"end_time"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		if r.SID == "" || r.Parent != "" {
			return nil
		}
		c := telephony.Call{Carrier: Carrier, CarrierID: r.SID, Direction: telephony.Outbound, From: telephony.Number(r.From), To: telephony.Number(r.To), State: telephony.Active,
			Created: cmp.Or(moment(r.Created), moment(r.Start)), Ended: moment(r.End)}
		if r.Direction == "inbound" {
			c.Direction = telephony.Inbound
		}
		if final(r.Status) {
			c.State = telephony.Ended
			if c.Outcome = outcomeOf(r.Status, ""); r.Status == "completed" {
				c.Outcome, c.Answered = telephony.Answered, moment(r.Start)
			}
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// Texts implements telephony.Archive.
func (a Archive) Texts(ctx context.Context, from time.Time) (out []telephony.KeptText, err error) {
	err = a.api.each(ctx, "/Messages.json", since("DateSent", from), func(raw json.RawMessage) error {
		var r struct {
			SID       string      `json:"sid"`
			Status    string      `json:"status"`
			Direction string      `json:"direction"`
			From      string      `json:"from"`
			To        string      `json:"to"`
			Body      string      `json:"body"`
			ErrorCode json.Number `json:"error_code"`
			Created   string      `json:"date_created"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		if r.SID == "" {
			return nil
		}
		t := telephony.KeptText{CarrierID: r.SID, Direction: telephony.Outbound, From: telephony.Number(r.From), To: telephony.Number(r.To), Body: r.Body, Status: r.Status, Error: r.ErrorCode.String(), Created: moment(r.Created)}
		if r.Direction == "inbound" {
			t.Direction, t.Status = telephony.Inbound, "received"
		} else if r.Status == "accepted" || r.Status == "scheduled" {
			t.Status = "queued"
		}
		out = append(out, t)
		return nil
	})
	return out, err
}

// Recordings implements telephony.Archive. Those that are still being made are left for the next time.
func (a Archive) Recordings(ctx context.Context, from time.Time) (out []telephony.KeptRecording, err error) {
	err = a.api.each(ctx, "/Recordings.json", since("DateCreated", from), func(raw json.RawMessage) error {
		var r struct {
			SID      string `json:"sid"`
			CallSID  string `json:"call_sid"`
			Status   string `json:"status"`
			Duration string `json:"duration"`
			Created  string `json:"date_created"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		if r.SID == "" || r.Status != "completed" {
			return nil
		}
		n, _ := strconv.Atoi(r.Duration)
		out = append(out, telephony.KeptRecording{CarrierID: r.SID, CallCarrierID: r.CallSID, Duration: time.Duration(max(n, 0)) * time.Second, Created: moment(r.Created)})
		return nil
	})
	return out, err
}

// Sound implements telephony.Archive: both sides, where Twilio has them apart.
func (a Archive) Sound(ctx context.Context, sid string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.api.base+"/2010-04-01/Accounts/"+a.api.account+"/Recordings/"+url.PathEscape(sid)+".wav?RequestedChannels=2", nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_value", "ask Twilio for the recording %s", sid)
	}
	req.SetBasicAuth(a.api.user, a.api.password)
	res, err := a.api.http.Do(req)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "Twilio does not answer")
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }() // it was read
		raw, _ := io.ReadAll(io.LimitReader(res.Body, answerLimit))
		return nil, refusal(res.StatusCode, raw)
	}
	return res.Body, nil
}

// RemoveCall implements telephony.Archive.
func (a Archive) RemoveCall(ctx context.Context, sid string) error {
	return a.remove(ctx, "Calls", sid)
}

// RemoveText implements telephony.Archive.
func (a Archive) RemoveText(ctx context.Context, sid string) error {
	return a.remove(ctx, "Messages", sid)
}

// RemoveRecording implements telephony.Archive.
func (a Archive) RemoveRecording(ctx context.Context, sid string) error {
	return a.remove(ctx, "Recordings", sid)
}

func (a Archive) remove(ctx context.Context, kind, sid string) error {
	err := a.api.do(ctx, http.MethodDelete, "/"+kind+"/"+url.PathEscape(sid)+".json", nil, harmless, nil)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Account is how the account does.
type Account struct {
	Name, Status string // "active", "suspended" or "closed"
	Type         string // "Trial" or "Full"
}

// Account asks for it.
func (l *Line) Account(ctx context.Context) (Account, error) {
	var r struct {
		Name   string `json:"friendly_name"`
		Status string `json:"status"`
		Type   string `json:"type"`
	}
	err := l.api.do(ctx, http.MethodGet, ".json", nil, harmless, &r)
	return Account{r.Name, r.Status, r.Type}, err
}

// Hooks are the webhooks that a number of the account has.
type Hooks struct{ Number, Voice, Text string }

// NumberHooks lists the account's numbers.
func (l *Line) NumberHooks(ctx context.Context) (out []Hooks, err error) {
	err = l.api.each(ctx, "/IncomingPhoneNumbers.json", url.Values{}, func(raw json.RawMessage) error {
		var r struct {
			Number string `json:"phone_number"`
			Voice  string `json:"voice_url"`
			Text   string `json:"sms_url"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		out = append(out, Hooks{r.Number, r.Voice, r.Text})
		return nil
	})
	return out, err
}

// Hook is the address that Twilio is to be given for calls ("voice") or messages ("text").
func (l *Line) Hook(name string) string { return l.hook(name, nil) }
