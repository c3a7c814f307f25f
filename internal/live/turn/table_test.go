package turn

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/provider/pocketsphinx"
)

var (
	tables   = flag.Bool("turns", false, "print the tables of docs/quality.md")
	seedFlag = flag.Uint64("turns-seed", 1, "seed of the tables: which sentences, pauses and noises")
)

// contender is a row of the table.
type contender struct {
	name string
	set  Settings
	ears func(c *call, pcm []int16) recogniser
	slow bool // only in quiet
}

func hears(c *call, _ []int16) recogniser {
	r := &ideal{}
	for _, s := range c.spells {
		r.all = append(r.all, s.words...)
	}
	return r
}

func hearsNothing(*call, []int16) recogniser { return deaf{} }

// enders are the policies compared on the ends of turns.
func enders(lang string) []contender {
	fixed := func(pause time.Duration, merge time.Duration) Settings {
		s := Defaults()
		s.Lang, s.Silence, s.Merge = lang, pause, merge
		return s
	}
	words := func(e Eagerness) Settings {
		s := fixed(0, DefaultMerge)
		s.Kind, s.Eagerness = SemanticVAD, e
		return s
	}
	return []contender{
		{name: "pause 500 ms", set: fixed(500*time.Millisecond, 0), ears: hears},
		{name: "pause 500 ms, joined", set: fixed(500*time.Millisecond, DefaultMerge), ears: hears},
		{name: "pause 700 ms, joined", set: fixed(700*time.Millisecond, DefaultMerge), ears: hears},
		{name: "pause 1200 ms, joined", set: fixed(1200*time.Millisecond, DefaultMerge), ears: hears},
		{name: "semantic, no words", set: words(EagernessAuto), ears: hearsNothing},
		{name: "semantic, high", set: words(EagernessHigh), ears: hears},
		{name: "semantic, auto", set: words(EagernessAuto), ears: hears},
		{name: "semantic, low", set: words(EagernessLow), ears: hears},
	}
}

// ends is what became of a caller's turns.
type ends struct {
	turns, cut, joined, missed int
	delay                      []float64 // ms from the end of the last sound to the end of the turn
}

func (e *ends) add(o ends) {
	e.turns, e.cut, e.joined, e.missed = e.turns+o.turns, e.cut+o.cut, e.joined+o.joined, e.missed+o.missed
	e.delay = append(e.delay, o.delay...)
}

// judge counts what a policy did with the turns of a call, by kind.
func judgeEnds(c *call, log []happened) map[string]*ends {
	out := map[string]*ends{}
	for i, s := range c.spells {
		next := time.Duration(1 << 62)
		if i+1 < len(c.spells) {
			next = c.spells[i+1].from - 200*time.Millisecond
		}
		e := out[s.kind]
		if e == nil {
			e = &ends{}
			out[s.kind] = e
		}
		e.turns++
		early, reopened, last := 0, 0, time.Duration(0)
		for _, h := range log {
			switch {
			case h.at < s.from || h.at >= next:
			case h.act == End && h.at < s.to:
				early++
			case h.act == End:
				last = h.at
			case h.act == Reopen && h.on < s.to:
				reopened++
			}
		}
		switch {
		case early > 0 && reopened >= early:
			e.joined++
		case early > 0:
			e.cut++
		}
		if last == 0 {
			e.missed++
			continue
		}
		e.delay = append(e.delay, float64((last-s.to)/time.Millisecond))
	}
	return out
}

func playEnds(c *call, pcm []int16, edges []noted, k contender) map[string]*ends {
	asked := func(now time.Duration) Asked {
		for _, s := range c.spells {
			if now < s.to+2*time.Second {
				return Asked{Kind: s.asked}
			}
		}
		return Asked{}
	}
	p := &player{p: New(k.set), ears: k.ears(c, pcm), edges: edges, asked: asked}
	return judgeEnds(c, p.run(media.Mono(soundRate).Duration(len(pcm))))
}

func total(m map[string]*ends) (all ends) {
	for _, e := range m {
		all.add(*e)
	}
	return all
}

func median(x []float64) float64 { return quantile(x, .5) }

func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return -1
	}
	s := slices.Sorted(slices.Values(x))
	return s[int(q*float64(len(s)-1))]
}

func percent(n, of int) string { return fmt.Sprintf("%.0f %%", 100*float64(n)/float64(max(of, 1))) }

// realEars is the offline recogniser in free dictation, nil where it is not installed.
func realEars(t *testing.T) func(c *call, pcm []int16) recogniser {
	m, err := pocketsphinx.Provider().STT(context.Background(), nil)
	if err != nil {
		t.Logf("no row with a real recogniser: %v", err)
		return nil
	}
	if c, ok := m.(interface{ Close() error }); ok {
		t.Cleanup(func() { _ = c.Close() })
	}
	return func(_ *call, pcm []int16) recogniser { return newDictation(t, m, pcm) }
}

var conditions = []string{"quiet", "white 20", "pink 10"}

var kindsOfTurn = []string{"sentence", "sentence with a pause", "telephone number", "day", "short answer"}

// TestTurnTable prints the tables of docs/quality.md.
func TestTurnTable(t *testing.T) {
	if !*tables {
		t.Skip("prints tables; run it with -turns")
	}
	for _, lang := range []string{"en", "fr", "es"} {
		c := callerTurns(t, lang, 30, *seedFlag)
		list := enders(lang)
		if lang == "en" {
			if ears := realEars(t); ears != nil {
				real := list[6]
				real.name, real.ears, real.slow = "semantic, auto, dictation", ears, true
				list = append(list, real)
			}
		}
		fmt.Printf("\n### The end of a turn: %s, %d turns, %.0f s\n\n", lang, len(c.spells), float64(len(c.pcm))/soundRate)
		fmt.Printf("| Cut off / joined / median delay / 90 %%, ms | %s |\n|---|%s\n", strings.Join(conditions, " | "), strings.Repeat("---|", len(conditions)))
		byKind := map[string]map[string]*ends{}
		rows := make([]string, len(list))
		for _, condition := range conditions {
			pcm := c.in(t, condition, *seedFlag)
			edges := listen(t, pcm)
			for i, k := range list {
				if k.slow && condition != "quiet" {
					rows[i] += " |"
					continue
				}
				got := playEnds(c, pcm, edges, k)
				if condition == "quiet" {
					byKind[k.name] = got
				}
				all := total(got)
				cell := fmt.Sprintf(" %s / %s / %.0f / %.0f", percent(all.cut, all.turns), percent(all.joined, all.turns), median(all.delay), quantile(all.delay, .9))
				if all.missed > 0 {
					cell += fmt.Sprintf(", %d never", all.missed)
				}
				rows[i] += cell + " |"
			}
		}
		for i, k := range list {
			fmt.Printf("| %s |%s\n", k.name, rows[i])
		}
		fmt.Printf("\n| In quiet: cut off / joined / median delay, ms | %s |\n|---|%s\n", strings.Join(kindsOfTurn, " | "), strings.Repeat("---|", len(kindsOfTurn)))
		for _, k := range list {
			fmt.Printf("| %s |", k.name)
			for _, kind := range kindsOfTurn {
				e := byKind[k.name][kind]
				fmt.Printf(" %d / %d of %d / %.0f |", e.cut, e.joined, e.turns, median(e.delay))
			}
			fmt.Println()
		}
	}
	overTable(t)
}

// overs is what became of the sounds over the agent's speech, of one kind.
type overs struct {
	n, held, cut  int
	hold, confirm []float64 // ms after the onset
}

// playOver plays a call whose caller makes sounds while the agent speaks. Before each of them the agent begins to speak for ten seconds.
func playOver(c *call, pcm []int16, edges []noted, k contender) map[string]*overs {
	speaks := func(now time.Duration) (Agent, bool) {
		for _, s := range c.spells {
			if now >= s.from-time.Second && now < s.from-990*time.Millisecond {
				return Agent{Speaking: true, Left: 10 * time.Second}, true
			}
		}
		return Agent{}, false
	}
	p := &player{p: New(k.set), ears: k.ears(c, pcm), edges: edges, asked: func(time.Duration) Asked { return Asked{} }, speaks: speaks}
	log := p.run(media.Mono(soundRate).Duration(len(pcm)))
	out := map[string]*overs{}
	for i, s := range c.spells {
		next := time.Duration(1 << 62)
		if i+1 < len(c.spells) {
			next = c.spells[i+1].from - 200*time.Millisecond
		}
		o := out[s.kind]
		if o == nil {
			o = &overs{}
			out[s.kind] = o
		}
		o.n++
		held, cut := false, false
		for _, h := range log {
			switch {
			case h.at < s.from || h.at >= next:
			case h.act == Hold && !held:
				held = true
				o.held++
				o.hold = append(o.hold, float64((h.at-s.from)/time.Millisecond))
			case h.act == Interrupt && !cut:
				cut = true
				o.cut++
				o.confirm = append(o.confirm, float64((h.at-s.from)/time.Millisecond))
			}
		}
	}
	return out
}

// cutters are the policies compared on speech over the agent.
func cutters(lang string) []contender {
	level := func(s Sensitivity) Settings {
		set := Defaults()
		set.Lang, set.Kind, set.Silence, set.Sensitivity = lang, SemanticVAD, 0, s
		return set
	}
	return []contender{
		{name: "low", set: level(SensitivityLow), ears: hears},
		{name: "medium", set: level(SensitivityMedium), ears: hears},
		{name: "medium, no words", set: level(SensitivityMedium), ears: hearsNothing},
		{name: "high", set: level(SensitivityHigh), ears: hears},
	}
}

var soundsOver = []string{"thanks", "yes", "cough", "click", "breath", "bang", "key", "music"}

func overTable(t *testing.T) {
	const each = 12
	for _, lang := range []string{"en", "fr", "es"} {
		c := speechOver(t, lang, each, *seedFlag)
		list := cutters(lang)
		if lang == "en" {
			if ears := realEars(t); ears != nil {
				real := list[1]
				real.name, real.ears, real.slow = "medium, dictation", ears, true
				list = append(list, real)
			}
		}
		for _, condition := range []string{"quiet", "white 20", "white 10"} {
			pcm := c.in(t, condition, *seedFlag)
			edges := listen(t, pcm)
			fmt.Printf("\n### Over the agent: %s, %s, %d of each\n\n| Sensitivity | missed | hold, ms | confirm, ms: median / 90 %% | cut by no turn | %s |\n|---|---|---|---|---|%s\n",
				lang, condition, each, strings.Join(soundsOver, " | "), strings.Repeat("---|", len(soundsOver)))
			for i, k := range list {
				if k.slow && condition != "quiet" {
					continue
				}
				got := playOver(c, pcm, edges, k)
				if i == 0 {
					n, sum, cells := 0, 0, ""
					for _, s := range soundsOver {
						n, sum = n+got[s].n, sum+got[s].held
						cells += fmt.Sprintf(" %d |", got[s].held)
					}
					in := got["interruption"]
					fmt.Printf("| (any voice) | %d | | %.0f / %.0f | %s |%s\n", in.n-in.held, median(in.hold), quantile(in.hold, .9), percent(sum, n), cells)
				}
				n, sum, cells := 0, 0, ""
				for _, s := range soundsOver {
					n, sum = n+got[s].n, sum+got[s].cut
					cells += fmt.Sprintf(" %d |", got[s].cut)
				}
				in := got["interruption"]
				fmt.Printf("| %s | %d | %.0f | %.0f / %.0f | %s |%s\n", k.name, in.n-in.cut, median(in.hold), median(in.confirm), quantile(in.confirm, .9), percent(sum, n), cells)
			}
		}
	}
	if len(mediatest.Prompts("en")) == 0 {
		t.Fatal("no prompts")
	}
}
