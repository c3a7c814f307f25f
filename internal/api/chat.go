package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/chat"
	"griot/internal/fault"
)

// MaxChatBody is the largest body of a message with attachments, in bytes.
const MaxChatBody = 32 << 20

// chatBeat is how often a stream of events shows that it lives, so that nothing in between takes it for dead.
const chatBeat = 15 * time.Second

type (
	// ChatSession is a written conversation.
	ChatSession struct{ chat.Session }
	// ChatProfile is what a client has to know of an agent before it writes to it.
	ChatProfile struct{ chat.Profile }
	// ChatHealth says how models do.
	ChatHealth struct{ chat.Health }
	// ChatPath names an agent.
	ChatPath struct {
		Agent string `path:"id" maxLength:"63" example:"reception-en" doc:"The agent's reference."`
	}
	// ChatQuery names a session.
	ChatQuery struct {
		Session string `query:"session_id" maxLength:"64" required:"true" example:"sess-0198c0de-0000-7000-8000-000000000000"`
	}
	// ChatAttachment is a file that a message shows.
	ChatAttachment struct {
		_    struct{} `additionalProperties:"true"`
		Type string   `json:"type,omitempty" maxLength:"40" doc:"image, file, … What it is, its bytes tell." example:"image"`
		Data string   `json:"data" doc:"Base64, of 10 MB at most." example:"iVBORw0KGgo="`
		MIME string   `json:"mime_type,omitempty" maxLength:"200" example:"image/png"`
		Name string   `json:"name,omitempty" maxLength:"400" example:"chair.png"`
	}
	chatMessage struct {
		ChatPath
		LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"The id of the last event that arrived: the stream of the session's last reply goes on after it, and no message is sent."`
		Body        struct {
			_           struct{}         `additionalProperties:"true"`
			Message     string           `json:"message,omitempty" maxLength:"32000"`
			Session     string           `json:"session_id,omitempty" maxLength:"64" doc:"Left out, the message begins a session."`
			Attachments []ChatAttachment `json:"attachments,omitempty" maxItems:"5"`
			Metadata    map[string]any   `json:"metadata,omitempty" doc:"Kept with a session that begins; 8 KB at most." example:"{\"user_id\":\"user-123\"}"`
		}
	}
	chatAgain struct {
		ChatPath
		ChatQuery
		LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"The id of the last event that arrived."`
	}
	chatRead struct {
		ChatPath
		ChatQuery
	}
	chatNew struct {
		ChatPath
		Body struct {
			_        struct{}       `additionalProperties:"true"`
			Metadata map[string]any `json:"metadata,omitempty" doc:"8 KB at most."`
		}
	}
	chatStop struct {
		ChatPath
		Body struct {
			Session string `json:"session_id" maxLength:"64"`
		}
	}
	chatStopped struct {
		Stopped bool `json:"stopped" doc:"There was a reply to stop."`
	}
	// ChatSessionPath names a session.
	ChatSessionPath struct {
		ChatPath
		Session string `path:"session_id" maxLength:"64"`
	}
	chatExport struct {
		ChatSessionPath
		Format string `query:"format" enum:"md,json" default:"md"`
	}
)

func (a *api) chat() {
	const tag = "Text agents"
	missing := []int{http.StatusNotFound}
	stream := eventStream()
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: "/text-agents/api/{id}/chat/stream", OperationID: "send-chat-message", Tags: []string{tag}, Summary: "Send a message and read the reply while it is written",
		Description: "Server-sent events named message, with JSON: {\"type\":\"session\",\"session_id\"} first, then content, tool_call, tool_result, perhaps error, and done with usage at the end. " +
			"The reply goes on when the connection is lost: ask again with Last-Event-ID and session_id while it is written, or in the minute after.",
		MaxBodyBytes: MaxChatBody, BodyReadTimeout: 2 * time.Minute,
		Errors:    []int{http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable},
		Responses: stream,
	}, a.sendChat)
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/text-agents/api/{id}/chat/stream", OperationID: "follow-chat-reply", Tags: []string{tag}, Summary: "Read a session's last reply, while it is written or in the minute after",
		Errors: missing, Responses: stream,
	}, func(ctx context.Context, in *chatAgain) (*huma.StreamResponse, error) {
		return a.followChat(ctx, "follow-chat-reply", in.Agent, in.Session, in.LastEventID)
	})
	change(a, http.MethodPost, "/text-agents/api/{id}/chat/stop", "stop-chat-reply", tag, "Stop the reply that is being written", 0, missing, func(ctx context.Context, in *chatStop) (chatStopped, error) {
		if err := a.own(ctx, in.Agent, in.Body.Session); err != nil {
			return chatStopped{}, err
		}
		stopped, err := a.s.Chat.Stop(ctx, tenantOf(ctx), in.Agent, in.Body.Session)
		return chatStopped{stopped}, err
	})
	get(a, "/text-agents/api/{id}", "get-chat-agent", tag, "Get what a client has to know of an agent before it writes to it", missing, func(ctx context.Context, in *ChatPath) (ChatProfile, error) {
		p, err := a.s.Chat.Profile(ctx, in.Agent)
		return ChatProfile{p}, err
	})
	get(a, "/text-agents/api/{id}/session", "get-chat-session", tag, "Get a session", missing, func(ctx context.Context, in *chatRead) (ChatSession, error) {
		s, err := a.chatOf(ctx, in.Agent, in.Session)
		return ChatSession{s}, err
	})
	change(a, http.MethodPost, "/text-agents/api/{id}/session", "create-chat-session", tag, "Begin a session", http.StatusCreated, missing, func(ctx context.Context, in *chatNew) (ChatSession, error) {
		if err := a.admitted(ctx, in.Agent); err != nil {
			return ChatSession{}, err
		}
		meta, err := metadataOf(ctx, in.Body.Metadata)
		if err != nil {
			return ChatSession{}, err
		}
		s, err := a.s.Chat.Create(ctx, tenantOf(ctx), in.Agent, meta)
		return ChatSession{shownTo(ctx, s)}, err
	})
	remove(a, http.MethodDelete, "/text-agents/api/{id}/session/{session_id}", "delete-chat-session", tag, "Delete a session and everything that was kept of it", []int{http.StatusNotFound, http.StatusConflict}, func(ctx context.Context, in *ChatSessionPath) error {
		return a.s.Chat.Delete(ctx, tenantOf(ctx), in.Agent, in.Session)
	})
	text := &huma.Schema{Type: "string"}
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/text-agents/api/{id}/session/{session_id}/export", OperationID: "export-chat-session", Tags: []string{tag}, Summary: "Export a session as a file", Errors: missing,
		Responses: map[string]*huma.Response{"200": {Description: "The session", Content: map[string]*huma.MediaType{"text/markdown": {Schema: text}, "application/json": {Schema: &huma.Schema{Type: "object"}}}}},
	}, a.exportChat)
	get(a, "/text-agents/health", "get-chat-health", tag, "Say how the models of written conversations do", nil, func(context.Context, *struct{}) (ChatHealth, error) {
		return ChatHealth{a.s.Chat.Health()}, nil
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/text-agents/metrics", OperationID: "get-chat-metrics", Tags: []string{tag}, Summary: "Get the figures of written conversations for Prometheus",
		Responses: map[string]*huma.Response{"200": {Description: "Prometheus's text format", Content: map[string]*huma.MediaType{"text/plain": {Schema: text}}}},
	}, func(context.Context, *struct{}) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humago.Unwrap(hc)
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			_ = a.s.Chat.WriteMetrics(w) // the client may be gone
		}}, nil
	})
}

// metadataOf is what a client says of a session, as it is kept. Whose a visitor's session is says the token.
func metadataOf(ctx context.Context, m map[string]any) (json.RawMessage, error) {
	m = visited(ctx, m)
	if len(m) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(m)
	if err != nil || len(b) > 8<<10 {
		return nil, fault.New(fault.Invalid, "metadata_too_large", "The metadata is larger than 8 KB.").At("body.metadata")
	}
	return b, nil
}

func (a *api) sendChat(ctx context.Context, in *chatMessage) (*huma.StreamResponse, error) {
	const id = "send-chat-message"
	if in.LastEventID != "" {
		return a.followChat(ctx, id, in.Agent, in.Body.Session, in.LastEventID)
	}
	if err := errors.Join(a.own(ctx, in.Agent, in.Body.Session), a.mayWrite(ctx)); err != nil {
		return nil, problemOf(ctx, id, err)
	}
	meta, err := metadataOf(ctx, in.Body.Metadata)
	if err != nil {
		return nil, problemOf(ctx, id, err)
	}
	m := chat.Incoming{Session: in.Body.Session, Text: in.Body.Message, Metadata: meta}
	for _, f := range in.Body.Attachments {
		m.Attachments = append(m.Attachments, chat.Upload{Name: f.Name, Type: f.MIME, Data: f.Data})
	}
	st, err := a.s.Chat.Send(ctx, tenantOf(ctx), in.Agent, m)
	if err != nil {
		return nil, problemOf(ctx, id, err)
	}
	return streamChat(ctx, st, ""), nil
}

// followChat goes on with a reply that a reader lost.
func (a *api) followChat(ctx context.Context, id, agent, session, after string) (*huma.StreamResponse, error) {
	if err := a.own(ctx, agent, session); err != nil {
		return nil, problemOf(ctx, id, err)
	}
	st, err := a.s.Chat.Running(ctx, tenantOf(ctx), agent, session)
	if err == nil {
		err = st.Check(after)
	}
	if err != nil {
		return nil, problemOf(ctx, id, err)
	}
	return streamChat(ctx, st, after), nil
}

func streamChat(ctx context.Context, st *chat.Stream, after string) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would keep the events back
		out := http.NewResponseController(w)
		_ = out.SetReadDeadline(time.Time{}) // that of the body would end the request in the middle of the reply
		// Whatever ends it, the far end asks again.
		_ = st.Follow(ctx, after, chatBeat, func(e chat.Event) error {
			_ = out.SetWriteDeadline(time.Now().Add(streamWrite)) // not every server can
			text := ": still there\n\n"
			if e.Data != nil {
				if e.Data = forVisitors(ctx, e.Data); e.Data == nil {
					return nil
				}
				text = fmt.Sprintf("event: message\nid: %s\ndata: %s\n\n", e.ID, e.Data)
			}
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return out.Flush()
		})
	}}
}

func (a *api) exportChat(ctx context.Context, in *chatExport) (*huma.StreamResponse, error) {
	s, err := a.s.Chat.Get(ctx, tenantOf(ctx), in.Agent, in.Session)
	if err != nil {
		return nil, problemOf(ctx, "export-chat-session", err)
	}
	kind, body := "text/markdown; charset=utf-8", []byte(chat.Markdown(s))
	if in.Format == "json" {
		kind = "application/json"
		if body, err = json.MarshalIndent(s, "", "  "); err != nil {
			return nil, problemOf(ctx, "export-chat-session", err)
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Disposition", `attachment; filename="`+s.ID+"."+in.Format+`"`)
		_, _ = w.Write(body) // the client may be gone
	}}, nil
}

// bodyLimit is how large a request's body may be.
func bodyLimit(r *http.Request) int64 {
	if strings.HasPrefix(r.URL.Path, "/text-agents/api/") && strings.HasSuffix(r.URL.Path, "/chat/stream") {
		return MaxChatBody
	}
	if r.URL.Path == transcriptions {
		return MaxSound
	}
	return MaxBody
}
