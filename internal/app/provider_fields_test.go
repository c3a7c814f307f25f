package app

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every setting of every vendor has a name in the console's three languages, and words that explain it.
func TestProviderFieldsAreNamed(t *testing.T) {
	for _, lang := range []string{"en", "fr", "es"} {
		raw, err := os.ReadFile("../../web/locales/" + lang + "/providers.json")
		require.NoError(t, err)
		var words struct{ Field map[string]string }
		require.NoError(t, json.Unmarshal(raw, &words))
		for _, v := range providers() {
			var schema struct {
				Properties map[string]struct{ Description string }
			}
			require.NoError(t, json.Unmarshal(v.Schema, &schema))
			for name, p := range schema.Properties {
				require.NotEmpty(t, words.Field[name], "%s.%s in %s", v.ID, name, lang)
				require.NotEmpty(t, p.Description, "%s.%s", v.ID, name)
			}
		}
	}
}
