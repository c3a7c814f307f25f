package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
)

var _ conversation.Store = (*Store)(nil)

// summaryRow is what lists read of a conversation.
type summaryRow struct {
	Tenant        string        `db:"tenant_id"`
	ID            string        `db:"id"`
	Agent         string        `db:"agent"`
	AgentName     string        `db:"agent_name"`
	AgentVersion  int64         `db:"agent_version"`
	Lang          string        `db:"lang"`
	Channel       string        `db:"channel"`
	Remote        string        `db:"remote"`
	Node          string        `db:"node"`
	Status        string        `db:"status"`
	StartedAt     int64         `db:"started_at"`
	EndedAt       sql.NullInt64 `db:"ended_at"`
	DurationMS    int64         `db:"duration_ms"`
	Turns         int64         `db:"turns"`
	Interruptions int64         `db:"interruptions"`
	EndReason     string        `db:"end_reason"`
	LatencyUS     int64         `db:"latency_p50_us"`
	Preview       string        `db:"preview"`
	Input         int64         `db:"tokens_in"`
	Cached        int64         `db:"tokens_cached"`
	Output        int64         `db:"tokens_out"`
	AudioInput    int64         `db:"audio_in"`
	AudioCached   int64         `db:"audio_cached"`
	AudioOutput   int64         `db:"audio_out"`
}

// recordRow is a whole row.
type recordRow struct {
	summaryRow
	STT            string `db:"stt"`
	LLM            string `db:"llm"`
	TTS            string `db:"tts"`
	Delays         string `db:"delays"`     // of the turns, by the pipeline, in whole ms: "612,431"
	EarDelays      string `db:"ear_delays"` // the same by ear
	Transcript     string `db:"transcript"`
	Timings        string `db:"timings"`
	Notices        string `db:"notices"`
	Peaks          string `db:"peaks"`
	Ear            string `db:"ear"`
	RecordingKey   string `db:"recording_key"`
	RecordingMS    int64  `db:"recording_ms"`
	RecordingBytes int64  `db:"recording_bytes"`
}

type eventRow struct {
	Tenant       string `db:"tenant_id"`
	Conversation string `db:"conversation_id"`
	N            int64  `db:"n"`
	Seq          int64  `db:"seq"`
	AtUS         int64  `db:"at_us"`
	Gen          int64  `db:"gen"`
	Type         string `db:"type"`
	Body         string `db:"body"`
}

// CreateConversation writes a conversation's row as it begins.
func (s *Store) CreateConversation(ctx context.Context, c conversation.Summary) error {
	row, err := rowOf(conversation.Record{Summary: c})
	if err != nil {
		return err
	}
	v := values(row)
	_, err = s.exec(ctx, s.write, "INSERT INTO conversations ("+columns[recordRow]()+") VALUES "+marks(len(v), 1), v...)
	if err != nil {
		return s.dialect.fault(err, "open the conversation's record")
	}
	return nil
}

// closeSQL replaces the row, whoever wrote it: a conversation is recovered even when its first write was lost.
var closeSQL = func() string {
	names := fieldNames[recordRow]()
	var set []string
	for _, n := range names {
		if n != "tenant_id" && n != "id" {
			set = append(set, n+" = excluded."+n)
		}
	}
	return "INSERT INTO conversations (" + columns[recordRow]() + ") VALUES " + marks(len(names), 1) +
		" ON CONFLICT (tenant_id, id) DO UPDATE SET " + strings.Join(set, ", ")
}()

// eventBatch is how many events one INSERT takes: PostgreSQL allows 65,535 values, SQLite 32,766.
const eventBatch = 500

// CloseConversation writes the record and the events of a conversation that is over, in one transaction. Doing it again replaces both.
func (s *Store) CloseConversation(ctx context.Context, r conversation.Record, evs []event.Event) error {
	row, err := rowOf(r)
	if err != nil {
		return err
	}
	// Encoded before the transaction, which on SQLite keeps every other writer waiting.
	rows := make([]eventRow, len(evs))
	for i, e := range evs {
		body, err := json.Marshal(e.Body)
		if err != nil {
			return fmt.Errorf("encode event %d (%s): %w", e.Seq, e.Body.EventType(), err)
		}
		rows[i] = eventRow{r.Tenant, r.ID, int64(i), int64(e.Seq), e.At.UnixMicro(), int64(e.Gen), e.Body.EventType(), string(body)}
	}
	words := wordsOf(r.Transcript)
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := s.exec(ctx, tx, closeSQL, values(row)...); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `INSERT INTO conversation_words (tenant_id, conversation_id, words) VALUES (?, ?, ?)
			ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET words = excluded.words`, r.Tenant, r.ID, words); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, "DELETE FROM events WHERE tenant_id = ? AND conversation_id = ?", r.Tenant, r.ID); err != nil {
			return err
		}
		width := len(fieldNames[eventRow]())
		for len(rows) > 0 {
			batch := rows[:min(eventBatch, len(rows))]
			rows = rows[len(batch):]
			args := make([]any, 0, width*len(batch))
			for _, e := range batch {
				args = append(args, values(e)...)
			}
			if _, err := s.exec(ctx, tx, "INSERT INTO events ("+columns[eventRow]()+") VALUES "+marks(width, len(batch)), args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.dialect.fault(err, "write the conversation's record")
	}
	return nil
}

// UnfinishedConversations returns the active conversations of a node, oldest first, whoever's they are.
func (s *Store) UnfinishedConversations(ctx context.Context, node string) ([]conversation.Summary, error) {
	rows, err := all[summaryRow](ctx, s, s.read,
		"SELECT "+columns[summaryRow]()+" FROM conversations WHERE node = ? AND status = ? ORDER BY started_at, id", clean(node), string(conversation.Active))
	if err != nil {
		return nil, s.dialect.fault(err, "list unfinished conversations")
	}
	return summaries(rows), nil
}

// Conversation returns a conversation's record.
func (s *Store) Conversation(ctx context.Context, tenant, id string) (conversation.Record, error) {
	rows, err := all[recordRow](ctx, s, s.read, "SELECT "+columns[recordRow]()+" FROM conversations WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	if err != nil {
		return conversation.Record{}, s.dialect.fault(err, "read the conversation")
	}
	if len(rows) == 0 {
		return conversation.Record{}, conversationNotFound(id)
	}
	return rows[0].record()
}

// ConversationEvents returns a conversation's events in order. Those of a type that this version does not know are left out, and logged.
func (s *Store) ConversationEvents(ctx context.Context, tenant, id string) ([]event.Event, error) {
	type found struct {
		ID string `db:"id"`
	}
	have, err := all[found](ctx, s, s.read, "SELECT id FROM conversations WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	if err != nil {
		return nil, s.dialect.fault(err, "read the conversation")
	}
	if len(have) == 0 {
		return nil, conversationNotFound(id)
	}
	var out []event.Event
	err = each(ctx, s, s.read, func(r eventRow) error {
		e, err := r.event()
		if err != nil {
			slog.WarnContext(ctx, "event left out", "conversation", id, "error", err)
			return nil
		}
		out = append(out, e)
		return nil
	}, "SELECT "+columns[eventRow]()+" FROM events WHERE tenant_id = ? AND conversation_id = ? ORDER BY n", clean(tenant), clean(id))
	if err != nil {
		return nil, s.dialect.fault(err, "read the conversation's events")
	}
	return out, nil
}

// DeleteConversation removes a conversation and its events.
func (s *Store) DeleteConversation(ctx context.Context, tenant, id string) error {
	n, err := s.exec(ctx, s.write, "DELETE FROM conversations WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	if err != nil {
		return s.dialect.fault(err, "delete the conversation")
	}
	if n == 0 {
		return conversationNotFound(id)
	}
	return nil
}

func conversationNotFound(id string) error {
	f := fault.New(fault.NotFound, "conversation_not_found", "There is no conversation %q.", id)
	f.Params = map[string]string{"id": id}
	return f
}

func rowOf(r conversation.Record) (recordRow, error) {
	row := recordRow{
		summaryRow: summaryRow{
			Tenant: r.Tenant, ID: r.ID, Agent: clean(r.Agent), AgentName: clean(r.AgentName), AgentVersion: int64(r.AgentVersion),
			Lang: clean(r.Lang), Channel: clean(r.Channel), Remote: clean(r.Remote), Node: clean(r.Node), Status: string(r.Status),
			StartedAt: r.StartedAt.UnixMilli(), DurationMS: r.Duration.Milliseconds(), Turns: int64(r.Turns),
			Interruptions: int64(r.Interruptions), EndReason: clean(r.EndReason), LatencyUS: r.LatencyP50.Microseconds(), Preview: clean(r.Preview),
			Input: int64(r.Tokens.Input), Cached: int64(r.Tokens.Cached), Output: int64(r.Tokens.Output),
			AudioInput: int64(r.Tokens.AudioInput), AudioCached: int64(r.Tokens.AudioCached), AudioOutput: int64(r.Tokens.AudioOutput),
		},
		STT: clean(r.Models.STT), LLM: clean(r.Models.LLM), TTS: clean(r.Models.TTS),
		RecordingKey: r.Recording.Key, RecordingMS: r.Recording.Duration.Milliseconds(), RecordingBytes: r.Recording.Bytes,
	}
	row.Delays, row.EarDelays = delaysOf(r)
	if !r.EndedAt.IsZero() {
		row.EndedAt = sql.NullInt64{Int64: r.EndedAt.UnixMilli(), Valid: true}
	}
	for _, c := range []struct {
		to   *string
		from any
	}{{&row.Transcript, r.Transcript}, {&row.Timings, r.Timings}, {&row.Notices, r.Notices}, {&row.Peaks, r.Peaks}, {&row.Ear, r.Ear}} {
		b, err := json.Marshal(c.from)
		if err != nil {
			return row, fmt.Errorf("encode the conversation's record: %w", err)
		}
		*c.to = string(b)
	}
	return row, nil
}

func summaries(rows []summaryRow) []conversation.Summary {
	out := make([]conversation.Summary, len(rows))
	for i, r := range rows {
		out[i] = r.summary()
	}
	return out
}

func (r summaryRow) summary() conversation.Summary {
	c := conversation.Summary{
		Tenant: r.Tenant, ID: r.ID, Agent: r.Agent, AgentName: r.AgentName, AgentVersion: int(r.AgentVersion), Lang: r.Lang,
		Channel: r.Channel, Remote: r.Remote, Node: r.Node, Status: conversation.Status(r.Status), StartedAt: time.UnixMilli(r.StartedAt).UTC(),
		Duration: time.Duration(r.DurationMS) * time.Millisecond, Turns: int(r.Turns), Interruptions: int(r.Interruptions),
		EndReason: r.EndReason, LatencyP50: time.Duration(r.LatencyUS) * time.Microsecond, Preview: r.Preview,
		Tokens: conversation.Tokens{Input: int(r.Input), Cached: int(r.Cached), Output: int(r.Output),
			AudioInput: int(r.AudioInput), AudioCached: int(r.AudioCached), AudioOutput: int(r.AudioOutput)},
	}
	if r.EndedAt.Valid {
		c.EndedAt = time.UnixMilli(r.EndedAt.Int64).UTC()
	}
	return c
}

func (r recordRow) record() (conversation.Record, error) {
	c := conversation.Record{
		Summary: r.summary(),
		Models:  conversation.Models{STT: r.STT, LLM: r.LLM, TTS: r.TTS},
		Recording: conversation.RecordingInfo{
			Key: r.RecordingKey, Duration: time.Duration(r.RecordingMS) * time.Millisecond, Bytes: r.RecordingBytes},
	}
	for _, x := range []struct {
		from string
		to   any
	}{{r.Transcript, &c.Transcript}, {r.Timings, &c.Timings}, {r.Notices, &c.Notices}, {r.Peaks, &c.Peaks}, {r.Ear, &c.Ear}} {
		if err := json.Unmarshal([]byte(x.from), x.to); err != nil {
			return c, fmt.Errorf("decode the record of conversation %s: %w", r.ID, err)
		}
	}
	return c, nil
}

// event decodes through the log's own JSON, which knows every body.
func (r eventRow) event() (event.Event, error) {
	raw, err := json.Marshal(struct {
		Tenant  string          `json:"tenant"`
		Session string          `json:"session"`
		Seq     uint64          `json:"seq"`
		At      time.Time       `json:"at"`
		Gen     event.Gen       `json:"gen"`
		Type    string          `json:"type"`
		Body    json.RawMessage `json:"body"`
	}{r.Tenant, r.Conversation, uint64(r.Seq), time.UnixMicro(r.AtUS).UTC(), event.Gen(r.Gen), r.Type, json.RawMessage(r.Body)})
	if err != nil {
		return event.Event{}, fmt.Errorf("event %d: %w", r.Seq, err)
	}
	var e event.Event
	err = json.Unmarshal(raw, &e)
	return e, err
}

// clean takes out what a text column of PostgreSQL does not hold.
func clean(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD") }
