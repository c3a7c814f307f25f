package builtin_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/tool"
	"griot/internal/tool/builtin"
	"griot/internal/tool/tooltest"
)

func TestAnAppointmentIsInTheLedgerAndNobodyElseGetsItsTime(t *testing.T) {
	store := &tooltest.Effects{}
	ledger := &tool.Ledger{Store: store}
	o := builtin.Options{Effects: store, Now: func() time.Time { return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) }}
	run := func(tenant, id, name, args string) llm.ToolResult {
		ctx := tool.In(t.Context(), tool.Conversation{Tenant: tenant, Session: "c" + id})
		for _, tl := range builtin.Tools(o) {
			if tl.Spec().Name == name {
				return tool.Run(ctx, ledger.Guard(tl), llm.ToolCall{ID: id, Name: name, Arguments: args}, time.Second)
			}
		}
		t.Fatal(name)
		return llm.ToolResult{}
	}
	const args = `{"date":"2030-03-10","time":"10:00","name":"Awa","phone":"06 12 34 56 78","service":"repair"}`
	r := run("acme", "1", "book_appointment", args)
	require.False(t, r.Failed, r.Output)
	list, _, err := store.ListEffects(t.Context(), "acme", tool.EffectFilter{Tool: "book_appointment"})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, tool.Confirmed, list[0].State)
	var got map[string]string
	require.NoError(t, json.Unmarshal([]byte(list[0].Output), &got))
	require.Equal(t, map[string]string{"status": "booked", "reference": list[0].ID, "date": "2030-03-10", "time": "10:00", "name": "Awa", "phone": "0612345678", "service": "repair"}, got)

	require.JSONEq(t, `{"status":"taken","date":"2030-03-10","time":"10:00"}`, run("acme", "2", "book_appointment", args).Output)
	require.JSONEq(t, `{"status":"taken","date":"2030-03-10","time":"10:00"}`, run("acme", "3", "book_appointment", args).Output, "what was refused takes no time")
	require.Contains(t, run("other", "4", "book_appointment", args).Output, `"booked"`, "another tenant's appointments do not matter")
	require.Contains(t, run("acme", "5", "book_appointment", `{"date":"2030-03-10","time":"10:30","name":"Bo"}`).Output, `"booked"`)
	for bad, want := range map[string]string{
		`{"date":"tomorrow","time":"10:00","name":"Bo"}`: "not a date", `{"date":"2029-03-10","time":"10:00","name":"Bo"}`: "past",
		`{"date":"2039-03-10","time":"10:00","name":"Bo"}`: "two years", `{"date":"2030-03-10","time":"10:00","name":"Bo","phone":"x"}`: "telephone number",
	} {
		r = run("acme", "9", "book_appointment", bad)
		require.True(t, r.Failed)
		require.Contains(t, r.Output, want)
	}
	require.Contains(t, run("acme", "6", "open_ticket", `{"problem":"no light","name":"Bo","phone":"0612345678"}`).Output, `"status":"opened"`)
	require.True(t, run("acme", "7", "open_ticket", `{"problem":" ","phone":"0612345678"}`).Failed)
}
