package espeak

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReading(t *testing.T) {
	for _, c := range []struct{ lang, text, want string }{
		{"en", "It costs $12.50.", "It costs 12 dollars and 50."},
		{"en", "$1, $5 and $1,234.56", "1 dollar, 5 dollars and 1,234 dollars and 56"},
		{"en", "$1.5 million or €2 or £3.05", "1.5 million dollars or 2 euros or 3 pounds and 5"},
		{"en", "Call 555-1234 now", "Call 5 5 5, 1 2 3 4 now"},
		{"en", "(415) 555-1234 or +1 415-555-1234.", "4 1 5, 5 5 5, 1 2 3 4 or plus 1, 4 1 5, 5 5 5, 1 2 3 4."},
		{"en", "Mr. and Mrs. Lee, No. 5, pages 5-10, 2026-11-21", "Mr and Mrs Lee, number 5, pages 5 to 10, 2026 11 21"},
		{"en", "**Bold** and `code`\n# Title", "Bold and code\nTitle"},
		{"en", "soft\u00adhyphen zero\u200bwidth\x07bell", "softhyphen zerowidth bell"},
		{"fr", "M. Dupont et MM. Petit ont RDV à 15h30, 9 h ou 1h.", "monsieur Dupont et messieurs Petit ont rendez-vous à 15 heures 30, 9 heures ou 1 heure ."},
		{"fr", "M. et Mme. Roy", "monsieur et Mme Roy"},
		{"fr", "12,50 €, 1 €, 1 234 € ou $5", "12 euros 50, 1 euro, 1 234 euros ou 5 dollars"},
		{"fr", "06 12 34 56 78, 0612345678 ou 06.12.34.56.78", "06, 12, 34, 56, 78, 06, 12, 34, 56, 78 ou 06, 12, 34, 56, 78"},
		{"fr", "le 2e étage, n° 5, de 5-10, p. ex. 3", "le 2ème étage, numéro 5, de 5 à 10, par exemple 3"},
		{"es", "El Sr. López, EE. UU., p. ej. 12,50 €", "El Sr López, Estados Unidos, por ejemplo 12 euros con 50"},
		{"es", "612345678 o 612 345 678, $1", "6 1 2, 3 4 5, 6 7 8 o 6 1 2, 3 4 5, 6 7 8, 1 dólar"},
		{"es", "D. Juan, Da. Ana, tel. 5, n.º 7 etc.", "don Juan, doña Ana, teléfono 5, número 7 etcétera"},
	} {
		s := speak(c.text, c.lang)
		require.Equal(t, c.want, string(s.runes), c.text)
	}
}

func TestSpokenAlwaysFindsTheWayBack(t *testing.T) {
	pieces := []string{"M. X", "$12.50", "$1", "06 12 34 56 78", "15h30", "1h", "RDV", "555-1234", "5-10", "é", "€", "\xff", "\x01", " ", "\n", ".", "!",
		"Sr. ", "**", "612345678", "n° 5", "+", "(415) 555-1234", "<b>", "日本", "\u200b", "1er", "12,50 €", strings.Repeat("x", 90)}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		for _, lang := range []string{"en", "fr", "es"} {
			s := speak(text, lang)
			if len(s.src) != len(s.runes) {
				t.Fatal("runes without a source")
			}
			for i, at := range s.src {
				if at < 0 || at >= len(text) || i > 0 && at < s.src[i-1] {
					t.Fatalf("rune %d of %q comes from %d", i, string(s.runes), at)
				}
			}
			end := 0
			for _, q := range s.requests() {
				if q.from < end || q.to <= q.from || q.to-q.from > longestText+longestWord && q.to != len(s.runes) {
					t.Fatalf("%v after %d", q, end)
				}
				if q.from > end && speakable(s.runes[end:q.from]) {
					t.Fatalf("%q is not spoken", string(s.runes[end:q.from]))
				}
				end = q.to
			}
			if end < len(s.runes) && speakable(s.runes[end:]) {
				t.Fatalf("%q is not spoken", string(s.runes[end:]))
			}
		}
	})
}

func TestSentences(t *testing.T) {
	s := speak("M. Roy est là. Oui ! « Non. » J. Roy dit 1.5 etc. puis rien... Fin", "fr")
	var got []string
	for _, q := range s.requests() {
		got = append(got, strings.TrimSpace(string(s.runes[q.from:q.to])))
	}
	require.Equal(t, []string{"monsieur Roy est là.", "Oui !", "« Non. »", "J. Roy dit 1.5 etc. puis rien...", "Fin"}, got)

	long := speak(strings.Repeat("mot ", 100)+", "+strings.Repeat("suite ", 200), "fr")
	for _, q := range long.requests() {
		require.LessOrEqual(t, q.to-q.from, longestText)
	}
}

func TestEstimateSpreadsWordsOverTheSound(t *testing.T) {
	cues := estimate([]rune("One, extraordinarily 1234 x."), 4*time.Second)
	require.Len(t, cues, 4)
	require.Zero(t, cues[0].at)
	for i := 1; i < len(cues); i++ {
		require.Greater(t, cues[i].at, cues[i-1].at)
	}
	require.Less(t, cues[3].at, 4*time.Second)
	require.Greater(t, cues[2].at-cues[1].at, cues[1].at, "long words take longer")
	require.Empty(t, estimate([]rune("…"), time.Second))
}

func TestWordsOf(t *testing.T) {
	text := "  “L'été”, l’an—2026! (ok) ... e\u0301te\u0301 \xff x"
	var got []string
	for _, w := range wordsOf(text) {
		got = append(got, text[w.from:w.to])
	}
	require.Equal(t, []string{"L'été", "l’an—2026", "ok", "e\u0301te\u0301", "x"}, got)
}
