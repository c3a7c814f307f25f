package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"griot/internal/agent"
	"griot/internal/fault"
)

// AgentVersion is what an agent was at a time.
type AgentVersion struct {
	Number  int        `json:"number" doc:"Counts from 1."`
	At      *time.Time `json:"at,omitempty" doc:"Absent for an agent of a file."`
	By      string     `json:"by" doc:"Who, by name."`
	Note    string     `json:"note"`
	Current bool       `json:"current" doc:"It is the one that is called."`
}

// AgentVersionDetail is a version with all that it was made of.
type AgentVersionDetail struct {
	AgentVersion
	Definition AgentDefinition `json:"definition"`
}

type (
	versionList   Page[AgentVersion]
	versionsQuery struct {
		AgentPath
		Paging
	}
	versionPath struct {
		AgentPath
		Version int `path:"version" minimum:"1"`
	}
	diffQuery struct {
		AgentPath
		From int `query:"from" required:"true" minimum:"1" doc:"A version."`
		To   int `query:"to" minimum:"1" doc:"Another; the current one when left out."`
	}
	agentDiff struct {
		From  int          `json:"from"`
		To    int          `json:"to"`
		Items []agent.Diff `json:"items"`
	}
)

func (a *api) agentVersions(tag string) {
	missing := []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	get(a, "/api/agents/{reference}/versions", "list-agent-versions", tag, "List an agent's versions, newest first", missing, a.listVersions)
	get(a, "/api/agents/{reference}/versions/{version}", "get-agent-version", tag, "Get a version of an agent", missing, func(ctx context.Context, in *versionPath) (AgentVersionDetail, error) {
		ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
		if err != nil {
			return AgentVersionDetail{}, err
		}
		v, err := a.s.Agents.Version(ctx, tenantOf(ctx), ag.ID, in.Version)
		v.Definition.Reference, v.Definition.Status = ag.Reference, ag.Status
		return AgentVersionDetail{versionOf(v, ag.Version), AgentDefinition{v.Definition}}, err
	})
	get(a, "/api/agents/{reference}/diff", "compare-agent-versions", tag, "Compare two versions of an agent", missing, func(ctx context.Context, in *diffQuery) (agentDiff, error) {
		ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
		if err != nil {
			return agentDiff{}, err
		}
		if in.To == 0 {
			in.To = ag.Version
		}
		list, err := a.s.Agents.Diff(ctx, tenantOf(ctx), ag.ID, in.From, in.To)
		return agentDiff{in.From, in.To, notNil(list)}, err
	})
}

func (a *api) listVersions(ctx context.Context, in *versionsQuery) (versionList, error) {
	before := 0
	if in.Cursor != "" {
		n, err := strconv.Atoi(in.Cursor)
		if err != nil || n < 1 {
			return versionList{}, fault.New(fault.Invalid, "bad_cursor", "The cursor is none that this server gave out. Begin with the first page.").At("query.cursor")
		}
		before = n
	}
	ag, err := a.s.Agents.Get(ctx, tenantOf(ctx), in.Reference)
	if err != nil {
		return versionList{}, err
	}
	vs, total, err := a.s.Agents.Versions(ctx, tenantOf(ctx), ag.ID, before, in.Limit)
	out := versionList{Items: []AgentVersion{}, Total: total}
	for _, v := range vs {
		out.Items = append(out.Items, versionOf(v, ag.Version))
	}
	if n := len(vs); n == in.Limit && vs[n-1].Number > 1 {
		out.NextCursor = strconv.Itoa(vs[n-1].Number)
	}
	return out, err
}

func versionOf(v agent.Version, current int) AgentVersion {
	return AgentVersion{Number: v.Number, At: present(v.At), By: v.By.Name, Note: v.Note, Current: v.Number == current}
}
