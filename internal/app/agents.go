package app

import (
	"context"
	"encoding/json"
	"strings"

	"griot/internal/agent"
	"griot/internal/api"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider"
)

// draftMark behind a reference asks for an agent that may be a draft, to try it: agent:Agent-000042@draft.
const draftMark = "@draft"

// called finds the agent that a client asks for by reference, id or name, within its tenant. Only active ones can be called; whoever may change agents can try a draft.
func (p *planner) called(ctx context.Context, ref string) (agent.Definition, error) {
	key, try := strings.CutSuffix(ref, draftMark)
	a, err := p.agents.Get(ctx, tenantOf(ctx), key)
	if err != nil {
		return agent.Definition{}, err
	}
	if a.Status == agent.Active {
		return a.Definition, nil
	}
	who := identity.Of(ctx)
	inTerminal := who.Kind == identity.ByNobody && who.Tenant == "" // no request comes so far as nobody
	if try && (inTerminal || who.May(identity.WriteAgents)) {
		return a.Definition, nil
	}
	f := fault.New(fault.Conflict, "agent_is_draft", "The agent %s is a draft. Publish it first; who may change agents can try it as agent:%s%s.", a.Reference, a.Reference, draftMark)
	f.Params = map[string]string{"reference": a.Reference}
	return agent.Definition{}, f.At("model")
}

// ownsModels refuses a provider's model without an agent to other tenants: the first tenant is the operator's.
func ownsModels(owner, ref string) error {
	if owner == tenant {
		return nil
	}
	f := fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", ref)
	f.Params = map[string]string{"reference": ref}
	return f
}

// judge holds definitions against the models of this machine.
type judge struct{ plans *planner }

// Offer implements agent.Models.
func (j judge) Offer(ctx context.Context, d agent.Definition, part agent.Part) (agent.Offer, error) {
	id := map[agent.Part]string{agent.Mind: d.Model.Provider, agent.Ears: d.Recogniser.Provider, agent.Mouth: d.Voice.Provider, agent.Whole: d.Realtime.Provider}[part]
	v, err := j.plans.models.Get(id)
	if err != nil {
		return agent.Offer{}, err
	}
	ctx, raw, err := j.plans.configured(ctx, id)
	if err != nil {
		return agent.Offer{}, err
	}
	switch part {
	case agent.Ears:
		return offerOf(ctx, v, "speech recognition", v.STT != nil, raw, j.plans.models.STT, func(m stt.Model) agent.Offer { return agent.Offer{Languages: m.Caps().Languages} })
	case agent.Mouth:
		return offerOf(ctx, v, "voices", v.TTS != nil, raw, j.plans.models.TTS, func(m tts.Model) agent.Offer {
			c := m.Caps()
			o := agent.Offer{Languages: c.Languages}
			for _, voice := range c.Voices {
				o.Voices = append(o.Voices, agent.VoiceOffer{ID: voice.ID, Lang: voice.Lang})
			}
			return o
		})
	case agent.Whole:
		if v.S2S == nil {
			return agent.Offer{}, notOffered(v, "speech-to-speech models")
		}
		m, err := j.plans.conversant(ctx, d)
		if err != nil {
			return agent.Offer{}, err
		}
		o := agent.Offer{Languages: m.model.Caps().Languages}
		for _, voice := range m.model.Caps().Voices {
			o.Voices = append(o.Voices, agent.VoiceOffer{ID: voice})
		}
		return o, nil
	case agent.Mind:
		if v.LLM == nil {
			return agent.Offer{}, notOffered(v, "language models")
		}
	}
	return agent.Offer{}, nil
}

func offerOf[M any](ctx context.Context, v provider.Provider, what string, has bool, raw json.RawMessage, get func(context.Context, string, json.RawMessage) (M, error), of func(M) agent.Offer) (agent.Offer, error) {
	if !has {
		return agent.Offer{}, notOffered(v, what)
	}
	m, err := get(ctx, v.ID, raw)
	if err != nil {
		return agent.Offer{}, err
	}
	return of(m), nil
}

func notOffered(v provider.Provider, what string) error {
	f := fault.New(fault.Invalid, "not_offered", "%s has no %s: choose another provider.", v.Name, what)
	f.Params = map[string]string{"provider": v.ID}
	return f
}

// Usable implements agent.Models.
func (j judge) Usable(ctx context.Context, d agent.Definition) error {
	_, _, err := j.plans.planOf(ctx, d)
	return err
}

// HasTool implements agent.Models. What cannot be looked up is taken to be there: the check is no reason to doubt it.
func (j judge) HasTool(ctx context.Context, reference string) bool {
	if j.plans.tools == nil {
		return false
	}
	_, err := j.plans.tools.Get(ctx, tenantOf(ctx), reference)
	return fault.KindOf(err) != fault.NotFound
}

// Describe implements api.Machine. Agents of the same models are looked at once.
func (j judge) Describe(ctx context.Context, defs []agent.Definition) []api.Described {
	type models struct {
		lang  string
		voice agent.VoiceSpec
		flow  string
		mind  string
		name  string
		next  string
		ears  agent.Recogniser
		whole agent.Realtime
	}
	seen := map[models]api.Described{}
	out := make([]api.Described, len(defs))
	for i, d := range defs {
		key := models{d.Language, d.Voice, d.Model.Flow, d.Model.Provider, d.Model.Name, strings.Join(d.Model.Fallbacks, " "), d.Recogniser, d.Realtime}
		got, ok := seen[key]
		if !ok {
			got = j.describe(ctx, d)
			seen[key] = got
		}
		out[i] = got
	}
	return out
}

func (j judge) describe(ctx context.Context, d agent.Definition) api.Described {
	plan, shown, err := j.plans.planOf(ctx, d)
	if err != nil {
		// The agent is shown with its reason, so that people see what to mend.
		return api.Described{Notices: append(noticesOf(nil), noticeOf(err))}
	}
	return api.Described{Voice: shown.Voice, Model: shown.Model, Recogniser: shown.Recogniser, Listens: shown.Listens, Notices: noticesOf(plan.Notices)}
}
