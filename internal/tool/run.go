package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// maxOutput bounds what a model must read, in bytes.
const maxOutput = 32 << 10

// grace is how long a tool may take to notice that its context is done.
const grace = 2 * time.Second

// Run carries out one call and always has a result: what the tool said, or, marked as failed, words from which a model can tell
// what to do next. It checks the arguments before the tool sees them, survives a panic, and gives the call a deadline: the
// tool's own or, where that is 0, defaultTimeout (0 or less: only ctx's).
//
// Run returns when the tool does. A tool that does not obey its context is left alone two seconds after the context was done;
// its goroutine then ends when the tool returns, and its result is dropped.
func Run(ctx context.Context, t Tool, c llm.ToolCall, defaultTimeout time.Duration) llm.ToolResult {
	fail := func(format string, args ...any) llm.ToolResult {
		return llm.ToolResult{CallID: c.ID, Failed: true, Output: fmt.Sprintf(format, args...)}
	}
	if strings.TrimSpace(c.Arguments) == "" {
		c.Arguments = "{}"
	}
	if err := object(c.Arguments); err != nil {
		return fail("The arguments of %s are not a JSON object: %s. Call it again with an object that follows its schema.", c.Name, err)
	}
	if m := Misfit(t.Spec().Parameters, c.Arguments); m != "" {
		return fail("The arguments do not fit the schema of %s: %s. Call %s again with arguments that do.", c.Name, m, c.Name)
	}
	timeout := t.Policy().Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	inner, cancel := context.WithCancel(ctx)
	if timeout > 0 {
		cancel()
		inner, cancel = context.WithTimeout(ctx, timeout)
	}
	defer func() { cancel() }()

	out := make(chan outcome, 1) // never blocks: one call, one outcome
	go func() { out <- call(inner, t, c) }()
	var o outcome
	select {
	case o = <-out:
	case <-inner.Done():
		late := time.NewTimer(grace)
		defer late.Stop()
		select {
		case o = <-out:
		case <-late.C:
			slog.WarnContext(ctx, "tool does not stop", "tool", c.Name, "call", c.ID)
			o.err = inner.Err()
		}
	}
	if o.err == nil {
		o.res.CallID = c.ID
		o.res.Output = shorten(o.res.Output)
		return o.res
	}
	switch {
	case ctx.Err() != nil:
		return fail("The call of %s was cancelled before it was done. Whether it had an effect is not known.", c.Name)
	case errors.Is(inner.Err(), context.DeadlineExceeded):
		return fail("%s did not answer within %s. Whether it had an effect is not known. Say that it takes too long, or try something else.", c.Name, timeout)
	}
	if fault.KindOf(o.err) == fault.Internal {
		slog.WarnContext(ctx, "tool failed", "tool", c.Name, "call", c.ID, "error", o.err)
	}
	return fail("%s", shorten(advice(c.Name, o.err)))
}

type outcome struct {
	res llm.ToolResult
	err error
}

func call(ctx context.Context, t Tool, c llm.ToolCall) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "tool panicked", "tool", c.Name, "call", c.ID, "panic", p, "stack", string(debug.Stack()))
			o = outcome{err: fault.New(fault.Internal, "tool_panicked", "the tool %s broke", c.Name)}
		}
	}()
	res, err := t.Call(ctx, c)
	return outcome{res, err}
}

// advice words an error for a model. The text of an error that has no kind may hold what a caller must not hear, so it stays out.
func advice(name string, err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return name + " failed for an internal reason. Do not try it again; say that it is not possible now."
	}
	what := strings.TrimRight(f.Message, ". ")
	if f.Param != "" {
		what += " (" + f.Param + ")"
	}
	switch f.Kind {
	case fault.Invalid:
		return fmt.Sprintf("%s rejected the arguments: %s. Correct them and call it again.", name, what)
	case fault.NotFound:
		return fmt.Sprintf("%s found nothing: %s.", name, what)
	case fault.Conflict:
		return fmt.Sprintf("%s is not possible in this state: %s.", name, what)
	case fault.Denied:
		return fmt.Sprintf("%s is not allowed: %s. Do not try it again.", name, what)
	case fault.Limited:
		return fmt.Sprintf("%s has too much to do: %s. Wait before trying again.", name, what)
	case fault.Unavailable:
		return fmt.Sprintf("%s cannot be reached: %s. Try once more, or say that it is not possible now.", name, what)
	}
	return fmt.Sprintf("%s failed for an internal reason. Do not try it again; say that it is not possible now.", name)
}

// object reports why text is not exactly one JSON object.
func object(text string) error {
	var m map[string]json.RawMessage
	err := json.Unmarshal([]byte(text), &m)
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s at byte %d", strings.TrimPrefix(syntax.Error(), "json: "), syntax.Offset)
	case errors.As(err, &typed):
		return fmt.Errorf("they are of the type %s", typed.Value)
	case err != nil:
		return err
	case m == nil:
		return errors.New("they are null")
	}
	return nil
}

// shorten cuts what is too long to be read, between two characters.
func shorten(text string) string {
	if len(text) <= maxOutput {
		return text
	}
	n := maxOutput
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + fmt.Sprintf("… (cut: %d more bytes)", len(text)-n)
}
