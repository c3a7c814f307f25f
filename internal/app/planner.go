package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/agent"
	"griot/internal/config"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/flow"
	"griot/internal/flow/library"
	livert "griot/internal/live/realtime"
	"griot/internal/live/session"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider"
	"griot/internal/realtime"
	"griot/internal/toolbox"
)

// planner turns an agent's definition into a session's plan with the models of this machine.
type planner struct {
	cfg    config.Config
	agents *agent.Service
	models *provider.Registry
	tools  *toolbox.Service // nil where agents have none
	flows  *library.Service // nil where there are only the product's

	guarded *http.Client // the way out for addresses that tenants chose; nil where nothing guards

	mu sync.Mutex
	// saved gives what was set in the console for a vendor; nil where nothing can be.
	saved   func(ctx context.Context, vendor string) (json.RawMessage, error)
	present map[string]provider.Presence // by tenant and vendor, looked up once: what is installed while we run is found at the next start
}

// chosen is a model with the words that describe it.
type chosen[M any] struct {
	model M
	name  string
}

// plan prepares a conversation with an agent. What the machine lacks becomes a notice where the conversation can go on without it.
func (p *planner) plan(ctx context.Context, ref string) (session.Plan, realtime.GriotAgent, error) {
	d, err := p.definition(ctx, ref)
	if err != nil {
		return session.Plan{}, realtime.GriotAgent{}, err
	}
	plan, shown, err := p.planOf(ctx, d)
	if err == nil {
		p.equip(ctx, d, &plan)
	}
	return plan, shown, err
}

// planOf is plan without the agent's tools, for a definition, which may be that of a draft.
func (p *planner) planOf(ctx context.Context, d agent.Definition) (session.Plan, realtime.GriotAgent, error) {
	ears, earErr := p.recogniser(ctx, d)
	voice, voiceErr := p.voice(ctx, d)
	mind, err := p.mind(ctx, d)
	if err != nil {
		return session.Plan{}, realtime.GriotAgent{}, err
	}
	whole, err := p.conversant(ctx, d)
	if err != nil {
		return session.Plan{}, realtime.GriotAgent{}, err
	}
	plan := session.Plan{
		Tenant: tenant, Agent: d.Reference, Name: d.Name, Version: d.Version, Lang: d.Language,
		Models: session.Models{STT: ears.model, LLM: mind.model, TTS: voice.model, S2S: whole.model,
			STTName: ears.name, LLMName: mind.name, TTSName: voice.name, S2SName: whole.name, S2SVoice: d.Realtime.Voice},
		Voice: tts.Options{Voice: d.Voice.ID, Lang: d.Language, Rate: d.Voice.Rate},
		Settings: session.Settings{
			Instructions: d.Instructions, MaxTokens: d.Model.MaxTokens, Temperature: d.Model.Temperature,
			Turn: turn.Settings{Kind: detection(d, ears.model, whole.model), Eagerness: turn.Eagerness(d.Turn.Eagerness), Merge: d.Turn.Merge, Prepare: d.Turn.Prepare, Threshold: float32(d.Turn.Threshold), PrefixPadding: d.Turn.PrefixPadding, Silence: d.Turn.Silence,
				CreateResponse: true, InterruptResponse: d.Turn.Interrupt, IdleTimeout: d.Turn.IdleTimeout, MaxTurn: 30 * time.Second,
				Lang: d.Language, Sensitivity: turn.Sensitivity(d.Turn.Sensitivity), KeepThinking: d.Turn.KeepThinking},
			Hints: stt.Hints{Open: true},
		},
		Greeting: flow.Opening(mind.model, d.Language, d.Greeting.Text), Protected: d.Greeting.Uninterruptible, NoSelfVoice: !d.Turn.SelfVoice,
		Limits:  session.Limits{Max: d.Limits.MaxDuration, Idle: d.Limits.IdleHangUp},
		Phrases: phrases(d.Language),
	}
	if whole.model == nil { // else they are only missed when it cannot be had
		plan.Notices = notices(d, ears, earErr, voiceErr)
	}
	if strings.HasPrefix(mind.name, "flow/") {
		plan.Settings.Turn.Prepare = 0 // it answers in no time
	}
	shown := realtime.GriotAgent{Reference: d.Reference, Name: d.Name, Language: d.Language, Voice: plan.Models.TTSName, Model: plan.Models.LLMName,
		Recogniser: plan.Models.STTName, Listens: plan.Models.STT != nil}
	if whole.model != nil {
		shown.Voice, shown.Model, shown.Recogniser, shown.Listens = voiceName(whole.name, d.Realtime.Voice), whole.name, whole.name, true
	}
	return plan, shown, nil
}

// transcription prepares a session that only listens, with the recogniser that is asked for.
func (p *planner) transcription(ctx context.Context, h livert.Hearing) (session.Plan, realtime.GriotAgent, error) {
	l, err := p.listener(ctx, h)
	if err != nil {
		return session.Plan{}, realtime.GriotAgent{}, err
	}
	set := turn.Defaults()
	set.CreateResponse, set.InterruptResponse = false, false
	plan := session.Plan{Tenant: tenant, Name: "Transcription", Lang: l.Lang, Models: session.Models{STT: l.STT, STTName: l.Name}, Transcribe: true, NoSelfVoice: true,
		Settings: session.Settings{Turn: set, Hints: stt.Hints{Open: true}},
		Limits:   session.Limits{Max: time.Hour, Idle: time.Hour}} // as the protocol has it; silence is no reason to stop listening
	return plan, realtime.GriotAgent{Name: plan.Name, Language: l.Lang, Recogniser: l.Name, Listens: true}, nil
}

// listener finds a recogniser. A provider's id chooses it; the names that clients have for those of the clouds mean the one that this machine uses.
func (p *planner) listener(ctx context.Context, h livert.Hearing) (session.Listen, error) {
	d := agent.Default()
	d.Language = h.Lang
	if v, err := p.models.Get(h.Model); err == nil && v.STT != nil {
		d.Recogniser.Provider = h.Model
	} else if h.Model != "" && !livert.IsTranscriber(h.Model) {
		return session.Listen{}, fault.New(fault.Invalid, realtime.CodeInvalidValue, "There is no recogniser '%s' here: name one of the providers, or leave the model out.", h.Model).At("session.audio.input.transcription.model")
	}
	c, err := p.recogniser(ctx, d)
	if err != nil {
		return session.Listen{}, fault.New(fault.KindOf(err), first(fault.CodeOf(err), "no_recogniser"), "Nothing here understands speech in '%s': %v", h.Lang, err).At("session.audio.input.transcription.language")
	}
	if c.model == nil {
		return session.Listen{}, fault.New(fault.Unavailable, "no_recogniser", "Speech recognition is switched off on this server: see the setting speech.stt.")
	}
	if langs := c.model.Caps().Languages; h.Lang == "" && len(langs) > 0 {
		h.Lang = langs[0]
	}
	return session.Listen{STT: c.model, Name: c.name, Lang: h.Lang}, nil
}

// definition finds an agent. A provider and one of its models, as in openai/gpt-realtime, is an agent with nothing but that: the client says what it is to do.
func (p *planner) definition(ctx context.Context, ref string) (agent.Definition, error) {
	id, model, ok := strings.Cut(ref, "/")
	v, err := p.models.Get(id)
	if !ok || model == "" || err != nil {
		found, ferr := p.called(ctx, ref)
		if ok && err != nil && fault.KindOf(ferr) == fault.NotFound {
			return agent.Definition{}, err
		}
		return found, ferr
	}
	if err := ownsModels(tenantOf(ctx), ref); err != nil {
		return agent.Definition{}, err
	}
	d := agent.Default()
	d.Reference, d.Name = ref, ref
	switch {
	case v.S2S != nil && (v.LLM == nil || strings.Contains(model, "realtime") || strings.HasPrefix(model, "agent:")):
		d.Realtime = agent.Realtime{Provider: id, Model: model}
	case v.LLM != nil:
		d.Model = agent.Model{Provider: id, Name: model}
	default:
		return agent.Definition{}, fault.New(fault.Invalid, "not_offered", "provider %q offers no model that answers", id).At("model")
	}
	return d, nil
}

// detection is how an agent finds the ends of turns. Words that come only after the turn cannot tell when it is over: waiting for them in vain takes longer than a fixed pause.
func detection(d agent.Definition, ears stt.Model, whole s2s.Model) turn.Detection {
	switch {
	case d.Turn.Detection != agent.Auto:
		return turn.Detection(d.Turn.Detection)
	case ears != nil && ears.Caps().Partials && whole == nil:
		return turn.SemanticVAD
	}
	return turn.ServerVAD
}

// notices says what limits the agent on this machine.
func notices(d agent.Definition, ears chosen[stt.Model], earErr, voiceErr error) (out []session.Notice) {
	lang := map[string]string{"language": d.Language}
	switch {
	case ears.model != nil:
	case fault.CodeOf(earErr) == "unsupported_language":
		out = append(out, session.Notice{Code: "no_recogniser", Params: lang,
			Message: "No recogniser on this machine understands " + d.Language + ". Type or press keys; speech needs a model folder or a provider's key."})
	default:
		out = append(out, session.Notice{Code: "recogniser_missing", Params: withReason(lang, earErr), Message: "Speech is not understood: " + text(earErr)})
	}
	if voiceErr != nil {
		out = append(out, session.Notice{Code: "voice_missing", Params: withReason(lang, voiceErr), Message: "The agent writes and does not speak: " + text(voiceErr)})
	}
	return out
}

func withReason(m map[string]string, err error) map[string]string {
	return map[string]string{"language": m["language"], "reason": text(err)}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// here reports whether a vendor's parts are on this machine.
func (p *planner) here(ctx context.Context, v provider.Provider) provider.Presence {
	key := tenantOf(ctx) + "/" + v.ID
	p.mu.Lock()
	got, ok := p.present[key]
	p.mu.Unlock()
	if ok && got.OK && v.ID != "local" { // a server that was found can go
		return got
	}
	ctx, raw, err := p.configured(ctx, v.ID)
	if err != nil {
		return provider.Presence{Missing: err.Error()}
	}
	got = v.Present(ctx, raw)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.present[key] = got
	return got
}

// forget looks a vendor up anew, because it was set otherwise.
func (p *planner) forget(tenant, vendor string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.present, tenant+"/"+vendor)
}

// settings are a vendor's: what was set in the console, else the configuration's.
func (p *planner) settings(ctx context.Context, vendor string) (json.RawMessage, error) {
	if p.saved != nil {
		raw, err := p.saved(ctx, vendor)
		if err == nil {
			return raw, nil
		}
		if fault.KindOf(err) != fault.NotFound {
			return nil, fmt.Errorf("settings of %s: %w", vendor, err)
		}
	}
	return p.cfg.Providers[vendor], nil
}

// made asks a registry for a vendor's model with the vendor's settings.
func made[M any](ctx context.Context, p *planner, get func(context.Context, string, json.RawMessage) (M, error)) func(id string) (M, error) {
	return func(id string) (M, error) {
		ctx, raw, err := p.configured(ctx, id)
		if err != nil {
			var none M
			return none, err
		}
		return get(ctx, id, raw)
	}
}

// pick finds the vendor of a model: the one that is named, or the first present one that can do it.
func pick[M any](ctx context.Context, p *planner, what, named, byDefault string, offers func(provider.Provider) bool, build func(id string) (M, error), fits func(M) bool) (chosen[M], error) {
	var none chosen[M]
	id := named
	if id == "" || id == agent.Auto {
		id = byDefault
	}
	if id == agent.None {
		return none, nil
	}
	if id != "" && id != agent.Auto {
		v, err := p.models.Get(id)
		if err != nil {
			return none, err
		}
		if !offers(v) {
			return none, fault.New(fault.Invalid, "not_offered", "provider %q offers no %s", id, what)
		}
		m, err := build(id)
		if err != nil {
			return none, fmt.Errorf("%s of %s: %w", what, id, err)
		}
		if !fits(m) {
			return none, fault.New(fault.Invalid, "unsupported_language", "the %s of %s does not know this language", what, id)
		}
		return chosen[M]{m, id}, nil
	}
	var missing error
	for _, v := range p.models.All() {
		if v.ID == "fake" || !offers(v) {
			continue
		}
		if got := p.here(ctx, v); !got.OK {
			// That nobody has made an account is no reason: what can be installed here is one.
			if missing == nil && got.Mend != "" && !cloud(v.ID) {
				missing = fault.New(fault.Unavailable, v.ID+"_missing", "%s To mend it: %s", got.Missing, got.Mend)
			}
			continue
		}
		m, err := build(v.ID)
		if err != nil {
			slog.Warn("a provider cannot be used", "provider", v.ID, "error", err)
			continue
		}
		if fits(m) {
			return chosen[M]{m, v.ID}, nil
		}
	}
	if missing == nil {
		missing = fault.New(fault.Invalid, "unsupported_language", "no %s on this machine knows this language", what)
	}
	return none, missing
}

// cloud reports whether a vendor is a service that people choose to have, without which a conversation is possible all the same.
func cloud(vendor string) bool {
	return slices.Contains([]string{"openai", "azure", "azure-openai", "anthropic", "google", "local"}, vendor)
}

// speaks reports whether one of the languages is lang's; no language leaves the choice.
func speaks(languages []string, lang string) bool {
	if len(languages) == 0 || lang == "" {
		return true
	}
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	for _, l := range languages {
		b, _, _ := strings.Cut(strings.ToLower(l), "-")
		if b == base {
			return true
		}
	}
	return false
}

func (p *planner) recogniser(ctx context.Context, d agent.Definition) (chosen[stt.Model], error) {
	c, err := pick(ctx, p, "recogniser", d.Recogniser.Provider, p.cfg.Speech.STT, func(v provider.Provider) bool { return v.STT != nil },
		made(ctx, p, p.models.STT),
		func(m stt.Model) bool { return speaks(m.Caps().Languages, d.Language) })
	// A recogniser for another language would be the better reason than a missing package that would not help.
	if err != nil && fault.CodeOf(err) == "pocketsphinx_missing" && !speaks([]string{"en"}, d.Language) {
		err = fault.New(fault.Invalid, "unsupported_language", "no recogniser on this machine knows this language")
	}
	if c.model != nil {
		c.name = c.model.Caps().ID
	}
	return c, err
}

func (p *planner) voice(ctx context.Context, d agent.Definition) (chosen[tts.Model], error) {
	c, err := pick(ctx, p, "voice", d.Voice.Provider, p.cfg.Speech.TTS, func(v provider.Provider) bool { return v.TTS != nil },
		made(ctx, p, p.models.TTS),
		func(m tts.Model) bool { return speaks(m.Caps().Languages, d.Language) })
	if c.model != nil {
		c.name = voiceName(c.model.Caps().ID, d.Voice.ID)
	}
	return c, err
}

// conversant is the speech-to-speech model, none for an agent of the cascade.
func (p *planner) conversant(ctx context.Context, d agent.Definition) (chosen[s2s.Model], error) {
	id := d.Realtime.Provider
	if id == agent.None {
		return chosen[s2s.Model]{}, nil
	}
	ctx, raw, err := p.configured(ctx, id)
	if err == nil {
		raw, err = with(raw, "realtime_model", d.Realtime.Model)
	}
	if err != nil {
		return chosen[s2s.Model]{}, err
	}
	m, err := p.models.S2S(ctx, id, raw)
	if err != nil {
		return chosen[s2s.Model]{}, fmt.Errorf("speech-to-speech model of %s: %w", id, err)
	}
	return chosen[s2s.Model]{m, m.Caps().ID}, nil
}

// voiceName names a voice of a model.
func voiceName(model, voice string) string {
	if voice == "" {
		return model
	}
	return model + "/" + voice
}

// mind is what answers: a flow, a language model, or a flow that hands over to one.
func (p *planner) mind(ctx context.Context, d agent.Definition) (chosen[llm.Model], error) {
	model, id, err := p.thinker(ctx, d)
	if err != nil {
		return chosen[llm.Model]{}, err
	}
	if d.Model.Flow == "" {
		if model == nil && d.Realtime.Provider != agent.None {
			return chosen[llm.Model]{}, nil // nobody answers when the speech-to-speech model cannot be had
		}
		if model == nil {
			return chosen[llm.Model]{}, fault.New(fault.Invalid, "no_model", "agent %s names neither a flow nor a provider of language models, and speech.llm is not set", d.Reference)
		}
		return chosen[llm.Model]{model, id}, nil
	}
	name := "flow/" + d.Model.Flow
	var f llm.Model
	if own, ok, ferr := p.ownFlow(ctx, d.Model.Flow); ferr != nil {
		return chosen[llm.Model]{}, ferr
	} else if ok {
		f, err = flow.NewCustom(own, d.Language, model)
		name = "flow/" + own.Name
	} else {
		f, err = flow.New(d.Model.Flow, d.Language, model)
	}
	if err != nil {
		return chosen[llm.Model]{}, err
	}
	if model != nil {
		name += "+" + id
	}
	return chosen[llm.Model]{f, name}, nil
}

// ownFlow is the definition of a flow that people of the tenant made; false for one of the product.
func (p *planner) ownFlow(ctx context.Context, id string) (flow.Definition, bool, error) {
	if p.flows == nil || !strings.HasPrefix(id, library.Prefix) {
		return flow.Definition{}, false, nil
	}
	d, err := p.flows.Running(ctx, tenantOf(ctx), id)
	return d, err == nil, err
}

// thinker is an agent's language model with those that stand in for it, and the id of the first one's provider; nil for an agent that has none.
func (p *planner) thinker(ctx context.Context, d agent.Definition) (llm.Model, string, error) {
	id := d.Model.Provider
	if id == agent.Auto || id == "" {
		id = p.cfg.Speech.LLM
	}
	var models []llm.Model
	var names []string
	if id != "" && id != agent.None {
		m, err := p.writes(ctx, id, first(d.Model.Name, p.cfg.Speech.Model))
		if err != nil && len(d.Model.Fallbacks) == 0 {
			return nil, id, err
		}
		if err != nil {
			slog.WarnContext(ctx, "an agent's language model cannot be used", "agent", d.Reference, "provider", id, "error", err)
		} else {
			models, names = append(models, m), append(names, id)
		}
		for _, f := range d.Model.Fallbacks {
			vendor, name, _ := strings.Cut(f, "/")
			m, err := p.writes(ctx, vendor, name)
			if err != nil { // what was to help does no harm
				slog.WarnContext(ctx, "a fallback of an agent cannot be used", "agent", d.Reference, "model", f, "error", err)
				continue
			}
			models, names = append(models, m), append(names, f)
		}
		if len(models) == 0 {
			return nil, id, err
		}
	}
	switch len(models) {
	case 0:
		return nil, id, nil
	case 1:
		return llm.Retry(models[0], tryModel, tryPause), id, nil
	}
	for i, m := range models {
		if i < len(models)-1 {
			models[i] = llm.RetryWithin(m, 2, tryPause, standInPause)
		} else {
			models[i] = llm.Retry(m, tryModel, tryPause)
		}
	}
	o := llm.FallbackOptions{First: d.Model.FallbackAfter, Failed: func(i int, err error) {
		slog.Warn("a language model is passed over", "agent", d.Reference, "model", names[i], "error", err)
	}}
	return llm.FallbackWith(o, models...), id, nil
}

// How often a model is asked, and how long is waited between: a caller is waiting. One that has a stand-in is not waited for.
const (
	tryModel     = 3
	tryPause     = 200 * time.Millisecond
	standInPause = 500 * time.Millisecond
)

// writes is a vendor's language model; an empty name is the one that the vendor's settings name.
func (p *planner) writes(ctx context.Context, vendor, name string) (llm.Model, error) {
	ctx, raw, err := p.configured(ctx, vendor)
	if err == nil {
		raw, err = with(raw, "model", name)
	}
	if err != nil {
		return nil, err
	}
	m, err := p.models.LLM(ctx, vendor, raw)
	if err != nil {
		return nil, fmt.Errorf("language model of %s: %w", vendor, err)
	}
	return m, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// warm makes the models of every agent, so that the first caller does not wait for them.
func (p *planner) warm(ctx context.Context) {
	// The agents that were worked on last are those that are called next; the rest share their models.
	page, err := p.agents.List(ctx, tenant, agent.Filter{Status: agent.Active, Sort: agent.Sort{By: "updated", Down: true}, Limit: 100}, "")
	if err != nil {
		return
	}
	for _, a := range page.Items {
		if ctx.Err() != nil {
			return
		}
		if _, _, err := p.planOf(ctx, a.Definition); err != nil {
			slog.Warn("an agent cannot be used", "agent", a.Reference, "error", err)
		}
	}
}

// noticesOf converts for the API.
func noticesOf(ns []session.Notice) []event.Notice {
	out := make([]event.Notice, len(ns))
	for i, n := range ns {
		out[i] = event.Notice{Code: n.Code, Message: n.Message, Params: n.Params}
	}
	return out
}
