package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/fault"
	"griot/internal/identity"
)

// What a rule may need instead of a permission.
const (
	Public     identity.Permission = "public"     // nothing: who asks need not be known
	Recognised identity.Permission = "recognised" // a session, a key, or this machine as long as nobody needs to sign in
)

// Rule says who may use a route, and what the audit trail calls it.
type Rule struct {
	Route  string // method and pattern
	Needs  identity.Permission
	Action string // in the audit trail, when it succeeds; empty for what changes nothing
	Target string // the kind of thing that the action is about
	Param  string // the parameter of the path that names it; empty when the handler names it
	Why    string // why a route that changes something has no action
	// Visitors of pages that show an agent may use it as well, for that agent and what is theirs; the handler sees to both.
	Visitors bool
}

// Rules is the whole table: a route that is not in it is refused. docs/roles.md is made from it.
var Rules = []Rule{
	{Route: "GET /healthz", Needs: Public},
	{Route: "GET /api/system", Needs: identity.ReadSystem},

	{Route: "GET /api/agents", Needs: identity.ReadAgents},
	{Route: "POST /api/agents", Needs: identity.WriteAgents, Action: "agent.made", Target: "agent"},
	{Route: "POST /api/agents/import", Needs: identity.WriteAgents, Action: "agent.imported", Target: "agent"},
	{Route: "POST /api/agents/validate", Needs: identity.ReadAgents, Why: "it looks and keeps nothing"},
	{Route: "GET /api/agents/name-available", Needs: identity.ReadAgents},
	{Route: "GET /api/agents/{reference}", Needs: identity.ReadAgents},
	{Route: "PATCH /api/agents/{reference}", Needs: identity.WriteAgents, Action: "agent.changed", Target: "agent", Param: "reference"},
	{Route: "PUT /api/agents/{reference}", Needs: identity.WriteAgents, Action: "agent.changed", Target: "agent", Param: "reference"},
	{Route: "DELETE /api/agents/{reference}", Needs: identity.WriteAgents, Action: "agent.deleted", Target: "agent", Param: "reference"},
	{Route: "POST /api/agents/{reference}/restore", Needs: identity.WriteAgents, Action: "agent.restored", Target: "agent", Param: "reference"},
	{Route: "POST /api/agents/{reference}/publish", Needs: identity.WriteAgents, Action: "agent.published", Target: "agent", Param: "reference"},
	{Route: "POST /api/agents/{reference}/unpublish", Needs: identity.WriteAgents, Action: "agent.unpublished", Target: "agent", Param: "reference"},
	{Route: "POST /api/agents/{reference}/duplicate", Needs: identity.WriteAgents, Action: "agent.duplicated", Target: "agent"},
	{Route: "POST /api/agents/{reference}/rollback", Needs: identity.WriteAgents, Action: "agent.rolled_back", Target: "agent", Param: "reference"},
	{Route: "GET /api/agents/{reference}/versions", Needs: identity.ReadAgents},
	{Route: "GET /api/agents/{reference}/versions/{version}", Needs: identity.ReadAgents},
	{Route: "GET /api/agents/{reference}/diff", Needs: identity.ReadAgents},
	{Route: "GET /api/agents/{reference}/export", Needs: identity.ReadAgents},

	{Route: "GET /api/conversations", Needs: identity.ReadConversations},
	{Route: "GET /api/conversations/export", Needs: identity.ReadConversations},
	{Route: "GET /api/conversations/{id}", Needs: identity.ReadConversations},
	{Route: "GET /api/conversations/{id}/events", Needs: identity.ReadConversations},
	{Route: "GET /api/conversations/{id}/peaks", Needs: identity.ReadConversations},
	{Route: "GET /api/conversations/{id}/recording", Needs: identity.ReadConversations},
	{Route: "DELETE /api/conversations/{id}", Needs: identity.DeleteConversations, Action: "conversation.deleted", Target: "conversation", Param: "id"},

	{Route: "GET /api/overview", Needs: identity.ReadConversations},
	{Route: "GET /api/overview/events", Needs: identity.ReadConversations},
	{Route: "GET /api/billing-rate", Needs: identity.ReadConversations},
	{Route: "PUT /api/billing-rate", Needs: identity.WriteBilling, Action: "billing_rate.changed", Target: "billing_rate"},

	{Route: "POST /api/realtime/calls", Needs: identity.Talk, Why: "a call is a record of its own"},
	{Route: "GET /api/realtime/calls", Needs: identity.ReadConversations},
	{Route: "GET /api/realtime/calls/{id}", Needs: identity.ReadConversations},
	{Route: "DELETE /api/realtime/calls/{id}", Needs: identity.Talk, Action: "call.ended", Target: "call", Param: "id"},
	{Route: "GET /api/realtime/calls/{id}/events", Needs: identity.ReadConversations},
	{Route: "GET /api/realtime/stats", Needs: identity.ReadConversations},

	{Route: "GET /api/phone/calls", Needs: identity.ReadConversations},
	{Route: "POST /api/phone/calls", Needs: identity.Talk, Action: "phone_call.placed", Target: "phone_call"},
	{Route: "GET /api/phone/calls/{id}", Needs: identity.ReadConversations},
	{Route: "DELETE /api/phone/calls/{id}", Needs: identity.DeleteConversations, Action: "phone_call.deleted", Target: "phone_call", Param: "id"},
	{Route: "POST /api/phone/calls/{id}/hangup", Needs: identity.Talk, Action: "phone_call.ended", Target: "phone_call", Param: "id"},
	{Route: "POST /api/phone/calls/{id}/transfer", Needs: identity.Talk, Action: "phone_call.transferred", Target: "phone_call", Param: "id"},
	{Route: "POST /api/phone/calls/{id}/digits", Needs: identity.Talk, Why: "the record of the call has it"},
	{Route: "GET /api/phone/messages", Needs: identity.ReadConversations},
	{Route: "POST /api/phone/messages", Needs: identity.Talk, Action: "phone_message.sent", Target: "phone_message"},
	{Route: "DELETE /api/phone/messages/{id}", Needs: identity.DeleteConversations, Action: "phone_message.deleted", Target: "phone_message", Param: "id"},
	{Route: "GET /api/phone/recordings", Needs: identity.ReadConversations},
	{Route: "GET /api/phone/recordings/{id}/audio", Needs: identity.ReadConversations},
	{Route: "DELETE /api/phone/recordings/{id}", Needs: identity.DeleteConversations, Action: "phone_recording.deleted", Target: "phone_recording", Param: "id"},
	{Route: "GET /api/phone/numbers", Needs: identity.ReadAgents},
	{Route: "GET /api/phone/numbers/{number}", Needs: identity.ReadAgents},
	{Route: "PUT /api/phone/numbers/{number}", Needs: identity.WriteAgents, Action: "phone_number.changed", Target: "phone_number", Param: "number"},
	{Route: "DELETE /api/phone/numbers/{number}", Needs: identity.WriteAgents, Action: "phone_number.removed", Target: "phone_number", Param: "number"},
	{Route: "GET /api/phone/consent", Needs: identity.ReadAgents},
	{Route: "PUT /api/phone/consent", Needs: identity.WriteAgents, Action: "phone_consent.changed", Target: "phone_consent"},
	{Route: "GET /api/phone/carriers", Needs: identity.ReadAgents},
	{Route: "POST /api/phone/carriers/{carrier}/check", Needs: identity.WriteProviders, Why: "it asks and keeps nothing"},
	{Route: "POST /api/phone/carriers/{carrier}/sync", Needs: identity.WriteProviders, Action: "phone_carrier.synced", Target: "phone_carrier", Param: "carrier"},
	{Route: "POST /api/speech", Needs: identity.Talk, Why: "it speaks and keeps nothing"},
	{Route: "POST /api/transcriptions", Needs: identity.Talk, Why: "it listens and keeps nothing"},

	{Route: "GET /api/setup", Needs: Public},
	{Route: "POST /api/setup", Needs: Public, Action: "installation.set_up", Target: "person"},
	{Route: "GET /api/session", Needs: Recognised},
	{Route: "POST /api/session", Needs: Public, Action: "session.opened", Target: "person"},
	{Route: "DELETE /api/session", Needs: Recognised, Action: "session.closed", Target: "person"},
	{Route: "PUT /api/session/tenant", Needs: Recognised, Why: "nothing of a tenant changes"},
	{Route: "GET /api/session/sso", Needs: Public},
	{Route: "GET /api/session/sso/callback", Needs: Public, Action: "session.opened", Target: "person"},
	{Route: "GET /api/profile", Needs: Recognised},
	{Route: "PUT /api/profile", Needs: Recognised, Action: "person.changed", Target: "person"},
	{Route: "PUT /api/profile/password", Needs: Recognised, Action: "password.changed", Target: "person"},
	{Route: "GET /api/profile/sessions", Needs: Recognised},
	{Route: "DELETE /api/profile/sessions/{id}", Needs: Recognised, Action: "session.ended", Target: "session", Param: "id"},

	{Route: "GET /api/roles", Needs: Recognised},
	{Route: "GET /api/sign-in", Needs: identity.ReadPeople},
	{Route: "GET /api/people", Needs: identity.ReadPeople},
	{Route: "GET /api/people/{id}", Needs: identity.ReadPeople},
	{Route: "PATCH /api/people/{id}", Needs: identity.WritePeople, Action: "person.changed", Target: "person", Param: "id"},
	{Route: "DELETE /api/people/{id}", Needs: identity.WritePeople, Action: "person.removed", Target: "person", Param: "id"},
	{Route: "GET /api/invitations", Needs: identity.ReadPeople},
	{Route: "POST /api/invitations", Needs: identity.WritePeople, Action: "invitation.made", Target: "invitation"},
	{Route: "DELETE /api/invitations/{id}", Needs: identity.WritePeople, Action: "invitation.deleted", Target: "invitation", Param: "id"},
	{Route: "GET /api/invite/{token}", Needs: Public},
	{Route: "POST /api/invite/{token}", Needs: Public, Action: "invitation.accepted", Target: "person"},

	{Route: "GET /api/keys", Needs: identity.ReadKeys},
	{Route: "POST /api/keys", Needs: identity.WriteKeys, Action: "key.made", Target: "key"},
	{Route: "DELETE /api/keys/{id}", Needs: identity.WriteKeys, Action: "key.revoked", Target: "key", Param: "id"},

	{Route: "GET /api/providers", Needs: identity.ReadProviders},
	{Route: "GET /api/providers/{id}", Needs: identity.ReadProviders},
	{Route: "PUT /api/providers/{id}", Needs: identity.WriteProviders, Action: "provider.changed", Target: "provider", Param: "id"},
	{Route: "DELETE /api/providers/{id}", Needs: identity.WriteProviders, Action: "provider.reset", Target: "provider", Param: "id"},
	{Route: "POST /api/providers/{id}/check", Needs: identity.WriteProviders, Why: "it tries settings and keeps nothing"},

	{Route: "GET /api/models", Needs: identity.ReadAgents},
	{Route: "GET /api/voices", Needs: identity.ReadAgents},
	{Route: "GET /api/voices/{provider}/{id}/sample", Needs: identity.Talk},
	{Route: "GET /api/templates", Needs: identity.ReadAgents},
	{Route: "GET /api/templates/{id}", Needs: identity.ReadAgents},
	{Route: "POST /api/templates/{id}/fill", Needs: identity.ReadAgents, Why: "it keeps nothing"},
	{Route: "GET /api/prompts/phases", Needs: identity.ReadAgents},
	{Route: "POST /api/prompts/compose", Needs: identity.ReadAgents, Why: "it keeps nothing"},
	{Route: "POST /api/prompts/import", Needs: identity.WriteAgents, Why: "it keeps nothing"},
	{Route: "POST /api/prompts/generate", Needs: identity.WriteAgents, Why: "it keeps nothing"},

	{Route: "GET /api/flows", Needs: identity.ReadAgents},
	{Route: "POST /api/flows", Needs: identity.WriteAgents, Action: "flow.made", Target: "flow"},
	{Route: "POST /api/flows/validate", Needs: identity.ReadAgents, Why: "it looks and keeps nothing"},
	{Route: "POST /api/flows/try", Needs: identity.ReadAgents, Why: "it keeps nothing"},
	{Route: "GET /api/flows/{id}", Needs: identity.ReadAgents},
	{Route: "PUT /api/flows/{id}", Needs: identity.WriteAgents, Action: "flow.changed", Target: "flow", Param: "id"},
	{Route: "DELETE /api/flows/{id}", Needs: identity.WriteAgents, Action: "flow.deleted", Target: "flow", Param: "id"},
	{Route: "POST /api/flows/{id}/copy", Needs: identity.WriteAgents, Action: "flow.copied", Target: "flow"},
	{Route: "POST /api/flows/{id}/rollback", Needs: identity.WriteAgents, Action: "flow.rolled_back", Target: "flow", Param: "id"},
	{Route: "GET /api/flows/{id}/versions", Needs: identity.ReadAgents},
	{Route: "GET /api/flows/{id}/versions/{version}", Needs: identity.ReadAgents},
	{Route: "GET /api/flows/{id}/diff", Needs: identity.ReadAgents},

	{Route: "GET /tools/api/list", Needs: identity.ReadTools},
	{Route: "GET /tools/api/categories", Needs: identity.ReadTools},
	{Route: "GET /tools/api/get/{tool_id}", Needs: identity.ReadTools},
	{Route: "POST /tools/api/create", Needs: identity.WriteTools, Action: "tool.made", Target: "tool"},
	{Route: "PUT /tools/api/update/{tool_id}", Needs: identity.WriteTools, Action: "tool.changed", Target: "tool", Param: "tool_id"},
	{Route: "POST /tools/api/toggle-status/{tool_id}", Needs: identity.WriteTools, Action: "tool.changed", Target: "tool", Param: "tool_id"},
	{Route: "DELETE /tools/api/delete/{tool_id}", Needs: identity.WriteTools, Action: "tool.deleted", Target: "tool", Param: "tool_id"},
	{Route: "POST /tools/api/test", Needs: identity.WriteTools, Why: "it keeps nothing"},
	{Route: "POST /tools/api/check-name", Needs: identity.ReadTools, Why: "it looks and keeps nothing"},
	{Route: "POST /tools/api/generate", Needs: identity.WriteTools, Why: "it keeps nothing"},
	{Route: "POST /tools/api/generate-code", Needs: identity.WriteTools, Why: "it keeps nothing"},
	{Route: "POST /tools/api/validate-tool", Needs: identity.WriteTools, Action: "tool.changed", Target: "tool"},
	{Route: "POST /tools/api/validate-tools-batch", Needs: identity.WriteTools, Action: "tool.changed", Target: "tool"},
	{Route: "GET /tools/api/variables", Needs: identity.ReadTools},
	{Route: "PUT /tools/api/variables/{name}", Needs: identity.WriteTools, Action: "tool_variable.set", Target: "tool_variable", Param: "name"},
	{Route: "DELETE /tools/api/variables/{name}", Needs: identity.WriteTools, Action: "tool_variable.deleted", Target: "tool_variable", Param: "name"},
	{Route: "GET /api/effects", Needs: identity.ReadConversations},
	{Route: "GET /api/effects/{id}", Needs: identity.ReadConversations},
	{Route: "POST /api/effects/{id}/decide", Needs: identity.DecideEffects, Action: "effect.decided", Target: "effect", Param: "id"},

	{Route: "POST /text-agents/api/{id}/chat/stream", Needs: identity.Talk, Why: "a conversation is a record of its own", Visitors: true},
	{Route: "GET /text-agents/api/{id}", Needs: identity.Talk},
	{Route: "GET /text-agents/api/{id}/chat/stream", Needs: identity.Talk, Visitors: true},
	{Route: "POST /text-agents/api/{id}/chat/stop", Needs: identity.Talk, Why: "the conversation's record tells", Visitors: true},
	{Route: "GET /text-agents/api/{id}/session", Needs: identity.Talk, Visitors: true},
	{Route: "POST /text-agents/api/{id}/session", Needs: identity.Talk, Why: "a conversation is a record of its own", Visitors: true},
	{Route: "DELETE /text-agents/api/{id}/session/{session_id}", Needs: identity.Talk, Action: "conversation.deleted", Target: "conversation", Param: "session_id"},
	{Route: "GET /text-agents/api/{id}/session/{session_id}/export", Needs: identity.Talk},
	{Route: "GET /text-agents/health", Needs: identity.ReadSystem},
	{Route: "GET /text-agents/metrics", Needs: identity.ReadSystem},

	{Route: "GET /api/agents/{reference}/embed", Needs: identity.ReadAgents},
	{Route: "POST /api/agents/{reference}/embed/secret", Needs: identity.WriteAgents, Action: "agent.embed_secret_made", Target: "agent", Param: "reference"},
	{Route: "DELETE /api/agents/{reference}/embed/secret", Needs: identity.WriteAgents, Action: "agent.embed_secret_deleted", Target: "agent", Param: "reference"},
	{Route: "GET /embed/v1/agents/{id}", Needs: Public},
	{Route: "POST /embed/v1/agents/{id}/session", Needs: Public, Why: "a visitor's token changes nothing"},
	{Route: "POST /embed/v1/agents/{id}/call", Needs: identity.Talk, Why: "a client secret lasts for a minute; the conversation is a record of its own", Visitors: true},

	{Route: "GET /api/tenants", Needs: Recognised},
	{Route: "POST /api/tenants", Needs: identity.Operate, Action: "tenant.made", Target: "tenant"},
	{Route: "GET /api/tenant", Needs: Recognised},
	{Route: "PATCH /api/tenant", Needs: identity.WriteTenant, Action: "tenant.changed", Target: "tenant"},
	{Route: "GET /api/audit", Needs: identity.ReadAudit},

	// Not of this package: the Realtime protocol, below each of its prefixes, and what the bench reads. See Authorize.
	{Route: "GET /v1/realtime", Needs: identity.Talk},
	{Route: "POST /v1/realtime", Needs: identity.Talk, Why: "a call is a record of its own"},
	{Route: "GET /debug/", Needs: identity.Operate},
	{Route: "POST /debug/", Needs: identity.Operate, Why: "measurements leave nothing"},
}

var ruleOf = func() map[string]*Rule {
	m := map[string]*Rule{}
	for i := range Rules {
		m[Rules[i].Route] = &Rules[i]
	}
	return m
}()

// Authorize is the one place where roles and scopes are enforced: it returns nil when who asks may use a route, by the table. Faults: Unknown when it is not known
// who asks, Denied "not_allowed", Denied "no_rule" for a route that the table does not have.
func Authorize(p identity.Principal, route string) error {
	rule := ruleOf[route]
	if rule == nil {
		return fault.New(fault.Denied, "no_rule", "Nobody may use %s, for no rule says who may.", route)
	}
	if rule.Needs == Public {
		return nil
	}
	if p.Kind == identity.ByNobody {
		if p.Why != nil {
			return p.Why
		}
		return fault.New(fault.Unknown, "sign_in_required", "Sign in for this, or send a key as \"Authorization: Bearer …\".")
	}
	if p.Kind == identity.ByVisitor && !rule.Visitors {
		return fault.New(fault.Denied, "not_for_visitors", "A visitor may talk with the agent of the page, and do nothing else.")
	}
	if rule.Needs == Recognised || p.May(rule.Needs) || p.Kind == identity.ByVisitor {
		return nil
	}
	f := fault.New(fault.Denied, "not_allowed", "You may not do this: it needs the permission %q.", rule.Needs)
	f.Params = map[string]string{"permission": string(rule.Needs)}
	return f
}

// guarded stands before every operation: it asks Authorize, and writes the audit trail of what succeeded.
func (a *api) guarded(hc huma.Context, next func(huma.Context)) {
	op, ctx := hc.Operation(), hc.Context()
	route := op.Method + " " + op.Path
	p := identity.Of(ctx)
	if err := Authorize(p, route); err != nil {
		refuse(hc, problemOf(ctx, op.OperationID, err))
		return
	}
	rule := ruleOf[route]
	if rule.Action == "" {
		next(hc)
		return
	}
	e := identity.Entry{Tenant: p.Tenant, ActorKind: p.Kind, ActorID: p.ID(), ActorName: p.Name(), Action: rule.Action, TargetKind: rule.Target, Address: p.Address, Agent: p.Agent}
	if rule.Param != "" {
		e.TargetID = hc.Param(rule.Param)
	}
	ctx, draft := identity.Drafting(ctx, e)
	next(huma.WithContext(hc, ctx))
	e, wanted := draft.Entry()
	if hc.Status() >= http.StatusBadRequest || !wanted || e.Tenant == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // it has happened, whether or not the client still waits
	defer cancel()
	if err := a.s.Identity.Record(ctx, e); err != nil {
		slog.ErrorContext(ctx, "a change is not in the audit trail", "action", e.Action, "target", e.TargetID, "actor", e.ActorName, "error", err)
	}
}

func refuse(hc huma.Context, p *Problem) {
	for k, v := range p.GetHeaders() {
		hc.SetHeader(k, v[0])
	}
	body, err := inTheirLanguage(hc, "", p)
	if err != nil {
		body = p
	}
	hc.SetHeader("Content-Type", "application/problem+json")
	hc.SetStatus(p.Status)
	_ = json.NewEncoder(hc.BodyWriter()).Encode(body) // the client may be gone
}
