package flow

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"griot/internal/model/llm"
)

// said draws what a caller may say: known phrases, pieces of them, digits, and anything at all.
func said(lang string, phrases []string) *rapid.Generator[string] {
	known := []string{"", " ", "yes", "no", "oui", "non", "sí", "1", "0", "#", "555 0199", "0612345678", "john smith", "cancel", "annuler", "cancelar", "tomorrow",
		"dimanche", "viernes", "message", "call me back", "rappelez-moi", "llámeme", strings.Repeat("very ", 100), strings.Repeat("9", 500), "double double double", "quatre vingt", "{name} {last}"}
	for _, u := range utterances[lang] {
		known = append(known, u[0])
	}
	return rapid.OneOf(rapid.SampledFrom(known), rapid.SampledFrom(phrases), rapid.String(),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(phrases), 1, 4).Draw(t, "phrases"), " ")
		}))
}

func TestAnyConversationIsAnswered(t *testing.T) {
	for _, lang := range Languages() {
		m := open(t, lang, nil)
		phrases, _ := m.(llm.Expecter).Expect(llm.Request{})
		rapid.Check(t, func(t *rapid.T) {
			var history []llm.Message
			for range rapid.IntRange(0, 14).Draw(t, "turns") {
				role := rapid.SampledFrom([]llm.Role{llm.User, llm.User, llm.User, llm.Assistant, llm.ToolRole, llm.System}).Draw(t, "role")
				history = append(history, llm.Message{Role: role, Text: said(lang, phrases).Draw(t, "said")})
				text, stop := generate(t, m, history)
				switch stop {
				case llm.StopEnd, llm.StopHangUp:
					if strings.TrimSpace(text) == "" {
						t.Fatalf("nothing was answered to %q", history)
					}
				case llm.StopNothing:
					if text != "" {
						t.Fatalf("nothing to say, yet it says %q", text)
					}
				default:
					t.Fatalf("stopped with %q", stop)
				}
				if !utf8.ValidString(text) {
					t.Fatalf("not UTF-8: %q", text)
				}
				again, _ := generate(t, m, history)
				if again != text {
					t.Fatalf("the same history is answered with %q and with %q", text, again)
				}
				if p, _ := m.(llm.Expecter).Expect(llm.Request{Messages: history}); len(p) == 0 {
					t.Fatalf("nothing is expected after %q", history)
				}
			}
		})
	}
}

func generate(t *rapid.T, m llm.Model, history []llm.Message) (text string, stop llm.StopReason) {
	for d, err := range m.Generate(context.Background(), llm.Request{Messages: history}) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		text += d.Text
		stop = d.Stop
	}
	return text, stop
}

func TestPlaceholdersAreAlwaysFilled(t *testing.T) {
	for _, lang := range Languages() {
		m := open(t, lang, nil)
		for _, u := range utterances[lang] {
			text, _ := ask(t, m, user(u[0]))
			require.NotContains(t, text, "{", u[0])
		}
	}
}

func TestSilence(t *testing.T) {
	for _, lang := range Languages() {
		m := open(t, lang, nil)
		greeting := llm.Message{Role: llm.Assistant, Text: "Hello."}
		first, stop := ask(t, m, nil)
		require.NotEmpty(t, first)
		require.Equal(t, llm.StopEnd, stop)
		history := []llm.Message{greeting}
		seen := map[string]bool{}
		for i := range 3 {
			text, stop := ask(t, m, history)
			require.False(t, seen[text], "%s: %q is said twice", lang, text)
			seen[text] = true
			require.Equal(t, i == 2, stop == llm.StopHangUp, "%s, silence %d: %q", lang, i+1, text)
			history = append(history, llm.Message{Role: llm.Assistant, Text: text})
		}
		text, stop := ask(t, m, user("", "", ""))
		require.Equal(t, llm.StopHangUp, stop)
		require.NotEmpty(t, text)
		_, stop = ask(t, m, user("", "", "1", ""))
		require.Equal(t, llm.StopEnd, stop, "a word starts the count again")
	}
}

func TestRequestLanguageDecidesWhenNoneWasGiven(t *testing.T) {
	m := open(t, "", nil)
	for lang, want := range map[string]string{"fr-CA": "Au revoir", "es": "Adiós", "en-GB": "Goodbye", "de": "Goodbye", "": "Goodbye"} {
		var text string
		for d, err := range m.Generate(context.Background(), llm.Request{Lang: lang, Messages: user("goodbye bye")}) {
			require.NoError(t, err)
			text += d.Text
		}
		require.Contains(t, text, want, lang)
	}
}

func BenchmarkAnswerAfterTwentyTurns(b *testing.B) {
	m := open(b, "en", nil)
	var texts []string
	for i := range 20 {
		texts = append(texts, fmt.Sprint("could you please tell me how much it costs to repair a chair ", i))
	}
	history := user(texts...)
	for b.Loop() {
		for range m.Generate(context.Background(), llm.Request{Messages: history}) {
		}
	}
}
