package app

import (
	"context"
	"log/slog"
	"time"

	"griot/internal/agent"
	"griot/internal/fault"
	"griot/internal/model/llm"
)

// Writer implements api.Writers: the language model that agents have by default, else the first vendor's that is ready.
func (p *planner) Writer(ctx context.Context) (llm.Model, string, error) {
	id, model := p.cfg.Speech.LLM, p.cfg.Speech.Model
	if id == "" || id == agent.Auto || id == agent.None {
		id, model = "", ""
		for _, v := range p.models.All() {
			if v.ID != "fake" && v.LLM != nil && p.here(ctx, v).OK {
				id = v.ID
				break
			}
		}
	}
	if id == "" {
		return nil, "", fault.New(fault.Unavailable, "no_model", "No language model is configured: enter the key of a provider under Settings, or the address of a server of your own, such as Ollama.")
	}
	raw, err := p.settings(ctx, id)
	if err == nil {
		raw, err = with(raw, "model", model)
	}
	if err != nil {
		return nil, "", err
	}
	m, err := p.models.LLM(ctx, id, raw)
	if err != nil {
		slog.WarnContext(ctx, "the prompt builder has no language model", "provider", id, "error", err)
		return nil, "", err
	}
	name := id
	if model != "" {
		name += "/" + model
	}
	return llm.Retry(m, 2, 200*time.Millisecond), name, nil
}
