package turn

import (
	"embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

//go:embed words/*.txt
var wordFiles embed.FS

// vocabulary is what a language's speakers say, as far as turn taking goes: words/<language>.txt, a data file that speakers can correct, over words/all.txt.
// Its sections are explained there.
type vocabulary struct {
	sections map[string]*phrases
	numbers  map[string]int // words of [number] and [ordinal]
	ordinals map[string]bool
	repeats  map[string]int
}

// phrases is a set of phrases, each words separated by one blank.
type phrases struct {
	set     map[string]bool
	starts  map[string]bool // their beginnings
	longest int             // in words
}

func (p *phrases) has(s string) bool { return p.set[s] }

func (p *phrases) add(s string) {
	p.set[s] = true
	for i, r := range s {
		if r == ' ' {
			p.starts[s[:i]] = true
		}
	}
	p.longest = max(p.longest, strings.Count(s, " ")+1)
}

// suffix is how many words at the end of words are a phrase, the longest one; 0 for none.
func (p *phrases) suffix(words []string) int {
	for n := min(p.longest, len(words)); n > 0; n-- {
		if p.set[strings.Join(words[len(words)-n:], " ")] {
			return n
		}
	}
	return 0
}

// prefix is suffix for the beginning.
func (p *phrases) prefix(words []string) int {
	for n := min(p.longest, len(words)); n > 0; n-- {
		if p.set[strings.Join(words[:n], " ")] {
			return n
		}
	}
	return 0
}

// find is where the longest phrase stands and how many words it has; of equally long ones the last. Phrases that end in an apostrophe are beginnings of words.
func (p *phrases) find(words []string) (at, n int) {
	for i := range words {
		if k := p.prefix(words[i:]); k >= n && k > 0 {
			at, n = i, k
		}
		if k := strings.IndexByte(words[i], '\''); k > 0 && n <= 1 && p.set[words[i][:k+1]] {
			at, n = i, 1
		}
	}
	return at, n
}

func (p *phrases) in(words []string) bool { _, n := p.find(words); return n > 0 }

var (
	vocabularies = map[string]*vocabulary{}
	vocabularyMu sync.Mutex
)

// vocabularyOf returns the words of a BCP 47 language, or those of all languages for one without a file.
func vocabularyOf(lang string) *vocabulary {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	vocabularyMu.Lock()
	defer vocabularyMu.Unlock()
	if v := vocabularies[base]; v != nil {
		return v
	}
	v := &vocabulary{sections: map[string]*phrases{}, numbers: map[string]int{}, ordinals: map[string]bool{}, repeats: map[string]int{}}
	for _, name := range []string{"all", base} {
		if b, err := wordFiles.ReadFile("words/" + name + ".txt"); err == nil {
			v.read(string(b))
		}
	}
	vocabularies[base] = v
	return v
}

// of returns a section, an empty one if the language has none.
func (v *vocabulary) of(section string) *phrases {
	if p := v.sections[section]; p != nil {
		return p
	}
	return &phrases{}
}

func (v *vocabulary) read(text string) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
			continue
		}
		for phrase := range strings.SplitSeq(line, ",") {
			v.add(section, phrase)
		}
	}
}

func (v *vocabulary) add(section, phrase string) {
	phrase, value, valued := strings.Cut(phrase, "=")
	if phrase = normal(phrase); phrase == "" {
		return
	}
	if n, err := strconv.Atoi(strings.TrimSpace(value)); valued && err == nil {
		switch section {
		case "repeat":
			v.repeats[phrase] = n
		case "ordinal":
			v.ordinals[phrase] = true
			fallthrough
		default:
			v.numbers[phrase] = n
		}
		return
	}
	p := v.sections[section]
	if p == nil {
		p = &phrases{set: map[string]bool{}, starts: map[string]bool{}}
		v.sections[section] = p
	}
	p.add(phrase)
}

// normal is a phrase as it is compared: lower case, words separated by one blank, no punctuation but apostrophes inside words and @.
func normal(text string) string { return strings.Join(wordsOf(text), " ") }

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '\'' && r != '@'
	})
}

// SameWords reports whether two texts differ in nothing but case and punctuation: what was prepared for one will do for the other.
func SameWords(a, b string) bool { return a == b || normal(a) == normal(b) }

// kind of what was said over the agent.
type said uint8

const (
	saidNothing     said = iota // no words yet, or only fillers
	saidBackchannel             // the listener goes along
	saidCommand                 // the listener wants the floor
	saidSpeech                  // anything else
)

// judge tells what words said over the agent mean.
func (v *vocabulary) judge(text string) said {
	words := wordsOf(text)
	if len(words) == 0 {
		return saidNothing
	}
	// A command that opens the utterance takes the floor, whatever follows.
	if v.of("command").prefix(words) > 0 {
		return saidCommand
	}
	only := saidNothing
	for i := 0; i < len(words); {
		n, fill := v.of("backchannel").prefix(words[i:]), v.of("filler").prefix(words[i:])
		switch rest := strings.Join(words[i:], " "); {
		case v.of("backchannel").starts[rest] || v.of("filler").starts[rest]:
			return only // "thank": it may become "thank you"
		case n == 0 && fill == 0:
			return saidSpeech
		case n >= fill:
			only = saidBackchannel
		}
		i += max(n, fill)
	}
	return only
}
