package template

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/catalog"
	"griot/internal/fault"
)

func library(t *testing.T) *Library {
	t.Helper()
	l, err := Open()
	require.NoError(t, err)
	return l
}

// Each template can be published as it is, in each language, raw and with its samples.
func TestTemplatesAreAgents(t *testing.T) {
	l := library(t)
	require.Equal(t, []string{"reception", "support", "appointment", "information", "survey", "telesales", "collections"}, l.ids)
	for _, id := range l.ids {
		var sections int
		for _, lang := range Languages() {
			x, err := l.Get(id, lang)
			require.NoError(t, err)
			filled, err := x.With(x.Samples())
			require.NoError(t, err)
			for _, d := range []agent.Definition{x.Agent, filled.Agent} {
				require.NoError(t, d.Validate())
				require.Equal(t, lang, d.Language)
				require.Equal(t, agent.Voice, d.Kind)
				require.NotEmpty(t, d.Greeting.Text)
				require.LessOrEqual(t, utf8.RuneCountInString(d.Instructions), catalog.MaxVoiceInstructions, "%s in %s", id, lang)
				require.Equal(t, "auto", d.Turn.Detection, "by the words only where the recogniser tells them in time")
				require.Less(t, d.Turn.IdleTimeout, d.Limits.IdleHangUp, "it asks before it hangs up")
				require.Greater(t, d.Limits.IdleHangUp.Seconds(), 30.0)
			}
			require.Empty(t, Blanks(filled.Agent.Instructions+filled.Agent.Greeting.Text+filled.YAML), "%s in %s: every blank has a sample", id, lang)
			used := Blanks(x.Agent.Greeting.Text + x.Agent.Instructions)
			for _, v := range x.Variables {
				require.Contains(t, used, v.Name, "%s in %s: the variable is used", id, lang)
				require.Less(t, utf8.RuneCountInString(v.Sample), 260)
			}
			require.Len(t, used, len(x.Variables), "%s in %s: %v", id, lang, used)
			again, err := agent.Parse(x.Agent.Reference+".yaml", []byte(x.YAML))
			require.NoError(t, err)
			require.Equal(t, x.Agent, again)

			n := strings.Count(x.Agent.Instructions, "# ")
			if sections == 0 {
				sections = n
			}
			require.Equal(t, sections, n, "%s in %s: the languages have the same sections", id, lang)
			require.GreaterOrEqual(t, n, 7, "role, tone, goals, steps, rules, what to do when, closing")
			if x.Direction == "outbound" {
				require.Regexp(t, `virtual assistant|assistant virtuel|asistente virtual`, x.Agent.Greeting.Text, "who calls says that it is a machine")
			}
		}
	}
}

// What a French reader would mend: plain spaces before double signs, straight apostrophes.
func TestFrenchTypography(t *testing.T) {
	bad := regexp.MustCompile(` [?!;:»]|« |\w'\w|[^\s«\x{00a0}\x{202f}][?!;»]`)
	for _, x := range library(t).List("fr") {
		texts := []string{x.Name, x.Description, x.Agent.Greeting.Text, x.Agent.Instructions}
		for _, v := range x.Variables {
			texts = append(texts, v.Sample, v.Description)
		}
		for _, s := range texts {
			require.False(t, bad.MatchString(s), "%s: %q in %q", x.ID, bad.FindString(s), s)
		}
	}
}

func TestSpanishOpensWhatItCloses(t *testing.T) {
	for _, x := range library(t).List("es") {
		all := x.Agent.Greeting.Text + x.Agent.Instructions
		require.Equal(t, strings.Count(all, "?"), strings.Count(all, "¿"), x.ID)
		require.Equal(t, strings.Count(all, "!"), strings.Count(all, "¡"), x.ID)
	}
}

func TestLanguagesAndIDs(t *testing.T) {
	l := library(t)
	x, err := l.Get("survey", "fr-CA")
	require.NoError(t, err)
	require.Equal(t, "fr", x.Language)
	require.Equal(t, "en", l.List("de")[0].Language)
	_, err = l.Get("survei", "fr")
	require.Equal(t, "template_not_found", fault.CodeOf(err))
	require.ErrorContains(t, err, "survey")
	for _, id := range l.ids { // the same blanks in every language, so that a campaign's columns fit all
		var names []string
		for _, lang := range Languages() {
			x, err := l.Get(id, lang)
			require.NoError(t, err)
			got := []string{}
			for _, v := range x.Variables {
				got = append(got, v.Name+" "+v.When)
			}
			if names == nil {
				names = got
			}
			require.True(t, slices.Equal(names, got))
		}
	}
}

func TestWith(t *testing.T) {
	l := library(t)
	x, err := l.Get("reception", "en")
	require.NoError(t, err)
	some, err := x.With(map[string]string{"company": "Smith: \"Sons\" & {{departments}}"})
	require.NoError(t, err)
	require.Contains(t, some.Agent.Greeting.Text, `welcome to Smith: "Sons" & {{departments}}.`)
	require.Contains(t, some.YAML, "{{opening_hours}}", "what has no value stays")
	require.Contains(t, x.Agent.Greeting.Text, "{{company}}", "the library does not change")
	_, err = x.With(map[string]string{"compani": "x"})
	require.Equal(t, "unknown_variable", fault.CodeOf(err))
	require.ErrorContains(t, err, "company")
	_, err = x.With(map[string]string{"company": strings.Repeat("x", MaxValue+1)})
	require.Equal(t, "value_too_long", fault.CodeOf(err))
	_, err = x.With(map[string]string{"address": strings.Repeat("x", 700)})
	require.Equal(t, "instructions_too_long", fault.CodeOf(err))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestBlanksAndFill(t *testing.T) {
	require.Equal(t, []string{"a", "b_2", "client.name"}, Blanks("{{a}} {{ b_2 }} {{a}} {{client.name}} {{}} {{9}} {c}"))
	require.Equal(t, "1 {{b}} 1", Fill("{{a}} {{b}} {{ a }}", map[string]string{"a": "1"}))
	require.Equal(t, "{{a}}", Fill("{{b}}", map[string]string{"b": "{{a}}", "a": "1"}), "values are not read for blanks")
}

func TestOpenRefusesWhatIsWrong(t *testing.T) {
	for _, c := range []string{"id: other\n", "id: x\nunknown: 1\n", "id: x\ntexts: {en: {name: X}}\n", "id: x\nvariables: [{name: a, when: never}]\ntexts: {en: {name: X}}\n", ":"} {
		_, err := open(fstest.MapFS{"x.yaml": {Data: []byte(c)}})
		require.Error(t, err, c)
	}
}
