package flow

import (
	"fmt"
	"strings"
	"time"
)

// openOn says when the company is open on the days, or at the time, that were asked for.
func (c *caller) openOn(w when) answer {
	c.topic = "hours"
	t := &c.p.Texts
	switch {
	case w.relative == "weekend" && len(w.days) == 0:
		return c.one("day", t.Weekend)
	case w.relative == "now" || (len(w.days) == 0 && w.minute < 0):
		return c.openNow()
	}
	days := w.days
	if len(days) == 0 {
		days, w.relative = []time.Weekday{c.now.Weekday()}, "today"
	}
	var parts []string
	for _, d := range days[:min(2, len(days))] {
		parts = append(parts, c.openDay(d, w))
	}
	return answer{text: strings.Join(parts, " "), intent: "day"}
}

func (c *caller) openDay(d time.Weekday, w when) string {
	t := &c.p.Texts
	h, open := c.p.company.Hours[int(d)]
	next, from := c.nextOpen(d)
	day, plain := c.dayName(d, w.relative)
	common := []string{"Day", capital(day), "day", day, "plainday", plain, "Next", capital(next), "from", from}
	list := t.HoursClosed
	switch {
	case open && w.minute >= 0 && w.relative != "yesterday":
		list = t.HoursNo
		if w.minute >= h.From*60 && w.minute < h.To*60 {
			list = t.HoursYes
		}
		common = append(common, "time", c.clock(w.minute))
	case open && w.relative == "yesterday":
		list = t.WasOpen
	case open:
		list = t.HoursOpen
	case w.relative == "yesterday":
		list = t.WasClosed
	}
	if open {
		common = append([]string{"from", c.p.Clock[h.From], "to", c.p.Clock[h.To]}, common...)
	}
	return fill(list[0], common...)
}

func (c *caller) openNow() answer {
	d, minute := c.now.Weekday(), c.now.Hour()*60+c.now.Minute()
	h, open := c.p.company.Hours[int(d)]
	switch {
	case open && minute >= h.From*60 && minute < h.To*60:
		return answer{text: fill(c.p.Texts.NowOpen[0], "to", c.p.Clock[h.To]), intent: "day"}
	case open && minute < h.From*60:
		day, _ := c.dayName(d, "today")
		return answer{text: fill(c.p.Texts.NowClosed[0], "Next", capital(day), "from", c.p.Clock[h.From]), intent: "day"}
	}
	next, from := c.nextOpen(d)
	return answer{text: fill(c.p.Texts.NowClosed[0], "Next", capital(next), "from", from), intent: "day"}
}

// nextOpen names the first day after d on which the company is open, and its opening hour.
func (c *caller) nextOpen(d time.Weekday) (day, from string) {
	for range 7 {
		d = (d + 1) % 7
		if h, ok := c.p.company.Hours[int(d)]; ok {
			name, _ := c.dayName(d, "")
			return name, c.p.Clock[h.From]
		}
	}
	return "", ""
}

// dayName says a day inside a sentence ("on Monday", "tomorrow") and alone ("Monday").
func (c *caller) dayName(d time.Weekday, relative string) (day, plain string) {
	if w := c.p.DayWords[relative]; w != "" {
		return w, w
	}
	return fill(c.p.Texts.OnDay, "day", c.p.DayNames[d]), c.p.DayNames[d]
}

// clock says a time of day, in minutes.
func (c *caller) clock(minute int) string {
	h, m := minute/60%24, minute%60
	h12 := (h+11)%12 + 1
	switch c.p.Language {
	case "fr":
		if m == 0 {
			return fmt.Sprintf("%d heures", h)
		}
		return fmt.Sprintf("%dh%02d", h, m)
	case "es":
		part := "de la tarde"
		switch {
		case h < 12:
			part = "de la mañana"
		case h >= 21:
			part = "de la noche"
		}
		las := "las"
		if h12 == 1 {
			las = "la"
		}
		if m == 0 {
			return fmt.Sprintf("%s %d %s", las, h12, part)
		}
		return fmt.Sprintf("%s %d:%02d %s", las, h12, m, part)
	}
	half := "am"
	if h >= 12 {
		half = "pm"
	}
	if m == 0 {
		return fmt.Sprintf("%d %s", h12, half)
	}
	return fmt.Sprintf("%d:%02d %s", h12, m, half)
}
