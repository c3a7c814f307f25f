package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func in(lang string) Settings {
	s := Defaults()
	s.Lang = lang
	return s
}

func TestBarge(t *testing.T) {
	speaking := Agent{Speaking: true, Left: 5 * time.Second}
	low, high, keep := in("en"), in("en"), in("en")
	low.Sensitivity, high.Sensitivity, keep.KeepThinking = SensitivityLow, SensitivityHigh, true
	on := Voice{On: true, At: 0, Pos: 100 * ms} // found 100 ms after its onset, at 100 ms
	for name, c := range map[string]struct {
		set  Settings
		puts []put
	}{
		"a cough is let go": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 60 * ms, s: Suspicion{On: true}, act: Duck},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 400 * ms, s: Voice{At: 300 * ms, Pos: 400 * ms}, wake: 750 * ms},
			{at: 750 * ms, s: Tick{}, act: Resume},
		}},
		"a click only ducks": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 60 * ms, s: Suspicion{On: true}, act: Duck},
			{at: 140 * ms, s: Suspicion{}, act: Unduck},
		}},
		"speech that lasts is confirmed": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 700 * ms, s: Tick{}, act: Interrupt, wake: 30700 * ms},
			{at: 1100 * ms, s: Voice{At: 1000 * ms, Pos: 1100 * ms}, wake: 1500 * ms},
			{at: 1500 * ms, s: Tick{}, act: End, actAt: 1500 * ms},
		}},
		"a command confirms at once": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 250 * ms, s: Words{Text: "wait"}, act: Interrupt, wake: 30250 * ms},
		}},
		"words confirm after a moment": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 250 * ms, s: Words{Text: "what about"}, wake: 350 * ms},
			{at: 350 * ms, s: Tick{}, act: Interrupt, wake: 30350 * ms},
		}},
		"a back-channel is let go": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 300 * ms, s: Words{Text: "mm hm"}, wake: 1500 * ms},
			{at: 500 * ms, s: Voice{At: 400 * ms, Pos: 500 * ms}, wake: 850 * ms},
			{at: 850 * ms, s: Tick{}, act: Resume},
		}},
		"so is one in French": {in("fr-FR"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 300 * ms, s: Words{Text: "Oui, d’accord.", Final: true}, act: Resume},
		}},
		"and one in Spanish": {in("es"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 300 * ms, s: Words{Text: "vale", Final: true}, act: Resume},
		}},
		"at the end of a question it is an answer": {in("en"), []put{
			{at: 0, s: Agent{Speaking: true, Left: 300 * ms}},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 300 * ms, s: Words{Text: "yes"}, act: Interrupt, wake: 30300 * ms},
		}},
		"our own echo is let go": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 160 * ms, s: Echo{}, act: Resume},
			{at: 900 * ms, s: Voice{At: 800 * ms, Pos: 900 * ms}},
		}},
		"a noisy place takes more": {low, []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 1400 * ms},
			{at: 900 * ms, s: Voice{At: 800 * ms, Pos: 900 * ms}, wake: 1400 * ms},
			{at: 1400 * ms, s: Tick{}, act: Resume},
		}},
		"a quick agent takes less": {high, []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 300 * ms},
			{at: 300 * ms, s: Tick{}, act: Interrupt, wake: 30300 * ms},
		}},
		"thinking may be kept": {keep, []put{
			{at: 0, s: Agent{Thinking: true}},
			{at: 100 * ms, s: on, act: Start, wake: 30100 * ms},
		}},
		"a protected segment is not held": {in("en"), []put{
			{at: 0, s: Agent{Speaking: true, Protected: true}},
			{at: 60 * ms, s: Suspicion{On: true}},
			{at: 100 * ms, s: on, act: Start, wake: 30100 * ms},
		}},
		"sound without words is rather music where the recogniser has words": {in("en"), []put{
			{at: 0, s: Words{Text: "hello"}},
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 2100 * ms},
			{at: 1900 * ms, s: Voice{At: 1800 * ms, Pos: 1900 * ms}, wake: 2250 * ms},
			{at: 2250 * ms, s: Tick{}, act: Resume},
		}},
		"one word may be noise": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 250 * ms, s: Words{Text: "hats"}, wake: 500 * ms},
			{at: 350 * ms, s: Voice{At: 250 * ms, Pos: 350 * ms}, wake: 700 * ms},
			{at: 700 * ms, s: Tick{}, act: Resume},
		}},
		"a word that takes its time is one": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 250 * ms, s: Words{Text: "tuesday"}, wake: 500 * ms},
			{at: 550 * ms, s: Voice{At: 450 * ms, Pos: 550 * ms}, act: Interrupt, wake: 950 * ms},
		}},
		"the beginning of a back-channel": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 250 * ms, s: Words{Text: "thank"}, wake: 2100 * ms},
			{at: 400 * ms, s: Words{Text: "thank you"}, wake: 1500 * ms},
			{at: 900 * ms, s: Voice{At: 800 * ms, Pos: 900 * ms}, wake: 1250 * ms},
			{at: 1250 * ms, s: Tick{}, act: Resume},
		}},
		"an agent that ended while held leaves the turn to the caller": {in("en"), []put{
			{at: 0, s: speaking},
			{at: 100 * ms, s: on, act: Hold, wake: 700 * ms},
			{at: 200 * ms, s: Agent{}, act: Interrupt, wake: 30200 * ms},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t0 := time.Unix(1000, 0)
			p := New(c.set)
			for i, u := range c.puts {
				d := p.Observe(t0.Add(u.at), u.s)
				require.Equal(t, u.act, d.Act, "act of signal %d", i)
				if u.act == End {
					require.Equal(t, u.actAt, d.At, "position of signal %d", i)
				}
				if u.wake == 0 {
					require.True(t, d.Wake.IsZero(), "no wake after signal %d, got %v", i, d.Wake.Sub(t0))
				} else {
					require.Equal(t, u.wake, d.Wake.Sub(t0), "wake of signal %d", i)
				}
			}
		})
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       said
	}{
		{"en", "", saidNothing}, {"en", "um", saidNothing}, {"en", "Yeah, okay.", saidBackchannel}, {"en", "um yes", saidBackchannel},
		{"en", "stop", saidCommand}, {"en", "hold on a second", saidCommand}, {"en", "no, Tuesday", saidCommand}, {"en", "what time is it", saidSpeech}, {"en", "yes but tomorrow", saidSpeech},
		{"fr", "oui oui", saidBackchannel}, {"fr", "Attendez !", saidCommand}, {"fr", "euh", saidNothing}, {"fr", "je voudrais", saidSpeech}, {"fr", "excusez-moi", saidCommand},
		{"es", "sí, claro", saidBackchannel}, {"es", "espera un momento", saidCommand}, {"es", "quiero una cita", saidSpeech},
		{"de", "ja", saidSpeech},
	} {
		require.Equal(t, c.want, vocabularyOf(c.lang).judge(c.text), "%s: %q", c.lang, c.text)
	}
}
