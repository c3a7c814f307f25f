package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/config"
	"griot/internal/media"
)

func TestMain(m *testing.M) {
	if os.Getenv(serveFake) != "" {
		os.Exit(serveHere())
	}
	goleak.VerifyTestMain(m)
}

// server is an application that runs, on a port and a data folder of its own.
type server struct {
	*App
	t    testing.TB
	data string
	stop func() error // ends it and returns what Run returned; later calls return the same
	http *http.Client
}

// launch starts the application with the fake models, and one agent "test" that greets nobody. change may alter the configuration.
func launch(t testing.TB, change func(*config.Config)) *server {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.Server.Addr = t.TempDir(), "127.0.0.1:0"
	cfg.Speech.STT, cfg.Speech.TTS, cfg.Speech.LLM = "fake", "fake", "fake"
	if change != nil {
		change(&cfg)
	}
	writeAgent(t, cfg.Data, "test", "name: Test\nlanguage: en\nmodel:\n  provider: "+first(cfg.Speech.LLM, "fake")+"\n")
	ctx, cancel := context.WithCancel(context.Background())
	a, err := New(ctx, cfg, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		cancel()
	}
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	s := &server{App: a, t: t, data: cfg.Data, http: &http.Client{Transport: &http.Transport{}}}
	ended, result := false, error(nil)
	s.stop = func() error {
		if !ended {
			ended = true
			s.http.CloseIdleConnections()
			cancel()
			result = <-done
		}
		return result
	}
	t.Cleanup(func() { require.NoError(t, s.stop()) })
	return s
}

func writeAgent(t testing.TB, data, ref, yaml string) {
	t.Helper()
	dir := filepath.Join(data, "agents")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ref+".yaml"), []byte(yaml), 0o600))
}

// get asks the API and reads its JSON into v.
func (s *server) get(path string, v any) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL()+path, nil)
	require.NoError(s.t, err)
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	if v != nil {
		require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s", body)
		require.NoError(s.t, json.Unmarshal(body, v), "%s", body)
	}
	return resp
}

// line is one of the transcript.
type line struct {
	Item, Role, Text, Said, Heard, Source string
	Cut                                   bool
	Tool                                  *struct{ Name, Arguments, Output string }
}

// kept is the record of a conversation, as the API shows it.
type kept struct {
	ID, Status string
	EndReason  string `json:"end_reason"`
	Turns      int
	Transcript []line
	Recording  struct {
		Available  bool
		DurationMS int64 `json:"duration_ms"`
		URL        string
	}
	Notices []struct{ Code, Message string }
}

// record returns what was kept of a conversation in writing, once it has ended; recorded, once its recording is kept too.
func (s *server) record(id string) kept {
	s.t.Helper()
	return s.kept(id, func(k kept) bool { return k.Status != "active" })
}

func (s *server) recorded(id string) kept {
	s.t.Helper()
	return s.kept(id, func(k kept) bool { return k.Status != "active" && k.Recording.Available })
}

func (s *server) kept(id string, ready func(kept) bool) (k kept) {
	s.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s.get("/api/conversations/"+id, &k)
		if ready(k) {
			return k
		}
		select { // the record is written after the connection has closed: there is no signal of it outside the process
		case <-tick.C:
		case <-deadline.C:
			s.t.Fatal("the conversation was never closed")
		}
	}
}

// recording returns both sides of a conversation's recording.
func (s *server) recording(k kept) (format media.Format, caller, agent []int16) {
	s.t.Helper()
	require.True(s.t, k.Recording.Available)
	resp, err := s.http.Get(s.URL() + k.Recording.URL)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	require.Equal(s.t, http.StatusOK, resp.StatusCode)
	require.Equal(s.t, "audio/wav", resp.Header.Get("Content-Type"))
	raw, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	f, pcm, err := media.ReadWAV(bytes.NewReader(raw))
	require.NoError(s.t, err)
	require.Equal(s.t, 2, f.Channels, "caller left, agent right")
	for i := 0; i+1 < len(pcm); i += 2 {
		caller, agent = append(caller, pcm[i]), append(agent, pcm[i+1])
	}
	return f, caller, agent
}
