package flow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
)

// TestConversations plays the files of testdata/conversations: "> " is what the caller says, "< " lists what the answer must contain, separated by
// commas, alternatives by "|"; "= " is the reason to stop, which is otherwise "end".
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 9)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			m := open(t, strings.Split(filepath.Base(f), ".")[1], nil)
			var history []llm.Message
			var answer string
			stop := llm.StopEnd
			for n, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
				text := strings.TrimSpace(strings.TrimLeft(line, "><=#"))
				switch line[0] {
				case '>':
					require.Equal(t, llm.StopEnd, stop, "line %d: the call has ended", n+1)
					history = append(history, llm.Message{Role: llm.User, Text: text})
					answer, stop = ask(t, m, history)
					// What was heard of the answer does not matter: half of it is kept.
					history = append(history, llm.Message{Role: llm.Assistant, Text: answer[:len(answer)/2]})
				case '<':
					for _, want := range strings.Split(text, ",") {
						ok := false
						for _, alt := range strings.Split(want, "|") {
							ok = ok || strings.Contains(strings.ToLower(answer), strings.TrimSpace(alt))
						}
						require.True(t, ok, "line %d: %q is not in %q", n+1, want, answer)
					}
				case '=':
					require.Equal(t, llm.StopReason(text), stop, "line %d", n+1)
				case '#':
				default:
					t.Fatalf("line %d: %q", n+1, line)
				}
			}
			if len(history) > 0 && stop != llm.StopEnd {
				require.Equal(t, llm.StopHangUp, stop)
			}
		})
	}
}
