package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/calls"
	"griot/internal/identity"
	"griot/internal/store"
)

// BenchmarkLists is what the other lists ask of SQLite with 10,000 rows each; BenchmarkHistory is that of conversations.
func BenchmarkLists(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "griot.db"))
	require.NoError(b, err)
	defer s.Close()
	ctx, now := b.Context(), time.Now().UTC().Truncate(time.Millisecond)
	require.NoError(b, s.CreateFirst(ctx, identity.Account{ID: "first", Email: "first@example.com", Name: "Ada", CreatedAt: now}, "default"))
	for i := range 10_000 {
		id, at := fmt.Sprintf("%05d", i), now.Add(-time.Duration(i*7919%10_000)*time.Minute)
		d := agent.Default()
		d.Name, d.Language, d.Status = "Agent "+id, []string{"fr-FR", "en-GB", "es-ES"}[i%3], []agent.Status{agent.Draft, agent.Active}[i%2]
		d.Model.Provider, d.Model.Name, d.Instructions = "openai", []string{"gpt-4o", "gpt-4o-mini"}[i%2], "Tu es Sophie, de la société Atlas, au téléphone. Tu réponds en une phrase ou deux."
		who := agent.Actor{ID: "u1", Name: "Ada"}
		_, err := s.CreateAgent(ctx, agent.Agent{Tenant: "default", ID: "a" + id, Revision: 1, Definition: d, CreatedBy: who, UpdatedBy: who, CreatedAt: at, UpdatedAt: at}, "made", nil)
		require.NoError(b, err)
		require.NoError(b, s.AppendAudit(ctx, identity.Entry{Tenant: "default", ID: "e" + id, At: at, ActorKind: identity.BySession, ActorID: fmt.Sprint("u", i%50), ActorName: "Ada",
			Action: []string{"agent.changed", "person.invited", "key.created"}[i%3], TargetKind: "agent", TargetID: "a" + id, TargetName: "Agent " + id,
			Changes: []identity.Change{{Field: "name", From: "Agent", To: "Agent " + id}}, Address: "192.0.2.1"}))
		require.NoError(b, s.AddMember(ctx, identity.Member{Tenant: "default", Account: identity.Account{ID: "u" + id, Email: id + "@example.com", Name: "Ada " + id, CreatedAt: at},
			Role: identity.Viewer, Since: at}, true))
		require.NoError(b, s.CreateKey(ctx, identity.Key{Tenant: "default", ID: "k" + id, Name: "Key " + id, Hint: "grk_" + id, Hash: "h" + id, CreatedBy: "Ada", CreatedAt: at, ExpiresAt: at}))
		require.NoError(b, s.CreateInvitation(ctx, identity.Invitation{Tenant: "default", ID: "i" + id, Email: "new" + id + "@example.com", Role: identity.Viewer, Token: "t" + id,
			InvitedBy: "Ada", CreatedAt: at, ExpiresAt: at.Add(time.Hour)}))
		c := calls.Call{Tenant: "default", ID: "rtc_" + id, Conversation: "c" + id, Node: "n", Settings: calls.Settings{Model: "reception", Voice: "espeak", Modalities: []string{"text", "audio"}, Temperature: calls.DefaultTemperature}, Status: calls.Active, CreatedAt: at}
		require.NoError(b, s.CreateCall(ctx, c))
		if i%100 != 0 {
			require.NoError(b, s.EndCall(ctx, "default", c.ID, "caller_left", at.Add(time.Minute)))
		}
	}
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, f())
			}
		})
	}
	for name, f := range map[string]agent.Filter{
		"agents by name":           {},
		"agents in the middle":     {After: &agent.Position{Key: "agent 05000", ID: "a05000"}},
		"agents, the newest":       {Sort: agent.Sort{By: "updated", Down: true}},
		"agents by reference":      {Sort: agent.Sort{By: "reference"}},
		"agents, active":           {Status: agent.Active},
		"agents of a model":        {Model: "openai/gpt-4o"},
		"agents of a language":     {Lang: "fr"},
		"agents with a word":       {Search: "agent"},
		"agents with no such word": {Search: "zzz"},
		"agents, deleted":          {Deleted: true},
	} {
		f.Limit = 101
		run(name, func() error {
			if _, err := s.CountAgents(ctx, "default", f); err != nil {
				return err
			}
			_, err := s.ListAgents(ctx, "default", f)
			return err
		})
	}
	for name, f := range map[string]identity.Filter{
		"audit":               {},
		"audit in the middle": {Before: &identity.Position{At: now.Add(-5000 * time.Minute), ID: "x"}},
		"audit of a person":   {Actor: "u7"},
		"audit of an agent":   {Target: "a00007"},
		"audit of a kind":     {Action: "person."},
		"audit of nothing":    {Action: "nothing.at_all"},
		"audit of a day":      {From: now.Add(-48 * time.Hour), To: now.Add(-24 * time.Hour)},
	} {
		f.Limit = 101
		run(name, func() error {
			_, _, err := s.ListAudit(ctx, "default", f)
			return err
		})
	}
	for name, f := range map[string]calls.Filter{"calls": {}, "calls, the last page": {Offset: 9900}, "calls that go on": {Status: calls.Active}, "calls that ended": {Status: calls.Ended, Offset: 5000}} {
		f.Limit = 100
		run(name, func() error {
			_, _, err := s.ListCalls(ctx, "default", f)
			return err
		})
	}
	run("calls, figures", func() error { _, err := s.CountCalls(ctx, "default"); return err })
	run("people", func() error { _, err := s.Members(ctx, "default"); return err })
	run("invitations", func() error { _, err := s.Invitations(ctx, "default"); return err })
	run("keys", func() error { _, err := s.Keys(ctx, "default"); return err })
}
