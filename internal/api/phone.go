package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/identity"
	"griot/internal/phone"
	"griot/internal/telephony"
)

// Phone is what the API needs of tenants' telephones; *phone.Service has it.
type Phone interface {
	Place(ctx context.Context, carrier string, o telephony.Order) (telephony.Call, error)
	Live(tenant string) []telephony.Call
	Call(ctx context.Context, tenant, id string) (telephony.Call, error)
	Calls(ctx context.Context, tenant string, f phone.Filter) ([]telephony.Call, int, error)
	DeleteCall(ctx context.Context, tenant, id string) error
	HangUp(ctx context.Context, tenant, id string) error
	Transfer(ctx context.Context, tenant, id, to, briefing string) error
	SendDigits(ctx context.Context, tenant, id, digits string) error

	SendText(ctx context.Context, t phone.Text) (phone.Text, error)
	Texts(ctx context.Context, tenant string, f phone.Filter) ([]phone.Text, int, error)
	DeleteText(ctx context.Context, tenant, id string) error

	Recordings(ctx context.Context, tenant string, f phone.Filter) ([]phone.Recording, int, error)
	Sound(ctx context.Context, tenant, id string) (io.ReadSeekCloser, phone.Recording, error)
	DeleteRecording(ctx context.Context, tenant, id string) error

	Numbers(ctx context.Context, tenant string) ([]phone.Number, error)
	SetNumber(ctx context.Context, tenant string, n phone.Number) (now, before phone.Number, err error)
	DeleteNumber(ctx context.Context, tenant, number string) error
	Consent(ctx context.Context, tenant string) (phone.Consent, error)
	SetConsent(ctx context.Context, tenant string, c phone.Consent) error

	Carriers(tenant string) []phone.Setup
	Test(ctx context.Context, tenant, carrier string) (phone.Tested, error)
	Sync(ctx context.Context, tenant, carrier string, since time.Time) (phone.Synced, error)
}

// PhoneCall is a telephone call.
type PhoneCall struct {
	ID           string              `json:"id" example:"tel_0123456789abcdef01234567"`
	Carrier      string              `json:"carrier" example:"twilio"`
	CarrierID    string              `json:"carrier_id" doc:"The carrier's name of it, such as Twilio's CallSid or SIP's Call-ID; may be empty."`
	Trunk        string              `json:"trunk,omitempty" doc:"By which it came or went."`
	Direction    telephony.Direction `json:"direction" enum:"inbound,outbound"`
	From         string              `json:"from"`
	FromName     string              `json:"from_name,omitempty" doc:"As the far end shows it."`
	To           string              `json:"to"`
	Agent        string              `json:"agent" doc:"The agent's reference; empty for a call that no agent of this server took."`
	Conversation string              `json:"conversation_id" doc:"Its record; empty when there is none."`
	State        telephony.State     `json:"state" enum:"dialing,ringing,active,ended"`
	Outcome      telephony.Outcome   `json:"outcome" enum:"answered,busy,no_answer,declined,cancelled,invalid_number,unreachable,congestion,forbidden,incompatible,failed," doc:"What became of it; empty as long as that is open."`
	Reason       string              `json:"reason" doc:"Why it ended." example:"caller_left"`
	CreatedAt    time.Time           `json:"created_at"`
	AnsweredAt   *time.Time          `json:"answered_at,omitempty"`
	EndedAt      *time.Time          `json:"ended_at,omitempty"`
}

// PhoneText is a text message.
type PhoneText struct {
	ID           string              `json:"id" example:"txt_0123456789abcdef01234567"`
	Carrier      string              `json:"carrier" example:"twilio"`
	CarrierID    string              `json:"carrier_id"`
	Direction    telephony.Direction `json:"direction" enum:"inbound,outbound"`
	From         string              `json:"from"`
	To           string              `json:"to"`
	Body         string              `json:"body"`
	Status       string              `json:"status" example:"delivered" doc:"received; of ours: queued, sending, sent, delivered, undelivered or failed."`
	Error        string              `json:"error,omitempty" doc:"The carrier's code of what went wrong."`
	Agent        string              `json:"agent,omitempty" doc:"That answers or wrote it."`
	Conversation string              `json:"conversation_id,omitempty" doc:"The record that it belongs to."`
	CreatedAt    time.Time           `json:"created_at"`
}

// PhoneRecording is a recording that a carrier made, of which there is a copy here.
type PhoneRecording struct {
	ID         string    `json:"id" example:"rec_0123456789abcdef01234567"`
	Carrier    string    `json:"carrier"`
	CarrierID  string    `json:"carrier_id"`
	Call       string    `json:"call_id,omitempty"`
	Bytes      int64     `json:"bytes"`
	DurationMS int64     `json:"duration_ms"`
	CreatedAt  time.Time `json:"created_at"`
	URL        string    `json:"url" doc:"Path of the WAV file."`
}

// PhoneNumber says which agent answers a number.
type PhoneNumber struct {
	Number    string     `json:"number" example:"+33123456789"`
	Agent     string     `json:"agent" doc:"The agent's reference; empty while nobody answers."`
	Label     string     `json:"label"`
	Tenant    string     `json:"tenant" doc:"Whose it is."`
	Source    string     `json:"source" enum:"console,configuration" doc:"What is in the configuration is changed there."`
	Carrier   string     `json:"carrier,omitempty" doc:"Of the configuration's: by which it comes."`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
	UpdatedBy string     `json:"updated_by,omitempty"`
}

// PhoneItem is one line of a carrier's checklist.
type PhoneItem struct {
	ID     string `json:"id" example:"public_url" doc:"What it is about; after a colon which trunk or number."`
	OK     bool   `json:"ok"`
	Detail string `json:"detail" doc:"What is set, or what is wrong; may be empty."`
}

// PhoneCarrier is a way for calls.
type PhoneCarrier struct {
	ID       string      `json:"id" example:"twilio"`
	Name     string      `json:"name" example:"Twilio"`
	Ready    bool        `json:"ready" doc:"It is set up."`
	Texts    bool        `json:"texts" doc:"It carries text messages."`
	Archive  bool        `json:"archive" doc:"It keeps calls, messages and recordings, which can be brought here."`
	Testable bool        `json:"testable" doc:"It can be asked whether what is set is right."`
	From     string      `json:"from" doc:"Number that calls show when nothing else is said; only to the operator."`
	Items    []PhoneItem `json:"items" doc:"What it needs; only to the operator."`
}

// PhoneCheck is what a carrier answered.
type PhoneCheck struct {
	OK      bool        `json:"ok"`
	Took    int64       `json:"took_ms"`
	Items   []PhoneItem `json:"items"`
	Code    string      `json:"code,omitempty" doc:"Why it did not answer."`
	Message string      `json:"message,omitempty" doc:"The same in English."`
}

// PhoneConsent is what callers are told before the agent's greeting.
type PhoneConsent struct {
	Enabled  bool              `json:"enabled"`
	Texts    map[string]string `json:"texts" doc:"By language: en, fr, es. What is missing or empty is ours."`
	Defaults map[string]string `json:"defaults" doc:"What is said where the tenant has set no text."`
}

type (
	phoneCallsQuery struct {
		Words     string              `query:"q" maxLength:"200" doc:"Only with a number that has these characters."`
		Direction telephony.Direction `query:"direction" enum:"inbound,outbound"`
		Outcome   telephony.Outcome   `query:"outcome" enum:"answered,busy,no_answer,declined,cancelled,invalid_number,unreachable,congestion,forbidden,incompatible,failed"`
		Agent     string              `query:"agent" maxLength:"200"`
		Carrier   string              `query:"carrier" maxLength:"40"`
		From      time.Time           `query:"from" doc:"Only those that began then or later."`
		To        time.Time           `query:"to" doc:"Only those that began before."`
		Live      bool                `query:"live" doc:"Only those that go on, the oldest first; nothing else is looked at then."`
		Paging
	}
	phoneTextsQuery struct {
		Words     string              `query:"q" maxLength:"200" doc:"Only with a number that has these characters."`
		Direction telephony.Direction `query:"direction" enum:"inbound,outbound"`
		Carrier   string              `query:"carrier" maxLength:"40"`
		From      time.Time           `query:"from" doc:"Only what came or went then or later."`
		To        time.Time           `query:"to" doc:"Only what came or went before."`
		Paging
	}
	phoneRecordingsQuery struct {
		From time.Time `query:"from" doc:"Only what was recorded then or later."`
		To   time.Time `query:"to" doc:"Only what was recorded before."`
		Paging
	}
	// PhonePath names a call, a message or a recording.
	PhonePath struct {
		ID string `path:"id" maxLength:"64" example:"tel_0123456789abcdef01234567"`
	}
	// PhoneNumberPath names a number.
	PhoneNumberPath struct {
		Number string `path:"number" maxLength:"32" example:"+33123456789"`
	}
	// PhoneCarrierPath names a carrier.
	PhoneCarrierPath struct {
		Carrier string `path:"carrier" maxLength:"40" example:"twilio"`
	}
	phoneOrder struct {
		Body struct {
			Agent   string `json:"agent" minLength:"1" maxLength:"200" doc:"Reference of who talks."`
			To      string `json:"to" minLength:"1" maxLength:"255" example:"+33612345678" doc:"Number, or a sip: address."`
			From    string `json:"from,omitempty" maxLength:"32" doc:"Number that is shown; the carrier's when it is not said."`
			Carrier string `json:"carrier,omitempty" maxLength:"40" doc:"The first that is set up when it is not said."`
			Trunk   string `json:"trunk,omitempty" maxLength:"64"`
			Max     int    `json:"max_seconds,omitempty" minimum:"0" maximum:"86400" doc:"Length of the conversation at most; the agent's when it is not said."`
			Ring    int    `json:"ring_seconds,omitempty" minimum:"0" maximum:"600" doc:"How long it rings; the carrier's setting when it is not said."`
		}
	}
	phoneTransfer struct {
		PhonePath
		Body struct {
			To       string `json:"to" minLength:"1" maxLength:"255" example:"+33612345678"`
			Briefing string `json:"briefing,omitempty" maxLength:"1000" doc:"What the person who answers is told before, where the carrier can."`
		}
	}
	phoneDigits struct {
		PhonePath
		Body struct {
			Digits string `json:"digits" minLength:"1" maxLength:"32" pattern:"^[0-9A-Da-d*#]+$" example:"1#"`
		}
	}
	phoneMessage struct {
		Body struct {
			To      string `json:"to" minLength:"1" maxLength:"255" example:"+33612345678"`
			Body    string `json:"body" minLength:"1" maxLength:"1600"`
			From    string `json:"from,omitempty" maxLength:"32"`
			Carrier string `json:"carrier,omitempty" maxLength:"40"`
		}
	}
	phoneNumberInput struct {
		PhoneNumberPath
		Body struct {
			Agent  string `json:"agent" maxLength:"200" doc:"The agent's reference; empty for nobody."`
			Label  string `json:"label,omitempty" maxLength:"100"`
			Tenant string `json:"tenant,omitempty" maxLength:"64" doc:"Whose it becomes; only the operator gives numbers to others. The tenant that has it when it is not said."`
		}
	}
	phoneConsentInput struct {
		Body struct {
			Enabled bool              `json:"enabled"`
			Texts   map[string]string `json:"texts,omitempty" doc:"By language: en, fr, es; 500 characters each."`
		}
	}
	phoneSync struct {
		PhoneCarrierPath
		Body struct {
			Days int `json:"days,omitempty" minimum:"1" maximum:"400" default:"7" doc:"How far back."`
		}
	}
	phoneSynced struct {
		Calls      int `json:"calls" doc:"That were missing here, or stood otherwise."`
		Messages   int `json:"messages"`
		Recordings int `json:"recordings"`
	}
	phoneCarriersQuery struct{ Paging }
	phoneNumbersQuery  struct {
		Search
		Paging
	}
)

// Whoever places calls or sends messages has thirty at once, and then one a second: what goes wrong in a loop costs money.
var dialRate = allowance{most: 30, every: time.Second}

func (a *api) phone() {
	const tag = "Telephone"
	missing := []int{http.StatusNotFound}
	call := []int{http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable}
	get(a, "/api/phone/calls", "list-phone-calls", tag, "List telephone calls", nil, a.listPhoneCalls)
	change(a, http.MethodPost, "/api/phone/calls", "place-phone-call", tag, "Have an agent call somebody", http.StatusCreated, call, a.placePhoneCall)
	get(a, "/api/phone/calls/{id}", "get-phone-call", tag, "Get a telephone call", missing, func(ctx context.Context, in *PhonePath) (PhoneCall, error) {
		c, err := a.s.Phone.Call(ctx, tenantOf(ctx), in.ID)
		return phoneCallOf(c), err
	})
	remove(a, http.MethodDelete, "/api/phone/calls/{id}", "delete-phone-call", tag, "Delete a call that is over, at its carrier too", call, func(ctx context.Context, in *PhonePath) error {
		return a.s.Phone.DeleteCall(ctx, tenantOf(ctx), in.ID)
	})
	act := func(path, id, summary string, f func(context.Context, string) error) {
		change(a, http.MethodPost, path, id, tag, summary, 0, call, func(ctx context.Context, in *PhonePath) (PhoneCall, error) {
			return a.afterwards(ctx, in.ID, f(ctx, in.ID))
		})
	}
	act("/api/phone/calls/{id}/hangup", "hang-up-phone-call", "End a call", func(ctx context.Context, id string) error { return a.s.Phone.HangUp(ctx, tenantOf(ctx), id) })
	change(a, http.MethodPost, "/api/phone/calls/{id}/transfer", "transfer-phone-call", tag, "Connect the far end of a call with somebody else", 0, call, func(ctx context.Context, in *phoneTransfer) (PhoneCall, error) {
		identity.Note(ctx, "to", "", in.Body.To)
		return a.afterwards(ctx, in.ID, a.s.Phone.Transfer(ctx, tenantOf(ctx), in.ID, in.Body.To, in.Body.Briefing))
	})
	change(a, http.MethodPost, "/api/phone/calls/{id}/digits", "send-phone-digits", tag, "Press keys for the far end of a call", 0, call, func(ctx context.Context, in *phoneDigits) (PhoneCall, error) {
		return a.afterwards(ctx, in.ID, a.s.Phone.SendDigits(ctx, tenantOf(ctx), in.ID, strings.ToUpper(in.Body.Digits)))
	})

	get(a, "/api/phone/messages", "list-phone-messages", tag, "List text messages", nil, a.listPhoneTexts)
	change(a, http.MethodPost, "/api/phone/messages", "send-phone-message", tag, "Send a text message", http.StatusCreated, call, a.sendPhoneText)
	remove(a, http.MethodDelete, "/api/phone/messages/{id}", "delete-phone-message", tag, "Delete a text message, at its carrier too", call, func(ctx context.Context, in *PhonePath) error {
		return a.s.Phone.DeleteText(ctx, tenantOf(ctx), in.ID)
	})
	get(a, "/api/phone/recordings", "list-phone-recordings", tag, "List the carriers' recordings of calls", nil, a.listPhoneRecordings)
	remove(a, http.MethodDelete, "/api/phone/recordings/{id}", "delete-phone-recording", tag, "Delete a carrier's recording, there too", call, func(ctx context.Context, in *PhonePath) error {
		return a.s.Phone.DeleteRecording(ctx, tenantOf(ctx), in.ID)
	})
	wav := map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/phone/recordings/{id}/audio", OperationID: "get-phone-recording", Tags: []string{tag}, Summary: "Get a carrier's recording", Description: "A WAV file. Range requests are answered.", Errors: missing,
		Responses: map[string]*huma.Response{"200": {Description: "The whole file", Content: wav}, "206": {Description: "A part of it", Content: wav}, "416": {Description: "The file has no such part"}},
	}, a.phoneSound)

	get(a, "/api/phone/numbers", "list-phone-numbers", tag, "List numbers and which agents answer them", nil, func(ctx context.Context, in *phoneNumbersQuery) (Page[PhoneNumber], error) {
		all, err := a.s.Phone.Numbers(ctx, tenantOf(ctx))
		if err != nil {
			return Page[PhoneNumber]{}, err
		}
		return numberShelf.page(each(all, phoneNumberOf), in.Search, "", in.Paging)
	})
	get(a, "/api/phone/numbers/{number}", "get-phone-number", tag, "Get a number", missing, func(ctx context.Context, in *PhoneNumberPath) (PhoneNumber, error) {
		return a.phoneNumber(ctx, in.Number)
	})
	change(a, http.MethodPut, "/api/phone/numbers/{number}", "set-phone-number", tag, "Say which agent answers a number", http.StatusOK, missing, a.setPhoneNumber)
	remove(a, http.MethodDelete, "/api/phone/numbers/{number}", "delete-phone-number", tag, "Take a number out of the table", missing, func(ctx context.Context, in *PhoneNumberPath) error {
		return a.s.Phone.DeleteNumber(ctx, tenantOf(ctx), in.Number)
	})
	get(a, "/api/phone/consent", "get-phone-consent", tag, "Get what callers are told first", nil, func(ctx context.Context, _ *struct{}) (PhoneConsent, error) { return a.consent(ctx) })
	change(a, http.MethodPut, "/api/phone/consent", "set-phone-consent", tag, "Set what callers are told first", http.StatusOK, nil, func(ctx context.Context, in *phoneConsentInput) (PhoneConsent, error) {
		if err := a.s.Phone.SetConsent(ctx, tenantOf(ctx), phone.Consent{Enabled: in.Body.Enabled, Texts: in.Body.Texts}); err != nil {
			return PhoneConsent{}, err
		}
		return a.consent(ctx)
	})

	get(a, "/api/phone/carriers", "list-phone-carriers", tag, "List carriers, with what each needs", nil, func(ctx context.Context, in *phoneCarriersQuery) (Page[PhoneCarrier], error) {
		return carrierShelf.page(each(a.s.Phone.Carriers(tenantOf(ctx)), phoneCarrierOf), Search{}, "", in.Paging)
	})
	change(a, http.MethodPost, "/api/phone/carriers/{carrier}/check", "check-phone-carrier", tag, "Ask a carrier whether what is set is right", 0, call, func(ctx context.Context, in *PhoneCarrierPath) (PhoneCheck, error) {
		t, err := a.s.Phone.Test(ctx, tenantOf(ctx), in.Carrier)
		return PhoneCheck{OK: t.OK, Took: t.Took.Milliseconds(), Items: each(t.Items, phoneItemOf), Code: t.Code, Message: t.Message}, err
	})
	change(a, http.MethodPost, "/api/phone/carriers/{carrier}/sync", "sync-phone-carrier", tag, "Bring a carrier's history and recordings here", 0, call, func(ctx context.Context, in *phoneSync) (phoneSynced, error) {
		n, err := a.s.Phone.Sync(ctx, tenantOf(ctx), in.Carrier, time.Now().AddDate(0, 0, -max(in.Body.Days, 1)))
		return phoneSynced{n.Calls, n.Texts, n.Recordings}, err
	})
}

// afterwards is how a call stands after something was done with it.
func (a *api) afterwards(ctx context.Context, id string, err error) (PhoneCall, error) {
	if err != nil {
		return PhoneCall{}, err
	}
	c, err := a.s.Phone.Call(ctx, tenantOf(ctx), id)
	return phoneCallOf(c), err
}

func (a *api) listPhoneCalls(ctx context.Context, in *phoneCallsQuery) (Page[PhoneCall], error) {
	at, err := offsetOf(in.Cursor)
	if err != nil {
		return Page[PhoneCall]{}, err
	}
	var list []telephony.Call
	var n int
	if in.Live {
		list = a.s.Phone.Live(tenantOf(ctx))
		n, list = len(list), list[min(at, len(list)):min(at+in.Limit, len(list))]
	} else {
		list, n, err = a.s.Phone.Calls(ctx, tenantOf(ctx), phone.Filter{Number: telephony.Number(in.Words), Direction: in.Direction, Outcome: in.Outcome, Agent: in.Agent, Carrier: in.Carrier, From: in.From, To: in.To, Limit: in.Limit, Offset: at})
	}
	return Page[PhoneCall]{Items: each(list, phoneCallOf), Total: n, NextCursor: cursorAt(at+len(list), n)}, err
}

func (a *api) placePhoneCall(ctx context.Context, in *phoneOrder) (PhoneCall, error) {
	if err := a.dialled.take(ctx, dialRate); err != nil {
		return PhoneCall{}, err
	}
	b := in.Body
	c, err := a.s.Phone.Place(ctx, b.Carrier, telephony.Order{Tenant: tenantOf(ctx), Agent: b.Agent, To: b.To, From: b.From, Trunk: b.Trunk, Ring: time.Duration(b.Ring) * time.Second, Max: time.Duration(b.Max) * time.Second})
	if err != nil {
		return PhoneCall{}, err
	}
	identity.Target(ctx, c.ID, c.To)
	return phoneCallOf(c), nil
}

func (a *api) listPhoneTexts(ctx context.Context, in *phoneTextsQuery) (Page[PhoneText], error) {
	at, err := offsetOf(in.Cursor)
	if err != nil {
		return Page[PhoneText]{}, err
	}
	list, n, err := a.s.Phone.Texts(ctx, tenantOf(ctx), phone.Filter{Number: telephony.Number(in.Words), Direction: in.Direction, Carrier: in.Carrier, From: in.From, To: in.To, Limit: in.Limit, Offset: at})
	return Page[PhoneText]{Items: each(list, phoneTextOf), Total: n, NextCursor: cursorAt(at+len(list), n)}, err
}

func (a *api) sendPhoneText(ctx context.Context, in *phoneMessage) (PhoneText, error) {
	if err := a.dialled.take(ctx, dialRate); err != nil {
		return PhoneText{}, err
	}
	t, err := a.s.Phone.SendText(ctx, phone.Text{Tenant: tenantOf(ctx), Carrier: in.Body.Carrier, From: in.Body.From, To: in.Body.To, Body: in.Body.Body})
	if err != nil {
		return PhoneText{}, err
	}
	identity.Target(ctx, t.ID, t.To)
	return phoneTextOf(t), nil
}

func (a *api) listPhoneRecordings(ctx context.Context, in *phoneRecordingsQuery) (Page[PhoneRecording], error) {
	at, err := offsetOf(in.Cursor)
	if err != nil {
		return Page[PhoneRecording]{}, err
	}
	list, n, err := a.s.Phone.Recordings(ctx, tenantOf(ctx), phone.Filter{From: in.From, To: in.To, Limit: in.Limit, Offset: at})
	return Page[PhoneRecording]{Items: each(list, phoneRecordingOf), Total: n, NextCursor: cursorAt(at+len(list), n)}, err
}

func (a *api) phoneSound(ctx context.Context, in *PhonePath) (*huma.StreamResponse, error) {
	f, r, err := a.s.Phone.Sound(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, problemOf(ctx, "get-phone-recording", err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer f.Close()
		req, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Cache-Control", "private, no-cache")
		http.ServeContent(w, req, "", r.Created, f)
	}}, nil
}

func (a *api) phoneNumber(ctx context.Context, number string) (PhoneNumber, error) {
	all, err := a.s.Phone.Numbers(ctx, tenantOf(ctx))
	if err != nil {
		return PhoneNumber{}, err
	}
	for _, n := range all {
		if n.Number == telephony.Number(number) {
			return phoneNumberOf(n), nil
		}
	}
	return PhoneNumber{}, phone.ErrNoNumber(number)
}

func (a *api) setPhoneNumber(ctx context.Context, in *phoneNumberInput) (PhoneNumber, error) {
	now, before, err := a.s.Phone.SetNumber(ctx, tenantOf(ctx), phone.Number{Number: in.Number, Agent: in.Body.Agent, Label: in.Body.Label, Tenant: in.Body.Tenant, UpdatedBy: whoMade(ctx)})
	if err != nil {
		return PhoneNumber{}, err
	}
	identity.Note(ctx, "agent", before.Agent, now.Agent)
	identity.Note(ctx, "tenant", before.Tenant, now.Tenant)
	return phoneNumberOf(now), nil
}

func (a *api) consent(ctx context.Context) (PhoneConsent, error) {
	c, err := a.s.Phone.Consent(ctx, tenantOf(ctx))
	if c.Texts == nil {
		c.Texts = map[string]string{}
	}
	return PhoneConsent{Enabled: c.Enabled, Texts: c.Texts, Defaults: phone.Spoken}, err
}

var numberShelf = shelf[PhoneNumber]{
	id:    func(n PhoneNumber) string { return n.Source + n.Carrier + n.Number },
	words: func(n PhoneNumber) []string { return []string{n.Number, n.Agent, n.Label, n.Tenant} },
}

var carrierShelf = shelf[PhoneCarrier]{id: func(c PhoneCarrier) string { return c.ID }}

func phoneCallOf(c telephony.Call) PhoneCall {
	return PhoneCall{ID: c.ID, Carrier: c.Carrier, CarrierID: c.CarrierID, Trunk: c.Trunk, Direction: c.Direction, From: c.From, FromName: c.FromName, To: c.To, Agent: c.Agent, Conversation: c.Conversation, State: c.State, Outcome: c.Outcome,
		Reason: c.Reason, CreatedAt: c.Created, AnsweredAt: optional(c.Answered), EndedAt: optional(c.Ended)}
}

func phoneTextOf(t phone.Text) PhoneText {
	return PhoneText{ID: t.ID, Carrier: t.Carrier, CarrierID: t.CarrierID, Direction: t.Direction, From: t.From, To: t.To, Body: t.Body, Status: t.Status, Error: t.Error, Agent: t.Agent, Conversation: t.Conversation, CreatedAt: t.Created}
}

func phoneRecordingOf(r phone.Recording) PhoneRecording {
	return PhoneRecording{ID: r.ID, Carrier: r.Carrier, CarrierID: r.CarrierID, Call: r.Call, Bytes: r.Bytes, DurationMS: r.Duration.Milliseconds(), CreatedAt: r.Created, URL: "/api/phone/recordings/" + pathOf(r.ID) + "/audio"}
}

func phoneNumberOf(n phone.Number) PhoneNumber {
	out := PhoneNumber{Number: n.Number, Agent: n.Agent, Label: n.Label, Tenant: n.Tenant, Source: "console", Carrier: n.Carrier, UpdatedAt: optional(n.UpdatedAt), UpdatedBy: n.UpdatedBy}
	if n.Fixed {
		out.Source = "configuration"
	}
	return out
}

func phoneCarrierOf(s phone.Setup) PhoneCarrier {
	return PhoneCarrier{ID: s.ID, Name: s.Name, Ready: s.Ready, Texts: s.Texts, Archive: s.Archive, Testable: s.Testable, From: s.From, Items: each(s.Items, phoneItemOf)}
}

func phoneItemOf(i phone.Item) PhoneItem { return PhoneItem(i) }
