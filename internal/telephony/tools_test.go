package telephony

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// board notes what is asked of it.
type board struct {
	Carrier
	did []string
	err error
}

func (b *board) Transfer(_ context.Context, id, to string) error {
	b.did = append(b.did, "transfer "+id+" "+to)
	return b.err
}

func (b *board) SendDigits(_ context.Context, id, digits string) error {
	b.did = append(b.did, "digits "+id+" "+digits)
	return b.err
}

func (b *board) HangUp(_ context.Context, id, reason string) error {
	b.did = append(b.did, "hang up "+id+" "+reason)
	return b.err
}

// An agent does with its call what a person would, and is told when that fails.
func TestTools(t *testing.T) {
	b := &board{}
	set := Tools(b, "tel_1")
	list, err := set.Tools(t.Context())
	require.NoError(t, err)
	run := func(name, arguments string) llm.ToolResult {
		for _, x := range list {
			if x.Spec().Name == name {
				return tool.Run(t.Context(), x, llm.ToolCall{ID: "c", Name: name, Arguments: arguments}, 0)
			}
		}
		t.Fatal("no tool " + name)
		return llm.ToolResult{}
	}
	require.False(t, run("transfer_call", `{"to":"200"}`).Failed)
	require.False(t, run("send_digits", `{"digits":"1#"}`).Failed)
	require.False(t, run("hang_up", ``).Failed)
	require.Equal(t, []string{"transfer tel_1 200", "digits tel_1 1#", "hang up tel_1 agent_hung_up"}, b.did)
	require.True(t, run("transfer_call", `{}`).Failed)
	b.err = fault.New(fault.Conflict, "transfer_refused", "The far end does not transfer the call: 603 Decline (declined).")
	got := run("transfer_call", `{"to":"200"}`)
	require.True(t, got.Failed)
	require.Contains(t, got.Output, "declined")
	require.NoError(t, set.Close())
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]string{"+33 1 23.45-67/89": "+33123456789", "(020) 7946 0018": "02079460018", " *72# ": "*72#", "alice": "alice", "1+2": "1+2", "": ""} {
		require.Equal(t, want, Number(in), in)
	}
	one, other := NewID(), NewID()
	require.NotEqual(t, one, other)
}
