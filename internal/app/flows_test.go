package app

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/media/mediatest"
)

// flowOf is a small flow that can run.
func flowOf(name string) map[string]any {
	return map[string]any{"name": name, "languages": []string{"en"}, "start": "ask", "nodes": []map[string]any{
		{"id": "ask", "kind": "ask", "slot": "mark", "type": "number", "say": map[string]any{"en": []string{"How many points?"}}},
		{"id": "bye", "kind": "end", "say": map[string]any{"en": []string{"Thanks for {mark}."}}}}, "edges": []map[string]any{{"from": "ask", "to": "bye"}}}
}

// script is a flow as the API answers it.
type script struct {
	ID, Name, Source     string
	Nodes, Version, Live int
	Problems             int
	Tools, Agents        []string
	Findings             []struct{ Path, Node, Code string }
	Definition           map[string]any
	UpdatedBy            string `json:"updated_by"`
	Items                []script
	Turns                []struct {
		Caller, Agent, Node string
		Nodes               []string
		Slots               map[string]string
		Ended               bool
	}
}

// The life of a call flow over HTTP: copied from one of the product, changed, tried, used, and kept from harm.
func TestFlowsOverHTTP(t *testing.T) {
	s := launch(t, nil)
	var list script
	s.must(200, "GET", "/api/flows", nil, &list)
	var names []string
	for _, f := range list.Items {
		names = append(names, f.ID)
		require.Equal(t, []any{"builtin", 1, 0}, []any{f.Source, f.Live, f.Problems})
	}
	require.Equal(t, []string{"reception", "appointment", "support", "information"}, names)
	require.Equal(t, []string{"book_appointment"}, list.Items[1].Tools)
	require.Contains(t, s.must(409, "PUT", "/api/flows/appointment", map[string]any{"definition": flowOf("x")}, nil), "flow_is_builtin")
	require.Contains(t, s.must(409, "DELETE", "/api/flows/appointment", nil, nil), "flow_is_builtin")
	require.Contains(t, s.must(409, "POST", "/api/flows/reception/copy", map[string]any{}, nil), "flow_is_program")

	var f script
	s.must(201, "POST", "/api/flows/appointment/copy", map[string]any{}, &f)
	require.Equal(t, []any{"appointment (2)", "own", 1, 1, 13}, []any{f.Name, f.Source, f.Version, f.Live, f.Nodes})
	require.Empty(t, f.Findings)
	d, _ := json.Marshal(f.Definition)
	changed := json.RawMessage(strings.Replace(string(d), "Quel jour vous convient ?", "Quel jour voulez-vous venir ?", 1))
	s.must(200, "PUT", "/api/flows/"+f.ID, map[string]any{"definition": changed, "note": "plus poli"}, &f)
	require.Equal(t, []any{2, 2}, []any{f.Version, f.Live})
	s.must(200, "PUT", "/api/flows/"+f.ID, map[string]any{"definition": changed}, &f)
	require.Equal(t, 2, f.Version, "nothing was changed")
	var diff struct{ Items []struct{ Path string } }
	s.must(200, "GET", "/api/flows/"+f.ID+"/diff?from=1", nil, &diff)
	require.Equal(t, "nodes.day.say.fr", diff.Items[0].Path)
	require.Len(t, diff.Items, 1)

	var tried script
	s.must(200, "POST", "/api/flows/try", map[string]any{"flow": f.ID, "lang": "fr", "said": []string{"un devis", "oui"}}, &tried)
	require.Equal(t, "Quel jour voulez-vous venir ?", tried.Turns[2].Agent)
	require.Equal(t, []string{"day"}, tried.Turns[2].Nodes)

	// A version that cannot run is kept, and calls go on with the one before.
	var broken script
	s.must(200, "PUT", "/api/flows/"+f.ID, map[string]any{"definition": map[string]any{"name": "Half", "languages": []string{"fr"}, "start": "x", "nodes": []any{}, "edges": []any{}}}, &broken)
	require.Equal(t, []any{3, 2, "no_nodes"}, []any{broken.Version, broken.Live, broken.Findings[0].Code})
	var versions struct {
		Items []struct {
			Number               int
			Draft, Current, Live bool
			Note                 string
		}
	}
	s.must(200, "GET", "/api/flows/"+f.ID+"/versions", nil, &versions)
	require.Len(t, versions.Items, 3)
	require.True(t, versions.Items[0].Draft && versions.Items[0].Current && versions.Items[1].Live)
	require.Equal(t, "plus poli", versions.Items[1].Note)
	var made struct {
		Reference string
		Findings  []struct{ Field, Code string }
		Model     string
	}
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Desk", "language": "fr", "model": map[string]any{"flow": f.ID, "provider": "none"}}}, &made)
	require.Empty(t, made.Findings)
	require.Equal(t, "flow/appointment (2)", made.Model, "the version that calls use")
	require.Contains(t, s.must(409, "DELETE", "/api/flows/"+f.ID, nil, nil), "flow_used")
	s.must(200, "POST", "/api/flows/"+f.ID+"/rollback", map[string]any{"version": 2}, &f)
	require.Equal(t, []any{4, 4}, []any{f.Version, f.Live})
	require.Equal(t, []string{made.Reference}, f.Agents)

	// An agent with a flow that is not there, or is a draft, says so.
	for id, code := range map[string]string{"flow_000000000000": "flow_not_found", "nothing": "flow_not_found"} {
		s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "With " + id, "language": "fr", "model": map[string]any{"flow": id, "provider": "none"}}}, &made)
		require.Equal(t, []struct{ Field, Code string }{{"model.flow", code}}, made.Findings, id)
	}
	var draft script
	s.must(201, "POST", "/api/flows", map[string]any{"definition": flowOf("Points"), "draft": true}, &draft)
	require.Equal(t, 0, draft.Live)
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "With a draft", "language": "en", "model": map[string]any{"flow": draft.ID, "provider": "none"}}}, &made)
	require.Equal(t, []struct{ Field, Code string }{{"model.flow", "flow_is_draft"}}, made.Findings)
	s.must(200, "PUT", "/api/flows/"+draft.ID, map[string]any{"definition": flowOf("Points")}, &draft)
	require.Equal(t, []any{2, 2}, []any{draft.Version, draft.Live}, "the same, but to be used")
	s.must(200, "DELETE", "/api/agents/"+made.Reference, nil, nil)
}

// The appointment flow is gone through in three languages by whoever calls: it says the right date, and what was agreed is in the ledger.
func TestAppointmentsAreMadeInThreeLanguages(t *testing.T) {
	day := time.Now().AddDate(0, 0, 14)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	s := launch(t, nil)
	for i, call := range []struct {
		lang, weekday string
		said          []string // DAY stands for the date
	}{
		{"en", "Tuesday the ", []string{"an estimate please", "yes", "DAY", "half past three", "John Smith", "5550199", "yes"}},
		{"fr", "mardi ", []string{"je voudrais un devis", "oui", "DAY", "quinze heures trente", "Marie Dupont", "06 12 34 56 78", "oui"}},
		{"es", "martes ", []string{"un presupuesto", "sí", "DAY", "las tres y media de la tarde", "Ana García", "612 345 678", "sí"}},
	} {
		date := day.AddDate(0, 0, 7*i).Format("2006-01-02")
		var made struct{ Reference string }
		s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Desk " + call.lang, "language": call.lang, "model": map[string]any{"flow": "appointment", "provider": "none"}}}, &made)
		s.must(200, "POST", "/api/agents/"+made.Reference+"/publish", nil, nil)
		c := s.connect(t, option.WithQuery("model", "agent:"+made.Reference), option.WithQuery("extensions", "griot"))
		c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}})
		c.wait("response.done") // it opens with its first question
		heard, nodes := "", []string{}
		for _, text := range call.said {
			c.write(strings.ReplaceAll(text, "DAY", date))
			c.respond()
			for _, o := range c.wait("response.done").Response.Output {
				for _, p := range o.Content {
					heard += p.Text + p.Transcript + "\n"
				}
			}
		}
		s.record(c.id) // it has hung up
		for _, e := range c.all() {
			if e.Type == "griot.flow" {
				var at struct{ Node string }
				require.NoError(t, json.Unmarshal([]byte(e.RawJSON()), &at))
				nodes = append(nodes, at.Node)
			}
		}
		require.Equal(t, []string{"service", "right", "day", "hour", "who", "reach", "check", "book", "done"}, nodes, call.lang)
		require.Contains(t, heard, call.weekday, call.lang)
		var effects struct {
			Items []struct{ State, Arguments string }
		}
		s.must(200, "GET", "/api/effects?tool=book_appointment&conversation="+c.id, nil, &effects)
		require.Len(t, effects.Items, 1, call.lang)
		require.Equal(t, "confirmed", effects.Items[0].State)
		require.Contains(t, effects.Items[0].Arguments, `"date":"`+date+`"`)
		require.Contains(t, effects.Items[0].Arguments, `"time":"15:30"`)
		var log struct{ Items []struct{ Type string } }
		s.must(200, "GET", "/api/conversations/"+c.id+"/events", nil, &log)
		require.Contains(t, log.Items, struct{ Type string }{"flow.moved"})
	}
}

// The day and the time of an appointment are spoken, by recorded people, without any account: the recogniser of this machine hears English.
func TestAnAppointmentIsSpoken(t *testing.T) {
	s := real(t)
	var made struct{ Reference string }
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Desk", "language": "en", "model": map[string]any{"flow": "appointment", "provider": "none"}}}, &made)
	s.must(200, "POST", "/api/agents/"+made.Reference+"/publish", nil, nil)
	day := time.Now().AddDate(0, 0, 1)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	// Speech takes its real time: what a busy machine did not hear is said again, and a flow that has given up is called again, as people do.
	var c *caller
	for call := 1; ; call++ {
		c = s.connect(t, option.WithQuery("model", "agent:"+made.Reference), option.WithQuery("extensions", "griot"))
		if s.appointmentSpoken(c) {
			break
		}
		c.leave()
		require.Less(t, call, 3, "neither the day nor the time was understood in any call")
	}
	var effects struct{ Items []struct{ Arguments string } }
	s.must(200, "GET", "/api/effects?tool=book_appointment&conversation="+c.id, nil, &effects)
	require.Len(t, effects.Items, 1)
	require.JSONEq(t, `{"service":"estimate","date":"`+day.Format("2006-01-02")+`","time":"15:00","name":"John Smith","phone":"5550199"}`, effects.Items[0].Arguments)
}

// appointmentSpoken goes through the flow; false when the flow has hung up because it did not understand.
func (s *server) appointmentSpoken(c *caller) bool {
	c.Helper()
	c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}})
	c.wait("response.done")
	c.openMic()
	typed := func(text string) {
		c.write(text)
		c.respond()
		c.wait("response.done")
	}
	spoken := func(next string, names ...string) bool {
		for range 4 {
			for _, n := range names {
				c.say(mediatest.Prompt(c, "en", "digits/"+n, 24000))
			}
			if _, err := c.await("response.done"); err != nil {
				return false
			}
			if c.node() == next {
				return true
			}
		}
		return false
	}
	typed("an estimate")
	typed("yes")
	if !spoken("hour", "day-2") || !spoken("who", "3", "oclock") {
		return false
	}
	typed("John Smith")
	typed("5550199")
	typed("yes")
	return true
}

// node is where the call flow stands, as the server told last.
func (c *caller) node() (node string) {
	for _, e := range c.all() {
		if e.Type == "griot.flow" {
			var at struct{ Node string }
			require.NoError(c, json.Unmarshal([]byte(e.RawJSON()), &at))
			node = at.Node
		}
	}
	return node
}
