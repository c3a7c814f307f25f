package pocketsphinx

import (
	"context"
	"slices"
	"strings"

	"griot/internal/fault"
	"griot/internal/model/stt"
	"griot/internal/provider/pocketsphinx/jsgf"
)

// The limits of hints.
const (
	maxPhrases     = 2000
	maxPhraseBytes = 400
)

// plan is what hints come to: a grammar ready for a decoder, or none, which means free dictation.
type plan struct {
	grammar *jsgf.Grammar // nil: free dictation only
	text    string        // the grammar as JSGF
	words   map[string][]string
	open    bool     // dictation when the grammar does not fit
	dropped []string // phrases, or words of a grammar, that cannot be recognised
}

// newPlan turns hints into a plan. Mistakes in a grammar are a fault.Invalid with code "grammar"; hints of which nothing can be
// recognised one with code "hints_unusable", unless they are open to other words.
func newPlan(ctx context.Context, x *lexicon, h stt.Hints) (*plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &plan{open: h.Open, words: map[string][]string{}}
	var written *jsgf.Grammar
	var list []string // the phrases that the choices of written come from
	var err error
	switch {
	case strings.TrimSpace(h.Grammar) != "":
		if written, err = jsgf.Parse(h.Grammar); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "grammar", "the recogniser's grammar cannot be used").At("hints.grammar")
		}
	case len(h.Phrases) > 0:
		if written, list, err = phrases(h.Phrases); err != nil {
			return nil, err
		}
	default:
		p.open = true
		return p, nil
	}
	if err := x.load(); err != nil {
		return nil, missing(err)
	}
	// First written words become spoken ones, then what nobody can pronounce is taken out.
	spell := func(w jsgf.Word) jsgf.Node { return spoken(string(w), x.known) }
	said, ok := written.Map(spell)
	if ok {
		x.learn(ctx, slices.DeleteFunc(said.Words(), func(w string) bool { return !plainWord(w) }))
		said, ok = said.Map(func(w jsgf.Word) jsgf.Node {
			if p.say(x, string(w)) {
				return w
			}
			if list == nil {
				p.drop(string(w))
			}
			return nil
		})
	}
	for _, text := range list {
		one, ok := jsgf.Of(phrase(text)).Map(spell)
		if !ok || len(one.Words()) == 0 || slices.ContainsFunc(one.Words(), func(w string) bool { return !p.say(x, w) }) {
			p.drop(text)
		}
	}
	if !ok || len(said.Words()) == 0 {
		if h.Open {
			return p, nil
		}
		return nil, fault.New(fault.Invalid, "hints_unusable", "none of the expected phrases can be recognised: no pronunciation is known for them (%s)",
			strings.Join(p.dropped[:min(len(p.dropped), 5)], ", ")).At("hints")
	}
	if err := said.Check(); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "grammar", "the recogniser's grammar cannot be used").At("hints.grammar")
	}
	p.grammar, p.text = said, said.String()
	return p, nil
}

// say reports whether a word can be pronounced, and remembers how.
func (p *plan) say(x *lexicon, w string) bool {
	if p.words[w] == nil && plainWord(w) {
		if prons := x.pronunciations(w); prons != nil {
			p.words[w] = prons
		}
	}
	return p.words[w] != nil
}

func (p *plan) drop(what string) {
	if !slices.Contains(p.dropped, what) {
		p.dropped = append(p.dropped, what)
	}
}

// phrases makes the grammar of a list of whole utterances. It returns the list without repetitions too.
func phrases(list []string) (*jsgf.Grammar, []string, error) {
	if len(list) > maxPhrases {
		return nil, nil, fault.New(fault.Invalid, "hints_too_large", "there are %d expected phrases, the recogniser takes at most %d", len(list), maxPhrases).At("hints.phrases")
	}
	var a jsgf.Alt
	var kept []string
	seen := map[string]bool{}
	for _, text := range list {
		if len(text) > maxPhraseBytes {
			return nil, nil, fault.New(fault.Invalid, "hints_too_large", "an expected phrase has %d bytes, the recogniser takes at most %d", len(text), maxPhraseBytes).At("hints.phrases")
		}
		s := phrase(text)
		key := strings.ToLower(strings.Join(strings.Fields(text), " "))
		if key == "" || seen[key] {
			continue
		}
		seen[key] = true
		kept = append(kept, text)
		a = append(a, jsgf.Choice{Of: s})
	}
	return jsgf.Of(a), kept, nil
}

func phrase(text string) jsgf.Seq {
	var s jsgf.Seq
	for w := range strings.FieldsSeq(text) {
		s = append(s, jsgf.Word(w))
	}
	return s
}
