package api

import (
	"context"
	"net/http"

	"griot/internal/agent/template"
)

// Templates is what the API needs of the library of templates; *template.Library has it.
type Templates interface {
	List(lang string) []template.Template
	Get(id, lang string) (template.Template, error)
}

// TemplateVariable is one blank of a template.
type TemplateVariable struct {
	Name        string `json:"name" example:"company" doc:"It stands in the texts as {{company}}."`
	When        string `json:"when" enum:"agent,contact" doc:"Whether it gets its value when the agent is made, or at each call from the contact's own data."`
	Description string `json:"description"`
	Sample      string `json:"sample" doc:"Shows what a value looks like; it is nobody's."`
}

// Template is an agent to begin with.
type Template struct {
	ID          string             `json:"id" example:"reception"`
	Language    string             `json:"language" enum:"en,fr,es"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Direction   string             `json:"direction" enum:"inbound,outbound" doc:"Whether the agent is called, or calls."`
	Greeting    string             `json:"greeting"`
	Characters  int                `json:"characters" doc:"Of the instructions."`
	Variables   []TemplateVariable `json:"variables"`
}

// TemplateDetail is a template with its agent.
type TemplateDetail struct {
	Template
	Instructions string         `json:"instructions"`
	Agent        map[string]any `json:"agent" doc:"The agent's definition, with the keys of an agent's file."`
	YAML         string         `json:"yaml" doc:"The same as a file of an agent."`
	Blanks       []string       `json:"blanks" doc:"Variables that still stand in the texts."`
}

type (
	templateList   Page[Template]
	templatesQuery struct {
		Search
		Lang string `query:"lang" maxLength:"35" default:"en" doc:"Language of the agents: en, fr or es."`
		Paging
	}
	templateQuery struct {
		ID      string `path:"id" maxLength:"64" example:"reception"`
		Lang    string `query:"lang" maxLength:"35" default:"en" doc:"Language of the agent: en, fr or es."`
		Samples bool   `query:"samples" doc:"With the sample values in place of the variables, to try it as it is."`
	}
	fillInput struct {
		ID   string `path:"id" maxLength:"64" example:"reception"`
		Body struct {
			Lang    string            `json:"lang" maxLength:"35" doc:"Language of the agent: en, fr or es."`
			Values  map[string]string `json:"values" doc:"By variable, at most 1000 characters each. A variable without a value stays."`
			Samples bool              `json:"samples,omitempty" doc:"The sample values where there is no other."`
		}
	}
)

var templateShelf = shelf[Template]{
	id:    func(t Template) string { return t.ID },
	words: func(t Template) []string { return []string{t.ID, t.Name, t.Description} },
}

func (a *api) templates() {
	const tag = "Catalogues"
	missing := []int{http.StatusNotFound}
	get(a, "/api/templates", "list-templates", tag, "List the templates of agents", nil, func(_ context.Context, in *templatesQuery) (templateList, error) {
		page, err := templateShelf.page(each(a.s.Templates.List(in.Lang), templateOf), in.Search, "", in.Paging)
		return templateList(page), err
	})
	get(a, "/api/templates/{id}", "get-template", tag, "Get a template with its agent", missing, func(_ context.Context, in *templateQuery) (TemplateDetail, error) {
		return a.filled(in.ID, in.Lang, nil, in.Samples)
	})
	change(a, "POST", "/api/templates/{id}/fill", "fill-template", tag, "Put values into a template", 0, missing, func(_ context.Context, in *fillInput) (TemplateDetail, error) {
		return a.filled(in.ID, in.Body.Lang, in.Body.Values, in.Body.Samples)
	})
}

// filled is a template with values, and with samples for the rest where that is wanted.
func (a *api) filled(id, lang string, values map[string]string, samples bool) (TemplateDetail, error) {
	t, err := a.s.Templates.Get(id, lang)
	if err != nil {
		return TemplateDetail{}, err
	}
	all := map[string]string{}
	if samples {
		all = t.Samples()
	}
	for name, v := range values {
		all[name] = v
	}
	if len(all) > 0 {
		if t, err = t.With(all); err != nil {
			return TemplateDetail{}, err
		}
	}
	fields, err := t.Fields()
	if err != nil {
		return TemplateDetail{}, err
	}
	return TemplateDetail{Template: templateOf(t), Instructions: t.Agent.Instructions, Agent: fields, YAML: t.YAML, Blanks: notNil(template.Blanks(t.Agent.Greeting.Text + "\n" + t.Agent.Instructions))}, nil
}

func templateOf(t template.Template) Template {
	out := Template{ID: t.ID, Language: t.Language, Name: t.Name, Description: t.Description, Direction: t.Direction, Greeting: t.Agent.Greeting.Text, Characters: len([]rune(t.Agent.Instructions)),
		Variables: []TemplateVariable{}}
	for _, v := range t.Variables {
		out.Variables = append(out.Variables, TemplateVariable(v))
	}
	return out
}
