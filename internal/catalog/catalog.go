// Package catalog knows the models that agents can be built on: their families, what each can do and what it needs, and whether it can be had here and now.
//
// The facts are data (data/models.yaml), from the specification's chapter 16. A model's id is its provider, a slash and the name that the provider has for it. In an agent's
// definition a model of kind S2S goes into realtime.provider and realtime.model, an LLM into model.provider and model.name, a Flow into model.flow.
package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Kind is what a model does.
type Kind string

// The kinds. The words are those in which providers say what they offer.
const (
	S2S  Kind = "s2s"  // is spoken to and speaks; the service may be a cascade inside
	LLM  Kind = "llm"  // writes
	STT  Kind = "stt"  // listens
	TTS  Kind = "tts"  // speaks
	Flow Kind = "flow" // a call flow: answers without a model
)

// Family is one of the three of chapter 16.
type Family string

// The families. A model that chapter 16 does not name is F1 when it hears and speaks by itself, and F3 when it is a language model.
const (
	F1 Family = "F1" // audio in, audio out
	F2 Family = "F2" // GPT-4.x between a recogniser and a voice
	F3 Family = "F3" // GPT-5 and newer, likewise
)

// Tier is how much a model costs, roughly.
type Tier string

// The tiers.
const (
	Pro   Tier = "pro"
	Basic Tier = "basic"
	Lite  Tier = "lite"
)

// What every agent is bound by, whatever its model.
const (
	MaxVoiceInstructions = 2000  // characters, for agents that are spoken to (feature A7)
	MaxTextInstructions  = 16000 // characters, for agents that are written to
	MaxTools             = 8     // of one agent
)

// Words is a text in the console's languages, by their tags: en, fr, es.
type Words map[string]string

// In returns the text in a language, which may have a region; English where there is none.
func (w Words) In(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if s := w[base]; s != "" {
		return s
	}
	return w["en"]
}

// Shape is what can be done with a model; a family's shape is that of its models unless they say otherwise.
type Shape struct {
	MaxTokens      int      `yaml:"max_tokens"`       // of one answer; 0 when not known
	Voices         []string `yaml:"voices"`           // types of voices: openai, azure-standard, azure-custom, azure-personal, google, local
	Transcription  []string `yaml:"transcription"`    // models that may write down the caller
	TurnDetections []string `yaml:"turn_detections"`  // the service's own; see Model.Detects
	PhraseList     bool     `yaml:"phrase_list"`      // likely words can be given
	EndOfUtterance bool     `yaml:"end_of_utterance"` // the service weighs the words to find the end of a turn
	PersonalVoice  bool     `yaml:"personal_voice"`   // a cloned voice can be used
}

// FamilyInfo describes a family.
type FamilyInfo struct {
	ID      Family `yaml:"id"`
	Audio   string `yaml:"audio"` // native or cascade
	Name    Words  `yaml:"name"`
	Summary Words  `yaml:"summary"`
	Shape   `yaml:",inline"`
}

// Model is one that agents can be built on.
type Model struct {
	ID              string        `yaml:"id"` // provider/name
	Provider        string        `yaml:"-"`
	Name            string        `yaml:"-"`
	Kind            Kind          `yaml:"kind"`
	Family          Family        `yaml:"family"`    // empty for what only listens, only speaks or is a flow
	Tier            Tier          `yaml:"tier"`      // empty when not known
	Latency         time.Duration `yaml:"latency"`   // from the caller's last word to the answer's first, end to end; 0 when not known
	Languages       []string      `yaml:"languages"` // BCP 47; empty for many
	Images          bool          `yaml:"images"`    // takes pictures
	Summary         Words         `yaml:"summary"`
	Tools           bool          `yaml:"-"` // can call tools
	MaxInstructions int           `yaml:"-"` // characters, in an agent that is spoken to; a text agent's limit is MaxTextInstructions
	Shape           `yaml:",inline"`
}

// The range of the temperature of every family (16.5.1).
const (
	MinTemperature     = 0.6
	MaxTemperature     = 1.2
	DefaultTemperature = 0.8
)

// Detects reports whether an agent on this model may have that kind of turn detection. Griot finds the ends of turns itself, so its own two kinds go with every model.
func (m Model) Detects(kind string) bool {
	return kind == "server_vad" || kind == "semantic_vad" || slices.Contains(m.TurnDetections, kind)
}

// Speaks reports whether the model knows a language, by its base: fr for fr-CA.
func (m Model) Speaks(lang string) bool {
	base := baseOf(lang)
	return len(m.Languages) == 0 || base == "" || slices.ContainsFunc(m.Languages, func(l string) bool { return baseOf(l) == base })
}

func baseOf(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return base
}

//go:embed data/models.yaml
var raw []byte

var families, models, byID = load()

// load reads the data, which the tests have seen: it panics when it is wrong.
func load() ([]FamilyInfo, []Model, map[string]Model) {
	var d struct {
		Families []FamilyInfo `yaml:"families"`
		Models   []Model      `yaml:"models"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&d); err != nil {
		panic(fmt.Sprintf("catalog: data/models.yaml: %v", err))
	}
	at := map[string]Model{}
	for i, m := range d.Models {
		m = complete(m, d.Families)
		if _, twice := at[strings.ToLower(m.ID)]; twice || m.Provider == "" || m.Name == "" {
			panic(fmt.Sprintf("catalog: data/models.yaml: the id %q is no provider/name, or there twice", m.ID))
		}
		d.Models[i], at[strings.ToLower(m.ID)] = m, m
	}
	return d.Families, d.Models, at
}

// complete derives what the data does not repeat.
func complete(m Model, families []FamilyInfo) Model {
	m.Provider, m.Name, _ = strings.Cut(m.ID, "/")
	m.Tools = m.Kind == S2S || m.Kind == LLM
	if m.Tools || m.Kind == Flow {
		m.MaxInstructions = MaxVoiceInstructions
	}
	i := slices.IndexFunc(families, func(f FamilyInfo) bool { return f.ID == m.Family })
	if i < 0 {
		return m
	}
	f := families[i]
	if m.MaxTokens == 0 {
		m.MaxTokens = f.MaxTokens
	}
	if m.Kind != S2S { // its recogniser and its voice are the agent's own
		return m
	}
	if m.Voices == nil {
		m.Voices = f.Voices
	}
	if m.Transcription == nil {
		m.Transcription = f.Transcription
	}
	if m.TurnDetections == nil {
		m.TurnDetections = f.TurnDetections
	}
	m.PhraseList = m.PhraseList || f.PhraseList
	m.EndOfUtterance = m.EndOfUtterance || f.EndOfUtterance
	m.PersonalVoice = m.PersonalVoice || f.PersonalVoice
	return m
}

// Find returns a model by its id, such as azure/gpt-realtime; case does not matter. A model that only a configured server knows is not found here: see Service.List.
func Find(id string) (Model, bool) {
	m, ok := byID[strings.ToLower(id)]
	return m, ok
}

// All returns the models of the data, in its order.
func All() []Model { return slices.Clone(models) }

// Families returns the families, in order.
func Families() []FamilyInfo { return slices.Clone(families) }

// FamilyOf returns a family by its id.
func FamilyOf(id Family) (FamilyInfo, bool) {
	i := slices.IndexFunc(families, func(f FamilyInfo) bool { return f.ID == id })
	if i < 0 {
		return FamilyInfo{}, false
	}
	return families[i], true
}
