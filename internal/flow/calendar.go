package flow

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// calendar is what a language says about dates, beyond the days of the week.
type calendar struct {
	Months   [][]string     `yaml:"months"`   // January first; the first wording is the one that is spoken
	Ordinals map[string]int `yaml:"ordinals"` // "first" and the like, under twenty and the round tens
	Of       []string       `yaml:"of"`       // between day and month, month and year
	Article  []string       `yaml:"article"`  // before a day of the month alone
	In       []string       `yaml:"in"`       // "in three days"
	Units    struct {
		Day, Week, Month []string
	} `yaml:"units"`
	One      []string `yaml:"one"`       // "a week"
	FromNow  []string `yaml:"from_now"`  // "three days from now"
	NextWeek []string `yaml:"next_week"` // next week
	Later    []string `yaml:"later"`     // a week after the day that is named
	Before   []string `yaml:"before"`    // words that make "mañana" the morning
	Thousand []string `yaml:"thousand"`
	Quarter  []string `yaml:"quarter"` // and a quarter, after the hour
	QuarterP []string `yaml:"quarter_past"`
	QuarterT []string `yaml:"quarter_to"`
	Minus    []string `yaml:"minus"`  // "moins vingt"
	MinusQ   []string `yaml:"minusq"` // "moins le quart"
	Past     []string `yaml:"past"`   // "ten past three"
	To       []string `yaml:"to"`     // "ten to four"
	Plus     []string `yaml:"plus"`   // "las tres y veinte"
	Under    []string `yaml:"under"`  // numbers in words, 0 to 31
	Tens     []string `yaml:"tens"`   // 20, 30, 40, 50
}

// moment is what an utterance says about a date and a time of day.
type moment struct {
	date   time.Time // midnight; zero when no date was said
	minute int       // of the day, -1 when no time was said
	part   string    // "morning", "afternoon", "evening", or empty
	used   []bool    // by token: what speaks of neither is false
}

func (m moment) hasDate() bool { return !m.date.IsZero() }

// asked says what a bare number means.
type asked uint8

const (
	askedNothing asked = iota
	askedDate          // "the 24th", "24"
	askedTime          // "three"
)

// moment reads a date and a time of day; now tells what "tomorrow" is. A date without a year is the next one, a day of the week too: said on a
// Wednesday, "Wednesday" is in a week.
func (p *pack) moment(text string, now time.Time, want asked) moment {
	return p.momentDayFirst(text, now, want, p.Language != "en")
}

func (p *pack) momentDayFirst(text string, now time.Time, want asked, dayFirst bool) moment {
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	date, text := numericDate(text, day, dayFirst)
	r := &reader{p: p, cal: &p.cal, ts: tokens(text, p.join), today: day}
	r.used = make([]bool, len(r.ts))
	for i := range r.ts {
		for _, part := range p.parts {
			if n := prefix(part.node, r.ts[i:]); n > 0 {
				r.part = part.name
			}
		}
	}
	if date.IsZero() {
		date = r.date(want)
	}
	m := moment{date: date, minute: r.time(want), part: r.part, used: r.used}
	return m
}

var (
	isoDate   = regexp.MustCompile(`\b(\d{4})-(\d{1,2})-(\d{1,2})\b`)
	slashDate = regexp.MustCompile(`\b(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?\b`)
)

// numericDate reads "2026-11-24" and "24/11/2026" and takes it out of the text.
func numericDate(text string, today time.Time, dayFirst bool) (time.Time, string) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	cut := func(m []int) string { return text[:m[0]] + " ; " + text[m[1]:] }
	num := func(m []int, i int) int {
		if m[2*i] < 0 {
			return 0
		}
		n, err := strconv.Atoi(text[m[2*i]:m[2*i+1]])
		if err != nil {
			return 0
		}
		return n
	}
	if m := isoDate.FindStringSubmatchIndex(text); m != nil {
		if d, ok := dateOf(num(m, 1), time.Month(num(m, 2)), num(m, 3), today); ok {
			return d, cut(m)
		}
	}
	if m := slashDate.FindStringSubmatchIndex(text); m != nil {
		d, mo, y := num(m, 1), num(m, 2), num(m, 3)
		if m[6] < 0 && strings.ContainsAny(text[m[0]:m[1]], ".-") { // "0-5", "3.30": not a date
			return time.Time{}, text
		}
		if mo > 12 || (!dayFirst && d <= 12) {
			d, mo = mo, d
		}
		if y > 0 && y < 100 {
			y += 2000
		}
		if t, ok := nextDate(y, time.Month(mo), d, today); ok {
			return t, cut(m)
		}
	}
	return time.Time{}, text
}

// dateOf makes a date that exists.
func dateOf(y int, m time.Month, d int, today time.Time) (time.Time, bool) {
	if y < 1900 || y > 2200 || m < 1 || m > 12 || d < 1 || d > 31 {
		return time.Time{}, false
	}
	t := time.Date(y, m, d, 0, 0, 0, 0, today.Location())
	return t, t.Day() == d && t.Month() == m
}

// nextDate is the date of that year, or the next of that name where no year was said.
func nextDate(y int, m time.Month, d int, today time.Time) (time.Time, bool) {
	if y > 0 {
		return dateOf(y, m, d, today)
	}
	for y := today.Year(); y <= today.Year()+8; y++ {
		if t, ok := dateOf(y, m, d, today); ok && !t.Before(today) {
			return t, true
		}
	}
	return time.Time{}, false
}

// reader goes through the tokens of one utterance.
type reader struct {
	p     *pack
	cal   *calendar
	ts    []token
	used  []bool
	today time.Time
	part  string
}

// any returns how many tokens at i one of the wordings covers at most.
func (r *reader) any(i int, wordings []string) int {
	best := 0
	for _, w := range wordings {
		ws := words(w, r.p.join)
		if len(ws) <= best || i+len(ws) > len(r.ts) {
			continue
		}
		ok := true
		for j, want := range ws {
			ok = ok && r.ts[i+j].norm == want && !r.used[i+j]
		}
		if ok {
			best = len(ws)
		}
	}
	return best
}

func (r *reader) mark(i, n int) {
	for j := i; j < i+n && j < len(r.used); j++ {
		r.used[j] = true
	}
}

// free reports whether nothing was read of the n tokens at i.
func (r *reader) free(i, n int) bool {
	return i+n <= len(r.used) && !slices.Contains(r.used[i:i+n], true)
}

// small reads a number from 0 to 99 at i: figures, words, or an ordinal.
func (r *reader) small(i int) (v, n int, ordinal bool) {
	if i >= len(r.ts) || r.used[i] {
		return 0, 0, false
	}
	w := r.ts[i].norm
	figures := strings.TrimRight(w, "stndrhemoºª")
	if allDigits(figures) && len(figures) <= 2 {
		v, err := strconv.Atoi(figures)
		return v, btoi(err == nil), w != figures
	}
	if v, ok := r.p.ordinals[w]; ok {
		return v, 1, true
	}
	v, n = r.p.tens(r.ts[i:])
	if n == 0 {
		return 0, 0, false
	}
	if n == 1 && v >= 20 && v%10 == 0 {
		if o, ok := r.p.ordinals[at(r.ts, i+1)]; ok && o < 10 { // twenty fourth
			return v + o, 2, true
		}
	}
	return v, n, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// month reads a month's name at i.
func (r *reader) month(i int) (time.Month, int) {
	for k, names := range r.cal.Months {
		if n := r.any(i, names); n > 0 {
			return time.Month(k + 1), n
		}
	}
	return 0, 0
}

// year reads "2027", "two thousand twenty seven", "twenty twenty seven" at i.
func (r *reader) year(i int) (y, n int) {
	start := i
	i += r.any(i, r.cal.Of)
	if i >= len(r.ts) {
		return 0, 0
	}
	if w := r.ts[i].norm; len(w) == 4 && allDigits(w) {
		y, err := strconv.Atoi(w)
		if err == nil && y >= 1900 && y <= 2200 {
			return y, i + 1 - start
		}
		return 0, 0
	}
	v, k, ord := r.small(i)
	if k == 0 || ord {
		return 0, 0
	}
	if v == 2 {
		if t := r.any(i+k, r.cal.Thousand); t > 0 {
			i += k + t
			if rest, k, ord := r.small(i); k > 0 && !ord {
				return 2000 + rest, i + k - start
			}
			return 2000, i - start
		}
	}
	if r.p.Language == "en" && v == 20 {
		if rest, k2, ord := r.small(i + k); k2 > 0 && !ord && rest >= 10 {
			return 2000 + rest, i + k + k2 - start
		}
	}
	return 0, 0
}

// date finds a date.
func (r *reader) date(want asked) time.Time {
	for i := range r.ts {
		if d, n := r.dayMonth(i); n > 0 {
			r.mark(i, n)
			r.weekday() // "Tuesday the 24th": the figures decide
			return d
		}
	}
	if d, ok := r.relative(); ok {
		return d
	}
	wd, named := r.weekday()
	for i := range r.ts {
		if d, n := r.dayAlone(i, want); n > 0 {
			if t, ok := r.dayOfMonth(d, wd, named); ok {
				r.mark(i, n)
				return t
			}
		}
	}
	if !named {
		return time.Time{}
	}
	t := r.today.AddDate(0, 0, (int(wd)-int(r.today.Weekday())+6)%7+1)
	for i := range r.ts {
		if n := r.any(i, r.cal.NextWeek); n > 0 { // Tuesday of next week: the week begins on Monday
			r.mark(i, n)
			monday := r.today.AddDate(0, 0, 7-(int(r.today.Weekday())+6)%7)
			return monday.AddDate(0, 0, (int(wd)+6)%7)
		}
		if n := r.any(i, r.cal.Later); n > 0 {
			r.mark(i, n)
			return t.AddDate(0, 0, 7)
		}
	}
	return t
}

// dayMonth reads "the twenty fourth of November", "November 24th, 2026", "24 novembre" at i.
func (r *reader) dayMonth(i int) (time.Time, int) {
	start := i
	i += r.any(i, r.cal.Article)
	if d, n, _ := r.small(i); n > 0 && d >= 1 && d <= 31 {
		j := i + n
		j += r.any(j, r.cal.Of)
		if m, k := r.month(j); k > 0 {
			j += k
			y, yn := r.year(j)
			if t, ok := nextDate(y, m, d, r.today); ok {
				return t, j + yn - start
			}
		}
	}
	if m, n := r.month(i); n > 0 {
		j := i + n
		j += r.any(j, r.cal.Article)
		if d, k, _ := r.small(j); k > 0 && d >= 1 && d <= 31 {
			j += k
			y, yn := r.year(j)
			if t, ok := nextDate(y, m, d, r.today); ok {
				return t, j + yn - start
			}
		}
	}
	return time.Time{}, 0
}

// relative reads "today", "tomorrow", "in three days", "two weeks from now".
func (r *reader) relative() (time.Time, bool) {
	for i := range r.ts {
		start, in := i, r.any(i, r.cal.In)
		j := i + in
		v, n, ord := r.small(j)
		if n == 0 {
			if n = r.any(j, r.cal.One); n > 0 {
				v = 1
			}
		}
		if n == 0 || ord {
			continue
		}
		j += n
		var days, months, k int
		switch {
		case r.any(j, r.cal.Units.Day) > 0:
			k, days = r.any(j, r.cal.Units.Day), v
		case r.any(j, r.cal.Units.Week) > 0:
			k, days = r.any(j, r.cal.Units.Week), 7*v
		case r.any(j, r.cal.Units.Month) > 0:
			k, months = r.any(j, r.cal.Units.Month), v
		default:
			continue
		}
		j += k
		tail := r.any(j, r.cal.FromNow)
		if in == 0 && tail == 0 {
			continue
		}
		r.mark(start, j+tail-start)
		return r.today.AddDate(0, months, days), true
	}
	shift := map[string]int{"today": 0, "tomorrow": 1, "after_tomorrow": 2}
	for _, name := range []string{"after_tomorrow", "today", "tomorrow"} {
		for _, rel := range r.p.rel {
			if rel.name != name {
				continue
			}
			for i := range r.ts {
				n := prefix(rel.node, r.ts[i:])
				if n == 0 || !r.free(i, n) || (name == "tomorrow" && i > 0 && slices.Contains(r.cal.Before, r.ts[i-1].norm)) {
					continue
				}
				r.mark(i, n)
				return r.today.AddDate(0, 0, shift[name]), true
			}
		}
	}
	return time.Time{}, false
}

// weekday finds the name of a day.
func (r *reader) weekday() (time.Weekday, bool) {
	for i := range r.ts {
		for d, node := range r.p.days {
			if n := prefix(node, r.ts[i:]); n > 0 && r.free(i, n) {
				r.mark(i, n)
				return time.Weekday(d), true
			}
		}
	}
	return 0, false
}

// dayAlone reads a day of the month without a month at i.
func (r *reader) dayAlone(i int, want asked) (day, n int) {
	art := r.any(i, r.cal.Article)
	d, k, ord := r.small(i + art)
	if k == 0 || d < 1 || d > 31 {
		return 0, 0
	}
	end := i + art + k
	if _, _, _, sure := r.p.hour(rest(r.ts, i+art)); sure {
		return 0, 0 // "le 15h"
	}
	before := i == 0 || r.used[i-1] // "Tuesday 24"
	switch {
	case ord, art > 0:
		return d, end - i
	case before && i > 0 && end == len(r.ts), before && i > 0 && r.p.isAt(rest(r.ts, end)):
		return d, end - i
	case want == askedDate && end == len(r.ts) && i == 0:
		return d, end - i
	}
	return 0, 0
}

// isAt reports whether a word that announces a time of day comes next.
func (p *pack) isAt(ts []token) bool { return prefix(p.at, ts) > 0 }

// dayOfMonth is the next date with that day of the month, and that day of the week where one was said with it.
func (r *reader) dayOfMonth(d int, wd time.Weekday, named bool) (time.Time, bool) {
	var first time.Time
	for k := range 366 {
		t := r.today.AddDate(0, 0, k)
		if t.Day() != d {
			continue
		}
		if !named || t.Weekday() == wd {
			return t, true
		}
		if first.IsZero() {
			first = t
		}
	}
	return first, !first.IsZero()
}
