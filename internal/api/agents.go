package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/agent"
	"griot/internal/catalog"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/identity"
)

// Machine says what this installation makes of definitions: which models answer, and what is missing. The answer has one for each, in their order.
type Machine interface {
	Describe(ctx context.Context, defs []agent.Definition) []Described
}

// Described is a definition on this machine.
type Described struct {
	Voice, Model, Recogniser string
	Listens                  bool
	Notices                  []event.Notice
}

// Agent is somebody to talk to.
type Agent struct {
	ID          string         `json:"id" doc:"A UUID; file:… for an agent of a file."`
	Reference   string         `json:"reference" example:"Agent-000042" doc:"Stable name; ask for it with model=agent:<reference> on the Realtime endpoint."`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Kind        agent.Kind     `json:"kind" enum:"voice,text,avatar"`
	Status      agent.Status   `json:"status" enum:"draft,active" doc:"A draft cannot be called, but for trying it as agent:<reference>@draft."`
	Source      string         `json:"source" enum:"console,file" doc:"An agent of a file is read-only: duplicate it."`
	Language    string         `json:"language" example:"fr-FR" doc:"BCP 47."`
	Voice       string         `json:"voice"`
	Model       string         `json:"model" doc:"What answers: a language model, or the agent's own call flow."`
	ModelName   string         `json:"model_name" example:"openai/gpt-4o" doc:"What the definition asks for; the filter model takes it."`
	Family      catalog.Family `json:"family" enum:",F1,F2,F3" doc:"Of the model, as far as its name tells."`
	Recogniser  string         `json:"recogniser" doc:"What listens; empty when nothing can in this language."`
	Listens     bool           `json:"listens" doc:"Whether speech is understood; typed text and keys always are."`
	Greeting    string         `json:"greeting"`
	Tools       []string       `json:"tools" doc:"References."`
	Notices     []event.Notice `json:"notices" doc:"What limits this agent on this machine."`
	Version     int            `json:"version" doc:"Counts from 1."`
	ETag        string         `json:"etag" doc:"Of this state, for If-Match; empty for an agent of a file."`
	CreatedAt   *time.Time     `json:"created_at,omitempty" doc:"Absent for an agent of a file."`
	CreatedBy   string         `json:"created_by" doc:"Who, by name."`
	UpdatedAt   *time.Time     `json:"updated_at,omitempty"`
	UpdatedBy   string         `json:"updated_by"`
	DeletedAt   *time.Time     `json:"deleted_at,omitempty" doc:"Present when it is deleted; it can be brought back for 30 days."`
}

// AgentDetail is an agent with all that it is made of.
type AgentDetail struct {
	Agent
	Definition AgentDefinition `json:"definition"`
	Findings   []agent.Finding `json:"findings" doc:"What is wrong with it, and what to change. With an error among them it cannot be active."`
}

// AgentList is one page of agents.
type AgentList struct {
	Page[Agent]
	Counts AgentCounts `json:"counts" doc:"By status, whatever the status that was asked for."`
}

// AgentCounts says how many agents there are.
type AgentCounts struct {
	Draft  int `json:"draft"`
	Active int `json:"active"`
}

// AgentConflict is what two people have made of an agent.
type AgentConflict struct {
	Current AgentDetail  `json:"current" doc:"The agent as it is now."`
	Theirs  []agent.Diff `json:"theirs" doc:"What others have changed since the state that If-Match names."`
	Yours   []agent.Diff `json:"yours" doc:"What this request would have changed in that state."`
}

type (
	agentQuery struct {
		Search
		Kind    agent.Kind   `query:"kind" enum:"voice,text,avatar"`
		Status  agent.Status `query:"status" enum:"draft,active"`
		Model   string       `query:"model" maxLength:"200" example:"openai/gpt-4o" doc:"Only with this model_name."`
		Lang    string       `query:"language" maxLength:"35" example:"fr" doc:"Only in this language, or this language with its region."`
		Deleted bool         `query:"deleted" doc:"Those that can be brought back, instead of the others."`
		Sort    string       `query:"sort" enum:"name,-name,reference,-reference,created,-created,updated,-updated" default:"name" doc:"With - from the last to the first."`
		Paging
	}
	// AgentPath names an agent. It is exported, as what is embedded in a request has to be.
	AgentPath struct {
		Reference string `path:"reference" maxLength:"200" example:"Agent-000042" doc:"Reference, id or name."`
	}
	// IfMatching makes a change one to a certain state.
	IfMatching struct {
		IfMatch string `header:"If-Match" maxLength:"100" doc:"The ETag of the state that the change was made to: 412 when the agent is no longer in it. Without it the last one wins."`
	}
	agentOutput struct {
		ETag string `header:"ETag"`
		Body AgentDetail
	}
)

func (a *api) agents() {
	const tag = "Agents"
	missing := []int{http.StatusNotFound}
	get(a, "/api/agents", "list-agents", tag, "List the agents", []int{http.StatusUnprocessableEntity}, a.listAgents)
	agentRoute(a, "GET", "/api/agents/{reference}", "get-agent", "Get an agent", missing, func(ctx context.Context, in *AgentPath) (agent.Agent, error) {
		return a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
	})
	a.agentChanges(tag)
	a.agentVersions(tag)
	a.agentFiles(tag)
}

// agentRoute adds a route that answers with one agent. Agents that were made are answered with 201.
func agentRoute[I any](a *api, method, path, id, summary string, errs []int, f func(context.Context, *I) (agent.Agent, error)) {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{"Agents"}, Summary: summary, Errors: errs}
	if method == http.MethodPost && (id == "create-agent" || id == "import-agent" || id == "duplicate-agent") {
		op.DefaultStatus = http.StatusCreated
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*agentOutput, error) {
		ag, err := f(ctx, in)
		if err != nil {
			return nil, a.agentProblem(ctx, id, err)
		}
		out := &agentOutput{Body: a.detail(ctx, ag)}
		if tag := ag.ETag(); tag != "" {
			out.ETag = strconv.Quote(tag)
		}
		return out, nil
	})
}

func (a *api) listAgents(ctx context.Context, in *agentQuery) (AgentList, error) {
	f := agent.Filter{Search: in.Words, Kind: in.Kind, Status: in.Status, Model: in.Model, Lang: in.Lang, Deleted: in.Deleted, Limit: in.Limit}
	f.Sort.By, f.Sort.Down = strings.CutPrefix(in.Sort, "-")
	p, err := a.s.Agents.List(ctx, tenantOf(ctx), f, in.Cursor)
	if err != nil {
		return AgentList{}, err
	}
	return AgentList{Page: Page[Agent]{Items: a.described(ctx, p.Items), NextCursor: p.Next, Total: p.Total}, Counts: AgentCounts{Draft: p.Count[agent.Draft], Active: p.Count[agent.Active]}}, nil
}

func (a *api) described(ctx context.Context, list []agent.Agent) []Agent {
	defs := make([]agent.Definition, len(list))
	for i, ag := range list {
		defs[i] = ag.Definition
	}
	made := a.s.Machine.Describe(ctx, defs)
	out := make([]Agent, len(list))
	for i, ag := range list {
		out[i] = agentOf(ag, made[i])
	}
	return out
}

func agentOf(ag agent.Agent, m Described) Agent {
	out := Agent{
		ID: ag.ID, Reference: ag.Reference, Name: ag.Name, Description: ag.Description, Kind: ag.Kind, Status: ag.Status, Source: "console", Language: ag.Language,
		Voice: m.Voice, Model: m.Model, ModelName: ag.ModelName(), Family: agent.FamilyOf(ag.Definition), Recogniser: m.Recogniser, Listens: m.Listens, Greeting: ag.Greeting.Text, Tools: notNil(ag.Tools),
		Notices: notNil(m.Notices), Version: ag.Version, ETag: ag.ETag(), CreatedBy: ag.CreatedBy.Name, UpdatedBy: ag.UpdatedBy.Name,
		CreatedAt: present(ag.CreatedAt), UpdatedAt: present(ag.UpdatedAt), DeletedAt: present(ag.DeletedAt),
	}
	if ag.File {
		out.Source = "file"
	}
	return out
}

// present is nil for no time.
func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *api) detail(ctx context.Context, ag agent.Agent) AgentDetail {
	return AgentDetail{Agent: a.described(ctx, []agent.Agent{ag})[0], Definition: AgentDefinition{ag.Definition}, Findings: notNil(a.s.Agents.Check(ctx, ag.Definition))}
}

// agentProblem is problemOf with what only agents have.
func (a *api) agentProblem(ctx context.Context, op string, err error) *Problem {
	p := problemOf(ctx, op, err)
	var changed *agent.Changed
	var invalid *agent.Invalid
	switch {
	case errors.As(err, &changed):
		p.Status, p.Title = http.StatusPreconditionFailed, http.StatusText(http.StatusPreconditionFailed)
		p.Conflict = &AgentConflict{Current: a.detail(ctx, changed.Now), Theirs: notNil(changed.Theirs), Yours: notNil(changed.Yours)}
	case errors.As(err, &invalid):
		p.Findings, p.Errors = invalid.Findings, nil
		for _, f := range invalid.Findings {
			if f.Severity == agent.Wrong {
				p.Errors = append(p.Errors, FieldError{Message: f.Message, Location: "body.definition." + f.Field})
			}
		}
	case len(p.Errors) == 1 && fault.KindOf(err) == fault.Invalid && !strings.Contains(p.Errors[0].Location, "body.") && !strings.HasPrefix(p.Errors[0].Location, "query.") && !strings.HasPrefix(p.Errors[0].Location, "header."):
		p.Errors[0].Location = "body.definition." + p.Errors[0].Location
	}
	return p
}

// actor is who asks, as versions name them.
func actor(ctx context.Context) agent.Actor {
	p := identity.Of(ctx)
	return agent.Actor{ID: p.ID(), Name: p.Name()}
}

// notNil makes an empty list an empty list in JSON too.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
