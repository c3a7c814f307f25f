package turn

import (
	"regexp"
	"strings"
)

// Kind is what a question asks for.
type Kind string

// The kinds.
const (
	KindNone      Kind = ""
	KindYesNo     Kind = "yesno"
	KindPhone     Kind = "phone"
	KindEmail     Kind = "email"
	KindDate      Kind = "date" // a day, or a time of day
	KindAmount    Kind = "amount"
	KindNumber    Kind = "number"
	KindReference Kind = "reference"
	KindName      Kind = "name"
)

// plan is how long a country's telephone numbers are: as they are dialled inside, and after the country's code.
type plan struct {
	national, after int
	code            string
}

var plans = map[string]plan{
	"FR": {10, 9, "33"}, "ES": {9, 9, "34"}, "US": {10, 10, "1"}, "CA": {10, 10, "1"}, "MX": {10, 10, "52"}, "GB": {11, 10, "44"},
	"CH": {10, 9, "41"}, "BE": {9, 8, "32"}, "LU": {6, 6, "352"}, "CO": {10, 10, "57"}, "CL": {9, 9, "56"}, "PE": {9, 9, "51"},
}

// leastPhone is the least number of digits that makes a telephone number in a country we know nothing of.
const leastPhone = 7

// countryOf is the country of a BCP 47 language, or the likeliest one.
func countryOf(lang string) string {
	base, region, _ := strings.Cut(strings.ToUpper(lang), "-")
	if region != "" {
		return region
	}
	return map[string]string{"FR": "FR", "EN": "US", "ES": "ES"}[base]
}

// progress is how much of what was asked for has been said.
type progress uint8

const (
	entityNone     progress = iota // nothing: judge the words by themselves
	entityPart                     // some of it, and the rest may take a moment
	entityFragment                 // some of it, and the rest comes at once
	entityMaybe                    // perhaps all
	entityWhole
)

func (r *reader) progress(text string, words []string) progress {
	switch r.asked.Kind {
	case KindYesNo:
		return r.yesNo(words)
	case KindPhone:
		return r.phone(text, words)
	case KindEmail:
		return r.email(text, words)
	case KindDate:
		return r.date(text, words)
	case KindAmount, KindNumber:
		return r.amount(text, words)
	case KindReference:
		return r.reference(words)
	case KindName:
		return r.name(words)
	}
	return entityNone
}

func (r *reader) yesNo(words []string) progress {
	all := strings.Join(words, " ")
	if r.vocabulary.of("yes").has(all) || r.vocabulary.of("no").has(all) {
		return entityWhole
	}
	return entityNone
}

func (r *reader) phone(text string, words []string) progress {
	digits := ""
	for _, g := range r.vocabulary.groups(words) {
		digits += g.digits
	}
	plus := strings.Contains(text, "+") || r.vocabulary.of("plus").in(words)
	p, known := plans[r.country]
	n := len(digits)
	switch {
	case n == 0:
		return entityNone
	case !known:
		if n >= leastPhone {
			return entityMaybe
		}
	case plus && strings.HasPrefix(digits, p.code), strings.HasPrefix(digits, "00"+p.code):
		if n-strings.Index(digits, p.code)-len(p.code) >= p.after {
			return entityWhole
		}
	case plus || strings.HasPrefix(digits, "00"):
		if n >= 10 {
			return entityMaybe
		}
	case p.code == "1" && digits[0] == '1':
		if n >= 11 {
			return entityWhole
		}
	case n >= p.national:
		return entityWhole
	}
	return entityPart
}

var address = regexp.MustCompile(`(?i)[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-z]{2,}\W*$`)

func (r *reader) email(text string, words []string) progress {
	if address.MatchString(text) {
		return entityWhole
	}
	v := r.vocabulary
	_, at := v.of("at").find(words)
	if at == 0 && !strings.Contains(text, "@") {
		switch {
		case v.spelled(words) > 0 || v.of("dot").suffix(words) > 0:
			return entityPart
		case len(words) <= 3 && r.clause(text, words) == fragment:
			return entityPart // the name before the at
		}
		return entityNone
	}
	for i, w := range words {
		if v.of("dot").has(w) && i > 0 && i+1 < len(words) && v.of("domain").has(strings.Join(words[i+1:], " ")) {
			return entityWhole
		}
	}
	return entityPart
}

var numericDate = regexp.MustCompile(`\b\d{1,2}\s*[/.-]\s*\d{1,2}\b|\b\d{1,2}\s?[h:]\s?(\d\d)?\b`)

func (r *reader) date(text string, words []string) progress {
	v := r.vocabulary
	groups := v.groups(words)
	_, month := v.of("month").find(words)
	day := false
	for _, g := range groups {
		day = day || g.value >= 1 && g.value <= 31
	}
	clock := v.of("clock").in(words) || len(groups) > 0 && endsAfter(v.of("clock before"), words, groups[len(groups)-1].from)
	switch {
	case numericDate.MatchString(strings.ToLower(text)), month > 0 && day, clock, v.of("day").in(words):
		return entityWhole
	case month > 0 || len(groups) > 0:
		return entityFragment
	}
	return entityNone
}

// endsAfter reports whether a phrase ends where word i begins.
func endsAfter(p *phrases, words []string, i int) bool { return p.suffix(words[:i]) > 0 }

func (r *reader) amount(text string, words []string) progress {
	v := r.vocabulary
	groups := v.groups(words)
	if len(groups) == 0 {
		return entityNone
	}
	if r.asked.Kind == KindNumber {
		return entityWhole
	}
	if strings.ContainsAny(text, "€$£") || v.of("currency").in(words) {
		return entityWhole
	}
	return entityMaybe
}

func (r *reader) reference(words []string) progress {
	n := r.vocabulary.spelled(words)
	switch {
	case n == 0:
		return entityNone
	case r.asked.Length > 0 && n >= r.asked.Length:
		return entityWhole
	case r.asked.Length > 0 || n < 4:
		return entityPart
	}
	return entityFragment
}

func (r *reader) name(words []string) progress {
	switch n := r.vocabulary.spelled(words); {
	case n > 0 && n < 3:
		return entityPart
	case n >= 3:
		return entityFragment
	case r.trails(words):
		return entityNone
	}
	_, intro := r.vocabulary.of("introduction").find(words)
	switch left := len(words) - intro; {
	case left <= 0:
		return entityNone
	case left == 1:
		return entityMaybe
	case left <= 4:
		return entityWhole
	}
	return entityNone
}
