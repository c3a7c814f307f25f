package realtime

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
	"griot/internal/tool"
)

// With ?extensions=griot the client is told what a console wants to know. checkRules asserts for every other test that nothing of it comes without.
func TestExtensions(t *testing.T) {
	s := setup{ext: true, heard: []fake.Utterance{{Text: "When?", Partials: []fake.PartialText{{At: 300 * time.Millisecond, Text: "wh"}}}},
		answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "lookup"}}}, {Text: "At nine o'clock."}},
		plan: func(p *session.Plan) {
			p.Tools = []tool.Set{serverTool{}}
			p.Notices = []session.Notice{{Code: "test_notice", Message: "Only a test.", Params: map[string]string{"language": "en"}}}
		}}
	play(t, s, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.rest(500 * time.Millisecond)
		c.say(time.Second)
		done := c.wait("response.done")
		response := done.str("response.id")
		item := done.str("response.output.0.id")
		all := c.sent()
		require.Equal(t, "griot.conversation.created", all[1].typ)
		created := all[1]
		require.Equal(t, "0123456789abcdef", created.str("conversation_id"))
		require.Equal(t, "test", created.str("agent.reference"))
		require.Equal(t, true, created.get("agent.listens"))
		require.EqualValues(t, 900000, created.get("limits.max_duration_ms"))
		require.Equal(t, "test_notice", c.wait("griot.notice").str("code"))
		partial := c.wait("griot.transcription.partial")
		require.Equal(t, "wh", partial.str("text"))
		require.Equal(t, c.wait("input_audio_buffer.speech_started").str("item_id"), partial.str("item_id"))
		called, returned := c.wait("griot.tool"), c.wait("griot.tool")
		require.Equal(t, "called", called.str("status"))
		require.Equal(t, "lookup", called.str("name"))
		require.Equal(t, "returned", returned.str("status"))
		require.Equal(t, "nine", returned.str("output"))
		require.NotNil(t, returned.get("took_ms"))
		require.Nil(t, called.get("took_ms"))

		c.send(`{"type":"griot.playback","response_id":"%s","item_id":"%s","audio_end_ms":1000,"final":true}`, response, item)
		said := c.wait("griot.said")
		require.Equal(t, "At nine o'clock.", said.str("heard"))
		require.Equal(t, "At nine o'clock.", said.str("said"))
		require.EqualValues(t, 1000, said.get("upto_ms"))
		require.Equal(t, false, said.get("cut"))
		timed := c.wait("griot.turn")
		require.Equal(t, response, timed.str("response_id"))
		require.EqualValues(t, 1, timed.get("turn"))
		require.InDelta(t, 500, timed.get("end_of_turn_ms"), 25)
		require.InDelta(t, 500, timed.get("tools_done_ms"), 25)
		require.InDelta(t, 500, timed.get("sent_ms"), 45)
		c.rest(time.Second)
		var floors []string
		for _, g := range c.all("griot.floor") {
			floors = append(floors, g.str("floor"))
		}
		require.Equal(t, []string{"caller", "model", "agent", "none"}, floors)
		c.pipe.hangUp()
		c.rest(time.Second)
		ended := c.wait("griot.ended")
		require.Equal(t, "caller_left", ended.str("reason"))
		require.Equal(t, ended.raw, c.sent()[len(c.sent())-1].raw)
	})
}

// griot.playback decides what was heard: a page that played less than was sent is believed, and one that claims more than that is not.
func TestPlaybackDecidesWhatWasHeard(t *testing.T) {
	for name, c := range map[string]struct {
		played int
		want   string
	}{
		"less than was sent": {700, "one two "},
		"nothing":            {0, ""},
		"more than was sent": {60000, "one two three "},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setup{ext: true, answers: []fake.Answer{{Text: "one two three four five six"}, {Text: "Go."}}}, func(t *testing.T, cl *client) {
				cl.send(`{"type":"response.create"}`)
				delta := cl.wait("response.output_audio.delta")
				response, item := delta.str("response_id"), delta.str("item_id")
				cl.rest(850 * time.Millisecond) // with 300 ms ahead that is 1.14 s of sound
				cl.send(`{"type":"response.cancel"}`)
				cl.wait("response.done")
				cl.send(`{"type":"griot.playback","response_id":"%s","item_id":"%s","audio_end_ms":%d,"final":true}`, response, item, c.played)
				said := cl.wait("griot.said")
				require.Equal(t, c.want, said.str("heard"))
				require.Equal(t, true, said.get("cut"))
				require.Less(t, said.at-delta.at, 900*time.Millisecond, "settled by the report, not by a deadline")
				require.Equal(t, c.want, cl.record.bodies("agent.said")[0].(event.AgentSaid).Text)
				cl.send(`{"type":"griot.playback","response_id":"%s","item_id":"%s","audio_end_ms":1,"final":true}`, response, item) // late: harmless
				cl.send(`{"type":"response.create"}`)
				cl.wait("response.created")
				cl.rest(100 * time.Millisecond)
				msgs := cl.llm.Requests()[1].Messages
				if c.want == "" {
					require.Empty(t, msgs)
				} else {
					require.Equal(t, []llm.Message{{Role: llm.Assistant, Text: c.want}}, msgs)
				}
			})
		})
	}
}

// A page that floods reports disturbs nothing.
func TestPlaybackFlood(t *testing.T) {
	play(t, setup{ext: true, answers: []fake.Answer{{Text: "one two three"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		delta := c.wait("response.output_audio.delta")
		for i := range 3000 {
			c.send(`{"type":"griot.playback","response_id":"%s","item_id":"%s","audio_end_ms":%d}`, delta.str("response_id"), delta.str("item_id"), i%1000)
		}
		done := c.wait("response.done")
		c.send(`{"type":"griot.playback","response_id":"%s","item_id":"x","audio_end_ms":1000,"final":true}`, done.str("response.id"))
		require.Equal(t, "one two three", c.wait("griot.said").str("heard"))
	})
}

// Keys pressed on the page become a message of the caller's, after a moment or at once with #, and cut the agent.
func TestDigits(t *testing.T) {
	play(t, setup{ext: true, noSTT: true, plan: greet, answers: []fake.Answer{{Text: "Twelve."}, {Text: "Three."}}}, func(t *testing.T, c *client) {
		require.Equal(t, false, c.wait("griot.conversation.created").get("agent.listens"))
		require.Nil(t, c.wait("session.created").get("session.audio.input.transcription"))
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"griot.digits","digits":"12#"}`)
		require.Equal(t, "cancelled", c.wait("response.done").str("response.status"))
		require.Equal(t, "Twelve.", c.wait("response.done").str("response.output.0.content.0.transcript"))
		c.send(`{"type":"griot.digits","digits":"3"}`)
		c.wait("response.done")
		require.Equal(t, llm.Message{Role: llm.User, Text: "12"}, c.llm.Requests()[0].Messages[0])
		items := c.all("conversation.item.added")
		require.Equal(t, "3", items[len(items)-2].str("item.content.0.text"))
		c.send(`{"type":"griot.digits","event_id":"bad","digits":"1x"}`)
		c.failure("invalid_value", "digits", "bad")
	})
}

// A fault that the session survives is told as a notice.
func TestFaultsAreNotices(t *testing.T) {
	play(t, setup{ext: true, answers: []fake.Answer{{Err: errDown}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		g := c.wait("griot.notice")
		require.Equal(t, "fault_llm", g.str("code"))
		require.Equal(t, "model_down", g.str("params.code"))
	})
}

// player is a page's: it plays what it gets, pauses when told, drops everything at speech_started, and reports all of that.
func (c *client) player() {
	c.wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		seen, paused := 0, false
		var response, item string
		var have, played time.Duration
		told, final := time.Duration(-1), false
		for {
			select {
			case <-c.pipe.gone:
				return
			case <-tick.C:
			}
			all := c.sent()
			for _, g := range all[seen:] {
				switch g.typ {
				case "response.output_audio.delta":
					if r := g.str("response_id"); r != response {
						response, item, have, played, told, final = r, g.str("item_id"), 0, 0, -1, false
					}
					have += 20 * time.Millisecond
				case "griot.hold":
					paused = g.get("on").(bool)
				case "input_audio_buffer.speech_started":
					if have = played; response != "" && !final {
						final = true
						c.playback(response, item, played, true)
					}
				}
			}
			seen = len(all)
			if !paused && played < have {
				played += 20 * time.Millisecond
			}
			if response != "" && !final && played-told >= 100*time.Millisecond {
				told = played
				c.playback(response, item, played, false)
			}
		}
	})
}

func (c *client) playback(response, item string, upto time.Duration, final bool) {
	select {
	case c.pipe.in <- message{data: fmt.Appendf(nil, `{"type":"griot.playback","response_id":"%s","item_id":"%s","audio_end_ms":%d,"final":%t}`, response, item, upto.Milliseconds(), final)}:
	case <-c.pipe.gone:
	}
}

// A cough over the agent: the page's player is paused at once and goes on where it stopped; the protocol's own events know nothing of it, and all of the answer is heard.
func TestHoldAndGoOn(t *testing.T) {
	play(t, setup{ext: true, answers: []fake.Answer{{Text: "one two three four five six"}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.player()
		c.send(`{"type":"response.create"}`)
		c.wait("response.output_audio.delta")
		c.rest(600 * time.Millisecond)
		c.say(160 * time.Millisecond)
		on := c.wait("griot.hold")
		require.Equal(t, true, on.get("on"))
		require.Less(t, on.at, 850*time.Millisecond)
		require.Equal(t, false, c.wait("griot.hold").get("on"))
		require.Equal(t, true, c.wait("griot.duck").get("on"))
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		said := c.wait("griot.said")
		require.Equal(t, "one two three four five six", said.str("heard"))
		require.Empty(t, c.all("input_audio_buffer.speech_started"))
	})
}

// Speech over the agent: paused at once, then cut for good, and what was heard is what the page had played when it paused.
func TestHoldAndStop(t *testing.T) {
	play(t, setup{ext: true, heard: []fake.Utterance{{Text: "Stop."}}, answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}, {Text: "Yes?"}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.player()
		c.send(`{"type":"response.create"}`)
		c.wait("response.output_audio.delta")
		c.rest(1000 * time.Millisecond)
		c.say(1500 * time.Millisecond)
		on := c.wait("griot.hold")
		require.Equal(t, true, on.get("on"))
		require.Less(t, on.at, 1200*time.Millisecond, "within 200 ms of the first sound")
		started, done := c.wait("input_audio_buffer.speech_started"), c.wait("response.done")
		require.Greater(t, started.at, on.at)
		require.Equal(t, "cancelled", done.str("response.status"))
		said := c.wait("griot.said")
		require.Equal(t, "one two three ", said.str("heard"))
		require.InDelta(t, on.at.Milliseconds(), said.get("upto_ms"), 60)
		for _, g := range c.all("response.output_audio.delta") {
			require.False(t, g.str("response_id") == done.str("response.id") && g.at > on.at, "nothing is sent to a player that is paused")
		}
		require.Equal(t, "Yes?", c.wait("response.done").str("response.output.0.content.0.transcript"))
	})
}
