package pocketsphinx

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// lexicon finds pronunciations: in the model's dictionary of 134,000 words, kept as it is in the file (3 MB) with an index of its
// lines, or from espeak-ng for the words that are not there. It is safe for concurrent use.
type lexicon struct {
	path   string
	espeak string // command; "" when there is none
	load   func() error

	text  []byte
	lines []uint32 // where lines begin, sorted by their first word

	mu      sync.Mutex
	derived map[string]string // from espeak-ng; "" when it could not say the word
}

// maxDerived bounds what is remembered from espeak-ng; above it everything is forgotten and asked again when needed.
const maxDerived = 10000

func newLexicon(path, espeak string) *lexicon {
	x := &lexicon{path: path, espeak: espeak, derived: map[string]string{}}
	x.load = sync.OnceValue(x.index)
	return x
}

// index reads the dictionary, about 30 ms; the first look-up does it.
func (x *lexicon) index() error {
	b, err := os.ReadFile(x.path)
	if err != nil {
		return fmt.Errorf("read the recogniser's dictionary: %w", err)
	}
	x.text = b
	x.lines = make([]uint32, 0, bytes.Count(b, []byte("\n"))+1)
	for at := 0; at < len(b); {
		x.lines = append(x.lines, uint32(at))
		n := bytes.IndexByte(b[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	slices.SortStableFunc(x.lines, func(i, j uint32) int {
		return cmp.Or(bytes.Compare(x.key(i), x.key(j)), cmp.Compare(i, j))
	})
	return nil
}

// key returns the word of the line at that place, without the "(2)" of second pronunciations.
func (x *lexicon) key(at uint32) []byte {
	line := x.text[at:]
	return line[:max(0, bytes.IndexAny(line[:min(len(line), 80)], " (\t\n"))]
}

// pronunciations returns how a word is said, the usual way first; nil when nobody knows.
func (x *lexicon) pronunciations(word string) []string {
	if err := x.load(); err != nil || word == "" {
		return nil
	}
	i, _ := slices.BinarySearchFunc(x.lines, word, func(at uint32, w string) int { return cmp.Compare(string(x.key(at)), w) })
	var out []string
	for ; i < len(x.lines) && string(x.key(x.lines[i])) == word; i++ {
		line, _, _ := bytes.Cut(x.text[x.lines[i]:], []byte("\n"))
		if _, phones, ok := strings.Cut(string(line), " "); ok {
			out = append(out, strings.TrimSpace(phones))
		}
	}
	if out != nil {
		return out
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if p := x.derived[word]; p != "" {
		return []string{p}
	}
	return nil
}

// known reports whether the dictionary itself has the word.
func (x *lexicon) known(word string) bool {
	if x.load() != nil || word == "" {
		return false
	}
	_, ok := slices.BinarySearchFunc(x.lines, word, func(at uint32, w string) int { return cmp.Compare(string(x.key(at)), w) })
	return ok
}

// learn asks espeak-ng once, about 15 ms, for all the words that are not known yet. Without espeak-ng, or when it fails, they
// stay unknown.
func (x *lexicon) learn(ctx context.Context, words []string) {
	if x.espeak == "" {
		return
	}
	x.mu.Lock()
	if len(x.derived) > maxDerived {
		clear(x.derived)
	}
	var ask []string
	for _, w := range words {
		if _, ok := x.derived[w]; !ok && !x.known(w) && !slices.Contains(ask, w) {
			ask = append(ask, w)
		}
	}
	x.mu.Unlock()
	if len(ask) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, x.espeak, "-q", "--ipa=1", "-v", "en-us")
	cmd.Stdin = strings.NewReader(strings.Join(ask, "\n") + "\n")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return
	}
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(lines) != len(ask) {
		return // some word was read as several lines: nobody can tell which
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, w := range ask {
		x.derived[w] = phonesOf(lines[i])
	}
}
