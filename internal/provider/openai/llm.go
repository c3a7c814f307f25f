package openai

import (
	"context"

	"griot/internal/model/llm"
	"griot/internal/wire/chat"
)

// thinker is a language model with the connections that it closes.
type thinker struct {
	llm.Model
	*client
}

// TakesImages implements llm.Viewer.
func (m thinker) TakesImages() bool { return llm.TakesImages(m.Model) }

// TakesFiles implements llm.Reader.
func (m thinker) TakesFiles() bool { return llm.TakesFiles(m.Model) }

func newLLM(ctx context.Context, c Config) (llm.Model, error) {
	cl, err := newClient(ctx, c)
	if err != nil {
		return nil, err
	}
	s := chat.Settings{
		Model: c.Model, Effort: c.Effort, OldTokens: !c.own(), Thoughts: !c.own(),
		Images: c.Images == "yes" || c.Images != "no" && c.own(), Files: c.Documents == "yes" || c.Documents != "no" && c.own(),
	}
	if c.Interface == "responses" {
		return thinker{chat.NewResponses(cl.Client, s), cl}, nil
	}
	return thinker{chat.NewCompletions(cl.Client, s), cl}, nil
}
