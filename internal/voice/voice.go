// Package voice is the catalogue of voices: from a language to a locale, a gender, a type and at last a voice, with how many are left at each step, and how each sounds.
//
// What a vendor that is set really has counts (a local voice's process, a vendor's list); for the others there is data (data/voices.yaml), whose voices say what they lack.
package voice

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"griot/internal/catalog"
)

// Types of voices; the first five are the specification's (8.9).
const (
	AzureStandard = "azure-standard"
	AzurePersonal = "azure-personal"
	AzureCustom   = "azure-custom"
	OpenAI        = "openai"
	Google        = "google"
	Local         = "local" // made on this machine, without an account
)

// Types lists them.
func Types() []string {
	return []string{AzureStandard, AzurePersonal, AzureCustom, OpenAI, Google, Local}
}

// What a voice is used for, and where its id goes in an agent's definition.
const (
	Realtime = "realtime" // realtime.voice: the voice of a speech-to-speech model
	Reading  = "voice"    // voice.id: reads what a language model writes
)

// Voice is one that an agent can have.
type Voice struct {
	Provider string // id of the provider
	ID       string // the provider's name of it
	Name     string // for people
	Type     string
	Locale   string // BCP 47, such as fr-CA; empty for one that speaks every language
	Gender   string // female, male, neutral, or unknown
	Quality  string // the vendor's own word, such as Neural or Wavenet; may be empty
	Uses     []string
	Summary  catalog.Words // may be empty
}

// Language is the base of the locale.
func (v Voice) Language() string { return base(v.Locale) }

func base(tag string) string {
	b, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return b
}

// entry of the data: some voices that share what is said of them.
type seed struct {
	IDs     []string            `yaml:"ids"`
	Prefix  string              `yaml:"prefix"`
	Each    map[string][]string `yaml:"each"` // by gender, what follows the prefix
	Name    string              `yaml:"name"`
	Type    string              `yaml:"type"`
	Quality string              `yaml:"quality"`
	Locale  string              `yaml:"locale"`
	Gender  string              `yaml:"gender"`
	Uses    []string            `yaml:"uses"`
	Summary catalog.Words       `yaml:"summary"`
}

//go:embed data/voices.yaml
var raw []byte

var seeds, samples = load()

// load reads the data, which the tests have seen: it panics when it is wrong.
func load() ([]Voice, catalog.Words) {
	var d struct {
		Voices  []seed        `yaml:"voices"`
		Samples catalog.Words `yaml:"samples"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&d); err != nil {
		panic(fmt.Sprintf("voice: data/voices.yaml: %v", err))
	}
	var out []Voice
	for _, s := range d.Voices {
		for _, id := range s.IDs {
			out = append(out, s.voice(id, s.Name, s.Gender))
		}
		for _, gender := range []string{"female", "male"} {
			for _, rest := range s.Each[gender] {
				out = append(out, s.voice(s.Prefix+rest, "", gender))
			}
		}
	}
	return out, d.Samples
}

func (s seed) voice(full, name, gender string) Voice {
	vendor, id, _ := strings.Cut(full, "/")
	v := Voice{Provider: vendor, ID: id, Name: name, Type: s.Type, Locale: s.Locale, Gender: gender, Quality: s.Quality, Uses: s.Uses, Summary: s.Summary}
	if v.Gender == "" {
		v.Gender = "unknown"
	}
	if vendor == "azure" && s.Type == OpenAI {
		v.Uses = []string{Realtime} // Azure has them in its realtime service only
	}
	if v.Name == "" {
		v.Name = strings.TrimPrefix(id, s.Locale+"-")
		if s.Type == OpenAI {
			v.Name = strings.ToUpper(id[:1]) + id[1:]
		}
	}
	if v.Quality == "" && s.Type == Google { // fr-FR-Neural2-A, fr-FR-Chirp3-HD-Kore
		rest := strings.TrimPrefix(id, s.Locale+"-")
		v.Quality = rest[:strings.LastIndexByte(rest, '-')]
	}
	return v
}

// qualityOf reads it from the name that Azure gives a voice.
func qualityOf(id string) string {
	switch {
	case strings.Contains(id, "HD"):
		return "HD"
	case strings.Contains(id, "Multilingual"):
		return "Multilingual"
	case strings.Contains(id, "Neural"):
		return "Neural"
	}
	return ""
}

// Fits reports whether a voice can be that of an agent on a model: the model's own, or one that reads what it writes.
func (v Voice) Fits(m catalog.Model) bool {
	if m.Kind != catalog.S2S {
		return slices.Contains(v.Uses, Reading)
	}
	return v.Provider == m.Provider && slices.Contains(v.Uses, Realtime) && slices.Contains(m.Voices, v.Type)
}
