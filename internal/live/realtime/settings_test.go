package realtime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
	"griot/internal/tool"
)

// Rule 1: session.created shows the whole session as the agent has it.
func TestSessionCreated(t *testing.T) {
	play(t, setup{}, func(t *testing.T, c *client) {
		g := c.wait("session.created")
		s := g.m["session"].(map[string]any)
		delete(s, "expires_at")
		require.JSONEq(t, `{"type":"realtime","object":"realtime.session","id":"sess_0123456789abcdef","model":"agent:test","output_modalities":["audio"],"instructions":"Be brief.",
			"tools":[],"tool_choice":"auto","max_output_tokens":"inf","tracing":null,"truncation":"auto","prompt":null,"include":null,
			"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"noise_reduction":null,"transcription":{"model":"fake","language":"en","prompt":null},
			"turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,"create_response":true,"interrupt_response":true,"idle_timeout_ms":null}},
			"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"fake/tone","speed":1}}}`, mustJSON(s))
	})
}

// Rules 1 and 13: updates merge, in any order and repeated; every one is answered with the whole session, and what it says holds.
func TestUpdatesMerge(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "one two three four"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":1.5}}}}`)
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"silence_duration_ms":900}}},"instructions":"Rhyme."}}`)
		c.send(`{"type":"session.update","session":{"type":"realtime","max_output_tokens":50,"audio":{"input":{"turn_detection":{"type":"server_vad","threshold":0.6}},"output":{"voice":"alloy"}}}}`)
		c.wait("session.updated")
		c.wait("session.updated")
		s := c.wait("session.updated")
		require.EqualValues(t, 1.5, s.get("session.audio.output.speed"))
		require.EqualValues(t, 900, s.get("session.audio.input.turn_detection.silence_duration_ms"))
		require.EqualValues(t, 0.6, s.get("session.audio.input.turn_detection.threshold"))
		require.EqualValues(t, 300, s.get("session.audio.input.turn_detection.prefix_padding_ms"))
		require.Equal(t, "Rhyme.", s.str("session.instructions"))
		require.Equal(t, "alloy", s.str("session.audio.output.voice"))
		require.Equal(t, "sess_0123456789abcdef", s.str("session.id"))

		c.openMic(wire.PCM24k)
		c.say(time.Second)
		done := c.wait("response.done")
		req := c.llm.Requests()[0]
		require.Equal(t, "Rhyme.", req.System)
		require.Equal(t, 50, req.Limits.MaxTokens)
		stopped := c.wait("input_audio_buffer.speech_stopped")
		require.InDelta(t, 1900, stopped.get("audio_end_ms"), 60)
		require.InDelta(t, 4*24000/4.5, len(c.audio(done.str("response.id"), wire.PCM24k)), 100, "half as fast again: 4.5 words a second")
		c.send(`{"type":"session.update","session":{"type":"realtime","instructions":"","tools":[],"max_output_tokens":"inf","audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"high"}}}}}`)
		s = c.wait("session.updated")
		require.Equal(t, "", s.get("session.instructions"))
		require.JSONEq(t, `{"type":"semantic_vad","eagerness":"high","create_response":true,"interrupt_response":true}`, mustJSON(s.get("session.audio.input.turn_detection")))
	})
}

// An update that leaves turn taking alone does not disturb a turn under way.
func TestUpdateInTheMiddleOfATurn(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.wait("input_audio_buffer.speech_started")
		c.send(`{"type":"session.update","session":{"type":"realtime","instructions":"Rhyme."}}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Equal(t, "Rhyme.", c.llm.Requests()[0].System)
	})
}

// G.711 both ways, also switched in the middle of a conversation: a turn is found in it, and the answer sounds as it should.
func TestG711(t *testing.T) {
	for _, typ := range []string{wire.TypePCMU, wire.TypePCMA} {
		t.Run(typ, func(t *testing.T) {
			play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "one two three"}, {Text: "four"}}}, func(t *testing.T, c *client) {
				f := wire.AudioFormat{Type: typ}
				c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"%s"}},"output":{"format":{"type":"%s"}}}}}`, typ, typ)
				c.wait("session.updated")
				c.openMic(f)
				c.rest(500 * time.Millisecond)
				c.say(time.Second)
				done := c.wait("response.done")
				require.Equal(t, typ, done.str("response.audio.output.format.type"))
				started, stopped := c.wait("input_audio_buffer.speech_started"), c.wait("input_audio_buffer.speech_stopped")
				require.InDelta(t, 200, started.get("audio_start_ms"), 60, "positions count milliseconds, whatever the format")
				require.InDelta(t, 2000, stopped.get("audio_end_ms"), 60)
				pcm := c.audio(done.str("response.id"), f)
				require.InDelta(t, 8000, len(pcm), 40, "with the last of it")
				for word := range 3 {
					from := word*2667 + 700
					n, ok := fake.WordIn(pcm[from:from+800], 8000)
					require.True(t, ok)
					require.Equal(t, word, n)
				}
				c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"format":{"type":"audio/pcm"}}}}}`)
				c.send(`{"type":"response.create"}`)
				done = c.wait("response.done")
				require.InDelta(t, 8000, len(c.audio(done.str("response.id"), wire.PCM24k)), 50)
			})
		})
	}
}

// The format of a response stays what it was when it began.
func TestFormatChangesWithTheNextResponse(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "one two three four five six"}, {Text: "seven"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"format":{"type":"audio/pcmu"}}}}}`)
		done := c.wait("response.done")
		require.InDelta(t, 48000, len(c.audio(done.str("response.id"), wire.PCM24k)), 100)
		c.send(`{"type":"response.create","response":{"audio":{"output":{"format":{"type":"audio/pcma"},"voice":"cedar"}}}}`)
		done = c.wait("response.done")
		require.Equal(t, "audio/pcma", done.str("response.audio.output.format.type"))
		require.Equal(t, "cedar", done.str("response.audio.output.voice"))
		require.InDelta(t, 2667, len(c.audio(done.str("response.id"), wire.AudioFormat{Type: wire.TypePCMA})), 40)
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "audio/pcmu", c.wait("response.done").str("response.audio.output.format.type"), "for that response only")
	})
}

// response.create overrides the session for one response; rule 6: metadata comes back in response.created and response.done.
func TestResponseOverrides(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.write("q", "", "Question?")
		c.send(`{"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"a"}]}}`)
		c.send(`{"type":"response.create","response":{"instructions":"Rhyme.","output_modalities":["text"],"max_output_tokens":7,"tools":[{"type":"function","name":"b"}],
			"tool_choice":{"type":"function","name":"b"},"metadata":{"client_event_id":"e1","topic":"test"},"conversation":"auto"}}`)
		created, done := c.wait("response.created"), c.wait("response.done")
		for _, g := range []got{created, done} {
			require.JSONEq(t, `{"client_event_id":"e1","topic":"test"}`, mustJSON(g.get("response.metadata")))
			require.Equal(t, []any{"text"}, g.get("response.output_modalities"))
			require.EqualValues(t, 7, g.get("response.max_output_tokens"))
		}
		require.Empty(t, c.all("response.output_audio.delta"))
		req := c.llm.Requests()[0]
		require.Equal(t, "Rhyme.", req.System)
		require.Equal(t, "b", req.Choice)
		require.Equal(t, 7, req.Limits.MaxTokens)
		require.Len(t, req.Tools, 1)
		require.Equal(t, "b", req.Tools[0].Name)

		c.send(`{"type":"response.create","response":{"input":[],"tools":[],"tool_choice":"none"}}`)
		done = c.wait("response.done")
		require.Nil(t, done.get("response.metadata"))
		require.Equal(t, []any{"audio"}, done.get("response.output_modalities"))
		req = c.llm.Requests()[1]
		require.Empty(t, req.Messages, "an empty context")
		require.Empty(t, req.Tools)
		require.Equal(t, "Be brief.", req.System)

		c.send(`{"type":"response.create","response":{"input":[{"type":"item_reference","id":"q"},{"type":"message","role":"user","content":[{"type":"input_text","text":"Or this?"}]}]}}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Question?"}, {Role: llm.User, Text: "Or this?"}}, c.llm.Requests()[2].Messages)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Len(t, c.llm.Requests()[3].Messages, 2, "the question, and the answers as one: what was given as input is no item")
	})
}

// Rule 13: audio comes in pieces of any size; odd bytes are carried from one to the next.
func TestAppendsOfAnySize(t *testing.T) {
	for name, size := range map[string]int{"20 ms": 960, "odd": 1001, "tiny": 3, "5 s": 240000} {
		t.Run(name, func(t *testing.T) {
			play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
				pcm := append(make([]int16, 12000), mediatest.Voice(time.Second, 24000)...)
				pcm = append(pcm, make([]int16, 24000)...)
				raw := encodeAs(wire.PCM24k, pcm)
				for len(raw) > 0 {
					n := min(size, len(raw))
					c.appendRaw(raw[:n])
					raw = raw[n:]
				}
				require.Equal(t, "completed", c.wait("response.done").str("response.status"))
				require.InDelta(t, 200, c.wait("input_audio_buffer.speech_started").get("audio_start_ms"), 45)
				require.InDelta(t, 2000, c.wait("input_audio_buffer.speech_stopped").get("audio_end_ms"), 45)
			})
		})
	}
}

// No voice on this machine: the agent writes.
func TestNoVoice(t *testing.T) {
	play(t, setup{noTTS: true, plan: greet}, func(t *testing.T, c *client) {
		require.Equal(t, []any{"text"}, c.wait("response.done").get("response.output_modalities"))
		require.Equal(t, "Hello, this is a test.", c.wait("response.output_text.done").str("text"))
	})
}

// noTools is a set of tools that cannot be gathered.
type noTools struct{ serverTool }

func (noTools) Tools(context.Context) ([]tool.Tool, error) {
	return nil, fault.New(fault.Unavailable, "mcp_down", "the server of the tools is down")
}

// A conversation that cannot even begin is closed, with the reason for the client and for the record.
func TestConversationThatCannotBegin(t *testing.T) {
	play(t, setup{plan: func(p *session.Plan) { p.Tools = []tool.Set{noTools{}} }}, func(t *testing.T, c *client) {
		g := c.wait("error")
		require.Equal(t, "server_error", g.str("error.type"))
		c.rest(time.Second)
		require.Equal(t, "failed", c.reason)
		require.Equal(t, "mcp_down", fault.CodeOf(c.fault))
		require.Equal(t, []string{"failed"}, c.pipe.closed)
	})
}

// Every 20 ms of the answer is one delta: none far above what clients take at once.
func TestDeltasAreFrames(t *testing.T) {
	play(t, setup{plan: greet}, func(t *testing.T, c *client) {
		c.wait("response.done")
		for _, g := range c.all("response.output_audio.delta") {
			var carry wire.Carry
			pcm, err := wire.DecodePCM(nil, []byte(g.str("delta")), &carry)
			require.NoError(t, err)
			require.LessOrEqual(t, len(pcm), media.Mono(24000).Samples(media.FrameTime))
		}
	})
}

// What the agent has for turn taking and the protocol has no words for stays, whatever else a client changes.
func TestTurnTakingStaysTheAgents(t *testing.T) {
	for name, set := range map[string]func(*turn.Settings){
		"pauses": func(s *turn.Settings) { s.Merge, s.Prepare, s.Sensitivity = 600*time.Millisecond, 1, "low" },
		"words": func(s *turn.Settings) {
			s.Kind, s.Eagerness, s.Merge = turn.SemanticVAD, turn.EagernessLow, time.Second
		},
		"words, a pause": func(s *turn.Settings) {
			s.Kind, s.Eagerness, s.Silence, s.MaxPause = turn.SemanticVAD, turn.EagernessAuto, time.Second, 3*time.Second
		},
	} {
		t.Run(name, func(t *testing.T) {
			conv := &Conversation{Plan: session.Plan{Agent: "test", Settings: session.Settings{Turn: turn.Defaults(), ToolChoice: "auto", Speed: 1}}}
			set(&conv.Plan.Settings.Turn)
			require.Equal(t, conv.Plan.Settings, settingsOf(wireSession(conv), conv.Plan.Settings))
		})
	}
	s := wire.DefaultSession()
	d := wire.DefaultTurnDetection(wire.SemanticVAD)
	d.Eagerness = "high"
	s.Audio.Input.TurnDetection = &d
	got := settingsOf(s, session.Settings{Turn: turn.Defaults()}).Turn
	require.Equal(t, turn.SemanticVAD, got.Kind)
	require.Equal(t, turn.EagernessHigh, got.Eagerness)
	require.Zero(t, got.Silence, "what suits the eagerness")
}
