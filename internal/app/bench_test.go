package app

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/live/bench"
)

// benchApp runs the bench's server in this process and returns its address.
func benchApp(t *testing.T, o BenchOptions, behind string) string {
	dir := t.TempDir()
	require.NoError(t, benchFiles(dir, o, behind))
	cfg, _, err := config.Load(config.Sources{File: filepath.Join(dir, "griot.yaml")})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	a, err := New(ctx, cfg, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return a.URL()
}

// Three callers talk for five seconds: what is reported must be there and make sense. Nothing is said about how fast it was.
func TestBenchMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("talks in real time for ten seconds")
	}
	for _, transport := range []string{"realtime", "webrtc", "sip", "proxy"} {
		t.Run(transport, func(t *testing.T) { benchMeasures(t, transport) })
	}
}

func benchMeasures(t *testing.T, transport string) {
	behind := ""
	if transport == "proxy" {
		up, err := bench.StartUpstream()
		require.NoError(t, err)
		t.Cleanup(up.Close)
		behind = up.URL
	}
	line := ""
	if transport == "sip" {
		var err error
		line, err = freeUDP()
		require.NoError(t, err)
	}
	url := benchApp(t, BenchOptions{Transport: transport, SIP: line}, behind)
	var out, progress bytes.Buffer
	var r bench.Report
	for long := 5 * time.Second; ; long *= 2 { // a machine that is busy with other tests takes longer to its first answer
		out.Reset()
		require.NoError(t, Bench(t.Context(), BenchOptions{Transport: transport, SIP: line, URL: url, Agent: benchAgent, Calls: 3, Time: long, Interrupt: 1,
			Stated: benchFinal + benchFirstToken + benchFirstAudio, JSON: true}, &out, &progress))
		r = bench.Report{}
		require.NoError(t, json.Unmarshal(out.Bytes(), &r))
		if r.Answers > 0 || long > 30*time.Second {
			break
		}
	}
	require.Equal(t, 3, r.Calls)
	require.Equal(t, 3, r.Held)
	require.Empty(t, r.Errors)
	require.Positive(t, r.Answers)
	require.Positive(t, r.PacerLate.N)
	require.GreaterOrEqual(t, r.PacerLate.P99, r.PacerLate.P50)
	require.GreaterOrEqual(t, r.PacerLate.Max, r.PacerLate.P99)
	require.Positive(t, r.CPUPerCall)
	require.Positive(t, r.GoroutinesPerCall)
	require.Zero(t, r.DroppedFrames)

	var keys map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(out.Bytes(), &keys))
	for _, k := range []string{"calls", "held", "pacer_late_ms", "response_over_ms", "barge_in_stop_ms", "cpu_per_call_pct", "mem_per_call_kb", "goroutines_per_call", "dropped_frames"} {
		require.Contains(t, keys, k)
	}
}

func TestBenchRefuses(t *testing.T) {
	for name, o := range map[string]BenchOptions{
		"bench_sip":     {Transport: "sip", URL: "http://127.0.0.1:1", Agent: "x", Calls: 1, Time: time.Second},
		"bad_transport": {Transport: "smoke", URL: "http://127.0.0.1:1", Agent: "x", Calls: 1, Time: time.Second},
		"bad_calls":     {Transport: "realtime", URL: "http://127.0.0.1:1", Agent: "x", Time: time.Second},
		"bad_time":      {Transport: "realtime", URL: "http://127.0.0.1:1", Agent: "x", Calls: 1},
		"bad_share":     {Transport: "realtime", URL: "http://127.0.0.1:1", Agent: "x", Calls: 1, Time: time.Second, Interrupt: 2},
		"bench_agent":   {Transport: "realtime", URL: "http://127.0.0.1:1", Calls: 1, Time: time.Second},
	} {
		err := Bench(t.Context(), o, nil, nil)
		require.Equal(t, name, fault.CodeOf(err), "%v", err)
	}
}
