package realtime

import (
	"strings"

	"github.com/stretchr/testify/require"

	wire "griot/internal/realtime"
)

// checkRules holds every message of a conversation against what must always be true, whatever the conversation was.
func (c *client) checkRules() {
	all := c.sent()
	require.NotEmpty(c, all)
	require.Equal(c, "session.created", all[0].typ, "rule 1: session.created is first")
	ids := map[string]bool{}
	open := map[string]string{}                           // item → response, from output_item.added to output_item.done
	done := map[string]bool{}                             // responses
	active, known := map[string]bool{}, map[string]bool{} // responses under way, and whether they are the conversation's
	for i, g := range all {
		id := g.str("event_id")
		require.NotEmpty(c, id, "rule 2: event_id on %s", g.raw)
		require.False(c, ids[id], "event ids are unique")
		ids[id] = true
		require.Equal(c, g.typ == "session.created", i == 0)
		_, err := wire.DecodeServer(g.raw)
		require.NoError(c, err)
		if strings.HasPrefix(g.typ, "response.") {
			response := g.str("response_id")
			switch {
			case g.typ == "response.created":
				response = g.str("response.id")
				own := g.get("response.conversation_id") != nil
				for _, other := range active {
					require.False(c, own && other, "one response of the conversation at a time")
				}
				active[response] = own
				require.Equal(c, "in_progress", g.str("response.status"))
				require.Nil(c, g.get("response.usage"))
			case g.typ == "response.done":
				response = g.str("response.id")
				for item, r := range open {
					require.NotEqual(c, response, r, "item %s is still open at response.done", item)
				}
			}
			require.Contains(c, active, response, "rule 2 and 10: %s belongs to the response under way", g.raw)
			require.False(c, done[response], "rule 10: nothing follows response.done")
			if g.typ == "response.done" {
				done[response] = true
				delete(active, response)
			}
		}
		if item, ok := g.get("item").(map[string]any); ok {
			noNulls(c, item, g)
			require.NotEmpty(c, item["id"])
		}
		switch wire.GAName(g.typ) {
		case "response.output_item.added":
			open[g.str("item.id")] = g.str("response_id")
			require.NotNil(c, g.get("output_index"))
		case "response.output_item.done":
			require.Contains(c, open, g.str("item.id"))
			delete(open, g.str("item.id"))
			if g.str("item.type") == "function_call" {
				require.NotEmpty(c, g.str("item.call_id"), "rule 5")
				require.NotEmpty(c, g.str("item.name"), "rule 5")
				require.NotEmpty(c, g.str("item.arguments"), "rule 5: never empty")
			}
		case "response.content_part.added", "response.content_part.done":
			require.Contains(c, []string{"audio", "text"}, g.str("part.type"), "rule 4")
			fallthrough
		case "response.output_text.delta", "response.output_text.done", "response.output_audio.delta", "response.output_audio.done",
			"response.output_audio_transcript.delta", "response.output_audio_transcript.done":
			for _, f := range []string{"response_id", "item_id", "output_index", "content_index"} {
				require.NotNil(c, g.get(f), "rule 2: %s on %s", f, g.typ)
			}
			require.Contains(c, open, g.str("item_id"), "its item is open")
		case "conversation.item.added", "conversation.item.created":
			require.Equal(c, c.dialect != wire.GA, g.typ == "conversation.item.created", "%s in the dialect %s", g.typ, c.dialect)
			previous := g.get("previous_item_id")
			require.Contains(c, g.m, "previous_item_id")
			if previous != nil {
				require.True(c, known[previous.(string)], "%v was never shown to the client", previous)
			}
			known[g.str("item.id")] = true
		case "conversation.item.input_audio_transcription.completed":
			if c.dialect == wire.VoiceLive {
				require.NotContains(c, g.m, "usage")
				break
			}
			require.Equal(c, "duration", g.str("usage.type"), "rule 8: usage of type tokens would need its details")
			require.IsType(c, 0.0, g.get("usage.seconds"))
		case "rate_limits.updated":
			c.Error("rule 9: none are sent, so that no name can be wrong")
		}
		if c.dialect == wire.GA {
			require.Equal(c, g.typ, wire.GAName(g.typ), "a name of an older dialect")
			require.NotEqual(c, "warning", g.typ)
		} else {
			require.Equal(c, g.typ, wire.OlderName(g.typ), "a name of GA's")
			require.NotEqual(c, "conversation.item.done", g.typ)
		}
		if strings.HasPrefix(g.typ, "griot.") {
			require.True(c, c.extended, "extensions come only when asked for: %s", g.raw)
		}
	}
}

// noNulls is rule 3: absent fields of items are left out. The transcript of what was said and not yet recognised is the exception.
func noNulls(c *client, v any, g got) {
	switch v := v.(type) {
	case map[string]any:
		for name, one := range v {
			if name == "transcript" && v["type"] == "input_audio" {
				continue
			}
			require.NotNil(c, one, "rule 3: %s is null in %s", name, g.raw)
			noNulls(c, one, g)
		}
	case []any:
		for _, one := range v {
			noNulls(c, one, g)
		}
	}
}
