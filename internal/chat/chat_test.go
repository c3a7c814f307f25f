package chat_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/blob"
	"griot/internal/chat"
	"griot/internal/conversation"
	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	"griot/internal/store"
	"griot/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a service with one agent.
type world struct {
	*testing.T
	*chat.Service
	records *conversation.Service
	blobs   *blob.Local
	agent   chat.Agent
	again   func() // starts the program again
}

func (w *world) ChatAgent(_ context.Context, ref string) (chat.Agent, error) {
	if ref != w.agent.Reference {
		return chat.Agent{}, fault.New(fault.NotFound, "agent_not_found", "no agent %s", ref)
	}
	return w.agent, nil
}

func newWorld(t *testing.T, m llm.Model) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := &world{T: t, agent: chat.Agent{Reference: "sales", Name: "Sales", Version: 1, Lang: "en", Instructions: "Sell.", LLM: m, Model: "fake"}}
	w.blobs, err = blob.OpenLocal(filepath.Join(dir, "blobs"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.blobs.Close()) })
	start := func() {
		w.records, err = conversation.NewService(conversation.Options{Store: db, Blobs: w.blobs, Dir: dir})
		require.NoError(t, err)
		_, err = w.records.Recover(t.Context())
		require.NoError(t, err)
		w.Service = chat.New(chat.Options{Agents: w, Records: w.records, Blobs: w.blobs})
	}
	stop := func() {
		require.NoError(t, w.Close())
		require.NoError(t, w.records.Close(context.Background()))
	}
	start()
	w.again = func() { stop(); start() }
	t.Cleanup(func() { stop() })
	return w
}

// say sends a message and reads its reply to the end.
func (w *world) say(session, text string, files ...chat.Upload) (events []map[string]any) {
	w.Helper()
	st, err := w.Send(w.Context(), "default", "sales", chat.Incoming{Session: session, Text: text, Attachments: files})
	require.NoError(w, err)
	return w.follow(st, "")
}

func (w *world) follow(st *chat.Stream, after string) (events []map[string]any) {
	w.Helper()
	require.NoError(w, st.Follow(w.Context(), after, time.Minute, func(e chat.Event) error {
		var v map[string]any
		require.NoError(w, json.Unmarshal(e.Data, &v))
		v["id"] = e.ID
		events = append(events, v)
		return nil
	}))
	return events
}

// text is what the content events say.
func text(events []map[string]any) string {
	var b strings.Builder
	for _, e := range events {
		if e["type"] == "content" {
			b.WriteString(e["content"].(string))
		}
	}
	return b.String()
}

func types(events []map[string]any) (out []string) {
	for _, e := range events {
		if n := len(out); n == 0 || out[n-1] != e["type"] {
			out = append(out, e["type"].(string))
		}
	}
	return out
}

// search is a tool.
type search struct{}

func (search) Spec() llm.ToolSpec {
	return llm.ToolSpec{Name: "search_database", Parameters: json.RawMessage(`{"type":"object"}`)}
}
func (search) Policy() tool.Policy { return tool.Policy{} }
func (search) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	if tool.ConversationOf(ctx).Tenant != "default" {
		return llm.ToolResult{}, fault.New(fault.Internal, "lost", "no conversation")
	}
	return llm.ToolResult{CallID: c.ID, Output: `{"found": 3}`}, nil
}

// A message with a tool, in the documented events; then another, which knows of the first.
func TestConversation(t *testing.T) {
	m := fake.NewLLM(
		fake.Answer{Text: "Let me look. ", Calls: []llm.ToolCall{{ID: "c1", Name: "search_database", Arguments: `{"q": "chairs"}`}}, Usage: llm.Usage{Input: 100, Output: 20}},
		fake.Answer{Text: "There are three chairs.", Usage: llm.Usage{Input: 50, Output: 25}},
		fake.Answer{Text: "Blue.", Usage: llm.Usage{Input: 70, Output: 1}})
	w := newWorld(t, m)
	gave := make(chan struct{}, 2)
	w.agent.Welcome = "Hello!"
	w.agent.Equip = func(context.Context) ([]tool.Tool, func()) {
		return []tool.Tool{search{}}, func() { gave <- struct{}{} }
	}
	evs := w.say("", "Chairs?")
	require.Equal(t, []string{"session", "content", "tool_call", "tool_result", "content", "done"}, types(evs))
	require.Equal(t, "Let me look. There are three chairs.", text(evs))
	require.Equal(t, map[string]any{"q": "chairs"}, evs[2]["arguments"])
	require.Equal(t, "search_database", evs[3]["tool"])
	require.Equal(t, map[string]any{"found": 3.0}, evs[3]["result"])
	last := evs[len(evs)-1]
	require.Equal(t, map[string]any{"prompt_tokens": 150.0, "completion_tokens": 45.0}, last["usage"])
	require.Equal(t, "stop", last["finish_reason"])
	<-gave // the tools are given back after the reply
	id := last["session_id"].(string)
	require.Equal(t, id, evs[0]["session_id"])

	w.again() // nothing is in memory
	evs = w.say(id, "Which colour?")
	require.Equal(t, "Blue.", text(evs))
	msgs := m.Requests()[2].Messages
	var roles []llm.Role
	for _, x := range msgs {
		roles = append(roles, x.Role)
	}
	require.Equal(t, []llm.Role{llm.Assistant, llm.User, llm.Assistant, llm.ToolRole, llm.Assistant, llm.User}, roles)
	require.Equal(t, "Hello!", msgs[0].Text)
	require.Equal(t, "Which colour?", msgs[5].Text)

	s, err := w.Get(t.Context(), "default", "sales", id)
	require.NoError(t, err)
	require.Len(t, s.Messages, 6)
	require.Equal(t, chat.Usage{Prompt: 220, Completion: 46}, s.Usage)
	require.Equal(t, 95, s.Left)
	require.False(t, s.Running)
	r, err := w.records.Get(t.Context(), "default", strings.TrimPrefix(id, "sess-"))
	require.NoError(t, err)
	require.Equal(t, conversation.Ended, r.Status)
	require.Equal(t, "text", r.Channel)
	require.Equal(t, 2, r.Turns)
	require.Equal(t, 220, r.Tokens.Input)
	require.Equal(t, "Chairs?", r.Preview)

	_, err = w.Get(t.Context(), "acme", "sales", id)
	require.Equal(t, "session_not_found", fault.CodeOf(err))
	require.NoError(t, w.Delete(t.Context(), "default", "sales", id))
	_, err = w.Get(t.Context(), "default", "sales", id)
	require.Equal(t, "session_not_found", fault.CodeOf(err))
}

// A reader that is lost reads on where it broke off, and hears nothing twice.
func TestBrokenStream(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "one two three four é five", WordsPerSec: 1000}))
	ctx, cancel := context.WithCancel(t.Context())
	st, err := w.Send(ctx, "default", "sales", chat.Incoming{Text: "Count"})
	require.NoError(t, err)
	var got, at string
	err = st.Follow(ctx, "", time.Minute, func(e chat.Event) error {
		var v struct{ Type, Content string }
		require.NoError(t, json.Unmarshal(e.Data, &v))
		got, at = got+v.Content, e.ID
		if v.Type == "content" {
			cancel()
			return context.Canceled
		}
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	again, err := w.Running(t.Context(), "default", "sales", st.Session)
	require.NoError(t, err)
	rest := w.follow(again, at)
	require.Equal(t, "one two three four é five", got+text(rest))
	require.Equal(t, "done", rest[len(rest)-1]["type"])
	require.Empty(t, w.follow(again, rest[len(rest)-1]["id"].(string)))
	require.Equal(t, "one two three four é five", text(w.follow(again, "")))
	for _, id := range []string{"x", "1.2.3", at + "9999", strings.Split(at, ".")[0] + ".-1.0", strings.Split(at, ".")[0] + ".99.0"} {
		require.Equal(t, "stream_gone", fault.CodeOf(again.Check(id)), id)
	}
}

// Stop ends a reply, and what was written of it stays.
func TestStop(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "I could go on", Hang: true}, fake.Answer{Text: "Yes."}))
	st, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Text: "Go on"})
	require.NoError(t, err)
	var all []string
	require.NoError(t, st.Follow(t.Context(), "", time.Minute, func(e chat.Event) error {
		all = append(all, string(e.Data))
		if strings.Contains(string(e.Data), "go on") {
			_, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Session: st.Session, Text: "And?"})
			require.Equal(t, "reply_running", fault.CodeOf(err))
			stopped, err := w.Stop(t.Context(), "default", "sales", st.Session)
			require.NoError(t, err)
			require.True(t, stopped)
		}
		return nil
	}))
	require.Contains(t, all[len(all)-1], `"finish_reason":"stopped"`)
	stopped, err := w.Stop(t.Context(), "default", "sales", st.Session)
	require.NoError(t, err)
	require.False(t, stopped)
	s, err := w.Get(t.Context(), "default", "sales", st.Session)
	require.NoError(t, err)
	require.Equal(t, "I could go on", s.Messages[1].Content)
	require.True(t, s.Messages[1].Stopped)
	require.Equal(t, "Yes.", text(w.say(st.Session, "Still there?")))
}

// A model that fails is told of, and the session goes on.
func TestModelFails(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "Half", Err: fault.New(fault.Unavailable, "model_overloaded", "The model is overloaded.")}, fake.Answer{Text: "Whole."}))
	evs := w.say("", "Go")
	require.Equal(t, []string{"session", "content", "error", "done"}, types(evs))
	require.Equal(t, "model_overloaded", evs[2]["code"])
	require.Equal(t, "error", evs[3]["finish_reason"])
	require.Equal(t, "degraded", w.Health().Status)
	require.Equal(t, "Whole.", text(w.say(evs[0]["session_id"].(string), "Again")))
	require.Equal(t, chat.Health{Status: "healthy", Models: map[string]string{"fake": "healthy"}}, w.Health())
}

// The bounds of a session.
func TestSessionLimits(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "Yes."}))
	w.agent.Settings.MaxMessages = 4
	id := w.say("", "1")[0]["session_id"].(string)
	w.say(id, "2")
	_, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Session: id, Text: "3"})
	require.Equal(t, "session_full", fault.CodeOf(err))
	w.agent.Settings = chat.Settings{Timeout: time.Nanosecond}
	_, err = w.Send(t.Context(), "default", "sales", chat.Incoming{Session: id, Text: "3"})
	require.Equal(t, "session_expired", fault.CodeOf(err))
	for _, session := range []string{"sess-nonsense", "sess-0198c0de-0000-7000-8000-000000000000", "../../etc"} {
		_, err = w.Send(t.Context(), "default", "sales", chat.Incoming{Session: session, Text: "3"})
		require.Equal(t, "session_not_found", fault.CodeOf(err), session)
	}
	_, err = w.Send(t.Context(), "default", "sales", chat.Incoming{Text: " \n"})
	require.Equal(t, "empty_message", fault.CodeOf(err))
	_, err = w.Send(t.Context(), "default", "nobody", chat.Incoming{Text: "3"})
	require.Equal(t, "agent_not_found", fault.CodeOf(err))
}

// Of a session that is not saved nothing is in the database.
func TestUnsaved(t *testing.T) {
	m := fake.NewLLM(fake.Answer{Text: "Yes."})
	w := newWorld(t, m)
	w.agent.Settings.Unsaved = true
	id := w.say("", "Secret", chat.Upload{Name: "a.png", Data: png})[0]["session_id"].(string)
	w.say(id, "Again")
	require.Len(t, m.Requests()[0].Messages[0].Images, 1)
	require.Len(t, m.Requests()[1].Messages, 3)
	p, err := w.records.List(t.Context(), "default", conversation.Query{})
	require.NoError(t, err)
	require.Empty(t, p.Items)
	for range w.blobs.List(t.Context(), "") {
		t.Fatal("a file is kept")
	}
	require.NoError(t, w.Delete(t.Context(), "default", "sales", id))
	_, err = w.Get(t.Context(), "default", "sales", id)
	require.Equal(t, "session_not_found", fault.CodeOf(err))
}

// png is the smallest picture.
var png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// What is shown is put before the model, in later messages too.
func TestAttachments(t *testing.T) {
	m := fake.NewLLM(fake.Answer{Text: "Nice."})
	w := newWorld(t, m)
	id := w.say("", "Look", chat.Upload{Name: `C:\pictures\a.png`, Type: "image/png", Data: "data:image/png;base64," + png},
		chat.Upload{Name: "notes.txt", Type: "text/plain", Data: base64.StdEncoding.EncodeToString([]byte("Chairs are €10"))})[0]["session_id"].(string)
	w.say(id, "And now?")
	for _, r := range m.Requests() {
		require.Equal(t, []llm.Image{{Type: "image/png", Base64: png}}, r.Messages[0].Images)
		require.Contains(t, r.Messages[0].Text, "Chairs are €10")
		require.Contains(t, r.Messages[0].Text, "Look")
	}
	s, err := w.Get(t.Context(), "default", "sales", id)
	require.NoError(t, err)
	require.Equal(t, []chat.Attachment{{Name: "a.png", Type: "image/png", Size: 70}, {Name: "notes.txt", Type: "text/plain", Size: 16}}, s.Messages[0].Attachments)
	require.NoError(t, w.Delete(t.Context(), "default", "sales", id))
	for range w.blobs.List(t.Context(), "") {
		t.Fatal("a file is left")
	}
	for code, u := range map[string]chat.Upload{
		"bad_attachment":        {Data: "%%%"},
		"attachment_too_large":  {Data: base64.StdEncoding.EncodeToString(make([]byte, 10<<20+1))},
		"attachment_unreadable": {Name: "a.exe", Data: base64.StdEncoding.EncodeToString([]byte("MZ\x00\x01\x02\xff"))},
		"document_unreadable":   {Name: "a.pdf", Data: base64.StdEncoding.EncodeToString([]byte("%PDF-1.7\n"))},
	} {
		_, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Text: "Look", Attachments: []chat.Upload{u}})
		require.Equal(t, code, fault.CodeOf(err))
	}
	_, err = w.Send(t.Context(), "default", "sales", chat.Incoming{Text: "Look", Attachments: make([]chat.Upload, 6)})
	require.Equal(t, "too_many_attachments", fault.CodeOf(err))
}

// The documented names are there.
func TestMetrics(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "Yes.", Usage: llm.Usage{Input: 7, Output: 2}}))
	w.say("", "1")
	var b strings.Builder
	require.NoError(t, w.WriteMetrics(&b))
	for _, line := range []string{"text_agent_messages_total 1", "text_agent_tokens_prompt 7", "text_agent_tokens_completion 2", "text_agent_latency_first_token_count 1", "text_agent_tools_calls 0", "text_agent_sessions_active 1", `text_agent_latency_first_token_bucket{le="+Inf"} 1`} {
		require.Contains(t, b.String(), line+"\n")
	}
}

// ends is a tool that ends the conversation.
type ends struct{}

func (ends) Spec() llm.ToolSpec  { return llm.ToolSpec{Name: "end_conversation"} }
func (ends) Policy() tool.Policy { return tool.Policy{} }
func (ends) Call(_ context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	return llm.ToolResult{CallID: c.ID, Output: "Say goodbye.", End: true}, nil
}

// An agent that ends the conversation has the last word.
func TestAgentEnds(t *testing.T) {
	for _, unsaved := range []bool{false, true} {
		w := newWorld(t, fake.NewLLM(fake.Answer{Calls: []llm.ToolCall{{ID: "c", Name: "end_conversation", Arguments: "{}"}}}, fake.Answer{Text: "Goodbye."}))
		w.agent.Settings.Unsaved = unsaved
		w.agent.Equip = func(context.Context) ([]tool.Tool, func()) { return []tool.Tool{ends{}}, func() {} }
		evs := w.say("", "Bye")
		require.Equal(t, "ended", evs[len(evs)-1]["finish_reason"])
		_, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Session: evs[0]["session_id"].(string), Text: "Wait"})
		require.Equal(t, "session_closed", fault.CodeOf(err))
	}
}

// slow is a tool that answers later.
type slow struct{ release chan struct{} }

func (slow) Spec() llm.ToolSpec  { return llm.ToolSpec{Name: "order"} }
func (slow) Policy() tool.Policy { return tool.Policy{Later: time.Millisecond} }
func (s slow) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	<-s.release
	return llm.ToolResult{CallID: c.ID, Output: "Order 7 is placed."}, nil
}

// A tool that reports later is told of in the same stream.
func TestToolReportsLater(t *testing.T) {
	release := make(chan struct{})
	n := 0
	m := fake.NewLLMFunc(func(llm.Request) fake.Answer {
		switch n++; n {
		case 1:
			return fake.Answer{Calls: []llm.ToolCall{{ID: "c", Name: "order", Arguments: "{}"}}}
		case 2:
			close(release)
			return fake.Answer{Text: "It takes a moment."}
		}
		return fake.Answer{Text: " Your order is 7."}
	})
	w := newWorld(t, m)
	w.agent.Equip = func(context.Context) ([]tool.Tool, func()) { return []tool.Tool{slow{release}}, func() {} }
	evs := w.say("", "Order")
	require.Equal(t, []string{"session", "tool_call", "tool_result", "content", "tool_result", "content", "done"}, types(evs))
	require.Equal(t, "It takes a moment. Your order is 7.", text(evs))
	msgs := m.Requests()[2].Messages
	require.Contains(t, msgs[len(msgs)-2].Text+msgs[len(msgs)-1].Text, "Order 7 is placed.")
}

// The end of the server ends replies, keeps what was written, and the session goes on with the next start.
func TestServerStops(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "I was going to", Hang: true}, fake.Answer{Text: "Here."}))
	st, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Text: "Go"})
	require.NoError(t, err)
	said := make(chan struct{})
	over := make(chan []map[string]any)
	go func() {
		var evs []map[string]any
		_ = st.Follow(context.WithoutCancel(t.Context()), "", time.Minute, func(e chat.Event) error {
			var v map[string]any
			_ = json.Unmarshal(e.Data, &v)
			if evs = append(evs, v); v["type"] == "content" {
				close(said)
			}
			return nil
		})
		over <- evs
	}()
	<-said
	w.again()
	evs := <-over
	require.Equal(t, "shutting_down", evs[len(evs)-2]["code"])
	require.Equal(t, "Here.", text(w.say(st.Session, "And?")))
	s, err := w.Get(t.Context(), "default", "sales", st.Session)
	require.NoError(t, err)
	require.Equal(t, "I was going to", s.Messages[1].Content)
}
