package voice

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

func TestSSML(t *testing.T) {
	got, err := parseSSML(`<speak>Hello <b/></speak>`)
	require.Equal(t, "bad_ssml", fault.CodeOf(err), "%v", got)
	for text, want := range map[string][]segment{
		"Plain words.": {{text: "Plain words.", rate: 1}},
		`<speak>One<break time="500ms"/>two</speak>`:                                      {{text: "One", rate: 1}, {pause: 500 * time.Millisecond}, {text: "two", rate: 1}},
		`<speak><p>One</p>two</speak>`:                                                    {{text: "One", rate: 1}, {pause: 400 * time.Millisecond}, {text: "two", rate: 1}},
		`<speak><prosody rate="slow" pitch="+2st">Low</prosody> and so</speak>`:           {{text: "Low", rate: 0.75, pitch: 2}, {text: "and so", rate: 1}},
		`<speak><prosody rate="120%">a<prosody rate="-50%">b</prosody></prosody></speak>`: {{text: "a", rate: 1.2}, {text: "b", rate: 0.6}},
		`<speak>Call <say-as interpret-as="telephone">01 23</say-as></speak>`:             {{text: "Call", rate: 1}, {text: "0, 1, 2, 3", rate: 1}},
		`<speak><sub alias="World Wide Web">WWW</sub></speak>`:                            {{text: "World Wide Web", rate: 1}},
		`<speak/>`: nil,
	} {
		got, err := parseSSML(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{`<speak>`, `<speak><break time="1h"/></speak>`, `<speak><prosody rate="quick">x</prosody></speak>`, `<speak><prosody pitch="NaN">x</prosody></speak>`, `<speak><audio src="x"/></speak>`, `<speak>&nope;</speak>`} {
		_, err := parseSSML(text)
		require.Equal(t, "bad_ssml", fault.CodeOf(err), text)
	}
}

// Whatever is written, it is refused or spoken in bounds.
func FuzzSSML(f *testing.F) {
	f.Add(`<speak>One<break time="500ms"/><prosody rate="slow" pitch="+2st">two</prosody></speak>`)
	f.Add(`<speak></p></speak>`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseSSML(text)
		if err != nil {
			require.Equal(t, "bad_ssml", fault.CodeOf(err))
			return
		}
		for _, s := range got {
			if s.pause == 0 && (s.text == "" || s.rate < 0.5 || s.rate > 2 || math.Abs(s.pitch) > 12 || math.IsNaN(s.pitch) || math.IsNaN(s.rate)) || s.pause > longestPause || s.pause < 0 {
				t.Fatalf("%q: %+v", text, s)
			}
		}
	})
}

// A sound that is played faster is higher and shorter.
func TestStretch(t *testing.T) {
	const rate = 16000
	in := make([]int16, rate)
	for i := range in {
		in[i] = int16(10000 * math.Sin(2*math.Pi*440*float64(i)/rate))
	}
	for _, factor := range []float64{0.7, 1.5} {
		out := stretch(in, factor)
		require.InDelta(t, float64(len(in))/factor, len(out), 1)
		crossings := 0
		for i := 1; i < len(out); i++ {
			if out[i-1] < 0 && out[i] >= 0 {
				crossings++
			}
		}
		require.InDelta(t, 440, crossings, 2, "as many waves, in another time")
	}
}
