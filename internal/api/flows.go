package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"griot/internal/flow"
	"griot/internal/flow/library"
	"griot/internal/identity"
)

// FlowDefinition is a call flow as people write it; see docs/flows.md.
type FlowDefinition flow.Definition

// FlowProblem is one thing wrong with a call flow.
type FlowProblem struct {
	Path    string `json:"path" example:"nodes[3].say.fr[0]"`
	Node    string `json:"node" doc:"Id of the node that it concerns; empty for none."`
	Code    string `json:"code" example:"unknown_slot"`
	Message string `json:"message" doc:"In English."`
}

// Flow is a call flow without its nodes.
type Flow struct {
	ID        string            `json:"id" example:"flow_0123456789ab" doc:"An agent names it as model.flow."`
	Name      string            `json:"name"`
	Source    string            `json:"source" enum:"builtin,own" doc:"One that comes with the product is read-only: copy it."`
	Title     map[string]string `json:"title" doc:"By language."`
	About     map[string]string `json:"about" doc:"By language."`
	Languages []string          `json:"languages"`
	Nodes     int               `json:"nodes" doc:"How many; 0 for one that is a program, which cannot be copied."`
	Tools     []string          `json:"tools" doc:"What its nodes call. An agent has them without naming them."`
	Version   int               `json:"version" doc:"The newest; counts from 1."`
	Live      int               `json:"live" doc:"The version that calls use; 0 for none yet."`
	Problems  int               `json:"problems" doc:"How many things are wrong with the newest version."`
	Agents    []string          `json:"agents" doc:"References of the agents that name it."`
	CreatedAt *time.Time        `json:"created_at,omitempty" doc:"Absent for one that comes with the product."`
	CreatedBy string            `json:"created_by"`
	UpdatedAt *time.Time        `json:"updated_at,omitempty"`
	UpdatedBy string            `json:"updated_by"`
}

// FlowDetail is a call flow with its nodes.
type FlowDetail struct {
	Flow
	Definition FlowDefinition `json:"definition" doc:"Of the newest version."`
	Findings   []FlowProblem  `json:"findings" doc:"What is wrong with it. With any of these calls go on with the version before."`
}

// FlowVersion is what a call flow was at a time.
type FlowVersion struct {
	Number  int        `json:"number" doc:"Counts from 1."`
	At      *time.Time `json:"at,omitempty" doc:"Absent for one that comes with the product."`
	By      string     `json:"by" doc:"Who, by name."`
	Note    string     `json:"note"`
	Draft   bool       `json:"draft" doc:"Calls never used it."`
	Current bool       `json:"current" doc:"It is the newest."`
	Live    bool       `json:"live" doc:"It is the one that calls use."`
}

// FlowVersionDetail is a version with its nodes.
type FlowVersionDetail struct {
	FlowVersion
	Definition FlowDefinition `json:"definition"`
}

type (
	flowList  Page[Flow]
	flowQuery struct {
		Search
		Paging
	}
	// FlowPath names a call flow.
	FlowPath struct {
		ID string `path:"id" maxLength:"64" example:"flow_0123456789ab"`
	}
	newFlow struct {
		Body struct {
			Definition FlowDefinition `json:"definition"`
			Note       string         `json:"note,omitempty" maxLength:"500" doc:"For the list of versions."`
			Draft      bool           `json:"draft,omitempty" doc:"Calls are not to use it yet. What cannot run is a draft anyway."`
		}
	}
	flowChange struct {
		FlowPath
		Body struct {
			Definition FlowDefinition `json:"definition"`
			Note       string         `json:"note,omitempty" maxLength:"500" doc:"Why, for the list of versions."`
			Draft      bool           `json:"draft,omitempty" doc:"Calls go on with the version before. They do so anyway when this one cannot run."`
		}
	}
	flowCopy struct {
		FlowPath
		Body struct {
			Name string `json:"name,omitempty" maxLength:"100" doc:"Of the copy; the first free one when left out."`
		}
	}
	flowRollback struct {
		FlowPath
		Body struct {
			Version int `json:"version" minimum:"1" doc:"To go back to."`
		}
	}
	flowVersionPath struct {
		FlowPath
		Version int `path:"version" minimum:"1"`
	}
	flowVersionsQuery struct {
		FlowPath
		Paging
	}
	flowVersionList Page[FlowVersion]
	flowDiffQuery   struct {
		FlowPath
		From int `query:"from" required:"true" minimum:"1" doc:"A version."`
		To   int `query:"to" minimum:"1" doc:"Another; the newest when left out."`
	}
	// FlowDiff is one key of a call flow whose value differs.
	FlowDiff  library.Diff
	flowDiffs struct {
		From  int        `json:"from"`
		To    int        `json:"to"`
		Items []FlowDiff `json:"items"`
	}
	flowCheck struct {
		Body struct {
			Definition FlowDefinition `json:"definition"`
		}
	}
	flowFindings struct {
		Items []FlowProblem `json:"items"`
	}
	flowTrial struct {
		Body struct {
			Flow       string            `json:"flow,omitempty" maxLength:"64" doc:"Id of one that is kept; its newest version is tried."`
			Definition *FlowDefinition   `json:"definition,omitempty" doc:"One that is not kept yet, instead of flow."`
			Lang       string            `json:"lang" maxLength:"35" example:"fr"`
			Said       []string          `json:"said" maxItems:"100" doc:"What the caller says, in turn, 500 characters each at most; an empty text is silence."`
			Outcomes   map[string]string `json:"outcomes,omitempty" doc:"By tool, what comes of it: ok (also without an entry), failed, or the status that its answer has. Nothing is really called."`
		}
	}
	flowTried struct {
		Turns []flow.TrialTurn `json:"turns" doc:"The first is what the flow says of its own accord. Words after the end are not heard."`
	}
)

var flowShelf = shelf[Flow]{
	id: func(f Flow) string { return f.ID },
	words: func(f Flow) []string {
		out := []string{f.ID, f.Name}
		for _, m := range []map[string]string{f.Title, f.About} {
			for _, t := range m {
				out = append(out, t)
			}
		}
		return out
	},
}

func (a *api) flows() {
	const tag = "Call flows"
	missing := []int{http.StatusNotFound}
	clash := []int{http.StatusNotFound, http.StatusConflict}
	get(a, "/api/flows", "list-flows", tag, "List the call flows, those of the product first", nil, a.listFlows)
	change(a, "POST", "/api/flows", "create-flow", tag, "Make a call flow", http.StatusCreated, clash[1:], func(ctx context.Context, in *newFlow) (FlowDetail, error) {
		f, err := a.s.Flows.Create(ctx, tenantOf(ctx), identity.Of(ctx).Name(), flow.Definition(in.Body.Definition), in.Body.Note, in.Body.Draft)
		return a.flowNoted(ctx, f, err)
	})
	get(a, "/api/flows/{id}", "get-flow", tag, "Get a call flow", missing, func(ctx context.Context, in *FlowPath) (FlowDetail, error) {
		f, err := a.s.Flows.Get(ctx, tenantOf(ctx), in.ID)
		return a.flowDetail(ctx, f, err)
	})
	change(a, "PUT", "/api/flows/{id}", "replace-flow", tag, "Keep a new version of a call flow", 0, clash, func(ctx context.Context, in *flowChange) (FlowDetail, error) {
		f, err := a.s.Flows.Update(ctx, tenantOf(ctx), identity.Of(ctx).Name(), in.ID, flow.Definition(in.Body.Definition), in.Body.Note, in.Body.Draft)
		if err == nil {
			identity.Note(ctx, "version", "", strconv.Itoa(f.Version))
		}
		return a.flowNoted(ctx, f, err)
	})
	remove(a, "DELETE", "/api/flows/{id}", "delete-flow", tag, "Delete a call flow that no agent names", clash, func(ctx context.Context, in *FlowPath) error {
		f, err := a.s.Flows.Delete(ctx, tenantOf(ctx), in.ID)
		if err == nil {
			identity.Target(ctx, f.ID, f.Definition.Name)
		}
		return err
	})
	change(a, "POST", "/api/flows/{id}/copy", "copy-flow", tag, "Make a call flow that is as another one", http.StatusCreated, clash, func(ctx context.Context, in *flowCopy) (FlowDetail, error) {
		f, err := a.s.Flows.Copy(ctx, tenantOf(ctx), identity.Of(ctx).Name(), in.ID, in.Body.Name)
		return a.flowNoted(ctx, f, err)
	})
	change(a, "POST", "/api/flows/{id}/rollback", "roll-back-flow", tag, "Make a new version of a call flow that is as an old one was", 0, clash, func(ctx context.Context, in *flowRollback) (FlowDetail, error) {
		f, err := a.s.Flows.Rollback(ctx, tenantOf(ctx), identity.Of(ctx).Name(), in.ID, in.Body.Version)
		return a.flowNoted(ctx, f, err)
	})
	get(a, "/api/flows/{id}/versions", "list-flow-versions", tag, "List a call flow's versions, newest first", missing, a.listFlowVersions)
	get(a, "/api/flows/{id}/versions/{version}", "get-flow-version", tag, "Get a version of a call flow", missing, func(ctx context.Context, in *flowVersionPath) (FlowVersionDetail, error) {
		f, err := a.s.Flows.Get(ctx, tenantOf(ctx), in.ID)
		if err != nil {
			return FlowVersionDetail{}, err
		}
		v, err := a.s.Flows.Version(ctx, tenantOf(ctx), in.ID, in.Version)
		return FlowVersionDetail{flowVersionOf(f, v), shownFlow(v.Definition)}, err
	})
	get(a, "/api/flows/{id}/diff", "compare-flow-versions", tag, "Compare two versions of a call flow", missing, func(ctx context.Context, in *flowDiffQuery) (flowDiffs, error) {
		f, err := a.s.Flows.Get(ctx, tenantOf(ctx), in.ID)
		if err != nil {
			return flowDiffs{}, err
		}
		if in.To == 0 {
			in.To = f.Version
		}
		list, err := a.s.Flows.Diff(ctx, tenantOf(ctx), in.ID, in.From, in.To)
		return flowDiffs{in.From, in.To, each(list, func(d library.Diff) FlowDiff { return FlowDiff(d) })}, err
	})
	change(a, "POST", "/api/flows/validate", "validate-flow", tag, "Tell what is wrong with a call flow", 0, nil, func(_ context.Context, in *flowCheck) (flowFindings, error) {
		return flowFindings{problemsOf(flow.Definition(in.Body.Definition))}, nil
	})
	change(a, "POST", "/api/flows/try", "try-flow", tag, "Hold a conversation with a call flow, typed and without consequences", 0, missing, a.tryFlow)
}

func (a *api) listFlows(ctx context.Context, in *flowQuery) (flowList, error) {
	all, err := a.s.Flows.List(ctx, tenantOf(ctx))
	if err != nil {
		return flowList{}, err
	}
	page, err := flowShelf.page(each(all, flowOf), in.Search, "", in.Paging)
	if err != nil {
		return flowList{}, err
	}
	for i := range page.Items {
		agents, err := a.s.Flows.UsedBy(ctx, tenantOf(ctx), page.Items[i].ID)
		if err != nil {
			return flowList{}, err
		}
		page.Items[i].Agents = notNil(agents)
	}
	return flowList(page), nil
}

func (a *api) listFlowVersions(ctx context.Context, in *flowVersionsQuery) (flowVersionList, error) {
	before := 0
	if in.Cursor != "" {
		n, err := strconv.Atoi(in.Cursor)
		if err != nil || n < 1 {
			return flowVersionList{}, badCursor()
		}
		before = n
	}
	f, err := a.s.Flows.Get(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return flowVersionList{}, err
	}
	vs, total, err := a.s.Flows.Versions(ctx, tenantOf(ctx), in.ID, before, in.Limit)
	out := flowVersionList{Items: each(vs, func(v library.Version) FlowVersion { return flowVersionOf(f, v) }), Total: total}
	if n := len(vs); n == in.Limit && vs[n-1].Number > 1 {
		out.NextCursor = strconv.Itoa(vs[n-1].Number)
	}
	return out, err
}

func (a *api) tryFlow(ctx context.Context, in *flowTrial) (flowTried, error) {
	var d flow.Definition
	switch b := in.Body; {
	case b.Definition != nil:
		d = flow.Definition(*b.Definition)
	default:
		f, err := a.s.Flows.Get(ctx, tenantOf(ctx), b.Flow)
		if err != nil {
			return flowTried{}, err
		}
		d = f.Definition
	}
	turns, err := flow.Try(d, flow.Trial{Lang: in.Body.Lang, Said: in.Body.Said, Outcomes: in.Body.Outcomes})
	return flowTried{notNil(turns)}, err
}

// flowNoted writes a flow into the audit trail's entry.
func (a *api) flowNoted(ctx context.Context, f library.Flow, err error) (FlowDetail, error) {
	if err == nil {
		identity.Target(ctx, f.ID, f.Definition.Name)
	}
	return a.flowDetail(ctx, f, err)
}

func (a *api) flowDetail(ctx context.Context, f library.Flow, err error) (FlowDetail, error) {
	if err != nil {
		return FlowDetail{}, err
	}
	out := FlowDetail{Flow: flowOf(f), Definition: shownFlow(f.Definition), Findings: []FlowProblem{}}
	if !f.Builtin {
		out.Findings = problemsOf(f.Definition)
	}
	agents, err := a.s.Flows.UsedBy(ctx, tenantOf(ctx), f.ID)
	out.Agents = notNil(agents)
	return out, err
}

func problemsOf(d flow.Definition) []FlowProblem {
	return each(d.Validate(), func(p flow.Problem) FlowProblem { return FlowProblem(p) })
}

func flowOf(f library.Flow) Flow {
	d := f.Definition
	out := Flow{ID: f.ID, Name: d.Name, Source: "own", Title: texts(d.Title), About: texts(d.About), Languages: notNil(d.Languages), Nodes: len(d.Nodes), Tools: notNil(d.Tools()), Version: f.Version, Live: f.Live,
		Agents: []string{}, CreatedAt: present(f.CreatedAt), CreatedBy: f.CreatedBy, UpdatedAt: present(f.UpdatedAt), UpdatedBy: f.UpdatedBy}
	if f.Builtin {
		out.Source = "builtin"
	} else {
		out.Problems = len(d.Validate())
	}
	return out
}

// shownFlow has empty lists in the place of none.
func shownFlow(d flow.Definition) FlowDefinition {
	d.Languages, d.Nodes, d.Edges = notNil(d.Languages), notNil(d.Nodes), notNil(d.Edges)
	return FlowDefinition(d)
}

func texts(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func flowVersionOf(f library.Flow, v library.Version) FlowVersion {
	return FlowVersion{Number: v.Number, At: present(v.At), By: v.By, Note: v.Note, Draft: v.Draft, Current: v.Number == f.Version, Live: v.Number == f.Live}
}
