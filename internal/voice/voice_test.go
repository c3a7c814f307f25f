package voice_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/catalog"
	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/tts"
	"griot/internal/provider"
	"griot/internal/provider/espeak"
	"griot/internal/provider/fake"
	"griot/internal/voice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vendors of a test, by id.
type vendors map[string]voice.Vendor

func (v vendors) IDs() []string { return []string{"espeak", "openai", "azure"} }

func (v vendors) Vendor(_ context.Context, id string) (voice.Vendor, error) {
	if x, ok := v[id]; ok {
		return x, nil
	}
	return voice.Vendor{}, fault.New(fault.NotFound, "unknown_provider", "there is no provider %q", id)
}

var here = provider.Presence{OK: true}

// local is a vendor that speaks with these voices.
func local(m tts.Model) voice.Vendor {
	return voice.Vendor{Name: "Local", Presence: here, Speech: func(context.Context) (tts.Model, error) { return m, nil }}
}

// named is a model with a list of voices of its own.
type named struct {
	tts.Model
	voices []tts.Voice
}

func (n named) Caps() tts.Caps {
	c := n.Model.Caps()
	c.Voices = n.voices
	return c
}

func (n named) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	o.Voice = ""
	return n.Model.Open(ctx, o)
}

func catalogue() *voice.Service {
	m := named{fake.NewTTS(fake.TTSOptions{}), []tts.Voice{{ID: "fr-fr+f2", Name: "Français", Lang: "fr-FR", Gender: "female"}, {ID: "fr-be+m3", Name: "Belgique", Lang: "fr-BE", Gender: "male"}, {ID: "en-us+f2", Name: "English", Lang: "en-US", Gender: "female"}}}
	return voice.New(vendors{
		"espeak": local(m),
		"openai": {Name: "OpenAI", Presence: provider.Presence{Missing: "There is no key.", Mend: "export OPENAI_API_KEY=..."}},
		"azure": {Name: "Azure", Presence: here, Voices: func(context.Context) ([]tts.Voice, error) {
			return []tts.Voice{{ID: "fr-FR-DeniseNeural", Name: "Denise", Lang: "fr-FR", Gender: "female"}, {ID: "es-MX-DaliaNeural", Name: "Dalia", Lang: "es-MX", Gender: "female"}, {ID: "en-US-Ava:DragonHDLatestNeural", Name: "Ava", Lang: "en-US", Gender: "female"}}, nil
		}},
	})
}

func ids(r voice.Result) (out []string) {
	for _, e := range r.Items {
		out = append(out, e.Provider+"/"+e.ID)
	}
	return out
}

func TestData(t *testing.T) {
	s := voice.New(vendors{})
	r, err := s.List(t.Context(), voice.Filter{})
	require.NoError(t, err)
	require.Greater(t, len(r.Items), 100)
	seen := map[string]bool{}
	for _, e := range r.Items {
		id := e.Provider + "/" + e.ID
		require.False(t, seen[id], "%s is there twice", id)
		seen[id] = true
		require.Contains(t, voice.Types(), e.Type, id)
		require.Contains(t, []string{"female", "male", "neutral", "unknown"}, e.Gender, id)
		require.NotEmpty(t, e.Name, id)
		require.NotEmpty(t, e.Uses, id)
		require.True(t, e.Locale == "" || strings.HasPrefix(e.ID, e.Locale+"-"), id)
		require.Equal(t, []any{false, false, catalog.NoProvider}, []any{e.Available, e.Sample, e.Why}, id)
		if len(e.Summary) > 0 {
			require.Len(t, e.Summary, 3, id)
		}
	}
	for _, lang := range []string{"en", "fr", "es"} {
		require.LessOrEqual(t, len([]rune(voice.SampleText(lang))), voice.MaxSampleText)
	}
	require.Equal(t, voice.SampleText("en"), voice.SampleText("xx"))
}

func TestListJoinsDataWithWhatVendorsHave(t *testing.T) {
	s := catalogue()
	r, err := s.List(t.Context(), voice.Filter{})
	require.NoError(t, err)
	at := map[string]voice.Entry{}
	for _, e := range r.Items {
		at[e.Provider+"/"+e.ID] = e
	}
	require.Equal(t, []any{true, true, "local", "fr"}, []any{at["espeak/fr-be+m3"].Available, at["espeak/fr-be+m3"].Sample, at["espeak/fr-be+m3"].Type, at["espeak/fr-be+m3"].Language()})
	require.Equal(t, []any{false, catalog.NotSet, "export OPENAI_API_KEY=..."}, []any{at["openai/alloy"].Available, at["openai/alloy"].Why, at["openai/alloy"].Mend})
	require.Equal(t, catalog.NoProvider, at["google/fr-FR-Neural2-A"].Why)
	require.Equal(t, "Neural2", at["google/fr-FR-Neural2-A"].Quality)
	require.Equal(t, "Chirp3-HD", at["google/fr-FR-Chirp3-HD-Kore"].Quality)
	require.True(t, at["azure/fr-FR-DeniseNeural"].Available)
	require.False(t, at["azure/fr-FR-DeniseNeural"].Sample, "Voice Live's voices are heard in a conversation")
	require.Equal(t, "HD", at["azure/en-US-Ava:DragonHDLatestNeural"].Quality)
	require.NotContains(t, at, "azure/en-US-AvaNeural", "the vendor's list takes the place of the data")
	require.True(t, at["azure/alloy"].Available)
	require.True(t, r.Items[0].Available, "what can be had comes first")
}

// The number beside a choice is how many voices are left when it is made; a voice without a locale is left in every language.
func TestFacetsCountWhatIsLeft(t *testing.T) {
	s := catalogue()
	yes := true
	for _, f := range []voice.Filter{{}, {Language: "fr"}, {Language: "fr", Gender: "male"}, {Language: "fr", Locale: "fr-BE"}, {Type: "google", Gender: "female"}, {Model: "azure/gpt-4o"}, {Model: "openai/gpt-4o", Language: "fr"},
		{Available: &yes, Language: "en"}, {Provider: "azure", Gender: "neutral"}} {
		r, err := s.List(t.Context(), f)
		require.NoError(t, err)
		for name, counts := range r.Facets {
			for _, c := range counts {
				with := f
				switch name {
				case "language":
					with.Language = c.Value
				case "locale":
					with.Locale = c.Value
				case "gender":
					with.Gender = c.Value
				case "type":
					with.Type = c.Value
				case "provider":
					with.Provider = c.Value
				}
				left, err := s.List(t.Context(), with)
				require.NoError(t, err)
				require.Len(t, left.Items, c.Count, "%+v with %s %s", f, name, c.Value)
				require.Positive(t, c.Count)
			}
		}
	}
	r, err := s.List(t.Context(), voice.Filter{Language: "es", Available: &yes})
	require.NoError(t, err)
	require.Equal(t, 9, len(r.Items), "Dalia, and Azure's eight that speak everything: %v", ids(r))
	require.Equal(t, []voice.Count{{Value: "es-MX", Count: 9}}, r.Facets["locale"])
}

func TestModelsAndRelaxations(t *testing.T) {
	s := catalogue()
	r, err := s.List(t.Context(), voice.Filter{Model: "azure/gpt-4o"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"azure/fr-FR-DeniseNeural", "azure/es-MX-DaliaNeural", "azure/en-US-Ava:DragonHDLatestNeural"}, ids(r), "a cascade has no voices of OpenAI")
	r, err = s.List(t.Context(), voice.Filter{Model: "openai/gpt-realtime"})
	require.NoError(t, err)
	require.Len(t, r.Items, 10)
	r, err = s.List(t.Context(), voice.Filter{Model: "flow/reception", Provider: "azure"})
	require.NoError(t, err)
	require.Empty(t, r.Items)
	require.Equal(t, []string{"provider", "model"}, drops(r.Relax))
	require.Equal(t, 11, r.Relax[1].Count, "three of its list, and OpenAI's eight")
	r, err = s.List(t.Context(), voice.Filter{Language: "fr", Locale: "fr-BE", Gender: "female", Provider: "espeak"})
	require.NoError(t, err)
	require.Empty(t, r.Items)
	require.Equal(t, []string{"provider", "gender", "locale"}, drops(r.Relax), "the language alone changes nothing while the locale stays")
	_, err = s.List(t.Context(), voice.Filter{Model: "nonsense"})
	require.Equal(t, "model_not_found", fault.CodeOf(err))
}

func drops(list []voice.Relaxation) (out []string) {
	for _, r := range list {
		out = append(out, r.Drop)
	}
	return out
}

func TestSample(t *testing.T) {
	s := catalogue()
	wav, err := s.Sample(t.Context(), "espeak", "fr-be+m3", "", "")
	require.NoError(t, err)
	f, pcm, err := media.ReadWAV(bytes.NewReader(wav))
	require.NoError(t, err)
	require.Greater(t, f.Duration(len(pcm)), time.Second)
	for _, c := range []struct {
		vendor, id, text, code string
		kind                   fault.Kind
	}{
		{"espeak", "nobody", "", "voice_not_found", fault.NotFound}, {"nobody", "x", "", "voice_not_found", fault.NotFound}, {"openai", "alloy", "", "voice_unavailable", fault.Unavailable},
		{"google", "fr-FR-Neural2-A", "", "voice_unavailable", fault.Unavailable}, {"azure", "fr-FR-DeniseNeural", "", "no_sample", fault.Invalid},
		{"espeak", "fr-be+m3", strings.Repeat("é", 201), "text_too_long", fault.Invalid},
	} {
		_, err := s.Sample(t.Context(), c.vendor, c.id, c.text, "")
		require.Equal(t, []any{c.kind, c.code}, []any{fault.KindOf(err), fault.CodeOf(err)}, "%+v", c)
	}
	_, err = s.Sample(t.Context(), "espeak", "fr-be+m3", strings.Repeat("é ", 100), "")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Sample(ctx, "espeak", "fr-be+m3", "", "")
	require.ErrorIs(t, err, context.Canceled)
}

// The voices that this machine really has, through espeak's own processes.
func TestEspeak(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatal("espeak-ng is not installed: scripts/packages.sh install test")
		}
		t.Skip("espeak-ng is not installed: scripts/packages.sh install test")
	}
	p := espeak.Provider()
	r, err := provider.NewRegistry(p)
	require.NoError(t, err)
	defer r.Close()
	s := voice.New(vendors{"espeak": {Name: p.Name, Presence: p.Present(t.Context(), nil), Voices: func(ctx context.Context) ([]tts.Voice, error) { return p.Voices(ctx, nil) },
		Speech: func(ctx context.Context) (tts.Model, error) { return r.TTS(ctx, "espeak", nil) }}})
	yes := true
	got, err := s.List(t.Context(), voice.Filter{Type: voice.Local, Available: &yes, Language: "fr"})
	require.NoError(t, err)
	require.Equal(t, []voice.Count{{Value: "fr-BE", Count: 3}, {Value: "fr-CH", Count: 3}, {Value: "fr-FR", Count: 3}}, slices.DeleteFunc(got.Facets["locale"], func(c voice.Count) bool { return !strings.HasPrefix(c.Value, "fr") }))
	for _, e := range got.Items {
		wav, err := s.Sample(t.Context(), e.Provider, e.ID, "Bonjour.", "")
		require.NoError(t, err, e.ID)
		f, pcm, err := media.ReadWAV(bytes.NewReader(wav))
		require.NoError(t, err)
		require.Greater(t, f.Duration(len(pcm)), 300*time.Millisecond, e.ID)
	}
}
