package webcall_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/media/mediatest"
	"griot/internal/provider/fake"
)

const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"

// A conversation as a browser holds one: events over the channel, sound over RTP, both ways.
func TestConversation(t *testing.T) {
	needOpus(t)
	s := newStage(t, setup{answers: []fake.Answer{{Text: long}, {Text: "Yes, I hear you."}}, heard: []fake.Utterance{{Text: "stop please"}}})
	c, a := s.dial(webrtctest.Options{})
	require.Regexp(t, `^/v1/realtime/calls/rtc_[0-9a-f]{32}$`, a.header.Get("Location"))
	require.Equal(t, "application/sdp", a.header.Get("Content-Type"))

	require.Equal(t, "agent:test", c.Wait("session.created").Str("session", "model"))
	require.Equal(t, "session.created", c.Events()[0].Type, "the first of all")

	asked := time.Now()
	c.Send(`{"type":"response.create"}`)
	heard := c.WaitSound(asked)
	t.Logf("first sound %v after response.create", heard.Sub(asked).Round(time.Millisecond))
	id := c.Wait("response.created").Str("response", "id")
	require.Equal(t, id, c.Wait("output_audio_buffer.started").Str("response_id"))

	// The caller speaks over the agent, who falls silent.
	c.WaitSound(heard.Add(time.Second))
	c.Say(mediatest.Voice(1200*time.Millisecond, c.Rate))
	started := c.Wait("input_audio_buffer.speech_started")
	cleared, truncated, done := c.Wait("output_audio_buffer.cleared"), c.Wait("conversation.item.truncated"), c.Wait("response.done")
	require.Equal(t, id, cleared.Str("response_id"))
	require.Equal(t, "turn_detected", done.Str("response", "status_details", "reason"))
	ms, _ := truncated.Get("audio_end_ms").(float64)
	require.InDelta(t, 20*c.Loud(asked, cleared.At), ms, 150, "what was played")

	// What comes after that is silence, until the next answer.
	next := c.Wait("output_audio_buffer.started")
	require.Zero(t, c.Loud(cleared.At.Add(60*time.Millisecond), next.At.Add(-100*time.Millisecond)), "frames heard between the interruption and the next answer")
	t.Logf("silent %v after speech_started", cleared.At.Sub(started.At).Round(time.Millisecond))

	// The item holds what was heard of it.
	c.Wait("output_audio_buffer.stopped")
	c.Wait("response.done")
	require.Len(t, s.llm.Requests(), 2)
	said := s.llm.Requests()[1].Messages[0].Text
	require.NotEmpty(t, said)
	require.Less(t, len(said), len(long))
	require.Contains(t, long, said)
	require.Empty(t, c.Events("response.output_audio.delta"))

	// It is hung up by the server.
	require.Equal(t, 200, s.request("POST", a.header.Get("Location")+"/hangup", "", "").status)
	<-c.Closed
	require.Equal(t, []string{"client_closed"}, s.closed)
	require.Equal(t, []string{"begin connecting", "connected 0123456789abcdef", "over client_closed"}, s.book)
	require.Equal(t, 404, s.request("POST", a.header.Get("Location")+"/hangup", "", "").status)
}
