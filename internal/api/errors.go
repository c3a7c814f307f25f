package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/agent"
	"griot/internal/fault"
)

// Problem is every error's body: RFC 9457, with the fault's code and parameters as extra members.
type Problem struct {
	Type   string            `json:"type" example:"about:blank" doc:"Always about:blank: the code tells problems apart."`
	Title  string            `json:"title" example:"Not Found" doc:"The status in words."`
	Status int               `json:"status" example:"404"`
	Detail string            `json:"detail" doc:"What was wrong and what to do about it, in English."`
	Code   string            `json:"code" example:"conversation_not_found" doc:"Stable name of the problem, to be worded in the reader's language."`
	Params map[string]string `json:"params,omitempty" doc:"Values for the words of the code."`
	Errors []FieldError      `json:"errors,omitempty" doc:"Every part of the request that was wrong, when the code is invalid_request."`

	Findings []agent.Finding `json:"findings,omitempty" doc:"When the code is agent_incomplete."`
	Conflict *AgentConflict  `json:"conflict,omitempty" doc:"When the code is agent_changed."`
	Current  json.RawMessage `json:"current,omitempty" doc:"When the code is changed_meanwhile: what GET answers now."`
}

// FieldError is one part of a request that was wrong.
type FieldError struct {
	Message  string `json:"message"`
	Location string `json:"location,omitempty" example:"query.limit"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns what goes with the problem: when to try again, and how to say who asks.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusTooManyRequests:
		if s := p.Params["seconds"]; s != "" {
			h.Set("Retry-After", s)
		}
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// ContentType turns JSON into problem+json.
func (p *Problem) ContentType(ct string) string {
	if ct == "application/json" {
		return "application/problem+json"
	}
	return ct
}

// The error model and the rule that our lists are never null are the only settings of the library that are global.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = newProblem
}

// newProblem makes the problem for what the library itself finds wrong with a request.
func newProblem(status int, msg string, errs ...error) huma.StatusError {
	p := problem(status, codeOfStatus(status), msg)
	for _, err := range errs {
		if err == nil {
			continue
		}
		fe := FieldError{Message: err.Error()}
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			fe = FieldError{Message: d.ErrorDetail().Message, Location: d.ErrorDetail().Location}
		}
		p.Errors = append(p.Errors, fe)
	}
	if status >= 500 {
		p.Errors = nil // never shown: it may name files and hosts
	}
	return p
}

func problem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

func codeOfStatus(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "invalid_request"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusNotAcceptable:
		return "not_acceptable"
	case http.StatusRequestTimeout:
		return "timeout"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusPreconditionFailed:
		return "changed_meanwhile"
	case http.StatusUnauthorized:
		return "sign_in_required"
	case http.StatusForbidden:
		return "denied"
	case http.StatusTooManyRequests:
		return "too_many_attempts"
	}
	return "internal"
}

var statusOf = map[fault.Kind]int{
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Unknown:     http.StatusUnauthorized,
	fault.Denied:      http.StatusForbidden,
	fault.Limited:     http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// problemOf translates a service's error. What has no fault kind is our mistake: it is logged, and the reader is told no more than
// that.
func problemOf(ctx context.Context, op string, err error) *Problem {
	var f *fault.Error
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	if !errors.As(err, &f) || statusOf[f.Kind] == 0 {
		slog.ErrorContext(ctx, "request failed", "operation", op, "error", err)
		return problem(http.StatusInternalServerError, "internal", "The server failed to do this; its log says why.")
	}
	status := statusOf[f.Kind]
	if status >= 500 {
		slog.WarnContext(ctx, "request failed", "operation", op, "error", err)
	}
	p := problem(status, f.Code, f.Message)
	p.Params = f.Params
	if f.Param != "" {
		p.Errors = []FieldError{{Message: f.Message, Location: f.Param}}
	}
	return p
}

// writeProblem answers outside the library's routes.
func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	sayIn(w, r, p)
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	// An error here means that the client is gone.
	_ = json.NewEncoder(w).Encode(p)
}
