package builtin_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/tool"
	"griot/internal/tool/builtin"
	"griot/internal/tool/tooltest"
)

type sms struct{ tenant, to, text string }

func (s *sms) Text(_ context.Context, tenant, to, text string) error {
	*s = sms{tenant, to, text}
	return nil
}

func TestTools(t *testing.T) {
	now := func() time.Time { return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) }
	sent := &sms{}
	store := &tooltest.Effects{}
	ledger := &tool.Ledger{Store: store}
	ctx := tool.In(t.Context(), tool.Conversation{Tenant: "acme", Session: "c1", Lang: "fr-SN", Remote: "+221 77 123 45 67"})
	run := func(o builtin.Options, name, args string) llm.ToolResult {
		o.Now = now
		for _, tl := range builtin.Tools(o) {
			require.NoError(t, tool.CheckSchema(tl.Spec().Parameters), tl.Spec().Name)
			require.LessOrEqual(t, len(tl.Spec().Description), 400)
			if tl.Spec().Name == name {
				return tool.Run(ctx, ledger.Guard(tl), llm.ToolCall{ID: "1", Name: name, Arguments: args}, time.Second)
			}
		}
		t.Fatal(name)
		return llm.ToolResult{}
	}
	full := builtin.Options{Texter: sent}
	r := run(full, "end_conversation", `{"reason":"done"}`)
	require.True(t, r.End)
	r = run(full, "conversation_brain", `{"stage":"payment","facts":["owes 50"],"guidance":"ask for\n a date"}`)
	require.Contains(t, r.Brief, "Stage: payment\nFact: owes 50\nNext: ask for a date\n")
	require.Equal(t, "-", run(full, "conversation_brain", `{}`).Brief)

	for args, want := range map[string]string{
		`{"when":"2030-01-02T10:00:00+01:00","reason":"offer"}`:    `{"phone":"+221771234567","reason":"offer","status":"scheduled","when":"2030-01-02T10:00:00+01:00"}`,
		`{"when":"2030-01-02T10:00:00Z","phone":"01 23 45 67 89"}`: `{"phone":"0123456789","reason":"","status":"scheduled","when":"2030-01-02T10:00:00Z"}`,
		`{"when":"tomorrow"}`:                                        "not a date and a time",
		`{"when":"2029-12-31T10:00:00Z"}`:                            "that is past: it is 2030-01-01T12:00:00Z now",
		`{"when":"2031-12-31T10:00:00Z"}`:                            "more than a year",
		`{"when":"2030-01-02T10:00:00Z","phone":"ask my secretary"}`: "not a telephone number",
		`{}`: "missing property 'when'",
	} {
		require.Contains(t, run(full, "schedule_callback", args).Output, want, args)
	}
	r = run(full, "send_sms_payment_promise", `{"amount":15000.50,"currency":"XOF","due_date":"2030-01-31","name":"Awa"}`)
	require.Equal(t, `{"status":"sent"}`, r.Output)
	require.Equal(t, sms{"acme", "+221771234567", "Awa, vous avez promis de payer 15000.50 XOF au plus tard le 31/01/2030. Merci."}, *sent)
	require.Contains(t, run(full, "send_sms_payment_promise", `{"amount":-1,"currency":"XOF","due_date":"2030-01-31"}`).Output, "amount")
	require.Contains(t, run(full, "send_sms_payment_promise", `{"amount":1,"currency":"XOF","due_date":"2029-01-31"}`).Output, "past")

	// Without a carrier the promise is in the ledger, with the reason why no message went out.
	r = run(builtin.Options{}, "send_sms_payment_promise", `{"amount":5,"currency":"EUR","due_date":"2030-01-31"}`)
	require.True(t, r.Failed)
	require.Contains(t, r.Output, "no carrier")
	all := store.All()
	last := all[len(all)-1]
	require.Equal(t, []string{"send_sms_payment_promise", string(tool.Failed), "no_carrier"}, []string{last.Tool, string(last.State), last.Code})
}
