package espeak

import (
	"regexp"
	"slices"
	"strings"
)

// rule says how something is read that espeak-ng misreads. say gets the match's groups as regexp gives them.
type rule struct {
	find *regexp.Regexp
	say  func(s *spoken, g []int)
}

type replacement struct {
	from, to int
	say      func(s *spoken, g []int)
	groups   []int
}

// replacements returns what the rules of a language find, in order, without overlaps; an earlier rule wins.
func replacements(text, lang string) []replacement {
	var list []replacement
	taken := make([]bool, len(text))
	for _, r := range append(slices.Clone(rules[lang]), rules[""]...) {
		for _, g := range r.find.FindAllStringSubmatchIndex(text, -1) {
			if g[0] == g[1] || slices.Contains(taken[g[0]:g[1]], true) {
				continue
			}
			for i := g[0]; i < g[1]; i++ {
				taken[i] = true
			}
			list = append(list, replacement{g[0], g[1], r.say, g})
		}
	}
	slices.SortFunc(list, func(a, b replacement) int { return a.from - b.from })
	return list
}

// words reads the match as other words; a group, where there is one, follows as it is written.
func words(w string) func(*spoken, []int) {
	return func(s *spoken, g []int) {
		s.say(w, g[0])
		if len(g) > 2 && g[2] >= 0 {
			s.say(" ", g[2])
			s.copy(g[2], g[3])
		}
	}
}

// title reads a title without its full stop, which would end a sentence.
func title(s *spoken, g []int) { s.copy(g[2], g[3]) }

// digits reads the match digit by digit.
func digits(s *spoken, g []int) { s.digits(g[0], g[1]) }

// nothing leaves the match out.
func nothing(*spoken, []int) {}

// group returns what group n of a match holds; empty when it did not match.
func (s *spoken) group(g []int, n int) string {
	if g[2*n] < 0 {
		return ""
	}
	return s.original[g[2*n]:g[2*n+1]]
}

// currencies have a name for one and a name for more, by language and sign.
var currencies = map[string]map[string][2]string{
	"en": {"€": {"euro", "euros"}, "$": {"dollar", "dollars"}, "£": {"pound", "pounds"}},
	"fr": {"€": {"euro", "euros"}, "$": {"dollar", "dollars"}, "£": {"livre", "livres"}},
	"es": {"€": {"euro", "euros"}, "$": {"dólar", "dólares"}, "£": {"libra", "libras"}},
}

// money reads an amount: the number, the currency, then the cents. Its groups are the sign, the number, the cents, and a
// word such as "million" or the sign when it comes last. All that is spoken counts for the start of the match, because it
// is written in another order.
func money(lang, join string) func(*spoken, []int) {
	return func(s *spoken, g []int) {
		sign, whole, cents, more := s.group(g, 1), s.group(g, 2), s.group(g, 3), s.group(g, 4)
		if sign == "" {
			sign, more = more, ""
		}
		name := currencies[lang][sign][1]
		if whole == "1" && more == "" {
			name = currencies[lang][sign][0]
		}
		if more != "" || len(cents) == 1 { // "$1.5 million"
			if cents != "" {
				whole += "." + cents
			}
			s.say(strings.TrimSpace(whole+" "+more)+" "+name, g[0])
			return
		}
		s.say(whole+" "+name, g[0])
		if cents != "" && cents != "00" {
			s.say(join+strings.TrimPrefix(cents, "0"), g[0])
		}
	}
}

// hours reads "15h30".
func hours(s *spoken, g []int) {
	s.copy(g[2], g[3])
	if s.group(g, 1) == "1" || s.group(g, 1) == "0" {
		s.say(" heure ", g[3])
	} else {
		s.say(" heures ", g[3])
	}
	if m := s.group(g, 2); m != "" && m != "00" {
		s.copy(g[4], g[5])
	}
}

// between reads the hyphen of a range as a word, and those of a date or another chain of numbers as pauses.
func between(word string) func(*spoken, []int) {
	return func(s *spoken, g []int) {
		hyphen := word
		if strings.Count(strings.ReplaceAll(s.original[g[0]:g[1]], "–", "-"), "-") > 1 {
			hyphen = " "
		}
		for at, r := range s.original[g[0]:g[1]] {
			if r == '-' || r == '–' {
				s.say(hyphen, g[0]+at)
			} else {
				s.add(r, g[0]+at)
			}
		}
	}
}

const chain = `\b\d{1,4}(?:[-–]\d{1,4})+\b`

func on(pattern string, say func(*spoken, []int)) rule { return rule{regexp.MustCompile(pattern), say} }

// rules by language; "" holds for all of them.
var rules = map[string][]rule{
	"": {
		on("\\*\\*|__|`+|(?m:^#{1,6} )", nothing), // Markdown that a language model let through
	},
	"en": {
		on(`(?:\+?\b1[-. ])?(?:\(\d{3}\) ?|\b\d{3}[-. ])\d{3}[-. ]\d{4}\b|\b\d{3}-\d{4}\b`, digits),
		on(`([$£€]) ?(\d[\d,]*)(?:\.(\d{1,2}))?(?: (thousand|million|billion|trillion))?\b`, money("en", " and ")),
		on(`\b(Mr|Mrs|Ms|Dr|Prof|St)\.`, title),
		on(`\b[Nn]o\. ?(\d)`, words("number")),
		on(chain, between(" to ")),
	},
	"fr": {
		on(`\b0\d(?:[ .\x{a0}\x{202f}]?\d{2}){4}\b`, readFrenchPhone),
		on(`()(\d+(?:[ \x{a0}\x{202f}]\d{3})*)(?:,(\d{2}))?[ \x{a0}\x{202f}]?([$£€])`, money("fr", " ")),
		on(`([$£€]) ?(\d+)(?:[,.](\d{2}))?()`, money("fr", " ")),
		on(`\bMM\.`, words("messieurs")),
		on(`\bM\.( et |\s+\p{Lu})`, readMonsieur),
		on(`\b(Mme|Mlle|Dr|Pr|St|Ste)\.`, title),
		on(`\b(?:RDV|rdv|Rdv)\b`, words("rendez-vous")),
		on(`\b[nN]° ?(\d)`, words("numéro")),
		on(`\bp\. ?ex\.`, words("par exemple")),
		on(`\b(\d{1,2}) ?[hH] ?(\d{2})?\b`, hours),
		on(`\b(\d+)e\b`, func(s *spoken, g []int) { s.copy(g[2], g[3]); s.say("ème", g[3]) }),
		on(chain, between(" à ")),
	},
	"es": {
		on(`\b[6789]\d{2} ?\d{3} ?\d{3}\b|\b\d{2} \d{4} \d{4}\b|\b\d{3}-\d{4}\b`, readSpanishPhone),
		on(`()(\d+(?:\.\d{3})*)(?:,(\d{2}))? ?([$£€])`, money("es", " con ")),
		on(`([$£€]) ?(\d+)(?:[,.](\d{2}))?()`, money("es", " con ")),
		on(`\b(Sr|Sra|Srta|Dr|Dra|Ud|Uds|Sres)\.`, title),
		on(`\bEE\. ?UU\.`, words("Estados Unidos")),
		on(`\bp\. ?ej\.`, words("por ejemplo")),
		on(`\betc\.`, words("etcétera")),
		on(`\b(?:n\.º|[Nn]úm\.|[Nn]°) ?(\d)`, words("número")),
		on(`\b[Tt]el\. ?(\d)`, words("teléfono")),
		on(`\bAv\.`, words("avenida")),
		on(`\bD\. (\p{Lu})`, words("don")),
		on(`\bDñ?a\. (\p{Lu})`, words("doña")),
		on(chain, between(" a ")),
	},
}

func readMonsieur(s *spoken, g []int) {
	s.say("monsieur", g[0])
	s.copy(g[2], g[3])
}

// readFrenchPhone reads a number in pairs, as it is written or not.
func readFrenchPhone(s *spoken, g []int) {
	n := 0
	for at, r := range s.original[g[0]:g[1]] {
		if r < '0' || r > '9' {
			continue
		}
		if n > 0 && n%2 == 0 {
			s.say(", ", g[0]+at)
		}
		s.add(r, g[0]+at)
		n++
	}
}

// readSpanishPhone reads digit by digit, with a pause after each three or four.
func readSpanishPhone(s *spoken, g []int) {
	if strings.ContainsAny(s.original[g[0]:g[1]], " -") {
		s.digits(g[0], g[1])
		return
	}
	for at := g[0]; at < g[1]; at += 3 {
		if at > g[0] {
			s.say(", ", at)
		}
		s.digits(at, at+3)
	}
}
