// Package chat holds written conversations: a message comes in, one reply goes out in pieces, and nothing waits in between. The history is the record of the
// conversation (package conversation), which is opened for each message and closed after its reply; the reply is the same that answers callers (package live/reply).
//
// A reply belongs to the service, not to the request that began it: whoever lost the connection reads on where it broke off, for as long as the reply runs and for a
// minute afterwards.
package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"griot/internal/blob"
	"griot/internal/conversation"
	"griot/internal/fault"
	"griot/internal/knowledge/extract"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Channel is what written conversations are called in their records.
const Channel = "text"

// Settings of an agent's written conversations (specification 7.7). Zero values take the defaults.
type Settings struct {
	Timeout     time.Duration // a conversation in which nothing was written for so long is over: 30 min
	MaxMessages int           // of both sides: 100
	Unsaved     bool          // nothing is kept of the conversation once it is over
}

func (s Settings) orDefaults() Settings {
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Minute
	}
	if s.MaxMessages <= 0 {
		s.MaxMessages = 100
	}
	return s
}

// Look is how an agent shows itself to who writes to it. It is passed on as it is.
type Look struct {
	Suggestions   []string
	Color, Avatar string
}

// Agent is what answers: made for one message.
type Agent struct {
	Reference, Name string
	Version         int
	Lang            string // BCP 47
	Instructions    string
	Welcome         string // opens the conversation; empty for none
	LLM             llm.Model
	Model           string // its name
	Limits          llm.Limits
	Settings        Settings
	Look            Look
	// Equip gathers the agent's tools, nil where it has none. What cannot be had is left out. close gives them back.
	Equip func(ctx context.Context) (tools []tool.Tool, close func())
}

// Agents finds an agent that whoever asks in ctx may talk to. One that is not there is fault.NotFound.
type Agents interface {
	ChatAgent(ctx context.Context, reference string) (Agent, error)
}

// Options of a Service. Agents, Records and Blobs are needed.
type Options struct {
	Agents  Agents
	Records *conversation.Service
	Blobs   blob.Store
	Log     *slog.Logger    // nil for slog.Default()
	Stop    context.Context // done when the replies shall end; nil for when the service is closed
	Limits  Limits
	Tracer  trace.Tracer // of the turns; nil for none
}

// Limits of a Service. Zero values take the defaults.
type Limits struct {
	Reply   time.Duration // of one reply, its tools included, whether or not anybody still reads it: 5 min
	Keep    time.Duration // how long a reply that is over can be read again: 1 min
	Replies int           // under way at the same time: 2,000
}

func (l Limits) orDefaults() Limits {
	if l.Reply <= 0 {
		l.Reply = 5 * time.Minute
	}
	if l.Keep <= 0 {
		l.Keep = time.Minute
	}
	if l.Replies <= 0 {
		l.Replies = 2000
	}
	return l
}

// Service holds written conversations. It is safe for concurrent use.
type Service struct {
	agents  Agents
	records *conversation.Service
	blobs   blob.Store
	log     *slog.Logger
	lim     Limits
	figures figures

	documents *extract.Reader
	tracer    trace.Tracer

	stop context.CancelCauseFunc // ends the replies
	ctx  context.Context         // of the replies: done when the service closes
	wg   sync.WaitGroup          // the replies

	mu      sync.Mutex
	closed  bool
	running int
	streams map[place]*Stream // the last reply of each conversation, while it can be read
	brief   map[place]*brief  // the conversations of which nothing is kept
	seen    map[place]time.Time
}

// place is a tenant's conversation.
type place struct{ tenant, id string }

// errClosed is why replies end with the service.
var errClosed = fault.New(fault.Unavailable, "shutting_down", "The server is shutting down.")

// New makes a service. Call Close at the end.
func New(o Options) *Service {
	s := &Service{agents: o.Agents, records: o.Records, blobs: o.Blobs, log: o.Log, lim: o.Limits.orDefaults(), documents: extract.New(0), streams: map[place]*Stream{}, brief: map[place]*brief{}, seen: map[place]time.Time{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.tracer = o.Tracer; s.tracer == nil {
		s.tracer = noop.NewTracerProvider().Tracer("")
	}
	if o.Stop == nil {
		o.Stop = context.Background()
	}
	s.ctx, s.stop = context.WithCancelCause(o.Stop)
	s.figures.models = map[string]bool{}
	return s
}

// Close ends the replies and waits until their records are written.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, st := range s.streams {
		st.forget()
	}
	s.mu.Unlock()
	s.stop(errClosed)
	s.wg.Wait()
	return nil
}

// Usage counts tokens by the names that the specification gives them.
type Usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
}

// Message is one message of a session.
type Message struct {
	Role        string       `json:"role" enum:"system,user,assistant,tool"`
	Content     string       `json:"content"`
	Timestamp   time.Time    `json:"timestamp"`
	Tool        string       `json:"tool,omitempty" doc:"Of a tool's message: which."`
	Arguments   string       `json:"arguments,omitempty" doc:"Of a tool's message: what it was called with, JSON text."`
	Failed      bool         `json:"failed,omitempty" doc:"Of a tool's message: it could not do it."`
	Stopped     bool         `json:"stopped,omitempty" doc:"Of the agent's message: it is not whole."`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Session is a written conversation as its client sees it (specification 7.6). The agent's instructions are no part of it.
type Session struct {
	ID        string          `json:"id"`
	AgentID   string          `json:"agent_id"`
	AgentName string          `json:"agent_name"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at" doc:"When something was last written in it."`
	ExpiresAt time.Time       `json:"expires_at" doc:"When it is over, if nothing is written."`
	Messages  []Message       `json:"messages"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Usage     Usage           `json:"token_usage"`
	Left      int             `json:"messages_left" doc:"How many messages it can still take, those of both sides."`
	Running   bool            `json:"running" doc:"A reply is being written."`
}
