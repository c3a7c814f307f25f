package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/outbound"
	"griot/internal/tool"
	"griot/internal/tool/httpapi"
	"griot/internal/tool/mcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T) *outbound.Client {
	c := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, def mcp.Server) *mcp.Set {
	t.Helper()
	if def.Name == "" {
		def.Name = "tools"
	}
	s, err := mcp.New(def, mcp.Options{Client: client(t), Commands: []string{def.Command}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func tools(t *testing.T, s *mcp.Set) map[string]tool.Tool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	list, err := s.Tools(ctx)
	require.NoError(t, err)
	m := map[string]tool.Tool{}
	for _, tl := range list {
		m[tl.Spec().Name] = tl
	}
	return m
}

func run(t *testing.T, tl tool.Tool, args string) llm.ToolResult {
	t.Helper()
	require.NotNil(t, tl)
	return tool.Run(t.Context(), tl, llm.ToolCall{ID: "1", Name: tl.Spec().Name, Arguments: args}, 20*time.Second)
}

// program finds a server of npm's, which `make test` installs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../../test/mcp/node_modules/.bin/" + name)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		const why = "the tool servers of npm are not installed: run make test/mcp/node_modules"
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return path
}

// serve starts the real server-everything on a port of its own, and waits until it takes connections.
func serve(t *testing.T, transport string) string {
	t.Helper()
	path := program(t, "mcp-server-everything")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	cmd := exec.Command(path, transport)
	cmd.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
	out, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = cmd.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	b := make([]byte, 4096) // it says when it listens
	for said := ""; !strings.Contains(said, "port") && !strings.Contains(said, "running"); {
		n, err := out.Read(b)
		said += string(b[:n])
		require.NoError(t, err, said)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// The same agent's tools over all three transports, with the reference server.
func TestEverything(t *testing.T) {
	for _, transport := range []string{mcp.Stdio, mcp.SSE, mcp.HTTP} {
		t.Run(transport, func(t *testing.T) {
			def := mcp.Server{Transport: transport}
			switch transport {
			case mcp.Stdio:
				def.Command = program(t, "mcp-server-everything")
			case mcp.SSE:
				def.URL = serve(t, "sse") + "/sse"
			case mcp.HTTP:
				def.URL = serve(t, "streamableHttp") + "/mcp"
			}
			s := open(t, def)
			m := tools(t, s)
			require.Contains(t, m, "echo")
			require.NoError(t, tool.CheckSchema(m["echo"].Spec().Parameters))
			r := run(t, m["echo"], `{"message":"Bonjour à tous"}`)
			require.False(t, r.Failed, r.Output)
			require.Contains(t, r.Output, "Bonjour à tous")
			r = run(t, m["get-sum"], `{"a":2,"b":40}`)
			require.False(t, r.Failed, r.Output)
			require.Contains(t, r.Output, "42")
			r = run(t, m["echo"], `{"message":3}`)
			require.True(t, r.Failed)
			require.Contains(t, r.Output, "message: got number, want string")
			r = run(t, m["get-tiny-image"], `{}`)
			require.Contains(t, r.Output, "an image of the type image/png")
		})
	}
}

func TestFilesystem(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hours.txt"), []byte("Open until nine"), 0o600))
	s := open(t, mcp.Server{Transport: mcp.Stdio, Command: program(t, "mcp-server-filesystem"), Args: []string{dir}, Allowed: []string{"read_text_file", "write_file", "list_directory"}})
	m := tools(t, s)
	require.Len(t, m, 3, "only what is allowed")
	r := run(t, m["read_text_file"], fmt.Sprintf(`{"path":%q}`, filepath.Join(dir, "hours.txt")))
	require.False(t, r.Failed, r.Output)
	require.Equal(t, "Open until nine", r.Output)
	require.True(t, run(t, m["read_text_file"], `{"path":"/etc/passwd"}`).Failed)
	require.False(t, m["read_text_file"].Policy().Effect, "the server calls it read-only")
	require.True(t, m["write_file"].Policy().Effect)
	require.Equal(t, tool.Finish, m["write_file"].Policy().OnInterrupt)
}

// ours is a server whose faults we choose.
func ours(t *testing.T, o *sdk.StreamableHTTPOptions, more func(*sdk.Server)) (*httptest.Server, *atomic.Pointer[sdk.CallToolParamsRaw]) {
	t.Helper()
	var last atomic.Pointer[sdk.CallToolParamsRaw]
	server := sdk.NewServer(&sdk.Implementation{Name: "ours", Version: "1"}, nil)
	server.AddTool(&sdk.Tool{Name: "book.table", Description: strings.Repeat("long ", 1000), InputSchema: json.RawMessage(`{"type":"object","properties":{"day":{"type":"integer"}}}`)},
		func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			last.Store(r.Params)
			return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "booked"}}}, nil
		})
	if more != nil {
		more(server)
	}
	h := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, o)
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		for session := range server.Sessions() {
			_ = session.Close()
		}
		s.CloseClientConnections()
		s.Close()
	})
	return s, &last
}

func TestKeyAndHeaders(t *testing.T) {
	var auth atomic.Value
	s, last := ours(t, &sdk.StreamableHTTPOptions{Stateless: true}, nil)
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth.Store(r.Header.Get("Authorization") + " " + r.Header.Get("X-Team"))
		inner.ServeHTTP(w, r)
	})
	set := open(t, mcp.Server{Transport: mcp.HTTP, URL: s.URL, AuthType: "bearer", Auth: httpapi.Auth{Value: "s3cret"}, Headers: map[string]string{"X-Team": "blue"}})
	m := tools(t, set)
	tl := m["book_table"]
	require.NotNil(t, tl, "a name that models take")
	require.LessOrEqual(t, len(tl.Spec().Description), 1024)
	_, err := tl.Call(tool.WithKey(t.Context(), "eff_7"), llm.ToolCall{Arguments: `{"day":3}`})
	require.NoError(t, err)
	require.Equal(t, "eff_7", last.Load().Meta[mcp.KeyMeta])
	require.Equal(t, "book.table", last.Load().Name)
	require.JSONEq(t, `{"day":3}`, string(last.Load().Arguments))
	require.Equal(t, "Bearer s3cret blue", auth.Load())
}

// A server that dies is reached again with the next call; a call that was under way is not repeated.
func TestServerDies(t *testing.T) {
	dir := t.TempDir()
	count := filepath.Join(dir, "count")
	// A server in a few lines of the shell: it answers the greeting and the list, and dies in its first call.
	script := `
n=$(cat ` + count + ` 2>/dev/null || echo 0); n=$((n+1)); echo $n > ` + count + `
while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}';;
    *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"tools":[{"name":"pay","inputSchema":{"type":"object"}}]}}';;
    *'"tools/call"'*) if [ $n = 1 ]; then echo "out of memory" >&2; exit 1; fi
      echo '{"jsonrpc":"2.0","id":'$id',"result":{"content":[{"type":"text","text":"paid by '$n'"}]}}';;
    *'"id"'*) echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32601,"message":"no"}}';;
  esac
done`
	s := open(t, mcp.Server{Transport: mcp.Stdio, Command: "sh", Args: []string{"-c", script}})
	m := tools(t, s)
	r := run(t, m["pay"], `{}`)
	require.True(t, r.Failed)
	require.Contains(t, r.Output, "whether the call had an effect is not known")
	r = run(t, m["pay"], `{}`)
	require.False(t, r.Failed, r.Output)
	require.Equal(t, "paid by 2", r.Output)
}

// A server that never answers keeps nobody waiting, neither at its greeting nor in a call.
func TestServerSilent(t *testing.T) {
	s := open(t, mcp.Server{Transport: mcp.Stdio, Command: "cat", Args: []string{"/dev/null"}})
	_, err := s.Tools(t.Context())
	require.Equal(t, "server_unavailable", fault.CodeOf(err))
	_, again := s.Tools(t.Context())
	require.Equal(t, err, again, "remembered")

	s = open(t, mcp.Server{Transport: mcp.Stdio, Command: "sleep", Args: []string{"600"}})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = s.Tools(ctx)
	require.Equal(t, "server_timeout", fault.CodeOf(err))

	release := make(chan struct{})
	hang, _ := ours(t, &sdk.StreamableHTTPOptions{Stateless: true}, func(srv *sdk.Server) {
		srv.AddTool(&sdk.Tool{Name: "wait", InputSchema: json.RawMessage(`{"type":"object"}`)}, func(ctx context.Context, _ *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			select {
			case <-ctx.Done():
			case <-release:
			}
			return nil, context.Canceled
		})
	})
	t.Cleanup(func() { close(release) })
	set := open(t, mcp.Server{Transport: mcp.HTTP, URL: hang.URL, Timeout: 300 * time.Millisecond})
	r := run(t, tools(t, set)["wait"], `{}`)
	require.True(t, r.Failed)
	require.Contains(t, r.Output, "did not answer within 300ms")
	require.Equal(t, "booked", run(t, tools(t, set)["book_table"], `{}`).Output, "the connection is still good")
}

// A server over the network that goes away and comes back.
func TestServerComesBack(t *testing.T) {
	s, _ := ours(t, nil, nil)
	h := s.Config.Handler
	var down atomic.Bool
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusNotFound) // it has forgotten the session
			return
		}
		h.ServeHTTP(w, r)
	})
	set := open(t, mcp.Server{Transport: mcp.HTTP, URL: s.URL})
	tl := tools(t, set)["book_table"]
	require.Equal(t, "booked", run(t, tl, `{}`).Output)
	down.Store(true)
	require.True(t, run(t, tl, `{}`).Failed)
	down.Store(false)
	require.Equal(t, "booked", run(t, tl, `{}`).Output)
}

func TestBadServers(t *testing.T) {
	for name, def := range map[string]struct {
		s    mcp.Server
		code string
	}{
		"no transport":    {mcp.Server{}, "invalid_server"},
		"no command":      {mcp.Server{Transport: mcp.Stdio}, "invalid_server"},
		"no address":      {mcp.Server{Transport: mcp.HTTP}, "invalid_server"},
		"a password":      {mcp.Server{Transport: mcp.SSE, URL: "https://a:b@example.com"}, "invalid_server"},
		"a command":       {mcp.Server{Transport: mcp.Stdio, Command: "bash"}, "command_not_allowed"},
		"a relative path": {mcp.Server{Transport: mcp.Stdio, Command: "./npx"}, "command_not_allowed"},
	} {
		_, err := mcp.New(def.s, mcp.Options{Client: client(t), Commands: []string{"npx", "./npx"}})
		require.Equal(t, def.code, fault.CodeOf(err), name)
	}
	missing := open(t, mcp.Server{Transport: mcp.Stdio, Command: "no-such-program-here"})
	_, err := missing.Tools(t.Context())
	require.Equal(t, "command_missing", fault.CodeOf(err))
	private := open(t, mcp.Server{Transport: mcp.HTTP, URL: "http://169.254.169.254/mcp"})
	_, err = private.Tools(t.Context())
	require.Equal(t, outbound.CodeRefused, fault.CodeOf(err))
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>hello</html>")
	}))
	defer page.Close()
	for _, transport := range []string{mcp.HTTP, mcp.SSE} {
		html := open(t, mcp.Server{Transport: transport, URL: page.URL})
		_, err = html.Tools(t.Context())
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	}
}

// A process has nothing of the server's own environment but what programs need.
func TestEnvironment(t *testing.T) {
	t.Setenv("GRIOT_SECRET_KEY", "hunter2")
	dir := t.TempDir()
	out := filepath.Join(dir, "env")
	s := open(t, mcp.Server{Transport: mcp.Stdio, Command: "sh", Args: []string{"-c", "env > " + out}, Env: map[string]string{"MINE": "yes"}})
	_, err := s.Tools(t.Context())
	require.Error(t, err)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Contains(t, string(b), "MINE=yes")
	require.NotContains(t, string(b), "hunter2")
	require.True(t, slices.Contains(strings.Split(string(b), "\n"), "PATH="+os.Getenv("PATH")))
}

// A server that nobody uses is let go, and comes back when it is wanted.
func TestIdleServerIsLetGo(t *testing.T) {
	s, _ := ours(t, nil, nil)
	h := s.Config.Handler
	gone, begun := make(chan struct{}, 10), make(chan struct{}, 10)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get("Mcp-Session-Id") == "" {
			begun <- struct{}{}
		}
		h.ServeHTTP(w, r)
		if r.Method == http.MethodDelete {
			gone <- struct{}{}
		}
	})
	set, err := mcp.New(mcp.Server{Name: "tools", Transport: mcp.HTTP, URL: s.URL}, mcp.Options{Client: client(t), Idle: time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	tl := tools(t, set)["book_table"]
	<-gone
	require.Equal(t, "booked", run(t, tl, `{}`).Output)
	<-gone
	require.GreaterOrEqual(t, len(begun), 2)
}
