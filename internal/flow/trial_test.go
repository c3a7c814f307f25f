package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

func TestATrialShowsWhichNodesItGoesThrough(t *testing.T) {
	all, err := Builtin()
	require.NoError(t, err)
	d := all["appointment"]
	trial := Trial{Lang: "fr", Began: wednesday(), Said: []string{"un devis le 24 novembre à 15 heures", "oui", "Marie Dupont", "06 12 34 56 78", "oui", "encore là ?"}}
	turns, err := Try(d, trial)
	require.NoError(t, err)
	require.Len(t, turns, 6, "words after the end are not heard")
	require.Equal(t, []string{"welcome", "service"}, turns[0].Nodes)
	require.Equal(t, "service", turns[0].Node)
	require.Equal(t, "right", turns[1].Node)
	require.Equal(t, map[string]string{"service": "estimate", "date": "2026-11-24", "time": "15:00"}, turns[1].Slots)
	last := turns[5]
	require.Equal(t, []string{"book", "done"}, last.Nodes)
	require.True(t, last.Ended)
	require.Equal(t, []TrialCall{{Tool: "book_appointment", Outcome: "ok", Arguments: map[string]string{"service": "estimate", "date": "2026-11-24", "time": "15:00", "name": "Marie Dupont", "phone": "0612345678"}}}, last.Calls)
	require.Contains(t, last.Agent, "mardi vingt-quatre novembre à quinze heures")

	trial.Outcomes = map[string]string{"book_appointment": "taken"}
	turns, err = Try(d, trial)
	require.NoError(t, err)
	require.Equal(t, "other", turns[5].Node)
	require.False(t, turns[5].Ended)
	trial.Outcomes = map[string]string{"book_appointment": "failed"}
	turns, err = Try(d, trial)
	require.NoError(t, err)
	require.Equal(t, []string{"book", "failed"}, turns[5].Nodes)

	_, err = Try(d, Trial{Lang: "de"})
	require.Equal(t, "unsupported_language", fault.CodeOf(err))
	_, err = Try(Reception(), Trial{Lang: "fr"})
	require.Equal(t, "bad_flow", fault.CodeOf(err))
	_, err = Try(d, Trial{Lang: "fr", Said: make([]string, MaxTrialTurns+1)})
	require.Equal(t, "trial_too_long", fault.CodeOf(err))
	turns, err = Try(d, Trial{Lang: "fr", Said: []string{"", "", "", "", strings.Repeat("x", 9000)}})
	require.NoError(t, err)
	require.True(t, turns[len(turns)-1].Ended, "who keeps silent is left")
}

// A tool that leads back to itself ends like anything else.
func TestAToolInACircleEndsATrial(t *testing.T) {
	d := custom(t, survey)
	d.Nodes = []Node{{ID: "a", Kind: Call, Tool: "x"}, {ID: "b", Kind: End, Say: Wordings{"en": {"Bye."}}}}
	d.Edges = []Edge{{From: "a", To: "a", On: "ok"}, {From: "a", To: "b", On: "failed"}}
	d.Start, d.Languages, d.Questions = "a", []string{"en"}, nil
	require.Empty(t, d.Validate())
	_, err := Try(d, Trial{Lang: "en"})
	require.Equal(t, "trial_too_long", fault.CodeOf(err))
}

// "Tomorrow" is the day after the call began, in the flow's own zone, also when the call goes on past midnight.
func TestDaysCountFromTheBeginningOfACall(t *testing.T) {
	all, err := Builtin()
	require.NoError(t, err)
	d := all["appointment"]
	d.Company, d.Zone = false, "Pacific/Auckland" // 13 hours before
	m, err := NewCustom(d, "en", nil)
	require.NoError(t, err)
	began := time.Date(2026, 11, 24, 10, 59, 0, 0, time.UTC) // 23:59 there
	_, slots := m.(llm.Tracer).Trace(llm.Request{Began: began, Messages: user("a class", "yes", "tomorrow")})
	require.Equal(t, "2026-11-25", slots["date"])
	_, slots = m.(llm.Tracer).Trace(llm.Request{Began: began.Add(2 * time.Minute), Messages: user("a class", "yes", "tomorrow")})
	require.Equal(t, "2026-11-26", slots["date"])
	d.Zone = "Mars/Olympus"
	require.Equal(t, "bad_zone", d.Validate()[0].Code)
}

// What an English caller is likely to say to a question of a flow is in the grammar that the recogniser gets, and is understood.
func TestDaysAndTimesAreExpected(t *testing.T) {
	all, err := packs()
	require.NoError(t, err)
	p := all["en"]
	for wording, want := range map[string]string{"tuesday": "2026-03-10", "tomorrow": "2026-03-05", "on friday": "2026-03-06", "the tenth of march": "2026-03-10", "march the twenty first": "2026-03-21", "monday next week": "2026-03-09"} {
		require.True(t, p.accepts(slotDate, wording), wording)
		_, slots := named(t, "appointment", "en").(llm.Tracer).Trace(llm.Request{Messages: user("a class", "yes", wording)})
		require.Equal(t, want, slots["date"], wording)
	}
	for wording, want := range map[string]string{"half past three": "15:30", "three o'clock": "15:00", "at ten thirty in the morning": "10:30", "quarter to eleven": "10:45", "at four p m": "16:00", "noon": "12:00"} {
		require.True(t, p.accepts(slotTime, wording), wording)
		_, slots := named(t, "appointment", "en").(llm.Tracer).Trace(llm.Request{Messages: user("a class", "yes", "tuesday", wording)})
		require.Equal(t, want, slots["time"], wording)
	}
	g := named(t, "appointment", "en").(llm.Expecter)
	_, grammar := g.Expect(llm.Request{Messages: user("a class", "yes")})
	require.Contains(t, grammar, "november")
	_, grammar = g.Expect(llm.Request{Messages: user("a class", "yes", "tuesday")})
	require.Contains(t, grammar, "half past")
}
