package prompt_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/prompt"
)

// writer is a language model that gives one answer after the other, and keeps what it was asked.
type writer struct {
	answers []string
	err     error
	hangs   bool
	asked   []llm.Request
}

func (w *writer) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		w.asked = append(w.asked, r)
		if w.hangs {
			<-ctx.Done()
			yield(llm.Delta{}, ctx.Err())
			return
		}
		if len(w.answers) == 0 {
			yield(llm.Delta{}, w.err)
			return
		}
		a := w.answers[0]
		w.answers = w.answers[1:]
		for len(a) > 0 {
			n := min(len(a), 7)
			if !yield(llm.Delta{Text: a[:n]}, nil) {
				return
			}
			a = a[n:]
		}
	}
}

func TestGenerate(t *testing.T) {
	w := &writer{answers: []string{"<think>GREETING: no</think>\n```markdown\n**GREETING:** \"Bonjour, ici l’assistant virtuel.\"\n\n# Rôle\nVous accueillez.\n```"}}
	g, err := prompt.Generate(t.Context(), w, prompt.Request{Description: "un accueil", Language: "fr", Kind: prompt.Voice, Current: "Ancien texte", Example: "# Ton"})
	require.NoError(t, err)
	require.Equal(t, prompt.Generated{Greeting: "Bonjour, ici l’assistant virtuel.", Instructions: "# Rôle\nVous accueillez."}, g)
	ask := w.asked[0].Messages[0].Text
	for _, want := range []string{"un accueil", "Ancien texte", "# Ton", "language: fr", "telephone", "1800"} {
		require.Contains(t, ask, want)
	}
	require.Nil(t, w.asked[0].Limits.Temperature, "models that reason refuse it")
}

func TestGenerateKeepsTheLimit(t *testing.T) {
	long := "GREETING: Hi.\n\n# Role\n" + strings.Repeat("A line of words.\n", 200)
	w := &writer{answers: []string{long, "# Role\nShort."}}
	g, err := prompt.Generate(t.Context(), w, prompt.Request{Description: "x", Language: "en"})
	require.NoError(t, err)
	require.Equal(t, prompt.Generated{Greeting: "Hi.", Instructions: "# Role\nShort."}, g, "the greeting of the first try stays")
	require.Len(t, w.asked[1].Messages, 3)

	w = &writer{answers: []string{long, long}}
	g, err = prompt.Generate(t.Context(), w, prompt.Request{Description: "x", Language: "en"})
	require.NoError(t, err)
	require.LessOrEqual(t, utf8.RuneCountInString(g.Instructions), 2000)
	require.True(t, strings.HasSuffix(g.Instructions, "A line of words."))
	require.Equal(t, prompt.Shortened, g.Findings[0].Code)

	w = &writer{answers: []string{strings.Repeat("é", 5000)}, err: errors.New("gone")}
	g, err = prompt.Generate(t.Context(), w, prompt.Request{Description: "x", Language: "en"})
	require.NoError(t, err, "the first try is used when the second fails")
	require.Equal(t, 2000, utf8.RuneCountInString(g.Instructions))

	endless := &writer{answers: []string{strings.Repeat("word ", 1<<20), "# Role\nShort."}}
	_, err = prompt.Generate(t.Context(), endless, prompt.Request{Description: "x", Language: "en"})
	require.NoError(t, err)
}

func TestGenerateFails(t *testing.T) {
	refused := fault.New(fault.Denied, "key_refused", "no")
	_, err := prompt.Generate(t.Context(), &writer{err: refused}, prompt.Request{})
	require.ErrorIs(t, err, refused)
	_, err = prompt.Generate(t.Context(), &writer{answers: []string{"GREETING: Hello\n"}}, prompt.Request{})
	require.Equal(t, "empty_draft", fault.CodeOf(err))
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := prompt.Generate(t.Context(), &writer{hangs: true}, prompt.Request{})
		require.Equal(t, []any{fault.Unavailable, "timeout"}, []any{fault.KindOf(err), fault.CodeOf(err)})
		require.Equal(t, prompt.Deadline, time.Since(start))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = prompt.Generate(ctx, &writer{hangs: true}, prompt.Request{})
		require.ErrorIs(t, err, context.Canceled)
	})
}
