package pocketsphinx

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/stt"
)

// testLexicon has a small dictionary and no espeak-ng.
func testLexicon(t *testing.T, espeak string) *lexicon {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.dict")
	require.NoError(t, os.WriteFile(path, []byte("read R EH D\nread(2) R IY D\nno N OW\nthe DH AH\nthe(2) DH IY\nyes Y EH S\na.m. EY EH M\nbook B UH K"), 0o600))
	return newLexicon(path, espeak)
}

func TestLexicon(t *testing.T) {
	x := testLexicon(t, "")
	require.Equal(t, []string{"R EH D", "R IY D"}, x.pronunciations("read"))
	require.Equal(t, []string{"B UH K"}, x.pronunciations("book"))
	require.Equal(t, []string{"EY EH M"}, x.pronunciations("a.m."))
	for _, w := range []string{"", "rea", "reads", "read(2)", "zzz", "a"} {
		require.Nil(t, x.pronunciations(w), w)
		require.False(t, x.known(w), w)
	}
	x.learn(t.Context(), []string{"zzz"})
	require.Nil(t, x.pronunciations("zzz"))
	require.ErrorContains(t, newLexicon("/nowhere/x.dict", "").load(), "read the recogniser's dictionary")
}

// script makes an espeak-ng that answers as told.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "espeak-ng")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700))
	return path
}

func TestLearn(t *testing.T) {
	x := testLexicon(t, script(t, "cat >/dev/null; printf 'ɡ_ɹ_ˈɪ__ə_t\\nʕ\\n'\n"))
	x.learn(t.Context(), []string{"griot", "yes", "ʕx", "griot"})
	require.Equal(t, []string{"G R IH AH T"}, x.pronunciations("griot"))
	require.Nil(t, x.pronunciations("ʕx"), "a sound that the model lacks")
	for what, body := range map[string]string{
		"fails": "exit 1", "answers too little": "cat >/dev/null; echo x", "is silent": "cat >/dev/null",
	} {
		x := testLexicon(t, script(t, body))
		x.learn(t.Context(), []string{"one", "two"})
		require.Nil(t, x.pronunciations("one"), what)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	x = testLexicon(t, script(t, "sleep 100"))
	x.learn(cancelled, []string{"one"})
	require.Nil(t, x.pronunciations("one"))
}

func TestPlanOfPhrases(t *testing.T) {
	x := testLexicon(t, "")
	p, err := newPlan(t.Context(), x, stt.Hints{Phrases: []string{"Yes!", "yes", " read  the book", "—", "no (привет)", "unknownword no", "NO."}})
	require.NoError(t, err)
	require.False(t, p.open)
	require.Equal(t, []string{"—", "no (привет)", "unknownword no"}, p.dropped)
	for text, want := range map[string]bool{"yes": true, "read the book": true, "no": true, "read": false, "unknownword no": false} {
		require.Equal(t, want, p.grammar.Match(strings.Fields(text)), text)
	}
	require.Equal(t, []string{"DH AH", "DH IY"}, p.words["the"])
	require.NotContains(t, p.words, "unknownword")
	require.True(t, strings.HasPrefix(p.text, "#JSGF V1.0;\n"))
}

func TestPlanOfGrammar(t *testing.T) {
	x := testLexicon(t, "")
	p, err := newPlan(t.Context(), x, stt.Hints{Phrases: []string{"book"}, Grammar: "public <a> = Yes | unknown no | [strange] no | read+;", Open: true})
	require.NoError(t, err)
	require.True(t, p.open)
	require.ElementsMatch(t, []string{"unknown", "strange"}, p.dropped)
	for text, want := range map[string]bool{"yes": true, "no": true, "read read": true, "strange no": false, "book": false} {
		require.Equal(t, want, p.grammar.Match(strings.Fields(text)), text)
	}
}

func TestPlansWithNothingInThem(t *testing.T) {
	x := testLexicon(t, "")
	for _, h := range []stt.Hints{{}, {Open: true}, {Grammar: " \n"}, {Phrases: []string{"привет"}, Open: true}, {Grammar: "public <a> = zzz;", Open: true}} {
		p, err := newPlan(t.Context(), x, h)
		require.NoError(t, err)
		require.Nil(t, p.grammar)
		require.True(t, p.open)
	}
	for _, c := range []struct {
		h    stt.Hints
		code string
	}{
		{stt.Hints{Phrases: []string{"привет"}}, "hints_unusable"},
		{stt.Hints{Phrases: []string{"", " ", "!"}}, "hints_unusable"},
		{stt.Hints{Grammar: "public <a> = zzz;"}, "hints_unusable"},
		{stt.Hints{Grammar: "public <a> = <NULL>;"}, "hints_unusable"},
		{stt.Hints{Grammar: "public <a> = <b>;"}, "grammar"},
		{stt.Hints{Phrases: make([]string, maxPhrases+1)}, "hints_too_large"},
		{stt.Hints{Phrases: []string{strings.Repeat("no ", 200)}}, "hints_too_large"},
	} {
		_, err := newPlan(t.Context(), x, c.h)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, c.code, fault.CodeOf(err))
	}
	_, err := newPlan(t.Context(), newLexicon("/nowhere/x.dict", ""), stt.Hints{Phrases: []string{"yes"}})
	require.Equal(t, "pocketsphinx_missing", fault.CodeOf(err))
}

// Whatever grammar gets through the checks, the library takes it too, and hears something or nothing.
func TestLibraryTakesEveryPlan(t *testing.T) {
	m := newTestModel(t)
	d, err := m.grammars.get()
	require.NoError(t, err)
	defer d.free()
	many := make([]string, maxPhrases)
	for i := range many {
		many[i] = "number " + cardinal(i) + " please"
	}
	for _, h := range []stt.Hints{
		{Grammar: "public <a> = [yes] [no] [please];"},
		{Grammar: "public <a> = ([yes])+ | [[no]*]+;"},
		{Grammar: "public <a> = [yes] <a> | no [<a>];"},
		{Grammar: "public <a> = yes <b>; <b> = no <a> | please;"},
		{Grammar: "public <a> = (((yes)));  public <b> = /0.1/ no | /5/ yes | /0/ please;"},
		{Grammar: "public <a> = " + strings.Repeat("[yes] ", 300) + ";"},
		{Grammar: "public <public> = public grammar import;"},
		{Phrases: []string{"o'clock", "p.m.", "e-mail", "it's 9:30 a.m.", "'bout", "able-bodied", "twenty-one"}},
		{Phrases: many},
	} {
		p, err := newPlan(t.Context(), m.lexicon, h)
		require.NoError(t, err)
		require.Empty(t, p.dropped)
		require.NoError(t, d.setGrammar(p.text, p.words), "%.200s", p.text)
		require.NoError(t, d.start())
		require.NoError(t, d.feed(quiet))
		d.end()
		d.hyp()
	}
}
