package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/media"
	wire "griot/internal/realtime"
)

// caller is the official client in a conversation. It keeps what it receives, with the time.
type caller struct {
	*testing.T
	conn  *openai.RealtimeConnection
	id    string // of the conversation
	ctx   context.Context
	begun time.Time

	mu     sync.Mutex
	events []received
	more   chan struct{} // closed and replaced with every event
	err    error
	taken  map[string]int

	mic     sync.WaitGroup
	hangUp  context.CancelFunc
	queue   []int16 // to be spoken, 24 kHz
	loud    time.Time
	waiting time.Duration
}

// received is an event as the client's library read it, and some fields of any event by their names on the wire.
type received struct {
	openai.RealtimeServerEventUnion
	at time.Duration
	fields
}

type fields struct {
	ItemID     string `json:"item_id"`
	ResponseID string `json:"response_id"`
	Delta      string
	Transcript string
	Text       string
	Session    struct{ ID string }
	Response   struct {
		ID, Status string
		Output     []struct {
			ID, Type, Name, Arguments, Status string
			CallID                            string `json:"call_id"`
			Content                           []struct{ Type, Text, Transcript string }
		}
		StatusDetails struct{ Reason string } `json:"status_details"`
		Usage         struct {
			InputTokens  int `json:"input_tokens"`
			OutputTokens int `json:"output_tokens"`
		}
	}
	Error struct{ Code, Message string }
}

// call connects to an agent and waits for session.created.
func (s *server) call(t *testing.T, agent string) *caller {
	t.Helper()
	return s.connect(t, option.WithQuery("model", "agent:"+agent))
}

// connect opens any session.
func (s *server) connect(t *testing.T, opts ...option.RequestOption) *caller {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	service := openai.NewRealtimeService(option.WithBaseURL(s.URL()+"/v1/"), option.WithAPIKey("unused"))
	conn, err := service.Connect(ctx, openai.RealtimeConnectionOptions{}, opts...)
	if err != nil {
		cancel()
	}
	require.NoError(t, err)
	c := &caller{T: t, conn: conn, ctx: ctx, begun: time.Now(), more: make(chan struct{}), taken: map[string]int{}, hangUp: cancel, waiting: 30 * time.Second}
	c.mic.Go(c.receive)
	t.Cleanup(c.leave)
	created := c.wait("session.created")
	c.id = created.Session.ID[len("sess_"):]
	return c
}

func (c *caller) receive() {
	for {
		ev, err := c.conn.Recv(c.ctx)
		r := received{RealtimeServerEventUnion: ev, at: time.Since(c.begun)}
		if err == nil {
			err = json.Unmarshal([]byte(ev.RawJSON()), &r.fields)
		}
		c.mu.Lock()
		if err != nil {
			c.err = err
		} else {
			c.events = append(c.events, r)
		}
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// leave hangs up and waits until nothing of the client is left.
func (c *caller) leave() {
	_ = c.conn.Close()
	c.hangUp()
	c.mic.Wait()
}

// wait returns the next event of that type that was not waited for before.
func (c *caller) wait(typ string) received {
	c.Helper()
	e, err := c.await(typ)
	require.NoError(c, err, "waiting for %s", typ)
	return e
}

// await is wait for a conversation that may be over before the event comes: then it returns why.
func (c *caller) await(typ string) (received, error) {
	c.Helper()
	deadline := time.NewTimer(c.waiting)
	defer deadline.Stop()
	for {
		c.mu.Lock()
		n := 0
		for _, e := range c.events {
			if e.Type == typ {
				if n == c.taken[typ] {
					c.taken[typ]++
					c.mu.Unlock()
					return e, nil
				}
				n++
			}
		}
		more, err := c.more, c.err
		c.mu.Unlock()
		if err != nil {
			return received{}, err
		}
		select {
		case <-more:
		case <-deadline.C:
			c.dump()
			c.Fatalf("no further %s came", typ)
		}
	}
}

func (c *caller) dump() {
	for _, e := range c.all() {
		if e.Type != "response.output_audio.delta" {
			c.Logf("%7.3f %s %s", e.at.Seconds(), e.Type, e.Transcript)
		}
	}
}

// all returns what came so far.
func (c *caller) all() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]received(nil), c.events...)
}

func (c *caller) send(ev openai.RealtimeClientEventUnionParam) {
	c.Helper()
	require.NoError(c, c.conn.Send(c.ctx, ev))
}

// write puts what the caller typed into the conversation.
func (c *caller) write(text string) {
	c.Helper()
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemUnionParam{
		OfRealtimeUserMessageItem: &openai.RealtimeConversationItemUserMessageParam{
			Content: []openai.RealtimeConversationItemUserMessageContentParam{{Type: "input_text", Text: param.NewOpt(text)}},
		},
	}}})
}

func (c *caller) respond() {
	c.Helper()
	c.send(openai.RealtimeClientEventUnionParam{OfResponseCreate: &openai.ResponseCreateEventParam{}})
}

// update changes the session.
func (c *caller) update(s openai.RealtimeSessionCreateRequestParam) received {
	c.Helper()
	c.send(openai.RealtimeClientEventUnionParam{OfSessionUpdate: &openai.SessionUpdateEventParam{Session: openai.SessionUpdateEventSessionUnionParam{OfRealtime: &s}}})
	return c.wait("session.updated")
}

// openMic sends 20 ms every 20 ms, in real time: what say queued, else silence.
func (c *caller) openMic() {
	c.mic.Go(func() {
		tick := time.NewTicker(media.FrameTime)
		defer tick.Stop()
		for {
			select {
			case <-c.ctx.Done():
				return
			case <-tick.C:
			}
			frame := make([]int16, 480)
			c.mu.Lock()
			c.queue = c.queue[copy(frame, c.queue):]
			if media.Level(frame) > -45 {
				c.loud = time.Now()
			}
			c.mu.Unlock()
			if c.conn.Send(c.ctx, openai.RealtimeClientEventUnionParam{OfInputAudioBufferAppend: &openai.InputAudioBufferAppendEventParam{
				Audio: base64.StdEncoding.EncodeToString(media.EncodePCM(nil, frame))}}) != nil {
				return
			}
		}
	})
}

// say queues 24 kHz samples to be spoken.
func (c *caller) say(pcm []int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, pcm...)
}

// sound returns the audio of a response so far.
func (c *caller) sound(response string) (pcm []int16) {
	var carry wire.Carry
	for _, e := range c.all() {
		if e.Type == "response.output_audio.delta" && e.ResponseID == response {
			var err error
			pcm, err = wire.DecodePCM(pcm, []byte(e.Delta), &carry)
			require.NoError(c, err)
		}
	}
	return pcm
}

// types returns the types of all events but the deltas of responses.
func (c *caller) types() (out []string) {
	for _, e := range c.all() {
		switch e.Type {
		case "response.output_audio.delta", "response.output_audio_transcript.delta", "response.output_text.delta":
		default:
			out = append(out, e.Type)
		}
	}
	return out
}
