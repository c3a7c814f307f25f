package turn

import (
	"strings"
	"unicode"
)

// kinds lists what can be asked for, as the word files name it.
var kinds = []Kind{KindPhone, KindEmail, KindDate, KindAmount, KindNumber, KindReference, KindName}

// KindOfQuestion finds what the agent's words ask the caller for: the last question or request in them decides. lang is BCP 47: French, English and
// Spanish are known.
func KindOfQuestion(lang, text string) Kind {
	v := vocabularyOf(lang)
	sentences := sentencesOf(text)
	for i := len(sentences) - 1; i >= 0 && i >= len(sentences)-3; i-- {
		if k, asks := v.asksFor(sentences[i]); asks {
			return k
		}
	}
	return KindNone
}

// asksFor reports whether a sentence asks for something, and for what.
func (v *vocabulary) asksFor(sentence string) (Kind, bool) {
	words := wordsOf(sentence)
	question := strings.ContainsAny(sentence, "?¿")
	if !question && !v.of("request").in(words) {
		return KindNone, false
	}
	if question && (v.of("confirm").prefix(afterLead(v, words)) > 0 || v.of("tag").suffix(words) > 0) {
		return KindYesNo, true
	}
	found, longest, last := KindNone, 0, 0
	for _, k := range kinds {
		if at, n := v.of("ask " + string(k)).find(words); n > longest || n > 0 && n == longest && at > last {
			found, longest, last = k, n, at
		}
	}
	if found == KindNone && question && v.of("ask yesno").prefix(afterLead(v, words)) > 0 {
		found = KindYesNo
	}
	return found, true
}

// afterLead leaves out the politeness before a question: "and", "so", "all right".
func afterLead(v *vocabulary, words []string) []string {
	for {
		n := max(v.of("lead").prefix(words), v.of("backchannel").prefix(words))
		if n == 0 {
			return words
		}
		words = words[n:]
	}
}

// sentencesOf splits text after . ? ! and keeps the mark.
func sentencesOf(text string) (out []string) {
	start := 0
	for i, r := range text {
		if strings.ContainsRune(".?!\n", r) && (i+1 == len(text) || unicode.IsSpace(rune(text[i+1])) || r == '\n') {
			if s := strings.TrimSpace(text[start : i+1]); s != "" {
				out = append(out, s)
			}
			start = i + 1
		}
	}
	if s := strings.TrimSpace(text[start:]); s != "" {
		out = append(out, s)
	}
	return out
}
