// Package locales is the console's words, for the few that the server says itself: what is wrong with a request, to a program that asks in French or Spanish.
package locales

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"

	"golang.org/x/text/language"
)

//go:embed en/common.json fr/common.json es/common.json
var files embed.FS

// Languages are those that there are words in. The first is for whoever reads none of them.
var Languages = []language.Tag{language.English, language.French, language.Spanish}

var matcher = language.NewMatcher(Languages)

// errorWords are by language and code.
var errorWords = func() map[string]map[string]string {
	m := map[string]map[string]string{}
	for _, tag := range Languages {
		raw, err := files.ReadFile(tag.String() + "/common.json")
		if err != nil {
			panic(err) // the program was built without
		}
		var f struct {
			Error map[string]string `json:"error"`
		}
		if err := json.Unmarshal(raw, &f); err != nil {
			panic(fmt.Errorf("%s/common.json: %w", tag, err))
		}
		m[tag.String()] = f.Error
	}
	return m
}()

// Preferred returns the language ("en", "fr" or "es") that suits an Accept-Language header best (RFC 9110, section 12.5.4); English when none does or the header
// cannot be read.
func Preferred(accept string) string {
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return Languages[0].String()
	}
	_, i, _ := matcher.Match(wanted...)
	return Languages[i].String()
}

var blank = regexp.MustCompile(`\{\{\s*([a-z_]+)\s*\}\}`)

// Error words an error's code in a language. ok is false when the language has no words for it, or one of their values is missing.
func Error(lang, code string, params map[string]string) (text string, ok bool) {
	text, ok = errorWords[lang][code]
	text = blank.ReplaceAllStringFunc(text, func(m string) string {
		v, known := params[blank.FindStringSubmatch(m)[1]]
		ok = ok && known
		return v
	})
	return text, ok
}

// Knows reports whether a language has words for a code.
func Knows(lang, code string) bool { return errorWords[lang][code] != "" }
