package realtime

import (
	"net/http"
	"slices"
	"strings"

	"griot/internal/live/playout"
	"griot/internal/live/transport/ws"
	wire "griot/internal/realtime"
)

// Where the dialects have addresses of their own.
const (
	AzureBetaPath = "/openai/realtime"
	VoiceLivePath = "/voice-live/realtime"
)

// DialectOf tells which dialect a client speaks: by its address, else by the header or the subprotocol by which programs ask for the beta.
func DialectOf(r *http.Request) wire.Dialect {
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == VoiceLivePath:
		return wire.VoiceLive
	case path == AzureBetaPath, slices.Contains(ws.Offered(r), "openai-beta.realtime-v1"):
		return wire.Beta
	}
	for _, line := range r.Header.Values("OpenAI-Beta") {
		for feature := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(feature) == "realtime=v1" {
				return wire.Beta
			}
		}
	}
	return wire.GA
}

// modelOf reads what a client calls the model: Azure's beta names a deployment, and Voice Live may name an agent.
func modelOf(r *http.Request) string {
	q := r.URL.Query()
	for _, name := range []string{"model", "deployment", "agent-name", "agent_id"} {
		if v := q.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// warn tells a client what is not done of what it asked. Dialects without such an event tolerate it in silence.
func (c *conn) warn(o *outlet, warnings ...wire.Warning) {
	if len(warnings) == 0 || o.dialect != wire.VoiceLive {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range warnings {
		c.seq++
		o.send(w, c.seq)
	}
}

// bend makes of a change of the session what its dialect would: the address has chosen the model, and Voice Live's clients name voices of Azure's, in whose place the
// agent's own speaks.
func (c *conn) bend(o *outlet, p wire.SessionPatch) wire.SessionPatch {
	if o.dialect == wire.GA {
		return p
	}
	p.Model.Set = false
	if o.dialect != wire.VoiceLive {
		return p
	}
	p.Audio.Output.Voice = c.bendVoice(o, p.Audio.Output.Voice, "session.voice")
	if !p.Audio.Output.Voice.Set {
		delete(p.Extra, "voice") // it is this call's own
	}
	if asks := (wire.Session{Extra: p.Extra}); asks.WordTimes() && !c.timesWords() {
		c.warn(o, wire.NewWarning(wire.CodeUnsupported, "session.output_audio_timestamp_types", "The voice of this agent does not say when its words sound: there are no timestamps."))
	}
	return p
}

// timesWords reports whether the voice says when its words sound.
func (c *conn) timesWords() bool {
	m := c.conv.Plan.Models
	return m.S2S != nil || m.TTS != nil && m.TTS.Caps().WordMarks
}

func (c *conn) bendVoice(o *outlet, v wire.Opt[wire.Voice], path string) wire.Opt[wire.Voice] {
	if v.Set && !v.Null && !has(c.conv, v.Value) {
		c.warn(o, wire.NewWarning(wire.CodeUnsupported, path, "The voice '%s' is not here: the agent speaks with its own, '%s'.", v.Value.Name+v.Value.ID, c.conv.Agent.Voice))
		v = wire.Opt[wire.Voice]{}
	}
	return v
}

// word tells when a word sounds, where that was asked for. It is called by the player, with its lock held.
func (c *conn) word(w playout.Word) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rep
	if r == nil || r.gen != w.Gen || !c.session.WordTimes() {
		return
	}
	c.openMessage(r)
	r.timed = true
	c.send(wire.AudioTimestampDelta{Ref: r.message.Ref, AudioOffsetMS: w.At.Milliseconds(), AudioDurationMS: w.Long.Milliseconds(), Text: w.Text, TimestampType: "word"})
}
