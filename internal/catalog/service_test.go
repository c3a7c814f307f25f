package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/catalog"
	"griot/internal/fault"
	"griot/internal/provider"
)

// vendors of a test, by id.
type vendors map[string]catalog.Vendor

func (v vendors) IDs() []string { return []string{"openai", "azure", "espeak", "pocketsphinx"} }

func (v vendors) Vendor(_ context.Context, id string) (catalog.Vendor, error) {
	if x, ok := v[id]; ok {
		return x, nil
	}
	return catalog.Vendor{}, fault.New(fault.NotFound, "unknown_provider", "there is no provider %q", id)
}

func find(t *testing.T, list []catalog.Entry, id string) catalog.Entry {
	t.Helper()
	for _, e := range list {
		if e.ID == id {
			return e
		}
	}
	require.Fail(t, "not in the list", id)
	return catalog.Entry{}
}

var here = provider.Presence{OK: true}

func TestListSaysWhatIsAvailableAndWhyNot(t *testing.T) {
	asked := 0
	s := catalog.New(vendors{
		"openai": {Name: "OpenAI", Presence: here, Key: "1", Models: func(context.Context) ([]string, error) {
			asked++
			return []string{"gpt-4o", "llama3.2:latest", "nomic-embed-text", "whisper-1", "gpt-realtime-2", "kokoro", "gpt-4-turbo", "GPT-5-MINI", "llama3.2:latest"}, nil
		}},
		"azure":     {Name: "Azure Voice Live", Presence: provider.Presence{Missing: "There is no key.", Mend: "export VOICE_LIVE_KEY=..."}, Models: func(context.Context) ([]string, error) { panic("asked without a key") }},
		"espeak":    {Name: "eSpeak NG", Presence: here},
		"anthropic": {Name: "Anthropic", Presence: here, Models: func(context.Context) ([]string, error) { return []string{"claude-opus-4-5-20251101"}, nil }},
	})
	list, err := s.List(t.Context(), catalog.Filter{})
	require.NoError(t, err)
	require.True(t, find(t, list, "openai/gpt-4o").Available)
	require.True(t, find(t, list, "openai/gpt-5-mini").Available, "servers differ in case")
	absent := find(t, list, "openai/gpt-4.1")
	require.False(t, absent.Available)
	require.Equal(t, catalog.NotOffered, absent.Why)
	unset := find(t, list, "azure/gpt-5")
	require.Equal(t, []any{false, catalog.NotSet, "There is no key.", "export VOICE_LIVE_KEY=..."}, []any{unset.Available, unset.Why, unset.Message, unset.Mend})
	require.True(t, find(t, list, "anthropic/claude-opus-4.5").Available, "by its date and with hyphens")
	require.Equal(t, catalog.NoProvider, find(t, list, "google/gemini-2.5-flash").Why)
	require.Equal(t, catalog.NoProvider, find(t, list, "pocketsphinx/pocketsphinx").Why)
	require.True(t, find(t, list, "espeak/espeak").Available)
	require.True(t, find(t, list, "flow/reception").Available, "needs nothing")

	llama := find(t, list, "openai/llama3.2:latest")
	require.True(t, llama.Found && llama.Available)
	require.Equal(t, []any{catalog.LLM, catalog.F3, 16000}, []any{llama.Kind, llama.Family, llama.MaxTokens})
	require.Equal(t, catalog.F2, find(t, list, "openai/gpt-4-turbo").Family)
	require.Equal(t, catalog.STT, find(t, list, "openai/whisper-1").Kind)
	require.Equal(t, catalog.TTS, find(t, list, "openai/kokoro").Kind)
	rt := find(t, list, "openai/gpt-realtime-2")
	require.Equal(t, []any{catalog.S2S, catalog.F1, 4096}, []any{rt.Kind, rt.Family, rt.MaxTokens})
	seen := map[string]bool{}
	for _, e := range list {
		require.NotContains(t, e.ID, "embed", "no agent answers by embedding")
		require.False(t, seen[e.ID], "%s is there twice", e.ID)
		require.Equal(t, e.Available, e.Why == "", e.ID)
		seen[e.ID] = true
	}

	yes := true
	list, err = s.List(t.Context(), catalog.Filter{Family: catalog.F2, Kind: catalog.LLM, Available: &yes})
	require.NoError(t, err)
	require.Len(t, list, 2) // gpt-4o, gpt-4-turbo
	list, err = s.List(t.Context(), catalog.Filter{Kind: catalog.TTS, Language: "fr-CA", Provider: "espeak"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	list, err = s.List(t.Context(), catalog.Filter{Kind: catalog.STT, Language: "fr", Provider: "pocketsphinx"})
	require.NoError(t, err)
	require.Empty(t, list)
	require.Equal(t, 1, asked, "the server's answer is kept")
}

func TestAServerThatDoesNotAnswerIsTheReason(t *testing.T) {
	s := catalog.New(vendors{"openai": {Name: "OpenAI", Presence: here, Models: func(context.Context) ([]string, error) { return nil, errors.New("localhost cannot be reached") }}})
	list, err := s.List(t.Context(), catalog.Filter{Provider: "openai"})
	require.NoError(t, err)
	e := find(t, list, "openai/gpt-4o")
	require.Equal(t, []any{false, catalog.NotAnswered, "localhost cannot be reached"}, []any{e.Available, e.Why, e.Message})

	s = catalog.New(vendors{"openai": {Name: "OpenAI", Presence: here, Models: func(context.Context) ([]string, error) { return nil, nil }}})
	list, err = s.List(t.Context(), catalog.Filter{Provider: "openai"})
	require.NoError(t, err)
	require.True(t, find(t, list, "openai/gpt-4o").Available, "an empty list tells nothing")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.List(ctx, catalog.Filter{})
	require.ErrorIs(t, err, context.Canceled)
}
