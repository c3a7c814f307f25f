package store_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
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

// BenchmarkHistory is what the home page and the list of conversations ask of SQLite with 10,000 conversations of 10 turns in 24 hours.
func BenchmarkHistory(b *testing.B) {
	s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "griot.db"))
	require.NoError(b, err)
	defer s.Close()
	now := time.Now()
	rnd := rand.New(rand.NewPCG(1, 2))
	peaks := make([]float64, conversation.PeakBuckets)
	for i := range peaks {
		peaks[i] = float64(rnd.IntN(1000)) / 1000
	}
	words := strings.Fields("bonjour je voudrais savoir où en est ma commande de la semaine dernière merci beaucoup à bientôt le colis livraison adresse demain midi")
	for i := range 10_000 {
		at := now.Add(-time.Duration(rnd.Int64N(int64(24 * time.Hour)))).UTC().Truncate(time.Millisecond)
		length := time.Duration(rnd.Int64N(int64(10 * time.Minute)))
		r := conversation.Record{Summary: conversation.Summary{Tenant: "default", ID: fmt.Sprintf("c%05d", i), Agent: fmt.Sprintf("agent-%d", i%20), AgentName: "Agent", Lang: "fr-FR",
			Channel: []string{"realtime", "talk", "phone"}[i%3], Node: "n", Status: conversation.Ended, StartedAt: at, EndedAt: at.Add(length), Duration: length,
			LatencyP50: time.Duration(rnd.IntN(900)) * time.Millisecond, Preview: strings.Join(words[:8], " "), EndReason: "caller_left"},
			Peaks: conversation.Peaks{Caller: peaks, Agent: peaks}, Ear: &eartruth.Report{}}
		for range 10 {
			rnd.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
			r.Transcript = append(r.Transcript, conversation.Line{Role: conversation.RoleUser, Text: strings.Join(words, " ")})
			d := event.Ms(time.Duration(300+rnd.IntN(600)) * time.Millisecond)
			r.Timings = append(r.Timings, event.TurnTimed{Heard: d})
			r.Ear.Turns = append(r.Ear.Turns, eartruth.Answer{Delay: d})
		}
		require.NoError(b, s.CloseConversation(b.Context(), r, nil))
	}
	svc := overview.NewService(s, func() (<-chan struct{}, func()) { return nil, func() {} })
	b.Run("overview of a day", func(b *testing.B) {
		for b.Loop() {
			f, err := svc.Figures(b.Context(), "default", now.Add(-24*time.Hour), now, time.UTC)
			require.NoError(b, err)
			require.Equal(b, 10_000, f.Total.Conversations)
		}
	})
	b.Run("has anything changed", func(b *testing.B) {
		for b.Loop() {
			_, _, err := s.Mark(b.Context(), "default")
			require.NoError(b, err)
		}
	})
	type choice = conversation.Choice
	middle := conversation.Position{Key: now.Add(-12 * time.Hour).UnixMilli(), ID: "x"}
	for _, c := range []struct {
		name string
		f    conversation.Filter
	}{
		{"page", conversation.Filter{}},
		{"page in the middle", conversation.Filter{After: &middle}},
		{"page by duration", conversation.Filter{Sort: conversation.SortDuration}},
		{"page by latency, up", conversation.Filter{Sort: conversation.SortLatency, Up: true}},
		{"page of an agent", conversation.Filter{Choice: choice{Agent: "agent-3"}}},
		{"page of a channel", conversation.Filter{Choice: choice{Channel: "phone"}}},
		{"page of an hour", conversation.Filter{Choice: choice{From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour)}}},
		{"page of long ones", conversation.Filter{Choice: choice{MinDuration: 9 * time.Minute}}},
		{"page of channel, by duration", conversation.Filter{Sort: conversation.SortDuration, Choice: choice{Channel: "phone", MinDuration: time.Minute}}},
		{"page of failed ones", conversation.Filter{Choice: choice{Status: conversation.Failed}}},
		{"page with a frequent word", conversation.Filter{Choice: choice{Words: "commande"}}},
		{"page with a word that is nowhere", conversation.Filter{Choice: choice{Words: "zzz"}}},
	} {
		c.f.Limit = 101
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				_, _, err := s.ListConversations(b.Context(), "default", c.f)
				require.NoError(b, err)
			}
		})
	}
}
