package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"

	"griot/internal/media"
)

// rate is the protocol's, in Hz.
const rate = 24000

// patience is how long one event is waited for.
const patience = 20 * time.Second

// caller is the library's client in a conversation. After the first thing that goes wrong its functions do nothing more, and err says what it was. But for the microphone
// it belongs to one goroutine.
type caller struct {
	ctx    context.Context
	hangUp context.CancelFunc
	conn   *openai.RealtimeConnection
	events []openai.RealtimeServerEventUnion
	err    error

	microphone sync.WaitGroup
	mu         sync.Mutex // guards what follows
	queue      []int16    // to be said
}

// dial connects to an agent and waits for session.created.
func dial(ctx context.Context, url, key, model string) (*caller, error) {
	s := service(url, key)
	conn, err := s.Connect(ctx, openai.RealtimeConnectionOptions{}, option.WithQuery("model", model))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	ctx, hangUp := context.WithCancel(ctx)
	c := &caller{ctx: ctx, hangUp: hangUp, conn: conn}
	c.wait("session.created")
	if c.err != nil {
		return nil, errors.Join(c.err, c.close())
	}
	return c, nil
}

// close hangs up and returns when nothing of the caller is left.
func (c *caller) close() error {
	c.hangUp()
	c.microphone.Wait()
	return c.conn.Close()
}

// check notes what is wrong, if it is.
func (c *caller) check(ok bool, wrong string) {
	if !ok && c.err == nil {
		c.err = errors.New(wrong)
	}
}

// wait returns the next event of that type, and keeps those before it.
func (c *caller) wait(typ string) openai.RealtimeServerEventUnion {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	for c.err == nil {
		ev, err := c.conn.Recv(ctx)
		if err != nil {
			c.err = fmt.Errorf("wait for %s: %w", typ, err)
			break
		}
		c.events = append(c.events, ev)
		if ev.Type == typ {
			return ev
		}
	}
	return openai.RealtimeServerEventUnion{}
}

// story tells what came, without the sound.
func (c *caller) story() string {
	var b strings.Builder
	for _, e := range c.events {
		if !strings.HasSuffix(e.Type, ".delta") {
			fmt.Fprintln(&b, "  ", e.Type)
		}
	}
	return b.String()
}

func (c *caller) send(ev openai.RealtimeClientEventUnionParam) {
	if c.err == nil {
		c.err = c.conn.Send(c.ctx, ev)
	}
}

func (c *caller) update(s openai.RealtimeSessionCreateRequestParam) {
	c.send(openai.RealtimeClientEventUnionParam{OfSessionUpdate: &openai.SessionUpdateEventParam{Session: openai.SessionUpdateEventSessionUnionParam{OfRealtime: &s}}})
}

func (c *caller) write(text string) {
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemUnionParam{
		OfRealtimeUserMessageItem: &openai.RealtimeConversationItemUserMessageParam{
			Content: []openai.RealtimeConversationItemUserMessageContentParam{{Type: "input_text", Text: param.NewOpt(text)}},
		},
	}}})
}

func (c *caller) respond() {
	c.send(openai.RealtimeClientEventUnionParam{OfResponseCreate: &openai.ResponseCreateEventParam{}})
}

// sound returns the audio of a response so far.
func (c *caller) sound(response string) (pcm []int16) {
	for _, e := range c.events {
		if e.Type != "response.output_audio.delta" {
			continue
		}
		if d := e.AsResponseAudioDeltaEvent(); d.ResponseID == response {
			raw, err := base64.StdEncoding.DecodeString(d.Delta)
			c.check(err == nil, "audio that is no base64")
			for i := 0; i+1 < len(raw); i += 2 {
				pcm = append(pcm, int16(uint16(raw[i])|uint16(raw[i+1])<<8))
			}
		}
	}
	return pcm
}

// say queues samples for the microphone.
func (c *caller) say(pcm []int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, pcm...)
}

// openMicrophone sends 20 ms every 20 ms until the caller hangs up: what there is to say, else silence.
func (c *caller) openMicrophone() {
	c.microphone.Go(func() {
		tick := time.NewTicker(media.FrameTime)
		defer tick.Stop()
		for {
			select {
			case <-c.ctx.Done():
				return
			case <-tick.C:
			}
			frame := make([]int16, media.Mono(rate).Samples(media.FrameTime))
			c.mu.Lock()
			c.queue = c.queue[copy(frame, c.queue):]
			c.mu.Unlock()
			sound := base64.StdEncoding.EncodeToString(media.EncodePCM(nil, frame))
			if c.conn.Send(c.ctx, openai.RealtimeClientEventUnionParam{OfInputAudioBufferAppend: &openai.InputAudioBufferAppendEventParam{Audio: sound}}) != nil {
				return // whoever waits is told
			}
		}
	})
}
