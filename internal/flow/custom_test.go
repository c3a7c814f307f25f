package flow

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

const survey = `{"name":"Survey","languages":["en"],"start":"hello","nodes":[
 {"id":"hello","kind":"say","say":{"en":["Hello."]}},
 {"id":"mark","kind":"ask","slot":"mark","type":"number","say":{"en":["How many points?","Just a number, please."]}},
 {"id":"good","kind":"confirm","say":{"en":["{mark} points. May I note it?"]}},
 {"id":"bye","kind":"end","say":{"en":["Thanks for {mark}."]}}],
 "edges":[{"from":"hello","to":"mark"},{"from":"mark","to":"good"},{"from":"good","on":"yes","to":"bye"},{"from":"good","on":"no","to":"bye"}],
 "questions":[{"words":{"en":["how long"]},"answer":{"en":"It takes a minute."}}]}`

func custom(t *testing.T, text string) Definition {
	t.Helper()
	d, err := ParseDefinition([]byte(text))
	require.NoError(t, err)
	return d
}

func TestACustomFlowRuns(t *testing.T) {
	m, err := newGraph(custom(t, survey), "en", nil, wednesday)
	require.NoError(t, err)
	said := func(want string, stop llm.StopReason, messages ...string) {
		t.Helper()
		text, got := ask(t, m, user(messages...))
		require.Equal(t, want, text)
		require.Equal(t, stop, got)
	}
	said("Hello. How many points?", llm.StopEnd)
	said("Just a number, please.", llm.StopEnd, "well many")
	said("It takes a minute. Hello. How many points?", llm.StopEnd, "how long does it take")
	said("8 points. May I note it?", llm.StopEnd, "eight")
	said("Thanks for 8.", llm.StopHangUp, "eight", "yes")
	node, slots := m.Trace(llm.Request{Messages: user("eight")})
	require.Equal(t, "good", node)
	require.Equal(t, map[string]string{"mark": "8"}, slots)
	_, err = NewCustom(custom(t, survey), "fr", nil)
	require.Equal(t, "unsupported_language", fault.CodeOf(err))
}

func TestWhatIsWrongWithADefinitionIsSaidWithItsPlace(t *testing.T) {
	for change, want := range map[string]string{
		`"start":"hello"|"start":"nowhere"`:                                          "start no_start",
		`{"from":"hello","to":"mark"},|`:                                             "nodes[0] no_way_on",
		`"on":"yes","to":"bye"|"on":"maybe","to":"bye"`:                              "edges[2].on bad_condition",
		`"Thanks for {mark}."|"Thanks for {name}."`:                                  "nodes[3].say.en[0] unknown_slot",
		`"type":"number"|"type":"colour"`:                                            "nodes[1].type bad_type",
		`"id":"good"|"id":"mark"`:                                                    "nodes[2].id twice",
		`"languages":["en"]|"languages":["de"]`:                                      "languages[0] unsupported_language",
		`"kind":"end"|"kind":"dance"`:                                                "nodes[3].kind bad_kind",
		`"to":"good"|"to":"bad"`:                                                     "edges[1].to no_node",
		`{"from":"hello","to":"mark"}|{"from":"hello","to":"hello"}`:                 "nodes[0] circle",
		`{"en":["Hello."]}|{}`:                                                       "nodes[0].say.en text_missing",
		`"languages":["en"]|"languages":["en","fr"]`:                                 "nodes[0].say.fr text_missing",
		`"languages":["en"]|"hours":{"monday":{"from":9,"to":9}},"languages":["en"]`: "hours.monday bad_hours",
		`{"from":"mark","to":"good"}|{"from":"mark","to":"bye"}`:                     "nodes[2] unreachable",
	} {
		old, repl, _ := strings.Cut(change, "|")
		require.Contains(t, survey, old)
		var got []string
		for _, p := range custom(t, strings.Replace(survey, old, repl, 1)).Validate() {
			require.NotEmpty(t, p.Message)
			got = append(got, p.Path+" "+p.Code)
		}
		require.Contains(t, got, want, change)
	}
	require.Empty(t, custom(t, survey).Validate())
	_, err := ParseDefinition([]byte(`{"name":"x","colour":"red"}`))
	require.Equal(t, "bad_flow", fault.CodeOf(err))
	_, err = NewCustom(Definition{}, "en", nil)
	require.Equal(t, "bad_flow", fault.CodeOf(err))
}

func TestTheModelAnswersInItsNodeOnly(t *testing.T) {
	model := &thinker{deltas: []llm.Delta{{Text: "from the model"}, {Stop: llm.StopEnd}}}
	m, err := newAt("support", "en", model, wednesday)
	require.NoError(t, err)
	text, _ := ask(t, m, user("my internet is down"))
	require.Contains(t, text, "router")
	require.Empty(t, model.asked)
	text, _ = ask(t, m, user("my internet is down", "no"))
	require.Equal(t, "from the model", text)
	require.Contains(t, model.asked[0].System, "first line of technical support")
	require.Contains(t, model.asked[0].System, "problem: network")
	text, stop := ask(t, m, user("my internet is down", "no", "the light is red", "goodbye"))
	require.Contains(t, text, "glad")
	require.Equal(t, llm.StopHangUp, stop)

	broken, err := newAt("information", "en", &thinker{err: fault.New(fault.Unavailable, "down", "down")}, wednesday)
	require.NoError(t, err)
	text, _ = ask(t, broken, user("where are you"))
	require.Contains(t, text, "Acacia", "the flow answers when the model fails")
}

func named(t testing.TB, name, lang string) llm.Model {
	t.Helper()
	m, err := newAt(name, lang, nil, wednesday)
	require.NoError(t, err)
	return m
}

func TestEveryFlowSpeaksFirstAndNamesItsTools(t *testing.T) {
	for _, name := range Names()[1:] {
		for _, lang := range Languages() {
			require.NotEmpty(t, Opening(named(t, name, lang), lang, ""), name)
		}
	}
	require.Equal(t, "Bonjour, Maison Baobab, ici la prise de rendez-vous automatique. Pour quoi voulez-vous un rendez-vous : un devis, une réparation, un choix de tissu, ou un cours ?", Opening(named(t, "appointment", "fr-FR"), "fr-FR", ""))
	require.Equal(t, "Ici Awa. Pour quoi voulez-vous un rendez-vous : un devis, une réparation, un choix de tissu, ou un cours ?", Opening(named(t, "appointment", "fr"), "fr", "Ici Awa."), "the first question is asked all the same")
	require.Empty(t, Opening(named(t, "reception", "fr"), "fr", ""), "its callers may speak first")
	require.Equal(t, "Salut", Opening(nil, "fr", "Salut"))
	require.Equal(t, []string{"book_appointment"}, Tools("appointment"))
	require.Equal(t, []string{"open_ticket"}, Tools("support"))
	require.Empty(t, Tools("reception"))
}

// Whatever is said, a flow answers, the same history gets the same answer, and tools get arguments that can be read.
func TestAnyConversationWithAFlowIsAnswered(t *testing.T) {
	for _, name := range []string{"appointment", "support", "information"} {
		for _, lang := range Languages() {
			m, err := newAt(name, lang, nil, wednesday)
			require.NoError(t, err)
			phrases, _ := m.(llm.Expecter).Expect(llm.Request{})
			more := []string{"yes", "oui", "sí", "no", "non", "tomorrow at 3", "demain à 15 h", "mañana a las tres", "John Smith", "0612345678", "le 31/02", "chair", "devis", "clase", "internet"}
			rapid.Check(t, func(t *rapid.T) {
				var history []llm.Message
				for range rapid.IntRange(0, 12).Draw(t, "turns") {
					history = append(history, llm.Message{Role: llm.User, Text: rapid.OneOf(rapid.SampledFrom(more), said(lang, phrases)).Draw(t, "said")})
					req := llm.Request{Session: "s", Messages: history, Tools: testTools}
					text, stop, call := generated(t, m, req)
					again, _, _ := generated(t, m, req)
					switch {
					case again != text:
						t.Fatalf("%q and %q", text, again)
					case call != nil:
						if stop != llm.StopTools || !json.Valid([]byte(call.Arguments)) {
							t.Fatalf("%v %q", stop, call.Arguments)
						}
						out := rapid.SampledFrom([]string{`{"status":"booked"}`, `{"status":"taken"}`, "it failed"}).Draw(t, "out")
						history = append(history, llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{*call}}, llm.Message{Role: llm.ToolRole, CallID: call.ID, Text: out})
						if text, _, _ := generated(t, m, llm.Request{Session: "s", Messages: history, Tools: testTools}); text == "" {
							t.Fatal("nothing is said of what the tool answered")
						}
					case stop == llm.StopNothing:
					case text == "":
						t.Fatalf("nothing was answered to %q", history)
					}
					if p, _ := m.(llm.Expecter).Expect(req); len(p) == 0 {
						t.Fatalf("nothing is expected after %q", history)
					}
				}
			})
		}
	}
}

func generated(t *rapid.T, m llm.Model, req llm.Request) (text string, stop llm.StopReason, call *llm.ToolCall) {
	for d, err := range m.Generate(context.Background(), req) {
		if err != nil {
			t.Fatal(err)
		}
		text += d.Text
		if d.Call != nil {
			call = d.Call
		}
		stop = d.Stop
	}
	return text, stop, call
}
