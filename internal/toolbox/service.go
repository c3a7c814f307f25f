package toolbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/outbound"
	"griot/internal/tool"
	"griot/internal/tool/mcp"
)

// Filter chooses tools.
type Filter struct {
	Words    string // in name, display name, description or tags
	Category string
	Status   string
	Type     string
	Offset   int
	Limit    int // 1 to 200
}

// Store keeps tools. What is not there is fault.NotFound "tool_not_found".
type Store interface {
	// CreateTool keeps a tool; fault.Conflict "tool_name_taken".
	CreateTool(ctx context.Context, t Tool) error
	// FindTool looks for an id or else a name.
	FindTool(ctx context.Context, tenant, key string) (Tool, error)
	ListTools(ctx context.Context, tenant string, f Filter) ([]Tool, int, error)
	// ChangeTool replaces the tool of version t.Version-1; fault.Conflict "tool_changed" when it has another, "tool_name_taken".
	ChangeTool(ctx context.Context, t Tool) error
	DeleteTool(ctx context.Context, tenant, id string) error
	// SecretNames lists the names of a tenant's secrets that begin with a prefix.
	SecretNames(ctx context.Context, tenant, prefix string) ([]string, error)
}

// Secrets are the vault. What is not there is fault.NotFound.
type Secrets interface {
	Get(ctx context.Context, tenant, name string) ([]byte, error)
	Put(ctx context.Context, tenant, name string, plain []byte) error
	Delete(ctx context.Context, tenant, name string) error
}

// Options of a Service. Store and Secrets are needed.
type Options struct {
	Store   Store
	Secrets Secrets
	Client  *outbound.Client
	// Environ gives a variable of the server's own environment, where the operator allows tools to read it; nil for none.
	Environ func(name string) (string, bool)
	// Commands are those that tool servers may be started with; see mcp.Options.
	Commands []string
	// Python makes a tool of code; nil where there is no sandbox.
	Python func(ctx context.Context, t Tool) (tool.Tool, error)
	// CheckPython looks at code without running it; nil for no look.
	CheckPython func(ctx context.Context, t Tool) error
	// UsedBy lists the references of the agents that name a tool.
	UsedBy func(ctx context.Context, tenant, name string) ([]string, error)
	// Ledger keeps what tools with effects do; nil for no ledger.
	Ledger *tool.Ledger
	// Builtin are the tools that come with the product.
	Builtin []tool.Tool
}

// Service is the tools of all tenants. It is safe for concurrent use.
type Service struct {
	o Options

	wg      sync.WaitGroup // connections that are being closed
	mu      sync.Mutex
	servers map[string]*server // connections to tool servers, by tenant, id and version
}

// NewService makes a service.
func NewService(o Options) *Service {
	if o.Client == nil {
		o.Client = outbound.New(outbound.Options{})
	}
	return &Service{o: o, servers: map[string]*server{}}
}

// Used tells which agents still name a tool that is to go.
func used(name string, agents []string) error {
	f := fault.New(fault.Conflict, "tool_used", "The tool %s is used by %s. Take it out of them first.", name, strings.Join(agents, ", "))
	f.Params = map[string]string{"name": name, "agents": strings.Join(agents, ", ")}
	return f
}

// Create keeps a new tool. by is who made it.
func (s *Service) Create(ctx context.Context, tenant, by string, t Tool) (Tool, error) {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	t.Tenant, t.ID, t.Version, t.System = tenant, "tool_"+hex.EncodeToString(id[:]), 1, false
	t.ToolID = t.ID
	t.CreatedAt, t.CreatedBy = time.Now().UTC(), by
	t.UpdatedAt, t.UpdatedBy = t.CreatedAt, by
	if err := s.check(ctx, &t); err != nil {
		return Tool{}, err
	}
	if s.builtin(t.Name) != nil {
		return Tool{}, NameTaken(t.Name)
	}
	shown, secrets, err := seal(t, nil)
	if err != nil {
		return Tool{}, err
	}
	if err := s.keep(ctx, tenant, t.ID, secrets); err != nil {
		return Tool{}, err
	}
	if err := s.o.Store.CreateTool(ctx, shown); err != nil {
		return Tool{}, errors.Join(err, s.keep(context.WithoutCancel(ctx), tenant, t.ID, nil))
	}
	return shown, nil
}

// NameTaken is the fault of a name that another tool has.
func NameTaken(name string) error {
	f := fault.New(fault.Conflict, "tool_name_taken", "There is a tool %s already.", name)
	f.Params = map[string]string{"name": name}
	return f.At("name")
}

// check completes a definition and looks at its code.
func (s *Service) check(ctx context.Context, t *Tool) error {
	if err := t.complete(); err != nil {
		return err
	}
	if t.Type == MCP && t.Execution.Transport == mcp.Stdio {
		if err := mcp.AllowedCommand(t.Execution.Command, s.o.Commands); err != nil {
			return err
		}
	}
	if t.Type == Code && s.o.CheckPython != nil {
		return s.o.CheckPython(ctx, *t)
	}
	return nil
}

// Get finds a tool by id or name. Its secrets read as Mask.
func (s *Service) Get(ctx context.Context, tenant, key string) (Tool, error) {
	if t := s.builtin(key); t != nil {
		return shownBuiltin(t), nil
	}
	return s.o.Store.FindTool(ctx, tenant, key)
}

// List lists tools by name, and says how many there are.
func (s *Service) List(ctx context.Context, tenant string, f Filter) ([]Tool, int, error) {
	f.Limit = min(max(1, f.Limit), 200)
	f.Offset = max(0, f.Offset)
	var own []Tool
	for _, t := range s.o.Builtin {
		if d := shownBuiltin(t); f.selects(d) {
			own = append(own, d)
		}
	}
	first := own[min(f.Offset, len(own)):]
	first = first[:min(f.Limit, len(first))]
	f.Offset, f.Limit = max(0, f.Offset-len(own)), f.Limit-len(first)
	rest, n, err := s.o.Store.ListTools(ctx, tenant, f)
	return append(slices.Clone(first), rest[:min(len(rest), f.Limit)]...), n + len(own), err
}

// shownBuiltin is a tool of the product as lists show it.
func shownBuiltin(t tool.Tool) Tool {
	spec := t.Spec()
	category := "system"
	if t.Policy().Effect {
		category = "campaign"
	}
	effect := t.Policy().Effect
	return Tool{ID: spec.Name, ToolID: spec.Name, Name: spec.Name, DisplayName: spec.Name, Type: Builtin, Category: category, Tags: []string{}, Status: Active, System: true, Version: 1,
		Definition: Definition{Type: "function", Function: Function(spec)}, Policy: Policy{Effect: &effect}}
}

// selects reports whether a filter chooses a tool of the product.
func (f Filter) selects(t Tool) bool {
	text := strings.ToLower(t.Name + " " + t.Definition.Function.Description)
	for _, w := range strings.Fields(strings.ToLower(f.Words)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return (f.Category == "" || f.Category == t.Category) && (f.Status == "" || f.Status == Active) && (f.Type == "" || f.Type == Builtin)
}

// Update changes a tool: change gets the tool as it is and returns it as it shall be. A secret that reads as Mask stays what it is. version, when not 0, is the one that the change is
// based on; fault.Conflict "tool_changed" when it is another by now.
func (s *Service) Update(ctx context.Context, tenant, by, key string, version int, change func(Tool) (Tool, error)) (Tool, error) {
	was, err := s.o.Store.FindTool(ctx, tenant, key)
	if err != nil {
		return Tool{}, err
	}
	if version != 0 && version != was.Version {
		return Tool{}, Changed(was.Name)
	}
	t, err := change(was)
	if err != nil {
		return Tool{}, err
	}
	t.Tenant, t.ID, t.ToolID, t.System = was.Tenant, was.ID, was.ID, was.System
	t.CreatedAt, t.CreatedBy = was.CreatedAt, was.CreatedBy
	t.Version, t.UpdatedAt, t.UpdatedBy = was.Version+1, time.Now().UTC(), by
	if err := s.check(ctx, &t); err != nil {
		return Tool{}, err
	}
	if t.Name != was.Name {
		if s.builtin(t.Name) != nil {
			return Tool{}, NameTaken(t.Name)
		}
		if err := s.free(ctx, tenant, was.Name); err != nil {
			return Tool{}, err
		}
	}
	old, err := s.secrets(ctx, tenant, t.ID)
	if err != nil {
		return Tool{}, err
	}
	shown, secrets, err := seal(t, old)
	if err != nil {
		return Tool{}, err
	}
	if err := s.keep(ctx, tenant, t.ID, secrets); err != nil {
		return Tool{}, err
	}
	if err := s.o.Store.ChangeTool(ctx, shown); err != nil {
		return Tool{}, errors.Join(err, s.keep(context.WithoutCancel(ctx), tenant, t.ID, old))
	}
	s.forget(tenant, t.ID)
	return shown, nil
}

// Changed is the fault of a change that is based on an old version.
func Changed(name string) error {
	f := fault.New(fault.Conflict, "tool_changed", "Somebody changed the tool %s meanwhile. Load it again.", name)
	f.Params = map[string]string{"name": name}
	return f
}

// free reports a conflict when agents use a tool.
func (s *Service) free(ctx context.Context, tenant, name string) error {
	if s.o.UsedBy == nil {
		return nil
	}
	agents, err := s.o.UsedBy(ctx, tenant, name)
	if err == nil && len(agents) > 0 {
		err = used(name, agents)
	}
	return err
}

// Toggle makes an active tool inactive, and the other way round.
func (s *Service) Toggle(ctx context.Context, tenant, by, key string) (Tool, error) {
	return s.Update(ctx, tenant, by, key, 0, func(t Tool) (Tool, error) {
		if t.Status == Active {
			t.Status = Inactive
		} else {
			t.Status = Active
		}
		return t, nil
	})
}

// Delete removes a tool for good; fault.Conflict "tool_used" while agents name it.
func (s *Service) Delete(ctx context.Context, tenant, key string) (Tool, error) {
	t, err := s.o.Store.FindTool(ctx, tenant, key)
	if err != nil {
		return Tool{}, err
	}
	if err := s.free(ctx, tenant, t.Name); err != nil {
		return Tool{}, err
	}
	if err := s.o.Store.DeleteTool(ctx, tenant, t.ID); err != nil {
		return Tool{}, err
	}
	s.forget(tenant, t.ID)
	return t, s.keep(ctx, tenant, t.ID, nil)
}

// NameFree reports whether a tool may have a name; except is the id of the tool that asks.
func (s *Service) NameFree(ctx context.Context, tenant, name, except string) (bool, error) {
	if !nameRule.MatchString(name) {
		return false, bad("name", "%q is not made of 1 to 63 letters without accents, digits, - and _.", name)
	}
	if s.builtin(name) != nil {
		return false, nil
	}
	t, err := s.o.Store.FindTool(ctx, tenant, name)
	if fault.KindOf(err) == fault.NotFound {
		return true, nil
	}
	return err == nil && t.ID == except, err
}

func (s *Service) builtin(name string) tool.Tool {
	for _, t := range s.o.Builtin {
		if t.Spec().Name == name {
			return t
		}
	}
	return nil
}

// Trial is what a test of a tool brought.
type Trial struct {
	Output string
	Failed bool
	Took   time.Duration
	Tools  []llm.ToolSpec // of a tool server: what it offers
	Detail tool.Detail
}

// Try makes a tool of a definition, which need not be kept, and calls it once. Of a tool server, call names the server's tool; "" only lists them. A kept tool's secrets that read as Mask
// are its own.
func (s *Service) Try(ctx context.Context, tenant string, t Tool, call, arguments string) (Trial, error) {
	t.Tenant = tenant
	if t.Type == Builtin {
		return Trial{}, fault.New(fault.Conflict, "tool_system", "%s acts on a conversation: it can only be tried in one.", t.Name)
	}
	if err := s.check(ctx, &t); err != nil {
		return Trial{}, err
	}
	if t.ID != "" {
		old, err := s.secrets(ctx, tenant, t.ID)
		if err != nil {
			return Trial{}, err
		}
		if err := open(&t, old); err != nil {
			return Trial{}, err
		}
	}
	began := time.Now()
	set, err := s.make(ctx, t, false)
	if err != nil {
		return Trial{}, err
	}
	defer func() {
		if err := set.Close(); err != nil {
			slog.WarnContext(ctx, "a tool that was tried does not close", "tool", t.Name, "error", err)
		}
	}()
	tools, err := set.Tools(ctx)
	if err != nil {
		return Trial{}, err
	}
	var trial Trial
	var found tool.Tool
	for _, tl := range tools {
		if t.Type == MCP {
			trial.Tools = append(trial.Tools, tl.Spec())
		}
		if t.Type != MCP || tl.Spec().Name == call {
			found = tl
		}
	}
	switch {
	case found == nil && call == "":
	case found == nil:
		return Trial{}, fault.New(fault.NotFound, "tool_not_found", "The server has no tool %q.", call)
	default:
		ctx, detail := tool.WithDetail(ctx)
		r := tool.Run(ctx, found, llm.ToolCall{ID: "trial", Name: found.Spec().Name, Arguments: arguments}, 15*time.Second)
		trial.Output, trial.Failed, trial.Detail = r.Output, r.Failed, *detail
	}
	trial.Took = time.Since(began)
	return trial, nil
}

// Close ends the connections to tool servers.
func (s *Service) Close() error {
	s.mu.Lock()
	list := s.servers
	s.servers = map[string]*server{}
	s.mu.Unlock()
	var errs []error
	for _, c := range list {
		errs = append(errs, c.set.Close())
	}
	s.wg.Wait()
	s.o.Client.Close()
	return errors.Join(errs...)
}
