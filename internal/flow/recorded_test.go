package flow

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recording is a line of testdata/recorded-en.tsv.
type recording struct {
	name, wording, intent string
	contains              []string
}

func recordings(t *testing.T) []recording {
	t.Helper()
	f, err := os.Open("testdata/recorded-en.tsv")
	require.NoError(t, err)
	defer f.Close()
	var out []recording
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		col := strings.Split(sc.Text(), "\t")
		require.Len(t, col, 4, sc.Text())
		out = append(out, recording{col[0], col[1], col[2], strings.Split(col[3], ",")})
	}
	return out
}

func TestEveryRecordingGetsItsAnswer(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	p := all["en"]
	answers := map[string]bool{}
	for _, r := range recordings(t) {
		_, a, _ := replay(p, wednesday(), user(r.wording))
		require.Equal(t, r.intent, a.intent, "%s: %q got %q", r.name, r.wording, a.text)
		for _, want := range r.contains {
			require.Contains(t, strings.ToLower(a.text), want, "%s: %q", r.name, r.wording)
		}
		require.True(t, p.accepts(slotOpen, r.wording), "the grammar does not hold %q", r.wording)
		answers[a.text] = true
	}
	require.Greater(t, len(answers), 25, "distinct answers")
}

// accepts reports whether the grammar of a slot holds the wording, politeness aside.
func (p *pack) accepts(s slot, wording string) bool {
	ts := tokens(wording, p.join)
	for _, part := range p.expected(s) {
		if part.node.match(ts, 1)&(1<<len(ts)) != 0 {
			return true
		}
	}
	return false
}
