package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/outbound"
	"griot/internal/tool"
)

// Tool is one HTTP request that a model can make.
type Tool struct {
	spec   llm.ToolSpec
	policy tool.Policy
	op     *compiled
	client *outbound.Client
	env    lookup
}

var _ tool.Tool = (*Tool)(nil)

// New makes a tool of an operation. client sends the requests; env gives the tenant's variables, fault.NotFound for one that there is none of. An operation that cannot work is a
// fault.Invalid.
func New(spec llm.ToolSpec, o Operation, opt Options, client *outbound.Client, env func(ctx context.Context, name string) (string, error)) (*Tool, error) {
	c, err := compile(o)
	if err != nil {
		return nil, err
	}
	p := tool.Policy{Timeout: opt.Timeout, Effect: c.Method != http.MethodGet, Approval: opt.Approval, Filler: opt.Filler, Later: opt.Later}
	if opt.Effect != nil {
		p.Effect = *opt.Effect
	}
	if p.Effect || p.Approval {
		p.OnInterrupt = tool.Finish
	}
	return &Tool{spec: spec, policy: p, op: c, client: client, env: env}, nil
}

// Spec implements tool.Tool.
func (t *Tool) Spec() llm.ToolSpec { return t.spec }

// Policy implements tool.Tool.
func (t *Tool) Policy() tool.Policy { return t.policy }

// Call implements tool.Tool.
func (t *Tool) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	d := json.NewDecoder(strings.NewReader(c.Arguments))
	d.UseNumber() // an account's number must not become 1.2e+15
	args := map[string]any{}
	if err := d.Decode(&args); err != nil {
		return llm.ToolResult{}, fault.Wrap(err, fault.Invalid, "invalid_arguments", "the arguments are not a JSON object")
	}
	req, err := t.op.request(ctx, args, t.env)
	if err != nil {
		return llm.ToolResult{}, err
	}
	r, err := t.client.Do(ctx, req)
	if err != nil {
		return llm.ToolResult{}, err
	}
	text, failed := read(r)
	return llm.ToolResult{CallID: c.ID, Output: text, Failed: failed}, nil
}
