package api

import (
	"context"
	"net/http"

	"griot/internal/event"
)

// Agents is what the API needs to know of agents. Get fails with fault.NotFound for a reference that the tenant does not have.
type Agents interface {
	List(ctx context.Context, tenant string) ([]Agent, error)
	Get(ctx context.Context, tenant, reference string) (Agent, error)
}

// Agent is somebody to talk to.
type Agent struct {
	Reference   string         `json:"reference" example:"reception-en" doc:"Stable name; ask for it with model=agent:<reference> on the Realtime endpoint."`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Kind        string         `json:"kind" enum:"voice"`
	Status      string         `json:"status" enum:"active"`
	Language    string         `json:"language" example:"fr-FR" doc:"BCP 47."`
	Voice       string         `json:"voice"`
	Model       string         `json:"model" doc:"What answers: a language model, or the agent's own call flow."`
	Recogniser  string         `json:"recogniser" doc:"What listens; empty when nothing can in this language."`
	Listens     bool           `json:"listens" doc:"Whether speech is understood; typed text and keys always are."`
	Greeting    string         `json:"greeting"`
	Notices     []event.Notice `json:"notices" doc:"What limits this agent on this machine."`
}

// AgentList is all of a tenant's agents.
type AgentList struct {
	Items []Agent `json:"items"`
	Total int     `json:"total"`
}

type agentPath struct {
	Reference string `path:"reference" maxLength:"200" example:"reception-en"`
}

func (a *api) agents() {
	get(a, "/api/agents", "list-agents", "Agents", "List the agents", nil,
		func(ctx context.Context, _ *struct{}) (AgentList, error) {
			items, err := a.s.Agents.List(ctx, tenantOf(ctx))
			if err != nil {
				return AgentList{}, err
			}
			for i := range items {
				items[i].Notices = notNil(items[i].Notices)
			}
			return AgentList{Items: notNil(items), Total: len(items)}, nil
		})
	get(a, "/api/agents/{reference}", "get-agent", "Agents", "Get an agent", []int{http.StatusNotFound},
		func(ctx context.Context, in *agentPath) (Agent, error) {
			ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
			ag.Notices = notNil(ag.Notices)
			return ag, err
		})
}

// notNil makes an empty list an empty list in JSON too.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
