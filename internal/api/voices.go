package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/voice"
)

// Voices is what the API needs of the catalogue of voices; *voice.Service has it.
type Voices interface {
	List(ctx context.Context, f voice.Filter) (voice.Result, error)
	Sample(ctx context.Context, provider, id, text, lang string) ([]byte, error)
}

// Voice is one that an agent can have.
type Voice struct {
	Provider     string   `json:"provider" example:"espeak"`
	ProviderName string   `json:"provider_name"`
	ID           string   `json:"id" example:"fr-fr+f2" doc:"The provider's name of it: voice.id of an agent, or realtime.voice."`
	Name         string   `json:"name"`
	Type         string   `json:"type" enum:"azure-standard,azure-personal,azure-custom,openai,google,local"`
	Language     string   `json:"language" example:"fr" doc:"Empty for one that speaks every language."`
	Locale       string   `json:"locale" example:"fr-FR" doc:"BCP 47; empty for one that speaks every language."`
	Gender       string   `json:"gender" enum:"female,male,neutral,unknown"`
	Quality      string   `json:"quality" example:"Neural" doc:"The vendor's own word; may be empty."`
	Uses         []string `json:"uses" enum:"realtime,voice" doc:"Where it goes in an agent: realtime.voice of a speech-to-speech model, or voice.id."`
	Summary      string   `json:"summary" doc:"In the language asked for; may be empty."`
	Available    bool     `json:"available" doc:"It can be used here and now."`
	Sample       string   `json:"sample,omitempty" doc:"Path of its sample; absent when it cannot be listened to."`
	Why          string   `json:"why,omitempty" enum:"no_provider,provider_not_set,not_offered,provider_not_ready" doc:"Why it is not available."`
	Message      string   `json:"message,omitempty" doc:"The same in English, with details."`
	Mend         string   `json:"mend,omitempty" doc:"A shell command that mends it."`
}

type (
	facetCount struct {
		Value string `json:"value" example:"fr-FR"`
		Count int    `json:"count" doc:"Voices that are left when this is chosen and everything else stays."`
	}
	voiceFacets struct {
		Language []facetCount `json:"language"`
		Locale   []facetCount `json:"locale"`
		Gender   []facetCount `json:"gender"`
		Type     []facetCount `json:"type"`
		Provider []facetCount `json:"provider"`
	}
	voiceRelaxation struct {
		Drop  string `json:"drop" enum:"language,locale,gender,type,provider,available,model"`
		Count int    `json:"count" doc:"Voices that are found without this filter."`
	}
	voiceList struct {
		Page[Voice]
		Facets     voiceFacets       `json:"facets"`
		Relax      []voiceRelaxation `json:"relax" doc:"When nothing was found: which filter to drop, the nearest first."`
		SampleText string            `json:"sample_text" doc:"What a sample says when it is not told, in the language asked for."`
	}
	voicesQuery struct {
		Search
		Language  string `query:"language" maxLength:"35" example:"fr" doc:"A voice that speaks every language is of each."`
		Locale    string `query:"locale" maxLength:"35" example:"fr-FR"`
		Gender    string `query:"gender" enum:"female,male,neutral,unknown"`
		Type      string `query:"type" enum:"azure-standard,azure-personal,azure-custom,openai,google,local"`
		Provider  string `query:"provider" maxLength:"64"`
		Model     string `query:"model" maxLength:"300" example:"azure/gpt-realtime" doc:"Only voices that an agent on this model can have."`
		Available string `query:"available" enum:"true,false" doc:"Only those that can be used now, or only the others."`
		Lang      string `query:"lang" maxLength:"35" default:"en" doc:"Language of the texts: en, fr or es."`
		Paging
	}
	sampleQuery struct {
		Provider string `path:"provider" maxLength:"64" example:"espeak"`
		ID       string `path:"id" maxLength:"200" example:"fr-fr+f2"`
		Text     string `query:"text" doc:"At most 200 characters; empty for a sentence in the voice's language."`
		Lang     string `query:"lang" maxLength:"35" doc:"For a voice that speaks every language."`
	}
	sampleOutput struct {
		Type   string `header:"Content-Type"`
		Length string `header:"Content-Length"`
		Cache  string `header:"Cache-Control"`
		Body   []byte
	}
)

// Whoever listens gets ten samples at once, and then one every three seconds.
var sampleRate = allowance{most: 10, every: 3 * time.Second}

func (a *api) voices() {
	const tag = "Catalogues"
	get(a, "/api/voices", "list-voices", tag, "List voices, with how many each choice leaves", []int{http.StatusNotFound}, func(ctx context.Context, in *voicesQuery) (voiceList, error) {
		r, err := a.s.Voices.List(ctx, voice.Filter{Language: in.Language, Locale: in.Locale, Gender: in.Gender, Type: in.Type, Provider: in.Provider, Model: in.Model, Available: choice(in.Available)})
		if err != nil {
			return voiceList{}, err
		}
		page, err := voiceShelf.page(each(r.Items, func(e voice.Entry) Voice { return voiceOf(e, in.Lang) }), in.Search, "", in.Paging)
		if err != nil {
			return voiceList{}, err
		}
		out := voiceList{Page: page, Relax: []voiceRelaxation{}, SampleText: voice.SampleText(in.Lang), Facets: voiceFacets{
			Language: counts(r.Facets["language"]), Locale: counts(r.Facets["locale"]), Gender: counts(r.Facets["gender"]), Type: counts(r.Facets["type"]), Provider: counts(r.Facets["provider"])}}
		for _, x := range r.Relax {
			out.Relax = append(out.Relax, voiceRelaxation(x))
		}
		return out, nil
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/voices/{provider}/{id}/sample", OperationID: "get-voice-sample", Tags: []string{tag}, Summary: "Listen to a voice",
		Errors: []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
		Responses: map[string]*huma.Response{
			"200": {Description: "A WAV file", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
		},
	}, func(ctx context.Context, in *sampleQuery) (*sampleOutput, error) {
		if err := a.samples.take(ctx, sampleRate); err != nil {
			return nil, problemOf(ctx, "get-voice-sample", err)
		}
		wav, err := a.s.Voices.Sample(ctx, in.Provider, in.ID, in.Text, in.Lang)
		if err != nil {
			return nil, problemOf(ctx, "get-voice-sample", err)
		}
		return &sampleOutput{Type: "audio/wav", Length: strconv.Itoa(len(wav)), Cache: "private, max-age=3600", Body: wav}, nil
	})
}

// Available voices come first.
var voiceShelf = shelf[Voice]{
	id:    func(v Voice) string { return v.Provider + "/" + v.ID + "/" + v.Locale },
	words: func(v Voice) []string { return []string{v.Name, v.ID, v.ProviderName, v.Summary, v.Quality, v.Locale} },
}

func counts(list []voice.Count) []facetCount {
	out := make([]facetCount, 0, len(list))
	for _, c := range list {
		out = append(out, facetCount(c))
	}
	return out
}

func voiceOf(e voice.Entry, lang string) Voice {
	v := Voice{Provider: e.Provider, ProviderName: e.ProviderName, ID: e.ID, Name: e.Name, Type: e.Type, Language: e.Language(), Locale: e.Locale, Gender: e.Gender, Quality: e.Quality,
		Uses: notNil(e.Uses), Summary: e.Summary.In(lang), Available: e.Available, Why: e.Why, Message: e.Message, Mend: e.Mend}
	if e.Sample {
		v.Sample = "/api/voices/" + pathOf(e.Provider) + "/" + pathOf(e.ID) + "/sample"
	}
	return v
}
