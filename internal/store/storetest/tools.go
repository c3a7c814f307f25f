package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/store"
	"griot/internal/tool"
	"griot/internal/toolbox"
)

func testTools(t *testing.T, s *store.Store) {
	ctx := t.Context()
	make := func(tenant, id, name, category string) toolbox.Tool {
		return toolbox.Tool{Tenant: tenant, ID: id, ToolID: id, Name: name, DisplayName: "Météo de " + name, Category: category, Type: toolbox.API, Tags: []string{"Été"}, Status: toolbox.Active, Version: 1,
			Definition: toolbox.Definition{Type: "function", Function: toolbox.Function{Name: name, Description: "d", Parameters: json.RawMessage(`{"type":"object"}`)}},
			Execution:  &toolbox.Execution{Type: "http", Endpoint: "https://example.com"}, CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: time.UnixMilli(2000).UTC(), CreatedBy: "ann", UpdatedBy: "bob"}
	}
	a, b := make("default", "tool_1", "alpha", "general"), make("default", "tool_2", "beta", "travel")
	require.NoError(t, s.CreateTool(ctx, a))
	require.NoError(t, s.CreateTool(ctx, b))
	require.NoError(t, s.CreateTool(ctx, make(other, "tool_1", "alpha", "general")), "another tenant may have the same")
	require.Equal(t, "tool_name_taken", fault.CodeOf(s.CreateTool(ctx, make("default", "tool_3", "alpha", "general"))))

	for _, key := range []string{"tool_1", "alpha"} {
		got, err := s.FindTool(ctx, "default", key)
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	_, err := s.FindTool(ctx, other, "beta")
	require.Equal(t, "tool_not_found", fault.CodeOf(err))

	names := func(f toolbox.Filter) (out []string) {
		if f.Limit == 0 {
			f.Limit = 10
		}
		list, _, err := s.ListTools(ctx, "default", f)
		require.NoError(t, err)
		for _, t := range list {
			out = append(out, t.Name)
		}
		return out
	}
	require.Equal(t, []string{"alpha", "beta"}, names(toolbox.Filter{}))
	require.Equal(t, []string{"beta"}, names(toolbox.Filter{Limit: 1, Offset: 1}))
	require.Equal(t, []string{"beta"}, names(toolbox.Filter{Category: "travel", Status: toolbox.Active, Type: toolbox.API}))
	require.Equal(t, []string{"alpha"}, names(toolbox.Filter{Words: "METEO alpha ete"}))
	require.Empty(t, names(toolbox.Filter{Status: toolbox.Inactive}))

	a.Version, a.Status, a.Name = 2, toolbox.Inactive, "gamma"
	require.NoError(t, s.ChangeTool(ctx, a))
	require.Equal(t, "tool_changed", fault.CodeOf(s.ChangeTool(ctx, a)))
	a.Version, a.Name = 3, "beta"
	require.Equal(t, "tool_name_taken", fault.CodeOf(s.ChangeTool(ctx, a)))
	gone := make(other, "tool_9", "x", "general")
	gone.Version = 2
	require.Equal(t, "tool_not_found", fault.CodeOf(s.ChangeTool(ctx, gone)))
	require.Equal(t, []string{"beta", "gamma"}, names(toolbox.Filter{}))
	require.Equal(t, "tool_not_found", fault.CodeOf(s.DeleteTool(ctx, other, "tool_2")))
	require.NoError(t, s.DeleteTool(ctx, "default", "tool_2"))
	require.Equal(t, []string{"gamma"}, names(toolbox.Filter{}))

	for _, n := range []string{"env/B", "env/A", "tool/x", "environment"} {
		require.NoError(t, s.PutSecret(ctx, "default", n, "sealed"))
	}
	list, err := s.SecretNames(ctx, "default", "env/")
	require.NoError(t, err)
	require.Equal(t, []string{"env/A", "env/B"}, list)
	list, err = s.SecretNames(ctx, other, "env/")
	require.NoError(t, err)
	require.Empty(t, list)
}

func testEffects(t *testing.T, s *store.Store) {
	ctx := t.Context()
	at := time.UnixMilli(1_700_000_000_000).UTC()
	e := tool.Effect{Tenant: "default", ID: "eff_1", Node: "n1", Session: "c1", Agent: "Agent-000001", Tool: "pay", CallID: "call_1", Arguments: `{"n":1}`, State: tool.Proposed, Approval: true, ProposedAt: at, ExpiresAt: at.Add(time.Minute)}
	require.NoError(t, s.CreateEffect(ctx, e))
	require.Error(t, s.CreateEffect(ctx, e))
	got, err := s.Effect(ctx, "default", "eff_1")
	require.NoError(t, err)
	require.Equal(t, e, got)
	_, err = s.Effect(ctx, other, "eff_1")
	require.Equal(t, "effect_not_found", fault.CodeOf(err))

	e.State, e.DecidedBy, e.DecidedAt = tool.Authorised, "ann", at.Add(time.Second)
	require.NoError(t, s.ChangeEffect(ctx, e, tool.Proposed))
	require.Equal(t, "effect_changed", fault.CodeOf(s.ChangeEffect(ctx, e, tool.Proposed)))
	theirs := e
	theirs.Tenant = other
	require.Equal(t, "effect_not_found", fault.CodeOf(s.ChangeEffect(ctx, theirs, tool.Authorised)))
	e.State, e.SentAt = tool.Sent, at.Add(2*time.Second)
	require.NoError(t, s.ChangeEffect(ctx, e, tool.Authorised))
	got, err = s.Effect(ctx, "default", "eff_1")
	require.NoError(t, err)
	require.Equal(t, e, got)

	f := tool.Effect{Tenant: "default", ID: "eff_2", Node: "n1", Session: "c2", Tool: "book", State: tool.Confirmed, ProposedAt: at.Add(time.Hour), Output: "ok"}
	require.NoError(t, s.CreateEffect(ctx, f))
	require.NoError(t, s.CreateEffect(ctx, tool.Effect{Tenant: other, ID: "eff_3", Node: "n2", State: tool.Sent, ProposedAt: at}))
	ids := func(q tool.EffectFilter) (out []string) {
		q.Limit = 10
		list, n, err := s.ListEffects(ctx, "default", q)
		require.NoError(t, err)
		require.Len(t, list, n)
		for _, e := range list {
			out = append(out, e.ID)
		}
		return out
	}
	require.Equal(t, []string{"eff_2", "eff_1"}, ids(tool.EffectFilter{}))
	require.Equal(t, []string{"eff_1"}, ids(tool.EffectFilter{State: tool.Sent}))
	require.Equal(t, []string{"eff_1"}, ids(tool.EffectFilter{Approval: true}))
	require.Equal(t, []string{"eff_2"}, ids(tool.EffectFilter{Tool: "book", Session: "c2"}))

	n, err := s.AbandonEffects(ctx, "n1", time.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	got, err = s.Effect(ctx, "default", "eff_1")
	require.NoError(t, err)
	require.Equal(t, []string{string(tool.Failed), tool.CodeUnknown}, []string{string(got.State), got.Code})
	got, err = s.Effect(ctx, other, "eff_3")
	require.NoError(t, err)
	require.Equal(t, tool.Sent, got.State, "another node's")
}
