package llm_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/provider/fake"
)

func about(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Text: text}}}
}

func readAll(t *testing.T, m llm.Model, r llm.Request) (text string, err error) {
	for d, e := range m.Generate(t.Context(), r) {
		if e != nil {
			return text, e
		}
		text += d.Text
	}
	return text, nil
}

func TestPrefetchSavesTheTimeThatThinkingTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := fake.NewLLM(fake.Answer{Text: "We open at nine.", First: time.Second, WordsPerSec: 10})
		p := llm.Prefetch(t.Context(), m, about("hours"))
		defer p.Stop()
		time.Sleep(1500 * time.Millisecond)
		began := time.Now()
		require.True(t, p.Matches(about("hours")))
		text, err := readAll(t, p, about("hours"))
		require.NoError(t, err)
		require.Equal(t, "We open at nine.", text)
		require.Less(t, time.Since(began), 100*time.Millisecond)
		require.Len(t, m.Requests(), 1, "asked once")
	})
}

func TestPrefetchOfSomethingElseAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := fake.NewLLM(fake.Answer{Text: "wrong", First: time.Second}, fake.Answer{Text: "right"})
		p := llm.Prefetch(t.Context(), m, about("hours"))
		synctest.Wait()
		require.False(t, p.Matches(about("hours on Sunday")))
		text, err := readAll(t, p, about("hours on Sunday"))
		require.NoError(t, err)
		require.Equal(t, "right", text)
		p.Stop()
		require.Zero(t, m.Active(), "the other thought is over")
	})
}

func TestPrefetchGivesTheFaultWhereItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		m := fake.NewLLM(fake.Answer{Text: "one ", Err: down})
		p := llm.Prefetch(t.Context(), m, about("x"))
		defer p.Stop()
		text, err := readAll(t, p, about("x"))
		require.ErrorIs(t, err, down)
		require.Equal(t, "one ", text)
	})
}
