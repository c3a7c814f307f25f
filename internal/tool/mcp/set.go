package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/outbound"
	"griot/internal/tool"
)

// Bounds.
const (
	handshake = 15 * time.Second // to start and greet a server, and to list its tools
	listLife  = 5 * time.Minute  // a list is asked for again after that, and when the server says that it changed
	backoff   = 10 * time.Second // a server that could not be had is left alone for so long
	idleLife  = 10 * time.Minute // a server that nobody has used for so long is let go; it comes back when it is wanted
	maxTools  = 128
	maxText   = 1024 // of a tool's description, in bytes
)

// Options are what the installation gives.
type Options struct {
	Client   *outbound.Client          // for sse and http
	Commands []string                  // what stdio may start
	Wrap     func(tool.Tool) tool.Tool // around every tool; nil for nothing
	Idle     time.Duration             // how long a server is kept that nobody uses; 0 for ten minutes
}

// Set is the tools of one server. It is safe for concurrent use: conversations share it.
type Set struct {
	def Server
	o   Options

	life  context.Context // of everything that is begun for the server
	close context.CancelFunc
	wg    sync.WaitGroup

	turn  chan struct{} // holds one: whoever has it may connect
	mu    sync.Mutex
	line  *line
	tools []tool.Tool
	stale time.Time // when tools are listed again
	fails error     // why the server could not be had
	until time.Time // and when to try again
	ended bool
	busy  int         // who uses the line
	rest  *time.Timer // lets it go
}

var _ tool.Set = (*Set)(nil)

// New makes the set of a server. Nothing is started before the tools are asked for.
func New(def Server, o Options) (*Set, error) {
	if err := def.Check(); err != nil {
		return nil, err
	}
	if def.Transport == Stdio {
		if err := AllowedCommand(def.Command, o.Commands); err != nil {
			return nil, err
		}
	}
	if o.Idle <= 0 {
		o.Idle = idleLife
	}
	s := &Set{def: def, o: o, turn: make(chan struct{}, 1)}
	s.life, s.close = context.WithCancel(context.Background())
	return s, nil
}

// Same reports whether the set is that of this definition.
func (s *Set) Same(def Server) bool { return reflect.DeepEqual(s.def, def) }

// Close ends the connection, and the process where there is one. Calls under way fail.
func (s *Set) Close() error {
	s.mu.Lock()
	s.ended = true
	if s.rest != nil {
		s.rest.Stop()
	}
	l := s.line
	s.line = nil
	s.mu.Unlock()
	if l != nil {
		l.end()
	}
	s.close()
	s.wg.Wait()
	return nil
}

// use keeps the server from being let go, until done is called.
func (s *Set) use() (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy++
	if s.rest != nil {
		s.rest.Stop()
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.busy--; s.busy == 0 && !s.ended {
			s.rest = time.AfterFunc(s.o.Idle, s.letGo)
		}
	}
}

// letGo ends the connection to a server that nobody uses.
func (s *Set) letGo() {
	s.mu.Lock()
	l := s.line
	if s.ended || s.busy > 0 || l == nil {
		s.mu.Unlock()
		return
	}
	s.line = nil
	s.wg.Add(1) // Close waits for us
	s.mu.Unlock()
	defer s.wg.Done()
	l.end()
}

// Tools implements tool.Set. A server that cannot be had is a fault.Unavailable, which is remembered for ten seconds.
func (s *Set) Tools(ctx context.Context) ([]tool.Tool, error) {
	defer s.use()()
	s.mu.Lock()
	if s.line != nil && s.line.alive() && time.Now().Before(s.stale) {
		defer s.mu.Unlock()
		return s.tools, nil
	}
	s.mu.Unlock()
	l, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	specs, err := l.list(ctx)
	if err != nil {
		return nil, s.named(ctx, l, err, "list the tools")
	}
	tools := s.choose(specs)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tools, s.stale = tools, time.Now().Add(listLife)
	return tools, nil
}

// connect gives a line that is alive, a new one when there is none. One at a time makes it.
func (s *Set) connect(ctx context.Context) (*line, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	switch {
	case s.ended:
		s.mu.Unlock()
		return nil, fault.New(fault.Conflict, "server_closed", "The tool server %s was changed or removed.", s.def.Name)
	case s.line != nil && s.line.alive():
		defer s.mu.Unlock()
		return s.line, nil
	case time.Now().Before(s.until):
		defer s.mu.Unlock()
		return nil, s.fails
	}
	old := s.line
	s.line = nil
	s.mu.Unlock()
	if old != nil {
		old.end()
	}
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	l, err := s.dial(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		err = s.named(ctx, nil, err, "reach")
		if !errors.Is(err, context.Canceled) {
			s.fails, s.until = err, time.Now().Add(backoff)
		}
		return nil, err
	}
	if s.ended {
		l.end()
		return nil, fault.New(fault.Conflict, "server_closed", "The tool server %s was changed or removed.", s.def.Name)
	}
	s.line, s.until, s.stale = l, time.Time{}, time.Time{}
	return l, nil
}

// named words an error.
func (s *Set) named(ctx context.Context, l *line, err error, doing string) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "server_timeout", "The tool server %s did not answer in time.", s.def.Name)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	slog.WarnContext(ctx, "tool server fails", "server", s.def.Name, "doing", doing, "error", err, "stderr", l.lastWords())
	return fault.Wrap(err, fault.Unavailable, "server_unavailable", "The tool server %s cannot be used", s.def.Name)
}

var noName = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// choose makes tools of what a server offers and an agent may use.
func (s *Set) choose(specs []*sdk.Tool) (out []tool.Tool) {
	seen := map[string]bool{}
	for _, t := range specs {
		if s.def.Allowed != nil && !slices.Contains(s.def.Allowed, t.Name) {
			continue
		}
		name := noName.ReplaceAllString(t.Name, "_")
		if len(name) > 64 {
			name = name[:64]
		}
		schema, err := json.Marshal(t.InputSchema)
		if err == nil {
			err = tool.CheckSchema(schema)
		}
		if err != nil || name == "" || seen[name] || len(out) == maxTools {
			slog.Warn("a tool of a server is left out", "server", s.def.Name, "tool", t.Name, "error", err)
			continue
		}
		seen[name] = true
		p := s.def.Policy
		p.Timeout, p.Approval = s.def.Timeout, s.def.Approval
		p.Effect = t.Annotations == nil || !t.Annotations.ReadOnlyHint
		if s.def.Effect != nil {
			p.Effect = *s.def.Effect
		}
		if p.Effect || p.Approval {
			p.OnInterrupt = tool.Finish
		}
		text := t.Description
		if len(text) > maxText {
			text = text[:maxText]
		}
		var made tool.Tool = &remote{s: s, name: t.Name, policy: p, spec: llm.ToolSpec{Name: name, Description: text, Parameters: schema}}
		if s.o.Wrap != nil {
			made = s.o.Wrap(made)
		}
		out = append(out, made)
	}
	return out
}

// remote is one tool of a server.
type remote struct {
	s      *Set
	name   string // as the server has it
	spec   llm.ToolSpec
	policy tool.Policy
}

func (r *remote) Spec() llm.ToolSpec  { return r.spec }
func (r *remote) Policy() tool.Policy { return r.policy }

// Call implements tool.Tool.
func (r *remote) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	defer r.s.use()()
	l, err := r.s.connect(ctx)
	if err != nil {
		return llm.ToolResult{}, err
	}
	p := &sdk.CallToolParams{Name: r.name, Arguments: json.RawMessage(c.Arguments)}
	if key := tool.KeyOf(ctx); key != "" {
		p.Meta = sdk.Meta{KeyMeta: key}
	}
	res, err := l.session.CallTool(ctx, p)
	switch {
	case err == nil:
		return llm.ToolResult{CallID: c.ID, Output: read(res), Failed: res.IsError}, nil
	case ctx.Err() != nil:
		return llm.ToolResult{}, ctx.Err()
	case !said(err):
		l.end()
		slog.WarnContext(ctx, "a tool server died", "server", r.s.def.Name, "error", err, "stderr", l.lastWords())
		if !r.policy.Effect {
			return llm.ToolResult{}, fault.New(fault.Unavailable, "server_died", "the tool server %s broke off", r.s.def.Name)
		}
		return llm.ToolResult{}, fault.New(fault.Conflict, "server_died", "the tool server %s broke off, and whether the call had an effect is not known", r.s.def.Name)
	}
	// The server answers, and says no.
	return llm.ToolResult{CallID: c.ID, Output: fmt.Sprintf("%s refused the call: %v", r.spec.Name, err), Failed: true}, nil
}

// KeyMeta is where a call has its idempotency key, in its _meta.
const KeyMeta = "griot/idempotencyKey"
