package tts

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pieces pushes text in bits of n bytes.
func pieces(s *Splitter, text string, n int) []string {
	var out []string
	for len(text) > 0 {
		k := min(n, len(text))
		out = append(out, s.Push(text[:k])...)
		text = text[k:]
	}
	if rest := s.Flush(); rest != "" {
		out = append(out, rest)
	}
	return out
}

func TestSplitter(t *testing.T) {
	cases := []struct{ lang, want string }{ // | is where a piece must end
		{"en", "We open at nine.| We close at six on weekdays.| Anything else?"},
		{"en", "Yes!| Of course.| Really?!| Sure."},
		{"en", "Mr. Smith met Dr. Jones and Mrs. O'Neil at St. Mary's.| They left."},
		{"en", "It costs 3.50 dollars.| Or 1,299.99 a year.| Version 2.0.1 is out."},
		{"en", "We open at 9:30 a.m. and close at 6 p.m. on Monday.| Come by."},
		{"en", "We close at 6 p.m.| See you then."},
		{"en", "Write to anna.b@example.org or see https://example.org/a.b?c=d.e!f for more.| Thanks."},
		{"en", "Visit www.example.org.| It is free."},
		{"en", "Well... let me see.| Wait...| Now I know.| Hmm… right.| OK…| Done."},
		{"en", "He said \"Stop.\"| Then (and only then!) he left.| (Really.)| Good."},
		{"en", "Take no. 5, vol. 3.| No.| We are closed.| See fig. 2."},
		{"en", "Fruit, e.g. Apples, i.e. The red ones, etc. are here.| Apples vs. Pears."},
		{"en", "J. R. Smith agrees.| So do I.| Plan well."},
		{"en", "Choose:|\n1. Sales.|\n2. Support|\n3. Something else|\n"},
		{"en", "First line|\nsecond line|\n\nthird"},
		{"en", "Really?| yes.| The U.S. is big."},
		{"en", "The price is 5.| 24 hours a day."},
		{"en", "You owe $5.| \"Really?\"| Yes."},
		{"fr", "M. Dupont et Mme. Durand sont là.| Le Dr. Petit arrive."},
		{"fr", "Comment allez-vous ?| Très bien !| Merci."},
		{"fr", "Il a dit « Bonjour ! »| Puis il est parti.| « Oui. »| Voilà."},
		{"fr", "Il a dit « Bonjour ! », puis il est parti."},
		{"fr", "Un fruit, p. ex. une pomme, c.-à-d. un fruit, etc.| Tout est là."},
		{"fr", "Cela coûte 3,50 euros, ou 1.200,75 € l'an.| À 9 h 30, rendez-vous au 12 av. Foch.| Merci."},
		{"fr", "Tél. 01.23.45.67.89.| Écrivez à a.b@exemple.fr.| Merci."},
		{"es", "¡Hola!| ¿Qué tal?| Bien.| ¿Y usted?"},
		{"es", "El Sr. García y la Sra. López viven en Avda. América.| La Dra. Ruiz también."},
		{"es", "Una fruta, p. ej. Manzanas, aprox. 3 kilos.| Vale...| ¿seguro?| Sí."},
		{"es", "Son 3,50 euros.| Abrimos a las 9:30 h.| ¡Hasta luego!"},
		{"ja", "はい。|ありがとう！|さようなら"},
		{"", ""},
		{"", "   "},
		{"", "..."},
	}
	for _, c := range cases {
		want := []string{}
		if c.want != "" {
			want = strings.Split(c.want, "|")
		}
		text := strings.ReplaceAll(c.want, "|", "")
		for _, n := range []int{1, 2, 3, 7, 1000} {
			got := append([]string{}, pieces(&Splitter{First: -1}, text, n)...)
			require.Equal(t, want, got, "%s: in bits of %d bytes", c.lang, n)
		}
	}
}

func TestSplitterBeginsEarly(t *testing.T) {
	text := "Good morning, and thank you for calling the surgery, how may I help you today, sir, or madam? I mean it, and gladly, and always."
	want := []string{
		"Good morning, and thank you for calling the surgery,",
		" how may I help you today, sir, or madam?",
		" I mean it, and gladly, and always.",
	}
	var s Splitter
	for _, n := range []int{1, 5, 1000} { // Flush makes it begin early again
		require.Equal(t, want, pieces(&s, text, n))
	}
	require.Equal(t, []string{"That is about 1,200,300,400,500,600,700,800 dollars."},
		pieces(&Splitter{}, "That is about 1,200,300,400,500,600,700,800 dollars.", 1))
}

func TestSplitterGivesAPieceAsSoonAsItIsSure(t *testing.T) {
	var s Splitter
	require.Empty(t, s.Push("We open at nine"))
	require.Empty(t, s.Push("."))
	require.Equal(t, []string{"We open at nine."}, s.Push(" We"))
	require.Equal(t, " We", s.Flush())
	require.Equal(t, "", s.Flush())
}

func TestSplitterIsBounded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("word ", 300), strings.Repeat("long clause, ", 100), strings.Repeat("x", 2000), strings.Repeat("é", 2000),
		strings.Repeat(" ", 2000), strings.Repeat("!", 2000), "a." + strings.Repeat(" ", 2000) + "b", strings.Repeat("Mr. ", 500),
	} {
		var s Splitter
		got := pieces(&s, text, 17)
		require.Equal(t, text, strings.Join(got, ""))
		require.Greater(t, len(got), 1)
		for _, p := range got {
			require.LessOrEqual(t, utf8.RuneCountInString(p), 250)
		}
	}
	got := pieces(&Splitter{Max: 40, First: -1}, "one two three four, five six seven eight nine ten eleven", 1)
	require.Equal(t, []string{"one two three four,", " five six seven eight nine ten eleven"}, got)
	got = pieces(&Splitter{Max: 20, First: -1}, "one two three four five six", 1)
	require.Equal(t, []string{"one two three four", " five six"}, got)
}

// Whatever comes, in whatever bits: nothing is lost, added or reordered, and the bits make no difference.
func TestSplitterProperties(t *testing.T) {
	words := rapid.SampledFrom([]string{"a", "Mr", "etc", "3", "50", ".", ". ", "...", "…", "?", "! ", ", ", " ", "\n", "»", " »", "« ", "\"",
		"¿", "é", "We open", "well", "I", "1", "\xff", "\xc3", "。", "e.g.", "https://x.y", strings.Repeat("z", 60), strings.Repeat(" ", 30)})
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SliceOfN(words, 0, 60).Draw(t, "bits")
		limit := rapid.SampledFrom([]int{0, 1, 5, 40}).Draw(t, "max")
		first := rapid.SampledFrom([]int{0, -1, 3}).Draw(t, "first")
		text := strings.Join(bits, "")
		s := Splitter{Max: limit, First: first}
		var got []string
		for _, b := range bits {
			got = append(got, s.Push(b)...)
		}
		rest := s.Flush()
		if strings.Join(got, "")+rest != text {
			t.Fatalf("%q + %q is not %q", got, rest, text)
		}
		for _, p := range got {
			if p == "" {
				t.Fatalf("an empty piece in %q", got)
			}
		}
		whole := Splitter{Max: limit, First: first}
		if once := whole.Push(text); strings.Join(once, "|") != strings.Join(got, "|") {
			t.Fatalf("in bits %q, at once %q", got, once)
		}
		if most := max(limit, 0); most > 0 && utf8.ValidString(text) && utf8.RuneCountInString(rest) > most {
			t.Fatalf("%q is left, more than %d characters", rest, most)
		}
	})
}
