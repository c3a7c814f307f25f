package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/fault"
	"griot/internal/store"
)

func anAgent(tenant, id, name string) agent.Agent {
	d := agent.Default()
	d.Name, d.Language, d.Status = name, "fr-FR", agent.Draft
	d.Model.Provider, d.Model.Name = "openai", "gpt-4o"
	d.Tools, d.Instructions = []string{"search_web"}, "Nul \x00, é, 🙂\n\"quoted\""
	return agent.Agent{Tenant: tenant, ID: id, Revision: 1, Definition: d, CreatedBy: agent.Actor{ID: "u1", Name: "Ada"}, UpdatedBy: agent.Actor{ID: "u1", Name: "Ada"}, CreatedAt: began, UpdatedAt: began}
}

func mustCreate(t *testing.T, s *store.Store, a agent.Agent) agent.Agent {
	t.Helper()
	a, err := s.CreateAgent(t.Context(), a, "made", nil)
	require.NoError(t, err)
	return a
}

func testAgents(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a := mustCreate(t, s, anAgent("default", "a", "Sophie"))
	require.Equal(t, "Agent-000001", a.Reference)
	for _, key := range []string{"a", "Agent-000001", "Sophie", "  SOPHIE "} {
		got, err := s.FindAgent(ctx, "default", key, false)
		require.NoError(t, err, key)
		equal(t, a, got)
		_, err = s.FindAgent(ctx, other, key, false)
		code(t, fault.NotFound, "agent_not_found", err)
		_, err = s.FindAgent(ctx, "default", key, true)
		code(t, fault.NotFound, "agent_not_found", err)
	}

	// Numbers count per tenant and kind, and go on after a failure.
	_, err := s.CreateAgent(ctx, anAgent("default", "b", "sophie"), "", nil)
	code(t, fault.Conflict, "name_taken", err)
	text := anAgent("default", "t", "Écrivain")
	text.Kind = agent.Text
	require.Equal(t, "TextAgent-000001", mustCreate(t, s, text).Reference)
	avatar := anAgent("default", "v", "")
	avatar.Kind = agent.Avatar
	require.Equal(t, "Avatar-000001", mustCreate(t, s, avatar).Reference)
	require.Equal(t, "Agent-000001", mustCreate(t, s, anAgent(other, "a", "Sophie")).Reference, "another tenant's, with the same id and name")
	skipped, err := s.CreateAgent(ctx, anAgent("default", "b", ""), "", func(n int) bool { return n < 42 })
	require.NoError(t, err)
	require.Equal(t, "Agent-000042", skipped.Reference)
	mustCreate(t, s, anAgent("default", "c", "")) // two without a name

	// A change, a version, and a change to what is no longer.
	b := a
	b.Name, b.Version, b.Revision, b.Status, b.UpdatedAt = "Sophie 2", 2, 2, agent.Active, began.Add(time.Hour)
	b.UpdatedBy = agent.Actor{ID: "u2", Name: "Bob"}
	v := agent.Version{Tenant: "default", Agent: "a", Number: 2, At: began.Add(time.Hour), By: b.UpdatedBy, Note: "why", Definition: b.Definition}
	require.NoError(t, s.ChangeAgent(ctx, b, &v))
	code(t, fault.Conflict, "agent_changed", s.ChangeAgent(ctx, b, &v))
	theirs := b
	theirs.Tenant, theirs.Revision = other, 99
	code(t, fault.Conflict, "agent_changed", s.ChangeAgent(ctx, theirs, nil))
	theirs.ID = "nobody"
	code(t, fault.NotFound, "agent_not_found", s.ChangeAgent(ctx, theirs, nil))
	got, err := s.FindAgent(ctx, "default", "Agent-000001", false)
	require.NoError(t, err)
	equal(t, b, got)
	taken := got
	taken.Name, taken.Revision = "ÉCRIVAIN", 3
	code(t, fault.Conflict, "name_taken", s.ChangeAgent(ctx, taken, nil))

	vs, total, err := s.AgentVersions(ctx, "default", "a", 0, 10)
	require.NoError(t, err)
	require.Equal(t, 2, total)
	require.Equal(t, []int{2, 1}, []int{vs[0].Number, vs[1].Number})
	require.Equal(t, []string{"why", "made"}, []string{vs[0].Note, vs[1].Note})
	require.Equal(t, []string{"Bob", "Ada"}, []string{vs[0].By.Name, vs[1].By.Name})
	vs, _, err = s.AgentVersions(ctx, "default", "a", 2, 10)
	require.NoError(t, err)
	require.Len(t, vs, 1)
	first, err := s.AgentVersion(ctx, "default", "a", 1)
	require.NoError(t, err)
	require.Equal(t, "Sophie", first.Definition.Name)
	require.Equal(t, a.Instructions, first.Definition.Instructions)
	_, err = s.AgentVersion(ctx, other, "a", 2)
	code(t, fault.NotFound, "version_not_found", err)
	_, err = s.AgentVersion(ctx, "default", "a", 3)
	code(t, fault.NotFound, "version_not_found", err)
	_, _, err = s.AgentVersions(ctx, other, "b", 0, 10)
	code(t, fault.NotFound, "agent_not_found", err)

	// Deleted, its name is free; brought back, it needs the name.
	gone := b
	gone.Revision, gone.DeletedAt, gone.DeletedBy = 3, began.Add(2*time.Hour), agent.Actor{ID: "u1", Name: "Ada"}
	require.NoError(t, s.ChangeAgent(ctx, gone, nil))
	_, err = s.FindAgent(ctx, "default", "a", false)
	notFound(t, err)
	got, err = s.FindAgent(ctx, "default", "Agent-000001", true)
	require.NoError(t, err)
	equal(t, gone, got)
	mustCreate(t, s, anAgent("default", "d", "Sophie 2"))
	back := b
	back.Revision = 4
	code(t, fault.Conflict, "name_taken", s.ChangeAgent(ctx, back, nil))
	n, err := s.PurgeAgents(ctx, gone.DeletedAt)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.PurgeAgents(ctx, gone.DeletedAt.Add(time.Millisecond))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = s.AgentVersion(ctx, "default", "a", 1)
	notFound(t, err)
	_, err = s.FindAgent(ctx, other, "a", false)
	require.NoError(t, err)
}

// Many at the same time: each has a number of its own, and one has the name.
func testAgentsTogether(t *testing.T, s *store.Store) {
	var wg sync.WaitGroup
	made := make([]agent.Agent, 8)
	named := make([]error, 8)
	for i := range made {
		wg.Go(func() {
			made[i], _ = s.CreateAgent(t.Context(), anAgent("default", fmt.Sprintf("a%d", i), ""), "", nil)
			_, named[i] = s.CreateAgent(t.Context(), anAgent("default", fmt.Sprintf("b%d", i), "Same"), "", nil)
		})
	}
	wg.Wait()
	refs := map[string]bool{}
	ok := 0
	for i := range made {
		require.NotEmpty(t, made[i].Reference)
		refs[made[i].Reference] = true
		if named[i] == nil {
			ok++
			continue
		}
		code(t, fault.Conflict, "name_taken", named[i])
	}
	require.Len(t, refs, 8)
	require.Equal(t, 1, ok)
}

func testAgentLists(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for i, name := range []string{"éclair", "Zoé", "alpha", "Éclair 2", "beta_1", "beta%2"} {
		a := anAgent("default", fmt.Sprintf("a%d", i), name)
		a.CreatedAt = began.Add(time.Duration(i/2) * time.Minute)
		a.UpdatedAt = began.Add(-time.Duration(i) * time.Minute)
		a.Description = "Answers the telephone"
		if i%2 == 1 {
			a.Status, a.Language = agent.Active, "es"
		}
		if i == 5 {
			a.Kind, a.Model.Name, a.Description = agent.Text, "gpt-5", "Écrit"
		}
		mustCreate(t, s, a)
	}
	mustCreate(t, s, anAgent(other, "theirs", "Theirs"))

	for by, want := range map[string][]string{
		"name": {"a2", "a5", "a4", "a1", "a0", "a3"}, "reference": {"a0", "a1", "a2", "a3", "a4", "a5"}, "created": {"a0", "a1", "a2", "a3", "a4", "a5"}, "updated": {"a5", "a4", "a3", "a2", "a1", "a0"},
	} {
		for _, down := range []bool{false, true} {
			var got []string
			f := agent.Filter{Sort: agent.Sort{By: by, Down: down}, Limit: 2}
			for {
				page, err := s.ListAgents(ctx, "default", f)
				require.NoError(t, err)
				if len(page) == 0 {
					break
				}
				for _, a := range page {
					got = append(got, a.ID)
				}
				last := page[len(page)-1]
				key := map[string]string{"name": agent.NameKey(last.Name), "reference": last.Reference, "created": agent.TimeKey(last.CreatedAt), "updated": agent.TimeKey(last.UpdatedAt)}[by]
				f.After = &agent.Position{Key: key, ID: last.ID}
			}
			if down {
				slices.Reverse(got)
			}
			require.Equal(t, want, got, "%s %v", by, down)
		}
	}
	for _, c := range []struct {
		f    agent.Filter
		want []string
	}{
		{agent.Filter{Search: "ECLAIR"}, []string{"a0", "a3"}}, {agent.Filter{Search: "2 éclair"}, []string{"a3"}}, {agent.Filter{Search: "beta_"}, []string{"a4"}}, {agent.Filter{Search: "%"}, []string{"a5"}},
		{agent.Filter{Search: "agent-000005"}, []string{"a4"}}, {agent.Filter{Search: "' OR 1=1 --"}, nil}, {agent.Filter{Search: "téléphone éclair"}, []string{"a0", "a3"}}, {agent.Filter{Search: "ecrit"}, []string{"a5"}},
		{agent.Filter{Kind: agent.Text}, []string{"a5"}}, {agent.Filter{Status: agent.Active}, []string{"a1", "a3", "a5"}}, {agent.Filter{Model: "openai/gpt-5"}, []string{"a5"}},
		{agent.Filter{Lang: "fr"}, []string{"a0", "a2", "a4"}}, {agent.Filter{Lang: "FR-fr"}, []string{"a0", "a2", "a4"}}, {agent.Filter{Lang: "f"}, nil}, {agent.Filter{Deleted: true}, nil},
	} {
		c.f.Sort, c.f.Limit = agent.Sort{By: "created"}, 10
		page, err := s.ListAgents(ctx, "default", c.f)
		require.NoError(t, err)
		var got []string
		for _, a := range page {
			got = append(got, a.ID)
		}
		require.Equal(t, c.want, got, "%+v", c.f)
		n, err := s.CountAgents(ctx, "default", c.f)
		require.NoError(t, err)
		if c.f.Status == "" {
			require.Equal(t, len(c.want), n[agent.Draft]+n[agent.Active], "%+v", c.f)
		} else {
			require.Equal(t, map[agent.Status]int{agent.Draft: 3, agent.Active: 3}, n)
		}
	}
	page, err := s.ListAgents(ctx, other, agent.Filter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, page, 1)
}
