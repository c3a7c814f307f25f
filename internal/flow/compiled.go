package flow

import (
	"slices"
	"strings"
	"time"
)

// phrases are what the engine says of its own accord.
type phrases struct {
	DateClosed string   `yaml:"date_closed"`
	DatePast   string   `yaml:"date_past"`
	DateNone   string   `yaml:"date_none"`
	TimeClosed string   `yaml:"time_closed"`
	TimePast   string   `yaml:"time_past"`
	TimePart   string   `yaml:"time_part"`
	PhoneMore  string   `yaml:"phone_more"`
	PhoneLong  string   `yaml:"phone_long"`
	YesNo      string   `yaml:"yes_no"`
	Which      string   `yaml:"which"`
	Or         string   `yaml:"or"`
	GivenUp    string   `yaml:"given_up"`
	Goodbye    string   `yaml:"goodbye"`
	Cancelled  string   `yaml:"cancelled"`
	NoHuman    string   `yaml:"no_human"`
	Repeat     string   `yaml:"repeat"`
	Wait       string   `yaml:"wait"`
	More       string   `yaml:"more"`
	Else       string   `yaml:"else"`
	Unknown    string   `yaml:"unknown"`
	Options    string   `yaml:"options"`
	Silence    []string `yaml:"silence"`
	SilenceEnd string   `yaml:"silence_end"`
}

// spoken is a flow made ready for one language. It does not change.
type spoken struct {
	d         *Definition
	p         *pack
	lang      string
	say       *phrases
	nodes     map[string]*Node
	next      map[string]map[string]string // from, on → to
	options   map[string][]heardOption     // by node
	questions []heardOption
	hours     map[time.Weekday]Hours
}

// heardOption is something a caller may mean.
type heardOption struct {
	value string
	words []weighted
	label string // of an option; the answer of a question
}

// prepare makes a valid definition ready for a language.
func prepare(d *Definition, p *pack) *spoken {
	lang := p.Language
	s := &spoken{d: d, p: p, lang: lang, say: &p.phrases, nodes: map[string]*Node{}, next: map[string]map[string]string{}, options: map[string][]heardOption{}, hours: map[time.Weekday]Hours{}}
	for i := range d.Nodes {
		n := &d.Nodes[i]
		s.nodes[n.ID] = n
		for _, o := range n.Options {
			s.options[n.ID] = append(s.options[n.ID], heardOption{o.Value, s.words(append(slices.Clone(o.Words[lang]), o.Label[lang])), o.Label[lang]})
		}
	}
	for _, e := range d.Edges {
		if s.next[e.From] == nil {
			s.next[e.From] = map[string]string{}
		}
		s.next[e.From][e.On] = e.To
	}
	for _, q := range d.Questions {
		s.questions = append(s.questions, heardOption{"", s.words(q.Words[lang]), q.Answer[lang]})
	}
	for day, h := range d.Hours {
		s.hours[time.Weekday(weekdayNamed(day))] = h
	}
	if d.Company && len(d.Hours) == 0 {
		for day, h := range p.company.Hours {
			s.hours[time.Weekday(day)] = Hours(h)
		}
	}
	return s
}

// words makes patterns of words that people wrote: brackets mean nothing in them.
func (s *spoken) words(list []string) []weighted {
	var out []weighted
	for _, w := range list {
		w = strings.NewReplacer("(", " ", ")", " ", "[", " ", "]", " ", "|", " ", "<", " ", ">", " ").Replace(w)
		if stem, ok := strings.CutSuffix(strings.TrimSpace(w), "*"); ok {
			if ws := words(stem, s.p.join); len(ws) == 1 && len(ws[0]) > 1 {
				out = append(out, weighted{stem: ws[0], weight: 1})
			}
			continue
		}
		if n, err := s.p.rules.parse(w); err == nil {
			out = append(out, weighted{node: n, weight: len(words(w, s.p.join))})
		}
	}
	return out
}

// best finds which of several things is meant, nil for none of them. Of equals the earlier wins.
func best(list []heardOption, ts []token) *heardOption {
	var found *heardOption
	most := 0
	for i := range list {
		sum := 0
		for _, w := range list[i].words {
			if w.found(ts) {
				sum += w.weight
			}
		}
		if sum > most {
			most, found = sum, &list[i]
		}
	}
	return found
}

// open returns the hours of a day; ok is false when it is closed then.
func (s *spoken) open(d time.Weekday) (Hours, bool) {
	if len(s.hours) == 0 {
		return Hours{0, 24}, true
	}
	h, ok := s.hours[d]
	return h, ok
}

// nextOpen is the first open day after d.
func (s *spoken) nextOpen(d time.Time) time.Time {
	for range 7 {
		d = d.AddDate(0, 0, 1)
		if _, ok := s.open(d.Weekday()); ok {
			break
		}
	}
	return d
}
