package session

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A .call file describes a conversation: who says what when, what the models answer and how slowly, and what must happen. Columns are separated by blanks;
// a line without a time belongs to the one before it. See testdata/README.md for the words of the language.

// callFile is a parsed .call file.
type callFile struct {
	name    string
	sets    []call
	acts    []call // what the caller and the client do, in order of time
	models  []call // llm, tts and tool lines, in order
	expects []call
}

// call is one line.
type call struct {
	line  int
	at    time.Duration
	who   string   // caller, client, llm, tts, tool, set, expect
	words []string // the rest; quoted texts are one word without their quotes
}

var wordRE = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|(\S+)`)

func parseCall(t *testing.T, path string) *callFile {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	c := &callFile{name: strings.TrimSuffix(filepath.Base(path), ".call")}
	var last time.Duration
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		text := strings.TrimSpace(sc.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		var words []string
		for _, m := range wordRE.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[0], `"`) {
				s, err := strconv.Unquote(m[0])
				require.NoError(t, err, "%s:%d", path, n)
				words = append(words, s)
			} else if m[2] == "#" || strings.HasPrefix(m[2], "#") && len(m[2]) > 1 && m[2][1] == ' ' {
				break
			} else {
				words = append(words, strings.TrimSuffix(m[2], ","))
			}
		}
		l := call{line: n, at: last}
		if at, err := strconv.ParseFloat(words[0], 64); err == nil {
			l.at = time.Duration(at * float64(time.Second))
			last, words = l.at, words[1:]
		}
		require.NotEmpty(t, words, "%s:%d: nothing after the time", path, n)
		l.who, l.words = words[0], words[1:]
		switch l.who {
		case "caller", "client":
			c.acts = append(c.acts, l)
		case "llm", "tts", "tool", "stt", "up":
			c.models = append(c.models, l)
		case "set":
			c.sets = append(c.sets, l)
		case "expect":
			c.expects = append(c.expects, l)
		default:
			t.Fatalf("%s:%d: %q is none of caller, client, llm, tts, stt, up, tool, set, expect", path, n, l.who)
		}
	}
	require.NoError(t, sc.Err())
	return c
}

// after returns the word that follows key, or "".
func (c call) after(key string) string {
	for i, w := range c.words {
		if w == key && i+1 < len(c.words) {
			return c.words[i+1]
		}
	}
	return ""
}

func (c call) has(key string) bool {
	for _, w := range c.words {
		if w == key {
			return true
		}
	}
	return false
}

// span returns the duration after key, or def.
func (c call) span(t *testing.T, key string, def time.Duration) time.Duration {
	w := c.after(key)
	if w == "" {
		return def
	}
	d, err := time.ParseDuration(w)
	require.NoError(t, err, "line %d: %s", c.line, key)
	return d
}

// perSecond returns the number before "words/s", or 0.
func (c call) perSecond(t *testing.T) float64 {
	for i, w := range c.words {
		if w == "words/s" && i > 0 {
			f, err := strconv.ParseFloat(c.words[i-1], 64)
			require.NoError(t, err, "line %d", c.line)
			return f
		}
	}
	return 0
}

func (c call) number(t *testing.T, i int) int {
	require.Greater(t, len(c.words), i, "line %d: a number is missing", c.line)
	n, err := strconv.Atoi(c.words[i])
	require.NoError(t, err, "line %d", c.line)
	return n
}

func (c call) String() string { return fmt.Sprintf("line %d: %s %q", c.line, c.who, c.words) }
