package realtime

import (
	"context"
	"strings"

	"griot/internal/fault"
	wire "griot/internal/realtime"
)

// agentPrefix begins a model's name that means an agent.
const agentPrefix = "agent:"

// hosted are the beginnings of the names that clients have for the models of the clouds that host the protocol: OpenAI's own, and those that Azure Voice Live surrounds
// with speech. A dated or sized variant begins as its family does.
var hosted = []string{"gpt-realtime", "gpt-4o", "gpt-4.1", "gpt-5", "phi4-"}

// isHosted reports whether a model's name is one of those.
func isHosted(model string) bool {
	for _, family := range hosted {
		if strings.HasPrefix(model, family) {
			return true
		}
	}
	return false
}

// AgentOf reads which agent a model's name means: agent:<reference> or just its reference names one, a hosted model's name or none means the default agent. It is
// fault.Invalid when there is no default.
func (s *Server) AgentOf(model string) (string, error) {
	ref, named := strings.CutPrefix(model, agentPrefix)
	switch {
	case named && ref != "" || !named && model != "" && !isHosted(model):
		return ref, nil
	case s.DefaultAgent != "" && !named:
		return s.DefaultAgent, nil
	case model == "" || named:
		return "", fault.New(fault.Invalid, wire.CodeMissing, "name the agent to talk to: ?model=agent:<reference>").At("model")
	}
	return "", fault.New(fault.Invalid, wire.CodeInvalidValue, "There is no model '%s' here, and realtime.default_agent names no agent to stand for it: use ?model=agent:<reference>", model).At("model")
}

// Open opens a conversation with the agent that a model's name means; r needs no agent. Faults are those of AgentOf and Host.Open.
func (s *Server) Open(ctx context.Context, model string, r Request) (conv *Conversation, err error) {
	if r.Agent, err = s.AgentOf(model); err != nil {
		return nil, err
	}
	if conv, err = s.Host.Open(ctx, r); err != nil {
		return nil, err
	}
	conv.Model = model
	return conv, nil
}

// shownModel is the name that a session goes by: the one it was asked for, where that is not the agent's own.
func (v *Conversation) shownModel() string {
	if isHosted(v.Model) {
		return v.Model
	}
	return agentPrefix + v.Plan.Agent
}

// Offers returns the name that a session which is prepared for that model goes by; none asks for the default agent.
func (s *Server) Offers(model string) string {
	if model == "" && s.DefaultAgent != "" {
		return agentPrefix + s.DefaultAgent
	}
	return model
}

// sameModel reports whether a change that names a model leaves the session's as it is. Libraries name the model that they would have asked their cloud for in every
// change, whatever the address says: such a name chooses nothing here.
func (v *Conversation) sameModel(name string) bool {
	return isHosted(name) || strings.TrimPrefix(name, agentPrefix) == v.Plan.Agent
}
