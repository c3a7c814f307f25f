package flow

import (
	"embed"
	"fmt"
	"sort"
	"strings"
	"sync"

	"griot/internal/config/strict"
)

//go:embed data/*.yaml
var data embed.FS

// pack is a language file made ready for use. It does not change after it was made, but for what it remembers.
type pack struct {
	script
	company                               company
	join                                  bool // English joins what an apostrophe parts
	rules                                 *rules
	intents                               []compiledIntent
	days                                  [7]*node
	rel                                   []namedNode // longest first
	items                                 []namedNode
	parts                                 []namedNode
	yes, no, noise, nothing, lead, filler *node
	double, triple, numberAnd             *node
	at, hourWord, am, pm                  *node
	noon, midnight, half, halfPast        *node
	correct                               []namedNode
	keys                                  []namedNode
	expect                                *grammar
	known                                 meanings
	cal                                   calendar
	phrases                               phrases
	ordinals                              map[string]int // folded
}

type namedNode struct {
	name string
	node *node
}

type compiledIntent struct {
	intent
	say   []*node // for matching and for the grammar
	also  []*node // for matching only
	words []weighted
}

// weighted is a word or phrase that hints at an intent. A stem matches the beginning of a word.
type weighted struct {
	node   *node
	stem   string
	weight int
}

var packs = sync.OnceValues(loadPacks)

func loadPacks() (map[string]*pack, error) {
	out := map[string]*pack{}
	var c company
	if err := load("reception.yaml", &c); err != nil {
		return nil, err
	}
	for _, lang := range Languages() {
		var s script
		if err := load("reception."+lang+".yaml", &s); err != nil {
			return nil, err
		}
		p, err := compile(s, c)
		if err != nil {
			return nil, fmt.Errorf("compile reception.%s.yaml: %w", lang, err)
		}
		if err := load("calendar."+lang+".yaml", &p.cal); err != nil {
			return nil, err
		}
		if err := load("phrases."+lang+".yaml", &p.phrases); err != nil {
			return nil, err
		}
		p.ordinals = map[string]int{}
		for w, v := range p.cal.Ordinals {
			p.ordinals[strings.Join(words(w, p.join), "")] = v
		}
		out[lang] = p
	}
	return out, nil
}

func load(name string, v any) error {
	b, err := data.ReadFile("data/" + name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return strict.YAML(name, b, v)
}

func compile(s script, c company) (*pack, error) {
	p := &pack{script: s, company: c, join: s.Language == "en"}
	p.rules = &rules{byName: map[string]*node{}, join: p.join}
	var err error
	oneOf := func(list []string) *node { // one of these, spoken as they are
		if err != nil || len(list) == 0 {
			return &node{kind: nodeAlt}
		}
		alt := &node{kind: nodeAlt}
		for _, e := range list {
			var n *node
			if n, err = p.rules.parse(strings.NewReplacer("[", " ", "]", " ").Replace(e)); err != nil {
				return alt
			}
			alt.kids = append(alt.kids, n)
		}
		return alt
	}
	named := func(m map[string][]string) []namedNode {
		var out []namedNode
		for _, k := range sortedKeys(m) {
			out = append(out, namedNode{k, oneOf(m[k])})
		}
		return out
	}
	p.Numbers = map[string]int{}
	for w, v := range s.Numbers {
		p.Numbers[strings.Join(words(w, p.join), "")] = v
	}
	week := &node{kind: nodeAlt}
	for i, name := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		p.days[i] = oneOf(s.Days[name])
		week.kids = append(week.kids, p.days[i].kids...)
	}
	p.rules.byName["weekday"] = week
	p.rel = named(s.Relative)
	for id, it := range s.Items {
		p.items = append(p.items, namedNode{id, oneOf(it.Words)})
	}
	sort.Slice(p.items, func(i, j int) bool { return p.items[i].name < p.items[j].name })
	p.parts = named(s.Time.Parts)
	p.correct = named(s.Correct)
	p.keys = named(s.Keys)
	p.yes, p.no, p.noise, p.nothing = oneOf(s.Yes), oneOf(s.No), oneOf(s.Noise), oneOf(s.Nothing)
	p.lead, p.filler = oneOf(s.NameLead), oneOf(s.Fillers)
	p.double, p.triple, p.numberAnd = oneOf(s.Double), oneOf(s.Triple), oneOf(s.NumberAnd)
	p.at, p.hourWord, p.am, p.pm = oneOf(s.Time.At), oneOf(s.Time.Hour), oneOf(s.Time.AM), oneOf(s.Time.PM)
	p.noon, p.midnight, p.half, p.halfPast = oneOf(s.Time.Noon), oneOf(s.Time.Midnight), oneOf(s.Time.Half), oneOf(s.Time.HalfPast)
	if err != nil {
		return nil, err
	}
	if err := p.compileRules(); err != nil {
		return nil, err
	}
	if p.rules.byName["digit"] != nil {
		unit, err := p.rules.parse("[double] <digit>")
		if err != nil {
			return nil, err
		}
		p.rules.byName["digits"] = &node{kind: nodeMany, kids: []*node{unit}}
	}
	p.rules.byName["first_name"], p.rules.byName["last_name"] = oneOf(s.FirstNames), oneOf(s.LastNames)
	if err != nil {
		return nil, err
	}
	for _, in := range s.Intents {
		ci, err := p.compileIntent(in)
		if err != nil {
			return nil, fmt.Errorf("intent %s: %w", in.Name, err)
		}
		p.intents = append(p.intents, ci)
	}
	p.expect = newGrammar(p)
	return p, nil
}

// compileRules defines the file's rules, which may refer to each other in any order but not in a circle.
func (p *pack) compileRules() error {
	left := sortedKeys(p.script.Rules)
	for len(left) > 0 {
		var later []string
		var last error
		for _, name := range left {
			n, err := p.rules.parse(p.script.Rules[name])
			if err != nil {
				later, last = append(later, name), err
				continue
			}
			p.rules.byName[name] = n
		}
		if len(later) == len(left) {
			return fmt.Errorf("rule %s: %w", left[0], last)
		}
		left = later
	}
	return nil
}

func (p *pack) compileIntent(in intent) (compiledIntent, error) {
	ci := compiledIntent{intent: in}
	for _, s := range in.Say {
		n, err := p.rules.parse(s)
		if err != nil {
			return ci, err
		}
		ci.say = append(ci.say, n)
	}
	for _, s := range in.Also {
		n, err := p.rules.parse(s)
		if err != nil {
			return ci, err
		}
		ci.also = append(ci.also, n)
	}
	for _, w := range sortedKeys(in.Words) {
		if stem, ok := strings.CutSuffix(w, "*"); ok {
			ci.words = append(ci.words, weighted{stem: strings.Join(words(stem, p.join), ""), weight: in.Words[w]})
			continue
		}
		n, err := p.rules.parse(w)
		if err != nil {
			return ci, err
		}
		ci.words = append(ci.words, weighted{node: n, weight: in.Words[w]})
	}
	if len(in.Answers) == 0 {
		return ci, fmt.Errorf("there is no answer")
	}
	return ci, nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
