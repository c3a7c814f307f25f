package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"time"

	"griot/internal/agent"
	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/flow"
	"griot/internal/flow/library"
	"griot/internal/live/session"
	"griot/internal/outbound"
	"griot/internal/secret"
	"griot/internal/store"
	"griot/internal/tool"
	"griot/internal/tool/builtin"
	"griot/internal/tool/python"
	"griot/internal/toolbox"
)

// outboundOf is the guarded way out of a configuration that was validated.
func outboundOf(c config.Outbound) *outbound.Client {
	var o outbound.Options
	for _, p := range c.Allow {
		if prefix, err := config.ParsePrefix(p); err == nil {
			o.Allow = append(o.Allow, prefix)
		}
	}
	if c.Proxy != "" {
		o.Proxy, _ = url.Parse(c.Proxy) // validated
	}
	return outbound.New(o)
}

// openTools opens the tools of agents, and the ledger of what they do. What was being done when the server last stopped is settled first.
func (a *App) openTools(ctx context.Context, db *store.Store, node string) error {
	cfg := a.cfg.Tools
	a.ledger = &tool.Ledger{Store: db, Node: node, Approval: cfg.Approval, Log: a.log}
	if err := a.ledger.Recover(ctx); err != nil {
		return fmt.Errorf("settle what agents were doing: %w", err)
	}
	code := newPython(cfg.Python, a.log)
	a.onClose(code.Close)
	a.tools = toolbox.NewService(toolbox.Options{
		Store: db, Secrets: secret.Vault{Keys: a.keys, Store: db}, Client: outboundOf(a.cfg.Outbound), Commands: cfg.Commands, Ledger: a.ledger, Builtin: builtin.Tools(a.builtins(db)),
		Environ: func(name string) (string, bool) {
			if !slices.Contains(cfg.Environment, name) {
				return "", false
			}
			return os.LookupEnv(name)
		},
		Python:      func(_ context.Context, t toolbox.Tool) (tool.Tool, error) { return code.Tool(pythonOf(t)) },
		CheckPython: func(ctx context.Context, t toolbox.Tool) error { return checkPython(ctx, code, t) },
		UsedBy:      a.usedBy,
	})
	a.onClose(a.tools.Close)
	a.plans.tools = a.tools
	return nil
}

// builtins are what the tools that ship with the product need.
func (a *App) builtins(db *store.Store) builtin.Options {
	o := builtin.Options{Effects: db}
	if a.cfg.Twilio.Enabled() {
		o.Texter = texter{a}
	}
	return o
}

// pythonOf is a tool's code as the sandbox takes it.
func pythonOf(t toolbox.Tool) python.Definition {
	f, p := t.Definition.Function, t.Policy
	d := python.Definition{Name: t.Name, Description: f.Description, Code: t.Python.Code, Parameters: f.Parameters, Outputs: t.Python.Outputs, Stdlib: t.Python.Stdlib,
		Policy: tool.Policy{Timeout: time.Duration(p.Timeout * float64(time.Second)), Approval: p.Approval, Filler: time.Duration(p.Filler * float64(time.Second)), Later: time.Duration(p.Later * float64(time.Second))}}
	if p.Effect != nil {
		d.Policy.Effect = *p.Effect
	}
	for _, in := range t.Python.Inputs {
		d.Inputs = append(d.Inputs, python.Input{Name: in.Name, Type: in.Type, Required: in.Required, Description: in.Description, Default: in.Default})
	}
	return d
}

// checkPython refuses code that cannot work. Where there is no sandbox nobody can tell, and the tool can be kept all the same.
func checkPython(ctx context.Context, r *python.Runner, t toolbox.Tool) error {
	found, err := r.Check(ctx, pythonOf(t))
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		slog.WarnContext(ctx, "code was kept unseen", "tool", t.Name, "error", err)
		return nil
	case err != nil:
		var f *fault.Error
		if errors.As(err, &f) && f.Param != "" {
			return f.At("execution_python." + f.Param)
		}
		return err
	}
	found = slices.DeleteFunc(found, func(f python.Finding) bool { return f.Warning }) // such code can be kept as it is
	if len(found) > 0 {
		f := fault.New(fault.Invalid, "python_refused", "The code cannot work: line %d: %s", found[0].Line, found[0].Message)
		f.Params = map[string]string{"line": fmt.Sprint(found[0].Line), "message": found[0].Message}
		return f.At("execution_python.code")
	}
	return nil
}

// openFlows opens the call flows that people make.
func (a *App) openFlows(db *store.Store) *library.Service {
	a.plans.flows = library.NewService(library.Options{Store: db, UsedBy: func(ctx context.Context, tenant, id string) ([]string, error) {
		return a.agentsWith(ctx, tenant, func(d agent.Definition) bool { return d.Model.Flow == id })
	}})
	return a.plans.flows
}

// usedBy lists the agents of a tenant that name a tool.
func (a *App) usedBy(ctx context.Context, tenant, name string) ([]string, error) {
	return a.agentsWith(ctx, tenant, func(d agent.Definition) bool { return slices.Contains(d.Tools, name) })
}

// agentsWith lists the references of a tenant's living agents that are so.
func (a *App) agentsWith(ctx context.Context, tenant string, so func(agent.Definition) bool) (refs []string, err error) {
	for cursor := ""; ; {
		page, err := a.plans.agents.List(ctx, tenant, agent.Filter{Limit: 200}, cursor)
		if err != nil {
			return nil, err
		}
		for _, ag := range page.Items {
			if so(ag.Definition) {
				refs = append(refs, ag.Reference)
			}
		}
		if cursor = page.Next; cursor == "" {
			return refs, nil
		}
	}
}

// gathering is how long the tools of a conversation may take to be there. A server that is late is left out of it.
const gathering = 4 * time.Second

// equip gives a plan the tools that its agent names. What cannot be had becomes a notice: the conversation goes on without it.
func (p *planner) equip(ctx context.Context, d agent.Definition, plan *session.Plan) {
	if p.tools == nil || len(p.wanted(ctx, d)) == 0 {
		return
	}
	all, missing := p.gather(ctx, d)
	plan.Tools = append(plan.Tools, all)
	for _, m := range missing {
		slog.WarnContext(ctx, "an agent does without a tool", "agent", d.Reference, "tool", m.Name, "error", m.Err)
		plan.Notices = append(plan.Notices, session.Notice{Code: "tool_missing", Params: map[string]string{"tool": m.Name, "reason": text(m.Err)}, Message: "The tool " + m.Name + " cannot be used: " + text(m.Err)})
	}
}

// wanted lists the tools that an agent names, and those that its flow cannot do its work without.
func (p *planner) wanted(ctx context.Context, d agent.Definition) []string {
	out := slices.Clone(d.Tools)
	add := flow.Tools(d.Model.Flow)
	if own, ok, err := p.ownFlow(ctx, d.Model.Flow); ok && err == nil { // that it cannot be had is said by who asks for the model
		add = own.Tools()
	}
	for _, name := range add {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// gather opens the tools that an agent names, and tells which of them cannot be had.
func (p *planner) gather(ctx context.Context, d agent.Definition) (fixedSet, []toolbox.Missing) {
	sets, names, missing := p.tools.Sets(ctx, tenantOf(ctx), p.wanted(ctx, d))
	ctx, cancel := context.WithTimeout(ctx, gathering)
	defer cancel()
	type gathered struct {
		tools []tool.Tool
		err   error
	}
	results := make([]chan gathered, len(sets))
	for i, set := range sets {
		results[i] = make(chan gathered, 1)
		go func() { // ends with ctx, which sets obey
			ts, err := set.Tools(ctx)
			results[i] <- gathered{ts, err}
		}()
	}
	all := fixedSet{}
	seen := map[string]bool{}
	for i, set := range sets {
		g := <-results[i]
		all.close = append(all.close, set.Close)
		if g.err != nil {
			missing = append(missing, toolbox.Missing{Name: names[i], Err: g.err})
			continue
		}
		for _, t := range g.tools {
			if name := t.Spec().Name; !seen[name] {
				seen[name] = true
				all.tools = append(all.tools, t)
			}
		}
	}
	return all, missing
}

// fixedSet is tools that are there.
type fixedSet struct {
	tools []tool.Tool
	close []func() error
}

func (s fixedSet) Tools(context.Context) ([]tool.Tool, error) { return s.tools, nil }
func (s fixedSet) Close() error {
	var errs []error
	for _, f := range s.close {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
