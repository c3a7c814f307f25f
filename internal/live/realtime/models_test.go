package realtime

import (
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

// Which agent a model's name means, and how the session then shows it.
func TestAgentOf(t *testing.T) {
	s := &Server{DefaultAgent: "desk"}
	for model, want := range map[string]struct{ agent, shown string }{
		"agent:test":              {"test", "agent:test"},
		"test":                    {"test", "agent:test"},
		"agent:gpt-5":             {"gpt-5", "agent:gpt-5"},
		"":                        {"desk", "agent:desk"},
		"gpt-realtime":            {"desk", "gpt-realtime"},
		"gpt-realtime-mini":       {"desk", "gpt-realtime-mini"},
		"gpt-realtime-2025-08-28": {"desk", "gpt-realtime-2025-08-28"},
		"gpt-4o-realtime-preview": {"desk", "gpt-4o-realtime-preview"},
		"gpt-4o-mini-realtime-preview-2024-12-17": {"desk", "gpt-4o-mini-realtime-preview-2024-12-17"},
		"gpt-4.1-mini":     {"desk", "gpt-4.1-mini"},
		"gpt-5-nano":       {"desk", "gpt-5-nano"},
		"phi4-mm-realtime": {"desk", "phi4-mm-realtime"},
		"an-agent-nobody-has-so-the-host-will-tell": {"an-agent-nobody-has-so-the-host-will-tell", "agent:an-agent-nobody-has-so-the-host-will-tell"},
	} {
		agent, err := s.AgentOf(model)
		require.NoError(t, err, model)
		require.Equal(t, want.agent, agent, model)
		v := &Conversation{Model: model}
		v.Plan.Agent = agent
		require.Equal(t, want.shown, v.shownModel(), model)
		require.True(t, v.sameModel(want.shown) && v.sameModel(agent) && v.sameModel("gpt-realtime"), model)
		require.False(t, v.sameModel("agent:other") || v.sameModel("llama"), model)
	}
	_, err := s.AgentOf("agent:")
	require.Equal(t, fault.Invalid, fault.KindOf(err))

	none := &Server{}
	for _, model := range []string{"", "gpt-realtime", "agent:"} {
		_, err := none.AgentOf(model)
		require.Equal(t, fault.Invalid, fault.KindOf(err), model)
	}
	agent, err := none.AgentOf("test")
	require.NoError(t, err)
	require.Equal(t, "test", agent)
}
