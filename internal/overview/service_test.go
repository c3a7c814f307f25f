package overview

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// memory is a store that answers what it was given.
type memory struct {
	Store
	rates []Rate
	parts map[time.Time][]Part // by the begin of the period
	slots []Slot
	turns []time.Duration
	spans []Span
	begin time.Time // that Slots was asked with
	slot  time.Duration
	mark  atomic.Pointer[string]
	put   []Rate
}

func (m *memory) Rates(context.Context, string) ([]Rate, error) { return m.rates, nil }
func (m *memory) PutRate(_ context.Context, _ string, r Rate) error {
	m.put = append(m.put, r)
	return nil
}
func (m *memory) Parts(_ context.Context, _ string, from, _ time.Time, _ []Rate) ([]Part, error) {
	return m.parts[from], nil
}
func (m *memory) Slots(_ context.Context, _ string, begin, _, _ time.Time, slot time.Duration, _ []Rate) ([]Slot, error) {
	m.begin, m.slot = begin, slot
	return m.slots, nil
}
func (m *memory) Turns(context.Context, string, time.Time, time.Time) ([]time.Duration, []time.Duration, error) {
	return m.turns, nil, nil
}
func (m *memory) Lengths(_ context.Context, _ string, _, _ time.Time, bounds []time.Duration) ([]int, error) {
	out := make([]int, len(bounds)+1)
	out[0] = 7
	return out, nil
}
func (m *memory) Going(context.Context, string, time.Time) ([]Span, error) { return m.spans, nil }
func (m *memory) Mark(context.Context, string) (string, int, error)        { return *m.mark.Load(), 2, nil }

func never() (<-chan struct{}, func()) { return nil, func() {} }

func TestFigures(t *testing.T) {
	from, to := noon.Add(-24*time.Hour), noon
	m := &memory{
		rates: []Rate{{From: noon.Add(-100 * time.Hour), Micros: 500_000}, {From: noon.Add(-time.Hour), Micros: 1_000_000}},
		parts: map[time.Time][]Part{
			from: {
				{Channel: "realtime", Agent: "a", Name: "Ada", RateIndex: 0, Sums: Sums{Conversations: 3, Over: 2, Length: 90 * time.Second, Shortest: 30 * time.Second, Longest: time.Minute}},
				{Channel: "talk", Agent: "a", Name: "Ada", RateIndex: 1, Sums: Sums{Conversations: 1, Over: 1, Length: 20 * time.Second, Shortest: 20 * time.Second, Longest: 20 * time.Second}},
				{Channel: "talk", Agent: "b", Name: "Bob", RateIndex: -1, Sums: Sums{Conversations: 4}},
			},
			from.Add(-24 * time.Hour): {{Sums: Sums{Conversations: 2}}},
		},
		slots: []Slot{{Index: 0, Channel: "talk", RateIndex: 0, Conversations: 2, Length: time.Minute}, {Index: 23, Channel: "realtime", RateIndex: 1, Conversations: 1, Length: time.Minute}},
		turns: []time.Duration{400, 100, 300, 200},
	}
	f, err := NewService(m, never).Figures(t.Context(), "x", from, to, time.UTC)
	require.NoError(t, err)
	require.Equal(t, Sums{Conversations: 8, Over: 3, Length: 110 * time.Second, Shortest: 20 * time.Second, Longest: time.Minute, Revenue: 750_000 + 333_333}, f.Total)
	require.Equal(t, 110*time.Second/3, f.Total.Mean())
	require.Equal(t, 2, f.Previous.Conversations)
	require.Equal(t, []string{"talk", "realtime"}, []string{f.Channels[0].Key, f.Channels[1].Key})
	require.Equal(t, []string{"Ada", "Bob"}, []string{f.Agents[0].Name, f.Agents[1].Name})
	require.Equal(t, Delays{Turns: 4, Median: 200, P95: 400}, f.Latency)
	require.Equal(t, 7, f.Durations[0].Count)
	require.Zero(t, f.Durations[len(f.Durations)-1].To)
	require.Len(t, f.Series, 24)
	require.Equal(t, time.Hour, f.Step)
	require.Equal(t, Step{At: from, Conversations: map[string]int{"talk": 2}, Revenue: 500_000}, f.Series[0])
	require.Equal(t, Step{At: to.Add(-time.Hour), Conversations: map[string]int{"realtime": 1}, Revenue: 1_000_000}, f.Series[23])
	require.Len(t, f.Live, LiveMinutes+1)

	_, err = NewService(m, never).Figures(t.Context(), "x", to, from, time.UTC)
	require.Equal(t, "bad_period", fault.CodeOf(err))
	_, err = NewService(m, never).Figures(t.Context(), "x", noon.AddDate(-3, 0, 0), noon, time.UTC)
	require.Equal(t, "bad_period", fault.CodeOf(err))
}

// Days are those of the zone, also when the clocks change.
func TestDaysOfAZone(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	from := time.Date(2026, 3, 27, 0, 0, 0, 0, paris) // the clocks go forward on the 29th
	m := &memory{slots: []Slot{{Index: 48, Channel: "talk", Conversations: 1, RateIndex: -1}, {Index: 71, Channel: "talk", Conversations: 2, RateIndex: -1}}}
	f, err := NewService(m, never).Figures(t.Context(), "x", from.UTC(), time.Date(2026, 4, 1, 0, 0, 0, 0, paris).UTC(), paris)
	require.NoError(t, err)
	require.Len(t, f.Series, 5)
	for i, s := range f.Series {
		require.Equal(t, time.Date(2026, 3, 27+i, 0, 0, 0, 0, paris).UTC(), s.At)
	}
	require.Equal(t, 1, f.Series[2].Conversations["talk"], "the first hour of the 29th")
	require.Equal(t, 2, f.Series[3].Conversations["talk"], "the 29th has 23 hours")

	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	require.NoError(t, err)
	_, err = NewService(m, never).Figures(t.Context(), "x", noon.Add(-time.Hour*24), noon, kathmandu)
	require.NoError(t, err)
	require.Equal(t, 15*time.Minute, m.slot, "an hour there begins at a quarter to")
	require.Zero(t, m.begin.Sub(noon)%(15*time.Minute))
}

func TestLive(t *testing.T) {
	got := live([]Span{{Start: noon.Add(-time.Hour)}, {Start: noon.Add(-10 * time.Minute), End: noon.Add(-8 * time.Minute)}}, noon)
	require.Equal(t, []int{1, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1}, got)
}

func TestSetRate(t *testing.T) {
	m := &memory{}
	s := NewService(m, never)
	for _, micros := range []int64{-1, 1000*1e6 + 1} {
		require.Equal(t, "bad_rate", fault.CodeOf(s.SetRate(t.Context(), "x", Rate{Micros: micros})))
	}
	require.Equal(t, "bad_rate_date", fault.CodeOf(s.SetRate(t.Context(), "x", Rate{From: noon.AddDate(-50, 0, 0)})))
	require.Empty(t, m.put)
	require.NoError(t, s.SetRate(t.Context(), "x", Rate{Micros: 500_000}))
	require.False(t, m.put[0].From.IsZero())
	m.rates = []Rate{{From: time.Now().Add(-time.Hour), Micros: 1}, {From: time.Now().Add(time.Hour), Micros: 2}}
	all, now, err := s.Rates(t.Context(), "x")
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.EqualValues(t, 1, now.Micros)
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		mark := func(to string) { m.mark.Store(&to) }
		mark("1")
		changes := make(chan struct{}, 1)
		stopped := false
		s := NewService(m, func() (<-chan struct{}, func()) { return changes, func() { stopped = true } })
		ctx, cancel := context.WithCancel(t.Context())
		type told struct {
			mark  string
			fresh bool
		}
		got := make(chan told, 10)
		done := make(chan error, 1)
		go func() {
			done <- s.Follow(ctx, "x", "", func(p Pulse, fresh bool) error { got <- told{p.Mark, fresh}; return nil })
		}()
		require.Equal(t, told{"1", true}, <-got, "at once")
		mark("2")
		changes <- struct{}{}
		require.Equal(t, told{"2", true}, <-got)
		changes <- struct{}{} // another tenant's
		require.Equal(t, told{"2", false}, <-got, "a sign of life, later")
		mark("3") // on another node
		require.Equal(t, told{"3", true}, <-got)
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		require.True(t, stopped)

		gone := errors.New("gone")
		require.ErrorIs(t, s.Follow(t.Context(), "x", "3", func(_ Pulse, fresh bool) error {
			require.False(t, fresh, "it knew that")
			return gone
		}), gone)
	})
}
