package pocketsphinx

import "strings"

// arpabet gives the model's phones for the sounds that espeak-ng's American voice writes in IPA. Stress and length are not modelled.
var arpabet = map[string]string{
	"p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH",
	"θ": "TH", "ð": "DH", "h": "HH", "x": "K", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɹ": "R", "r": "R", "j": "Y", "w": "W",
	"tʃ": "CH", "dʒ": "JH", "ɾ": "D", "ʔ": "T", "n̩": "AH N", "əl": "AH L", "ɬ": "L", "ç": "HH", "ɲ": "N Y", "ʁ": "R",
	"i": "IY", "iː": "IY", "ɪ": "IH", "ᵻ": "IH", "ɛ": "EH", "e": "EH", "æ": "AE", "a": "AE", "aː": "AA", "ɑ": "AA", "ɑː": "AA", "ɒ": "AA",
	"ɔ": "AO", "ɔː": "AO", "oː": "AO", "o": "OW", "ʊ": "UH", "u": "UW", "uː": "UW", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "y": "UW",
	"ɚ": "ER", "ɜ": "ER", "ɜː": "ER", "eɪ": "EY", "aɪ": "AY", "aʊ": "AW", "ɔɪ": "OY", "oʊ": "OW", "aɪɚ": "AY ER", "aɪə": "AY AH",
	"iə": "IY AH", "ɑːɹ": "AA R", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɛɹ": "EH R", "ɪɹ": "IH R", "ʊɹ": "UH R",
}

// phonesOf turns one line of `espeak-ng --ipa=1`, sounds separated by low lines, into phones separated by spaces. It returns "" when
// it meets a sound that the model has nothing for.
func phonesOf(ipa string) string {
	var out []string
	for sound := range strings.SplitSeq(strings.NewReplacer("ˈ", "", "ˌ", "", " ", "_", "\u0361", "", "\u200d", "").Replace(ipa), "_") {
		for rest := []rune(sound); len(rest) > 0; {
			n := min(3, len(rest))
			for n > 0 && arpabet[string(rest[:n])] == "" {
				n--
			}
			if n == 0 {
				if rest[0] != 'ː' && rest[0] != 'ʲ' && rest[0] != '\u0303' {
					return ""
				}
				n = 1
			} else {
				out = append(out, arpabet[string(rest[:n])])
			}
			rest = rest[n:]
		}
	}
	return strings.Join(out, " ")
}
