// Package storetest is the suite that every database must pass, and the PostgreSQL server that it runs on.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"griot/internal/conversation"
	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/store"
)

const other = "other" // a second tenant: every method is tried with its id

var began = time.Date(2026, 3, 4, 9, 30, 0, 123e6, time.UTC)

// Run tries every method of the store that open returns, which must be empty.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, c := range []struct {
		name string
		f    func(*testing.T, *store.Store)
	}{
		{"conversation", testConversation}, {"close without open", testCloseWithoutOpen}, {"close twice", testCloseTwice}, {"list", testList},
		{"unfinished", testUnfinished}, {"delete", testDelete}, {"odd text", testOddText}, {"same id", testSameID}, {"many events", testManyEvents},
		{"settings", testSettings}, {"unknown tenant", testUnknownTenant}, {"calls", testCalls}, {"ends of calls", testEndsOfCalls},
		{"accounts", testAccounts}, {"members", testMembers}, {"sessions", testSessions}, {"invitations", testInvitations}, {"keys", testKeys}, {"audit", testAudit},
		{"secrets", testSecrets}, {"agents", testAgents}, {"agents together", testAgentsTogether}, {"lists of agents", testAgentLists}, {"history", testHistory}, {"overview", testOverview}, {"rates", testRates}, {"tools", testTools}, {"effects", testEffects}, {"phone", testPhone}, {"flows", testFlows},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			require.NoError(t, s.EnsureTenant(t.Context(), "default", "Default"))
			require.NoError(t, s.EnsureTenant(t.Context(), other, "Other"))
			c.f(t, s)
		})
	}
}

func opened(tenant, id string, at time.Time) conversation.Summary {
	return conversation.Summary{
		Tenant: tenant, ID: id, Agent: "reception-en", AgentName: "Reception", AgentVersion: 3, Lang: "en-GB", Channel: "realtime",
		Remote: "127.0.0.1", Node: "n1", Status: conversation.Active, StartedAt: at,
	}
}

func closed(s conversation.Summary) conversation.Record {
	s.Status, s.EndedAt, s.Duration = conversation.Ended, s.StartedAt.Add(65*time.Second), 65*time.Second
	s.Turns, s.Interruptions, s.EndReason = 4, 1, "caller_left"
	s.LatencyP50, s.Preview = 612345*time.Microsecond, "What are your hours?"
	s.Tokens = conversation.Tokens{Input: 100, Cached: 20, Output: 30, AudioInput: 60, AudioCached: 10, AudioOutput: 25}
	delay := event.Ms(615 * time.Millisecond)
	return conversation.Record{
		Summary: s,
		Models:  conversation.Models{STT: "vosk", LLM: "flow: reception", TTS: "espeak"},
		Transcript: []conversation.Line{
			{Item: "i1", Role: conversation.RoleUser, Text: "What are your hours?", At: event.Ms(1500 * time.Millisecond), End: event.Ms(2700 * time.Millisecond), Confidence: 0.5},
			{Item: "c1", Role: conversation.RoleTool, Tool: &conversation.ToolUse{Name: "hours", Arguments: "{}", Output: "9-18", Took: event.Ms(12 * time.Millisecond)}},
			{Item: "i2", Role: conversation.RoleAgent, Text: "We open", Said: "We open at nine.", Heard: "We open", Cut: true, Latency: event.Ms(612 * time.Millisecond)},
		},
		Timings:   []event.TurnTimed{{Response: "r1", Turn: 1, Item: "i1", Sent: event.Ms(612 * time.Millisecond), Heard: event.Ms(-time.Millisecond)}},
		Notices:   []event.Notice{{Code: "no_recogniser", Message: "No recogniser for fr.", Params: map[string]string{"language": "fr"}}},
		Recording: conversation.RecordingInfo{Key: "default/recordings/x.wav", Duration: 64980 * time.Millisecond, Bytes: 4158764},
		Peaks:     conversation.Peaks{Duration: event.Ms(64980 * time.Millisecond), Caller: []float64{0, 0.5}, Agent: []float64{1, 0.25}},
		Ear: &eartruth.Report{
			Duration: event.Ms(64980 * time.Millisecond), OverlapTotal: event.Ms(205 * time.Millisecond), CallerShare: 0.25, ResponseP50: &delay,
			Turns: []eartruth.Answer{{From: event.Ms(1495 * time.Millisecond), At: event.Ms(2705 * time.Millisecond), Delay: delay, Response: "r1", Pipeline: &delay}},
		},
	}
}

func log(tenant, id string, at time.Time) []event.Event {
	bodies := []event.Body{
		event.SessionStarted{Agent: "reception-en", Name: "Reception", Lang: "en-GB"},
		event.UserSpoke{Item: "i1", Text: "What are your hours?", From: event.Ms(1500 * time.Millisecond), To: event.Ms(2700 * time.Millisecond)},
		event.AgentSaid{Response: "r1", Item: "i2", Said: "We open at nine.", Text: "We open", Cut: true},
		event.SessionEnded{Reason: "caller_left"},
	}
	var out []event.Event
	for i, b := range bodies {
		out = append(out, event.Event{Tenant: tenant, Session: id, Seq: uint64(i + 1), At: at.Add(time.Duration(i) * 1001 * time.Microsecond), Gen: event.Gen(i), Body: b})
	}
	return out
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("wrong (-want +got):\n%s", d)
	}
}

func notFound(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
}

func testConversation(t *testing.T, s *store.Store) {
	ctx := t.Context()
	sum := opened("default", "c1", began)
	require.NoError(t, s.CreateConversation(ctx, sum))
	got, err := s.Conversation(ctx, "default", "c1")
	require.NoError(t, err)
	equal(t, conversation.Record{Summary: sum}, got)
	evs, err := s.ConversationEvents(ctx, "default", "c1")
	require.NoError(t, err)
	require.Empty(t, evs)

	rec := closed(sum)
	require.NoError(t, s.CloseConversation(ctx, rec, log("default", "c1", began)))
	got, err = s.Conversation(ctx, "default", "c1")
	require.NoError(t, err)
	equal(t, rec, got)
	evs, err = s.ConversationEvents(ctx, "default", "c1")
	require.NoError(t, err)
	equal(t, log("default", "c1", began), evs)

	_, err = s.Conversation(ctx, other, "c1")
	notFound(t, err)
	_, err = s.ConversationEvents(ctx, other, "c1")
	notFound(t, err)
	_, err = s.Conversation(ctx, "default", "c2")
	notFound(t, err)

	err = s.CreateConversation(ctx, sum)
	require.Equal(t, fault.Conflict, fault.KindOf(err), "%v", err)
}

func testCloseWithoutOpen(t *testing.T, s *store.Store) {
	rec := closed(opened("default", "c1", began))
	require.NoError(t, s.CloseConversation(t.Context(), rec, log("default", "c1", began)))
	got, err := s.Conversation(t.Context(), "default", "c1")
	require.NoError(t, err)
	equal(t, rec, got)
}

func testCloseTwice(t *testing.T, s *store.Store) {
	rec := closed(opened("default", "c1", began))
	require.NoError(t, s.CloseConversation(t.Context(), rec, log("default", "c1", began)))
	rec.EndReason = "recovered"
	require.NoError(t, s.CloseConversation(t.Context(), rec, log("default", "c1", began)[:2]))
	got, err := s.Conversation(t.Context(), "default", "c1")
	require.NoError(t, err)
	equal(t, rec, got)
	evs, err := s.ConversationEvents(t.Context(), "default", "c1")
	require.NoError(t, err)
	equal(t, log("default", "c1", began)[:2], evs)
}

func testList(t *testing.T, s *store.Store) {
	ctx := t.Context()
	var want []conversation.Summary
	for i := range 10 {
		// Pairs start in the same millisecond, so that the id decides.
		c := opened("default", fmt.Sprintf("c%02d", i), began.Add(time.Duration(i/2)*time.Second))
		if i%3 == 0 {
			c.Agent = "reception-fr"
		}
		require.NoError(t, s.CreateConversation(ctx, c))
		if i == 4 {
			r := closed(c)
			require.NoError(t, s.CloseConversation(ctx, r, nil))
			c = r.Summary
		}
		want = append([]conversation.Summary{c}, want...)
	}
	require.NoError(t, s.CreateConversation(ctx, opened(other, "theirs", began.Add(time.Hour))))

	var got []conversation.Summary
	f := conversation.Filter{Limit: 3}
	for {
		page, total, err := s.ListConversations(ctx, "default", f)
		require.NoError(t, err)
		require.Equal(t, 10, total)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		last := page[len(page)-1]
		at := last.PositionOf(conversation.SortStarted)
		f.After = &at
	}
	equal(t, want, got)

	page, total, err := s.ListConversations(ctx, "default", conversation.Filter{Choice: conversation.Choice{Agent: "reception-fr"}, Limit: 100})
	require.NoError(t, err)
	require.Equal(t, 4, total)
	require.Len(t, page, 4)
	page, total, err = s.ListConversations(ctx, "default", conversation.Filter{Choice: conversation.Choice{Status: conversation.Ended}, Limit: 100})
	require.NoError(t, err)
	require.Equal(t, 1, total)
	require.Equal(t, "c04", page[0].ID)
	page, total, err = s.ListConversations(ctx, other, conversation.Filter{Limit: 100})
	require.NoError(t, err)
	require.Equal(t, 1, total)
	require.Equal(t, "theirs", page[0].ID)
	page, total, err = s.ListConversations(ctx, "default", conversation.Filter{Choice: conversation.Choice{Agent: "' OR 1=1 --"}, Limit: 100})
	require.NoError(t, err)
	require.Zero(t, total)
	require.Empty(t, page)
}

func testUnfinished(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, b := opened("default", "a", began), opened(other, "b", began.Add(time.Second))
	c, d := opened("default", "c", began), opened("default", "d", began)
	c.Node = "n2"
	for _, x := range []conversation.Summary{a, b, c, d} {
		require.NoError(t, s.CreateConversation(ctx, x))
	}
	require.NoError(t, s.CloseConversation(ctx, closed(d), nil))
	got, err := s.UnfinishedConversations(ctx, "n1")
	require.NoError(t, err)
	equal(t, []conversation.Summary{a, b}, got)
	got, err = s.UnfinishedConversations(ctx, "n3")
	require.NoError(t, err)
	require.Empty(t, got)
}

func testDelete(t *testing.T, s *store.Store) {
	ctx := t.Context()
	require.NoError(t, s.CloseConversation(ctx, closed(opened("default", "c1", began)), log("default", "c1", began)))
	notFound(t, s.DeleteConversation(ctx, other, "c1"))
	evs, err := s.ConversationEvents(ctx, "default", "c1")
	require.NoError(t, err)
	require.Len(t, evs, 4)
	require.NoError(t, s.DeleteConversation(ctx, "default", "c1"))
	_, err = s.Conversation(ctx, "default", "c1")
	notFound(t, err)
	notFound(t, s.DeleteConversation(ctx, "default", "c1"))
	// Its events are gone too: a new conversation of that id has none.
	require.NoError(t, s.CreateConversation(ctx, opened("default", "c1", began)))
	evs, err = s.ConversationEvents(ctx, "default", "c1")
	require.NoError(t, err)
	require.Empty(t, evs)
}

func testOddText(t *testing.T, s *store.Store) {
	rec := closed(opened("default", "c1", began))
	rec.Preview = "nul \x00 bad \xff emoji 🙂 quote ' ? \" é"
	rec.Remote = "a\x00b"
	rec.Transcript[0].Text = "nul \x00 é 🙂 ? '"
	evs := []event.Event{{Tenant: "default", Session: "c1", Seq: 1, At: began, Body: event.UserSpoke{Text: "nul \x00 é 🙂 ? '"}}}
	require.NoError(t, s.CloseConversation(t.Context(), rec, evs))
	got, err := s.Conversation(t.Context(), "default", "c1")
	require.NoError(t, err)
	require.Equal(t, "nul  bad \uFFFD emoji 🙂 quote ' ? \" é", got.Preview)
	require.Equal(t, "ab", got.Remote)
	require.Equal(t, rec.Transcript[0].Text, got.Transcript[0].Text)
	back, err := s.ConversationEvents(t.Context(), "default", "c1")
	require.NoError(t, err)
	equal(t, evs, back)
	for _, id := range []string{"\x00", "\xff", "c1\x00x", "'; DROP TABLE conversations; --"} {
		_, err = s.Conversation(t.Context(), "default", id)
		notFound(t, err)
	}
}

func testSameID(t *testing.T, s *store.Store) {
	ctx := t.Context()
	require.NoError(t, s.CloseConversation(ctx, closed(opened("default", "c1", began)), log("default", "c1", began)))
	require.NoError(t, s.CloseConversation(ctx, closed(opened(other, "c1", began)), log(other, "c1", began)[:1]))
	require.NoError(t, s.DeleteConversation(ctx, other, "c1"))
	evs, err := s.ConversationEvents(ctx, "default", "c1")
	require.NoError(t, err)
	require.Len(t, evs, 4)
}

func testManyEvents(t *testing.T, s *store.Store) {
	const n = 2*500 + 1 // more than two batches
	evs := make([]event.Event, n)
	for i := range evs {
		evs[i] = event.Event{Tenant: "default", Session: "c1", Seq: uint64(i + 1), At: began, Body: event.Repaired{Owner: fmt.Sprint(i), Action: "ask_again"}}
	}
	evs[7].Seq = evs[6].Seq // a log with a fault in it is kept as it is
	require.NoError(t, s.CloseConversation(t.Context(), closed(opened("default", "c1", began)), evs))
	got, err := s.ConversationEvents(t.Context(), "default", "c1")
	require.NoError(t, err)
	equal(t, evs, got)
}

func testSettings(t *testing.T, s *store.Store) {
	ctx := t.Context()
	_, err := s.Setting(ctx, "default", "k")
	notFound(t, err)
	require.NoError(t, s.PutSetting(ctx, "default", "k", "one"))
	require.NoError(t, s.PutSetting(ctx, "default", "k", "two"))
	v, err := s.Setting(ctx, "default", "k")
	require.NoError(t, err)
	require.Equal(t, "two", v)
	_, err = s.Setting(ctx, other, "k")
	notFound(t, err)
	notFound(t, s.DeleteSetting(ctx, other, "k"))
	require.NoError(t, s.DeleteSetting(ctx, "default", "k"))
	notFound(t, s.DeleteSetting(ctx, "default", "k"))
}

func testUnknownTenant(t *testing.T, s *store.Store) {
	ctx := t.Context()
	require.Equal(t, fault.Conflict, fault.KindOf(s.CreateConversation(ctx, opened("nobody", "c1", began))))
	require.Equal(t, fault.Conflict, fault.KindOf(s.CloseConversation(ctx, closed(opened("nobody", "c1", began)), nil)))
	require.Equal(t, fault.Conflict, fault.KindOf(s.PutSetting(ctx, "nobody", "k", "v")))
	list, total, err := s.ListConversations(ctx, "nobody", conversation.Filter{Limit: 10})
	require.NoError(t, err)
	require.Empty(t, list)
	require.Zero(t, total)
}
