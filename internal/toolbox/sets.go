package toolbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
	"griot/internal/tool/httpapi"
	"griot/internal/tool/mcp"
)

// server is a connection to a tool server that conversations share.
type server struct {
	set *mcp.Set
}

// single is a set of one tool.
type single struct{ t tool.Tool }

func (s single) Tools(context.Context) ([]tool.Tool, error) { return []tool.Tool{s.t}, nil }
func (single) Close() error                                 { return nil }

// lent is a set that others use too: a conversation that ends does not close it.
type lent struct{ tool.Set }

func (lent) Close() error { return nil }

// Missing is a tool that an agent names and does not get.
type Missing struct {
	Name string
	Err  error
}

// Sets makes the tool sets of an agent that names these tools, with their names. What cannot be had is listed beside: a conversation goes on without it.
func (s *Service) Sets(ctx context.Context, tenant string, names []string) (sets []tool.Set, of []string, missing []Missing) {
	for _, name := range names {
		set, err := s.set(ctx, tenant, name)
		if err != nil {
			missing = append(missing, Missing{name, err})
			continue
		}
		sets, of = append(sets, set), append(of, name)
	}
	return sets, of, missing
}

func (s *Service) set(ctx context.Context, tenant, name string) (tool.Set, error) {
	if t := s.builtin(name); t != nil {
		return single{s.o.Ledger.Guard(t)}, nil
	}
	t, err := s.o.Store.FindTool(ctx, tenant, name)
	if err != nil {
		return nil, err
	}
	if t.Status != Active {
		return nil, fault.New(fault.Conflict, "tool_inactive", "The tool %s is inactive.", t.Name)
	}
	secrets, err := s.secrets(ctx, tenant, t.ID)
	if err != nil {
		return nil, err
	}
	if err := open(&t, secrets); err != nil {
		return nil, err
	}
	return s.make(ctx, t, true)
}

// make makes the set of a definition with its secrets. Conversations share the connection to a tool server, and their calls are in the ledger; a trial has one of its own, and writes nothing down.
func (s *Service) make(ctx context.Context, t Tool, shared bool) (tool.Set, error) {
	p := t.Policy
	switch t.Type {
	case API:
		o := httpapi.Options{Timeout: seconds(p.Timeout), Effect: p.Effect, Approval: p.Approval, Filler: seconds(p.Filler), Later: later(p)}
		if o.Timeout == 0 {
			o.Timeout = seconds(t.Execution.Timeout)
		}
		f := t.Definition.Function
		tl, err := httpapi.New(llm.ToolSpec{Name: f.Name, Description: f.Description, Parameters: f.Parameters}, t.Execution.operation(), o, s.o.Client, s.variable(t.Tenant))
		if err != nil {
			return nil, err
		}
		return s.guarded(tl, shared), nil
	case MCP:
		return s.connection(ctx, t, shared)
	case Code:
		if s.o.Python == nil {
			return nil, fault.New(fault.Unavailable, "python_missing", "This server has no sandbox for code: the tool %s cannot run.", t.Name)
		}
		tl, err := s.o.Python(ctx, t)
		if err != nil {
			return nil, err
		}
		return s.guarded(tl, shared), nil
	}
	return nil, fault.New(fault.Internal, "tool_damaged", "The tool %s is of no known type.", t.Name)
}

func (s *Service) guarded(t tool.Tool, shared bool) tool.Set {
	if shared {
		return single{s.o.Ledger.Guard(t)}
	}
	return single{t}
}

// later is when a result is reported afterwards. Nobody waits on the line for a person who decides, or for very slow tools.
func later(p Policy) time.Duration {
	if (p.Approval || p.Timeout > 12) && p.Later == 0 {
		return 8 * time.Second
	}
	return seconds(p.Later)
}

func (s *Service) connection(ctx context.Context, t Tool, shared bool) (tool.Set, error) {
	def := t.Execution.server()
	if s := t.Policy.Timeout; s > 0 {
		def.Timeout = seconds(s)
	}
	def.Name, def.Approval = t.Name, def.Approval || t.Policy.Approval
	p := t.Policy
	p.Approval = def.Approval
	def.Policy = tool.Policy{Filler: seconds(p.Filler), Later: later(p)}
	def.Effect = p.Effect
	env := s.variable(t.Tenant)
	expand := func(v *string) error {
		w, err := httpapi.Expand(ctx, *v, env)
		*v = w
		return err
	}
	texts := []*string{&def.URL, &def.Auth.Value, &def.Auth.Username, &def.Auth.Password}
	args := append([]string(nil), def.Args...)
	for i := range args {
		texts = append(texts, &args[i])
	}
	def.Args = args
	for _, v := range texts {
		if err := expand(v); err != nil {
			return nil, err
		}
	}
	for _, m := range []*map[string]string{&def.Headers, &def.Env} {
		out := make(map[string]string, len(*m))
		for k, v := range *m {
			if err := expand(&v); err != nil {
				return nil, err
			}
			out[k] = v
		}
		*m = out
	}
	if !shared {
		return mcp.New(def, mcp.Options{Client: s.o.Client, Commands: s.o.Commands})
	}
	key := fmt.Sprintf("%s %s %d", t.Tenant, t.ID, t.Version)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.servers[key]; c != nil && c.set.Same(def) {
		return lent{c.set}, nil
	}
	set, err := mcp.New(def, mcp.Options{Client: s.o.Client, Commands: s.o.Commands, Wrap: s.o.Ledger.Guard})
	if err != nil {
		return nil, err
	}
	if old := s.servers[key]; old != nil { // a variable has changed
		s.wg.Go(func() { _ = old.set.Close() })
	}
	s.servers[key] = &server{set}
	return lent{set}, nil
}

// forget closes the connections of a tool that was changed. Conversations that use them find a tool that answers no more.
func (s *Service) forget(tenant, id string) {
	prefix := tenant + " " + id + " "
	var gone []*server
	s.mu.Lock()
	for k, c := range s.servers {
		if len(k) > len(prefix) && k[:len(prefix)] == prefix {
			gone = append(gone, c)
			delete(s.servers, k)
		}
	}
	s.mu.Unlock()
	var errs []error
	for _, c := range gone {
		errs = append(errs, c.set.Close())
	}
	_ = errors.Join(errs...) // a server that does not end well is gone all the same
}
