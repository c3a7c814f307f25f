package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// said makes the stream that `go test -json` would.
func said(events ...event) string {
	var b strings.Builder
	for _, e := range events {
		line, _ := json.Marshal(e)
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func run(t *testing.T, verbose bool, stream string) (*report, string) {
	t.Helper()
	var out bytes.Buffer
	r := report{out: &out, verbose: verbose, packages: map[string]*packageRun{}}
	require.NoError(t, r.read(strings.NewReader(stream)))
	r.finish()
	return &r, out.String()
}

var passing = []event{
	{Action: "start", Package: "griot/a"},
	{Action: "run", Package: "griot/a", Test: "TestOne"},
	{Action: "output", Package: "griot/a", Test: "TestOne", Output: "=== RUN   TestOne\n"},
	{Action: "output", Package: "griot/a", Test: "TestOne", Output: "    a_test.go:3: chatter\n"},
	{Action: "output", Package: "griot/a", Test: "TestOne", Output: "--- PASS: TestOne (0.00s)\n"},
	{Action: "pass", Package: "griot/a", Test: "TestOne"},
	{Action: "run", Package: "griot/a", Test: "TestTwo"},
	{Action: "output", Package: "griot/a", Test: "TestTwo", Output: "    a_test.go:9: espeak-ng is not installed\n"},
	{Action: "output", Package: "griot/a", Test: "TestTwo", Output: "--- SKIP: TestTwo (0.00s)\n"},
	{Action: "skip", Package: "griot/a", Test: "TestTwo"},
	{Action: "output", Package: "griot/a", Output: "PASS\n"},
	{Action: "output", Package: "griot/a", Output: "ok  \tgriot/a\t0.010s\n"},
	{Action: "pass", Package: "griot/a"},
}

func TestPassingTestsAreQuietAndSkipsGiveTheirReason(t *testing.T) {
	r, out := run(t, false, said(passing...))
	require.False(t, r.bad())
	require.Equal(t, "ok  \tgriot/a\t0.010s\n\nSkipped:\n  a TestTwo: espeak-ng is not installed\n\n"+
		"Go: 1 tests passed, 0 failed, 1 skipped, in 1 packages\n", out)
}

func TestVerbosePrintsEverything(t *testing.T) {
	_, out := run(t, true, said(passing...))
	require.Contains(t, out, "chatter")
	require.Contains(t, out, "--- PASS: TestOne")
}

func TestFailedTestsSayWhatTheySaid(t *testing.T) {
	r, out := run(t, false, said(append(passing[:len(passing)-3:len(passing)-3],
		event{Action: "run", Package: "griot/a", Test: "TestThree"},
		event{Action: "output", Package: "griot/a", Test: "TestThree", Output: "    a_test.go:12: wrong\n"},
		event{Action: "fail", Package: "griot/a", Test: "TestThree"},
		event{Action: "output", Package: "griot/a", Output: "FAIL\tgriot/a\t0.010s\n"},
		event{Action: "fail", Package: "griot/a"},
	)...))
	require.True(t, r.bad())
	require.Contains(t, out, "a_test.go:12: wrong\nFAIL\tgriot/a")
	require.NotContains(t, out, "chatter")
	require.Contains(t, out, "Failed:\n  a TestThree\n")
	require.Equal(t, "Go: 1 tests passed, 1 failed, 1 skipped, in 1 packages", r.counts())
}

func TestACrashIsAFailure(t *testing.T) {
	for name, events := range map[string][]event{
		"a test that never ends": {
			{Action: "run", Package: "griot/b", Test: "TestHang"},
			{Action: "output", Package: "griot/b", Test: "TestHang", Output: "panic: test timed out\n"},
			{Action: "fail", Package: "griot/b"},
		},
		"a package that never ends": {
			{Action: "run", Package: "griot/b", Test: "TestHang"},
			{Action: "output", Package: "griot/b", Test: "TestHang", Output: "panic: test timed out\n"},
		},
		"a package that does not build": {
			{Action: "build-output", ImportPath: "griot/b", Output: "panic: test timed out is not an expression\n"},
			{Action: "build-fail", ImportPath: "griot/b"},
			{Action: "start", Package: "griot/b"},
			{Action: "fail", Package: "griot/b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, out := run(t, false, said(append(passing, events...)...))
			require.True(t, r.bad())
			require.Contains(t, out, "panic: test timed out")
		})
	}
}

func TestNothingRunIsAFailure(t *testing.T) {
	r, out := run(t, false, "go: no such tool\n")
	require.True(t, r.bad())
	require.Contains(t, out, "go: no such tool\n")
}
