package eartruth_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation/eartruth"
	"griot/internal/event"
)

func ms(n int) event.Millis { return event.Ms(millis(n)) }

func timed(response string, heard, delay int) eartruth.Timed {
	return eartruth.Timed{Response: response, Heard: ms(heard), Delay: ms(delay)}
}

func turnsAt(pairs ...[2]int) (r eartruth.Report) {
	for _, p := range pairs {
		r.Turns = append(r.Turns, eartruth.Answer{At: ms(p[0]), Delay: ms(p[1])})
	}
	return r
}

func TestExplain(t *testing.T) {
	r := turnsAt([2]int{2000, 700}, [2]int{9000, 1500}, [2]int{20000, 400}, [2]int{30000, 900})
	r.Explain([]eartruth.Timed{
		timed("d", 30850, 850),  // the same words
		timed("b", 9600, 620),   // 900 ms of the answer were silence, or not heard
		timed("a", 2690, 680),   // nearly the same
		timed("x", 15000, 400),  // of a turn that cannot be heard in the recording
		timed("d2", 30860, 900), // fits less well than the first
	})
	for i, want := range []struct {
		response        string
		pipeline, other int
	}{{"a", 680, 20}, {"b", 620, 880}, {}, {"d", 850, 50}} {
		turn := r.Turns[i]
		require.Equal(t, want.response, turn.Response)
		if want.response == "" {
			require.Nil(t, turn.Pipeline)
			require.Nil(t, turn.Unexplained)
			continue
		}
		require.Equal(t, ms(want.pipeline), *turn.Pipeline)
		require.Equal(t, ms(want.other), *turn.Unexplained)
	}
	require.Equal(t, ms(50), *r.UnexplainedP50)

	// Once more with nothing: the first explanation is gone.
	r.Explain(nil)
	require.Empty(t, r.Turns[0].Response)
	require.Nil(t, r.UnexplainedP50)
}

// Two answers close to each other each get their own.
func TestExplainNeighbours(t *testing.T) {
	r := turnsAt([2]int{1000, 500}, [2]int{2200, 300})
	r.Explain([]eartruth.Timed{timed("2", 2480, 250), timed("1", 1490, 480)})
	require.Equal(t, "1", r.Turns[0].Response)
	require.Equal(t, "2", r.Turns[1].Response)
	require.Equal(t, ms(50), *r.Turns[1].Unexplained)
}

func TestExplainNothing(t *testing.T) {
	var r eartruth.Report
	r.Explain([]eartruth.Timed{timed("1", 1, 1), {Heard: -5, Delay: event.Ms(time.Hour)}})
	require.Empty(t, r.Turns)
}
