package flow

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// wednesday is the day of every test: 4 March 2026, eleven in the morning.
func wednesday() time.Time { return time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC) }

func user(texts ...string) []llm.Message {
	var out []llm.Message
	for _, t := range texts {
		out = append(out, llm.Message{Role: llm.User, Text: t})
	}
	return out
}

func ask(t testing.TB, m llm.Model, messages []llm.Message) (string, llm.StopReason) {
	t.Helper()
	var b strings.Builder
	var stop llm.StopReason
	for d, err := range m.Generate(context.Background(), llm.Request{Messages: messages}) {
		require.NoError(t, err)
		require.Empty(t, stop, "nothing comes after the reason to stop")
		b.WriteString(d.Text)
		stop = d.Stop
	}
	return b.String(), stop
}

func open(t testing.TB, lang string, fallback llm.Model) llm.Model {
	t.Helper()
	m, err := newAt("reception", lang, fallback, wednesday)
	require.NoError(t, err)
	return m
}

func TestNewNamesWhatItDoesNotKnow(t *testing.T) {
	_, err := New("recepton", "en", nil)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.ErrorContains(t, err, "did you mean reception?")
	_, err = New("reception", "de", nil)
	require.Equal(t, "unsupported_language", fault.CodeOf(err))
	for _, lang := range []string{"en", "en-GB", "EN_us", ""} {
		_, err = New("reception", lang, nil)
		require.NoError(t, err, lang)
	}
}

func TestAnswersBySentence(t *testing.T) {
	m := open(t, "en", nil)
	var texts []string
	for d, err := range m.Generate(context.Background(), llm.Request{Messages: user("what are your hours")}) {
		require.NoError(t, err)
		if d.Text != "" {
			texts = append(texts, d.Text)
		}
	}
	require.Len(t, texts, 2)
	require.Equal(t, "On Sunday we are closed.", texts[1])
	text, stop := ask(t, m, user("goodbye"))
	require.Equal(t, "Thank you for calling Maison Baobab. Goodbye!", text)
	require.Equal(t, llm.StopHangUp, stop)
}
