package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/conversation"
	"griot/internal/conversation/eartruth"
	"griot/internal/event"
)

// Conversations is what the API needs of the record of conversations; *conversation.Service has it. An id that the tenant does not have
// is fault.NotFound.
type Conversations interface {
	List(ctx context.Context, tenant string, q conversation.Query) (conversation.Page, error)
	Each(ctx context.Context, tenant string, q conversation.Query, f func(conversation.Summary) error) error
	Get(ctx context.Context, tenant, id string) (conversation.Record, error)
	Events(ctx context.Context, tenant, id string) ([]event.Event, error)
	Recording(ctx context.Context, tenant, id string) (conversation.Recording, error)
	Peaks(ctx context.Context, tenant, id string, buckets int) (conversation.Peaks, error)
	Delete(ctx context.Context, tenant, id string) error
}

// Conversation is a conversation as lists show it.
type Conversation struct {
	ID            string              `json:"id" format:"uuid"`
	Agent         string              `json:"agent" doc:"The agent's reference."`
	AgentName     string              `json:"agent_name"`
	AgentVersion  int                 `json:"agent_version" doc:"The agent's version that the conversation was begun with, and kept."`
	Language      string              `json:"language" doc:"BCP 47."`
	Channel       string              `json:"channel" example:"realtime"`
	Status        conversation.Status `json:"status" enum:"active,ended,failed"`
	StartedAt     time.Time           `json:"started_at"`
	EndedAt       *time.Time          `json:"ended_at,omitempty"`
	DurationMS    int64               `json:"duration_ms" doc:"So far, while it is active."`
	Turns         int                 `json:"turns" doc:"Of the caller, spoken or typed."`
	Interruptions int                 `json:"interruptions" doc:"How often the agent was cut short."`
	EndReason     string              `json:"end_reason" doc:"Empty while it is active." example:"caller_left"`
	LatencyP50    *event.Millis       `json:"latency_p50_ms,omitempty" doc:"Median over the turns, from the caller's last sound to the agent's first."`
	Preview       string              `json:"preview" doc:"The first words."`
	Tokens        conversation.Tokens `json:"tokens" doc:"All 0 where no model counts, and while it is active."`
	Floor         event.Floor         `json:"floor,omitempty" enum:"none,caller,model,agent" doc:"Whose move it is, while it is active: nobody's, the caller is speaking, the agent is thinking, the agent is heard. Absent where that is not known."`
}

// ConversationList is one page.
type ConversationList Page[Conversation]

// ConversationDetail is everything about a conversation but its events.
type ConversationDetail struct {
	Conversation
	Models     conversation.Models `json:"models" doc:"What it was held with."`
	Transcript []conversation.Line `json:"transcript"`
	Timings    []event.TurnTimed   `json:"timings"`
	Notices    []event.Notice      `json:"notices"`
	Recording  RecordingRef        `json:"recording"`
	Ear        *EarTruth           `json:"ear,omitempty" doc:"What the recording alone tells, beside what the pipeline timed; absent where it was not measured."`
}

// EarTruth is what was heard, whatever the pipeline believes.
type EarTruth struct{ eartruth.Report }

// RecordingRef says where the recording is.
type RecordingRef struct {
	Available  bool   `json:"available"`
	Pending    bool   `json:"pending" doc:"The conversation has ended and its recording is being written: ask again."`
	DurationMS int64  `json:"duration_ms"`
	URL        string `json:"url" doc:"Path of the WAV file (caller left, agent right); empty when there is none."`
}

// Event is one thing that happened; the body's members depend on the type.
type Event struct {
	Tenant  string     `json:"tenant"`
	Session string     `json:"session" doc:"The conversation's id."`
	Seq     uint64     `json:"seq"`
	At      time.Time  `json:"at"`
	Gen     uint64     `json:"gen,omitempty" doc:"The agent's attempt to speak that it belongs to."`
	Type    string     `json:"type" example:"user.spoke"`
	Body    event.Body `json:"body"`
}

// EventList is a conversation's kept events in order.
type EventList struct {
	Items []Event `json:"items"`
}

// ConversationChoice says which conversations are meant, and in what order; the library reads the fields of exported types only.
type ConversationChoice struct {
	Agent   string              `query:"agent" maxLength:"200" doc:"Only this agent's, by reference."`
	Status  conversation.Status `query:"status" enum:"active,ended,failed" doc:"Only in this state."`
	Channel string              `query:"channel" maxLength:"40" doc:"Only by this channel."`
	From    time.Time           `query:"from" doc:"Only those that began then or later."`
	To      time.Time           `query:"to" doc:"Only those that began before."`
	MinS    float64             `query:"min_s" minimum:"0" maximum:"1000000" doc:"Only those that lasted so many seconds or more."`
	MaxS    float64             `query:"max_s" minimum:"0" maximum:"1000000" doc:"Only those that lasted less."`
	Words   string              `query:"q" maxLength:"200" doc:"Only those in which words were said that begin with each of these; case and accents do not count. What is said in one that is active is not found yet."`
	Sort    string              `query:"sort" enum:"started,-started,duration,-duration,latency,-latency" default:"-started" doc:"With - from the last to the first."`
}

type (
	listQuery struct {
		ConversationChoice
		Paging
	}
	conversationPath struct {
		ID string `path:"id" maxLength:"64" doc:"The conversation's id."`
	}
	peaksQuery struct {
		ID      string `path:"id" maxLength:"64" doc:"The conversation's id."`
		Buckets int    `query:"buckets" minimum:"1" maximum:"800" default:"800" doc:"How many values per channel, at most."`
	}
)

func (a *api) conversations() {
	const tag = "Conversations"
	missing := []int{http.StatusNotFound}
	get(a, "/api/conversations", "list-conversations", tag, "List conversations", []int{http.StatusUnprocessableEntity}, a.listConversations)
	get(a, "/api/conversations/{id}", "get-conversation", tag, "Get a conversation with its transcript", missing, a.getConversation)
	get(a, "/api/conversations/{id}/events", "list-conversation-events", tag, "List a conversation's events", missing, a.listEvents)
	get(a, "/api/conversations/{id}/peaks", "get-conversation-peaks", tag, "Get the shape of the recording", missing,
		func(ctx context.Context, in *peaksQuery) (conversation.Peaks, error) {
			p, err := a.s.Conversations.Peaks(ctx, tenantOf(ctx), in.ID, in.Buckets)
			p.Caller, p.Agent = notNil(p.Caller), notNil(p.Agent)
			return p, err
		})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/conversations/{id}/recording", OperationID: "get-conversation-recording", Tags: []string{tag},
		Summary:     "Get the recording",
		Description: "A WAV file, caller left, agent right. Range requests are answered.",
		Errors:      missing,
		Responses: map[string]*huma.Response{
			"200": {Description: "The whole file", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
			"206": {Description: "A part of it", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
			"416": {Description: "The file has no such part"},
		},
	}, a.recording)
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodDelete, Path: "/api/conversations/{id}", OperationID: "delete-conversation", Tags: []string{tag},
		Summary: "Delete a conversation and its recording", DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, in *conversationPath) (*struct{}, error) {
		if err := a.s.Conversations.Delete(ctx, tenantOf(ctx), in.ID); err != nil {
			return nil, problemOf(ctx, "delete-conversation", err)
		}
		return nil, nil
	})
}

func (q *ConversationChoice) query() conversation.Query {
	by, down := strings.CutPrefix(q.Sort, "-")
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return conversation.Query{Choice: conversation.Choice{Agent: q.Agent, Status: q.Status, Channel: q.Channel, From: q.From, To: q.To,
		MinDuration: seconds(q.MinS), MaxDuration: seconds(q.MaxS), Words: q.Words}, Sort: conversation.Sort(by), Up: !down}
}

func (a *api) listConversations(ctx context.Context, in *listQuery) (ConversationList, error) {
	q := in.query()
	q.Limit, q.Cursor = in.Limit, in.Cursor
	page, err := a.s.Conversations.List(ctx, tenantOf(ctx), q)
	if err != nil {
		return ConversationList{}, err
	}
	out := ConversationList{Items: make([]Conversation, 0, len(page.Items)), NextCursor: page.Next, Total: page.Total}
	for _, s := range page.Items {
		out.Items = append(out.Items, conversationOf(s))
	}
	return out, nil
}

func (a *api) getConversation(ctx context.Context, in *conversationPath) (ConversationDetail, error) {
	r, err := a.s.Conversations.Get(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return ConversationDetail{}, err
	}
	d := ConversationDetail{
		Conversation: conversationOf(r.Summary), Models: r.Models,
		Transcript: notNil(r.Transcript), Timings: notNil(r.Timings), Notices: notNil(r.Notices),
	}
	if r.Ear != nil {
		d.Ear = &EarTruth{*r.Ear}
	}
	d.Recording.Pending = r.Recording.Pending
	if r.Recording.Key != "" {
		d.Recording = RecordingRef{Available: true, DurationMS: r.Recording.Duration.Milliseconds(),
			URL: fmt.Sprintf("/api/conversations/%s/recording", r.ID)}
	}
	return d, nil
}

func (a *api) listEvents(ctx context.Context, in *conversationPath) (EventList, error) {
	evs, err := a.s.Conversations.Events(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return EventList{}, err
	}
	out := EventList{Items: make([]Event, 0, len(evs))}
	for _, e := range evs {
		out.Items = append(out.Items, Event{e.Tenant, e.Session, e.Seq, e.At, uint64(e.Gen), e.Body.EventType(), e.Body})
	}
	return out, nil
}

func (a *api) recording(ctx context.Context, in *conversationPath) (*huma.StreamResponse, error) {
	rec, err := a.s.Conversations.Recording(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, problemOf(ctx, "get-conversation-recording", err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer rec.Close()
		r, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Cache-Control", "private, no-cache")
		http.ServeContent(w, r, "", rec.ModTime, rec)
	}}, nil
}

func conversationOf(s conversation.Summary) Conversation {
	c := Conversation{
		ID: s.ID, Agent: s.Agent, AgentName: s.AgentName, AgentVersion: s.AgentVersion, Language: s.Lang, Channel: s.Channel, Status: s.Status,
		StartedAt: s.StartedAt, DurationMS: s.Duration.Milliseconds(), Turns: s.Turns, Interruptions: s.Interruptions,
		EndReason: s.EndReason, Preview: s.Preview, Tokens: s.Tokens, Floor: s.Floor,
	}
	if !s.EndedAt.IsZero() {
		c.EndedAt = &s.EndedAt
	}
	if s.LatencyP50 > 0 {
		ms := event.Ms(s.LatencyP50)
		c.LatencyP50 = &ms
	}
	return c
}
