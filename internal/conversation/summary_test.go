package conversation

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"griot/internal/event"
)

var t0 = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

// at makes an event that happened ms milliseconds into the conversation.
func at(ms int, b event.Body) event.Event {
	return event.Event{Tenant: "default", Session: "c1", At: t0.Add(time.Duration(ms) * time.Millisecond), Body: b}
}

func ms(n float64) event.Millis { return event.Millis(n * float64(time.Millisecond)) }

// A whole turn: the caller speaks from 1000 to 2000 ms, the end is noticed at 2500, the answer's first sound comes 600 ms after the caller's last.
func turn(said, heard string, cut bool) []event.Event {
	return []event.Event{
		at(1005, event.SpeechStarted{Item: "u1", At: ms(900)}),
		at(2505, event.SpeechStopped{Item: "u1", At: ms(2500), LastVoice: ms(2000)}),
		at(2510, event.UserSpoke{Item: "u1", Text: "What are your hours?", From: ms(1000), To: ms(2000), Confidence: 0.5}),
		at(2511, event.ReplyStarted{Response: "r1", Item: "a1", Cause: "turn"}),
		at(2700, event.TurnTimed{Response: "r1", Turn: 1, Item: "u1", FirstAudio: ms(580), Sent: ms(600), Heard: ms(-1)}),
		at(4000, event.ReplyDone{Response: "r1", Item: "a1", Status: "completed", Text: said}),
		at(4600, event.AgentSaid{Response: "r1", Item: "a1", Said: said, Text: heard, Upto: ms(2000), Total: ms(2000), Cut: cut}),
	}
}

var userLine = Line{Item: "u1", Role: RoleUser, Text: "What are your hours?", At: ms(1000), End: ms(2000), Confidence: 0.5}

func TestTranscript(t *testing.T) {
	for _, c := range []struct {
		name string
		evs  []event.Event
		want []Line
	}{
		{"nothing", nil, nil},
		{"a whole turn", turn("We open at nine.", "We open at nine.", false), []Line{
			userLine,
			{Item: "a1", Role: RoleAgent, Text: "We open at nine.", Said: "We open at nine.", Heard: "We open at nine.", At: ms(2605), End: ms(4600), Latency: ms(600)},
		}},
		{"interrupted", append(turn("We open at nine. We close at six.", "We open", true)[:5],
			at(3605, event.Interrupted{Response: "r1", Item: "a1", Reason: "turn_detected", Said: "We open at nine. We close at six.", Text: "We open at", Upto: ms(1010)}),
			at(3610, event.ReplyDone{Response: "r1", Item: "a1", Status: "cancelled", Text: "We open at nine. We close at six."}),
			at(3850, event.AgentSaid{Response: "r1", Item: "a1", Said: "We open at nine. We close at six.", Text: "We open", Upto: ms(1000), Cut: true}),
		), []Line{
			userLine,
			{Item: "a1", Role: RoleAgent, Text: "We open", Said: "We open at nine. We close at six.", Heard: "We open", Cut: true, At: ms(2605), End: ms(3605), Latency: ms(600)},
		}},
		{"silenced at once, given up 300 ms later", append(turn("We open at nine.", "We open", true)[:5],
			at(3905, event.Interrupted{Response: "r1", Item: "a1", Reason: "turn_detected", Said: "We open at nine.", Text: "We open", Upto: ms(1000)}),
			at(3910, event.AgentSaid{Response: "r1", Item: "a1", Said: "We open at nine.", Text: "We open", Upto: ms(1000), Cut: true}),
		), []Line{
			userLine,
			{Item: "a1", Role: RoleAgent, Text: "We open", Said: "We open at nine.", Heard: "We open", Cut: true, At: ms(2605), End: ms(3605), Latency: ms(600)},
		}},
		{"generated and never heard", []event.Event{
			at(100, event.ReplyStarted{Response: "r1", Item: "a1"}),
			at(900, event.ReplyDone{Response: "r1", Item: "a1", Status: "cancelled", Text: "Never mind."}),
		}, []Line{{Item: "a1", Role: RoleAgent, Said: "Never mind.", Cut: true, At: ms(100), End: ms(900)}}},
		{"a reply that only calls a tool", []event.Event{
			at(100, event.ReplyStarted{Response: "r1", Item: "a1"}),
			at(200, event.ToolCalled{Response: "r1", CallID: "k1", Name: "hours", Arguments: `{"day":"mon"}`}),
			at(450, event.ToolReturned{CallID: "k1", Name: "hours", Output: "9-18", Took: ms(250)}),
			at(460, event.ReplyDone{Response: "r1", Item: "a1", Status: "completed"}),
		}, []Line{{Item: "k1", Role: RoleTool, At: ms(200), End: ms(450), Tool: &ToolUse{Name: "hours", Arguments: `{"day":"mon"}`, Output: "9-18", Took: ms(250)}}}},
		{"a failed tool, one without a result, one without a call, one run by the client", []event.Event{
			at(10, event.ToolCalled{CallID: "k1", Name: "pay", Arguments: "{}"}),
			at(20, event.ToolCalled{CallID: "k2", Name: "wait", Arguments: "{}"}),
			at(30, event.ToolCalled{CallID: "k4", Name: "page", Arguments: "{}", Client: true}),
			at(40, event.ToolReturned{CallID: "k1", Name: "pay", Output: "declined", Failed: true, Took: ms(30)}),
			at(100, event.ToolReturned{CallID: "k3", Name: "lost", Output: "x", Took: ms(50)}),
			at(130, event.ItemAdded{Kind: "function_call_output", CallID: "k4", Text: "shown"}),
		}, []Line{
			{Item: "k1", Role: RoleTool, At: ms(10), End: ms(40), Tool: &ToolUse{Name: "pay", Arguments: "{}", Output: "declined", Failed: true, Took: ms(30)}},
			{Item: "k2", Role: RoleTool, At: ms(20), Tool: &ToolUse{Name: "wait", Arguments: "{}"}},
			{Item: "k4", Role: RoleTool, At: ms(30), End: ms(130), Tool: &ToolUse{Name: "page", Arguments: "{}", Output: "shown", Took: ms(100)}},
			{Item: "k3", Role: RoleTool, At: ms(50), End: ms(100), Tool: &ToolUse{Name: "lost", Output: "x", Took: ms(50)}},
		}},
		{"typed text, keys, the client's own lines, instructions", []event.Event{
			at(10, event.ItemAdded{Item: "i1", Kind: "message", Role: "user", Text: "hello", Source: "typed"}),
			at(20, event.ItemAdded{Item: "i2", Kind: "message", Role: "user", Text: "12#", Source: "digits"}),
			at(30, event.ItemAdded{Item: "i3", Kind: "message", Role: "assistant", Text: "Earlier.", Source: "client"}),
			at(40, event.ItemAdded{Item: "i4", Kind: "message", Role: "system", Text: "Be brief.", Source: "client"}),
			at(50, event.ItemAdded{Item: "i5", Kind: "message", Role: "assistant", Text: "Welcome.", Source: "greeting"}),
			at(60, event.ItemDeleted{Item: "i1"}),
		}, []Line{
			{Item: "i1", Role: RoleUser, Text: "hello", Source: "typed", At: ms(10)},
			{Item: "i2", Role: RoleUser, Text: "12#", Source: "digits", At: ms(20)},
			{Item: "i3", Role: RoleAgent, Text: "Earlier.", Said: "Earlier.", Heard: "Earlier.", Source: "client", At: ms(30)},
		}},
		{"a text reply is read", []event.Event{
			at(10, event.ReplyStarted{Response: "r1", Item: "a1", Text: true}),
			at(90, event.ReplyDone{Response: "r1", Item: "a1", Text: "Nine to six."}),
		}, []Line{{Item: "a1", Role: RoleAgent, Text: "Nine to six.", Said: "Nine to six.", Heard: "Nine to six.", Source: "text", At: ms(10), End: ms(90)}}},
		{"recognised late, out of order, and corrected", []event.Event{
			at(5000, event.UserSpoke{Item: "u2", Text: "second", From: ms(3000), To: ms(3500)}),
			at(5100, event.UserSpoke{Item: "u1", Text: "frist", From: ms(1000), To: ms(1500)}),
			at(5200, event.UserSpoke{Item: "u1", Text: "first", From: ms(1000), To: ms(1600)}),
		}, []Line{
			{Item: "u1", Role: RoleUser, Text: "first", At: ms(1000), End: ms(1600)},
			{Item: "u2", Role: RoleUser, Text: "second", At: ms(3000), End: ms(3500)},
		}},
		{"speech that gave no words", []event.Event{
			at(2500, event.SpeechStopped{Item: "u1", At: ms(2490), LastVoice: ms(2000)}),
			at(2600, event.UserFailed{Item: "u1", Code: "stt_failed"}),
			at(2700, event.InputDropped{Item: "u2", Reason: "empty"}),
		}, []Line{{Item: "u1", Role: RoleUser, Source: "unrecognised", At: ms(2500)}}},
		{"the caller's audio began after the conversation", []event.Event{
			at(12500, event.SpeechStopped{Item: "u1", At: ms(2500), LastVoice: ms(2000)}),
			at(12600, event.UserSpoke{Item: "u1", Text: "hi", From: ms(1000), To: ms(2000)}),
		}, []Line{{Item: "u1", Role: RoleUser, Text: "hi", At: ms(11000), End: ms(12000)}}},
		{"before the start", []event.Event{at(-50, event.ItemAdded{Item: "i1", Kind: "message", Role: "user", Text: "x", Source: "typed"})},
			[]Line{{Item: "i1", Role: RoleUser, Text: "x", Source: "typed"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Summarise(Summary{StartedAt: t0, Status: Active}, c.evs)
			if d := cmp.Diff(c.want, got.Transcript, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("transcript (-want +got):\n%s", d)
			}
			require.Equal(t, Active, got.Status, "no end in the log")
		})
	}
}

func TestSummaryNumbers(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, c := range []struct {
		name string
		base Summary
		evs  []event.Event
		want Summary
	}{
		{"from the log alone", Summary{}, []event.Event{
			at(0, event.SessionStarted{Agent: "a", Name: "A", Version: 2, Lang: "fr-FR", Leg: "talk", Remote: "me"}),
			at(60000, event.SessionEnded{Reason: "caller_left"}),
		}, Summary{Agent: "a", AgentName: "A", AgentVersion: 2, Lang: "fr-FR", Channel: "talk", Remote: "me", Status: Ended,
			EndReason: "caller_left", EndedAt: t0.Add(time.Minute), Duration: time.Minute}},
		{"what is known already stays", Summary{Agent: "x", AgentVersion: 1}, []event.Event{at(0, event.SessionStarted{Agent: "a", Version: 2})},
			Summary{Agent: "x", AgentVersion: 1}},
		{"failed", Summary{}, []event.Event{at(1000, event.SessionEnded{Reason: "failed"})},
			Summary{Status: Failed, EndReason: "failed", EndedAt: t0.Add(time.Second), Duration: time.Second}},
		{"facts after the end count in its time", Summary{}, []event.Event{
			at(1000, event.SessionEnded{Reason: "idle"}), at(1200, event.ToolReturned{CallID: "k", Name: "pay"}),
		}, Summary{Status: Ended, EndReason: "idle", EndedAt: t0.Add(1200 * time.Millisecond), Duration: 1200 * time.Millisecond}},
		{"turns, interruptions, median of an odd number", Summary{}, []event.Event{
			at(1, event.UserSpoke{Item: "u1", Text: " one\n two "}), at(2, event.UserSpoke{Item: "u2", Text: "three", From: ms(2)}),
			at(3, event.ItemAdded{Item: "u3", Kind: "message", Role: "user", Text: "four", Source: "typed"}),
			at(4, event.Interrupted{Response: "r1", Reason: "turn_detected"}), at(5, event.Interrupted{Response: "r2", Reason: "client_cancelled"}),
			at(6, event.Interrupted{Response: "r3", Reason: "hang_up"}),
			at(7, event.TurnTimed{Response: "r1", Sent: ms(900)}), at(8, event.TurnTimed{Response: "r2", Sent: ms(300)}),
			at(9, event.TurnTimed{Response: "r3", Sent: ms(-1), FirstAudio: ms(500)}), at(10, event.TurnTimed{Response: "r4", Sent: ms(-1), FirstAudio: ms(-1)}),
		}, Summary{Turns: 3, Interruptions: 2, LatencyP50: 500 * time.Millisecond, Preview: "one two"}},
		{"median of an even number", Summary{}, []event.Event{
			at(7, event.TurnTimed{Response: "r1", Sent: ms(900)}), at(8, event.TurnTimed{Response: "r2", Sent: ms(300)}),
		}, Summary{LatencyP50: 300 * time.Millisecond}},
		{"latency as heard, where the far end tells", Summary{}, []event.Event{
			at(7, event.TurnTimed{Response: "r1", FirstAudio: ms(400), Sent: ms(410), Heard: ms(600)}),
		}, Summary{LatencyP50: 600 * time.Millisecond}},
		{"preview is cut between characters", Summary{}, []event.Event{at(1, event.UserSpoke{Item: "u1", Text: long})},
			Summary{Turns: 1, Preview: strings.Repeat("é", 120) + "…"}},
		{"preview of the agent when the caller said nothing", Summary{}, []event.Event{
			at(1, event.AgentSaid{Response: "r", Item: "a", Said: "Hello there.", Text: "Hello"}),
		}, Summary{Preview: "Hello"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.base.StartedAt, c.want.StartedAt = t0, t0
			got := Summarise(c.base, c.evs)
			if d := cmp.Diff(c.want, got.Summary); d != "" {
				t.Fatalf("summary (-want +got):\n%s", d)
			}
		})
	}
}

func TestNotices(t *testing.T) {
	n := event.Notice{Code: "no_recogniser", Message: "m", Params: map[string]string{"language": "fr"}}
	got := Summarise(Summary{StartedAt: t0}, []event.Event{at(1, n), at(2, n), at(3, event.Failed{Stage: "llm", Code: "timeout", Message: "late"})})
	require.Equal(t, []event.Notice{n, {Code: "timeout", Message: "late", Params: map[string]string{"stage": "llm"}}}, got.Notices)
}

// What the console reads of a line.
func TestLineJSON(t *testing.T) {
	b, err := json.Marshal(Line{Item: "a1", Role: RoleAgent, Text: "We", Said: "We open", Heard: "We", Cut: true, At: ms(12.5), Latency: ms(600)})
	require.NoError(t, err)
	require.JSONEq(t, `{"item":"a1","role":"agent","text":"We","said":"We open","heard":"We","cut":true,"at_ms":12.5,"latency_ms":600}`, string(b))
}
