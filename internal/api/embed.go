package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"griot/internal/agent"
	"griot/internal/chat"
	"griot/internal/embed"
	"griot/internal/fault"
	"griot/internal/identity"
)

// Calling lets visitors speak with an agent.
type Calling interface {
	// VisitorSecret makes a client secret of the Realtime protocol with which the asking visitor can talk with the agent, and do nothing else.
	VisitorSecret(ctx context.Context, reference string) (value string, expires time.Time, err error)
}

// How often visitors may ask for things: a visitor, an address, and everybody who talks with an agent.
var (
	visitsOf   = limits{address: allowance{30, 2 * time.Second}, agent: allowance{1200, 50 * time.Millisecond}}
	messagesOf = limits{visitor: allowance{12, 3 * time.Second}, address: allowance{60, time.Second}, agent: allowance{600, 100 * time.Millisecond}}
	callsOf    = limits{visitor: allowance{5, 15 * time.Second}, address: allowance{20, 10 * time.Second}, agent: allowance{120, time.Second}}
)

type limits struct{ visitor, address, agent allowance }

// visit counts something that a visitor of an agent does.
func (a *api) visit(ctx context.Context, what, agentID string, l limits) error {
	p := identity.Of(ctx)
	for _, b := range []struct {
		key string
		a   allowance
	}{{"visitor " + agentID + " " + p.Visitor.ID, l.visitor}, {"address " + p.Address, l.address}, {"agent " + agentID, l.agent}} {
		if b.a.most == 0 {
			continue
		}
		if err := a.visits.takeFor(what+" "+b.key, b.a); err != nil {
			return err
		}
	}
	return nil
}

// EmbedLooks is how an agent shows itself to visitors.
type EmbedLooks struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Language    string   `json:"language" example:"fr-FR" doc:"Of the agent, BCP 47."`
	Words       string   `json:"words" enum:"auto,en,fr,es" doc:"Language of the buttons."`
	Greeting    string   `json:"greeting" doc:"What a written conversation opens with."`
	Suggestions []string `json:"suggestions" doc:"What a visitor may want to ask first."`
	Text        bool     `json:"text" doc:"Visitors may write."`
	Voice       bool     `json:"voice" doc:"Visitors may speak."`
	Position    string   `json:"position" enum:"bottom-right,bottom-left"`
	Color       string   `json:"color" example:"#4a148c"`
	Avatar      string   `json:"avatar" doc:"An emoji or the address of a picture; empty for the initials of the name."`
	Theme       string   `json:"theme" enum:"auto,light,dark"`
	Label       string   `json:"label" doc:"Of the button; empty for the widget's own."`
	Identity    string   `json:"identity" enum:"off,optional,required" doc:"Whether the page says who its visitor is."`
}

// EmbedVisit is what a visitor gets.
type EmbedVisit struct {
	Token     string     `json:"token" doc:"Bearer token of the text agent's routes, for this agent and this visitor's sessions."`
	ExpiresAt time.Time  `json:"expires_at"`
	Visitor   string     `json:"visitor" doc:"Id of the visitor."`
	Agent     EmbedLooks `json:"agent"`
}

// EmbedCall is what a visitor speaks with.
type EmbedCall struct {
	Value     string    `json:"value" doc:"Client secret for GET /v1/realtime, good for one minute."`
	Model     string    `json:"model" example:"agent:Agent-000042"`
	ExpiresAt time.Time `json:"expires_at"`
}

// EmbedSettings is what an agent's owner has to know to put it on a page. What can be chosen is in the agent's definition.
type EmbedSettings struct {
	ID        string `json:"id" doc:"For the addresses: stands for the agent and its tenant."`
	HasSecret bool   `json:"has_secret" doc:"There is a secret to sign with who visitors are."`
}

// EmbedSecret is shown once.
type EmbedSecret struct {
	Secret string `json:"secret" example:"griot_embed_0f2c"`
}

type (
	// EmbedPath names an agent and the page that shows it.
	EmbedPath struct {
		ID     string `path:"id" maxLength:"64" example:"0198c0de-0000-7000-8000-000000000000" doc:"The agent's id; the reference for agents of the first tenant."`
		Origin string `header:"Origin" maxLength:"300" doc:"Of the page; browsers send it."`
	}
	// EmbedUser says who the visitor is, signed by the page's site.
	EmbedUser struct {
		ID   string `json:"id,omitempty" maxLength:"200" doc:"The site's own id of the visitor, with hash."`
		Hash string `json:"hash,omitempty" maxLength:"128" doc:"HMAC-SHA256 of id with the agent's secret, in hex."`
	}
	embedVisitInput struct {
		EmbedPath
		Body struct {
			Previous  string     `json:"previous,omitempty" maxLength:"4096" doc:"The token of the last visit: whose it was comes back as the same visitor."`
			UserToken string     `json:"user_token,omitempty" maxLength:"4096" doc:"Who the visitor is: a JWT (HS256) made with the agent's secret."`
			User      *EmbedUser `json:"user,omitempty"`
		}
	}
)

func (a *api) embeds() {
	const tag = "Embedding"
	errs := []int{http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests}
	get(a, "/embed/v1/agents/{id}", "get-embedded-agent", tag, "Tell a page how an agent looks", errs, func(ctx context.Context, in *EmbedPath) (EmbedLooks, error) {
		ag, err := a.shown(ctx, in.ID)
		return looksOf(ag), err
	})
	change(a, http.MethodPost, "/embed/v1/agents/{id}/session", "begin-visit", tag, "Give a visitor of a page a token", http.StatusCreated, errs, func(ctx context.Context, in *embedVisitInput) (EmbedVisit, error) {
		ag, err := a.shown(ctx, in.ID)
		if err != nil {
			return EmbedVisit{}, err
		}
		page := embed.PageOf(ctx)
		w := embed.Wish{Origin: page.Origin, Own: page.Own, Previous: in.Body.Previous, Identity: embed.Identity{Token: in.Body.UserToken}}
		if u := in.Body.User; u != nil {
			w.Identity.ID, w.Identity.Hash = u.ID, u.Hash
		}
		token, v, err := a.s.Embed.Enter(ctx, ag, w)
		if err != nil {
			return EmbedVisit{}, err
		}
		return EmbedVisit{Token: token, ExpiresAt: time.Unix(v.Expires, 0).UTC(), Visitor: v.ID, Agent: looksOf(ag)}, nil
	})
	change(a, http.MethodPost, "/embed/v1/agents/{id}/call", "begin-visitor-call", tag, "Give a visitor a client secret to speak with the agent", http.StatusCreated, errs, func(ctx context.Context, in *EmbedPath) (EmbedCall, error) {
		p := identity.Of(ctx)
		if p.Kind != identity.ByVisitor {
			return EmbedCall{}, fault.New(fault.NotFound, "visitors_only", "There is nothing here but for visitors of a page: others have POST /v1/realtime/client_secrets.")
		}
		if err := a.admitted(ctx, in.ID); err != nil {
			return EmbedCall{}, err
		}
		ag, err := a.s.Agents.Get(ctx, p.Tenant, p.Visitor.Agent)
		if err != nil {
			return EmbedCall{}, err
		}
		if !looksOf(ag).Voice {
			return EmbedCall{}, fault.New(fault.Denied, "embed_no_voice", "Visitors do not speak with this agent, they write.")
		}
		if err := a.visit(ctx, "call", ag.ID, callsOf); err != nil {
			return EmbedCall{}, err
		}
		value, expires, err := a.s.Calling.VisitorSecret(ctx, ag.Reference)
		return EmbedCall{Value: value, Model: "agent:" + ag.Reference, ExpiresAt: expires}, err
	})
	missing := []int{http.StatusNotFound}
	get(a, "/api/agents/{reference}/embed", "get-embed-settings", tag, "Get what it takes to put an agent on a page", missing, func(ctx context.Context, in *AgentPath) (EmbedSettings, error) {
		ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
		if err != nil {
			return EmbedSettings{}, err
		}
		has, err := a.s.Embed.HasSecret(ctx, ag)
		return EmbedSettings{ID: addressOf(ag), HasSecret: has}, err
	})
	change(a, http.MethodPost, "/api/agents/{reference}/embed/secret", "rotate-embed-secret", tag, "Give an agent a new secret to sign visitors' identities with, in the place of the one before", http.StatusCreated, missing,
		func(ctx context.Context, in *AgentPath) (EmbedSecret, error) {
			ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
			if err != nil {
				return EmbedSecret{}, err
			}
			identity.Target(ctx, ag.Reference, ag.Name)
			value, err := a.s.Embed.Rotate(ctx, ag)
			return EmbedSecret{value}, err
		})
	remove(a, http.MethodDelete, "/api/agents/{reference}/embed/secret", "delete-embed-secret", tag, "Take an agent's secret away: no visitor is known any more", missing, func(ctx context.Context, in *AgentPath) error {
		ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
		if err != nil {
			return err
		}
		identity.Target(ctx, ag.Reference, ag.Name)
		return a.s.Embed.Forget(ctx, ag)
	})
}

// addressOf is what stands for an agent in the addresses of pages: an agent of a file has no id but its reference.
func addressOf(ag agent.Agent) string {
	if ag.File {
		return ag.Reference
	}
	return ag.ID
}

// shown returns an agent for a page that asks, and counts that it does.
func (a *api) shown(ctx context.Context, id string) (agent.Agent, error) {
	page := embed.PageOf(ctx)
	if err := a.visits.takeFor("visit address "+identity.Of(ctx).Address, visitsOf.address); err != nil {
		return agent.Agent{}, err
	}
	ag, err := a.s.Embed.Open(ctx, id, page.Origin, page.Own)
	if err != nil {
		return agent.Agent{}, err
	}
	return ag, a.visits.takeFor("visit agent "+ag.ID, visitsOf.agent)
}

// defaultColor is the product's own.
const defaultColor = "#4a148c"

func looksOf(ag agent.Agent) EmbedLooks {
	e := ag.Embed
	l := EmbedLooks{ID: addressOf(ag), Name: ag.Name, Language: ag.Language, Words: e.Language, Greeting: e.Greeting, Suggestions: notNil(ag.Definition.Chat.Suggestions), Text: e.Text, Voice: e.Voice && ag.Kind != agent.Text,
		Position: e.Position, Color: ag.Definition.Chat.Color, Avatar: ag.Definition.Chat.Avatar, Theme: e.Theme, Label: e.Label, Identity: e.Identity}
	if l.Color == "" {
		l.Color = defaultColor
	}
	if l.Greeting == "" {
		l.Greeting = ag.Definition.Greeting.Text
	}
	return l
}

// admitted refuses a visitor another agent than its page's. It knows of no others.
func (a *api) admitted(ctx context.Context, key string) error {
	p := identity.Of(ctx)
	if p.Kind != identity.ByVisitor || key == p.Visitor.Agent || key == p.Visitor.Reference {
		return nil
	}
	f := fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", key)
	f.Params = map[string]string{"reference": key}
	return f
}

// own refuses a visitor sessions that are not the visitor's, as if they were not there; none is the visitor's to begin.
func (a *api) own(ctx context.Context, key, session string) error {
	if identity.Of(ctx).Kind != identity.ByVisitor {
		return nil
	}
	if err := a.admitted(ctx, key); err != nil || session == "" {
		return err
	}
	_, err := a.chatOf(ctx, key, session)
	return err
}

// chatOf returns a session that who asks may see.
func (a *api) chatOf(ctx context.Context, key, session string) (chat.Session, error) {
	if err := a.admitted(ctx, key); err != nil {
		return chat.Session{}, err
	}
	s, err := a.s.Chat.Get(ctx, tenantOf(ctx), key, session)
	if err != nil {
		return s, err
	}
	p := identity.Of(ctx)
	if p.Kind == identity.ByVisitor {
		var kept struct {
			Visitor string `json:"visitor"`
		}
		if json.Unmarshal(s.Metadata, &kept) != nil || kept.Visitor != p.Visitor.ID {
			f := fault.New(fault.NotFound, "session_not_found", "There is no session %q of this agent.", session)
			f.Params = map[string]string{"id": session}
			return chat.Session{}, f
		}
	}
	return shownTo(ctx, s), nil
}

// mayWrite counts a visitor's message, and refuses it where visitors only speak.
func (a *api) mayWrite(ctx context.Context) error {
	p := identity.Of(ctx)
	if p.Kind != identity.ByVisitor {
		return nil
	}
	ag, err := a.s.Agents.Get(ctx, p.Tenant, p.Visitor.Agent)
	if err != nil {
		return err
	}
	if !ag.Embed.Text {
		return fault.New(fault.Denied, "embed_no_text", "Visitors do not write to this agent, they speak.")
	}
	return a.visit(ctx, "message", ag.ID, messagesOf)
}

// visited adds whose a visitor's session is to what is kept with it; what the page says of that itself does not count.
func visited(ctx context.Context, m map[string]any) map[string]any {
	p := identity.Of(ctx)
	if p.Kind != identity.ByVisitor {
		return m
	}
	out := map[string]any{}
	for k, v := range m {
		if k != "user_id" && k != "user_name" {
			out[k] = v
		}
	}
	out["visitor"], out["source"], out["origin"] = p.Visitor.ID, "embed", p.Visitor.Origin
	if p.Visitor.User != "" {
		out["user_id"] = p.Visitor.User
	}
	if p.Visitor.Name != "" {
		out["user_name"] = p.Visitor.Name
	}
	return out
}

// shownTo is a session as who asks may see it: visitors see what was said, and of tools that they were used.
func shownTo(ctx context.Context, s chat.Session) chat.Session {
	if identity.Of(ctx).Kind != identity.ByVisitor {
		return s
	}
	s.Metadata = nil
	s.Messages = slices.DeleteFunc(slices.Clone(s.Messages), func(m chat.Message) bool { return m.Role != "user" && m.Role != "assistant" })
	return s
}

// forVisitors is an event of a reply as who asks may see it, nil when not at all: what tools are asked and answer is not a visitor's to read.
func forVisitors(ctx context.Context, data []byte) []byte {
	if identity.Of(ctx).Kind != identity.ByVisitor {
		return data
	}
	var e map[string]json.RawMessage
	if json.Unmarshal(data, &e) != nil {
		return nil
	}
	switch string(e["type"]) {
	case `"tool_result"`:
		return nil
	case `"tool_call"`:
		delete(e, "arguments")
	case `"error"`:
		delete(e, "params")
		e["message"] = json.RawMessage(`"The reply failed."`)
	default:
		return data
	}
	out, err := json.Marshal(e)
	if err != nil {
		return nil
	}
	return out
}
