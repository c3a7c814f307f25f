package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/flow"
	"griot/internal/flow/library"
	"griot/internal/store"
)

func testFlows(t *testing.T, s *store.Store) {
	ctx := t.Context()
	make := func(tenant, id, name string) library.Flow {
		return library.Flow{Tenant: tenant, ID: id, Version: 1, Live: 1, Definition: flow.Definition{Name: name, Languages: []string{"fr"}, Start: "a", Nodes: []flow.Node{{ID: "a", Kind: flow.End, Say: flow.Wordings{"fr": {"Été !"}}}}},
			CreatedBy: "ann", UpdatedBy: "bob", CreatedAt: time.UnixMilli(1000).UTC(), UpdatedAt: time.UnixMilli(2000).UTC()}
	}
	a, b := make("default", "flow_1", "Beta"), make("default", "flow_2", "alpha")
	require.NoError(t, s.CreateFlow(ctx, a, "first"))
	require.NoError(t, s.CreateFlow(ctx, b, ""))
	require.NoError(t, s.CreateFlow(ctx, make(other, "flow_1", "Beta"), ""), "another tenant may have the same")
	got, err := s.FindFlow(ctx, "default", "flow_1")
	require.NoError(t, err)
	require.Equal(t, a, got)
	_, err = s.FindFlow(ctx, other, "flow_2")
	require.Equal(t, "flow_not_found", fault.CodeOf(err))
	list, err := s.ListFlows(ctx, "default")
	require.NoError(t, err)
	require.Equal(t, []library.Flow{b, a}, list)

	// A draft is a version that calls do not use.
	second := a
	second.Version, second.Definition.Name, second.UpdatedAt = 2, "Gamma", time.UnixMilli(3000).UTC()
	require.NoError(t, s.ChangeFlow(ctx, second, "why"))
	require.Equal(t, "flow_changed", fault.CodeOf(s.ChangeFlow(ctx, second, "")), "somebody was faster")
	lost := second
	lost.Tenant, lost.ID = other, "flow_2"
	require.Equal(t, "flow_not_found", fault.CodeOf(s.ChangeFlow(ctx, lost, "")))
	got, err = s.FindFlow(ctx, "default", "flow_1")
	require.NoError(t, err)
	require.Equal(t, second, got)
	vs, n, err := s.FlowVersions(ctx, "default", "flow_1", 0, 1)
	require.NoError(t, err)
	require.Equal(t, []any{2, 1, true, "why", "Gamma"}, []any{n, len(vs), vs[0].Draft, vs[0].Note, vs[0].Definition.Name})
	vs, _, err = s.FlowVersions(ctx, "default", "flow_1", 2, 10)
	require.NoError(t, err)
	require.Equal(t, []library.Version{{Number: 1, At: a.UpdatedAt, By: "bob", Note: "first", Definition: a.Definition}}, vs)
	_, _, err = s.FlowVersions(ctx, other, "flow_2", 0, 1)
	require.Equal(t, "flow_not_found", fault.CodeOf(err))
	_, err = s.FlowVersion(ctx, "default", "flow_1", 3)
	require.Equal(t, "version_not_found", fault.CodeOf(err))
	_, err = s.FlowVersion(ctx, other, "flow_1", 2)
	require.Equal(t, "version_not_found", fault.CodeOf(err))

	require.NoError(t, s.DeleteFlow(ctx, "default", "flow_1"))
	require.Equal(t, "flow_not_found", fault.CodeOf(s.DeleteFlow(ctx, "default", "flow_1")))
	_, err = s.FlowVersion(ctx, "default", "flow_1", 1)
	require.Equal(t, "version_not_found", fault.CodeOf(err), "its versions are gone too")
	_, err = s.FindFlow(ctx, other, "flow_1")
	require.NoError(t, err)
}
