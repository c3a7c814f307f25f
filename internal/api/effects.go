package api

import (
	"context"
	"net/http"
	"time"

	"griot/internal/identity"
	"griot/internal/tool"
)

// Effects are the ledger of what agents do outside their conversations. *tool.Ledger decides.
type Effects interface {
	List(ctx context.Context, tenant string, f tool.EffectFilter) ([]tool.Effect, int, error)
	Get(ctx context.Context, tenant, id string) (tool.Effect, error)
	Decide(ctx context.Context, tenant, id, by string, allow bool) (tool.Effect, error)
}

// Effect is one line of the ledger.
type Effect struct {
	ID           string     `json:"id" doc:"Also the idempotency key that the tool was given."`
	Conversation string     `json:"conversation"`
	Agent        string     `json:"agent"`
	Tool         string     `json:"tool"`
	CallID       string     `json:"call_id"`
	Arguments    string     `json:"arguments" doc:"JSON, as the model gave it."`
	State        tool.State `json:"state" enum:"proposed,authorised,sent,confirmed,failed" doc:"proposed: somebody has to decide. sent: its end is not known yet."`
	Approval     bool       `json:"approval" doc:"Somebody has to decide, or had."`
	Code         string     `json:"code,omitempty" doc:"Why it failed: refused, approval_timeout, tool_failed, outcome_unknown (it may have been done), no_carrier, or the tool's own."`
	Output       string     `json:"output,omitempty" doc:"What the tool said, cut to 4 KB."`
	DecidedBy    string     `json:"decided_by,omitempty"`
	ProposedAt   time.Time  `json:"proposed_at"`
	DecidedAt    *time.Time `json:"decided_at,omitempty"`
	SentAt       *time.Time `json:"sent_at,omitempty"`
	SettledAt    *time.Time `json:"settled_at,omitempty"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"Until when somebody can decide."`
}

type (
	effectsQuery struct {
		State        string `query:"state" enum:"proposed,authorised,sent,confirmed,failed"`
		Approval     bool   `query:"approval" doc:"Only those that somebody has to decide, or had."`
		Tool         string `query:"tool" maxLength:"64"`
		Conversation string `query:"conversation" maxLength:"64"`
		Paging
	}
	// EffectPath names an effect.
	EffectPath struct {
		ID string `path:"id" maxLength:"64" example:"eff_0123456789abcdef01234567"`
	}
	effectDecision struct {
		EffectPath
		Body struct {
			Allow bool `json:"allow" doc:"false refuses it."`
		}
	}
)

func effectOf(e tool.Effect) Effect {
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return Effect{ID: e.ID, Conversation: e.Session, Agent: e.Agent, Tool: e.Tool, CallID: e.CallID, Arguments: e.Arguments, State: e.State, Approval: e.Approval, Code: e.Code, Output: e.Output,
		DecidedBy: e.DecidedBy, ProposedAt: e.ProposedAt, DecidedAt: at(e.DecidedAt), SentAt: at(e.SentAt), SettledAt: at(e.SettledAt), ExpiresAt: at(e.ExpiresAt)}
}

func (a *api) effects() {
	const tag = "Effects"
	missing := []int{http.StatusNotFound}
	get(a, "/api/effects", "list-effects", tag, "List what agents did, or want to do, outside their conversations", nil, func(ctx context.Context, in *effectsQuery) (Page[Effect], error) {
		at, err := offsetOf(in.Cursor)
		if err != nil {
			return Page[Effect]{}, err
		}
		list, n, err := a.s.Effects.List(ctx, tenantOf(ctx), tool.EffectFilter{State: tool.State(in.State), Approval: in.Approval, Tool: in.Tool, Session: in.Conversation, Offset: at, Limit: in.Limit})
		out := Page[Effect]{Items: []Effect{}, Total: n, NextCursor: cursorAt(at+len(list), n)}
		for _, e := range list {
			out.Items = append(out.Items, effectOf(e))
		}
		return out, err
	})
	get(a, "/api/effects/{id}", "get-effect", tag, "Get one effect", missing, func(ctx context.Context, in *EffectPath) (Effect, error) {
		e, err := a.s.Effects.Get(ctx, tenantOf(ctx), in.ID)
		return effectOf(e), err
	})
	change(a, "POST", "/api/effects/{id}/decide", "decide-effect", tag, "Allow or refuse what an agent wants to do", 0, append(missing, http.StatusConflict), func(ctx context.Context, in *effectDecision) (Effect, error) {
		e, err := a.s.Effects.Decide(ctx, tenantOf(ctx), in.ID, whoMade(ctx), in.Body.Allow)
		if err != nil {
			return Effect{}, err
		}
		identity.Target(ctx, e.ID, e.Tool)
		identity.Note(ctx, "state", string(tool.Proposed), string(e.State))
		return effectOf(e), nil
	})
}
