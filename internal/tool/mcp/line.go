package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxAnswer is the longest message that a server may send, in bytes.
const maxAnswer = 4 << 20

// line is one connection.
type line struct {
	session *sdk.ClientSession
	cancel  context.CancelFunc
	gone    chan struct{} // closed when the session is over
	ended   atomic.Bool   // nobody wants it any more
	words   *tail         // what a process last said on its standard error
	group   int           // of the process; 0 for none
}

// dial makes a connection and greets the server. ctx bounds that; the connection lives until the set is closed, or end.
func (s *Set) dial(ctx context.Context) (*line, error) {
	l := &line{gone: make(chan struct{})}
	var life context.Context
	life, l.cancel = context.WithCancel(s.life)
	stop := context.AfterFunc(ctx, l.cancel) // the greeting is over when ctx is
	t, cmd, err := s.transport(life, l)
	if err != nil {
		stop()
		l.cancel()
		return nil, err
	}
	c := sdk.NewClient(&sdk.Implementation{Name: "griot", Version: "1"}, &sdk.ClientOptions{Capabilities: &sdk.ClientCapabilities{},
		ToolListChangedHandler: func(context.Context, *sdk.ToolListChangedRequest) {
			s.mu.Lock()
			s.stale = time.Time{}
			s.mu.Unlock()
		}})
	l.session, err = c.Connect(life, t, nil)
	if cmd != nil && cmd.Process != nil {
		l.group = cmd.Process.Pid
	}
	if !stop() || err != nil {
		if l.session != nil {
			_ = l.session.Close()
		}
		l.kill()
		l.cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if w := l.lastWords(); w != "" {
			return nil, fmt.Errorf("%w (it said: %s)", err, w)
		}
		return nil, err
	}
	s.wg.Go(func() {
		_ = l.session.Wait() // why it ended is told to whoever calls
		l.kill()
		close(l.gone)
	})
	return l, nil
}

func (s *Set) transport(life context.Context, l *line) (sdk.Transport, *exec.Cmd, error) {
	if s.def.Transport == Stdio {
		path, err := find(s.def.Command)
		if err != nil {
			return nil, nil, err
		}
		cmd := exec.CommandContext(life, path, s.def.Args...)
		cmd.Env = environment(s.def.Env)
		cmd.Dir = os.TempDir()
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it starts ends with it
		l.words = &tail{}
		cmd.Stderr = l.words
		cmd.WaitDelay = time.Second
		return &sdk.CommandTransport{Command: cmd, TerminateDuration: time.Second}, cmd, nil
	}
	hc := *s.o.Client.HTTP()
	hc.Transport = headers{hc.Transport, s.def}
	if s.def.Transport == SSE {
		return &sdk.SSEClientTransport{Endpoint: s.def.URL, HTTPClient: &hc, MaxEventSize: maxAnswer}, nil, nil
	}
	return &sdk.StreamableClientTransport{Endpoint: s.def.URL, HTTPClient: &hc, MaxEventSize: maxAnswer, MaxRetries: 2}, nil, nil
}

// environment is what a server's process has: where programs and temporary files are, and what the tool gives it. None of our own settings and keys.
func environment(own map[string]string) (env []string) {
	for _, k := range []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	for k, v := range own {
		env = append(env, k+"="+v)
	}
	return env
}

func (l *line) alive() bool {
	if l.ended.Load() {
		return false
	}
	select {
	case <-l.gone:
		return false
	default:
		return true
	}
}

// said reports whether an error is the server's answer, and not the connection's.
func said(err error) bool {
	var answer *jsonrpc.Error
	return errors.As(err, &answer)
}

// end closes the connection. A server that does not let go is ended in a second.
func (l *line) end() {
	l.ended.Store(true)
	closed := make(chan struct{})
	go func() { _ = l.session.Close(); close(closed) }() // ends when the process or the request does, which cancel sees to
	t := time.NewTimer(2 * time.Second)
	defer t.Stop()
	select {
	case <-closed:
	case <-t.C:
	}
	l.cancel()
	l.kill()
	<-closed
}

// kill ends a process and what it started.
func (l *line) kill() {
	if l.group > 0 {
		_ = syscall.Kill(-l.group, syscall.SIGKILL) // it may be gone
	}
}

func (l *line) lastWords() string {
	if l == nil || l.words == nil {
		return ""
	}
	return l.words.String()
}

// list asks for all tools, page by page.
func (l *line) list(ctx context.Context) (out []*sdk.Tool, err error) {
	for t, err := range l.session.Tools(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if out = append(out, t); len(out) >= 1000 {
			break
		}
	}
	return out, nil
}

// tail keeps the last kilobytes that were written.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if n := len(t.b) - 2048; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(strings.TrimSpace(string(t.b)), "\uFFFD")
}

// headers shows who asks, and bounds what is answered. Redirects are the guarded client's matter.
type headers struct {
	next http.RoundTripper
	def  Server
}

func (h headers) RoundTrip(req *http.Request) (*http.Response, error) {
	own := h.def.headers()
	if len(own) > 0 && sameOrigin(req, h.def.URL) {
		req = req.Clone(req.Context())
		for k, v := range own {
			req.Header[k] = v
		}
	}
	resp, err := h.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/event-stream" { // whose events are bounded one by one
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, nil
}

func sameOrigin(req *http.Request, address string) bool {
	return strings.HasPrefix(address+"/", req.URL.Scheme+"://"+req.URL.Host+"/") || strings.HasPrefix(address, req.URL.Scheme+"://"+req.URL.Host+"?")
}

// read turns a result into text for a model.
func read(r *sdk.CallToolResult) string {
	var parts []string
	for _, c := range r.Content {
		switch c := c.(type) {
		case *sdk.TextContent:
			parts = append(parts, c.Text)
		case *sdk.ImageContent:
			parts = append(parts, fmt.Sprintf("(an image of the type %s, which cannot be shown here)", c.MIMEType))
		case *sdk.AudioContent:
			parts = append(parts, fmt.Sprintf("(sound of the type %s, which cannot be played here)", c.MIMEType))
		case *sdk.ResourceLink:
			parts = append(parts, fmt.Sprintf("(see %s: %s)", c.URI, c.Name))
		case *sdk.EmbeddedResource:
			switch {
			case c.Resource == nil:
			case c.Resource.Text != "":
				parts = append(parts, c.Resource.Text)
			default:
				parts = append(parts, fmt.Sprintf("(a file of the type %s at %s, which cannot be read here)", c.Resource.MIMEType, c.Resource.URI))
			}
		}
	}
	if len(parts) == 0 && r.StructuredContent != nil {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(r.StructuredContent) == nil {
			return strings.TrimSpace(b.String())
		}
	}
	return strings.Join(parts, "\n")
}
