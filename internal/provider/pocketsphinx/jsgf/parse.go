package jsgf

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a grammar. Expanded counts the words that are left when every reference is replaced by its rule.
const (
	MaxBytes    = 256 << 10
	MaxRules    = 1000
	MaxDepth    = 64
	MaxExpanded = 20000
)

// Parse reads a JSGF grammar. Tags are dropped, weights kept; imports are refused, and so is recursion that is not at the end of a rule.
// The header and the grammar's name may be missing. A grammar with no public rule counts as having its first one public.
func Parse(text string) (*Grammar, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("the grammar has %d bytes, the limit is %d", len(text), MaxBytes)
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("the grammar is not UTF-8")
	}
	p := &parser{in: strings.TrimPrefix(text, "\ufeff"), line: 1, g: &Grammar{Rules: map[string]Node{}}}
	if err := p.grammar(); err != nil {
		return nil, fmt.Errorf("line %d of the grammar: %w", p.line, err)
	}
	if err := p.g.Check(); err != nil {
		return nil, err
	}
	return p.g, nil
}

type kind uint8

const (
	end    kind = iota
	word        // a bare word
	quoted      // "several words"
	rule        // <name>
	weight      // /0.5/
	punct       // one character
)

type token struct {
	kind kind
	text string
}

func (t token) is(p string) bool { return t.kind == punct && t.text == p }

func (t token) String() string {
	if t.kind == end {
		return "its end"
	}
	return strconv.Quote(t.text)
}

type parser struct {
	in    string
	at    int
	line  int
	look  token
	first string
	depth int
	g     *Grammar
}

func (p *parser) grammar() error {
	p.skip()
	if strings.HasPrefix(p.in[p.at:], "#JSGF") {
		i := strings.IndexByte(p.in[p.at:], ';')
		if i < 0 {
			return fmt.Errorf("the header has no ;")
		}
		p.at += i + 1
	}
	if err := p.next(); err != nil {
		return err
	}
	if p.look.kind == word && p.look.text == "grammar" {
		for !p.look.is(";") {
			if err := p.next(); err != nil {
				return err
			}
			if p.look.kind != word && !p.look.is(";") {
				return fmt.Errorf("found %s in the grammar's name", p.look)
			}
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	for p.look.kind != end {
		if err := p.rule(); err != nil {
			return err
		}
	}
	if len(p.g.Rules) == 0 {
		return fmt.Errorf("it has no rule")
	}
	if len(p.g.Public) == 0 {
		p.g.Public = []string{p.first}
	}
	return nil
}

func (p *parser) rule() error {
	public := p.look.kind == word && p.look.text == "public"
	if p.look.kind == word && p.look.text == "import" {
		return fmt.Errorf("imports are not supported: write the rules into the grammar")
	}
	if public {
		if err := p.next(); err != nil {
			return err
		}
	}
	if p.look.kind != rule {
		return fmt.Errorf("found %s where a rule should begin", p.look)
	}
	name := p.look.text
	if p.g.Rules[name] != nil || name == "" || name == "NULL" || name == "VOID" {
		return fmt.Errorf("rule <%s> is defined twice, reserved or without a name", name)
	}
	if len(p.g.Rules) == MaxRules {
		return fmt.Errorf("there are more than %d rules", MaxRules)
	}
	if p.first == "" {
		p.first = name
	}
	if err := p.next(); err != nil {
		return err
	}
	if err := p.expect("="); err != nil {
		return err
	}
	n, err := p.choices()
	if err != nil {
		return err
	}
	p.g.Rules[name] = n
	if public {
		p.g.Public = append(p.g.Public, name)
	}
	return p.expect(";")
}

func (p *parser) expect(s string) error {
	if !p.look.is(s) {
		return fmt.Errorf("found %s where %q should be", p.look, s)
	}
	return p.next()
}

func (p *parser) choices() (Node, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, fmt.Errorf("groups are nested more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	var a Alt
	for {
		w := 0.0
		if p.look.kind == weight {
			f, err := strconv.ParseFloat(p.look.text, 64)
			if err != nil || f < 0 || f > 1e6 {
				return nil, fmt.Errorf("/%s/ is not a weight", p.look.text)
			}
			w = max(f, 1e-6)
			if err := p.next(); err != nil {
				return nil, err
			}
		}
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		a = append(a, Choice{w, n})
		if !p.look.is("|") {
			if len(a) == 1 {
				return a[0].Of, nil
			}
			return a, nil
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) sequence() (Node, error) {
	var s Seq
	for {
		var n Node
		switch t := p.look; {
		case t.kind == word:
			n = Word(t.text)
		case t.kind == quoted:
			var q Seq
			for w := range strings.FieldsSeq(t.text) {
				q = append(q, Word(w))
			}
			n = q
		case t.kind == rule && t.text == "NULL":
			n = Seq{}
		case t.kind == rule && t.text == "VOID":
			n = Alt{}
		case t.kind == rule:
			n = Ref(t.text)
		case t.is("("), t.is("["):
			if err := p.next(); err != nil {
				return nil, err
			}
			inner, err := p.choices()
			if err != nil {
				return nil, err
			}
			n = inner
			closing := ")"
			if t.is("[") {
				n, closing = Opt{inner}, "]"
			}
			if !p.look.is(closing) {
				return nil, fmt.Errorf("found %s where %q should be", p.look, closing)
			}
		default:
			if len(s) == 0 {
				return nil, fmt.Errorf("found %s where words should be", t)
			}
			if len(s) == 1 {
				return s[0], nil
			}
			return s, nil
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		for p.look.is("*") || p.look.is("+") {
			n = Repeat{n}
			if p.look.is("*") {
				n = Opt{n}
			}
			if err := p.next(); err != nil {
				return nil, err
			}
		}
		s = append(s, n)
	}
}

// skip passes white space and comments.
func (p *parser) skip() {
	for p.at < len(p.in) {
		rest := p.in[p.at:]
		var n int
		switch r, size := utf8.DecodeRuneInString(rest); {
		case unicode.IsSpace(r):
			n = size
		case strings.HasPrefix(rest, "//"):
			if n = strings.IndexByte(rest, '\n'); n < 0 {
				n = len(rest)
			}
		case strings.HasPrefix(rest, "/*"):
			if n = strings.Index(rest, "*/") + 2; n < 2 {
				n = len(rest)
			}
		default:
			return
		}
		p.line += strings.Count(rest[:n], "\n")
		p.at += n
	}
}

const special = `;=|*+<>()[]{}/"`

// next reads one token. Tags are passed over: what they mean is the caller's business, not the recogniser's.
func (p *parser) next() error {
	for {
		p.skip()
		if p.at >= len(p.in) {
			p.look = token{}
			return nil
		}
		if p.in[p.at] != '{' {
			break
		}
		if err := p.tag(); err != nil {
			return err
		}
	}
	rest := p.in[p.at:]
	until := func(closing byte, k kind) error {
		i := strings.IndexByte(rest[1:], closing)
		if i < 0 || strings.Contains(rest[1:1+i], "\n") {
			return fmt.Errorf("%q is not closed", rest[:1])
		}
		p.look = token{k, strings.TrimSpace(rest[1 : 1+i])}
		p.at += i + 2
		return nil
	}
	switch rest[0] {
	case '<':
		return until('>', rule)
	case '"':
		return until('"', quoted)
	case '/':
		return until('/', weight)
	}
	if strings.IndexByte(special, rest[0]) >= 0 {
		p.look = token{punct, rest[:1]}
		p.at++
		return nil
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(special, r) })
	if n < 0 {
		n = len(rest)
	}
	p.look = token{word, rest[:n]}
	p.at += n
	return nil
}

func (p *parser) tag() error {
	for i := p.at + 1; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case '\n':
			p.line++
		case '}':
			p.at = i + 1
			return nil
		}
	}
	return fmt.Errorf("a { is not closed")
}
