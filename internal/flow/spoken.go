package flow

import (
	"strings"
	"time"
)

// inWords says a number from 0 to 99.
func (p *pack) inWords(n int) string {
	c := &p.cal
	if n < len(c.Under) {
		return c.Under[n]
	}
	if n >= 60 || n/10-2 >= len(c.Tens) {
		return p.years(n)
	}
	tens, unit := c.Tens[n/10-2], n%10
	switch {
	case unit == 0:
		return tens
	case p.Language == "es":
		return tens + " y " + c.Under[unit]
	case p.Language == "fr" && unit == 1:
		return tens + " et un"
	}
	return tens + "-" + c.Under[unit]
}

// years says the last two figures of a year after 59.
func (p *pack) years(n int) string {
	switch {
	case p.Language == "fr" && n < 80:
		if n == 71 {
			return "soixante et onze"
		}
		if n == 61 {
			return "soixante et un"
		}
		if n == 60 {
			return "soixante"
		}
		return "soixante-" + p.cal.Under[n-60]
	case p.Language == "fr" && n == 80:
		return "quatre-vingts"
	case p.Language == "fr":
		return "quatre-vingt-" + p.cal.Under[n-80]
	}
	tens := map[string][]string{"en": {"sixty", "seventy", "eighty", "ninety"}, "es": {"sesenta", "setenta", "ochenta", "noventa"}}[p.Language][n/10-6]
	switch {
	case n%10 == 0:
		return tens
	case p.Language == "es":
		return tens + " y " + p.cal.Under[n%10]
	}
	return tens + "-" + p.cal.Under[n%10]
}

// sayDate says a date in words, with the year where it is not this one: "Tuesday the twenty-fourth of November".
func (p *pack) sayDate(d, now time.Time) string {
	day, month := p.DayNames[d.Weekday()], p.cal.Months[d.Month()-1][0]
	year := ""
	switch p.Language {
	case "en":
		if d.Year() != now.Year() {
			year = " " + p.sayYear(d.Year())
		}
		return day + " the " + p.ordinal(d.Day()) + " of " + capital(month) + year
	case "es":
		if d.Year() != now.Year() {
			year = " de " + p.sayYear(d.Year())
		}
		n := p.inWords(d.Day())
		if d.Day() == 1 {
			n = "primero"
		}
		return day + " " + n + " de " + month + year
	}
	if d.Year() != now.Year() {
		year = " " + p.sayYear(d.Year())
	}
	n := p.inWords(d.Day())
	if d.Day() == 1 {
		n = "premier"
	}
	return day + " " + n + " " + month + year
}

func (p *pack) sayYear(y int) string {
	rest := y % 100
	switch p.Language {
	case "en":
		if rest < 10 {
			return strings.TrimSpace("two thousand " + map[bool]string{true: p.inWords(rest)}[rest > 0])
		}
		return "twenty " + p.inWords(rest)
	case "es":
		return strings.TrimSpace("dos mil " + map[bool]string{true: p.inWords(rest)}[rest > 0])
	}
	return strings.TrimSpace("deux mille " + map[bool]string{true: p.inWords(rest)}[rest > 0])
}

// ordinal says an English day of the month.
func (p *pack) ordinal(n int) string {
	for w, v := range p.cal.Ordinals {
		if v == n {
			return w
		}
	}
	return p.cal.Tens[n/10-2] + "-" + p.ordinal(n%10)
}

// sayTime says a time of day in words.
func (p *pack) sayTime(minute int) string {
	h, m := minute/60, minute%60
	switch {
	case minute == 12*60:
		return map[string]string{"en": "noon", "fr": "midi", "es": "las doce del mediodía"}[p.Language]
	case minute == 0:
		return map[string]string{"en": "midnight", "fr": "minuit", "es": "medianoche"}[p.Language]
	}
	h12 := (h+11)%12 + 1
	switch p.Language {
	case "fr":
		hours := "une heure"
		if h != 1 {
			hours = p.inWords(h) + " heures"
		}
		if h == 21 {
			hours = "vingt et une heures"
		}
		if h == 0 {
			hours = "zéro heure"
		}
		if m == 0 {
			return hours
		}
		return hours + " " + p.inWords(m)
	case "es":
		hour := "las " + p.inWords(h12)
		if h12 == 1 {
			hour = "la una"
		}
		part := "de la tarde"
		switch {
		case h < 12:
			part = "de la mañana"
		case h == 12:
			part = "de la tarde"
		case h >= 20:
			part = "de la noche"
		}
		switch m {
		case 0:
			return hour + " " + part
		case 15:
			return hour + " y cuarto " + part
		case 30:
			return hour + " y media " + part
		}
		return hour + " y " + p.inWords(m) + " " + part
	}
	half := "am"
	if h >= 12 {
		half = "pm"
	}
	switch {
	case m == 0:
		return p.inWords(h12) + " " + half
	case m < 10:
		return p.inWords(h12) + " oh " + p.inWords(m) + " " + half
	}
	return p.inWords(h12) + " " + p.inWords(m) + " " + half
}
