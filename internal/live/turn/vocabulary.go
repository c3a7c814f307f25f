package turn

import (
	"embed"
	"strings"
	"sync"
	"unicode"
)

//go:embed words/*.txt
var wordFiles embed.FS

// vocabulary is what a language's listeners say: words/<language>.txt, a data file that speakers can correct.
type vocabulary struct{ backchannel, command, filler map[string]bool }

var (
	vocabularies = map[string]*vocabulary{}
	vocabularyMu sync.Mutex
)

// vocabularyOf returns the words of a BCP 47 language, or empty ones for a language without a file.
func vocabularyOf(lang string) *vocabulary {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	vocabularyMu.Lock()
	defer vocabularyMu.Unlock()
	if v := vocabularies[base]; v != nil {
		return v
	}
	v := &vocabulary{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	if b, err := wordFiles.ReadFile("words/" + base + ".txt"); err == nil {
		v.read(string(b))
	}
	vocabularies[base] = v
	return v
}

func (v *vocabulary) read(text string) {
	var into map[string]bool
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "[backchannel]":
			into = v.backchannel
		case line == "[command]":
			into = v.command
		case line == "[filler]":
			into = v.filler
		case into != nil:
			into[normal(line)] = true
		}
	}
}

// normal is a phrase as it is compared: lower case, words separated by one blank, no punctuation but apostrophes inside words.
func normal(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(text, "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\''
	}), " ")
}

// kind of what was said over the agent.
type said uint8

const (
	saidNothing     said = iota // no words yet, or only fillers
	saidBackchannel             // the listener goes along
	saidCommand                 // the listener wants the floor
	saidSpeech                  // anything else
)

// judge tells what words said over the agent mean.
func (v *vocabulary) judge(text string) said {
	words := strings.Fields(normal(text))
	if len(words) == 0 {
		return saidNothing
	}
	// A command that opens the utterance takes the floor, whatever follows.
	for n := min(3, len(words)); n > 0; n-- {
		if v.command[strings.Join(words[:n], " ")] {
			return saidCommand
		}
	}
	only := saidNothing
	for i := 0; i < len(words); {
		n, kind := v.longest(words[i:])
		switch {
		case n == 0:
			return saidSpeech
		case kind == saidBackchannel:
			only = saidBackchannel
		}
		i += n
	}
	return only
}

// longest finds the longest back-channel or filler at the head of words.
func (v *vocabulary) longest(words []string) (int, said) {
	for n := min(4, len(words)); n > 0; n-- {
		p := strings.Join(words[:n], " ")
		if v.backchannel[p] {
			return n, saidBackchannel
		}
		if v.filler[p] {
			return n, saidNothing
		}
	}
	return 0, saidNothing
}
