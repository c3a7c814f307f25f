package webcall_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/session"
	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/live/turn"
	"griot/internal/live/webcall"
	"griot/internal/media/opus"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func needOpus(t testing.TB) {
	t.Helper()
	if err := opus.Available(); err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatalf("libopus0 must be installed: %v", err)
		}
		t.Skipf("libopus0 is not installed: %v", err)
	}
}

// stage is a server with one agent, "test", whose models are scripted.
type stage struct {
	testing.TB
	llm     *fake.LLM
	server  *httptest.Server
	calls   *webcall.Service
	handler *webcall.Handler
	greet   string

	mu     sync.Mutex // guards what follows
	opened []realtime.Request
	closed []string // reasons
	events []event.Event
	book   []string // what the register was told
}

type setup struct {
	answers []fake.Answer
	heard   []fake.Utterance
	greet   string
	hub     webrtc.Options
	options webcall.Options
	turn    webrtc.TURN
}

func newStage(t testing.TB, s setup) *stage {
	t.Helper()
	st := &stage{TB: t, llm: fake.NewLLM(s.answers...), greet: s.greet}
	hub, err := webrtc.New(s.hub)
	require.NoError(t, err)
	stop, cancel := context.WithCancel(context.Background())
	live := &realtime.Server{Host: host{st, s}, Log: slog.New(slog.DiscardHandler), Stop: stop, Secrets: &realtime.Secrets{}, AllowedOrigins: []string{"*"}}
	s.options.Hub, s.options.Server, s.options.Register = hub, live, st
	st.calls = webcall.New(s.options)
	st.handler = &webcall.Handler{Calls: st.calls, Server: live, TURN: s.turn, TenantOf: func(*http.Request) string { return "default" }, AllowedOrigins: []string{"*"}}
	mux := http.NewServeMux()
	st.handler.Mount(mux, "/v1/realtime")
	st.handler.Mount(mux, "/openai/v1/realtime")
	st.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		cancel()
		st.calls.Close()
		live.Wait()
		st.server.Close()
		require.NoError(t, hub.Close())
		http.DefaultClient.CloseIdleConnections()
	})
	return st
}

type host struct {
	*stage
	s setup
}

// Open implements realtime.Host.
func (h host) Open(_ context.Context, r realtime.Request) (*realtime.Conversation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened = append(h.opened, r)
	if r.Agent != "test" {
		return nil, fault.New(fault.NotFound, "agent_not_found", "there is no agent %q", r.Agent).At("agent")
	}
	plan := session.Plan{NoSelfVoice: true, ID: "0123456789abcdef", Tenant: "default", Agent: "test", Name: "Test", Lang: "en", Greeting: h.greet,
		Models:   session.Models{LLM: h.llm, TTS: fake.NewTTS(fake.TTSOptions{Marks: true}), STT: fake.NewSTT(fake.STTOptions{}, h.s.heard...), STTName: "fake", LLMName: "fake", TTSName: "fake"},
		Settings: session.Settings{Turn: turn.Defaults(), Instructions: "Be brief."}, Limits: session.Limits{Max: 15 * time.Minute}}
	return &realtime.Conversation{ID: plan.ID, Plan: plan, Log: h.stage, Agent: wire.GriotAgent{Reference: "test", Name: "Test", Language: "en", Voice: "fake/tone", Listens: true},
		Close: func(reason string, _ error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.closed = append(h.closed, reason)
		}}, nil
}

// Append implements event.Appender.
func (s *stage) Append(_ context.Context, evs ...event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, evs...)
	return nil
}

func (s *stage) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book = append(s.book, what)
}

// Begin implements webcall.Register.
func (s *stage) Begin(_ context.Context, c *webcall.Call) error {
	s.note("begin " + string(c.Info().State))
	return nil
}

// Connected implements webcall.Register.
func (s *stage) Connected(_ context.Context, c *webcall.Call) {
	s.note("connected " + c.Info().Conversation)
}

// Over implements webcall.Register.
func (s *stage) Over(_ context.Context, c *webcall.Call) { s.note("over " + c.Info().Reason) }

// answered is what an HTTP request was answered with.
type answered struct {
	status int
	header http.Header
	body   string
}

func (s *stage) request(method, path, kind, body string, header ...string) answered {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, strings.NewReader(body))
	require.NoError(s, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(s, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s, err)
	return answered{resp.StatusCode, resp.Header, string(b)}
}

// dial calls the agent, and returns when the caller's channel is open.
func (s *stage) dial(o webrtctest.Options) (*webrtctest.Client, answered) {
	s.Helper()
	c := webrtctest.New(s, o)
	a := s.request("POST", "/v1/realtime/calls?model=agent:test", "application/sdp", c.Offer())
	require.Equal(s, http.StatusCreated, a.status, "%s", a.body)
	c.Accept(a.body)
	if !o.NoChannel {
		<-c.Open
	}
	return c, a
}
