package realtime

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// speaker is a leg that plays what it is given one frame after the other and says what was played, as a transport that paces by itself does.
type speaker struct {
	gone chan struct{}
	once sync.Once
	acks chan transport.Heard
	in   chan []int16

	mu    sync.Mutex
	queue []spoken
	timer *time.Timer
}

type spoken struct {
	gen event.Gen
	end time.Duration
}

func newSpeaker() *speaker {
	return &speaker{gone: make(chan struct{}), acks: make(chan transport.Heard, 64), in: make(chan []int16, 1024)}
}

func (s *speaker) Info() transport.Info {
	return transport.Info{ID: "s", Kind: "speaker", Remote: "test", In: media.Mono(16000), Out: media.Mono(16000), Ahead: 60 * time.Millisecond, Clears: true}
}

func (s *speaker) Recv(ctx context.Context, in *transport.Inbound) error {
	select {
	case pcm := <-s.in:
		in.Kind, in.Frame = transport.Audio, media.Frame{Format: media.Mono(16000), PCM: pcm}
		return nil
	case <-s.gone:
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *speaker) Play(_ context.Context, g event.Gen, f media.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, spoken{g, f.PTS + f.Duration()})
	if len(s.queue) == 1 {
		s.timer = time.AfterFunc(media.FrameTime, s.played)
	}
	return nil
}

func (s *speaker) played() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return
	}
	s.acks <- transport.Heard{Gen: s.queue[0].gen, Upto: s.queue[0].end}
	if s.queue = s.queue[1:]; len(s.queue) > 0 {
		s.timer.Reset(media.FrameTime)
	}
}

func (s *speaker) Clear(_ context.Context, before event.Gen) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 && s.queue[0].gen < before {
		s.acks <- transport.Heard{Gen: s.queue[0].gen, Upto: s.queue[0].end - media.FrameTime, Final: true}
		s.queue = nil
	}
	return nil
}

func (s *speaker) Heard() <-chan transport.Heard { return s.acks }

func (s *speaker) Close(string) error {
	s.once.Do(func() { close(s.gone) })
	return nil
}

// open prepares the call of a conversation whose sound travels beside the events.
func (c *client) open(srv *Server, conv *Conversation, s setup) {
	c.speaker = newSpeaker()
	var patches []wire.SessionPatch
	if s.session != "" {
		p, err := wire.DecodeSession([]byte(s.session))
		require.NoError(c, err)
		patches = append(patches, p)
	}
	var err error
	c.call, err = srv.NewCall(conv, c.speaker, patches...)
	require.NoError(c, err)
}

// talk speaks over the leg, in real time.
func (c *client) talk(d time.Duration) {
	pcm := append(mediatest.Voice(d, 16000), make([]int16, 16000)...)
	for len(pcm) >= 320 {
		c.speaker.in <- pcm[:320]
		pcm = pcm[320:]
		c.rest(media.FrameTime)
	}
}

// The sound of a call travels beside its events: its beginning and its end are announced, and no deltas of it come.
func TestCallAnnouncesItsSound(t *testing.T) {
	play(t, setup{beside: true, answers: []fake.Answer{{Text: "We open at nine."}}, session: `{"model":"agent:test","instructions":"Be kind.","audio":{"input":{"turn_detection":null}}}`}, func(t *testing.T, c *client) {
		require.Equal(t, "Be kind.", c.wait("session.created").str("session.instructions"))
		c.send(`{"type":"response.create"}`)
		id := c.wait("response.created").str("response.id")
		c.wait("output_audio_buffer.stopped")
		require.Equal(t, []string{"session.created", "response.created", "response.output_item.added", "conversation.item.added", "response.content_part.added", "output_audio_buffer.started"},
			c.order(0, "response.output_audio_transcript.delta")[:6])
		require.Equal(t, []string{"response.done", "output_audio_buffer.stopped"}, c.order(0)[len(c.order(0))-2:])
		require.Empty(t, c.all("response.output_audio.delta"))
		require.Len(t, c.all("response.output_audio.done"), 1)
		require.Equal(t, id, c.wait("output_audio_buffer.started").str("response_id"))
		require.Equal(t, "Be kind.", c.llm.Requests()[0].System)
	})
}

// Speech over the agent silences it; the server says so and cuts the item to what was heard by itself.
func TestCallIsInterrupted(t *testing.T) {
	long := "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
	play(t, setup{beside: true, answers: []fake.Answer{{Text: long}, {Text: "Yes?"}}, heard: []fake.Utterance{{Text: "stop"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.rest(2 * time.Second)
		c.talk(time.Second)
		cleared, truncated := c.wait("output_audio_buffer.cleared"), c.wait("conversation.item.truncated")
		started, done := c.wait("input_audio_buffer.speech_started"), c.wait("response.done")
		require.Equal(t, "turn_detected", done.str("response.status_details.reason"))
		require.Equal(t, done.str("response.id"), cleared.str("response_id"))
		require.LessOrEqual(t, started.at, cleared.at)
		require.Less(t, cleared.at-started.at, 50*time.Millisecond)
		require.Equal(t, done.str("response.output.0.id"), truncated.str("item_id"))
		require.InDelta(t, started.at.Milliseconds(), truncated.get("audio_end_ms"), 700, "what was played until then")
		c.wait("response.done")
		require.Less(t, len(c.llm.Requests()[1].Messages[0].Text), len(long), "the model is told what was heard")
	})
}

// output_audio_buffer.clear silences what was sent whole as well; a second one, with nothing to silence, does no harm.
func TestCallIsSilenced(t *testing.T) {
	play(t, setup{beside: true, answers: []fake.Answer{{Text: "one two three four five six"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		id := c.wait("output_audio_buffer.started").str("response_id")
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"output_audio_buffer.clear"}`)
		require.Equal(t, id, c.wait("output_audio_buffer.cleared").str("response_id"))
		require.Equal(t, "cancelled", c.wait("response.done").str("response.status"))
		c.send(`{"type":"output_audio_buffer.clear"}`)
		c.send(`{"type":"input_audio_buffer.append","audio":"AAAA","event_id":"sound"}`)
		c.failure("invalid_event", "", "sound")
		require.Empty(t, c.all("output_audio_buffer.stopped"))
	})
}

// A second controller sees what the first sees, without a session.created of its own, and may do what the first may.
func TestCallHasASecondController(t *testing.T) {
	play(t, setup{beside: true, answers: []fake.Answer{{Text: "Hello."}}}, func(t *testing.T, c *client) {
		c.wait("session.created")
		side := &client{T: t, pipe: &pipe{start: c.pipe.start, in: make(chan message, 16), gone: make(chan struct{}), byType: map[string][]got{}}, taken: map[string]int{}}
		joined := make(chan error, 1)
		go func() { joined <- c.call.Join(t.Context(), Client{Pipe: side.pipe}) }()
		c.rest(time.Millisecond)
		side.send(`{"type":"session.update","session":{"type":"realtime","instructions":"From the side."}}`)
		require.Equal(t, "From the side.", side.wait("session.updated").str("session.instructions"))
		require.Equal(t, "From the side.", c.wait("session.updated").str("session.instructions"))
		side.send(`{"type":"response.create"}`)
		side.wait("output_audio_buffer.stopped")
		require.Equal(t, c.order(1), side.order(0))
		side.send(`nonsense`)
		side.failure("invalid_event", "", "")
		c.rest(time.Millisecond)
		require.Empty(t, c.all("error"), "a mistake is answered where it was made")

		require.NoError(t, c.call.HangUp(t.Context(), "client_closed"))
		require.ErrorIs(t, <-joined, io.EOF)
		<-c.call.Ended()
		require.Equal(t, "client_closed", c.reason)
		require.Equal(t, []string{"client_closed"}, side.pipe.closed)
		require.NoError(t, c.call.HangUp(t.Context(), "again"))
		require.ErrorIs(t, c.call.Join(t.Context(), Client{Pipe: side.pipe}), errOver)
	})
}
