package python

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Tool makes a session's tool of a definition. It does not look at the code: see Check. Workers begin to be kept ready with the first tool.
func (r *Runner) Tool(d Definition) (tool.Tool, error) {
	if err := r.allowed(d); err != nil {
		return nil, err
	}
	if d.Policy.Timeout <= 0 || d.Policy.Timeout > r.cfg.Timeout {
		d.Policy.Timeout = r.cfg.Timeout
	}
	r.Prepare()
	return &pythonTool{r, d}, nil
}

type pythonTool struct {
	r *Runner
	d Definition
}

// Spec implements tool.Tool.
func (t *pythonTool) Spec() llm.ToolSpec {
	text := t.d.Description
	if len(t.d.Outputs) > 0 {
		text = strings.TrimSpace(text + "\nReturns: " + strings.Join(t.d.Outputs, ", ") + ".")
	}
	return llm.ToolSpec{Name: t.d.Name, Description: text, Parameters: t.d.Schema()}
}

// Policy implements tool.Tool. Its timeout is a little longer than the code's: whose time was up is then said by us.
func (t *pythonTool) Policy() tool.Policy {
	p := t.d.Policy
	p.Timeout += time.Second
	return p
}

// Call implements tool.Tool.
func (t *pythonTool) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	o, err := t.r.Run(ctx, t.d, json.RawMessage(c.Arguments))
	if err != nil {
		return llm.ToolResult{}, err
	}
	if d := tool.DetailOf(ctx); d != nil {
		d.Printed = o.Printed
		if o.Failure != nil {
			d.Line, d.Traceback = o.Failure.Line, o.Failure.Traceback
		}
	}
	if o.Failure != nil {
		t.r.log.InfoContext(ctx, "python tool failed", "tool", t.d.Name, "call", c.ID, "kind", o.Failure.Kind, "type", o.Failure.Type, "line", o.Failure.Line)
		return llm.ToolResult{CallID: c.ID, Failed: true, Output: o.Failure.Advice(t.d.Name)}, nil
	}
	return llm.ToolResult{CallID: c.ID, Output: o.Text()}, nil
}

// Text is what a model reads of a result: text as it is, anything else as JSON, and what was printed when nothing was returned.
func (o Outcome) Text() string {
	var s string
	if json.Unmarshal(o.Result, &s) == nil && s != "" {
		return s
	}
	if string(o.Result) == "null" && o.Printed != "" {
		return o.Printed
	}
	return string(o.Result)
}

// Advice words a failure for a model: what happened, where, and what it can do about it.
func (f *Failure) Advice(name string) string {
	what := strings.TrimRight(f.Message, ". \n")
	if f.Type != "" {
		what = strings.TrimSuffix(f.Type+": "+what, ": ")
	}
	if f.Line > 0 {
		what = fmt.Sprintf("%s (line %d", what, f.Line)
		if f.Source != "" {
			what += ": " + f.Source
		}
		what += ")"
	}
	switch f.Kind {
	case "exception":
		return fmt.Sprintf("%s failed: %s. If an argument may be the cause, correct it and call again; otherwise say that it is not possible now.", name, what)
	case "timeout":
		return fmt.Sprintf("%s was stopped: %s. Do not call it again with the same arguments; ask for less, or say that it is not possible now.", name, what)
	case "memory":
		return fmt.Sprintf("%s was stopped: %s. Ask it for less, or say that it is not possible now.", name, what)
	}
	return fmt.Sprintf("%s cannot work as it is written: %s. Do not call it again; say that it is not possible now.", name, what)
}
