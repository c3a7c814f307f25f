package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/calls"
	"griot/internal/store"
)

func call(tenant string, n int) calls.Call {
	return calls.Call{Tenant: tenant, ID: fmt.Sprintf("rtc_%d", n), Node: "n1", Status: calls.Active, CreatedAt: began.Add(time.Duration(n) * time.Second),
		Settings: calls.Settings{Type: "realtime", Model: "m", Voice: fmt.Sprintf("v%d", n%2), Modalities: []string{"audio"}, Temperature: 0.7, MaxTokens: 12,
			Instructions: "Sois bref."}}
}

func testCalls(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for n := range 5 {
		require.NoError(t, s.CreateCall(ctx, call("default", n)))
	}
	require.NoError(t, s.CreateCall(ctx, call(other, 9)))
	require.Error(t, s.CreateCall(ctx, call("default", 0)), "an id is a call's own")

	got, err := s.Call(ctx, "default", "rtc_3")
	require.NoError(t, err)
	equal(t, call("default", 3), got)
	_, err = s.Call(ctx, other, "rtc_3")
	notFound(t, err)

	sum := opened("default", "c1", began)
	require.NoError(t, s.CreateConversation(ctx, sum))
	require.NoError(t, s.CloseConversation(ctx, closed(sum), log("default", "c1", began)))
	require.NoError(t, s.ConnectCall(ctx, "default", "rtc_3", "c1"))
	notFound(t, s.ConnectCall(ctx, other, "rtc_3", "c2"))
	n, err := s.CountCallEvents(ctx, "default")
	require.NoError(t, err)
	require.Equal(t, len(log("default", "c1", began)), n)
	n, err = s.CountCallEvents(ctx, other)
	require.NoError(t, err)
	require.Zero(t, n)

	require.NoError(t, s.EndCall(ctx, "default", "rtc_3", "caller_left", began.Add(33*time.Second)))
	require.NoError(t, s.EndCall(ctx, "default", "rtc_3", "late", began.Add(time.Hour)), "once is enough")
	notFound(t, s.EndCall(ctx, other, "rtc_3", "x", began))
	want := call("default", 3)
	want.Conversation, want.Status, want.EndedAt, want.EndReason = "c1", calls.Ended, began.Add(33*time.Second), "caller_left"
	got, err = s.Call(ctx, "default", "rtc_3")
	require.NoError(t, err)
	equal(t, want, got)

	list := func(tenant string, f calls.Filter) (ids []string, total int) {
		cs, total, err := s.ListCalls(ctx, tenant, f)
		require.NoError(t, err)
		for _, c := range cs {
			ids = append(ids, c.ID)
		}
		return ids, total
	}
	ids, total := list("default", calls.Filter{Limit: 2, Offset: 1})
	require.Equal(t, []string{"rtc_3", "rtc_2"}, ids)
	require.Equal(t, 5, total)
	ids, total = list("default", calls.Filter{Limit: 10, Status: calls.Active})
	require.Equal(t, []string{"rtc_4", "rtc_2", "rtc_1", "rtc_0"}, ids)
	require.Equal(t, 4, total)
	ids, _ = list(other, calls.Filter{Limit: 10})
	require.Equal(t, []string{"rtc_9"}, ids)

	counts, err := s.CountCalls(ctx, "default")
	require.NoError(t, err)
	equal(t, []calls.Count{
		{Model: "m", Voice: "v0", Status: calls.Active, Calls: 3},
		{Model: "m", Voice: "v1", Status: calls.Active, Calls: 1},
		{Model: "m", Voice: "v1", Status: calls.Ended, Calls: 1, Seconds: 30},
	}, counts)
}

func testEndsOfCalls(t *testing.T, s *store.Store) {
	ctx := t.Context()
	elsewhere := call("default", 2)
	elsewhere.Node = "n2"
	for _, c := range []calls.Call{call("default", 1), elsewhere, call(other, 3)} {
		require.NoError(t, s.CreateCall(ctx, c))
	}
	n, err := s.EndCallsOf(ctx, "n1", "server_stopped", began.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, 2, n, "whoever's they are")
	n, err = s.EndCallsOf(ctx, "n1", "server_stopped", began.Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
	c, err := s.Call(ctx, other, "rtc_3")
	require.NoError(t, err)
	require.Equal(t, calls.Ended, c.Status)
	require.Equal(t, 57*time.Second, c.Duration(time.Time{}))
	c, err = s.Call(ctx, "default", "rtc_2")
	require.NoError(t, err)
	require.Equal(t, calls.Active, c.Status)
	// An end before the beginning, after the clock was set back.
	require.NoError(t, s.EndCall(ctx, "default", "rtc_2", "x", began))
	c, err = s.Call(ctx, "default", "rtc_2")
	require.NoError(t, err)
	require.Zero(t, c.Duration(time.Time{}))
}
