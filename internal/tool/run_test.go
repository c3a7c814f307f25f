package tool

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

type scripted struct {
	policy Policy
	call   func(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error)
}

func (s scripted) Spec() llm.ToolSpec { return llm.ToolSpec{Name: "book"} }
func (s scripted) Policy() Policy     { return s.policy }
func (s scripted) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	return s.call(ctx, c)
}

func TestRun(t *testing.T) {
	ok := func(_ context.Context, c llm.ToolCall) (llm.ToolResult, error) {
		return llm.ToolResult{CallID: "wrong", Output: "got " + c.Arguments}, nil
	}
	failing := func(err error) func(context.Context, llm.ToolCall) (llm.ToolResult, error) {
		return func(context.Context, llm.ToolCall) (llm.ToolResult, error) { return llm.ToolResult{}, err }
	}
	never := func(context.Context, llm.ToolCall) (llm.ToolResult, error) {
		t.Error("called with broken arguments")
		return llm.ToolResult{}, nil
	}
	cases := []struct {
		name, args string
		call       func(context.Context, llm.ToolCall) (llm.ToolResult, error)
		failed     bool
		has        []string
	}{
		{"result", `{"day": 1}`, ok, false, []string{`got {"day": 1}`}},
		{"no arguments", " ", ok, false, []string{"got {}"}},
		{"the tool's own failure", `{}`, func(context.Context, llm.ToolCall) (llm.ToolResult, error) {
			return llm.ToolResult{Output: "fully booked", Failed: true}, nil
		}, true, []string{"fully booked"}},
		{"cut JSON", `{"day": `, never, true, []string{"book", "not a JSON object", "at byte 8", "again"}},
		{"two objects", `{}{}`, never, true, []string{"not a JSON object", "at byte 3"}},
		{"a list", `[1]`, never, true, []string{"they are of the type array"}},
		{"null", `null`, never, true, []string{"they are null"}},
		{"words", `tomorrow`, never, true, []string{"not a JSON object"}},
		{"invalid", `{}`, failing(fault.New(fault.Invalid, "past", "the day is in the past").At("day")), true, []string{"the day is in the past (day)", "Correct"}},
		{"not found", `{}`, failing(fault.New(fault.NotFound, "none", "no such customer.")), true, []string{"found nothing: no such customer."}},
		{"denied", `{}`, failing(fault.New(fault.Denied, "no", "read only")), true, []string{"not allowed: read only"}},
		{"conflict", `{}`, failing(fault.New(fault.Conflict, "no", "already booked")), true, []string{"already booked"}},
		{"limited", `{}`, failing(fault.New(fault.Limited, "no", "10 calls a minute")), true, []string{"10 calls a minute. Wait"}},
		{"unavailable", `{}`, failing(fault.Wrap(errors.New("dial tcp 10.0.0.1"), fault.Unavailable, "no", "the calendar is down")), true, []string{"the calendar is down. Try once more"}},
		{"plain error", `{}`, failing(errors.New("password=hunter2")), true, []string{"internal reason"}},
		{"panic", `{}`, func(context.Context, llm.ToolCall) (llm.ToolResult, error) { panic("oh") }, true, []string{"internal reason"}},
		{"long", `{}`, func(context.Context, llm.ToolCall) (llm.ToolResult, error) {
			return llm.ToolResult{Output: "x" + strings.Repeat("é", maxOutput)}, nil
		}, false, []string{"é… (cut: 32770 more bytes)"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := Run(t.Context(), scripted{call: c.call}, llm.ToolCall{ID: "call_1", Name: "book", Arguments: c.args}, time.Minute)
			require.Equal(t, "call_1", r.CallID)
			require.Equal(t, c.failed, r.Failed)
			for _, s := range c.has {
				require.Contains(t, r.Output, s)
			}
			for _, s := range []string{"hunter2", "10.0.0.1", "oh"} {
				require.NotContains(t, r.Output, s)
			}
		})
	}
}

func TestRunDeadline(t *testing.T) {
	obeys := func(ctx context.Context, _ llm.ToolCall) (llm.ToolResult, error) {
		<-ctx.Done()
		return llm.ToolResult{}, ctx.Err()
	}
	deaf := func(context.Context, llm.ToolCall) (llm.ToolResult, error) {
		time.Sleep(time.Minute)
		return llm.ToolResult{Output: "too late"}, nil
	}
	late := func(ctx context.Context, _ llm.ToolCall) (llm.ToolResult, error) {
		<-ctx.Done()
		time.Sleep(time.Second)
		return llm.ToolResult{Output: "paid after all"}, nil
	}
	cases := []struct {
		name   string
		call   func(context.Context, llm.ToolCall) (llm.ToolResult, error)
		policy time.Duration
		cancel time.Duration
		took   time.Duration
		output string
	}{
		{"the session's", obeys, 0, time.Hour, 10 * time.Second, "book did not answer within 10s."},
		{"its own", obeys, 3 * time.Second, time.Hour, 3 * time.Second, "book did not answer within 3s."},
		{"cancelled", obeys, 0, time.Second, time.Second, "cancelled"},
		{"does not obey", deaf, 0, time.Hour, 12 * time.Second, "did not answer"},
		{"has a result in spite of it", late, 0, time.Second, 2 * time.Second, "paid after all"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(c.cancel, cancel).Stop()
				start := time.Now()
				r := Run(ctx, scripted{Policy{Timeout: c.policy}, c.call}, llm.ToolCall{ID: "1", Name: "book"}, 10*time.Second)
				require.Equal(t, c.took, time.Since(start))
				require.Contains(t, r.Output, c.output)
				require.Equal(t, c.output != "paid after all", r.Failed)
				cancel()
				time.Sleep(time.Minute) // lets the deaf one end
			})
		})
	}
}
