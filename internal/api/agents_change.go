package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"griot/internal/agent"
	"griot/internal/identity"
)

type (
	newAgent struct {
		Body struct {
			Definition AgentKeys `json:"definition" doc:"Keys that are left out have their default. A draft may be incomplete."`
			Note       string    `json:"note,omitempty" maxLength:"500" doc:"For the list of versions."`
		}
	}
	agentChange struct {
		AgentPath
		IfMatching
		Body struct {
			Definition AgentKeys `json:"definition"`
			Note       string    `json:"note,omitempty" maxLength:"500" doc:"Why, for the list of versions."`
		}
	}
	agentDeed struct {
		AgentPath
		IfMatching
	}
	agentRollback struct {
		AgentPath
		IfMatching
		Body struct {
			Version int    `json:"version" minimum:"1" doc:"To go back to."`
			Note    string `json:"note,omitempty" maxLength:"500"`
		}
	}
	agentCopy struct {
		AgentPath
		Body struct {
			Name string `json:"name,omitempty" maxLength:"120" doc:"Of the copy; the first free one when left out."`
		}
	}
	agentCheck struct {
		Body struct {
			Definition AgentKeys `json:"definition"`
		}
	}
	agentFindings struct {
		Items  []agent.Finding `json:"items"`
		Usable bool            `json:"usable" doc:"An agent like this can be active."`
	}
	nameQuery struct {
		Name   string `query:"name" required:"true" maxLength:"240"`
		Except string `query:"except" maxLength:"64" doc:"Id or reference of the agent that asks, whose own name is no obstacle."`
	}
	nameAnswer struct {
		Available  bool   `json:"available"`
		Suggestion string `json:"suggestion,omitempty" doc:"A name that is free, when this one is not."`
	}
)

func (a *api) agentChanges(tag string) {
	all := []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
	agentRoute(a, "POST", "/api/agents", "create-agent", "Make an agent, as a draft", all[1:], func(ctx context.Context, in *newAgent) (agent.Agent, error) {
		d, err := in.Body.Definition.over(agent.Default())
		if err != nil {
			return agent.Agent{}, err
		}
		ag, err := a.s.Agents.Create(ctx, tenantOf(ctx), actor(ctx), d, in.Body.Note)
		return told(ctx, ag, nil, err)
	})
	agentRoute(a, "PATCH", "/api/agents/{reference}", "change-agent", "Change some keys of an agent", all, func(ctx context.Context, in *agentChange) (agent.Agent, error) {
		ag, diff, err := a.s.Agents.Update(ctx, tenantOf(ctx), in.Reference, agent.Edit{By: actor(ctx), ETag: in.IfMatch, Note: in.Body.Note, Change: in.Body.Definition.over})
		return updated(ctx, ag, diff, err)
	})
	agentRoute(a, "PUT", "/api/agents/{reference}", "replace-agent", "Replace an agent's whole definition", all, func(ctx context.Context, in *agentChange) (agent.Agent, error) {
		ag, diff, err := a.s.Agents.Update(ctx, tenantOf(ctx), in.Reference, agent.Edit{By: actor(ctx), ETag: in.IfMatch, Note: in.Body.Note, Change: func(was agent.Definition) (agent.Definition, error) {
			d := agent.Default()
			d.Kind = was.Kind
			return in.Body.Definition.over(d)
		}})
		return updated(ctx, ag, diff, err)
	})
	agentRoute(a, "POST", "/api/agents/{reference}/publish", "publish-agent", "Make an agent active", all, func(ctx context.Context, in *agentDeed) (agent.Agent, error) {
		ag, err := a.s.Agents.Publish(ctx, tenantOf(ctx), in.Reference, agent.Edit{By: actor(ctx), ETag: in.IfMatch})
		return told(ctx, ag, nil, err)
	})
	agentRoute(a, "POST", "/api/agents/{reference}/unpublish", "unpublish-agent", "Make an agent a draft", all, func(ctx context.Context, in *agentDeed) (agent.Agent, error) {
		ag, err := a.s.Agents.Unpublish(ctx, tenantOf(ctx), in.Reference, agent.Edit{By: actor(ctx), ETag: in.IfMatch})
		return told(ctx, ag, nil, err)
	})
	agentRoute(a, "POST", "/api/agents/{reference}/rollback", "roll-back-agent", "Make a new version that is as an old one was", all, func(ctx context.Context, in *agentRollback) (agent.Agent, error) {
		ag, diff, err := a.s.Agents.Rollback(ctx, tenantOf(ctx), in.Reference, in.Body.Version, agent.Edit{By: actor(ctx), ETag: in.IfMatch, Note: in.Body.Note})
		return updated(ctx, ag, diff, err)
	})
	agentRoute(a, "POST", "/api/agents/{reference}/duplicate", "duplicate-agent", "Make a draft that is as an agent is", all, func(ctx context.Context, in *agentCopy) (agent.Agent, error) {
		ag, err := a.s.Agents.Duplicate(ctx, tenantOf(ctx), in.Reference, in.Body.Name, actor(ctx))
		return told(ctx, ag, nil, err)
	})
	agentRoute(a, "POST", "/api/agents/{reference}/restore", "restore-agent", "Bring a deleted agent back", all, func(ctx context.Context, in *AgentPath) (agent.Agent, error) {
		ag, err := a.s.Agents.Restore(ctx, tenantOf(ctx), in.Reference, actor(ctx))
		return told(ctx, ag, nil, err)
	})
	agentRoute(a, "DELETE", "/api/agents/{reference}", "delete-agent", "Delete an agent, for 30 days as it were", all, func(ctx context.Context, in *agentDeed) (agent.Agent, error) {
		ag, err := a.s.Agents.Delete(ctx, tenantOf(ctx), in.Reference, agent.Edit{By: actor(ctx), ETag: in.IfMatch})
		return told(ctx, ag, nil, err)
	})
	change(a, "POST", "/api/agents/validate", "validate-agent", tag, "Tell what is wrong with a definition", 0, all[3:], func(ctx context.Context, in *agentCheck) (agentFindings, error) {
		d, err := in.Body.Definition.over(agent.Default())
		if err != nil {
			return agentFindings{}, a.agentProblem(ctx, "validate-agent", err)
		}
		list := a.s.Agents.Check(ctx, d)
		return agentFindings{Items: notNil(list), Usable: !agent.Fails(list)}, nil
	})
	get(a, "/api/agents/name-available", "get-name-available", tag, "Tell whether an agent may have a name", nil, func(ctx context.Context, in *nameQuery) (nameAnswer, error) {
		ok, next, err := a.s.Agents.NameAvailable(ctx, tenantOf(ctx), in.Name, in.Except)
		return nameAnswer{ok, next}, err
	})
}

// told writes an agent into the audit trail's entry.
func told(ctx context.Context, ag agent.Agent, diff []agent.Diff, err error) (agent.Agent, error) {
	if err != nil {
		return ag, err
	}
	identity.Target(ctx, ag.Reference, ag.Name)
	for _, d := range diff {
		identity.Note(ctx, d.Path, shown(d.Before), shown(d.After))
	}
	return ag, nil
}

// updated is told for a change that may have changed nothing.
func updated(ctx context.Context, ag agent.Agent, diff []agent.Diff, err error) (agent.Agent, error) {
	if err == nil && len(diff) == 0 {
		identity.Quiet(ctx)
	}
	if err == nil && len(diff) > 0 {
		identity.Note(ctx, "version", fmt.Sprint(ag.Version-1), fmt.Sprint(ag.Version))
	}
	return told(ctx, ag, diff, err)
}

// shown is a value for the audit trail. Long ones are cut: the version has them.
func shown(v any) string {
	s, ok := v.(string)
	if !ok && v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		s = string(b)
	}
	const most = 200
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return s
}
