package flow

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDatesAndTimesAreUnderstood(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	// Wednesday, 4 March 2026.
	for lang, list := range map[string][][2]string{
		"en": {
			{"tomorrow at 3 pm", "2026-03-05 15:00"}, {"the day after tomorrow", "2026-03-06"}, {"next tuesday at half past nine", "2026-03-10 09:30"},
			{"on Friday", "2026-03-06"}, {"wednesday", "2026-03-11"}, {"the 24th of November", "2026-11-24"}, {"november twenty fourth at quarter past three", "2026-11-24 15:15"},
			{"March 2nd", "2027-03-02"}, {"the 15th at ten", "2026-03-15 10:00"}, {"in three days", "2026-03-07"}, {"two weeks from now", "2026-03-18"}, {"in a month", "2026-04-04"},
			{"tuesday next week at 2", "2026-03-10 14:00"}, {"12/25", "2026-12-25"}, {"2026-04-01", "2026-04-01"}, {"tomorrow at ten to four", "2026-03-05 15:50"},
			{"march fifth twenty twenty seven", "2027-03-05"}, {"february 29", "2028-02-29"}, {"monday the 16th at 11:45", "2026-03-16 11:45"}, {"a chair", ""}, {"february 30", ""},
			{"friday at 8 in the evening", "2026-03-06 20:00"}, {"today at noon", "2026-03-04 12:00"},
		},
		"fr": {
			{"demain à 15 heures", "2026-03-05 15:00"}, {"après-demain", "2026-03-06"}, {"mardi prochain à neuf heures et demie", "2026-03-10 09:30"}, {"le 24 novembre", "2026-11-24"},
			{"vingt-quatre novembre à quinze heures quinze", "2026-11-24 15:15"}, {"le premier avril", "2026-04-01"}, {"dans trois jours", "2026-03-07"}, {"dans quinze jours", "2026-03-19"},
			{"jeudi de la semaine prochaine à 14h30", "2026-03-12 14:30"}, {"25/12", "2026-12-25"}, {"le 15 à 10h", "2026-03-15 10:00"}, {"vendredi à seize heures moins le quart", "2026-03-06 15:45"},
			{"samedi à midi", "2026-03-07 12:00"}, {"mardi vingt-quatre à dix heures", "2026-03-24 10:00"}, {"demain matin à neuf heures", "2026-03-05 09:00"}, {"une chaise", ""},
			{"vendredi après-midi à trois heures", "2026-03-06 15:00"}, {"lundi vers 9h", "2026-03-09 09:00"},
		},
		"es": {
			{"mañana a las tres de la tarde", "2026-03-05 15:00"}, {"pasado mañana", "2026-03-06"}, {"el martes a las nueve y media", "2026-03-10 09:30"}, {"el 24 de noviembre", "2026-11-24"},
			{"veinticuatro de noviembre a las tres y cuarto", "2026-11-24 15:15"}, {"el primero de abril", "2026-04-01"}, {"dentro de tres días", "2026-03-07"}, {"mañana a las diez de la mañana", "2026-03-05 10:00"},
			{"el viernes por la mañana a las once", "2026-03-06 11:00"}, {"25/12/2026", "2026-12-25"}, {"el jueves de la semana que viene", "2026-03-12"}, {"el lunes a las cuatro menos cuarto", "2026-03-09 15:45"},
			{"el 15 a las 10", "2026-03-15 10:00"}, {"una silla", ""}, {"el sábado a mediodía", "2026-03-07 12:00"},
		},
	} {
		for _, c := range list {
			m := all[lang].moment(c[0], wednesday(), askedDate)
			got := ""
			if m.hasDate() {
				got = m.date.Format(time.DateOnly)
			}
			if m.minute >= 0 {
				got += fmt.Sprintf(" %02d:%02d", m.minute/60, m.minute%60)
			}
			require.Equal(t, c[1], got, "%s: %s", lang, c[0])
		}
	}
}

// What the flow says is what it understands: any date within eight years, any minute of a day's business.
func TestWhatIsSaidIsUnderstood(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	for _, lang := range Languages() {
		p := all[lang]
		rapid.Check(t, func(t *rapid.T) {
			now := wednesday().AddDate(0, 0, rapid.IntRange(0, 2000).Draw(t, "today"))
			day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3000).Draw(t, "ahead"))
			said := p.sayDate(day, now)
			if m := p.moment(said, now, askedNothing); !m.date.Equal(day) || m.minute >= 0 {
				t.Fatalf("%q is understood as %v %d", said, m.date, m.minute)
			}
			minute := rapid.IntRange(8*60, 20*60).Draw(t, "minute")
			said = p.sayTime(minute)
			if m := p.moment(said, now, askedTime); m.minute != minute || m.hasDate() {
				t.Fatalf("%q (%d) is understood as %v %d", said, minute, m.date, m.minute)
			}
		})
	}
}
