package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/agent/template"
	"griot/internal/model/llm"
	"griot/internal/prompt"
)

// Writers is where the prompt builder gets a language model for the tenant in the context. With none configured it is a fault.Unavailable "no_model" that says what to do.
type Writers interface {
	Writer(ctx context.Context) (m llm.Model, name string, err error)
}

// PromptPhase is one stretch of a conversation.
type PromptPhase struct {
	ID     string   `json:"id,omitempty" maxLength:"64" doc:"Of the library; absent for one that somebody wrote."`
	Name   string   `json:"name" minLength:"1" maxLength:"200"`
	Goal   string   `json:"goal,omitempty" maxLength:"4000"`
	Script string   `json:"script,omitempty" maxLength:"4000" doc:"Words to say, as an example."`
	Rules  []string `json:"rules,omitempty" maxItems:"100"`
}

// PromptDraft is what instructions are composed of.
type PromptDraft struct {
	Language string        `json:"language,omitempty" maxLength:"35" example:"fr" doc:"Of the headings: en, fr or es."`
	Kind     string        `json:"kind,omitempty" enum:"voice,text" default:"voice" doc:"An agent that is spoken to has at most 2000 characters, one that is written to 16000."`
	Role     string        `json:"role,omitempty" maxLength:"16000"`
	Tone     string        `json:"tone,omitempty" maxLength:"4000"`
	Phases   []PromptPhase `json:"phases" maxItems:"50"`
	Rules    []string      `json:"rules,omitempty" maxItems:"100" doc:"That hold in every phase."`
}

// PromptText is one text of instructions.
type PromptText struct {
	Instructions string   `json:"instructions"`
	Characters   int      `json:"characters"`
	Limit        int      `json:"limit" doc:"How many the agent may have."`
	Variables    []string `json:"variables" doc:"What stands in it in {{double braces}}."`
}

// PromptFinding is something to know about a text.
type PromptFinding struct {
	Code    string            `json:"code" enum:"too_long,encoding_guessed,control_characters,not_spoken,no_structure,too_many,ignored_members,shortened"`
	Message string            `json:"message" doc:"In English."`
	Line    int               `json:"line,omitempty" doc:"From 1; absent for the whole."`
	Params  map[string]string `json:"params,omitempty"`
}

type (
	promptPhases struct {
		Page[PromptPhase]
		Sets map[string][]string `json:"sets" doc:"For each template, the phases that make a conversation of its kind, in order."`
	}
	phasesQuery struct {
		Search
		Lang string `query:"lang" maxLength:"35" default:"en" doc:"en, fr or es."`
		Paging
	}
	composeInput struct{ Body PromptDraft }
	importInput  struct {
		Name    string `query:"name" maxLength:"255" example:"script.md" doc:"Of the file: its ending says whether it is text, Markdown or JSON."`
		Lang    string `query:"lang" maxLength:"35" default:"en" doc:"en, fr or es."`
		Kind    string `query:"kind" enum:"voice,text" default:"voice"`
		RawBody []byte `contentType:"application/octet-stream"`
	}
	importedPrompt struct {
		PromptText
		Format   string          `json:"format" enum:"text,markdown,json"`
		Draft    PromptDraft     `json:"draft" doc:"What was recognised."`
		Findings []PromptFinding `json:"findings"`
	}
	generateInput struct {
		Body struct {
			Description string `json:"description" minLength:"10" maxLength:"4000" doc:"What the agent is for, in your own words."`
			Language    string `json:"language" minLength:"2" maxLength:"35" example:"fr" doc:"BCP 47, of the agent."`
			Kind        string `json:"kind,omitempty" enum:"voice,text" default:"voice"`
			Current     string `json:"current,omitempty" maxLength:"16000" doc:"Instructions to improve."`
			Template    string `json:"template,omitempty" maxLength:"64" doc:"Id of a template whose form is an example."`
		}
	}
	generatedPrompt struct {
		PromptText
		Greeting string          `json:"greeting" doc:"The agent's first words; may be empty."`
		Model    string          `json:"model" doc:"What wrote it."`
		Findings []PromptFinding `json:"findings"`
	}
)

// A draft costs money: whoever asks gets five at once, and then one every twelve seconds.
var draftRate = allowance{most: 5, every: 12 * time.Second}

var phaseShelf = shelf[PromptPhase]{
	id:    func(p PromptPhase) string { return p.ID },
	words: func(p PromptPhase) []string { return []string{p.Name, p.Goal, p.Script} },
}

func (a *api) prompts() {
	const tag = "Prompt builder"
	get(a, "/api/prompts/phases", "list-prompt-phases", tag, "List the phases that instructions can be composed of", nil, func(_ context.Context, in *phasesQuery) (promptPhases, error) {
		page, err := phaseShelf.page(each(prompt.Phases(in.Lang), func(p prompt.Phase) PromptPhase { return PromptPhase(p) }), in.Search, "", in.Paging)
		return promptPhases{Page: page, Sets: prompt.Sets()}, err
	})
	change(a, "POST", "/api/prompts/compose", "compose-prompt", tag, "Compose instructions from phases", 0, nil, func(_ context.Context, in *composeInput) (PromptText, error) {
		d := draftIn(in.Body)
		text, err := prompt.Compose(d)
		return textOf(text, d.Kind), err
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: "/api/prompts/import", OperationID: "import-prompt", Tags: []string{tag}, Summary: "Read instructions from a file",
		Description: "The body is the file, of at most 256 KB: text, Markdown or JSON, in any usual encoding.", MaxBodyBytes: prompt.MaxFile + 1,
		Errors: []int{http.StatusRequestEntityTooLarge},
	}, func(ctx context.Context, in *importInput) (*output[importedPrompt], error) {
		got, err := prompt.Import(in.Name, in.RawBody, in.Lang, in.Kind)
		if err != nil {
			return nil, problemOf(ctx, "import-prompt", err)
		}
		return &output[importedPrompt]{Body: importedPrompt{PromptText: textOf(got.Instructions, in.Kind), Format: got.Format, Draft: draftOut(got.Draft), Findings: findingsOf(got.Findings)}}, nil
	})
	change(a, "POST", "/api/prompts/generate", "generate-prompt", tag, "Have a language model write a draft, in at most 60 seconds", 0,
		[]int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable}, a.generatePrompt)
}

func (a *api) generatePrompt(ctx context.Context, in *generateInput) (generatedPrompt, error) {
	b := in.Body
	r := prompt.Request{Description: b.Description, Language: b.Language, Kind: b.Kind, Current: b.Current}
	if b.Template != "" {
		t, err := a.s.Templates.Get(b.Template, b.Language)
		if err != nil {
			return generatedPrompt{}, err
		}
		r.Example = t.Agent.Instructions
	}
	m, name, err := a.s.Writers.Writer(ctx)
	if err != nil {
		return generatedPrompt{}, err
	}
	if err := a.drafts.take(ctx, draftRate); err != nil {
		return generatedPrompt{}, err
	}
	g, err := prompt.Generate(ctx, m, r)
	if err != nil {
		return generatedPrompt{}, err
	}
	return generatedPrompt{PromptText: textOf(g.Instructions, b.Kind), Greeting: g.Greeting, Model: name, Findings: findingsOf(g.Findings)}, nil
}

func textOf(text, kind string) PromptText {
	return PromptText{Instructions: text, Characters: len([]rune(text)), Limit: prompt.Limit(kind), Variables: notNil(template.Blanks(text))}
}

func findingsOf(list []prompt.Finding) []PromptFinding {
	out := make([]PromptFinding, 0, len(list))
	for _, f := range list {
		out = append(out, PromptFinding(f))
	}
	return out
}

func draftIn(d PromptDraft) prompt.Draft {
	out := prompt.Draft{Language: d.Language, Kind: d.Kind, Role: d.Role, Tone: d.Tone, Rules: d.Rules}
	for _, p := range d.Phases {
		out.Phases = append(out.Phases, prompt.Phase(p))
	}
	return out
}

func draftOut(d prompt.Draft) PromptDraft {
	out := PromptDraft{Language: d.Language, Kind: d.Kind, Role: d.Role, Tone: d.Tone, Phases: []PromptPhase{}, Rules: d.Rules}
	for _, p := range d.Phases {
		out.Phases = append(out.Phases, PromptPhase(p))
	}
	return out
}
