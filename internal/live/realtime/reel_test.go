package realtime

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// A reel gives back what it was given, in blocks of any number, until it is older than a minute.
func TestReel(t *testing.T) {
	var r reel
	require.Empty(t, r.cut(span{0, time.Second}))
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for i := range 100 * 50 { // 100 s in which each 20 ms have a level of their own
		pcm := make([]int16, 480)
		for j := range pcm {
			pcm[j] = int16(i)
		}
		r.push(24000, pcm)
	}
	require.Equal(t, 100*time.Second, r.end())
	for _, at := range []int{99_980, 90_000, 60_020, 41_000} {
		pcm := r.cut(span{ms(at), ms(at + 20)})
		require.Len(t, pcm, 480)
		for _, v := range []int16{pcm[0], pcm[479]} {
			require.InEpsilon(t, at/20, v, 0.04)
		}
	}
	require.Len(t, r.cut(span{ms(50_000), ms(53_000)}), 3*24000, "across blocks")
	require.Empty(t, r.cut(span{ms(20_000), ms(95_000)}), "not without its beginning")
	require.Len(t, r.cut(span{ms(99_000), ms(200_000)}), 24000, "what there is of it")
	frame := make([]int16, 480)
	require.Zero(t, testing.AllocsPerRun(5000, func() { r.push(24000, frame) }), "once it is full")
	r = reel{}
	r.push(24000, make([]int16, 100*24000))
	r.push(8000, make([]int16, 800))
	require.Empty(t, r.cut(span{ms(99_000), ms(99_500)}), "what was kept at another rate is given up")
	require.Len(t, r.cut(span{ms(100_000), ms(100_100)}), 800)
}

// loudness of a piece of sound.
func loudnessOf(pcm []int16) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(pcm))))
}

// Section 1.6: retrieved items have their sound, the caller's as it was committed and the agent's as it was heard; no other event has.
func TestRetrieveWithAudio(t *testing.T) {
	for name, f := range map[string]wire.AudioFormat{"pcm": wire.PCM24k, "pcmu": {Type: wire.TypePCMU}} {
		t.Run(name, func(t *testing.T) {
			play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "one two three four five six"}}}, func(t *testing.T, c *client) {
				if f != wire.PCM24k {
					c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"}},"output":{"format":{"type":"audio/pcmu"}}}}}`)
					c.wait("session.updated")
				}
				audio := func(item string) []int16 {
					c.send(`{"type":"conversation.item.retrieve","item_id":"%s"}`, item)
					g := c.wait("conversation.item.retrieved")
					var carry wire.Carry
					pcm, err := f.Decode(nil, []byte(g.str("item.content.0.audio")), &carry)
					require.NoError(t, err)
					return pcm
				}
				c.openMic(f)
				c.rest(time.Second)
				c.say(time.Second)
				started, stopped := c.wait("input_audio_buffer.speech_started"), c.wait("input_audio_buffer.speech_stopped")
				user := started.str("item_id")
				c.rest(50 * time.Millisecond)
				pcm := audio(user)
				in := media.Mono(f.SampleRate())
				require.InDelta(t, stopped.get("audio_end_ms").(float64)-started.get("audio_start_ms").(float64), in.Duration(len(pcm)).Milliseconds(), 1)
				padding := in.Samples(200 * time.Millisecond)
				require.Less(t, loudnessOf(pcm[:padding]), 50.0, "the padding is silence")
				require.Greater(t, loudnessOf(pcm[2*padding:5*padding]), 1000.0, "and then somebody speaks")

				response := c.wait("response.created").str("response.id")
				c.wait("response.done")
				c.rest(time.Second)
				agent := c.wait("response.output_item.done").str("item.id")
				sent, kept := c.audio(response, f), audio(agent)
				require.Len(t, kept, len(sent))
				for i := range sent {
					require.InDelta(t, sent[i], kept[i], 16+math.Abs(float64(sent[i]))/16)
				}
				c.send(`{"type":"conversation.item.truncate","item_id":"%s","content_index":0,"audio_end_ms":700}`, agent)
				c.wait("conversation.item.truncated")
				require.Len(t, audio(agent), in.Samples(700*time.Millisecond), "the part that was heard")
				c.send(`{"type":"conversation.item.delete","item_id":"%s"}`, agent)
				c.wait("conversation.item.deleted")
				for _, g := range c.all("conversation.item.added", "conversation.item.done", "response.output_item.done", "response.done") {
					require.NotContains(t, string(g.raw), `"audio":"`)
				}
			})
		})
	}
}
