package azure

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

func TestVoices(t *testing.T) {
	status, body := http.StatusOK, `[{"ShortName":"fr-FR-DeniseNeural","LocalName":"Denise","Gender":"Female","Locale":"fr-FR","Status":"GA","StyleList":["sad"]},
		{"ShortName":"es-ES-Old","Gender":"Male","Locale":"es-ES","Status":"Deprecated"},{"ShortName":""}]`
	sv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/tts/cognitiveservices/voices/list" || r.Header.Get("Ocp-Apim-Subscription-Key") != "k" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "http://evil.invalid/")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer sv.Close()
	ask := func(key string) ([]tts.Voice, error) {
		raw, err := json.Marshal(map[string]string{"endpoint": sv.URL + "/whatever", "key": key})
		require.NoError(t, err)
		return Provider().Voices(t.Context(), raw)
	}
	got, err := ask("k")
	require.NoError(t, err)
	require.Equal(t, []tts.Voice{{ID: "fr-FR-DeniseNeural", Name: "Denise", Lang: "fr-FR", Gender: "female"}}, got)
	for _, c := range []struct {
		key, code string
		status    int
		body      string
	}{{"wrong", "key_refused", 200, ""}, {"", "missing_setting", 200, ""}, {"k", "server_error", 500, ""}, {"k", "server_error", 302, ""}, {"k", "bad_response", 200, "<html>"}} {
		status, body = c.status, c.body
		_, err := ask(c.key)
		require.Equal(t, c.code, fault.CodeOf(err), "%+v", c)
		require.NotContains(t, err.Error(), "wrong")
	}
	u, err := address(Config{Name: "mine", EndpointType: "services.ai", APIVersion: "1"})
	require.NoError(t, err)
	require.Equal(t, "https://mine.cognitiveservices.azure.com/tts/cognitiveservices/voices/list", listAddress(u))
}
