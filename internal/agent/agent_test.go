package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

func TestDefaultsAreReceptionsInThreeLanguages(t *testing.T) {
	s, err := OpenFiles("")
	require.NoError(t, err)
	list := s.List()
	var refs []string
	for _, d := range list {
		refs = append(refs, d.Reference)
		require.NoError(t, d.Validate(), d.Reference)
		require.Equal(t, "reception", d.Model.Flow)
		require.Equal(t, strings.TrimPrefix(d.Reference, "reception-"), d.Language)
		require.NotEmpty(t, d.Greeting.Text)
		require.NotEmpty(t, d.Instructions)
		require.Equal(t, 500*time.Millisecond, d.Turn.Silence)
		require.True(t, d.Turn.Interrupt)
		require.Equal(t, Active, d.Status)
	}
	require.Equal(t, []string{"reception-en", "reception-es", "reception-fr"}, refs)
}

func TestFolderAddsAndReplaces(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	put("reception-en.yaml", "name: Ours\nmodel: {flow: reception, provider: none}\nturn: {interrupt: false, silence: 700ms}\n")
	put("sales.yml", "reference: Agent-000042\nname: Sales\nlanguage: fr-CA\nmodel: {provider: openai, name: m, temperature: 0.8}\nlimits: {max_duration: 2m}\n")
	put("notes.txt", "not: [an agent")
	put(".hidden.yaml", "not: [an agent")
	s, err := OpenFiles(dir)
	require.NoError(t, err)
	d, err := s.Get("reception-en")
	require.NoError(t, err)
	require.Equal(t, "Ours", d.Name)
	require.False(t, d.Turn.Interrupt)
	require.Equal(t, 700*time.Millisecond, d.Turn.Silence)
	require.Equal(t, 300*time.Millisecond, d.Turn.PrefixPadding, "what the file leaves out keeps its default")
	d, err = s.Get("Agent-000042")
	require.NoError(t, err)
	require.InDelta(t, 0.8, *d.Model.Temperature, 0)
	require.Equal(t, 2*time.Minute, d.Limits.MaxDuration)
	list := s.List()
	require.Len(t, list, 4)

	_, err = s.Get("recepton-en")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.EqualError(t, err, `there is no agent "recepton-en"; did you mean reception-en?`)

	s, err = OpenFiles(filepath.Join(dir, "nowhere"))
	require.NoError(t, err)
	list = s.List()
	require.Len(t, list, 3)
}

func TestWrongFilesAreNamedWithTheirLine(t *testing.T) {
	cases := map[string]string{
		"name: A\nlangage: en\n":                                           `agents/a.yaml:2: there is no "langage" here; did you mean language?`,
		"name: A\nturn:\n  silense: 1s\n":                                  `agents/a.yaml:3: there is no "silense" in turn; did you mean silence?`,
		"name: A\nkind: vioce\n":                                           `agents/a.yaml:2: kind: "vioce" is not one of voice, text, avatar; did you mean voice?`,
		"name: A\nlanguage: 12\n":                                          `agents/a.yaml:2: language: "12" is not a language such as en, fr-CA or es`,
		"language: en\n":                                                   `agents/a.yaml: name: a name of 1 to 120 characters is needed`,
		"name: A\nturn:\n  silence: 10ms\n":                                `agents/a.yaml:3: turn.silence: 10ms is not between 100ms and 5s`,
		"name: A\nturn:\n  threshold: .nan\n":                              `agents/a.yaml:3: turn.threshold: NaN is not between 0 and 1`,
		"name: A\nvoice:\n  rate: 3\n":                                     `agents/a.yaml:3: voice.rate: 3 is not between 0.5 and 2`,
		"name: A\nmodel:\n  provider: none\n":                              `agents/a.yaml:2: model: neither a flow nor a provider: the agent could not answer`,
		"name: A\nmodel: {temperature: 5}\n":                               `agents/a.yaml:2: model.temperature: 5 is not between 0 and 2`,
		"name: A\nreference: a b\n":                                        `agents/a.yaml:2: reference: "a b" is not made of`,
		"name: A\nversion: 0\n":                                            `agents/a.yaml:2: version: 0 is not a version`,
		"name: A\nlimits: {max_duration: 1s}\n":                            `agents/a.yaml:2: limits.max_duration: 1s is not between 10s and 24h0m0s`,
		"name: A\ninstructions: " + strings.Repeat("x", 16001) + "\n":      `agents/a.yaml:2: instructions: 16001 characters are more than 16000`,
		"name: A\nvoice: {provider: ''}\n":                                 `agents/a.yaml:2: voice.provider: a provider's id or auto is needed`,
		"name: A\nstatus: retired\n":                                       `agents/a.yaml:2: status: "retired" is not one of draft, active`,
		"name: [":                                                          `agents/a.yaml:1: did not find expected node content`,
		"name: A\nreference: b\nmodel: {max_tokens: -1}\ndescription: d\n": `agents/a.yaml:3: model.max_tokens: -1 is negative`,
	}
	for text, want := range cases {
		_, err := Load(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, "agents")
		require.ErrorContains(t, err, want)
		require.Equal(t, fault.Invalid, fault.KindOf(err), want)
	}
	_, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte("name: A\n")}, "b.yaml": {Data: []byte("reference: A\nname: B\n")}, "c.yaml": {Data: []byte("nam: C\n")},
	}, "agents")
	require.ErrorContains(t, err, `agents/b.yaml: reference "A" is already that of agents/a.yaml`)
	require.ErrorContains(t, err, `agents/c.yaml:1: there is no "nam" here; did you mean name?`)
	_, err = Load(fstest.MapFS{"a.yaml": {Data: make([]byte, maxFile+1)}}, "agents")
	require.ErrorContains(t, err, "agents/a.yaml: 1048577 bytes are more than")
}
