package conversation_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/blob"
	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a data folder with everything in it.
type world struct {
	t     *testing.T
	dir   string
	store *store.Store
	blobs *blob.Local
	log   *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
	var err error
	w.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(w.dir, "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.store.Close()) })
	w.blobs, err = blob.OpenLocal(filepath.Join(w.dir, "blobs"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.blobs.Close()) })
	return w
}

// service starts the program once; a second call is the next start. crash ends it as a dead process would, but for what its writer
// is told to write down first.
func (w *world) service() *conversation.Service { return w.serviceOn(w.store) }

func (w *world) serviceOn(st conversation.Store) *conversation.Service {
	w.t.Helper()
	s, err := conversation.NewService(conversation.Options{Store: st, Blobs: w.blobs, Dir: w.dir, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func (w *world) crash(s *conversation.Service) {
	w.t.Helper()
	require.NoError(w.t, s.Close(context.Background()))
}

var talk = conversation.Start{Tenant: "default", Agent: "reception-en", AgentName: "Reception", AgentVersion: 1, Lang: "en-GB", Channel: "talk", Remote: "me"}

func begin(t *testing.T, s *conversation.Service) *conversation.Live {
	t.Helper()
	l, err := s.Begin(t.Context(), talk)
	require.NoError(t, err)
	return l
}

// script numbers and dates bodies as a session does, 10 ms apart.
type script struct {
	l   *conversation.Live
	seq uint64
	at  time.Duration
}

func (s *script) say(t *testing.T, bodies ...event.Body) {
	t.Helper()
	require.NoError(t, s.try(bodies...))
}

func (s *script) try(bodies ...event.Body) error {
	var evs []event.Event
	for _, b := range bodies {
		s.at += 10 * time.Millisecond
		if _, ok := b.(event.Ephemeral); !ok {
			s.seq++
		}
		evs = append(evs, event.Event{Tenant: "default", Session: s.l.ID(), Seq: s.seq, At: s.l.StartedAt().Add(s.at), Body: b})
	}
	return s.l.Append(context.Background(), evs...)
}

func tone(n int, v int16) media.Frame {
	return media.Frame{Format: media.Mono(16000), PCM: bytes16(n, v)}
}

func bytes16(n int, v int16) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func journals(t *testing.T, w *world) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.dir, "journal"))
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWholeConversation(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	ctx := t.Context()
	l := begin(t, s)
	sc := &script{l: l}
	sc.say(t, event.SessionStarted{Agent: "reception-en", Leg: "talk"},
		event.UserPartial{Item: "u1", Text: "what"},
		event.UserSpoke{Item: "u1", Text: "What are your hours?", From: 0, To: event.Ms(time.Second)},
		event.ReplyStarted{Response: "r1", Item: "a1"}, event.TextDelta{Response: "r1", Item: "a1", Text: "Nine to six."},
		event.Heard{Response: "r1", Item: "a1", TextBytes: 4, Upto: event.Ms(time.Second)})
	for i := range 50 {
		at := time.Duration(i) * 20 * time.Millisecond
		l.Recorder().Caller(at, tone(320, 16384))
		l.Recorder().Agent(at+time.Second, tone(320, 8192))
	}

	r, err := s.Get(ctx, "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, conversation.Active, r.Status)
	require.Equal(t, "What are your hours?", r.Transcript[0].Text, "it can be read while it lasts")
	evs, err := s.Events(ctx, "default", l.ID())
	require.NoError(t, err)
	require.Len(t, evs, 3, "deltas are not kept")
	_, err = s.Recording(ctx, "default", l.ID())
	require.Equal(t, "no_recording", fault.CodeOf(err))
	require.Equal(t, "conversation_active", fault.CodeOf(s.Delete(ctx, "default", l.ID())))
	_, err = s.Get(ctx, "other", l.ID())
	require.Equal(t, fault.NotFound, fault.KindOf(err))

	sc.say(t, event.AgentSaid{Response: "r1", Item: "a1", Said: "Nine to six.", Text: "Nine to six.", Upto: event.Ms(time.Second)},
		event.TurnTimed{Response: "r1", Item: "u1", Turn: 1, Sent: event.Ms(600 * time.Millisecond)}, event.SessionEnded{Reason: "caller_left"})
	require.NoError(t, l.End(ctx, "caller_left", nil))
	require.NoError(t, l.End(ctx, "again", nil))
	require.Equal(t, fault.Conflict, fault.KindOf(sc.try(event.Notice{Code: "late"})))

	r, err = s.Get(ctx, "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, conversation.Ended, r.Status)
	require.Equal(t, "caller_left", r.EndReason)
	require.Equal(t, 1, r.Turns)
	require.Equal(t, 600*time.Millisecond, r.LatencyP50)
	require.Equal(t, "What are your hours?", r.Preview)
	require.Equal(t, 90*time.Millisecond, r.Duration)
	require.Len(t, r.Transcript, 2)
	require.Equal(t, 2*time.Second, r.Recording.Duration)
	require.Equal(t, "default/recordings/"+l.ID()+".wav", r.Recording.Key)
	evs, err = s.Events(ctx, "default", l.ID())
	require.NoError(t, err)
	require.Len(t, evs, 6)
	for i, e := range evs {
		require.EqualValues(t, i+1, e.Seq)
	}
	require.Empty(t, journals(t, w), "journal and working file are gone")

	rec, err := s.Recording(ctx, "default", l.ID())
	require.NoError(t, err)
	defer rec.Close()
	raw, err := io.ReadAll(rec)
	require.NoError(t, err)
	require.EqualValues(t, len(raw), rec.Size)
	f, pcm, err := media.ReadWAV(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, media.Format{Rate: 16000, Channels: 2}, f)
	require.Equal(t, []int16{16384, 0}, pcm[:2])
	require.Equal(t, []int16{0, 8192}, pcm[2*16000:2*16000+2])

	p, err := s.Peaks(ctx, "default", l.ID(), 4)
	require.NoError(t, err)
	require.Equal(t, []float64{0.5, 0.5, 0, 0}, p.Caller)
	require.Equal(t, []float64{0, 0, 0.25, 0.25}, p.Agent)

	_, err = s.Recording(ctx, "other", l.ID())
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Equal(t, fault.NotFound, fault.KindOf(s.Delete(ctx, "other", l.ID())))
	require.NoError(t, s.Delete(ctx, "default", l.ID()))
	_, _, err = w.blobs.Open(ctx, r.Recording.Key)
	require.Equal(t, fault.NotFound, fault.KindOf(err), "the recording is gone too")
	_, err = s.Get(ctx, "default", l.ID())
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestEndWithFault(t *testing.T) {
	s := newWorld(t).service()
	l := begin(t, s)
	require.NoError(t, l.End(t.Context(), "failed", fault.New(fault.Unavailable, "model_gone", "The model does not answer.")))
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, conversation.Failed, r.Status)
	require.Equal(t, "failed", r.EndReason)
	require.Equal(t, []event.Notice{{Code: "model_gone", Message: "The model does not answer."}}, r.Notices)
	evs, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, event.SessionEnded{Reason: "failed"}, evs[len(evs)-1].Body, "every log is closed")
	_, err = s.Peaks(t.Context(), "default", l.ID(), 10)
	require.Equal(t, "no_recording", fault.CodeOf(err))
}

func TestNoRecording(t *testing.T) {
	s := newWorld(t).service()
	st := talk
	st.NoRecording = true
	l, err := s.Begin(t.Context(), st)
	require.NoError(t, err)
	require.Nil(t, l.Recorder())
	l.Recorder().Caller(0, tone(320, 1))
	require.NoError(t, l.End(t.Context(), "idle", nil))
}

func TestPages(t *testing.T) {
	s := newWorld(t).service()
	ctx := t.Context()
	var ids []string
	for range 7 {
		l := begin(t, s)
		ids = append([]string{l.ID()}, ids...)
	}
	var got []string
	q := conversation.Query{Limit: 3}
	for pages := 1; ; pages++ {
		p, err := s.List(ctx, "default", q)
		require.NoError(t, err)
		require.Equal(t, 7, p.Total)
		for _, c := range p.Items {
			got = append(got, c.ID)
		}
		if q.Cursor = p.Next; q.Cursor == "" {
			require.Equal(t, 3, pages)
			break
		}
	}
	require.Equal(t, ids, got, "newest first, each once")
	for _, c := range []string{"x", "!!!", "MTIzNDU", "YWJjIGRlZg"} {
		_, err := s.List(ctx, "default", conversation.Query{Cursor: c})
		require.Equal(t, "bad_cursor", fault.CodeOf(err), c)
	}
	p, err := s.List(ctx, "other", conversation.Query{})
	require.NoError(t, err)
	require.Empty(t, p.Items)
}

// fickle is a store that fails while broken is set.
type fickle struct {
	conversation.Store
	broken bool
}

var errFull = fault.New(fault.Unavailable, "disk_full", "The disk is full.")

func (f *fickle) CreateConversation(ctx context.Context, s conversation.Summary) error {
	if f.broken {
		return errFull
	}
	return f.Store.CreateConversation(ctx, s)
}

func (f *fickle) CloseConversation(ctx context.Context, r conversation.Record, evs []event.Event) error {
	if f.broken {
		return errFull
	}
	return f.Store.CloseConversation(ctx, r, evs)
}

func TestFullDatabase(t *testing.T) {
	w := newWorld(t)
	st := &fickle{Store: w.store}
	s := w.serviceOn(st)
	st.broken = true
	_, err := s.Begin(t.Context(), talk)
	require.Equal(t, "disk_full", fault.CodeOf(err))
	st.broken = false
	l := begin(t, s)
	sc := &script{l: l}
	sc.say(t, event.UserSpoke{Item: "u", Text: "pay"}, event.ToolCalled{CallID: "k", Name: "pay"}, event.ToolReturned{CallID: "k", Name: "pay", Output: "paid"})
	l.Recorder().Caller(0, tone(3200, 5))
	st.broken = true
	err = l.End(t.Context(), "caller_left", nil)
	require.Equal(t, "disk_full", fault.CodeOf(err))
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, "paid", r.Transcript[1].Tool.Output, "it can be read though it is not in the database")
	require.Equal(t, conversation.Ended, r.Status)
	require.True(t, r.Recording.Pending)

	// The process ends before the disk has room again.
	require.Equal(t, "disk_full", fault.CodeOf(s.Close(context.Background())))
	st.broken = false
	s = w.serviceOn(st)
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r, err = s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, "caller_left", r.EndReason, "the end was known")
	require.Equal(t, "paid", r.Transcript[1].Tool.Output)
	require.Equal(t, 200*time.Millisecond, r.Recording.Duration)
	require.False(t, r.Recording.Pending)
	require.Empty(t, journals(t, w))
}

func TestBadEvents(t *testing.T) {
	s := newWorld(t).service()
	l := begin(t, s)
	err := l.Append(t.Context(), event.Event{Seq: 1}, event.Event{Seq: 2, Body: event.ItemAdded{Raw: []byte("{")}}, event.Event{Seq: 3, Body: event.Notice{Code: "x"}})
	require.Equal(t, "bad_event", fault.CodeOf(err))
	evs, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Len(t, evs, 1)
	require.Equal(t, "default", evs[0].Tenant)
	require.Equal(t, l.ID(), evs[0].Session)
}

func TestAppendKeepsNothing(t *testing.T) {
	s := newWorld(t).service()
	l := begin(t, s)
	raw := []byte(`{"a":1}`)
	evs := []event.Event{{Seq: 1, Body: event.ItemAdded{Item: "i", Raw: raw}}}
	require.NoError(t, l.Append(t.Context(), evs...))
	raw[2], evs[0] = 'b', event.Event{}
	got, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(got[0].Body.(event.ItemAdded).Raw))
}

func TestLongConversation(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	sc := &script{l: l}
	n := 100_000
	if raceEnabled {
		n = 10_000 // the database is many times slower then
	}
	for i := range n / 100 {
		var bodies []event.Body
		for j := range 100 {
			bodies = append(bodies, event.UserSpoke{Item: fmt.Sprint(i*100 + j), Text: "words and more words", From: event.Ms(time.Duration(i*100+j) * time.Millisecond)})
		}
		sc.say(t, bodies...)
	}
	require.NoError(t, l.End(t.Context(), "limit", nil))
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, n, r.Turns)
	require.Equal(t, n, len(r.Transcript))
	evs, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, n+1, len(evs))
}

func TestFileInPlaceOfTheFolder(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := conversation.NewService(conversation.Options{Store: w.store, Blobs: w.blobs, Dir: file})
	require.Error(t, err)
}

func TestBeginAfterClose(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, s.Close(t.Context()))
	_, err := s.Begin(t.Context(), talk)
	require.Equal(t, "shutting_down", fault.CodeOf(err))
}

func TestLateEnd(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, l.End(t.Context(), "shutdown", nil), "the database is still there")
	require.Empty(t, journals(t, w))
	n, err := w.service().Recover(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}
