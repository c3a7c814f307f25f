package pocketsphinx

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/provider/pocketsphinx/jsgf"
)

func TestSpoken(t *testing.T) {
	dict := strings.Fields("o'clock p.m. dr e-mail able-bodied cafe don't twenty-one 'bout")
	inDict := func(w string) bool { return slices.Contains(dict, w) }
	for written, want := range map[string][]string{
		"Hello,":      {"hello"},
		"“O’Clock”":   {"o'clock"},
		"p.m.":        {"p.m."},
		"Dr.":         {"dr"},
		"e-mail":      {"e-mail"},
		"check-in":    {"check in"},
		"Café":        {"cafe"},
		"straße":      {"strasse"},
		"don't":       {"don't"},
		"'tis'":       {"tis"},
		"U.S.A.":      {"usa"},
		"7":           {"seven"},
		"42":          {"forty two"},
		"0":           {"zero"},
		"07":          {"zero seven"},
		"105":         {"one hundred five", "one zero five"},
		"1984":        {"one thousand nine hundred eighty four", "nineteen eighty four", "one nine eight four"},
		"2000":        {"two thousand", "two zero zero zero"},
		"0612345678":  {"zero six one two three four five six seven eight"},
		"9:30":        {"nine thirty"},
		"3rd":         {"third"},
		"21st":        {"twenty first"},
		"30th":        {"thirtieth"},
		"5thavenue":   {"five thavenue"},
		"50%":         {"fifty percent"},
		"b&b":         {"b and b"},
		"room12":      {"room twelve"},
		"-":           {""},
		"!?":          {""},
		"":            {""},
		"weiß\u0301y": {"weissy"},
	} {
		g := jsgf.Of(spoken(written, inDict))
		for _, w := range want {
			require.True(t, g.Match(strings.Fields(w)), "%q is not said %q but %v", written, w, g)
		}
		require.False(t, g.Match([]string{"nothing"}))
		for _, w := range g.Words() {
			require.True(t, plainWord(w), "%q gives %q", written, w)
		}
	}
	// What the model has no sounds for stays recognisable as such.
	for _, w := range []string{"привет", "你好", strings.Repeat("9", 41)} {
		_, ok := jsgf.Of(spoken(w, inDict)).Map(func(w jsgf.Word) jsgf.Node {
			if plainWord(string(w)) {
				return w
			}
			return nil
		})
		require.False(t, ok, w)
	}
}

func TestPhonesOf(t *testing.T) {
	for ipa, want := range map[string]string{
		"ɡ_ɹ_ˈɪ__ə_t":      "G R IH AH T",
		"tʃ_ˈɜː_tʃ":        "CH ER CH",
		"h_ˈæ_t_ʃ_ɑː_p":    "HH AE T SH AA P",
		"f_ˈaɪɚ":           "F AY ER",
		"b_ˈʌ_ʔ_n̩":        "B AH T AH N",
		"b_ˈɛ_ɾ_ɚ w_ˈaɪ":   "B EH D ER W AY",
		"b_j_ˈɔːɹ_n":       "B Y AO R N",
		"k_j_ˈuː_b_ɚ_n":    "K Y UW B ER N",
		"ʕ_a":              "", // a sound that English lacks
		"(ru)_p_r_(en-us)": "", // espeak-ng changed language
	} {
		require.Equal(t, want, phonesOf(ipa), ipa)
	}
}

func TestPlain(t *testing.T) {
	require.Equal(t, "read the book", plain("<s> read(2) ++NOISE++ the [NOISE] <sil> book(3) </s> (NULL)"))
	require.Empty(t, plain("<sil>"))
}

func TestConfidence(t *testing.T) {
	s := grammarScale(-70)
	require.InDelta(t, 0.5, s.confidence(-70), 0.001)
	require.Greater(t, s.confidence(-50), float32(0.95))
	require.Less(t, s.confidence(-95), float32(0.02))
	require.LessOrEqual(t, dictationScale.confidence(0), float32(0.75))
	require.Zero(t, s.confidence(-1e9))

	var f fit
	f.add(false, -20*50, 50) // a pause
	f.add(true, -40*30, 30)
	require.InDelta(t, -40, f.score(), 0.001)
	f.add(false, -120*100, 100) // speech passed over
	require.Less(t, f.score(), -300.0)
	require.Zero(t, (&fit{}).score())
}
