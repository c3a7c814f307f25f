package app

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"griot/internal/blob"
	"griot/internal/chat"
	"griot/internal/conversation"
	"griot/internal/fault"
	"griot/internal/flow"
	"griot/internal/identity"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// openChats opens written conversations.
func (a *App) openChats(stop context.Context, records *conversation.Service, files blob.Store, tracer trace.Tracer) {
	a.chats = chat.New(chat.Options{Agents: a.plans, Records: records, Blobs: files, Log: a.log, Stop: stop, Tracer: tracer})
	a.onClose(a.chats.Close)
}

// ChatAgent implements chat.Agents: any agent can write that has a language model or a call flow.
func (p *planner) ChatAgent(ctx context.Context, ref string) (chat.Agent, error) {
	d, err := p.called(ctx, ref)
	if err != nil {
		return chat.Agent{}, err
	}
	mind, err := p.mind(ctx, d)
	if err != nil {
		return chat.Agent{}, err
	}
	if mind.model == nil {
		f := fault.New(fault.Invalid, "agent_only_speaks", "The agent %s has no language model and cannot write.", d.Reference)
		f.Params = map[string]string{"reference": d.Reference}
		return chat.Agent{}, f
	}
	greeting := d.Greeting.Text
	if identity.Of(ctx).Kind == identity.ByVisitor {
		greeting = first(d.Embed.Greeting, greeting)
	}
	out := chat.Agent{Reference: d.Reference, Name: d.Name, Version: d.Version, Lang: d.Language, Instructions: d.Instructions, Welcome: flow.Opening(mind.model, d.Language, greeting),
		LLM: mind.model, Model: mind.name, Limits: llm.Limits{MaxTokens: d.Model.MaxTokens, Temperature: d.Model.Temperature},
		Settings: chat.Settings{Timeout: d.Chat.Timeout, MaxMessages: d.Chat.MaxMessages, Unsaved: !d.Chat.Save},
		Look:     chat.Look{Suggestions: d.Chat.Suggestions, Color: d.Chat.Color, Avatar: d.Chat.Avatar}}
	if p.tools != nil && len(p.wanted(ctx, d)) > 0 {
		out.Equip = func(ctx context.Context) ([]tool.Tool, func()) {
			set, missing := p.gather(ctx, d)
			for _, m := range missing {
				slog.WarnContext(ctx, "an agent does without a tool", "agent", d.Reference, "tool", m.Name, "error", m.Err)
			}
			return set.tools, func() {
				if err := set.Close(); err != nil {
					slog.WarnContext(ctx, "a tool could not be closed", "agent", d.Reference, "error", err)
				}
			}
		}
	}
	return out, nil
}
