package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func semanticIn(lang string) Settings {
	s := in(lang)
	s.Kind, s.Silence = SemanticVAD, 700*ms
	return s
}

// play puts signals and ticks at the asked times, and returns every act with when it came.
type acted struct {
	act Act
	at  time.Duration
}

type script struct {
	t    *testing.T
	p    Policy
	t0   time.Time
	wake time.Time
	acts []acted
}

func newScript(t *testing.T, s Settings) *script {
	return &script{t: t, p: New(s), t0: time.Unix(1000, 0)}
}

func (c *script) take(at time.Duration, d Decision, keep bool) Decision {
	if !keep || !d.Wake.IsZero() || d.Act != None {
		c.wake = d.Wake
	}
	if d.Act != None {
		c.acts = append(c.acts, acted{d.Act, at})
	}
	return d
}

// to lets time pass up to at.
func (c *script) to(at time.Duration) *script {
	for n := 0; !c.wake.IsZero() && c.wake.Before(c.t0.Add(at)); n++ {
		require.Less(c.t, n, 1000, "the policy wants to be woken without end")
		w := c.wake
		c.wake = time.Time{}
		c.take(w.Sub(c.t0), c.p.Observe(w, Tick{}), false)
	}
	return c
}

func (c *script) put(at time.Duration, s Signal) *script {
	c.to(at)
	for {
		_, keep := s.(Voice)
		if d := c.take(at, c.p.Observe(c.t0.Add(at), s), !keep); !d.Again {
			return c
		}
	}
}

// speak is a stretch of speech as the voice detector finds it: 100 ms late at both ends, and its words, known 250 ms after its end.
func (c *script) speak(from, to time.Duration, words string) *script {
	c.put(from+100*ms, Voice{On: true, At: from, Pos: from + 100*ms})
	c.put(to+100*ms, Voice{At: to, Pos: to + 100*ms})
	if words != "" {
		c.put(to+250*ms, Words{Text: words})
	}
	return c
}

func TestPauseDependsOnTheWords(t *testing.T) {
	for _, c := range []struct {
		lang  string
		asked Kind
		words string
		pause time.Duration
	}{
		{"en", KindNone, "", 700 * ms}, {"en", KindNone, "the blue one", 700 * ms},
		{"en", KindNone, "what are your opening hours", 330 * ms}, {"en", KindNone, "I'd like to cancel my order", 500 * ms},
		{"en", KindNone, "I'd like to book a table and", 1600 * ms}, {"en", KindNone, "I would like um", 1600 * ms}, {"en", KindNone, "it is a four seven", 1050 * ms},
		{"en", KindYesNo, "yes", 330 * ms}, {"en", KindPhone, "five five five", 3500 * ms}, {"en", KindPhone, "555 012 3456", 330 * ms},
		{"fr", KindNone, "quels sont vos horaires", 330 * ms}, {"fr", KindNone, "je voudrais annuler ma commande", 500 * ms},
		{"fr", KindNone, "je voudrais réserver parce que", 1600 * ms}, {"fr", KindNone, "euh", 1600 * ms},
		{"fr", KindYesNo, "oui", 330 * ms}, {"fr", KindPhone, "zéro six douze", 3500 * ms}, {"fr", KindPhone, "06 12 34 56 78", 330 * ms},
		{"fr", KindEmail, "marie arobase", 3500 * ms}, {"fr", KindDate, "le douze mai", 330 * ms},
		{"es", KindNone, "¿a qué hora abren?", 330 * ms}, {"es", KindNone, "quiero cancelar mi pedido", 500 * ms},
		{"es", KindNone, "quiero una mesa para", 1600 * ms}, {"es", KindNone, "pues", 1600 * ms},
		{"es", KindYesNo, "sí", 330 * ms}, {"es", KindPhone, "seis doce", 3500 * ms}, {"es", KindPhone, "612345678", 330 * ms}, {"es", KindDate, "el cinco de mayo", 330 * ms},
	} {
		s := newScript(t, semanticIn(c.lang))
		s.put(0, Asked{Kind: c.asked})
		s.speak(0, time.Second, c.words).to(20 * time.Second)
		require.Equal(t, []acted{{Start, 100 * ms}, {End, time.Second + c.pause}}, s.acts, "%s: %q", c.lang, c.words)
	}
}

func TestEagernessBoundsEveryPause(t *testing.T) {
	for e, longest := range map[Eagerness]time.Duration{EagernessLow: 4 * time.Second, EagernessAuto: 3500 * ms, EagernessHigh: 2 * time.Second} {
		set := semanticIn("fr")
		set.Silence, set.Eagerness = 0, e
		s := newScript(t, set)
		s.put(0, Asked{Kind: KindPhone})
		s.speak(0, time.Second, "zéro six").to(20 * time.Second)
		require.Equal(t, acted{End, time.Second + longest}, s.acts[1], e)
	}
	set := semanticIn("fr")
	set.MaxPause = 900 * ms
	s := newScript(t, set).speak(0, time.Second, "et").to(20 * time.Second)
	require.Equal(t, acted{End, 1900 * ms}, s.acts[1])
}

func TestGroupsOfANumberAreOneTurn(t *testing.T) {
	s := newScript(t, semanticIn("fr"))
	s.put(0, Asked{Kind: KindPhone})
	s.speak(0, time.Second, "zéro six douze")
	s.speak(3*time.Second, 4*time.Second, "zéro six douze trente-quatre")
	s.speak(7*time.Second, 8*time.Second, "zéro six douze trente-quatre cinquante-six soixante-dix-huit")
	s.to(20 * time.Second)
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 8330 * ms}}, s.acts)
}

func TestWordsOfLongAgoSayNothing(t *testing.T) {
	s := newScript(t, semanticIn("en"))
	s.put(100*ms, Voice{On: true, At: 0, Pos: 100 * ms})
	s.put(600*ms, Words{Text: "what are your opening hours"})
	s.put(1100*ms, Voice{At: 1000 * ms, Pos: 1100 * ms})
	s.put(1200*ms, Voice{On: true, At: 1150 * ms, Pos: 1250 * ms})
	s.put(2200*ms, Voice{At: 2150 * ms, Pos: 2250 * ms})
	s.to(20 * time.Second)
	require.Equal(t, acted{End, 2800 * ms}, s.acts[1], "a second of speech without a word: the pause for nothing known")
}

func TestThePauseIsLearnt(t *testing.T) {
	slow := func(pause time.Duration) []acted {
		s := newScript(t, semanticIn("en"))
		at := time.Duration(0)
		for range 6 { // turns of three stretches
			for range 3 {
				s.speak(at, at+time.Second, "")
				at += time.Second + pause
			}
			at += 4 * time.Second
		}
		n := len(s.to(at).acts)
		s.speak(at, at+time.Second, "").to(at + 20*time.Second)
		out := s.acts[n+1:]
		for i := range out {
			out[i].at -= at + time.Second
		}
		return out
	}
	long, short := slow(650*ms), slow(250*ms)
	require.Equal(t, End, long[0].act)
	require.Greater(t, long[0].at, 760*ms, "a caller who pauses for 650 ms is given more time")
	require.Less(t, long[0].at, 1000*ms)
	require.Less(t, short[0].at, 600*ms, "one who pauses for 250 ms is answered sooner")
	require.GreaterOrEqual(t, short[0].at, 525*ms)
}

// The voice detector needs 100 ms for an onset; its first frames are enough to wait for it.
func TestTheFirstSignsOfSpeechHoldTheEndBack(t *testing.T) {
	speech := func(then ...Signal) *script {
		s := newScript(t, in("en")).speak(0, time.Second, "")
		for i, u := range then {
			s.put(1480*ms+time.Duration(i)*60*ms, u)
		}
		return s.to(5 * time.Second)
	}
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 1500 * ms}}, speech().acts)
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 1540 * ms}}, speech(Suspicion{On: true}, Suspicion{}).acts, "it was nothing")
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 1640 * ms}}, speech(Suspicion{On: true}).acts, "and not for ever")
	require.Equal(t, []acted{{Start, 100 * ms}}, speech(Suspicion{On: true}, Voice{On: true, At: 1440 * ms, Pos: 1540 * ms}).acts)
}

func TestOnePauseChangesLittle(t *testing.T) {
	var h habit
	require.Equal(t, 700*ms, h.fit(700*ms, 500*ms, 1400*ms))
	h.wentOn(2 * time.Second)
	require.Less(t, h.fit(700*ms, 500*ms, 1400*ms), 1100*ms)
	h.wentOn(20 * ms) // inside a word
	require.Equal(t, 1, h.n)
	for range 100 {
		h.wentOn(2 * time.Second)
	}
	require.Equal(t, 1400*ms, h.fit(700*ms, 500*ms, 1400*ms), "bounded")
}

func TestSlowRecogniser(t *testing.T) {
	s := newScript(t, semanticIn("en"))
	at := time.Duration(0)
	for range 4 { // its last words come 450 ms after speech
		s.put(at+100*ms, Voice{On: true, At: at, Pos: at + 100*ms})
		s.put(at+900*ms, Words{Text: "what are your opening hours"})
		s.put(at+1100*ms, Voice{At: at + time.Second, Pos: at + 1100*ms})
		s.to(at + 1450*ms)
		if s.acts[len(s.acts)-1].act == End {
			s.put(at+1450*ms, Words{Text: "what are your opening hours on the", Final: true})
		} else {
			s.put(at+1450*ms, Words{Text: "what are your opening hours on the"})
		}
		s.put(at+1800*ms, Voice{On: true, At: at + 1700*ms, Pos: at + 1800*ms})
		s.put(at+2800*ms, Voice{At: at + 2700*ms, Pos: at + 2800*ms})
		s.put(at+3150*ms, Words{Text: "what are your opening hours on the last Sunday of May"})
		at += 10 * time.Second
	}
	s.to(at)
	var ends []time.Duration
	for _, a := range s.acts {
		if a.act == End {
			ends = append(ends, a.at%(10*time.Second))
		}
	}
	// It is fooled at first: the words seemed to be all. Then it waits for what the recogniser may still have.
	require.Equal(t, 1300*ms, ends[0])
	for _, e := range ends[3:] {
		require.Greater(t, e, 2700*ms)
	}
}

func TestARecogniserThatKnowsASentence(t *testing.T) {
	s := newScript(t, semanticIn("en"))
	s.put(100*ms, Voice{On: true, At: 0, Pos: 100 * ms})
	s.put(900*ms, Words{Text: "extension four", Whole: true})
	s.put(1100*ms, Voice{At: 1000 * ms, Pos: 1100 * ms})
	s.to(10 * time.Second)
	require.Equal(t, acted{End, 1300 * ms}, s.acts[1])
}

func TestPrepare(t *testing.T) {
	set := semanticIn("en")
	set.Prepare = 2
	s := newScript(t, set)
	s.put(100*ms, Voice{On: true, At: 0, Pos: 100 * ms})
	s.put(950*ms, Words{Text: "I want to cancel my order"})
	s.put(1100*ms, Voice{At: 1000 * ms, Pos: 1100 * ms})
	s.put(1190*ms, Words{Text: "I want to cancel my order"})
	s.put(1500*ms, Voice{On: true, At: 1400 * ms, Pos: 1500 * ms})
	s.put(2000*ms, Words{Text: "I want to cancel my order"})
	s.put(2050*ms, Voice{At: 1950 * ms, Pos: 2050 * ms})
	s.to(2300*ms).put(2300*ms, Voice{On: true, At: 2200 * ms, Pos: 2300 * ms})
	s.put(2900*ms, Words{Text: "I want to cancel my order of yesterday"})
	s.put(3000*ms, Voice{At: 2900 * ms, Pos: 3000 * ms})
	s.put(3200*ms, Voice{On: true, At: 3100 * ms, Pos: 3200 * ms})
	s.put(3900*ms, Words{Text: "I want to cancel my order of yesterday evening"})
	s.put(4000*ms, Voice{At: 3900 * ms, Pos: 4000 * ms})
	s.to(10 * time.Second)
	require.Equal(t, []acted{{Start, 100 * ms}, {Prepare, 1180 * ms}, {Prepare, 3080 * ms}, {End, 4414 * ms}}, rounded(s.acts), "not again for the same words, and not a third time")

	set.Kind = ServerVAD
	set.Silence = 500 * ms
	s = newScript(t, set).speak(0, time.Second, "what are your opening hours").to(10 * time.Second)
	require.Equal(t, []acted{{Start, 100 * ms}, {Prepare, 1250 * ms}, {End, 1500 * ms}}, s.acts, "a fixed pause leaves time to think as well")
	s = newScript(t, set).speak(0, time.Second, "what are").to(10 * time.Second)
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 1500 * ms}}, s.acts)
}

func rounded(a []acted) []acted {
	for i := range a {
		a[i].at = a[i].at.Truncate(ms)
	}
	return a
}

func TestMerge(t *testing.T) {
	merging := semanticIn("en")
	merging.Merge = DefaultMerge
	keep := merging
	keep.KeepThinking = true
	asks := merging
	asks.CreateResponse = false
	thinking, speaking := Agent{Thinking: true}, Agent{Speaking: true, Left: 5 * time.Second}
	// The turn ends at 1330; the caller goes on at 1600, which is found at 1700.
	start := func(set Settings) *script {
		return newScript(t, set).speak(0, time.Second, "what are your hours").to(1400 * ms)
	}
	goOn := Voice{On: true, At: 1600 * ms, Pos: 1700 * ms}
	for name, c := range map[string]struct {
		s    *script
		acts []acted
	}{
		"nobody thinks yet: at once": {start(merging).put(1700*ms, goOn), []acted{{Reopen, 1700 * ms}}},
		"thinking is held, and taken back on evidence": {start(merging).put(1500*ms, thinking).put(1700*ms, goOn).put(2000*ms, Words{Text: "on Sunday"}),
			[]acted{{Hold, 1700 * ms}, {Reopen, 2000 * ms}}},
		"a cough costs nothing": {start(merging).put(1500*ms, thinking).put(1700*ms, goOn).put(1900*ms, Voice{At: 1800 * ms, Pos: 1900 * ms}).to(3 * time.Second),
			[]acted{{Hold, 1700 * ms}, {Resume, 2250 * ms}}},
		"thinking that may not be stopped is merged all the same": {start(keep).put(1500*ms, thinking).put(1700*ms, goOn).to(4 * time.Second),
			[]acted{{Hold, 1700 * ms}, {Reopen, 2066 * ms}}},
		"too late": {start(merging).put(2100*ms, Voice{On: true, At: 2000 * ms, Pos: 2100 * ms}), []acted{{Start, 2100 * ms}}},
		"the agent was heard": {start(merging).put(1500*ms, speaking).put(1700*ms, goOn).put(2000*ms, Words{Text: "on Sunday"}).to(2200 * ms),
			[]acted{{Hold, 1700 * ms}, {Interrupt, 2000 * ms}}},
		"no answer was made":    {start(asks).put(1700*ms, goOn), []acted{{Start, 1700 * ms}}},
		"the input was cleared": {func() *script { s := start(merging); s.p.Reset(); return s.put(1700*ms, goOn) }(), []acted{{Start, 1700 * ms}}},
		"nobody wants it":       {start(semanticIn("en")).put(1700*ms, goOn), []acted{{Start, 1700 * ms}}},
		"and merged once more":  {start(merging).put(1700*ms, goOn).put(2100*ms, Voice{At: 2000 * ms, Pos: 2100 * ms}).put(2250*ms, Words{Text: "on Sunday"}).to(3*time.Second).put(3*time.Second, Voice{On: true, At: 2900 * ms, Pos: 3 * time.Second}), []acted{{Reopen, 1700 * ms}, {End, 2330 * ms}, {Reopen, 3000 * ms}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []acted{{Start, 100 * ms}, {End, 1330 * ms}}, c.s.acts[:2])
			require.Equal(t, c.acts, rounded(c.s.acts[2:]))
		})
	}
}

// After a merge the words of both parts count.
func TestMergedWordsAreReadTogether(t *testing.T) {
	set := semanticIn("fr")
	set.Merge = DefaultMerge
	s := newScript(t, set)
	s.put(0, Asked{Kind: KindPhone})
	s.speak(0, time.Second, "zéro six douze trente-quatre")
	s.to(4600 * ms) // the wait of 3.5 s was not enough
	s.put(4600*ms, Words{Text: "06 12 34", Final: true})
	s.speak(4700*ms, 5700*ms, "cinquante-six soixante-dix-huit").to(20 * time.Second)
	require.Equal(t, []acted{{Start, 100 * ms}, {End, 4500 * ms}, {Reopen, 4800 * ms}, {End, 6030 * ms}}, s.acts)
}
