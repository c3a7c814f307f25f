package flow

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// graph runs a definition. It keeps nothing between requests.
type graph struct {
	d        *Definition
	langs    map[string]*spoken
	lang     string // empty: the request's
	fallback llm.Model
	now      func() time.Time
}

var (
	_ llm.Expecter = (*graph)(nil)
	_ llm.Tracer   = (*graph)(nil)
)

// NewCustom makes a model of a definition, with a language model for the nodes that ask for one, or nil. A definition with problems is a fault.Invalid "bad_flow" with the first
// of them.
func NewCustom(d Definition, lang string, fallback llm.Model) (llm.Model, error) {
	return newGraph(d, lang, fallback, time.Now)
}

func newGraph(d Definition, lang string, fallback llm.Model, now func() time.Time) (*graph, error) {
	if ps := d.Validate(); len(ps) > 0 {
		return nil, fault.New(fault.Invalid, "bad_flow", "the flow %s cannot run: %s: %s", d.Name, ps[0].Path, ps[0].Message).At("model.flow")
	}
	if lang != "" && !slices.Contains(d.Languages, base(lang)) {
		return nil, fault.New(fault.Invalid, "unsupported_language", "the call flow %s does not speak %q; it speaks %s", d.Name, lang,
			strings.Join(d.Languages, ", ")).At("language")
	}
	all, err := packs()
	if err != nil {
		return nil, err
	}
	zone, err := d.location()
	if err != nil {
		return nil, fmt.Errorf("time zone of the flow %s: %w", d.Name, err)
	}
	g := &graph{d: &d, langs: map[string]*spoken{}, lang: base(lang), fallback: fallback, now: func() time.Time { return now().In(zone) }}
	for _, l := range d.Languages {
		g.langs[l] = prepare(&d, all[l])
	}
	return g, nil
}

var builtin = sync.OnceValues(func() (map[string]Definition, error) {
	out := map[string]Definition{}
	for _, name := range []string{"appointment", "support", "information"} {
		var d Definition
		if err := load("flow."+name+".yaml", &d); err != nil {
			return nil, err
		}
		if ps := d.Validate(); len(ps) > 0 {
			return nil, fmt.Errorf("flow.%s.yaml: %v", name, ps)
		}
		out[name] = d
	}
	return out, nil
})

// Builtin returns the definitions of the flows that come with the product, but for reception, which is none: to look at, and to begin one's own with.
func Builtin() (map[string]Definition, error) {
	all, err := builtin()
	return maps.Clone(all), err
}

// Opening is what an agent with a flow says first. own is the agent's own greeting, which may be empty: it takes the place of what the flow says before its first question. Without
// that question a caller would not know what is wanted. For reception, whose callers may speak first, and for other models it is own.
func Opening(m llm.Model, lang, own string) string {
	g, ok := m.(*graph)
	if !ok {
		return own
	}
	s := g.spoken(llm.Request{Lang: lang})
	w, st := follow(s, g.now(), g.fallback != nil, llm.Request{})
	if own != "" {
		id := s.d.Start
		if s.nodes[id].Kind == Say {
			id = s.next[id][""]
		}
		w.values = map[string]value{}
		st = w.enter(id, own)
	}
	return st.text
}

// Tools lists the tools that a flow of the product calls; none for one that calls none, or is unknown.
func Tools(name string) []string {
	all, err := builtin()
	if err != nil {
		return nil
	}
	return all[name].Tools()
}

// Tools lists the tools that the nodes call, each once.
func (d Definition) Tools() []string {
	var out []string
	for _, n := range d.Nodes {
		if n.Kind == Call && !slices.Contains(out, n.Tool) {
			out = append(out, n.Tool)
		}
	}
	return out
}

// begin is the time that the flow's days count from: the conversation's start, so that "tomorrow" stays the same day when a call goes on past midnight.
func (g *graph) begin(req llm.Request) time.Time {
	if req.Began.IsZero() {
		return g.now()
	}
	return req.Began.In(g.now().Location())
}

func (g *graph) spoken(req llm.Request) *spoken {
	if s := g.langs[g.lang]; s != nil {
		return s
	}
	if s := g.langs[base(req.Lang)]; s != nil {
		return s
	}
	return g.langs[g.d.Languages[0]]
}

// Generate answers the last message.
func (g *graph) Generate(ctx context.Context, req llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		s := g.spoken(req)
		w, st := follow(s, g.begin(req), g.fallback != nil, req)
		if toolsPending(req.Messages) && st.call == nil && w.at.Kind == Model && g.fallback != nil && !strings.HasPrefix(req.Messages[len(req.Messages)-1].CallID, "flow_") {
			st.model = w.at // the model asked for that tool
		}
		switch {
		case st.model != nil:
			g.delegate(ctx, w, st, req, yield)
		case st.call != nil:
			for _, t := range sentences(st.text) {
				if !yield(llm.Delta{Text: t}, nil) {
					return
				}
			}
			if yield(llm.Delta{Call: st.call}, nil) {
				yield(llm.Delta{Stop: llm.StopTools}, nil)
			}
		default:
			speak(ctx, answer{text: st.text, stop: st.stop}, yield)
		}
	}
}

// delegate lets the language model answer in a node that asks for it. Its failure before the first word is answered by the flow.
func (g *graph) delegate(ctx context.Context, w *walk, st step, req llm.Request, yield func(llm.Delta, error) bool) {
	asked := req
	parts := []string{req.System, st.model.Instructions}
	if w.s.d.Company {
		parts = append(parts, w.s.p.Facts)
	}
	for _, q := range w.s.questions {
		parts = append(parts, q.label)
	}
	for k, v := range w.slots() {
		parts = append(parts, k+": "+v)
	}
	slices.Sort(parts[2:])
	asked.System = strings.TrimSpace(strings.Join(parts, "\n\n"))
	began := false
	for d, err := range g.fallback.Generate(ctx, asked) {
		if err != nil && !began && ctx.Err() == nil && !toolsPending(req.Messages) {
			speak(ctx, answer{text: st.text, stop: st.stop}, yield)
			return
		}
		began = began || d.Text != "" || d.Call != nil
		if !yield(d, err) || err != nil {
			return
		}
	}
}

// Trace says where the conversation stands.
func (g *graph) Trace(req llm.Request) (node string, slots map[string]string) {
	w, _ := follow(g.spoken(req), g.begin(req), g.fallback != nil, req)
	return w.at.ID, w.slots()
}

// Expect says what the caller may say next.
func (g *graph) Expect(req llm.Request) (phrases []string, grammar string) {
	s := g.spoken(req)
	w, _ := follow(s, g.begin(req), g.fallback != nil, req)
	at := slotOpen
	switch w.at.Kind {
	case Ask:
		at = map[SlotType]slot{TypeName: slotName, TypePhone: slotPhone, TypeNumber: slotPhone, TypeDate: slotDate, TypeTime: slotTime}[w.at.Type]
	case Confirm:
		at = slotConfirm
	case Choose:
		at = ""
		for _, o := range w.at.Options {
			for _, word := range append(slices.Clone(o.Words[s.lang]), o.Label[s.lang]) {
				phrases = append(phrases, strings.TrimSuffix(strings.ToLower(word), "*"))
			}
		}
	}
	phrases = append(phrases, s.p.expect.phrases[at]...)
	if w.at.Kind == Ask && w.at.Type != TypeText && w.at.Type != TypeNumber { // elsewhere more is said than a grammar holds
		grammar = s.p.expect.jsgf[at]
	}
	return phrases, grammar
}
