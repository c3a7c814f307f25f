package flow

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"griot/internal/fault"
)

// Definition is a flow as people write it: nodes, and edges between them. The flows that come with the product are such files too, but for reception.
type Definition struct {
	Name      string            `json:"name" yaml:"name"`
	Title     map[string]string `json:"title,omitempty" yaml:"title"` // by language
	About     map[string]string `json:"about,omitempty" yaml:"about"`
	Languages []string          `json:"languages" yaml:"languages"`       // of en, es, fr; every text exists in each
	Zone      string            `json:"zone,omitempty" yaml:"zone"`       // IANA name of the time zone of its dates and hours; empty: the server's
	Start     string            `json:"start" yaml:"start"`               // id of the first node
	Company   bool              `json:"company,omitempty" yaml:"company"` // the example company's facts answer questions, and its hours count
	Hours     map[string]Hours  `json:"hours,omitempty" yaml:"hours"`     // opening hours by day, "monday" and so on; without any every time is open
	Nodes     []Node            `json:"nodes" yaml:"nodes"`
	Edges     []Edge            `json:"edges" yaml:"edges"`
	Questions []Question        `json:"questions,omitempty" yaml:"questions"` // answered at any time, after which the flow goes on where it was
}

// Hours of a day, in whole hours on the 24-hour clock.
type Hours struct {
	From int `json:"from" yaml:"from"`
	To   int `json:"to" yaml:"to"`
}

// Kind says what a node does.
type Kind string

// The kinds of nodes.
const (
	Say     Kind = "say"     // speaks and goes on
	Ask     Kind = "ask"     // collects one slot
	Choose  Kind = "choose"  // finds out which of several things the caller wants
	Confirm Kind = "confirm" // reads back, and lets the caller correct
	Call    Kind = "call"    // calls a tool
	Model   Kind = "model"   // a language model answers, as long as the caller has questions
	Human   Kind = "human"   // hands the call over to a person
	End     Kind = "end"     // says goodbye and hangs up
)

var kinds = []Kind{Say, Ask, Choose, Confirm, Call, Model, Human, End}

// SlotType says what a slot holds.
type SlotType string

// The types of slots.
const (
	TypeName   SlotType = "name"
	TypePhone  SlotType = "phone"
	TypeDate   SlotType = "date"
	TypeTime   SlotType = "time"
	TypeNumber SlotType = "number"
	TypeText   SlotType = "text"
)

var slotTypes = []SlotType{TypeName, TypePhone, TypeDate, TypeTime, TypeNumber, TypeText}

// Wordings are texts by language; the second and later are for when the first was not understood.
type Wordings map[string][]string

// Node is one step. Which fields count depends on its kind.
type Node struct {
	ID           string            `json:"id" yaml:"id"`
	Kind         Kind              `json:"kind" yaml:"kind" enum:"say,ask,choose,confirm,call,model,human,end"`
	Say          Wordings          `json:"say,omitempty" yaml:"say"`                                           // {slot} is replaced with what was collected
	Slot         string            `json:"slot,omitempty" yaml:"slot"`                                         // ask, choose: where the answer goes
	Type         SlotType          `json:"type,omitempty" yaml:"type" enum:"name,phone,date,time,number,text"` // ask
	Label        map[string]string `json:"label,omitempty" yaml:"label"`                                       // ask, choose: what a caller names to correct it: "the date"
	Open         bool              `json:"open,omitempty" yaml:"open"`                                         // ask for a date or a time: only within the opening hours
	Options      []Option          `json:"options,omitempty" yaml:"options"`                                   // choose
	Free         bool              `json:"free,omitempty" yaml:"free"`                                         // choose: anything else is kept as it was said, and goes along "other"
	Tool         string            `json:"tool,omitempty" yaml:"tool"`                                         // call
	Arguments    map[string]string `json:"arguments,omitempty" yaml:"arguments"`                               // call: {slot} is the value, as in 2026-11-24, 15:00, 0612345678
	Instructions string            `json:"instructions,omitempty" yaml:"instructions"`                         // model
	Number       string            `json:"number,omitempty" yaml:"number"`                                     // human: whom to connect with; empty leaves it to the tool
	Position     *Position         `json:"position,omitempty" yaml:"position"`                                 // in the editor
}

// Position of a node in the editor.
type Position struct {
	X float64 `json:"x" yaml:"x"`
	Y float64 `json:"y" yaml:"y"`
}

// Option of a choice.
type Option struct {
	Value string              `json:"value" yaml:"value"`
	Label map[string]string   `json:"label" yaml:"label"` // as it is spoken
	Words map[string][]string `json:"words" yaml:"words"` // what stands for it; "reset*" is the beginning of a word
}

// Question is one that callers ask at any time.
type Question struct {
	Words  map[string][]string `json:"words" yaml:"words"`
	Answer map[string]string   `json:"answer" yaml:"answer"`
}

// Edge leads from a node to the next. Its condition depends on the kind of the first: "" always, "yes" and "no" for confirm, an option's value or
// "other" for choose, "ok", "failed" or the tool's own "status" for call, "failed" for ask, "done" or "unavailable" for model, "unavailable" for human.
// Edges from "*" are taken from everywhere: "human" when the caller wants a person, "cancel" when the caller gives up.
type Edge struct {
	From string `json:"from" yaml:"from"`
	To   string `json:"to" yaml:"to"`
	On   string `json:"on,omitempty" yaml:"on"`
}

// The bounds of a definition.
const (
	maxNodes    = 200
	maxEdges    = 600
	maxOptions  = 30
	maxWordings = 10
	maxWording  = 1000
)

// Problem is one thing wrong with a definition. Path is where, as in nodes[3].say.fr.
type Problem struct {
	Path    string `json:"path"`
	Node    string `json:"node,omitempty"` // id of the node that it concerns
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ParseDefinition reads a definition from JSON; unknown fields are refused. It is not validated.
func ParseDefinition(b []byte) (Definition, error) {
	var d Definition
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, fault.Wrap(err, fault.Invalid, "bad_flow", "this is no flow: %v", err)
	}
	return d, nil
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

var slotInText = regexp.MustCompile(`\{([a-z0-9_]*)\}`)

// Validate lists everything that is wrong with a definition, nothing for one that can run.
func (d Definition) Validate() []Problem {
	v := &checker{d: d, nodes: map[string]int{}, slots: map[string]bool{}}
	v.run()
	return v.out
}

type checker struct {
	d     Definition
	nodes map[string]int
	slots map[string]bool
	out   []Problem
}

func (v *checker) wrong(path, node, code, format string, args ...any) {
	if len(v.out) < 100 {
		v.out = append(v.out, Problem{path, node, code, fmt.Sprintf(format, args...)})
	}
}

func (v *checker) run() {
	d := v.d
	if strings.TrimSpace(d.Name) == "" || len([]rune(d.Name)) > 100 {
		v.wrong("name", "", "bad_name", "Give the flow a name of at most 100 characters.")
	}
	if len(d.Languages) == 0 {
		v.wrong("languages", "", "no_language", "Say which languages the flow speaks: %s.", strings.Join(Languages(), ", "))
	}
	for i, l := range d.Languages {
		if !slices.Contains(Languages(), l) {
			v.wrong(fmt.Sprintf("languages[%d]", i), "", "unsupported_language", "Flows do not speak %q; they speak %s.", l, strings.Join(Languages(), ", "))
		}
	}
	if _, err := d.location(); err != nil {
		v.wrong("zone", "", "bad_zone", "%q is no time zone; write it as in Europe/Paris.", d.Zone)
	}
	for day, h := range d.Hours {
		if weekdayNamed(day) < 0 {
			v.wrong("hours."+day, "", "bad_day", "%q is no day: write monday, tuesday and so on.", day)
		} else if h.From < 0 || h.To > 24 || h.From >= h.To {
			v.wrong("hours."+day, "", "bad_hours", "The hours go from an earlier to a later hour between 0 and 24.")
		}
	}
	if len(d.Nodes) == 0 {
		v.wrong("nodes", "", "no_nodes", "A flow needs at least one node.")
		return
	}
	if len(d.Nodes) > maxNodes || len(d.Edges) > maxEdges {
		v.wrong("nodes", "", "too_large", "A flow has at most %d nodes and %d edges.", maxNodes, maxEdges)
		return
	}
	for i, n := range d.Nodes {
		path := fmt.Sprintf("nodes[%d].id", i)
		if !identifier.MatchString(n.ID) {
			v.wrong(path, n.ID, "bad_id", "%q cannot be an id: use small letters, digits and _, beginning with a letter.", n.ID)
		}
		if _, twice := v.nodes[n.ID]; twice {
			v.wrong(path, n.ID, "twice", "There are two nodes named %q.", n.ID)
		}
		v.nodes[n.ID] = i
		if n.Slot != "" {
			v.slots[n.Slot] = true
		}
	}
	if _, ok := v.nodes[d.Start]; !ok {
		v.wrong("start", "", "no_start", "The flow begins at %q, which is none of its nodes.", d.Start)
	}
	for i, n := range d.Nodes {
		v.node(fmt.Sprintf("nodes[%d]", i), n)
	}
	v.edges()
	for i, q := range d.Questions {
		path := fmt.Sprintf("questions[%d]", i)
		for _, l := range d.Languages {
			if len(q.Words[l]) == 0 {
				v.wrong(path+".words."+l, "", "words_missing", "Say by which words the question is recognised in %s.", l)
			}
			if strings.TrimSpace(q.Answer[l]) == "" {
				v.wrong(path+".answer."+l, "", "text_missing", "The answer is missing in %s.", l)
			}
		}
	}
	if len(v.out) == 0 {
		v.reach()
	}
}

func (v *checker) node(path string, n Node) {
	if !slices.Contains(kinds, n.Kind) {
		v.wrong(path+".kind", n.ID, "bad_kind", "%q is no kind of node; there are %v.", n.Kind, kinds)
		return
	}
	if n.Kind != Call && n.Kind != Human && n.Kind != Model {
		v.wordings(path+".say", n.ID, n.Say, true)
	} else {
		v.wordings(path+".say", n.ID, n.Say, false)
	}
	switch n.Kind {
	case Ask:
		if !identifier.MatchString(n.Slot) {
			v.wrong(path+".slot", n.ID, "bad_slot", "Name the slot that the answer goes to, in small letters, digits and _.")
		}
		if !slices.Contains(slotTypes, n.Type) {
			v.wrong(path+".type", n.ID, "bad_type", "%q is no type of a slot; there are %v.", n.Type, slotTypes)
		}
	case Choose:
		if n.Slot != "" && !identifier.MatchString(n.Slot) {
			v.wrong(path+".slot", n.ID, "bad_slot", "A slot's name has small letters, digits and _.")
		}
		if len(n.Options) == 0 || len(n.Options) > maxOptions {
			v.wrong(path+".options", n.ID, "bad_options", "A choice has between 1 and %d options.", maxOptions)
		}
		for i, o := range n.Options {
			at := fmt.Sprintf("%s.options[%d]", path, i)
			if !identifier.MatchString(o.Value) {
				v.wrong(at+".value", n.ID, "bad_value", "An option's value has small letters, digits and _.")
			}
			for _, l := range v.d.Languages {
				if len(o.Words[l]) == 0 {
					v.wrong(at+".words."+l, n.ID, "words_missing", "Say by which words the option %q is recognised in %s.", o.Value, l)
				}
				if strings.TrimSpace(o.Label[l]) == "" {
					v.wrong(at+".label."+l, n.ID, "text_missing", "The option %q has no label in %s.", o.Value, l)
				}
			}
		}
	case Call:
		if n.Tool == "" {
			v.wrong(path+".tool", n.ID, "no_tool", "Say which tool is called.")
		}
		for k, a := range n.Arguments {
			v.placeholders(path+".arguments."+k, n.ID, a)
		}
	case Model:
		if strings.TrimSpace(n.Instructions) == "" {
			v.wrong(path+".instructions", n.ID, "no_instructions", "Say what the language model is to do here.")
		}
	}
}

func (v *checker) wordings(path, node string, w Wordings, needed bool) {
	if len(w) == 0 && !needed {
		return
	}
	for _, l := range v.d.Languages {
		list := w[l]
		if len(list) == 0 {
			v.wrong(path+"."+l, node, "text_missing", "The text is missing in %s.", l)
		}
		if len(list) > maxWordings {
			v.wrong(path+"."+l, node, "too_many_wordings", "At most %d wordings.", maxWordings)
		}
		for i, t := range list {
			at := fmt.Sprintf("%s.%s[%d]", path, l, i)
			if strings.TrimSpace(t) == "" || len([]rune(t)) > maxWording {
				v.wrong(at, node, "bad_text", "A text has between 1 and %d characters.", maxWording)
			}
			v.placeholders(at, node, t)
		}
	}
}

func (v *checker) placeholders(path, node, text string) {
	for _, m := range slotInText.FindAllStringSubmatch(text, -1) {
		if !v.slots[m[1]] && m[1] != "reference" {
			v.wrong(path, node, "unknown_slot", "{%s} is collected by no node.", m[1])
		}
	}
}

// conditions lists what edges from a node may wait for, and those of which one is needed.
func conditions(n Node) (may, must []string) {
	switch n.Kind {
	case Say:
		return []string{""}, []string{""}
	case Ask:
		return []string{"", "failed"}, []string{""}
	case Confirm:
		return []string{"yes", "no"}, []string{"yes"}
	case Choose:
		may = []string{"", "other", "failed"}
		for _, o := range n.Options {
			may = append(may, o.Value)
		}
		return may, nil
	case Call:
		return nil, []string{"ok", "failed"}
	case Model:
		return []string{"done", "unavailable"}, []string{"done"}
	case Human:
		return []string{"unavailable"}, []string{"unavailable"}
	}
	return []string{}, nil
}

func (v *checker) edges() {
	seen := map[Edge]int{}
	for i, e := range v.d.Edges {
		path := fmt.Sprintf("edges[%d]", i)
		if _, ok := v.nodes[e.To]; !ok {
			v.wrong(path+".to", e.From, "no_node", "The edge leads to %q, which is none of the nodes.", e.To)
		}
		key := Edge{From: e.From, On: e.On}
		if _, twice := seen[key]; twice {
			v.wrong(path+".on", e.From, "twice", "There is another edge from %q on %q.", e.From, e.On)
		}
		seen[key] = i
		if e.From == "*" {
			if e.On != "human" && e.On != "cancel" {
				v.wrong(path+".on", "", "bad_condition", "From everywhere edges wait for human or cancel, not %q.", e.On)
			}
			continue
		}
		at, ok := v.nodes[e.From]
		if !ok {
			v.wrong(path+".from", e.From, "no_node", "The edge begins at %q, which is none of the nodes.", e.From)
			continue
		}
		if may, _ := conditions(v.d.Nodes[at]); may != nil && !slices.Contains(may, e.On) {
			v.wrong(path+".on", e.From, "bad_condition", "An edge from the %s %q cannot wait for %q; it can for %q.", v.d.Nodes[at].Kind, e.From, e.On, may)
		}
	}
	for i, n := range v.d.Nodes {
		_, must := conditions(n)
		for _, on := range must {
			if _, ok := seen[Edge{From: n.ID, On: on}]; !ok {
				v.wrong(fmt.Sprintf("nodes[%d]", i), n.ID, "no_way_on", "From %q no edge leads on %s.", n.ID, conditionName(on))
			}
		}
		if _, always := seen[Edge{From: n.ID}]; n.Kind == Choose && !always {
			for _, o := range n.Options {
				if _, ok := seen[Edge{From: n.ID, On: o.Value}]; !ok {
					v.wrong(fmt.Sprintf("nodes[%d]", i), n.ID, "no_way_on", "From %q no edge leads on for the option %q.", n.ID, o.Value)
				}
			}
			if _, ok := seen[Edge{From: n.ID, On: "other"}]; n.Free && !ok {
				v.wrong(fmt.Sprintf("nodes[%d]", i), n.ID, "no_way_on", "From %q no edge leads on for other words.", n.ID)
			}
		}
	}
}

func conditionName(on string) string {
	if on == "" {
		return "afterwards"
	}
	return "when it is " + on
}

// reach finds nodes that nothing leads to, and circles in which nobody is asked.
func (v *checker) reach() {
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, e := range v.d.Edges {
			if e.From == id {
				visit(e.To)
			}
		}
	}
	visit(v.d.Start)
	for _, e := range v.d.Edges {
		if e.From == "*" {
			visit(e.To)
		}
	}
	for i, n := range v.d.Nodes {
		if !seen[n.ID] {
			v.wrong(fmt.Sprintf("nodes[%d]", i), n.ID, "unreachable", "Nothing leads to %q.", n.ID)
		}
		if n.Kind != Say {
			continue
		}
		at := n.ID
		for range v.d.Nodes {
			j := v.nodes[at]
			if v.d.Nodes[j].Kind != Say {
				break
			}
			for _, e := range v.d.Edges {
				if e.From == at {
					at = e.To
					break
				}
			}
			if at == n.ID {
				v.wrong(fmt.Sprintf("nodes[%d]", i), n.ID, "circle", "From %q the flow speaks in a circle and never listens.", n.ID)
				break
			}
		}
	}
}

// location is where the flow's dates and hours count.
func (d Definition) location() (*time.Location, error) {
	if d.Zone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(d.Zone)
}

var weekdayNames = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func weekdayNamed(s string) int { return slices.Index(weekdayNames, s) }
