package chat_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/blob"
	"griot/internal/chat"
	"griot/internal/conversation"
	"griot/internal/model/llm"
	"griot/internal/store"
)

// waiting is a model that says a word and then waits until it is let go.
type waiting struct {
	said sync.WaitGroup
	free chan struct{}
}

func (w *waiting) Generate(ctx context.Context, _ llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if !yield(llm.Delta{Text: "Hello "}, nil) {
			return
		}
		w.said.Done()
		select {
		case <-w.free:
			yield(llm.Delta{Text: "there.", Stop: llm.StopEnd}, nil)
		case <-ctx.Done():
			yield(llm.Delta{}, ctx.Err())
		}
	}
}

// agents is one agent.
type agents chat.Agent

func (a agents) ChatAgent(context.Context, string) (chat.Agent, error) { return chat.Agent(a), nil }

func service(b *testing.B, m llm.Model) *chat.Service {
	b.Helper()
	dir := b.TempDir()
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(b, err)
	blobs, err := blob.OpenLocal(filepath.Join(dir, "blobs"))
	require.NoError(b, err)
	records, err := conversation.NewService(conversation.Options{Store: db, Blobs: blobs, Dir: dir})
	require.NoError(b, err)
	s := chat.New(chat.Options{Agents: agents{Reference: "sales", Name: "Sales", Version: 1, Lang: "en", Instructions: "Sell.", LLM: m, Model: "fake"}, Records: records, Blobs: blobs})
	b.Cleanup(func() {
		require.NoError(b, s.Close())
		require.NoError(b, records.Close(context.Background()))
		require.NoError(b, blobs.Close())
		require.NoError(b, db.Close())
	})
	return s
}

// BenchmarkStreams holds 1,000 replies that are being written, each with a reader over HTTP, and tells what one takes: the server's side and the reader's, which are one
// process here.
func BenchmarkStreams(b *testing.B) {
	const n = 1000
	m := &waiting{free: make(chan struct{})}
	s := service(b, m)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st, err := s.Send(r.Context(), "default", "sales", chat.Incoming{Text: "Hello"})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = st.Follow(r.Context(), "", time.Minute, func(e chat.Event) error {
			_, err := w.Write(e.Data)
			w.(http.Flusher).Flush()
			return err
		})
	}))
	defer srv.Close()
	for b.Loop() {
		m.free = make(chan struct{})
		before := memory()
		m.said.Add(n)
		var done sync.WaitGroup
		for range n {
			done.Go(func() {
				resp, err := http.Get(srv.URL)
				if err != nil {
					b.Error(err)
					m.said.Done()
					return
				}
				defer resp.Body.Close()
				buf := make([]byte, 512)
				for {
					if _, err := resp.Body.Read(buf); err != nil {
						return
					}
				}
			})
		}
		m.said.Wait()
		b.ReportMetric(float64(memory()-before)/n/1000, "KB/stream")
		close(m.free)
		done.Wait()
		http.DefaultClient.CloseIdleConnections()
	}
}

// memory is what the heap and the stacks take, in bytes.
func memory() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapInuse + s.StackInuse)
}

// BenchmarkOpen opens sessions of which 10,000 are stored: it reads one, and continues one with a message whose answer comes at once.
func BenchmarkOpen(b *testing.B) {
	m := &waiting{free: make(chan struct{})}
	close(m.free)
	s := service(b, m)
	say := func(session string) string {
		m.said.Add(1)
		st, err := s.Send(b.Context(), "default", "sales", chat.Incoming{Session: session, Text: "What do your chairs cost?"})
		require.NoError(b, err)
		require.NoError(b, st.Follow(b.Context(), "", time.Minute, func(chat.Event) error { return nil }))
		return st.Session
	}
	var long string
	for range 50 { // as many messages as a session may have
		long = say(long)
	}
	var some string
	for range 9999 {
		v, err := s.Create(b.Context(), "default", "sales", nil)
		require.NoError(b, err)
		some = v.ID
	}
	b.Run("a new one", func(b *testing.B) {
		for b.Loop() {
			_, err := s.Get(b.Context(), "default", "sales", some)
			require.NoError(b, err)
		}
	})
	b.Run("a full one", func(b *testing.B) {
		for b.Loop() {
			v, err := s.Get(b.Context(), "default", "sales", long)
			require.NoError(b, err)
			require.Len(b, v.Messages, 100)
		}
	})
	b.Run("and continue it", func(b *testing.B) {
		id := say("")
		n := 0
		for b.Loop() {
			if n++; n%40 == 0 {
				id = say("")
			}
			say(id)
		}
	})
}
