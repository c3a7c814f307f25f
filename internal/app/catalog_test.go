package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/config"
	"griot/internal/media"
)

// modelServer is a server with OpenAI's interface that has these models.
func modelServer(t *testing.T, names ...string) string {
	t.Helper()
	sv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		type model struct {
			ID string `json:"id"`
		}
		var list struct {
			Data []model `json:"data"`
		}
		for _, n := range names {
			list.Data = append(list.Data, model{n})
		}
		_ = json.NewEncoder(w).Encode(list)
	}))
	t.Cleanup(sv.Close)
	return sv.URL + "/v1"
}

func TestModelCatalogue(t *testing.T) {
	t.Setenv("OPENAI_BASE_URL", "")
	t.Setenv("OPENAI_API_KEY", "")
	t.Setenv("VOICE_LIVE_NAME", "")
	t.Setenv("VOICE_LIVE_ENDPOINT", "")
	s := launch(t, func(c *config.Config) {
		raw, err := json.Marshal(map[string]string{"base_url": modelServer(t, "llama3.2:latest", "nomic-embed-text"), "model": "llama3.2"})
		require.NoError(t, err)
		c.Providers = map[string]json.RawMessage{"openai": raw}
	})
	var list struct {
		Items    []api.Model
		Total    int
		Families []api.ModelFamily
	}
	s.get("/api/models?available=true&kind=llm&lang=fr", &list)
	require.Len(t, list.Items, 1)
	llama := list.Items[0]
	require.Equal(t, []any{"openai/llama3.2:latest", true, "F3"}, []any{llama.ID, llama.Found, string(llama.Family)})
	require.Len(t, list.Families, 3)
	require.Equal(t, "Audio natif", list.Families[0].Name)
	require.Equal(t, 1, list.Families[2].Available)

	s.get("/api/models?family=F1", &list)
	for _, m := range list.Items {
		require.False(t, m.Available, m.ID)
		require.NotEmpty(t, m.Message, m.ID)
	}
	azure := list.Items[0]
	require.Equal(t, []any{"azure/gpt-realtime", "provider_not_set"}, []any{azure.ID, azure.Why})
	require.EqualValues(t, 400, *azure.Latency)
	require.NotEmpty(t, azure.Mend)

	resp := s.get("/api/models?family=F9", nil)
	require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode)

	// What the catalogue names, an agent can be made of.
	d, err := s.plans.definition(t.Context(), llama.ID)
	require.NoError(t, err)
	require.Equal(t, []string{llama.Provider, llama.Name}, []string{d.Model.Provider, d.Model.Name})
	d, err = s.plans.definition(t.Context(), azure.ID)
	require.NoError(t, err)
	require.Equal(t, []string{azure.Provider, azure.Name}, []string{d.Realtime.Provider, d.Realtime.Model})
}

func TestVoiceCatalogueAndSamples(t *testing.T) {
	s := launch(t, nil)
	var list struct {
		Items  []api.Voice
		Total  int
		Facets map[string][]struct {
			Value string
			Count int
		}
		Relax      []struct{ Drop string }
		SampleText string `json:"sample_text"`
	}
	s.get("/api/voices?provider=fake&lang=es", &list)
	require.Equal(t, 1, list.Total)
	tone := list.Items[0]
	require.True(t, tone.Available)
	require.True(t, strings.HasPrefix(list.SampleText, "Hola"))
	listen := func(query string) (int, http.Header, []byte) {
		resp, err := s.http.Get(s.URL() + tone.Sample + query)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, resp.Header, b
	}
	status, header, wav := listen("?text=" + url.QueryEscape("Un deux trois."))
	require.Equal(t, http.StatusOK, status, "%s", wav)
	require.Equal(t, "audio/wav", header.Get("Content-Type"))
	f, pcm, err := media.ReadWAV(bytes.NewReader(wav))
	require.NoError(t, err)
	require.InDelta(t, 1, f.Duration(len(pcm)).Seconds(), 0.5)
	status, _, wav = listen("?text=" + strings.Repeat("a", 201))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, string(wav), `"text_too_long"`)
	for n := 0; status != http.StatusTooManyRequests && n < 100; n++ { // a slow machine is given more
		status, header, wav = listen("")
	}
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Contains(t, string(wav), `"too_many_requests"`)
	require.NotEmpty(t, header.Get("Retry-After"))

	list.Items = nil
	s.get("/api/voices?language=fr&type=google&gender=female&limit=2", &list)
	require.Len(t, list.Items, 2)
	require.Greater(t, list.Total, 20)
	require.Equal(t, "no_provider", list.Items[0].Why)
	require.Empty(t, list.Items[0].Sample)
	s.get("/api/voices?type=google&gender=neutral", &list)
	require.Empty(t, list.Items)
	require.Equal(t, "type", list.Relax[0].Drop)
}
