package api

import (
	"context"

	"griot/internal/catalog"
)

// Models is what the API needs of the catalogue of models; *catalog.Service has it.
type Models interface {
	List(ctx context.Context, f catalog.Filter) ([]catalog.Entry, error)
}

// Model is one that agents can be built on.
type Model struct {
	ID              string         `json:"id" example:"azure/gpt-realtime" doc:"The provider and its name of the model. In an agent a model of kind s2s goes into realtime.provider and realtime.model, an llm into model.provider and model.name, a flow into model.flow."`
	Provider        string         `json:"provider" example:"azure"`
	ProviderName    string         `json:"provider_name" example:"Azure Voice Live"`
	Name            string         `json:"name" example:"gpt-realtime"`
	Kind            catalog.Kind   `json:"kind" enum:"s2s,llm,stt,tts,flow" doc:"Speaks and is spoken to; writes; listens; speaks; answers without a model."`
	Family          catalog.Family `json:"family,omitempty" enum:"F1,F2,F3" doc:"Absent for what only listens, only speaks or is a flow."`
	Tier            catalog.Tier   `json:"tier,omitempty" enum:"pro,basic,lite" doc:"Absent when it is not known."`
	Latency         *int64         `json:"latency_ms" nullable:"true" example:"400" doc:"From the caller's last word to the answer's first; null when it is not known."`
	Languages       []string       `json:"languages" doc:"BCP 47; empty for many."`
	Summary         string         `json:"summary" doc:"What it is good at, in the language asked for."`
	Tools           bool           `json:"tools" doc:"It can call tools."`
	Images          bool           `json:"images" doc:"It takes pictures."`
	MaxInstructions int            `json:"max_instructions" doc:"Characters, for an agent that is spoken to; 0 when it takes none."`
	MaxTokens       int            `json:"max_tokens" doc:"Of one answer; 0 when it is not known."`
	Voices          []string       `json:"voice_types" doc:"Types of voices that it has itself. Any that reads goes with a model that writes."`
	Transcription   []string       `json:"transcription" doc:"Models that may write down the caller."`
	TurnDetections  []string       `json:"turn_detections" doc:"The service's own. Griot's server_vad and semantic_vad go with every model."`
	PhraseList      bool           `json:"phrase_list"`
	EndOfUtterance  bool           `json:"end_of_utterance_detection"`
	PersonalVoice   bool           `json:"personal_voice"`
	Available       bool           `json:"available" doc:"It can be used here and now."`
	Found           bool           `json:"found" doc:"Only the provider's server told of it: its kind and family are guessed from its name."`
	Why             string         `json:"why,omitempty" enum:"no_provider,provider_not_set,not_offered,provider_not_ready" doc:"Why it is not available."`
	Message         string         `json:"message,omitempty" doc:"The same in English, with details."`
	Mend            string         `json:"mend,omitempty" doc:"A shell command that mends it."`
}

// ModelFamily is one of the three families.
type ModelFamily struct {
	ID             catalog.Family `json:"id" enum:"F1,F2,F3"`
	Name           string         `json:"name" doc:"In the language asked for."`
	Summary        string         `json:"summary" doc:"In the language asked for."`
	Audio          string         `json:"audio" enum:"native,cascade"`
	MaxTokens      int            `json:"max_tokens"`
	Voices         []string       `json:"voice_types"`
	TurnDetections []string       `json:"turn_detections"`
	PhraseList     bool           `json:"phrase_list"`
	EndOfUtterance bool           `json:"end_of_utterance_detection"`
	PersonalVoice  bool           `json:"personal_voice"`
	Models         int            `json:"models" doc:"Of the list, whatever the words and the page."`
	Available      int            `json:"available" doc:"Of the list, whatever the words and the page."`
}

type (
	modelList struct {
		Page[Model]
		Families []ModelFamily `json:"families" doc:"All three, in order."`
	}
	modelsQuery struct {
		Search
		Family    catalog.Family `query:"family" enum:"F1,F2,F3"`
		Kind      catalog.Kind   `query:"kind" enum:"s2s,llm,stt,tts,flow"`
		Provider  string         `query:"provider" maxLength:"64"`
		Language  string         `query:"language" maxLength:"35" doc:"Only models that know it."`
		Available string         `query:"available" enum:"true,false" doc:"Only those that can be used now, or only the others."`
		Lang      string         `query:"lang" maxLength:"35" default:"en" doc:"Language of the texts: en, fr or es."`
		Paging
	}
)

var modelShelf = shelf[Model]{
	id:    func(m Model) string { return m.ID },
	words: func(m Model) []string { return []string{m.ID, m.ProviderName, m.Summary} },
}

func (a *api) models() {
	get(a, "/api/models", "list-models", "Catalogues", "List the models that agents can be built on", nil, func(ctx context.Context, in *modelsQuery) (modelList, error) {
		list, err := a.s.Models.List(ctx, catalog.Filter{Family: in.Family, Kind: in.Kind, Provider: in.Provider, Language: in.Language, Available: choice(in.Available)})
		if err != nil {
			return modelList{}, err
		}
		all := each(list, func(e catalog.Entry) Model { return modelOf(e, in.Lang) })
		own, err := a.ownFlows(ctx, in)
		if err != nil {
			return modelList{}, err
		}
		page, err := modelShelf.page(append(all, own...), in.Search, "", in.Paging)
		if err != nil {
			return modelList{}, err
		}
		out := modelList{Page: page, Families: []ModelFamily{}}
		for _, f := range catalog.Families() {
			out.Families = append(out.Families, familyOf(f, list, in.Lang))
		}
		return out, nil
	})
}

// ownFlows are the call flows that people of the tenant made and calls can use, as models.
func (a *api) ownFlows(ctx context.Context, in *modelsQuery) ([]Model, error) {
	if in.Family != "" || in.Kind != "" && in.Kind != catalog.Flow || in.Provider != "" && in.Provider != "flow" || in.Available == "false" || a.s.Flows == nil {
		return nil, nil
	}
	list, err := a.s.Flows.List(ctx, tenantOf(ctx))
	if err != nil {
		return nil, err
	}
	var out []Model
	for _, f := range list {
		known := catalog.Model{Languages: f.Definition.Languages}
		if f.Builtin || f.Live == 0 || !known.Speaks(in.Language) {
			continue
		}
		m := modelOf(catalog.Entry{Model: catalog.Model{ID: "flow/" + f.ID, Provider: "flow", Name: f.Definition.Name, Kind: catalog.Flow, Languages: f.Definition.Languages, Summary: catalog.Words(f.Definition.About)}, Available: true}, in.Lang)
		out = append(out, m)
	}
	return out, nil
}

// choice reads a filter of yes and no.
func choice(s string) *bool {
	if s == "" {
		return nil
	}
	yes := s == "true"
	return &yes
}

func modelOf(e catalog.Entry, lang string) Model {
	m := Model{
		ID: e.ID, Provider: e.Provider, ProviderName: e.ProviderName, Name: e.Name, Kind: e.Kind, Family: e.Family, Tier: e.Tier, Languages: notNil(e.Languages), Summary: e.Summary.In(lang),
		Tools: e.Tools, Images: e.Images, MaxInstructions: e.MaxInstructions, MaxTokens: e.MaxTokens, Voices: notNil(e.Voices), Transcription: notNil(e.Transcription),
		TurnDetections: notNil(e.TurnDetections), PhraseList: e.PhraseList, EndOfUtterance: e.EndOfUtterance, PersonalVoice: e.PersonalVoice,
		Available: e.Available, Found: e.Found, Why: e.Why, Message: e.Message, Mend: e.Mend,
	}
	if e.Latency > 0 {
		ms := e.Latency.Milliseconds()
		m.Latency = &ms
	}
	return m
}

func familyOf(f catalog.FamilyInfo, list []catalog.Entry, lang string) ModelFamily {
	out := ModelFamily{ID: f.ID, Name: f.Name.In(lang), Summary: f.Summary.In(lang), Audio: f.Audio, MaxTokens: f.MaxTokens, Voices: f.Voices, TurnDetections: f.TurnDetections,
		PhraseList: f.PhraseList, EndOfUtterance: f.EndOfUtterance, PersonalVoice: f.PersonalVoice}
	for _, e := range list {
		if e.Family == f.ID {
			out.Models++
			if e.Available {
				out.Available++
			}
		}
	}
	return out
}
