package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/catalog"
)

func TestData(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range catalog.All() {
		require.False(t, seen[strings.ToLower(m.ID)], "%s is there twice", m.ID)
		seen[strings.ToLower(m.ID)] = true
		require.Equal(t, m.ID, m.Provider+"/"+m.Name)
		require.Contains(t, []catalog.Kind{catalog.S2S, catalog.LLM, catalog.STT, catalog.TTS, catalog.Flow}, m.Kind, m.ID)
		answers := m.Kind == catalog.S2S || m.Kind == catalog.LLM
		_, known := catalog.FamilyOf(m.Family)
		require.Equal(t, answers, known, "%s: what answers by a model has a family, nothing else does", m.ID)
		require.Equal(t, answers, m.Tools, m.ID)
		require.Equal(t, answers, m.Tier != "", m.ID)
		for _, lang := range []string{"en", "fr", "es"} {
			require.NotEmpty(t, m.Summary[lang], "%s in %s", m.ID, lang)
		}
		if m.Kind == catalog.S2S {
			require.Positive(t, m.Latency, m.ID)
			require.NotEmpty(t, m.Voices, m.ID)
			require.NotEmpty(t, m.TurnDetections, m.ID)
			require.Equal(t, catalog.MaxVoiceInstructions, m.MaxInstructions)
		}
	}
	require.Len(t, catalog.Families(), 3)
	for _, f := range catalog.Families() {
		for _, lang := range []string{"en", "fr", "es"} {
			require.NotEmpty(t, f.Name[lang])
			require.NotEmpty(t, f.Summary[lang])
		}
	}
}

// Chapter 16.2, word for word: the family, tier and latency of each model behind Voice Live.
func TestChapter16(t *testing.T) {
	for id, want := range map[string]struct {
		family  catalog.Family
		tier    catalog.Tier
		latency int
		tokens  int
	}{
		"azure/gpt-realtime": {"F1", "pro", 400, 4096}, "azure/gpt-realtime-mini": {"F1", "basic", 300, 4096}, "azure/phi4-mm-realtime": {"F1", "lite", 250, 4096},
		"azure/gpt-4o": {"F2", "pro", 450, 2100}, "azure/gpt-4o-mini": {"F2", "basic", 350, 2100}, "azure/gpt-4.1": {"F2", "pro", 450, 2100}, "azure/gpt-4.1-mini": {"F2", "basic", 350, 2100},
		"azure/phi4-mini": {"F2", "lite", 300, 2100},
		"azure/gpt-5":     {"F3", "pro", 400, 16000}, "azure/gpt-5-chat": {"F3", "pro", 400, 16000}, "azure/gpt-5-mini": {"F3", "basic", 300, 16000}, "azure/gpt-5-nano": {"F3", "lite", 250, 16000},
	} {
		m, ok := catalog.Find(id)
		require.True(t, ok, id)
		require.Equal(t, want.family, m.Family, id)
		require.Equal(t, want.tier, m.Tier, id)
		require.Equal(t, time.Duration(want.latency)*time.Millisecond, m.Latency, id)
		require.Equal(t, want.tokens, m.MaxTokens, id)
		require.Equal(t, want.family != catalog.F1, m.PersonalVoice, id)
		require.Equal(t, want.family != catalog.F1, m.EndOfUtterance, id)
	}
}

func TestFind(t *testing.T) {
	m, ok := catalog.Find("AZURE/GPT-Realtime")
	require.True(t, ok)
	require.Equal(t, "azure/gpt-realtime", m.ID)
	require.True(t, m.Detects("azure_semantic_vad"))
	require.True(t, m.Detects("semantic_vad"))
	require.False(t, m.Detects("azure_semantic_vad_multilingual"))
	own, ok := catalog.Find("openai/gpt-realtime")
	require.True(t, ok)
	require.Equal(t, []string{"openai"}, own.Voices)
	require.False(t, own.Detects("azure_semantic_vad"))
	_, ok = catalog.Find("gpt-realtime")
	require.False(t, ok, "a name alone says not whose")

	s, _ := catalog.Find("pocketsphinx/pocketsphinx")
	require.True(t, s.Speaks("en-GB"))
	require.False(t, s.Speaks("fr"))
	require.True(t, m.Speaks("fr"))
	require.Equal(t, "Sprache", catalog.Words{"de": "Sprache", "en": "x"}.In("de-AT"))
	require.Equal(t, "x", catalog.Words{"en": "x"}.In("fr"))
}
