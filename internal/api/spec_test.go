package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
)

var update = flag.Bool("update", false, "rewrite openapi.json")

// The console's types are generated from openapi.json, so it must be what the code says.
func TestSpecIsCommitted(t *testing.T) {
	raw, err := api.Spec()
	require.NoError(t, err)
	var buf bytes.Buffer
	require.NoError(t, json.Indent(&buf, raw, "", "  "))
	buf.WriteByte('\n')
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", buf.Bytes(), 0o644))
	}
	want, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.Equal(t, string(want), buf.String(), "run: go test ./internal/api -run Spec -update")
}
