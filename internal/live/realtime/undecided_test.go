package realtime

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// sounds returns when the audio deltas of a response came.
func (c *client) sounds(response string) (at []time.Duration) {
	for _, g := range c.all("response.output_audio.delta") {
		if g.str("response_id") == response {
			at = append(at, g.at)
		}
	}
	return at
}

// between counts the times in [from, to).
func between(at []time.Duration, from, to time.Duration) (n int) {
	for _, t := range at {
		if t >= from && t < to {
			n++
		}
	}
	return n
}

const agentTalks = "one two three four five six seven eight nine ten eleven twelve"

// docs/decisions/0006: a client that cannot pause its player throws away what it holds at speech_started. While sound over the agent may yet be a cough it is not told;
// no more audio is sent meanwhile, so that it falls silent all the same, by at most what was sent ahead. A cough costs a pause and no word.
func TestSpeechStartedIsNotSentForACough(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: agentTalks}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		response := c.wait("response.output_audio.delta").str("response_id")
		c.rest(time.Second)
		onset := time.Since(c.pipe.start)
		c.say(250 * time.Millisecond)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Empty(t, c.all("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed", "input_audio_buffer.cleared"))
		sounds := c.sounds(response)
		require.Zero(t, between(sounds, onset+160*time.Millisecond, onset+400*time.Millisecond), "it was held while that was undecided")
		require.Len(t, c.audio(response, wire.PCM24k), 4*24000, "and every word was sent, once")
	})
}

// Row 10 of the rules for every client: when it was an interruption, speech_started comes as soon as that is decided, dated back to where the speech began, before
// response.done; and no sound of the response comes after it, nor came while it was undecided.
func TestSpeechStartedIsSentWhenDecided(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: agentTalks}, {Text: "Yes?"}}, heard: []fake.Utterance{{Text: "Wait a moment."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		response := c.wait("response.output_audio.delta").str("response_id")
		c.rest(time.Second)
		onset := time.Since(c.pipe.start)
		c.say(1500 * time.Millisecond)
		started, done := c.wait("input_audio_buffer.speech_started"), c.wait("response.done")
		require.JSONEq(t, `{"type":"cancelled","reason":"turn_detected"}`, mustJSON(done.get("response.status_details")))
		require.LessOrEqual(t, started.at, done.at)
		require.Less(t, started.at-onset, time.Second, "long enough to tell speech from a cough, and no longer")
		require.InDelta(t, (onset - 300*time.Millisecond).Milliseconds(), started.get("audio_start_ms"), 60, "the padding before where it began")
		require.Zero(t, between(c.sounds(response), onset+160*time.Millisecond, time.Hour), "silent from the first sign on")
		order := c.order(0)
		require.Less(t, slices.Index(order, "input_audio_buffer.speech_started"), slices.Index(order, "response.done"))
	})
}

// Where nothing can be lost by it, speech_started is sent as soon as speech is found: the agent is silent, or may not be interrupted.
func TestSpeechStartedAtOnceInSilence(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.rest(time.Second)
		onset := time.Since(c.pipe.start)
		c.say(time.Second)
		require.Less(t, c.wait("input_audio_buffer.speech_started").at-onset, 200*time.Millisecond)
		c.wait("response.done")
	})
}
