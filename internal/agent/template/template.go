// Package template is the library of agents to begin with: complete definitions in English, French and Spanish, with variables in {{double braces}}.
//
// A template is one file of data with its three languages. A variable of the agent is filled in once, when the agent is made; one of the contact is filled in for each call, from
// the contact's own data. Every variable has a sample, so that a template can be tried as it is.
package template

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"griot/internal/agent"
	"griot/internal/catalog"
	"griot/internal/config/strict"
	"griot/internal/fault"
)

// When a variable gets its value.
const (
	OfAgent   = "agent"   // when the agent is made
	OfContact = "contact" // at each call
)

// MaxValue bounds the value of a variable, in characters.
const MaxValue = 1000

// Variable is one blank of a template.
type Variable struct {
	Name        string `yaml:"name"`
	When        string `yaml:"when"`
	Description string `yaml:"-"`
	Sample      string `yaml:"-"` // shows what a value looks like; it is nobody's
}

// Template is an agent to begin with, in one language.
type Template struct {
	ID          string
	Direction   string // inbound or outbound
	Language    string // en, fr or es
	Name        string
	Description string
	Variables   []Variable
	Agent       agent.Definition // with the variables in it; valid as it is
	YAML        string           // the same as a file of an agent
}

// file is the data of a template.
type file struct {
	ID        string `yaml:"id"`
	Direction string `yaml:"direction"`
	Variables []struct {
		Name        string        `yaml:"name"`
		When        string        `yaml:"when"`
		Sample      catalog.Words `yaml:"sample"`
		Description catalog.Words `yaml:"description"`
	} `yaml:"variables"`
	Turn   yaml.Node       `yaml:"turn"`
	Limits yaml.Node       `yaml:"limits"`
	Texts  map[string]text `yaml:"texts"`
}

type text struct {
	Name         string `yaml:"name"`
	Description  string `yaml:"description"`
	Greeting     string `yaml:"greeting"`
	Instructions string `yaml:"instructions"`
}

// definition is a file of an agent, in the order in which people read it.
type definition struct {
	Name         string            `yaml:"name"`
	Description  string            `yaml:"description"`
	Kind         agent.Kind        `yaml:"kind"`
	Language     string            `yaml:"language"`
	Greeting     map[string]string `yaml:"greeting"`
	Instructions string            `yaml:"instructions"`
	Turn         yaml.Node         `yaml:"turn"`
	Limits       yaml.Node         `yaml:"limits"`
}

// Languages lists the languages of the library.
func Languages() []string { return []string{"en", "fr", "es"} }

//go:embed data/*.yaml
var data embed.FS

// Library holds the templates. It does not change, and is safe for concurrent use.
type Library struct {
	ids []string
	at  map[string]map[string]Template // by id and language
}

// Open reads the library. A template that is wrong is an error: the tests have seen the built-in ones.
func Open() (*Library, error) {
	sub, err := fs.Sub(data, "data")
	if err != nil {
		return nil, fmt.Errorf("open the templates: %w", err)
	}
	return open(sub)
}

// order in which people look for them.
var order = []string{"reception", "support", "appointment", "information", "survey", "telesales", "collections"}

func open(fsys fs.FS) (*Library, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the templates: %w", err)
	}
	l := &Library{at: map[string]map[string]Template{}}
	for _, name := range names {
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", name, err)
		}
		var f file
		dec := yaml.NewDecoder(strings.NewReader(string(b)))
		dec.KnownFields(true)
		if err := dec.Decode(&f); err != nil {
			return nil, fmt.Errorf("read template %s: %w", name, err)
		}
		if f.ID+".yaml" != name {
			return nil, fmt.Errorf("template %s: its id is %q", name, f.ID)
		}
		l.at[f.ID] = map[string]Template{}
		for _, lang := range Languages() {
			t, err := f.in(lang)
			if err != nil {
				return nil, fmt.Errorf("template %s in %s: %w", name, lang, err)
			}
			l.at[f.ID][lang] = t
		}
	}
	l.ids = slices.SortedFunc(maps.Keys(l.at), func(a, b string) int {
		if x, y := slices.Index(order, a), slices.Index(order, b); x != y && x >= 0 && y >= 0 {
			return x - y
		}
		return strings.Compare(a, b)
	})
	return l, nil
}

// in makes the template in a language.
func (f file) in(lang string) (Template, error) {
	x, ok := f.Texts[lang]
	if !ok {
		return Template{}, errors.New("it has no text")
	}
	t := Template{ID: f.ID, Direction: f.Direction, Language: lang, Name: x.Name, Description: x.Description}
	for _, v := range f.Variables {
		if v.Sample[lang] == "" || v.Description[lang] == "" || v.When != OfAgent && v.When != OfContact {
			return Template{}, fmt.Errorf("variable %s lacks a sample, a description or its time", v.Name)
		}
		t.Variables = append(t.Variables, Variable{v.Name, v.When, v.Description[lang], v.Sample[lang]})
	}
	raw, err := yaml.Marshal(definition{x.Name, x.Description, agent.Voice, lang, map[string]string{"text": x.Greeting}, x.Instructions, f.Turn, f.Limits})
	if err != nil {
		return Template{}, err
	}
	t.YAML = string(raw)
	t.Agent, err = agent.Parse(f.ID+"-"+lang+".yaml", raw)
	return t, err
}

// List returns every template in a language, English where the library does not have it.
func (l *Library) List(lang string) []Template {
	out := make([]Template, 0, len(l.ids))
	for _, id := range l.ids {
		out = append(out, l.at[id][known(lang)])
	}
	return out
}

// Get returns one template. An unknown id is a fault.NotFound that names the nearest one.
func (l *Library) Get(id, lang string) (Template, error) {
	t, ok := l.at[id]
	if !ok {
		return Template{}, fault.New(fault.NotFound, "template_not_found", "there is no template %q%s", id, strict.Hint(id, l.ids)).At("path.id")
	}
	return t[known(lang)], nil
}

func known(lang string) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if slices.Contains(Languages(), base) {
		return base
	}
	return "en"
}

var blank = regexp.MustCompile(`\{\{\s*([A-Za-z][A-Za-z0-9_.]*)\s*\}\}`)

// Blanks returns the variables that a text has, each once, in order of appearance.
func Blanks(text string) (out []string) {
	for _, m := range blank.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// Fill puts values into a text; a variable without one stays as it is.
func Fill(text string, values map[string]string) string {
	return blank.ReplaceAllStringFunc(text, func(m string) string {
		if v, ok := values[blank.FindStringSubmatch(m)[1]]; ok {
			return v
		}
		return m
	})
}

// Samples are the sample values of a template's variables.
func (t Template) Samples() map[string]string {
	out := map[string]string{}
	for _, v := range t.Variables {
		out[v.Name] = v.Sample
	}
	return out
}

// With returns the template with values in place of its variables, as an agent and as its file. Faults: Invalid for a variable that it does not have, for a value that is too long
// and for a result that no agent may have, such as instructions beyond the limit of a voice agent.
func (t Template) With(values map[string]string) (Template, error) {
	names := make([]string, len(t.Variables))
	for i, v := range t.Variables {
		names[i] = v.Name
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return Template{}, fault.New(fault.Invalid, "unknown_variable", "the template %s has no variable %q%s", t.ID, name, strict.Hint(name, names)).At("values." + name)
		}
		if n := utf8.RuneCountInString(values[name]); n > MaxValue {
			return Template{}, fault.New(fault.Invalid, "value_too_long", "the value of %s has %d characters, which are more than %d", name, n, MaxValue).At("values." + name)
		}
	}
	var doc definition
	if err := yaml.Unmarshal([]byte(t.YAML), &doc); err != nil {
		return Template{}, fmt.Errorf("read template %s: %w", t.ID, err)
	}
	doc.Greeting["text"], doc.Instructions = Fill(doc.Greeting["text"], values), Fill(doc.Instructions, values)
	if n := utf8.RuneCountInString(doc.Instructions); n > catalog.MaxVoiceInstructions {
		return Template{}, fault.New(fault.Invalid, "instructions_too_long", "with these values the instructions have %d characters; a voice agent has at most %d: shorten the longest values by %d",
			n, catalog.MaxVoiceInstructions, n-catalog.MaxVoiceInstructions).At("instructions")
	}
	raw, err := yaml.Marshal(doc)
	if err != nil {
		return Template{}, fmt.Errorf("write template %s: %w", t.ID, err)
	}
	t.YAML = string(raw)
	t.Agent, err = agent.Parse(t.Agent.Reference+".yaml", raw)
	return t, err
}

// Fields returns the agent's file as a document, with the same keys.
func (t Template) Fields() (map[string]any, error) {
	var m map[string]any
	if err := yaml.Unmarshal([]byte(t.YAML), &m); err != nil {
		return nil, fmt.Errorf("read template %s: %w", t.ID, err)
	}
	return m, nil
}
