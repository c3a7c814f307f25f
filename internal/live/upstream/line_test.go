package upstream

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
)

// A connection is replaced before the service ends it, in a moment in which nothing is said; the new one knows what was said, and nobody is told.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := fake.NewS2S(fake.S2SOptions{Speed: 1}, fake.S2SAnswer{Answer: fake.Answer{Text: "one two three four five six seven eight nine ten eleven twelve"}}, fake.S2SAnswer{Answer: fake.Answer{Text: "yes"}})
		var mu sync.Mutex
		var notes []Note
		l := New(m, Options{Renew: time.Minute}, func(n Note) {
			mu.Lock()
			defer mu.Unlock()
			notes = append(notes, n)
		})
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { l.Run(ctx) })
		time.Sleep(59 * time.Second)

		history := []Entry{{Item: s2s.Item{ID: "item_1", Role: llm.User, Text: "count"}}}
		hear := func(q Ask) (text string) {
			a, err := l.Respond(ctx, q)
			require.NoError(t, err)
			defer a.Close()
			for {
				ev, err := a.Recv(ctx, 10*time.Second)
				require.NoError(t, err)
				text += ev.Text
				if ev.Kind == s2s.Done {
					return text
				}
			}
		}
		said := hear(Ask{Gen: 1, Item: "item_2", History: history})
		require.Equal(t, "one two three four five six seven eight nine ten eleven twelve", said)
		require.Equal(t, 1, m.Opened(), "not while an answer comes")
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, m.Opened())
		require.True(t, m.Sessions()[0].Closed)

		history = append(history, Entry{Item: s2s.Item{ID: "item_2", Role: llm.Assistant, Text: said}}, Entry{Item: s2s.Item{ID: "item_3", Role: llm.User, Text: "well?"}})
		require.Equal(t, "yes", hear(Ask{Gen: 2, Item: "item_4", History: history}))
		var texts []string
		for _, it := range m.Sessions()[1].Items {
			texts = append(texts, it.Text)
		}
		require.Equal(t, []string{"count", said, "well?", "yes"}, texts)
		cancel()
		run.Wait()
		for _, n := range notes {
			require.Equal(t, Up, n.Kind)
		}
	})
}
