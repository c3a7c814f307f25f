package app

import (
	"context"

	"griot/internal/agent"
	"griot/internal/api"
	"griot/internal/event"
	"griot/internal/fault"
)

// agentsAPI shows agents to the API, with what this machine makes of them.
type agentsAPI struct{ plans *planner }

// List implements api.Agents.
func (g agentsAPI) List(ctx context.Context, owner string) ([]api.Agent, error) {
	if owner != tenant {
		return nil, nil
	}
	defs, err := g.plans.agents.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Agent, 0, len(defs))
	for _, d := range defs {
		if d.Status != agent.Active {
			continue
		}
		out = append(out, g.show(ctx, d))
	}
	return out, nil
}

// Get implements api.Agents.
func (g agentsAPI) Get(ctx context.Context, owner, ref string) (api.Agent, error) {
	if err := ownsAgents(owner, ref); err != nil {
		return api.Agent{}, err
	}
	d, err := g.plans.agents.Get(ctx, ref)
	if err != nil {
		return api.Agent{}, err
	}
	return g.show(ctx, d), nil
}

// ownsAgents refuses a reference to other tenants: agents are files of the data folder, which is the first tenant's.
func ownsAgents(owner, ref string) error {
	if owner == tenant {
		return nil
	}
	f := fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", ref)
	f.Params = map[string]string{"reference": ref}
	return f
}

func (g agentsAPI) show(ctx context.Context, d agent.Definition) api.Agent {
	a := api.Agent{Reference: d.Reference, Name: d.Name, Description: d.Description, Kind: string(d.Kind), Status: string(d.Status), Language: d.Language, Greeting: d.Greeting.Text}
	plan, shown, err := g.plans.plan(ctx, d.Reference)
	if err != nil {
		// The agent is shown with its reason, so that people see what to mend.
		a.Notices = noticesOf(nil)
		a.Notices = append(a.Notices, noticeOf(err))
		return a
	}
	a.Voice, a.Model, a.Recogniser, a.Listens = shown.Voice, shown.Model, shown.Recogniser, shown.Listens
	a.Notices = noticesOf(plan.Notices)
	return a
}

// System implements api.System.
func (a *App) System(ctx context.Context) (api.SystemInfo, error) {
	info := api.SystemInfo{Version: a.version, StartedAt: a.started.UTC()}
	for _, c := range a.plans.checks(ctx) {
		info.Checks = append(info.Checks, api.SystemCheck{ID: c.ID, Name: c.Name, OK: c.OK, Found: c.Found, Missing: c.Missing, Mend: c.Mend})
	}
	return info, nil
}

func noticeOf(err error) (n event.Notice) {
	n.Code, n.Message = fault.CodeOf(err), err.Error()
	if n.Code == "" {
		n.Code = "unusable"
	}
	return n
}
