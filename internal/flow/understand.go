package flow

import (
	"slices"
	"strings"
	"sync"
)

// threshold is the score from which an utterance counts as understood: two words of a phrase, or one telling word.
const threshold = 4

// meaning is what an utterance seems to ask for.
type meaning struct {
	intent *compiledIntent // nil when nothing fits
	score  int
	whole  bool // a phrase covers the whole utterance, politeness aside
}

func (m meaning) is(names ...string) bool {
	return m.intent != nil && slices.Contains(names, m.intent.Name)
}

// understand finds the intent that fits best. Of equals the earlier in the file wins.
func (p *pack) understand(ts []token) meaning {
	key := cacheKey(ts)
	if m, ok := p.known.get(key); ok {
		return m
	}
	m := p.weigh(ts)
	p.known.put(key, m)
	return m
}

func (p *pack) weigh(ts []token) meaning {
	core := p.trim(ts)
	var best meaning
	for i := range p.intents {
		in := &p.intents[i]
		score, whole := in.score(ts, core)
		if score > best.score || (score == best.score && whole && !best.whole && score > 0) {
			best = meaning{in, score, whole}
		}
	}
	if best.score < threshold {
		return meaning{}
	}
	return best
}

func (in *compiledIntent) score(ts, core []token) (score int, whole bool) {
	for _, list := range [][]*node{in.say, in.also} {
		for _, n := range list {
			s := 0
			for _, u := range [][]token{ts, core} {
				_, k := n.find(u)
				switch {
				case k > 0 && k == len(u):
					s = max(s, 2*k+5)
					whole = true
				case k >= 2:
					s = max(s, 2*k)
				}
			}
			score = max(score, s)
		}
	}
	hints := 0
	for _, w := range in.words {
		if w.found(ts) {
			hints += w.weight
		}
	}
	return score + min(hints, 8), whole
}

func (w weighted) found(ts []token) bool {
	if w.stem != "" {
		return slices.ContainsFunc(ts, func(t token) bool { return strings.HasPrefix(t.norm, w.stem) })
	}
	_, k := w.node.find(ts)
	return k > 0
}

// both splits an utterance at sentence ends and at "and", and returns the questions about the company in it when there are two different ones.
func (p *pack) both(text string) []clause {
	var out []clause
	for _, part := range p.split(text) {
		ts := tokens(part, p.join)
		m := p.understand(ts)
		if m.intent == nil || !m.intent.Info {
			continue
		}
		if len(out) > 0 && out[len(out)-1].intent == m.intent {
			continue
		}
		out = append(out, clause{ts, m.intent})
	}
	if len(out) < 2 {
		return nil
	}
	return out[:2]
}

type clause struct {
	ts     []token
	intent *compiledIntent
}

func (p *pack) split(text string) []string {
	and := map[string]string{"en": " and ", "fr": " et ", "es": " y "}[p.Language]
	low := strings.NewReplacer("?", "\n", "!", "\n", ";", "\n", ". ", "\n", ", ", "\n").Replace(text)
	for _, w := range []string{and, strings.ToUpper(and), capital(and)} {
		low = strings.ReplaceAll(low, w, "\n")
	}
	var out []string
	for _, part := range strings.Split(low, "\n") {
		if strings.TrimSpace(part) != "" && len(out) < 8 {
			out = append(out, part)
		}
	}
	return out
}

// yesNo reads an answer to a yes/no question: 1 yes, -1 no, 0 neither. In doubt no wins: nothing is done against a caller's will.
func (p *pack) yesNo(ts []token) int {
	core := p.trim(ts)
	for _, u := range [][]token{ts, core} {
		switch {
		case prefix(p.no, u) == len(u) && len(u) > 0:
			return -1
		case prefix(p.yes, u) == len(u) && len(u) > 0:
			return 1
		}
	}
	if len(core) > 8 {
		return 0
	}
	switch {
	case prefix(p.no, core) > 0:
		return -1
	case prefix(p.yes, core) > 0:
		return 1
	}
	return 0
}

// only reports whether the utterance consists of nothing but the pattern, again and again.
func only(n *node, ts []token) bool {
	for len(ts) > 0 {
		k := prefix(n, ts)
		if k == 0 {
			return false
		}
		ts = ts[k:]
	}
	return true
}

// meanings remembers what utterances mean: a conversation is gone through again for every answer. It forgets everything when it is full, so that
// its size is bounded.
type meanings struct {
	mu    sync.Mutex // guards byKey
	byKey map[string]meaning
}

// The bounds of meanings: utterances, and bytes of one.
const (
	maxMeanings     = 1000
	maxMeaningBytes = 300
)

func cacheKey(ts []token) string {
	var b strings.Builder
	for _, t := range ts {
		b.WriteString(t.norm)
		b.WriteByte(' ')
	}
	return b.String()
}

func (c *meanings) get(key string) (meaning, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.byKey[key]
	return m, ok
}

func (c *meanings) put(key string, m meaning) {
	if len(key) > maxMeaningBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil || len(c.byKey) >= maxMeanings {
		c.byKey = make(map[string]meaning)
	}
	c.byKey[key] = m
}
