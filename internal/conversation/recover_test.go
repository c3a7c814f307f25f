package conversation_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
)

// What a dead process leaves is what its journal holds; this one dies in the middle of a reply.
func TestCrash(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	sc := &script{l: l}
	sc.say(t, event.SessionStarted{Agent: "reception-en"}, event.UserSpoke{Item: "u1", Text: "Pay my bill."},
		event.ToolCalled{CallID: "k", Name: "pay"}, event.ToolReturned{CallID: "k", Name: "pay", Output: "paid 12 €"},
		event.ReplyStarted{Response: "r0", Item: "a0"}, event.TextDelta{Response: "r0", Item: "a0", Text: "One moment."}, event.Heard{Response: "r0", TextBytes: 11},
		event.AgentSaid{Response: "r0", Item: "a0", Said: "One moment.", Text: "One moment."},
		event.ReplyStarted{Response: "r1", Item: "a1"},
		event.TextDelta{Response: "r1", Item: "a1", Text: "C’est payé. "}, event.TextDelta{Response: "r1", Item: "a1", Text: "Merci beaucoup."},
		event.Heard{Response: "r1", Item: "a1", TextBytes: 13, Upto: event.Ms(800 * time.Millisecond)}) // in the middle of an é
	for i := range 10 {
		l.Recorder().Caller(time.Duration(i)*20*time.Millisecond, tone(320, 9))
	}
	w.crash(s)
	require.Equal(t, []string{l.ID() + ".jsonl", l.ID() + ".wav"}, journals(t, w))
	tearWAV(t, s.RecordingPath(l.ID()))

	s = w.service()
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, conversation.Ended, r.Status)
	require.Equal(t, "recovered", r.EndReason)
	require.Equal(t, 199*time.Millisecond, r.Recording.Duration, "to the millisecond; half a sample is gone")
	require.Equal(t, 199*time.Millisecond, r.Duration, "the sound went on longer than the events")
	require.Equal(t, "reception-en", r.Agent)
	require.Len(t, r.Transcript, 4)
	var heard, tool string
	for _, line := range r.Transcript {
		if line.Item == "a1" {
			heard = line.Text
			require.Equal(t, "C’est payé. Merci beaucoup.", line.Said)
			require.True(t, line.Cut)
		}
		if line.Tool != nil {
			tool = line.Tool.Output
		}
	}
	require.Equal(t, "C’est payé", heard)
	require.Equal(t, "paid 12 €", tool)
	evs, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, event.SessionEnded{Reason: "recovered"}, evs[len(evs)-1].Body)
	require.EqualValues(t, len(evs), evs[len(evs)-1].Seq)
	require.Empty(t, journals(t, w))
	n, err = s.Recover(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "once is enough")
}

// tearWAV leaves a recording as a crash does: without its length, and with half a sample.
func tearWAV(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(b[40:], "\xff\xff\xff\xff")
	copy(b[4:], "\xff\xff\xff\xff")
	require.NoError(t, os.WriteFile(path, b[:len(b)-2], 0o600))
}

func TestDamagedJournals(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		lines  int // of the transcript
		torn   bool
		skip   int
	}{
		{"whole", func(b []byte) []byte { return b }, 3, false, 0},
		{"last line torn", func(b []byte) []byte { return b[:len(b)-20] }, 2, true, 0},
		{"last line has no end", func(b []byte) []byte { return b[:len(b)-1] }, 2, true, 0},
		{"zeroes at the end", func(b []byte) []byte { return append(b, make([]byte, 4096)...) }, 3, true, 0},
		{"a line of garbage", func(b []byte) []byte {
			i := bytes.IndexByte(b, '\n') + 1
			return append(append(append([]byte{}, b[:i]...), "}{ garbage \xff\n\n"...), b[i:]...)
		}, 3, false, 2},
		{"an event that this version does not know", func(b []byte) []byte {
			return append(b, `{"tenant":"default","session":"x","seq":9,"at":"2026-01-01T00:00:00Z","type":"from.the.future","body":{}}`+"\n"...)
		}, 3, false, 1},
		{"first line lost", func(b []byte) []byte { return b[bytes.IndexByte(b, '\n')+1:] }, 3, false, 0},
		{"first line only", func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }, 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.service()
			l := begin(t, s)
			sc := &script{l: l}
			sc.say(t, event.UserSpoke{Item: "u1", Text: "one"}, event.UserSpoke{Item: "u2", Text: "two"}, event.UserSpoke{Item: "u3", Text: "three"})
			w.crash(s)
			path := s.JournalPath(l.ID())
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			b = c.damage(b)
			require.NoError(t, os.WriteFile(path, b, 0o600))
			j, err := conversation.ReadJournal(bytes.NewReader(b))
			require.NoError(t, err)
			require.Equal(t, c.torn, j.Torn)
			require.Equal(t, c.skip, j.Skipped)

			s = w.service()
			n, err := s.Recover(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, n)
			r, err := s.Get(t.Context(), "default", l.ID())
			require.NoError(t, err)
			require.Equal(t, "recovered", r.EndReason)
			require.Equal(t, "reception-en", r.Agent)
			require.Len(t, r.Transcript, c.lines)
			require.Empty(t, journals(t, w))
		})
	}
}

func TestGarbageAmongTheJournals(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	w.crash(s)
	dir := filepath.Join(w.dir, "journal")
	const id = "019aa000-0000-7000-8000-000000000000"
	for name, content := range map[string]string{
		"notes.txt": "hello", "x.jsonl": "{}", id + ".jsonl": "garbage\n\x00\x00", "019aa000-0000-7000-8000-000000000001.wav": "RIFF", ".hidden": "",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "019aa000-0000-7000-8000-000000000002.jsonl"), 0o700))
	s = w.service()
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, id+".jsonl.bad"))
	require.FileExists(t, filepath.Join(dir, "notes.txt"))
}

func TestJournalOfAnUnknownTenant(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	good := begin(t, s)
	w.crash(s)
	const id = "019aa000-0000-7000-8000-000000000000"
	bad := s.JournalPath(id)
	require.NoError(t, os.WriteFile(bad, []byte(`{"tenant":"gone","session":"`+id+`","seq":1,"at":"2026-01-01T00:00:00Z","type":"notice","body":{"code":"x","message":"m"}}`+"\n"), 0o600))
	s = w.service()
	n, err := s.Recover(t.Context())
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.Equal(t, 1, n, "the other one is recovered")
	require.FileExists(t, bad)
	r, err := s.Get(t.Context(), "default", good.ID())
	require.NoError(t, err)
	require.Equal(t, "recovered", r.EndReason)
}

// The process died between the record and the removal of its journal.
func TestCrashAfterTheRecord(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	sc := &script{l: l}
	sc.say(t, event.UserSpoke{Item: "u1", Text: "one"})
	w.crash(s)
	journal, err := os.ReadFile(s.JournalPath(l.ID()))
	require.NoError(t, err)
	s = w.service()
	_, err = s.Recover(t.Context())
	require.NoError(t, err)
	// As if the record had been written by a proper end, with a recording.
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	r.EndReason = "caller_left"
	key := "default/recordings/" + l.ID() + ".wav"
	wav := append([]byte("RIFF....WAVEfmt ................data...."), make([]byte, 4+6400)...)
	require.NoError(t, w.blobs.Put(t.Context(), key, bytes.NewReader(wav)))
	evs, err := s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.NoError(t, w.store.CloseConversation(t.Context(), r, append(evs, event.Event{Seq: 9, At: evs[0].At, Body: event.Notice{Code: "late"}})))
	require.NoError(t, os.WriteFile(s.JournalPath(l.ID()), journal, 0o600))

	s = w.service()
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	r, err = s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, "caller_left", r.EndReason)
	require.Equal(t, key, r.Recording.Key)
	require.Equal(t, 100*time.Millisecond, r.Recording.Duration)
	evs, err = s.Events(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Len(t, evs, 3)
	require.Empty(t, journals(t, w))
}

func TestRowWithoutJournal(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	w.crash(s)
	require.NoError(t, os.Remove(s.JournalPath(l.ID())))
	other := conversation.Summary{Tenant: "default", ID: "elsewhere", Node: "another node", Status: conversation.Active, StartedAt: time.UnixMilli(1)}
	require.NoError(t, w.store.CreateConversation(t.Context(), other))
	s = w.service()
	live := begin(t, s)
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	for id, want := range map[string]conversation.Status{l.ID(): conversation.Ended, live.ID(): conversation.Active, "elsewhere": conversation.Active} {
		r, err := s.Get(t.Context(), "default", id)
		require.NoError(t, err)
		require.Equal(t, want, r.Status)
	}
}

// memory is a store without a database, whose failures can be chosen.
type memory struct {
	conversation.Store
	mu     sync.Mutex
	fail   bool
	closed []conversation.Record
}

func (m *memory) setFail(fail bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

func (m *memory) records() []conversation.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

func (m *memory) CreateConversation(context.Context, conversation.Summary) error { return nil }

func (m *memory) CloseConversation(_ context.Context, r conversation.Record, _ []event.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail {
		return errFull
	}
	m.closed = append(m.closed, r)
	return nil
}

func TestJournalIsAtMost200msLate(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := conversation.NewService(conversation.Options{Store: &memory{}, Blobs: w.blobs, Dir: w.dir})
		require.NoError(t, err)
		defer s.Close(context.Background())
		l := begin(t, s)
		for _, words := range []string{"first", "second"} {
			require.NoError(t, l.Append(t.Context(), event.Event{Seq: 1, Body: event.UserSpoke{Item: words, Text: words}}))
			time.Sleep(200 * time.Millisecond)
			synctest.Wait()
			b, err := os.ReadFile(s.JournalPath(l.ID()))
			require.NoError(t, err)
			require.Contains(t, string(b), words)
		}
		// Progress is journalled while the agent is being heard, and only when there is some.
		require.NoError(t, l.Append(t.Context(), event.Event{Body: event.TextDelta{Response: "r", Text: "hello"}}))
		for range 5 {
			time.Sleep(200 * time.Millisecond)
			require.NoError(t, l.Append(t.Context()))
		}
		synctest.Wait()
		b, err := os.ReadFile(s.JournalPath(l.ID()))
		require.NoError(t, err)
		require.Equal(t, 1, strings.Count(string(b), `"progress"`))
	})
}

func TestFullDiskUnderTheJournal(t *testing.T) {
	w := newWorld(t)
	mend := conversation.OnFullDisk(t)
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		s, err := conversation.NewService(conversation.Options{Store: m, Blobs: w.blobs, Dir: w.dir})
		require.NoError(t, err)
		defer s.Close(context.Background())
		full, later := begin(t, s), begin(t, s)
		a, b := &script{l: full}, &script{l: later}
		a.say(t, event.UserSpoke{Item: "u1", Text: "one"})
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		err = a.try(event.UserSpoke{Item: "u2", Text: "two"})
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Equal(t, "disk_full", fault.CodeOf(err))
		require.NoError(t, full.End(t.Context(), "caller_left", nil))
		require.Len(t, m.records()[0].Transcript, 2, "the record is complete all the same")

		require.Error(t, b.try(event.UserSpoke{Item: "u1", Text: "one"}))
		mend()
		later.ReopenJournal() // the disk has room again: the file that was on the full one is made anew
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.NoError(t, b.try(event.UserSpoke{Item: "u2", Text: "two"}))
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		f, err := os.Open(s.JournalPath(later.ID()))
		require.NoError(t, err)
		defer f.Close()
		j, err := conversation.ReadJournal(f)
		require.NoError(t, err)
		require.Len(t, j.Events, 2, "nothing is missing from the journal")
	})
}

func TestEndIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: true}
		s, err := conversation.NewService(conversation.Options{Store: m, Blobs: w.blobs, Dir: w.dir})
		require.NoError(t, err)
		defer s.Close(context.Background())
		l := begin(t, s)
		require.Equal(t, "disk_full", fault.CodeOf(l.End(t.Context(), "caller_left", nil)))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, m.records())
		require.FileExists(t, s.JournalPath(l.ID()))
		m.setFail(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, m.records(), 1)
		require.Equal(t, "caller_left", m.records()[0].EndReason)
		require.NoFileExists(t, s.JournalPath(l.ID()))
	})
}
