package tool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
	"griot/internal/tool/tooltest"
)

// action is a tool with effects.
type action struct {
	policy tool.Policy
	call   func(ctx context.Context) (llm.ToolResult, error)
	n      atomic.Int32
	keys   sync.Map
}

func (*action) Spec() llm.ToolSpec    { return llm.ToolSpec{Name: "pay"} }
func (a *action) Policy() tool.Policy { return a.policy }
func (a *action) Call(ctx context.Context, _ llm.ToolCall) (llm.ToolResult, error) {
	a.n.Add(1)
	a.keys.Store(tool.KeyOf(ctx), true)
	return a.call(ctx)
}

func done(context.Context) (llm.ToolResult, error) { return llm.ToolResult{Output: "paid"}, nil }

func inCall(t *testing.T) context.Context {
	return tool.In(t.Context(), tool.Conversation{Tenant: "acme", Session: "conv_1", Agent: "Agent-000001"})
}

func TestLedgerStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		call   func(context.Context) (llm.ToolResult, error)
		state  tool.State
		code   string
		failed bool
		says   string
	}{
		{"confirmed", done, tool.Confirmed, "", false, "paid"},
		{"the tool says no", func(context.Context) (llm.ToolResult, error) {
			return llm.ToolResult{Output: "no money", Failed: true}, nil
		}, tool.Failed, tool.CodeToolFailed, true, "no money"},
		{"cannot be reached", func(context.Context) (llm.ToolResult, error) {
			return llm.ToolResult{}, fault.New(fault.Unavailable, "unreachable", "the bank is down")
		}, tool.Failed, "unreachable", true, "the bank is down"},
		{"an error without a name", func(context.Context) (llm.ToolResult, error) { return llm.ToolResult{}, errors.New("oh") }, tool.Failed, tool.CodeUnknown, true, "internal reason"},
		{"never answers", func(ctx context.Context) (llm.ToolResult, error) { <-ctx.Done(); return llm.ToolResult{}, ctx.Err() }, tool.Failed, tool.CodeUnknown, true, "hether it had an effect is not known"},
		{"panics", func(context.Context) (llm.ToolResult, error) { panic("oh") }, tool.Failed, "tool_panicked", true, "internal reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &tooltest.Effects{}
				l := &tool.Ledger{Store: store}
				a := &action{policy: tool.Policy{Effect: true, Timeout: 5 * time.Second}, call: c.call}
				r := tool.Run(inCall(t), l.Guard(a), llm.ToolCall{ID: "call_1", Name: "pay", Arguments: `{"n":1}`}, time.Minute)
				require.Equal(t, c.failed, r.Failed)
				require.Contains(t, r.Output, c.says)
				e := store.All()
				require.Len(t, e, 1)
				require.Equal(t, c.state, e[0].State)
				require.Equal(t, c.code, e[0].Code)
				require.Equal(t, []string{"acme", "conv_1", "Agent-000001", "pay", "call_1", `{"n":1}`}, []string{e[0].Tenant, e[0].Session, e[0].Agent, e[0].Tool, e[0].CallID, e[0].Arguments})
				_, ok := a.keys.Load(e[0].ID)
				require.True(t, ok, "the tool gets the effect's id as its key")
				require.False(t, e[0].SettledAt.IsZero())
			})
		})
	}
}

// What cannot be written down is not done.
func TestLedgerDown(t *testing.T) {
	a := &action{policy: tool.Policy{Effect: true}, call: done}
	l := &tool.Ledger{Store: &tooltest.Effects{Fail: errors.New("disk full")}}
	r := tool.Run(inCall(t), l.Guard(a), llm.ToolCall{ID: "1", Name: "pay"}, time.Minute)
	require.True(t, r.Failed)
	require.Contains(t, r.Output, "nothing was done")
	require.Zero(t, a.n.Load())
}

// Tools without effects, and everything without a ledger, are as they were.
func TestLedgerLeavesTheRestAlone(t *testing.T) {
	a := &action{call: done}
	require.Same(t, a, (&tool.Ledger{}).Guard(a))
	var none *tool.Ledger
	require.Same(t, a, none.Guard(a))
}

func TestApproval(t *testing.T) {
	start := func(t *testing.T, ctx context.Context) (*tool.Ledger, *tooltest.Effects, *action, chan llm.ToolResult) {
		store := &tooltest.Effects{}
		l := &tool.Ledger{Store: store}
		a := &action{policy: tool.Policy{Approval: true}, call: done}
		out := make(chan llm.ToolResult, 1)
		go func() {
			out <- tool.Run(ctx, l.Guard(a), llm.ToolCall{ID: "1", Name: "pay", Arguments: "{}"}, 15*time.Second)
		}()
		synctest.Wait()
		require.Equal(t, tool.Proposed, store.All()[0].State)
		return l, store, a, out
	}
	t.Run("allowed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, store, a, out := start(t, inCall(t))
			time.Sleep(90 * time.Second) // longer than any tool may take
			require.Zero(t, a.n.Load())
			id := store.All()[0].ID
			_, err := l.Decide(t.Context(), "other", id, "eve", true)
			require.Equal(t, "effect_not_found", fault.CodeOf(err))
			e, err := l.Decide(t.Context(), "acme", id, "ann", true)
			require.NoError(t, err)
			require.Equal(t, "ann", e.DecidedBy)
			require.Equal(t, "paid", (<-out).Output)
			require.EqualValues(t, 1, a.n.Load())
			require.Equal(t, tool.Confirmed, store.All()[0].State)
			require.Equal(t, "ann", store.All()[0].DecidedBy)
			_, err = l.Decide(t.Context(), "acme", id, "bob", false)
			require.Equal(t, "effect_decided", fault.CodeOf(err))
		})
	})
	t.Run("by another node", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, store, _, out := start(t, inCall(t))
			_, err := (&tool.Ledger{Store: store}).Decide(t.Context(), "acme", store.All()[0].ID, "ann", true)
			require.NoError(t, err)
			require.Equal(t, "paid", (<-out).Output)
		})
	})
	t.Run("refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l, store, a, out := start(t, inCall(t))
			_, err := l.Decide(t.Context(), "acme", store.All()[0].ID, "ann", false)
			require.NoError(t, err)
			r := <-out
			require.True(t, r.Failed)
			require.Contains(t, r.Output, "did not allow it")
			require.Zero(t, a.n.Load())
			require.Equal(t, tool.CodeRefused, store.All()[0].Code)
		})
	})
	t.Run("nobody decides", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, store, a, out := start(t, inCall(t))
			r := <-out
			require.Equal(t, tool.DefaultApproval, time.Since(began))
			require.True(t, r.Failed)
			require.Contains(t, r.Output, "nothing was done")
			require.Zero(t, a.n.Load())
			require.Equal(t, tool.CodeExpired, store.All()[0].Code)
		})
	})
	t.Run("the conversation ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			over := make(chan struct{})
			ctx := tool.In(t.Context(), tool.Conversation{Tenant: "acme", Session: "conv_1", Over: over})
			_, store, a, out := start(t, ctx)
			close(over)
			require.True(t, (<-out).Failed)
			require.Zero(t, a.n.Load())
			require.Equal(t, tool.Failed, store.All()[0].State)
		})
	})
}

// The same call of the same conversation under way is one action; another conversation's, other arguments' and a later one are their own.
func TestLedgerJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &tooltest.Effects{}
		l := &tool.Ledger{Store: store}
		a := &action{policy: tool.Policy{Effect: true}, call: func(context.Context) (llm.ToolResult, error) {
			time.Sleep(time.Second)
			return llm.ToolResult{Output: "paid"}, nil
		}}
		g := l.Guard(a)
		var wg sync.WaitGroup
		call := func(session, id, args string) {
			wg.Go(func() {
				ctx := tool.In(t.Context(), tool.Conversation{Tenant: "acme", Session: session})
				r := tool.Run(ctx, g, llm.ToolCall{ID: id, Name: "pay", Arguments: args}, time.Minute)
				require.Equal(t, llm.ToolResult{CallID: id, Output: "paid"}, r)
			})
		}
		call("conv_1", "a", `{"n":1,"to":"x"}`)
		call("conv_1", "b", `{ "to":"x", "n":1 }`)
		call("conv_1", "c", `{"n":2,"to":"x"}`)
		call("conv_2", "d", `{"n":1,"to":"x"}`)
		wg.Wait()
		require.EqualValues(t, 3, a.n.Load())
		call("conv_1", "e", `{"n":1,"to":"x"}`)
		wg.Wait()
		require.EqualValues(t, 4, a.n.Load())
		require.Len(t, store.All(), 4)
	})
}

// After a crash, what was sent counts as failed with an outcome that is not known, and nothing is sent again.
func TestLedgerRecovers(t *testing.T) {
	store := &tooltest.Effects{}
	past := time.Now().Add(-time.Hour)
	for i, s := range []tool.State{tool.Proposed, tool.Authorised, tool.Sent, tool.Confirmed} {
		require.NoError(t, store.CreateEffect(t.Context(), tool.Effect{Tenant: "acme", ID: string(rune('a' + i)), Node: "n1", State: s, ProposedAt: past}))
	}
	require.NoError(t, store.CreateEffect(t.Context(), tool.Effect{Tenant: "acme", ID: "x", Node: "n2", State: tool.Sent, ProposedAt: past}))
	require.NoError(t, (&tool.Ledger{Store: store, Node: "n1"}).Recover(t.Context()))
	var got []string
	for _, e := range store.All() {
		got = append(got, string(e.State)+" "+e.Code)
	}
	require.Equal(t, []string{"failed approval_timeout", "failed approval_timeout", "failed outcome_unknown", "confirmed ", "sent "}, got)
}
