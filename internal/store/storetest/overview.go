package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation"
	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/overview"
	"griot/internal/store"
)

func testHistory(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for i, said := range []string{"Où est ma commande ?", "I said 100% never_mind", "Où est le CAFÉ", "Nothing 東京タワー " + strings.Repeat("long", 1000)} {
		r := closed(opened("default", fmt.Sprintf("c%d", i), began.Add(time.Duration(i)*time.Hour)))
		r.Duration = []time.Duration{30 * time.Second, 10 * time.Second, 20 * time.Second, 10 * time.Second}[i]
		r.LatencyP50 = time.Duration(4-i) * 100 * time.Millisecond
		r.Channel = []string{"realtime", "talk"}[i%2]
		r.Transcript[0].Text = said
		require.NoError(t, s.CloseConversation(ctx, r, nil))
	}
	require.NoError(t, s.CloseConversation(ctx, closed(opened(other, "theirs", began)), nil))

	ids := func(f conversation.Filter) (out []string) {
		t.Helper()
		f.Limit = 100
		page, total, err := s.ListConversations(ctx, "default", f)
		require.NoError(t, err)
		require.Len(t, page, total)
		for _, c := range page {
			out = append(out, c.ID)
		}
		return out
	}
	type choice = conversation.Choice
	for _, c := range []struct {
		name string
		c    choice
		want []string
	}{
		{"channel", choice{Channel: "talk"}, []string{"c3", "c1"}},
		{"from", choice{From: began.Add(2 * time.Hour)}, []string{"c3", "c2"}},
		{"to", choice{To: began.Add(2 * time.Hour)}, []string{"c1", "c0"}},
		{"at least", choice{MinDuration: 20 * time.Second}, []string{"c2", "c0"}},
		{"less than", choice{MaxDuration: 20 * time.Second}, []string{"c3", "c1"}},
		{"a word", choice{Words: "ou est"}, []string{"c2", "c0"}},
		{"accents and case", choice{Words: "cafe"}, []string{"c2"}},
		{"words in any order", choice{Words: "COMMANDE où"}, []string{"c0"}},
		{"signs of patterns", choice{Words: "100%"}, []string{"c1"}},
		{"a sign of patterns", choice{Words: "never_m"}, []string{"c1"}},
		{"the beginning of a word", choice{Words: "comm"}, []string{"c0"}},
		{"not its middle", choice{Words: "mande"}, nil},
		{"nothing but signs", choice{Words: "% _ ' \" *"}, nil},
		{"a script without spaces", choice{Words: "東京"}, []string{"c3"}},
		{"the beginning of a very long word", choice{Words: strings.Repeat("long", 20)}, []string{"c3"}},
		{"marks of a query", choice{Words: "cafe OR never's"}, nil},
		{"no key of the record", choice{Words: "confidence"}, nil},
		{"what was not heard", choice{Words: "nine."}, []string{"c3", "c2", "c1", "c0"}},
		{"all together", choice{Words: "où", Channel: "realtime", MinDuration: 25 * time.Second}, []string{"c0"}},
	} {
		require.Equal(t, c.want, ids(conversation.Filter{Choice: c.c}), c.name)
	}
	require.Equal(t, []string{"c0", "c2", "c3", "c1"}, ids(conversation.Filter{Sort: conversation.SortDuration}))
	require.Equal(t, []string{"c1", "c3", "c2", "c0"}, ids(conversation.Filter{Sort: conversation.SortDuration, Up: true}))
	require.Equal(t, []string{"c3", "c2", "c1", "c0"}, ids(conversation.Filter{Sort: conversation.SortLatency, Up: true}))

	// Page by page, in each order: all of them, once.
	for _, by := range []conversation.Sort{conversation.SortStarted, conversation.SortDuration, conversation.SortLatency} {
		for _, up := range []bool{false, true} {
			f := conversation.Filter{Sort: by, Up: up, Limit: 1}
			want := ids(f)
			var got []string
			for range 5 {
				page, total, err := s.ListConversations(ctx, "default", f)
				require.NoError(t, err)
				require.Equal(t, 4, total)
				for _, c := range page {
					got = append(got, c.ID)
					at := c.PositionOf(by)
					f.After = &at
				}
			}
			require.Equal(t, want, got, "%s %v", by, up)
		}
	}
	require.NoError(t, s.DeleteConversation(ctx, "default", "c2"))
	require.Empty(t, ids(conversation.Filter{Choice: choice{Words: "cafe"}}))
}

func testOverview(t *testing.T, s *store.Store) {
	ctx := t.Context()
	from, to := began, began.Add(24*time.Hour)
	put := func(tenant, id string, at time.Duration, channel string, length time.Duration, delays ...int) {
		r := closed(opened(tenant, id, began.Add(at)))
		r.Channel, r.Duration, r.EndedAt = channel, length, began.Add(at+length)
		r.Timings, r.Ear = nil, &eartruth.Report{}
		for _, d := range delays {
			r.Timings = append(r.Timings, event.TurnTimed{Heard: event.Ms(time.Duration(d) * time.Millisecond)})
			r.Ear.Turns = append(r.Ear.Turns, eartruth.Answer{Delay: event.Ms(time.Duration(d+10) * time.Millisecond)})
		}
		require.NoError(t, s.CloseConversation(ctx, r, nil))
	}
	put("default", "a", 0, "realtime", 10*time.Second, 400, 600)
	put("default", "b", 20*time.Minute, "realtime", 50*time.Second, 500)
	put("default", "c", 13*time.Hour, "talk", 70*time.Second)
	put("default", "before", -time.Millisecond, "talk", time.Hour, 9999)
	put("default", "after", 24*time.Hour, "talk", time.Hour, 9999)
	put(other, "theirs", time.Minute, "theirs", time.Hour, 9999)
	going := opened("default", "going", began.Add(14*time.Hour))
	require.NoError(t, s.CreateConversation(ctx, going))

	rates := []overview.Rate{{From: began.Add(10 * time.Minute), Micros: 1e6}, {From: began.Add(time.Hour), Micros: 2e6}}
	parts, err := s.Parts(ctx, "default", from, to, rates)
	require.NoError(t, err)
	var sums overview.Sums
	indexes := map[string][]int{}
	for _, p := range parts {
		require.Equal(t, "reception-en", p.Agent)
		require.Equal(t, "Reception", p.Name)
		indexes[p.Channel] = append(indexes[p.Channel], p.RateIndex)
		sums.Add(p.Sums)
	}
	slices.Sort(indexes["realtime"])
	require.Equal(t, map[string][]int{"realtime": {-1, 0, 1}, "talk": {1}}, indexes)
	require.Equal(t, overview.Sums{Conversations: 4, Over: 3, Length: 130 * time.Second, Shortest: 10 * time.Second, Longest: 70 * time.Second, Turns: 12, Interruptions: 3,
		Tokens: conversation.Tokens{Input: 300, Cached: 60, Output: 90, AudioInput: 180, AudioCached: 30, AudioOutput: 75}}, sums)

	slots, err := s.Slots(ctx, "default", from.Add(-10*time.Minute), from, to, 15*time.Minute, rates)
	require.NoError(t, err)
	equal(t, []overview.Slot{
		{Index: 0, Channel: "realtime", RateIndex: -1, Conversations: 1, Length: 10 * time.Second},
		{Index: 2, Channel: "realtime", RateIndex: 0, Conversations: 1, Length: 50 * time.Second},
		{Index: 52, Channel: "talk", RateIndex: 1, Conversations: 1, Length: 70 * time.Second},
		{Index: 56, Channel: "realtime", RateIndex: 1, Conversations: 1},
	}, slices.SortedFunc(slices.Values(slots), func(a, b overview.Slot) int { return a.Index - b.Index }))

	pipeline, ear, err := s.Turns(ctx, "default", from, to)
	require.NoError(t, err)
	require.ElementsMatch(t, []time.Duration{400 * time.Millisecond, 600 * time.Millisecond, 500 * time.Millisecond}, pipeline)
	require.ElementsMatch(t, []time.Duration{410 * time.Millisecond, 610 * time.Millisecond, 510 * time.Millisecond}, ear)

	lengths, err := s.Lengths(ctx, "default", from, to, []time.Duration{10 * time.Second, time.Minute})
	require.NoError(t, err)
	require.Equal(t, []int{0, 2, 1}, lengths)

	spans, err := s.Going(ctx, "default", began.Add(13*time.Hour+time.Minute))
	require.NoError(t, err)
	require.Len(t, spans, 3) // c, the one of the next day, and the one that goes on
	spans, err = s.Going(ctx, "default", began.Add(37*time.Hour))
	require.NoError(t, err)
	require.Equal(t, []overview.Span{{Start: going.StartedAt.Local()}}, spans)

	mark, active, err := s.Mark(ctx, "default")
	require.NoError(t, err)
	require.Equal(t, 1, active)
	again, _, err := s.Mark(ctx, "default")
	require.NoError(t, err)
	require.Equal(t, mark, again)
	require.NoError(t, s.CloseConversation(ctx, closed(going), nil))
	again, active, err = s.Mark(ctx, "default")
	require.NoError(t, err)
	require.NotEqual(t, mark, again)
	require.Zero(t, active)

	// A tenant without anything.
	parts, err = s.Parts(ctx, "nobody", from, to, nil)
	require.NoError(t, err)
	require.Empty(t, parts)
	_, active, err = s.Mark(ctx, "nobody")
	require.NoError(t, err)
	require.Zero(t, active)
}

func testRates(t *testing.T, s *store.Store) {
	ctx := t.Context()
	rates, err := s.Rates(ctx, "default")
	require.NoError(t, err)
	require.Empty(t, rates)
	before, _, err := s.Mark(ctx, "default")
	require.NoError(t, err)
	late := overview.Rate{From: began.Add(time.Hour), Micros: 750_000, By: "Ada", At: began}
	early := overview.Rate{From: began, Micros: 500_000, By: "Ada", At: began}
	require.NoError(t, s.PutRate(ctx, "default", late))
	require.NoError(t, s.PutRate(ctx, "default", early))
	require.NoError(t, s.PutRate(ctx, other, overview.Rate{From: began, Micros: 9, At: began}))
	rates, err = s.Rates(ctx, "default")
	require.NoError(t, err)
	equal(t, []overview.Rate{early, late}, rates)
	late.Micros, late.By = 800_000, "Bob"
	require.NoError(t, s.PutRate(ctx, "default", late))
	rates, err = s.Rates(ctx, "default")
	require.NoError(t, err)
	equal(t, []overview.Rate{early, late}, rates)
	after, _, err := s.Mark(ctx, "default")
	require.NoError(t, err)
	require.NotEqual(t, before, after)
}
