package llm_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
)

func ask(ctx context.Context, m llm.Model) (text string, stop llm.StopReason, err error) {
	for d, e := range m.Generate(ctx, llm.Request{}) {
		if e != nil {
			err = e
			continue
		}
		text += d.Text
		stop = d.Stop
	}
	return text, stop, err
}

var (
	down    = fault.New(fault.Unavailable, "down", "down")
	busy    = fault.New(fault.Limited, "busy", "busy")
	denied  = fault.New(fault.Denied, "denied", "denied")
	invalid = fault.New(fault.Invalid, "invalid", "invalid")
)

func TestFallback(t *testing.T) {
	good := fake.Answer{Text: "good"}
	cases := []struct {
		name  string
		chain []fake.Answer
		text  string
		errs  []error
		asked []int
	}{
		{"first answers", []fake.Answer{good, {Text: "never"}}, "good", nil, []int{1, 0}},
		{"second answers", []fake.Answer{{Err: down}, good, {Text: "never"}}, "good", nil, []int{1, 1, 0}},
		{"any failure counts", []fake.Answer{{Err: denied}, {Err: invalid}, good}, "good", nil, []int{1, 1, 1}},
		{"not after the first delta", []fake.Answer{{Text: "half", Err: down}, good}, "half", []error{down}, []int{1, 0}},
		{"all fail", []fake.Answer{{Err: down}, {Err: denied}}, "", []error{down, denied}, []int{1, 1}},
		{"one", []fake.Answer{{Err: busy}}, "", []error{busy}, []int{1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var fakes []*fake.LLM
			var models []llm.Model
			for _, a := range c.chain {
				f := fake.NewLLM(a)
				fakes, models = append(fakes, f), append(models, f)
			}
			text, _, err := ask(t.Context(), llm.Fallback(models...))
			require.Equal(t, c.text, text)
			for _, e := range c.errs {
				require.ErrorIs(t, err, e)
			}
			if c.errs == nil {
				require.NoError(t, err)
			} else {
				require.Equal(t, fault.KindOf(c.errs[0]), fault.KindOf(err))
			}
			for i, f := range fakes {
				require.Len(t, f.Requests(), c.asked[i])
				require.Zero(t, f.Active())
			}
		})
	}
	_, _, err := ask(t.Context(), llm.Fallback())
	require.Equal(t, "no_model", fault.CodeOf(err))
}

func TestFallbackStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		second := fake.NewLLM(fake.Answer{Text: "never"})
		_, _, err := ask(ctx, llm.Fallback(fake.NewLLM(fake.Answer{Hang: true}), second))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, second.Requests())
	})
}

// A model that is silent is passed over in time; one that was passed over is asked last for a while.
func TestFallbackDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []int
		first := fake.NewLLM(fake.Answer{Hang: true}, fake.Answer{Text: "first"})
		second := fake.NewLLM(fake.Answer{Text: "second", First: 5 * time.Second}, fake.Answer{Text: "second"})
		m := llm.FallbackWith(llm.FallbackOptions{First: 3 * time.Second, Failed: func(i int, err error) {
			told = append(told, i)
			require.Equal(t, "model_late", fault.CodeOf(err))
		}}, first, second)
		start := time.Now()
		text, _, err := ask(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, "second", text)
		require.Equal(t, 8*time.Second, time.Since(start), "the last has all the time it wants")
		require.Equal(t, []int{0}, told)
		require.Zero(t, first.Active(), "the silent one was let go")

		start = time.Now()
		text, _, err = ask(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, "second", text)
		require.Zero(t, time.Since(start), "nobody waits twice")
		time.Sleep(30 * time.Second)
		text, _, err = ask(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, "first", text)
	})
}

// A slow answer is not cut because its beginning was in time.
func TestFallbackLetsAnswersBeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := fake.NewLLM(fake.Answer{Text: "one two three four five", WordsPerSec: 1})
		text, _, err := ask(t.Context(), llm.FallbackWith(llm.FallbackOptions{First: 2 * time.Second}, slow, fake.NewLLM(fake.Answer{Text: "never"})))
		require.NoError(t, err)
		require.Equal(t, "one two three four five", text)
	})
}

// What is wrong with a request is not held against the model.
func TestFallbackRest(t *testing.T) {
	for _, c := range []struct {
		err   error
		asked int
	}{{down, 1}, {busy, 1}, {denied, 1}, {invalid, 2}} {
		first, second := fake.NewLLM(fake.Answer{Err: c.err}), fake.NewLLM(fake.Answer{Text: "good"})
		m := llm.Fallback(first, second)
		for range 2 {
			text, _, err := ask(t.Context(), m)
			require.NoError(t, err)
			require.Equal(t, "good", text)
		}
		require.Len(t, first.Requests(), c.asked, "%v", c.err)
	}
	soon := *busy
	soon.Params = map[string]string{"retry_after_ms": "3000"}
	_, _, err := ask(t.Context(), llm.RetryWithin(fake.NewLLM(fake.Answer{Err: &soon}, fake.Answer{Text: "good"}), 3, time.Millisecond, time.Second))
	require.ErrorIs(t, err, &soon, "too long to wait for")
}

func TestRetry(t *testing.T) {
	soon, late := *busy, *busy
	soon.Params = map[string]string{"retry_after_ms": "3000"}
	late.Params = map[string]string{"retry_after_ms": "60000"}
	good := fake.Answer{Text: "good"}
	s := time.Second
	cases := []struct {
		name     string
		script   fake.Script
		text     string
		err      error
		asked    int
		min, max time.Duration
	}{
		{"at once", fake.Script{good}, "good", nil, 1, 0, 0},
		{"third time", fake.Script{{Err: down}, {Err: busy}, good}, "good", nil, 3, 3 * s / 2, 9 * s / 2},
		{"given up", fake.Script{{Err: down}}, "", down, 3, 3 * s / 2, 9 * s / 2},
		{"after a first delta", fake.Script{{Text: "half", Err: down}}, "half", down, 1, 0, 0},
		{"denied", fake.Script{{Err: denied}}, "", denied, 1, 0, 0},
		{"invalid", fake.Script{{Err: invalid}}, "", invalid, 1, 0, 0},
		{"asked to wait", fake.Script{{Err: &soon}, good}, "good", nil, 2, 3 * s, 3 * s},
		{"asked to wait too long", fake.Script{{Err: &late}, good}, "", &late, 1, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := fake.NewLLM(c.script...)
				start := time.Now()
				text, _, err := ask(t.Context(), llm.Retry(m, 3, s))
				require.Equal(t, c.text, text)
				require.ErrorIs(t, err, c.err)
				require.Len(t, m.Requests(), c.asked)
				took := time.Since(start)
				require.True(t, c.min <= took && took <= c.max, "took %s", took)
			})
		})
	}
}

func TestRetryStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		m := fake.NewLLM(fake.Answer{Err: down})
		start := time.Now()
		_, _, err := ask(ctx, llm.Retry(m, 10, time.Second))
		require.ErrorIs(t, err, down)
		require.Equal(t, 100*time.Millisecond, time.Since(start))
		require.Len(t, m.Requests(), 1)
	})
	m := fake.NewLLM(fake.Answer{Text: "one two three", WordsPerSec: 1000})
	for range llm.Retry(m, 3, time.Second).Generate(t.Context(), llm.Request{}) {
		break
	}
	require.Len(t, m.Requests(), 1)
	require.Zero(t, m.Active())
}

type expecting struct{ llm.Model }

func (expecting) Expect(llm.Request) ([]string, string) { return []string{"yes", "no"}, "g" }

func TestExpectationsPassThrough(t *testing.T) {
	m := llm.Retry(llm.Fallback(fake.NewLLM(), expecting{fake.NewLLM()}), 2, 0)
	phrases, grammar := m.(llm.Expecter).Expect(llm.Request{})
	require.Equal(t, []string{"yes", "no"}, phrases)
	require.Equal(t, "g", grammar)
	phrases, grammar = llm.Fallback(fake.NewLLM(), fake.NewLLM()).(llm.Expecter).Expect(llm.Request{})
	require.Empty(t, phrases)
	require.Empty(t, grammar)
}
