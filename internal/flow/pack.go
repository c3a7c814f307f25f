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

// company is what is the same in every language.
type company struct {
	Company string        `yaml:"company"`
	Phone   string        `yaml:"phone"`
	Email   string        `yaml:"email"`
	Hours   map[int]hours `yaml:"hours"` // by weekday, Sunday is 0
}

type hours struct {
	From int `yaml:"from"`
	To   int `yaml:"to"`
}

// script is a language file as written.
type script struct {
	Language   string              `yaml:"language"`
	Greeting   string              `yaml:"greeting"`
	Facts      string              `yaml:"facts"`
	Clock      map[int]string      `yaml:"clock"`
	Days       map[string][]string `yaml:"days"`
	Relative   map[string][]string `yaml:"relative"`
	DayNames   []string            `yaml:"day_names"`
	DayPrefix  string              `yaml:"day_prefix"`
	DayWords   map[string]string   `yaml:"day_words"`
	Numbers    map[string]int      `yaml:"numbers"`
	Double     []string            `yaml:"double"`
	Triple     []string            `yaml:"triple"`
	NumberAnd  []string            `yaml:"number_and"`
	DigitWords []string            `yaml:"digit_words"`
	Keys       map[string][]string `yaml:"keys"` // spoken names of the keys "*" and "#"
	Phone      struct {
		Min    int   `yaml:"min"`
		Max    int   `yaml:"max"`
		Groups []int `yaml:"groups"` // how to read it out; the last repeats
		Pairs  bool  `yaml:"pairs"`  // a group is one number ("12"), not digits ("1 2")
	} `yaml:"phone"`
	Time struct {
		At       []string            `yaml:"at"`
		Hour     []string            `yaml:"hour"`
		AM       []string            `yaml:"am"`
		PM       []string            `yaml:"pm"`
		Noon     []string            `yaml:"noon"`
		Midnight []string            `yaml:"midnight"`
		Half     []string            `yaml:"half"`
		HalfPast []string            `yaml:"half_past"`
		Parts    map[string][]string `yaml:"parts"`
	} `yaml:"time"`
	PartNames  map[string]string   `yaml:"part_names"`
	Fillers    []string            `yaml:"fillers"`
	Noise      []string            `yaml:"noise"`
	Yes        []string            `yaml:"yes"`
	No         []string            `yaml:"no"`
	NameLead   []string            `yaml:"name_lead"`
	NameStop   []string            `yaml:"name_stop"`
	Correct    map[string][]string `yaml:"correct"`
	Nothing    []string            `yaml:"nothing"`
	FirstNames []string            `yaml:"first_names"`
	LastNames  []string            `yaml:"last_names"`
	Subjects   []string            `yaml:"subjects"`
	Rules      map[string]string   `yaml:"rules"`
	Items      map[string]item     `yaml:"items"`
	Intents    []intent            `yaml:"intents"`
	Texts      texts               `yaml:"texts"`
}

type item struct {
	Words  []string `yaml:"words"`
	Answer string   `yaml:"answer"`
}

type intent struct {
	Name    string         `yaml:"name"`
	Always  bool           `yaml:"always"`
	Info    bool           `yaml:"info"`
	Say     []string       `yaml:"say"`
	Also    []string       `yaml:"also"`
	Words   map[string]int `yaml:"words"`
	Answers []string       `yaml:"answers"`
}

// texts are the answers that need more than an intent's own; each a list to take in turn.
type texts struct {
	HoursOpen       []string `yaml:"hours_open"`
	HoursClosed     []string `yaml:"hours_closed"`
	HoursYes        []string `yaml:"hours_yes"`
	HoursNo         []string `yaml:"hours_no"`
	NowOpen         []string `yaml:"now_open"`
	NowClosed       []string `yaml:"now_closed"`
	OnDay           string   `yaml:"on_day"`
	WasOpen         []string `yaml:"was_open"`
	WasClosed       []string `yaml:"was_closed"`
	Weekend         []string `yaml:"weekend"`
	Menu            []string `yaml:"menu"`
	MenuNone        []string `yaml:"menu_none"`
	Yes             []string `yaml:"yes"`
	No              []string `yaml:"no"`
	NoMore          []string `yaml:"no_more"`
	Declined        []string `yaml:"declined"`
	More            []string `yaml:"more"`
	Miss            []string `yaml:"miss"`
	Silence         []string `yaml:"silence"`
	SilenceEnd      []string `yaml:"silence_end"`
	LastNone        string   `yaml:"last_none"`
	FormCancelled   []string `yaml:"form_cancelled"`
	FormGoodbye     []string `yaml:"form_goodbye"`
	FormHuman       []string `yaml:"form_human"`
	FormGivenUp     []string `yaml:"form_given_up"`
	Begin           string   `yaml:"begin"`
	AckName         string   `yaml:"ack_name"`
	AskName         []string `yaml:"ask_name"`
	AskPhone        []string `yaml:"ask_phone"`
	PhoneMore       []string `yaml:"phone_more"`
	PhoneLong       []string `yaml:"phone_long"`
	AskSubject      []string `yaml:"ask_subject"`
	AskDay          []string `yaml:"ask_day"`
	DayClosed       []string `yaml:"day_closed"`
	ConfirmMessage  []string `yaml:"confirm_message"`
	ConfirmPlain    []string `yaml:"confirm_plain"`
	ConfirmCallback []string `yaml:"confirm_callback"`
	ConfirmAgain    []string `yaml:"confirm_again"`
	AskWhich        []string `yaml:"ask_which"`
	DoneMessage     []string `yaml:"done_message"`
	DoneCallback    []string `yaml:"done_callback"`
	And             string   `yaml:"and"`
}

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
	any := func(list []string) *node { // one of these, spoken as they are
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
			out = append(out, namedNode{k, any(m[k])})
		}
		return out
	}
	p.Numbers = map[string]int{}
	for w, v := range s.Numbers {
		p.Numbers[strings.Join(words(w, p.join), "")] = v
	}
	week := &node{kind: nodeAlt}
	for i, name := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		p.days[i] = any(s.Days[name])
		week.kids = append(week.kids, p.days[i].kids...)
	}
	p.rules.byName["weekday"] = week
	p.rel = named(s.Relative)
	for id, it := range s.Items {
		p.items = append(p.items, namedNode{id, any(it.Words)})
	}
	sort.Slice(p.items, func(i, j int) bool { return p.items[i].name < p.items[j].name })
	p.parts = named(s.Time.Parts)
	p.correct = named(s.Correct)
	p.keys = named(s.Keys)
	p.yes, p.no, p.noise, p.nothing = any(s.Yes), any(s.No), any(s.Noise), any(s.Nothing)
	p.lead, p.filler = any(s.NameLead), any(s.Fillers)
	p.double, p.triple, p.numberAnd = any(s.Double), any(s.Triple), any(s.NumberAnd)
	p.at, p.hourWord, p.am, p.pm = any(s.Time.At), any(s.Time.Hour), any(s.Time.AM), any(s.Time.PM)
	p.noon, p.midnight, p.half, p.halfPast = any(s.Time.Noon), any(s.Time.Midnight), any(s.Time.Half), any(s.Time.HalfPast)
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
	p.rules.byName["first_name"], p.rules.byName["last_name"] = any(s.FirstNames), any(s.LastNames)
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
