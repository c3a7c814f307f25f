package app

import (
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/toolbox"
)

// TestCodeThatIsKept: what only warns is kept, what cannot work is not.
func TestCodeThatIsKept(t *testing.T) {
	c := config.Default().Tools.Python
	c.Stdlib = true
	r := newPython(c, slog.Default())
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	if _, err := r.Available(t.Context()); err != nil && os.Getenv("GRIOT_TEST_SYSTEM") != "1" {
		t.Skip("no sandbox for Python here: ", err)
	}
	code := func(text string) toolbox.Tool {
		return toolbox.Tool{Name: "a", Python: &toolbox.Python{Code: text, Stdlib: true}}
	}
	require.NoError(t, checkPython(t.Context(), r, code("import socket\ndef execute(params):\n    return socket.AF_INET")))
	err := checkPython(t.Context(), r, code("import requests\ndef execute(params):\n    return 1"))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, "line 1: requests is not part of Python's standard library")
}

func TestDoctorOnPython(t *testing.T) {
	bad := config.Default().Tools.Python
	bad.Interpreter = "/nowhere/python3"
	got := pythonCheck(t.Context(), bad, slog.Default())
	require.False(t, got.OK)
	require.NotEmpty(t, got.Missing)
}
