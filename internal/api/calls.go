package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/calls"
	"griot/internal/fault"
)

// Calls is what the API needs of the register of realtime calls; *calls.Service has it.
type Calls interface {
	Create(ctx context.Context, tenant, sdp string, st calls.Settings) (calls.Call, string, error)
	Get(ctx context.Context, tenant, id string) (calls.Call, error)
	List(ctx context.Context, tenant string, f calls.Filter) ([]calls.Call, int, error)
	End(ctx context.Context, tenant, id string) (calls.Call, error)
	Events(ctx context.Context, tenant, id string, f calls.EventFilter) ([]calls.Event, error)
	Stats(ctx context.Context, tenant string) (calls.Stats, error)
}

// Call is a realtime call.
type Call struct {
	CallID         string       `json:"call_id" example:"rtc_2q8x0k"`
	Model          string       `json:"model" example:"gpt-4o-realtime-preview"`
	Status         calls.Status `json:"status" enum:"active,ended"`
	CreatedAt      int64        `json:"created_at" doc:"Unix seconds."`
	EndedAt        *int64       `json:"ended_at" nullable:"true" doc:"Unix seconds; null while it is active."`
	Seconds        *int64       `json:"duration_seconds" nullable:"true" doc:"Null while it is active."`
	Voice          string       `json:"voice" example:"alloy"`
	Modalities     []string     `json:"modalities"`
	EndReason      string       `json:"end_reason,omitempty" example:"hung_up"`
	ConversationID string       `json:"conversation_id,omitempty" doc:"Record of what was said, once it is connected."`
}

// CallSession is what applies to a call.
type CallSession struct {
	Model        string       `json:"model"`
	Voice        string       `json:"voice"`
	Modalities   []string     `json:"modalities"`
	Instructions string       `json:"instructions,omitempty"`
	Temperature  float64      `json:"temperature"`
	MaxTokens    calls.Tokens `json:"max_response_output_tokens"`
}

type (
	createdCall struct {
		Success   bool         `json:"success"`
		CallID    string       `json:"call_id"`
		SDPAnswer string       `json:"sdp_answer"`
		Model     string       `json:"model"`
		Status    calls.Status `json:"status" enum:"active,ended"`
		CreatedAt int64        `json:"created_at" doc:"Unix seconds."`
		Session   CallSession  `json:"session"`
	}
	oneCall struct {
		Success bool `json:"success"`
		Call    Call `json:"call"`
	}
	endedCall struct {
		Success bool   `json:"success"`
		Call    Call   `json:"call"`
		Message string `json:"message"`
	}
	callList struct {
		Success bool   `json:"success"`
		Data    []Call `json:"data"`
		Count   int    `json:"count" doc:"Of data."`
		Total   int    `json:"total" doc:"Without limit and offset."`
	}
	callEvent struct {
		ID        int             `json:"id" doc:"From 1, dense within the call."`
		CallID    string          `json:"call_id"`
		EventType string          `json:"event_type" example:"call.created"`
		Timestamp int64           `json:"timestamp" doc:"Unix seconds."`
		At        time.Time       `json:"at"`
		EventData json.RawMessage `json:"event_data"`
	}
	callEvents struct {
		Success bool        `json:"success"`
		Data    []callEvent `json:"data"`
		Count   int         `json:"count" doc:"Of data."`
	}
	callStats struct {
		TotalCalls   int            `json:"total_calls"`
		ActiveCalls  int            `json:"active_calls"`
		EndedCalls   int            `json:"ended_calls"`
		MeanSeconds  float64        `json:"avg_duration_seconds" doc:"Of the calls that ended."`
		TotalEvents  int            `json:"total_events"`
		CallsByModel map[string]int `json:"calls_by_model"`
		CallsByVoice map[string]int `json:"calls_by_voice"`
	}
	callsStats struct {
		Success bool      `json:"success"`
		Stats   callStats `json:"stats"`
	}
	callRequest struct {
		ContentType string `header:"Content-Type"`
		RawBody     []byte
	}
	callPath struct {
		ID string `path:"id" maxLength:"100" doc:"The call's id."`
	}
	callsQuery struct {
		Limit  int          `query:"limit" minimum:"1" maximum:"100" default:"20"`
		Offset int          `query:"offset" minimum:"0" maximum:"1000000" default:"0"`
		Status calls.Status `query:"status" enum:"active,ended"`
	}
	callEventsQuery struct {
		ID    string `path:"id" maxLength:"100" doc:"The call's id."`
		Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"100"`
		Type  string `query:"event_type" maxLength:"100" doc:"Only events of this type."`
		After int    `query:"after" minimum:"0" default:"0" doc:"Only events with a greater id: what is new since the last question."`
	}
)

const callsTag = "Realtime calls"

// CallProblem is a Problem that also says, as the answers of these routes do, that there was no success.
type CallProblem struct {
	*Problem
	Success bool   `json:"success"`
	Message string `json:"error" doc:"The same as detail."`
	Field   string `json:"field,omitempty" doc:"The part of the request that was wrong." example:"session.temperature"`
}

func (a *api) calls() {
	const tag = callsTag
	missing := []int{http.StatusNotFound}
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: "/api/realtime/calls", OperationID: "create-call", Tags: []string{tag}, Summary: "Open a call",
		Description:      "As JSON {\"sdp\": …, \"session\": {…}}, or as multipart/form-data with the parts sdp and session.",
		SkipValidateBody: true, DefaultStatus: http.StatusCreated, Errors: []int{http.StatusBadRequest, http.StatusServiceUnavailable},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json":    {Schema: callSchema()},
			"multipart/form-data": {Schema: callSchema()},
		}},
	}, func(ctx context.Context, in *callRequest) (*output[createdCall], error) {
		out, err := a.createCall(ctx, in)
		if err != nil {
			return nil, callProblem(ctx, "create-call", err)
		}
		return &output[createdCall]{Body: out}, nil
	})
	getOr(a, "/api/realtime/calls", "list-calls", tag, "List calls, newest first", nil, callProblem, a.listCalls)
	getOr(a, "/api/realtime/calls/{id}", "get-call", tag, "Get a call", missing, callProblem, func(ctx context.Context, in *callPath) (oneCall, error) {
		c, err := a.s.Calls.Get(ctx, tenantOf(ctx), in.ID)
		return oneCall{Success: true, Call: callOf(c)}, err
	})
	getOr(a, "/api/realtime/calls/{id}/events", "list-call-events", tag, "List what happened in a call", missing, callProblem, a.listCallEvents)
	getOr(a, "/api/realtime/stats", "get-call-stats", tag, "Get the figures of all calls", nil, callProblem, func(ctx context.Context, _ *struct{}) (callsStats, error) {
		s, err := a.s.Calls.Stats(ctx, tenantOf(ctx))
		return callsStats{Success: true, Stats: callStats{s.Total, s.Active, s.Ended, s.MeanSeconds, s.Events, s.ByModel, s.ByVoice}}, err
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodDelete, Path: "/api/realtime/calls/{id}", OperationID: "end-call", Tags: []string{tag}, Summary: "End a call",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *callPath) (*output[endedCall], error) {
		c, err := a.s.Calls.End(ctx, tenantOf(ctx), in.ID)
		if err != nil {
			return nil, callProblem(ctx, "end-call", err)
		}
		return &output[endedCall]{Body: endedCall{Success: true, Call: callOf(c), Message: "Appel terminé"}}, nil
	})
}

func callSchema() *huma.Schema {
	text := &huma.Schema{Type: "string"}
	return &huma.Schema{Type: "object", Required: []string{"sdp"}, Properties: map[string]*huma.Schema{
		"sdp": {Type: "string", Description: "The offer."},
		"session": {Type: "object", Properties: map[string]*huma.Schema{
			"type": {Type: "string", Enum: []any{"realtime"}}, "model": text, "voice": text, "instructions": text,
			"modalities":                 {Type: "array", Items: &huma.Schema{Type: "string", Enum: []any{"text", "audio"}}},
			"temperature":                {Type: "number", Minimum: new(0.6), Maximum: new(1.2), Default: 0.8},
			"max_response_output_tokens": {Description: "1 to 4096, or \"inf\"."},
		}},
	}}
}

func callProblem(ctx context.Context, op string, err error) *CallProblem {
	p := problemOf(ctx, op, err)
	if p.Status == http.StatusUnprocessableEntity {
		p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	}
	return asCallProblem(p)
}

func asCallProblem(p *Problem) *CallProblem {
	c := &CallProblem{Problem: p, Message: p.Detail}
	if len(p.Errors) > 0 {
		c.Field = p.Errors[0].Location
	}
	return c
}

func (a *api) createCall(ctx context.Context, in *callRequest) (createdCall, error) {
	sdp, session, err := readOffer(in.ContentType, in.RawBody)
	if err != nil {
		return createdCall{}, err
	}
	st, err := calls.ParseSettings(session)
	if err != nil {
		return createdCall{}, err
	}
	c, answer, err := a.s.Calls.Create(ctx, tenantOf(ctx), sdp, st)
	if err != nil {
		return createdCall{}, err
	}
	s := c.Settings
	return createdCall{
		Success: true, CallID: c.ID, SDPAnswer: answer, Model: s.Model, Status: c.Status, CreatedAt: c.CreatedAt.Unix(),
		Session: CallSession{s.Model, s.Voice, s.Modalities, s.Instructions, s.Temperature, s.MaxTokens},
	}, nil
}

// readOffer takes the two parts out of either kind of body.
func readOffer(contentType string, body []byte) (sdp string, session []byte, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = contentType
	}
	wrong := func(at, format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_call", format, args...).At(at)
	}
	switch kind {
	case "application/json", "":
		var r struct {
			SDP     *string         `json:"sdp"`
			Session json.RawMessage `json:"session"`
		}
		if err := json.Unmarshal(body, &r); err != nil {
			var t *json.UnmarshalTypeError
			if errors.As(err, &t) && t.Field == "sdp" {
				return "", nil, wrong("sdp", "sdp must be a text.")
			}
			return "", nil, wrong("body", "The body must be a JSON object with sdp and session: %s.", err)
		}
		if r.SDP != nil {
			sdp = *r.SDP
		}
		return sdp, r.Session, nil
	case "multipart/form-data":
		if params["boundary"] == "" {
			return "", nil, wrong("body", "The Content-Type of multipart/form-data must name its boundary.")
		}
		m := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		for {
			p, err := m.NextPart()
			if errors.Is(err, io.EOF) {
				return sdp, session, nil
			}
			if err != nil {
				return "", nil, wrong("body", "The body is no multipart/form-data as its header describes it: %s.", err)
			}
			b, err := io.ReadAll(p) // of a body that is in memory
			if err != nil {
				return "", nil, wrong("body", "The part %q cannot be read: %s.", p.FormName(), err)
			}
			switch p.FormName() {
			case "sdp":
				sdp = string(b)
			case "session":
				session = b
			default:
				return "", nil, wrong("body", "There is no part %q; give sdp and session.", p.FormName())
			}
		}
	}
	return "", nil, wrong("body", "Give the call as application/json or multipart/form-data, not as %q.", kind)
}

func (a *api) listCalls(ctx context.Context, in *callsQuery) (callList, error) {
	cs, total, err := a.s.Calls.List(ctx, tenantOf(ctx), calls.Filter{Status: in.Status, Limit: in.Limit, Offset: in.Offset})
	if err != nil {
		return callList{}, err
	}
	out := callList{Success: true, Data: make([]Call, 0, len(cs)), Count: len(cs), Total: total}
	for _, c := range cs {
		out.Data = append(out.Data, callOf(c))
	}
	return out, nil
}

func (a *api) listCallEvents(ctx context.Context, in *callEventsQuery) (callEvents, error) {
	evs, err := a.s.Calls.Events(ctx, tenantOf(ctx), in.ID, calls.EventFilter{Type: in.Type, After: in.After, Limit: in.Limit})
	if err != nil {
		return callEvents{}, err
	}
	out := callEvents{Success: true, Data: make([]callEvent, 0, len(evs)), Count: len(evs)}
	for _, e := range evs {
		out.Data = append(out.Data, callEvent{ID: e.Seq, CallID: in.ID, EventType: e.Type, Timestamp: e.At.Unix(), At: e.At, EventData: e.Data})
	}
	return out, nil
}

func callOf(c calls.Call) Call {
	out := Call{
		CallID: c.ID, Model: c.Settings.Model, Status: c.Status, CreatedAt: c.CreatedAt.Unix(), Voice: c.Settings.Voice, Modalities: notNil(c.Settings.Modalities),
		EndReason: c.EndReason, ConversationID: c.Conversation,
	}
	if c.Status == calls.Ended {
		at := c.EndedAt.Unix()
		s := int64(c.Duration(c.EndedAt).Round(time.Second) / time.Second)
		out.EndedAt, out.Seconds = &at, &s
	}
	return out
}
