package python_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/tool/python"
)

// interest is the example of the specification, as it is printed there.
const interest = "def execute(params):\n principal = params.get('principal', 0)\n rate = params.get('rate', 0.05)\n years = params.get('years', 1)\n interest = principal * rate * years\n return {\n 'principal': principal,\n 'rate': rate,\n 'years': years,\n 'interest': round(interest, 2),\n 'total': round(principal + interest, 2)\n }"

// open makes a runner, or skips the test where there is no interpreter or no sandbox.
func open(t *testing.T, cfg python.Config) *python.Runner {
	t.Helper()
	r := python.New(cfg)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	st, err := r.Available(t.Context())
	if err != nil && os.Getenv("GRIOT_TEST_SYSTEM") != "1" {
		t.Skip("no sandbox for Python here: ", err)
	}
	require.NoError(t, err)
	require.NotEmpty(t, st.Version)
	return r
}

func TestSpecificationExample(t *testing.T) {
	r := open(t, python.Config{})
	o, err := r.Run(t.Context(), python.Definition{Name: "calculate_interest", Code: interest}, json.RawMessage(`{"principal": 1000, "years": 3}`))
	require.NoError(t, err)
	require.Nil(t, o.Failure)
	require.JSONEq(t, `{"principal":1000,"rate":0.05,"years":3,"interest":150.0,"total":1150.0}`, string(o.Result))
}
