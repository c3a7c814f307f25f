// Package flow holds call flows: conversations that follow a script instead of a language model's judgement. A flow is an llm.Model, so a
// session cannot tell the difference; it may wrap a language model and then answers with it.
//
// A flow keeps nothing between requests. Where a conversation stands is found by going through what the caller has said in
// Request.Messages; what the agent said is not read, because an interruption may have cut it short. The same history gives the same
// answer, but for what depends on the date ("are you open tomorrow?").
package flow

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"griot/internal/config/strict"
	"griot/internal/fault"
	"griot/internal/model/llm"
)

// Names lists the flows.
func Names() []string { return []string{"reception", "appointment", "support", "information"} }

// Languages lists the languages of the flows, by their ISO 639-1 codes.
func Languages() []string { return []string{"en", "es", "fr"} }

// New returns the flow of that name in a language (BCP 47; regions do not matter). With an empty language each request's own decides,
// English where the flow does not know it.
//
// Without a fallback the flow answers everything itself. With one, the language model answers, and the company's facts are
// added to its system text; the flow keeps the greeting, the keys of the greeting's menu and the farewell, which ends the call, and answers in the
// model's place when that fails before its first word.
//
// An unknown name is a fault.NotFound, an unknown language a fault.Invalid with code "unsupported_language".
func New(name, lang string, fallback llm.Model) (llm.Model, error) {
	return newAt(name, lang, fallback, time.Now)
}

func newAt(name, lang string, fallback llm.Model, now func() time.Time) (llm.Model, error) {
	if !slices.Contains(Names(), name) {
		return nil, fault.New(fault.NotFound, "flow_not_found", "there is no call flow %q%s", name, strict.Hint(name, Names())).At("model.flow")
	}
	if name != "reception" {
		defs, err := builtin()
		if err != nil {
			return nil, err
		}
		return newGraph(defs[name], lang, fallback, now)
	}
	all, err := packs()
	if err != nil {
		return nil, err
	}
	if lang != "" && all[base(lang)] == nil {
		return nil, fault.New(fault.Invalid, "unsupported_language", "the call flow %s does not speak %q; it speaks %s", name, lang,
			strings.Join(Languages(), ", ")).At("language")
	}
	return &reception{packs: all, lang: base(lang), fallback: fallback, now: now}, nil
}

// base is the language of a tag, without region and script.
func base(lang string) string {
	b, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(lang), "_", "-"), "-")
	return b
}

// reception answers the telephone of a small company.
type reception struct {
	packs    map[string]*pack
	lang     string // empty: the request's
	fallback llm.Model
	now      func() time.Time
}

var _ llm.Expecter = (*reception)(nil)

func (r *reception) pack(req llm.Request) *pack {
	if r.lang != "" {
		return r.packs[r.lang]
	}
	if p := r.packs[base(req.Lang)]; p != nil {
		return p
	}
	return r.packs["en"]
}

// Generate answers the last message. The text comes sentence by sentence; the last delta carries only the reason to stop.
func (r *reception) Generate(ctx context.Context, req llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		p := r.pack(req)
		if r.fallback != nil && !toolsPending(req.Messages) {
			_, a, _ := replay(p, r.now(), req.Messages)
			if r.keeps(p, req.Messages, a) {
				speak(ctx, a, yield)
				return
			}
		}
		if r.fallback != nil {
			r.delegate(ctx, p, req, yield)
			return
		}
		_, a, _ := replay(p, r.now(), req.Messages)
		speak(ctx, a, yield)
	}
}

// keeps reports whether the flow answers itself although there is a model: before anybody spoke, silence and noise, keys of the
// menu, and a plain goodbye, since only the flow can end the call.
func (r *reception) keeps(p *pack, messages []llm.Message, a answer) bool {
	last := lastUser(messages)
	if last == nil || a.intent == "silence" || a.intent == "noise" {
		return true
	}
	ts := tokens(last.Text, p.join)
	if a.intent == "goodbye" {
		m := p.understand(ts)
		return m.is("goodbye") && m.whole
	}
	return len(ts) == 1 && len(ts[0].norm) == 1 && strings.Contains("0123#*", ts[0].norm) && userTurns(messages) == 1
}

// delegate lets the language model answer. Its failure before the first word is answered by the flow.
func (r *reception) delegate(ctx context.Context, p *pack, req llm.Request, yield func(llm.Delta, error) bool) {
	asked := req
	asked.System = strings.TrimSpace(req.System + "\n\n" + p.Facts)
	began := false
	for d, err := range r.fallback.Generate(ctx, asked) {
		if err != nil && !began && ctx.Err() == nil && !toolsPending(req.Messages) {
			_, a, _ := replay(p, r.now(), req.Messages)
			speak(ctx, a, yield)
			return
		}
		if d.Text != "" || d.Call != nil {
			began = true
		}
		if !yield(d, err) || err != nil {
			return
		}
	}
}

// speak yields an answer by sentences.
func speak(ctx context.Context, a answer, yield func(llm.Delta, error) bool) {
	for _, s := range sentences(a.text) {
		if ctx.Err() != nil {
			yield(llm.Delta{}, context.Cause(ctx))
			return
		}
		if !yield(llm.Delta{Text: s}, nil) {
			return
		}
	}
	stop := a.stop
	if stop == "" {
		stop = llm.StopEnd
	}
	yield(llm.Delta{Stop: stop}, nil)
}

// Expect says what the caller may say next. The grammar is JSGF, and there is one for English only. With a language model behind the flow other
// words are as likely: a recogniser should take them as hints, not as the only words.
func (r *reception) Expect(req llm.Request) (phrases []string, grammar string) {
	p := r.pack(req)
	c := newCaller(p, r.now())
	if r.fallback == nil {
		c, _, _ = replay(p, r.now(), req.Messages)
	}
	at := slotOpen
	if c.form != nil {
		at = c.form.ask
	}
	return slices.Clone(p.expect.phrases[at]), p.expect.jsgf[at]
}

// toolsPending reports whether the last message is a tool's result: the model that asked for it must go on.
func toolsPending(messages []llm.Message) bool {
	return len(messages) > 0 && messages[len(messages)-1].Role == llm.ToolRole
}

func lastUser(messages []llm.Message) *llm.Message {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == llm.User {
			return &messages[i]
		}
	}
	return nil
}

func userTurns(messages []llm.Message) int {
	n := 0
	for _, m := range messages {
		if m.Role == llm.User {
			n++
		}
	}
	return n
}
