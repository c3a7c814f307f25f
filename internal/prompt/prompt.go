// Package prompt builds the instructions of agents: from phases, from a file that somebody has, or by a language model. Templates, the fourth way, are in agent/template.
package prompt

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"griot/internal/catalog"
	"griot/internal/fault"
)

// Kind of the agent that the instructions are for.
const (
	Voice = "voice"
	Text  = "text"
)

// Limit is how many characters the instructions of an agent of a kind may have.
func Limit(kind string) int {
	if kind == Text {
		return catalog.MaxTextInstructions
	}
	return catalog.MaxVoiceInstructions
}

// Phase is one stretch of a conversation.
type Phase struct {
	ID     string   `yaml:"-"` // of the library; empty for one that somebody wrote
	Name   string   `yaml:"name"`
	Goal   string   `yaml:"goal"`
	Script string   `yaml:"script"` // words to say, as an example
	Rules  []string `yaml:"rules"`
}

// Draft is what instructions are composed of. Everything but one phase or the role may be empty.
type Draft struct {
	Language string // en, fr or es; others have English headings
	Kind     string // Voice or Text
	Role     string
	Tone     string
	Phases   []Phase
	Rules    []string // that hold in every phase
}

// headings of composed instructions. Import knows them again.
type headings struct{ role, tone, rules, goal, script string }

var words = map[string]headings{
	"en": {"Role", "Tone", "Rules", "Goal", "Say"},
	"fr": {"Rôle", "Ton", "Règles", "Objectif", "Dites"},
	"es": {"Papel", "Tono", "Reglas", "Objetivo", "Diga"},
}

func base(lang string) string {
	b, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if _, ok := words[b]; !ok {
		return "en"
	}
	return b
}

// Compose writes a draft as one text, the same for the same draft. Faults: Invalid "prompt_empty", and "prompt_too_long" with how many characters are too many and which phase is the
// longest: nothing that somebody wrote is left out in silence.
func Compose(d Draft) (string, error) {
	h := words[base(d.Language)]
	colon := ": "
	if base(d.Language) == "fr" {
		colon = "\u00a0: "
	}
	var b strings.Builder
	section := func(title, body string) {
		if body = tidy(body); body != "" {
			fmt.Fprintf(&b, "# %s\n%s\n\n", title, body)
		}
	}
	section(h.role, d.Role)
	section(h.tone, d.Tone)
	longest, most, n := "", 0, 0
	for i, p := range d.Phases {
		start := b.Len()
		name := line(p.Name)
		if name == "" {
			return "", fault.New(fault.Invalid, "phase_without_name", "phase %d has no name", i+1).At("phases." + strconv.Itoa(i) + ".name")
		}
		n++
		fmt.Fprintf(&b, "## %d. %s\n", n, name)
		if goal := line(p.Goal); goal != "" {
			fmt.Fprintf(&b, "%s%s%s\n", h.goal, colon, goal)
		}
		if script := line(p.Script); script != "" {
			fmt.Fprintf(&b, "%s%s%s\n", h.script, colon, script)
		}
		list(&b, p.Rules)
		b.WriteByte('\n')
		if size := b.Len() - start; size > most {
			longest, most = name, size
		}
	}
	if rules := slices.DeleteFunc(slices.Clone(d.Rules), func(r string) bool { return line(r) == "" }); len(rules) > 0 {
		fmt.Fprintf(&b, "# %s\n", h.rules)
		list(&b, rules)
	}
	text := strings.TrimSpace(b.String())
	if text == "" {
		return "", fault.New(fault.Invalid, "prompt_empty", "there is neither a role nor a phase").At("phases")
	}
	if size, limit := utf8.RuneCountInString(text), Limit(d.Kind); size > limit {
		f := fault.New(fault.Invalid, "prompt_too_long", "the instructions have %d characters, %d more than a %s agent may have; the longest phase is %q", size, size-limit, kindOf(d.Kind), longest).At("phases")
		f.Params = map[string]string{"over": strconv.Itoa(size - limit), "limit": strconv.Itoa(limit), "characters": strconv.Itoa(size), "phase": longest}
		return "", f
	}
	return text, nil
}

func kindOf(kind string) string {
	if kind == Text {
		return Text
	}
	return Voice
}

func list(b *strings.Builder, rules []string) {
	for _, r := range rules {
		if r = line(r); r != "" {
			fmt.Fprintf(b, "- %s\n", r)
		}
	}
}

// line makes one line of a text.
func line(s string) string { return strings.Join(strings.FieldsFunc(s, blankRune), " ") }

// blankRune is white space but for the no-break spaces, which French puts before some signs.
func blankRune(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u2028' || r == '\u2029'
}

// tidy trims a text, its lines' ends, and more than one empty line in a row.
func tidy(s string) string {
	var out []string
	for l := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		l = strings.TrimRight(l, " \t\r")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

//go:embed data/phases.yaml
var raw []byte

// entry is a phase of the library in its languages.
type entry struct {
	ID string `yaml:"id"`
	EN Phase  `yaml:"en"`
	FR Phase  `yaml:"fr"`
	ES Phase  `yaml:"es"`
}

func (e entry) in(lang string) Phase {
	p := map[string]Phase{"en": e.EN, "fr": e.FR, "es": e.ES}[base(lang)]
	p.ID, p.Rules = e.ID, slices.Clone(p.Rules)
	return p
}

var library, sets = load()

// load reads the data, which the tests have seen: it panics when it is wrong.
func load() ([]entry, map[string][]string) {
	var d struct {
		Sets   map[string][]string `yaml:"sets"`
		Phases []entry             `yaml:"phases"`
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&d); err != nil {
		panic(fmt.Sprintf("prompt: data/phases.yaml: %v", err))
	}
	return d.Phases, d.Sets
}

// Phases returns the library in a language, English where it does not have it.
func Phases(lang string) []Phase {
	out := make([]Phase, 0, len(library))
	for _, e := range library {
		out = append(out, e.in(lang))
	}
	return out
}

// Sets returns, for each template's id, the ids of the phases that make a conversation of its kind, in order.
func Sets() map[string][]string {
	out := map[string][]string{}
	for id, s := range sets {
		out[id] = slices.Clone(s)
	}
	return out
}
