package sipline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// A call goes out by a trunk and is answered: both sides hear each other, keys are pressed, and who hangs up ends it for both.
func TestCall(t *testing.T) {
	t.Parallel()
	for name, caller := range map[string]bool{"the caller hangs up": true, "the callee hangs up": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, func(o *Options) {
				o.Numbers, o.Ring = []Number{{"+33 1 23 45 67 89", "reception"}, {"*", "other"}}, 100*time.Millisecond
			})
			a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(func(tr *Trunk) { tr.Number = "+331000" })} })
			id := a.place(telephony.Order{Agent: "sales", To: "01 23 45 67 89"[1:], Tenant: "default"})
			va := a.conv()
			require.Equal(t, "sales", va.call.Agent)
			vb := b.conv()
			require.Equal(t, "other", vb.call.Agent)
			require.Equal(t, "+331000", vb.call.From)
			va.until(t, "the callee's voice", func(v *conv) bool { return v.loud > 20 })
			vb.until(t, "the caller's voice", func(v *conv) bool { return v.loud > 20 })
			require.NoError(t, a.line.SendDigits(t.Context(), id, "12#"))
			vb.until(t, "keys", func(v *conv) bool { return v.keys == "12#" })
			if caller {
				require.NoError(t, a.line.HangUp(t.Context(), id, "hung_up"))
				require.Equal(t, "hung_up", va.over(t))
				require.Equal(t, "caller_left", vb.over(t))
			} else {
				require.NoError(t, b.line.HangUp(t.Context(), vb.call.ID, "hung_up"))
				require.Equal(t, "caller_left", va.over(t))
			}
			end := a.ended(id)
			require.Equal(t, telephony.Answered, end.Outcome)
			require.Equal(t, va.id, end.Conversation)
			require.False(t, end.Answered.IsZero())
			require.Equal(t, []telephony.State{telephony.Dialing, telephony.Ringing, telephony.Active, telephony.Ended}, a.states(id))
			_, err := a.line.Call(id)
			require.Equal(t, "call_not_found", fault.CodeOf(err))
			require.NoError(t, a.line.HangUp(t.Context(), id, "again"), "it is over already")
		})
	}
}

// The number decides who answers; a call to a number of nobody's is refused, and so is one from a stranger.
func TestNumbers(t *testing.T) {
	b := open(t, func(o *Options) { o.Numbers = []Number{{"+33 1 23 45 67 89", "reception"}} })
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	id := a.place(telephony.Order{Agent: "x", To: "33123456789"})
	require.Equal(t, "reception", b.conv().call.Agent)
	a.conv()
	require.NoError(t, a.line.HangUp(t.Context(), id, "hung_up"))
	end := a.ended(a.place(telephony.Order{Agent: "x", To: "+33999"}))
	require.Equal(t, telephony.InvalidNumber, end.Outcome)
	require.Equal(t, "404 Not Found", end.Reason)
	require.Equal(t, string(telephony.InvalidNumber), a.conv().over(t))
	for _, bad := range []string{"", "sip:", "a b@c", "sip:x@y>\r\nZ: 1"} {
		_, err := a.line.Place(t.Context(), telephony.Order{Agent: "x", To: bad})
		require.Equal(t, "invalid_number", fault.CodeOf(err), "%q", bad)
	}
	_, err := a.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1", Trunk: "other"})
	require.Equal(t, "trunk_not_found", fault.CodeOf(err))
	_, err = a.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1", Tenant: "another"})
	require.Equal(t, "no_trunk", fault.CodeOf(err), "another tenant's trunk is none")
	_, err = b.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1"})
	require.Equal(t, "no_trunk", fault.CodeOf(err))
}

// What keeps an agent from answering is told to the caller in the words of SIP, and the outcome is the same as any carrier's.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want telephony.Outcome
	}{
		"all lines are taken": {fault.New(fault.Limited, "too_many_conversations", "x"), telephony.Congestion},
		"no such agent":       {fault.New(fault.NotFound, "agent_not_found", "x"), telephony.InvalidNumber},
		"a draft":             {fault.New(fault.Conflict, "agent_is_draft", "x"), telephony.Unreachable},
		"a fault of ours":     {fault.New(fault.Internal, "x", "x"), telephony.Congestion},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, nil)
			b.host.be(false, c.err)
			a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
			require.Equal(t, c.want, a.ended(a.place(telephony.Order{Agent: "x", To: "1"})).Outcome)
		})
	}
	t.Run("our own agent cannot be had", func(t *testing.T) {
		b := open(t, nil)
		a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
		a.host.be(false, fault.New(fault.NotFound, "agent_not_found", "x"))
		_, err := a.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1"})
		require.Equal(t, "agent_not_found", fault.CodeOf(err))
		require.Empty(t, a.line.Calls())
	})
	t.Run("nobody is there", func(t *testing.T) {
		a := open(t, func(o *Options) { o.Trunks = []Trunk{{Name: "far", Address: "127.0.0.1:9"}} })
		id := a.place(telephony.Order{Agent: "x", To: "1", Ring: time.Second})
		require.Equal(t, telephony.NoAnswer, a.ended(id).Outcome)
	})
}

// Who gives up while it rings is told apart from whom nobody answered; the other side knows that it is over, and writes it down.
func TestRinging(t *testing.T) {
	b := open(t, func(o *Options) { o.Ring = time.Hour })
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	id := a.place(telephony.Order{Agent: "x", To: "1"})
	vb := b.conv()
	require.NoError(t, a.line.HangUp(t.Context(), id, "changed_my_mind"))
	end := a.ended(id)
	require.Equal(t, telephony.Cancelled, end.Outcome)
	require.Equal(t, "changed_my_mind", end.Reason)
	require.Equal(t, "caller_left", vb.over(t))
	require.True(t, vb.dropped)
	require.Equal(t, telephony.Cancelled, b.ended(vb.call.ID).Outcome)

	id = a.place(telephony.Order{Agent: "x", To: "1", Ring: 300 * time.Millisecond})
	vb = b.conv()
	require.Equal(t, telephony.NoAnswer, a.ended(id).Outcome)
	require.Equal(t, telephony.Cancelled, b.ended(vb.call.ID).Outcome)

	// The callee hangs up while it rings.
	id = a.place(telephony.Order{Agent: "x", To: "1"})
	vb = b.conv()
	require.NoError(t, b.line.HangUp(t.Context(), vb.call.ID, "hung_up"))
	require.Equal(t, telephony.Declined, a.ended(id).Outcome)
	require.Equal(t, "hung_up", vb.over(t))
	_, err := a.line.active(id)
	require.Equal(t, "call_not_found", fault.CodeOf(err))
}

// Closing a line ends its calls, and tells the other side.
func TestClose(t *testing.T) {
	b := open(t, nil)
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	a.place(telephony.Order{Agent: "x", To: "1"})
	va, vb := a.conv(), b.conv()
	va.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
	require.NoError(t, a.line.Close())
	require.Equal(t, "shutdown", va.over(t))
	require.Equal(t, "caller_left", vb.over(t))
	_, err := a.line.Place(t.Context(), telephony.Order{Agent: "x", To: "1"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// A flood of calls from one address is held back, and those that go on are unharmed.
func TestFlood(t *testing.T) {
	b := open(t, func(o *Options) { o.Rate = 5 })
	b.host.be(true, nil)
	a := open(t, func(o *Options) { o.Trunks = []Trunk{b.trunk(nil)} })
	first := a.place(telephony.Order{Agent: "x", To: "1"})
	v := b.conv()
	v.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
	congested := 0
	var ids []string
	for range 40 {
		ids = append(ids, a.place(telephony.Order{Agent: "x", To: "1"}))
	}
	for _, id := range ids {
		if c, err := a.line.Call(id); err == nil && c.State == telephony.Active {
			require.NoError(t, a.line.HangUp(t.Context(), id, "hung_up"))
		}
	}
	for _, id := range ids {
		require.NoError(t, a.line.HangUp(t.Context(), id, "hung_up"))
		if a.ended(id).Outcome == telephony.Congestion {
			congested++
		}
	}
	require.Greater(t, congested, 20)
	v.mu.Lock()
	before := v.loud
	v.mu.Unlock()
	v.until(t, "sound goes on", func(v *conv) bool { return v.loud > before+5 })
	require.NoError(t, a.line.HangUp(t.Context(), first, "hung_up"))
}
