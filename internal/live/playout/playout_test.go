package playout

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/model/tts"
)

// ear is a leg that remembers what it was given, and when.
type ear struct {
	mu     sync.Mutex
	frames []played
	clears []time.Time
	acks   chan transport.Heard
	start  time.Time
}

type played struct {
	gen event.Gen
	at  time.Duration
	pcm []int16
}

func (e *ear) Info() transport.Info {
	return transport.Info{Out: media.Mono(8000), Ahead: 200 * time.Millisecond}
}
func (e *ear) Recv(context.Context, *transport.Inbound) error { return io.EOF }
func (e *ear) Play(_ context.Context, g event.Gen, f media.Frame) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frames = append(e.frames, played{g, time.Since(e.start), append([]int16(nil), f.PCM...)})
	return nil
}
func (e *ear) Clear(context.Context, event.Gen) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clears = append(e.clears, time.Now())
	return nil
}
func (e *ear) Heard() <-chan transport.Heard { return e.acks }
func (e *ear) Close(string) error            { return nil }

// rig runs a player in a bubble of virtual time.
type rig struct {
	*Player
	ear   *ear
	notes []Note
	tap   []int16
	mu    sync.Mutex
	end   func()
}

func start(acks bool) *rig {
	r := &rig{ear: &ear{start: time.Now()}}
	if acks {
		r.ear.acks = make(chan transport.Heard, 8)
	}
	r.Player = New(r.ear, func(n Note) { r.mu.Lock(); r.notes = append(r.notes, n); r.mu.Unlock() },
		func(_ time.Duration, f media.Frame) { r.tap = append(r.tap, f.PCM...) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	r.end = func() { cancel(); <-done }
	return r
}

func (r *rig) note(k NoteKind, g event.Gen) *Note {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.notes {
		if n.Kind == k && n.Gen == g {
			return &n
		}
	}
	return nil
}

// ramp makes samples that tell where they come from.
func ramp(from, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16((from + i) % 30000)
	}
	return s
}

// words gives marks for words of 200 ms each over the text, which must be separated by single blanks.
func words(text string) (ms []tts.Mark) {
	from, at := 0, time.Duration(0)
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == ' ' {
			ms = append(ms, tts.Mark{Kind: tts.Word, Text: from, Len: i - from, At: at})
			at += 200 * time.Millisecond
			from = i + 1
		}
	}
	return append(ms, tts.Mark{Kind: tts.Sentence, Text: 0, Len: len(text), At: at})
}

func TestPacingFollowsAMonotonicOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(false)
		defer r.end()
		r.Begin(1)
		r.Said(1, "one two three four five")
		require.NoError(t, r.Write(t.Context(), 1, ramp(0, 8000), words("one two three four five")))
		r.Finish(1, true)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Len(t, r.ear.frames, 50)
		for i, f := range r.ear.frames {
			want := max(0, time.Duration(i)*20*time.Millisecond-200*time.Millisecond)
			require.Equal(t, want, f.at, "frame %d", i)
		}
		require.Equal(t, ramp(0, 8000), r.tap, "the tap sees every sample once")
		s := r.note(Settled, 1)
		require.NotNil(t, s)
		require.Equal(t, time.Second, s.Upto)
		require.Equal(t, len("one two three four five"), s.Text)
	})
}

func TestCutIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(false)
		defer r.end()
		r.Begin(1)
		text := "one two three four five six seven"
		r.Said(1, text)
		writer := make(chan error, 1)
		// A voice that keeps talking after being told to stop.
		go func() {
			var err error
			for i := 0; err == nil; i++ {
				var ms []tts.Mark
				if i == 0 {
					ms = words(text)
				}
				err = r.Write(t.Context(), 1, ramp(i*800, 800), ms)
			}
			writer <- err
		}()
		time.Sleep(750 * time.Millisecond)
		synctest.Wait()
		r.Cut(t.Context(), 2)
		synctest.Wait()
		require.ErrorIs(t, <-writer, ErrStale)
		n := len(r.ear.frames)
		require.Len(t, r.ear.clears, 1)
		r.Begin(2)
		r.Said(2, "ok")
		require.ErrorIs(t, r.Write(t.Context(), 1, ramp(0, 160), nil), ErrStale)
		require.NoError(t, r.Write(t.Context(), 2, ramp(0, 1600), nil))
		r.Finish(2, true)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, f := range r.ear.frames[n:] {
			require.Equal(t, event.Gen(2), f.gen, "nothing older after the cut")
		}
		s := r.note(Settled, 1)
		require.NotNil(t, s)
		require.Equal(t, 750*time.Millisecond, s.Upto)
		require.Equal(t, "one two three ", text[:s.Text], "a word counts when its end was heard")
		require.Equal(t, ramp(0, 6000), r.tap[:6000], "the tap has what was heard")
		require.Equal(t, ramp(0, 1600), r.tap[6000:], "and then the next generation")
	})
}

func TestAcknowledgementsDecideWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(true)
		defer r.end()
		r.Begin(1)
		text := "one two three four five six seven"
		r.Said(1, text)
		go func() { _ = r.Write(t.Context(), 1, ramp(0, 11200), words(text)); r.Finish(1, true) }()
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		r.ear.acks <- transport.Heard{Gen: 1, Upto: 400 * time.Millisecond}
		synctest.Wait()
		r.Cut(t.Context(), 2)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		require.Nil(t, r.note(Settled, 1), "the far end may still tell")
		r.ear.acks <- transport.Heard{Gen: 1, Upto: 620 * time.Millisecond, Final: true}
		synctest.Wait()
		s := r.note(Settled, 1)
		require.NotNil(t, s)
		require.Equal(t, 620*time.Millisecond, s.Upto)
		require.Equal(t, "one two three ", text[:s.Text])
		require.Len(t, r.tap, 4960, "recorded: exactly what was heard")
	})
}

func TestAcknowledgementInWholeMillisecondsReachesTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(true)
		defer r.end()
		const text, odd = "one two three", 600*8 + 5 // 600.6 ms
		r.Begin(1)
		r.Said(1, text)
		require.NoError(t, r.Write(t.Context(), 1, ramp(0, odd), words(text)))
		r.Finish(1, true)
		time.Sleep(time.Second)
		r.ear.acks <- transport.Heard{Gen: 1, Upto: 600 * time.Millisecond, Final: true}
		synctest.Wait()
		n := r.note(Settled, 1)
		require.NotNil(t, n)
		require.Equal(t, len(text), n.Text)
		require.Equal(t, n.Total, n.Upto)
		require.Len(t, r.tap, odd)
	})
}

func TestSilentFarEndHeardOnlyWhatItSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(true)
		defer r.end()
		r.Begin(1)
		text := "one two three"
		r.Said(1, text)
		require.NoError(t, r.Write(t.Context(), 1, ramp(0, 4800), words(text)))
		r.Finish(1, true)
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		r.ear.acks <- transport.Heard{Gen: 1, Upto: 250 * time.Millisecond}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		s := r.note(Settled, 1)
		require.NotNil(t, s, "settled without the last acknowledgement")
		require.Equal(t, "one ", text[:s.Text])
	})
}

func TestUnderrunMovesTheOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(false)
		defer r.end()
		r.Begin(1)
		require.NoError(t, r.Write(t.Context(), 1, ramp(0, 1600), nil)) // 200 ms, then the voice is slow
		time.Sleep(time.Second)
		synctest.Wait()
		require.NoError(t, r.Write(t.Context(), 1, ramp(1600, 1600), nil))
		r.Finish(1, true)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		upto, _ := r.HeardText(1)
		require.Equal(t, 300*time.Millisecond, upto, "the gap is not playback")
	})
}

func TestNextGenerationWaitsForTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(false)
		defer r.end()
		r.Begin(1)
		require.NoError(t, r.Write(t.Context(), 1, ramp(0, 1600), nil))
		r.Finish(1, true)
		synctest.Wait()
		require.NotNil(t, r.note(Drained, 1), "200 ms fit ahead of the listener")
		r.Begin(2)
		require.NoError(t, r.Write(t.Context(), 2, ramp(1600, 1600), nil))
		r.Finish(2, true)
		time.Sleep(350 * time.Millisecond)
		synctest.Wait()
		upto, _ := r.HeardText(2)
		require.Equal(t, 150*time.Millisecond, upto)
		time.Sleep(time.Second)
		synctest.Wait()
		require.NotNil(t, r.note(Settled, 1))
		require.NotNil(t, r.note(Settled, 2))
		require.Equal(t, ramp(0, 3200), r.tap)
	})
}

func TestLedgerWithoutWordMarksCutsEarly(t *testing.T) {
	var l ledger
	l.text = append(l.text, "Bonjour madame. Nous ouvrons demain."...)
	l.mark([]tts.Mark{{Kind: tts.Sentence, Text: 0, Len: 15, At: time.Second}, {Kind: tts.Sentence, Text: 15, Len: 21, At: 3 * time.Second}})
	l.total = 3 * time.Second
	require.Equal(t, 0, l.heard(0))
	require.Equal(t, "Bonjour ", string(l.text[:l.heard(900*time.Millisecond)]))
	require.Equal(t, "Bonjour madame.", string(l.text[:l.heard(time.Second)]))
	require.Equal(t, "Bonjour madame. Nous ", string(l.text[:l.heard(2*time.Second)]))
	require.Equal(t, len(l.text), l.heard(3*time.Second))
}

// mute is a leg that does nothing, for the benchmark.
type mute struct{ ear }

func (m *mute) Play(context.Context, event.Gen, media.Frame) error { return nil }

func BenchmarkFrame(b *testing.B) {
	m := &mute{}
	p := New(m, func(Note) {}, func(time.Duration, media.Frame) {})
	p.ahead = 1 << 50 // never wait
	p.Begin(1)
	pcm := ramp(0, 160)
	notes := make([]Note, 0, 8)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Write(ctx, 1, pcm, nil); err != nil {
			b.Fatal(err)
		}
		p.turn(ctx, &notes)
		notes = notes[:0]
	}
}
