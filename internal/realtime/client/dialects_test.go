package client_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	wire "griot/internal/realtime"
	"griot/internal/realtime/client"
)

// What a shape writes, our own server reads in that dialect without a fault, and Voice Live's without a warning: so one of our servers can stand behind another.
func TestShapesAreReadByTheServer(t *testing.T) {
	temperature := 0.5
	o := s2s.Options{Lang: "fr-FR", Settings: s2s.Settings{Instructions: "Be brief.", Voice: "alloy", Speed: 1.2, MaxTokens: 100, Choice: "auto", Temperature: &temperature,
		Tools: []llm.ToolSpec{{Name: "f", Parameters: json.RawMessage(`{"type":"object"}`)}}}}
	text := true
	instructions := "Now rhyme."
	for _, c := range []struct {
		dialect wire.Dialect
		shape   client.Shape
	}{
		{wire.GA, client.GA{Transcription: "whisper-1"}},
		{wire.VoiceLive, client.VoiceLive{Transcription: "azure-speech", Phrases: []string{"Zoé"}, Noise: true, Echo: true, Speaks: true}},
	} {
		read := func(typ, field string, body any) wire.ClientEvent {
			raw, err := json.Marshal(map[string]any{"type": typ, field: body})
			require.NoError(t, err)
			ev, warnings, err := c.dialect.Read(raw)
			require.NoError(t, err, "%s", raw)
			require.Empty(t, warnings, "%s", raw)
			return ev
		}
		s, err := wire.DefaultSession().Apply(read("session.update", "session", c.shape.Session(o)).(wire.SessionUpdate).Session, false)
		require.NoError(t, err)
		require.Nil(t, s.Audio.Input.TurnDetection)
		require.Equal(t, "alloy", s.Audio.Output.Voice.Name)
		require.Equal(t, "f", s.Tools[0].Name)
		require.EqualValues(t, 100, s.MaxOutputTokens)
		for _, it := range []s2s.Item{{ID: "a", Role: llm.User, Text: "x"}, {ID: "b", Role: llm.Assistant, Text: "y"}, {ID: "c", Call: &llm.ToolCall{ID: "1", Name: "f", Arguments: "{}"}}, {ID: "d", Result: &llm.ToolResult{CallID: "1", Output: "z"}}} {
			require.Equal(t, it.ID, read("conversation.item.create", "item", c.shape.Item(it)).(wire.ItemCreate).Item.ID)
		}
		r := read("response.create", "response", c.shape.Response(s2s.Respond{Tag: "t", Instructions: &instructions, Text: &text, MaxTokens: 5, Choice: "none", Input: []s2s.Item{{Role: llm.User, Text: "x"}}})).(wire.ResponseCreate).Response
		require.Equal(t, []string{"text"}, r.OutputModalities.Value)
		require.Len(t, r.Input.Value, 1)
		require.EqualValues(t, 5, r.MaxOutputTokens.Value)
		say := read("response.create", "response", c.shape.Response(s2s.Respond{Tag: "t", Say: "Good day."})).(wire.ResponseCreate).Response
		if c.dialect == wire.VoiceLive {
			require.Equal(t, "Good day.", say.Extra.Say)
		} else {
			require.Contains(t, say.Instructions.Value, "Good day.")
		}
	}
}
