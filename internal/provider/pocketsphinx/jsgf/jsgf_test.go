package jsgf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const hotel = "\ufeff" + `#JSGF V1.0 UTF-8 en;
/* a hotel's
   reception */
grammar hotel.reception;
public <ask> = [please] (/0.7/ book | /0.3/ cancel) {verb} <room> ["for me"]; // what to do
<room> = a <size>* room | <many>;
<size> = single | double | quiet {it is \} quiet};
<many> = rooms | rooms and <many>;
public <bye> = good bye | <NULL> bye+;
<unused> = never;
`

func TestParseAndMatch(t *testing.T) {
	g, err := Parse(hotel)
	require.NoError(t, err)
	require.Equal(t, []string{"ask", "bye"}, g.Public)
	for text, want := range map[string]bool{
		"please book a room":                   true,
		"cancel a quiet double room for me":    true,
		"book rooms":                           true,
		"book rooms and rooms and rooms":       true,
		"good bye":                             true,
		"bye bye bye":                          true,
		"please":                               false,
		"book rooms and":                       false,
		"book a room for":                      false,
		"never":                                false,
		"good":                                 false,
		"":                                     false,
		"please please book a room":            false,
		"book a single single single room bye": false,
	} {
		require.Equal(t, want, g.Match(strings.Fields(text)), "%q", text)
	}
}

func TestMap(t *testing.T) {
	g, err := Parse(hotel)
	require.NoError(t, err)
	same, ok := g.Map(func(w Word) Node { return w })
	require.True(t, ok)
	require.NotContains(t, same.Words(), "never", "rules that nobody needs are left out")
	require.Contains(t, same.Words(), "cancel")

	// "room" cannot be said: one way to ask is gone. "please" cannot either, but it was optional.
	less, ok := g.Map(func(w Word) Node {
		switch w {
		case "room", "please", "good":
			return nil
		case "book":
			return Seq{Word("make"), Alt{{Of: Word("reservation")}, {Of: Word("booking")}}}
		}
		return w
	})
	require.True(t, ok)
	for text, want := range map[string]bool{
		"make reservation rooms": true, "make booking rooms and rooms for me": true, "cancel rooms": true, "bye": true,
		"make booking a room": false, "good bye": false, "please cancel rooms": false, "book rooms": false,
	} {
		require.Equal(t, want, less.Match(strings.Fields(text)), "%q", text)
	}
	_, ok = g.Map(func(Word) Node { return nil })
	require.False(t, ok)

	endless, err := Parse("public <a> = on and <a>;")
	require.NoError(t, err)
	_, ok = endless.Map(func(w Word) Node { return w })
	require.False(t, ok, "a rule without an end cannot be said")
}

func TestWhatStringWritesParsesToTheSame(t *testing.T) {
	g, err := Parse(hotel)
	require.NoError(t, err)
	g, ok := g.Map(func(w Word) Node { return w })
	require.True(t, ok)
	again, err := Parse(g.String())
	require.NoError(t, err)
	require.Equal(t, []string{"hints"}, again.Public)
	for _, text := range []string{"please book a quiet room", "bye bye", "cancel rooms and rooms", "book", "a room"} {
		require.Equal(t, g.Match(strings.Fields(text)), again.Match(strings.Fields(text)), text)
	}
	require.Contains(t, g.String(), "/0.700000/ book")
}

func TestRefused(t *testing.T) {
	double := "public <r0> = x;\n"
	for i := range 20 {
		n, m := string(rune('b'+i)), string(rune('a'+i))
		double += "<" + n + "> = <" + m + "> <" + m + ">;\n"
	}
	for text, want := range map[string]string{
		"":                                   "it has no rule",
		"public <a> = ;":                     `line 1 of the grammar: found ";" where words should be`,
		"public <a> = x":                     "its end",
		"\n\npublic <a = x;":                 "line 3 of the grammar",
		"public <a> = (x;":                   `where ")" should be`,
		"public <a> = x); ":                  `where ";" should be`,
		"public <a> = [x | ];":               "where words should be",
		"public <a> = <b>;":                  "<b>, which is not defined",
		"public <a> = x; <a> = y;":           "defined twice",
		"import <com.sun.*>; public <a>=x;":  "imports are not supported",
		"public <a> = <a> x | y;":            "before its end",
		"public <a> = <b> x; <b> = y <a>|z;": "before its end",
		"public <a> = (x <a>)+ | y;":         "before its end",
		`public <a> = "never closed;`:        "is not closed",
		"public <a> = x {never closed;":      "is not closed",
		"public <a> = /much/ x;":             "is not a weight",
		"#JSGF V1.0":                         "the header has no ;",
		"public <NULL> = x;":                 "reserved",
		"<>=<>*;":                            "without a name",
		"public <a> = " + strings.Repeat("(", 70) + "x" + strings.Repeat(")", 70) + ";": "nested",
		strings.Repeat("x", MaxBytes+1): "limit",
		"public <a> = \xff;":            "UTF-8",
		strings.Replace(double, "public <r0> = x;", "<a> = x;", 1) + "public <z> = " + "<" + "u" + "> <u>;": "when its rules are written out",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, "%.60q", text)
	}
}

// Right recursion in all its shapes ends.
func TestMatchEnds(t *testing.T) {
	g, err := Parse("public <a> = [x] <a> | y <b> | (<c>)*; <b> = [<a>]; <c> = [x] | y+;")
	require.NoError(t, err)
	require.True(t, g.Match(strings.Fields(strings.Repeat("x y ", 40))))
	require.True(t, g.Match(nil))
	require.False(t, g.Match(strings.Fields("x y z")))
}

// Any text either is refused or can be written, read again and matched against.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.SampledFrom([]string{
			"public ", "<a>", "<b>", " = ", ";", "|", "(", ")", "[", "]", "*", "+", "yes", " no ", "{t}", "/2/", `"so so"`, "<NULL>", "//", "\n", "é",
		}), 0, 25).Draw(t, "tokens")
		anyGrammar(t, "public <a> = "+strings.Join(tokens, ""))
	})
}

func FuzzParse(f *testing.F) {
	f.Add(hotel)
	f.Fuzz(func(t *testing.T, text string) { anyGrammar(t, text) })
}

func anyGrammar(t require.TestingT, text string) {
	g, err := Parse(text)
	if err != nil {
		return
	}
	g, ok := g.Map(func(Word) Node { return Word("w") })
	if !ok {
		return
	}
	words := strings.Fields("w w w")
	want := g.Match(words)
	again, err := Parse(g.String())
	require.NoError(t, err)
	require.Equal(t, want, again.Match(words))
}
