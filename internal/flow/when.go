package flow

import (
	"strconv"
	"strings"
	"time"
)

// when is what an utterance says about time.
type when struct {
	days     []time.Weekday // in the order in which they were said
	relative string         // the relative word that was used: "today", "tomorrow", "yesterday", "now", "weekend"; empty for a weekday's name
	part     string         // "morning", "afternoon", "evening"
	minute   int            // of the day, -1 when no time was said
	used     int            // tokens that spoke of the day
}

func (w when) hasDay() bool { return len(w.days) > 0 || w.relative == "weekend" || w.relative == "now" }

// when reads days and a time of day. now tells what "tomorrow" is.
func (p *pack) when(ts []token, now time.Time) when {
	w := when{minute: -1}
	taken := map[int]bool{}
	cover := func(n *node) (hits []int) {
		for i := 0; i < len(ts); i++ {
			if taken[i] {
				continue
			}
			if k := prefix(n, ts[i:]); k > 0 {
				for j := i; j < i+k; j++ {
					taken[j] = true
				}
				hits = append(hits, i)
				w.used += k
				i += k - 1
			}
		}
		return hits
	}
	w.minute = p.clockTime(ts, taken)
	for _, part := range p.parts {
		if _, k := part.node.find(ts); k > 0 {
			w.part = part.name
		}
	}
	// A part of a day is taken off before "tomorrow" is looked for: in Spanish they are one word. "This morning" is today.
	shift := map[string]int{"yesterday": -1, "today": 0, "tomorrow": 1, "after_tomorrow": 2}
	for _, name := range []string{"after_tomorrow", "today", "parts", "tomorrow", "yesterday", "now", "weekend"} {
		if name == "parts" {
			for _, part := range p.parts {
				cover(part.node)
			}
		}
		for _, r := range p.rel {
			if r.name != name || len(cover(r.node)) == 0 {
				continue
			}
			w.relative = name
			if d, ok := shift[name]; ok {
				w.days = append(w.days, now.AddDate(0, 0, d).Weekday())
			}
		}
	}
	type hit struct {
		at  int
		day time.Weekday
	}
	var hits []hit
	for d, n := range p.days {
		for _, i := range cover(n) {
			hits = append(hits, hit{i, time.Weekday(d)})
		}
	}
	for len(hits) > 0 { // in the order of speech
		first := 0
		for i := range hits {
			if hits[i].at < hits[first].at {
				first = i
			}
		}
		if len(w.days) < 7 {
			w.days = append(w.days, hits[first].day)
		}
		hits = append(hits[:first], hits[first+1:]...)
		if w.relative == "today" || w.relative == "now" {
			w.relative = ""
		}
	}
	if len(w.days) > 1 {
		w.relative = ""
	}
	return w
}

// clockTime finds a time of day, in minutes, -1 when there is none. It marks what it used.
func (p *pack) clockTime(ts []token, taken map[int]bool) int {
	mark := func(i, n int) {
		for j := i; j < i+n; j++ {
			taken[j] = true
		}
	}
	for i := range ts {
		if n := prefix(p.noon, ts[i:]); n > 0 && !p.withinPart(ts, i) {
			mark(i, n)
			return 12 * 60
		}
		if n := prefix(p.midnight, ts[i:]); n > 0 {
			mark(i, n)
			return 24 * 60
		}
		after := 0 // tokens of "at" before the number
		if n := prefix(p.at, ts[i:]); n > 0 {
			after = n
		}
		halfPast := prefix(p.halfPast, rest(ts, i+after))
		hour, minute, n, sure := p.hour(rest(ts, i+after+halfPast))
		if n == 0 {
			continue
		}
		if after == 0 && halfPast == 0 && !sure {
			continue
		}
		end := i + after + halfPast + n
		if halfPast > 0 {
			minute = 30
		}
		tail := rest(ts, end)
		pm, am := prefix(p.pm, tail), prefix(p.am, tail)
		switch {
		case pm > 0:
			if hour < 12 {
				hour += 12
			}
			end += pm
		case am > 0:
			if hour == 12 {
				hour = 0
			}
			end += am
		case hour >= 1 && hour <= 7:
			hour += 12 // nobody asks a workshop about five in the morning
		}
		mark(i, end-i)
		return hour*60 + minute
	}
	return -1
}

// withinPart reports whether token i belongs to a part of the day that began one token earlier: the "midi" of "après-midi".
func (p *pack) withinPart(ts []token, i int) bool {
	for _, part := range p.parts {
		if i > 0 && prefix(part.node, ts[i-1:]) > 1 {
			return true
		}
	}
	return false
}

// hour reads "9:30", "15h30", "9 o'clock", "nine thirty", "las tres y media" at the beginning of ts. sure is true when the words can only
// be a time.
func (p *pack) hour(ts []token) (hour, minute, n int, sure bool) {
	if len(ts) == 0 {
		return 0, 0, 0, false
	}
	w := ts[0].norm
	for _, sep := range []string{":", "h"} {
		a, b, ok := strings.Cut(w, sep)
		if !ok || !allDigits(a) || (b != "" && !allDigits(b)) {
			continue
		}
		h, err1 := strconv.Atoi(a)
		m, err2 := strconv.Atoi("0" + b)
		if err1 == nil && err2 == nil && h <= 24 && m < 60 {
			return h, m, 1, true
		}
	}
	for _, ap := range []string{"am", "pm"} { // "9am"
		if d, ok := strings.CutSuffix(w, ap); ok && allDigits(d) {
			if h, err := strconv.Atoi(d); err == nil && h <= 12 {
				if ap == "pm" && h < 12 {
					h += 12
				}
				return h, 0, 1, true
			}
		}
	}
	d, n := p.number(ts)
	if n == 0 || len(d) > 2 {
		return 0, 0, 0, false
	}
	h, err := strconv.Atoi(d)
	if err != nil || h > 24 {
		return 0, 0, 0, false
	}
	tail := rest(ts, n)
	if k := prefix(p.hourWord, tail); k > 0 {
		n, sure = n+k, true
		tail = rest(ts, n)
	}
	if k := prefix(p.half, tail); k > 0 {
		n, minute, sure = n+k, 30, true
		tail = rest(ts, n)
	}
	if prefix(p.am, tail) > 0 || prefix(p.pm, tail) > 0 {
		sure = true
	}
	return h, minute, n, sure
}
