package flow

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/pocketsphinx/jsgf"
)

var slots = []slot{slotOpen, slotName, slotPhone, slotSubject, slotDay, slotConfirm, slotWhich}

func TestGrammarsAreValid(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	for _, s := range slots {
		g, err := jsgf.Parse(all["en"].expect.jsgf[s])
		require.NoError(t, err, "slot %q", s)
		require.True(t, strings.HasPrefix(all["en"].expect.jsgf[s], "#JSGF V1.0;\n"))
		for _, w := range g.Words() {
			require.Equal(t, strings.ToLower(w), w)
		}
		for _, lang := range []string{"fr", "es"} {
			require.Empty(t, all[lang].expect.jsgf[s])
		}
	}
}

func TestGrammarsHoldWhatCallersSay(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	cases := map[slot][]string{
		slotOpen: {"what are your opening hours on monday", "hello what are your hours", "are you open tomorrow please", "i would like to leave a message",
			"can i speak to a human", "how much is a chair repair", "yes", "no thank you", "seven", "star", "and on sunday", "goodbye", "could you please call me back on friday"},
		slotName:    {"my name is john smith", "mary", "cancel", "what is your address"},
		slotPhone:   {"five five five oh one double nine", "my phone number is zero one nine nine", "wait a moment", "repeat that"},
		slotSubject: {"an order", "a delivery", "nothing", "cancel"},
		slotDay:     {"friday", "next tuesday morning", "the day after tomorrow"},
		slotConfirm: {"yes", "yes that is correct", "no", "that's wrong", "no my number is five five five one two three four", "two"},
		slotWhich:   {"name", "number", "everything"},
	}
	for s, list := range cases {
		g, err := jsgf.Parse(all["en"].expect.jsgf[s])
		require.NoError(t, err)
		for _, said := range list {
			require.True(t, g.Match(strings.Fields(said)), "slot %q: %q", s, said)
		}
	}
	for _, r := range recordings(t) {
		g, err := jsgf.Parse(all["en"].expect.jsgf[slotOpen])
		require.NoError(t, err)
		require.True(t, g.Match(strings.Fields(r.wording)), r.wording)
	}
}

func TestGrammarWordsAreInTheDictionary(t *testing.T) {
	b, err := os.ReadFile("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict")
	if err != nil {
		mediatest.Missing(t, "pocketsphinx-en-us")
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		w, _, _ := strings.Cut(line, " ")
		known[w] = true
	}
	all, err := packs()
	require.NoError(t, err)
	for _, s := range slots {
		g, err := jsgf.Parse(all["en"].expect.jsgf[s])
		require.NoError(t, err)
		for _, w := range g.Words() {
			require.True(t, known[w], "nobody can pronounce %q", w)
		}
		for _, ph := range all["en"].expect.phrases[s] {
			for _, w := range strings.Fields(ph) {
				require.True(t, known[w], "nobody can pronounce %q in %q", w, ph)
			}
		}
	}
}

func TestExpectFollowsTheConversation(t *testing.T) {
	e := open(t, "en", nil).(llm.Expecter)
	all, err := packs()
	require.NoError(t, err)
	at := func(want slot, messages ...string) {
		t.Helper()
		phrases, grammar := e.Expect(llm.Request{Messages: user(messages...)})
		require.Equal(t, all["en"].expect.jsgf[want], grammar, "%v", messages)
		require.Equal(t, all["en"].expect.phrases[want], phrases)
	}
	at(slotOpen)
	at(slotOpen, "what are your hours")
	at(slotName, "leave a message")
	at(slotPhone, "leave a message", "john")
	at(slotSubject, "leave a message", "john", "555 0199")
	at(slotConfirm, "leave a message", "john", "555 0199", "an order")
	at(slotWhich, "leave a message", "john", "555 0199", "an order", "no")
	at(slotDay, "call me back", "john", "555 0199")
	at(slotOpen, "call me back", "john", "555 0199", "cancel")
}

func TestPhrasesAreWordsInEveryLanguage(t *testing.T) {
	plain := regexp.MustCompile(`^[\p{Ll}\p{N}'’ -]+$`)
	for _, lang := range Languages() {
		phrases, _ := open(t, lang, nil).(llm.Expecter).Expect(llm.Request{})
		require.Greater(t, len(phrases), 150, lang)
		for _, ph := range phrases {
			require.Regexp(t, plain, strings.TrimRight(ph, "*#"), lang)
		}
		require.Equal(t, len(phrases), len(slices.Compact(slices.Sorted(slices.Values(phrases)))), "no phrase twice")
	}
}
