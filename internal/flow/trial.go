package flow

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// Reception describes the flow reception, which is a program and has no nodes.
func Reception() Definition {
	return Definition{Name: "reception", Languages: Languages(), Company: true,
		Title: map[string]string{"en": "Reception", "fr": "Accueil téléphonique", "es": "Recepción"},
		About: map[string]string{
			"en": "Greets, answers questions about hours, address and prices, takes messages and wishes to be called back.",
			"fr": "Accueille, répond aux questions sur les horaires, l'adresse et les prix, prend des messages et des demandes de rappel.",
			"es": "Saluda, responde a preguntas sobre horario, dirección y precios, toma mensajes y peticiones de llamada."}}
}

// The bounds of a trial.
const (
	MaxTrialTurns = 100
	MaxTrialWords = 500
)

// Trial is a conversation with a flow to try it: nothing is called and nobody else takes part.
type Trial struct {
	Lang     string
	Said     []string          // what the caller says, in turn; empty text is silence
	Outcomes map[string]string // by tool: "ok" (also without an entry), "failed", or the status that its answer has
	Began    time.Time         // zero: now
}

// TrialCall is a tool that a flow wanted.
type TrialCall struct {
	Tool      string            `json:"tool"`
	Arguments map[string]string `json:"arguments"`
	Outcome   string            `json:"outcome" doc:"As it was wished for: nothing was really called."`
}

// TrialTurn is one exchange of a trial. The first has no caller's words.
type TrialTurn struct {
	Caller string            `json:"caller"`
	Agent  string            `json:"agent"`
	Nodes  []string          `json:"nodes" doc:"Ids of the nodes that were gone through; empty when the conversation stayed where it was."`
	Node   string            `json:"node" doc:"Where the conversation is now."`
	Slots  map[string]string `json:"slots" doc:"What was collected, as programs read it."`
	Calls  []TrialCall       `json:"calls"`
	Ended  bool              `json:"ended" doc:"The flow has hung up."`
}

// Try holds a trial. Words after the end of the conversation are not heard. Faults are Invalid: "bad_flow", "unsupported_language", "trial_too_long".
func Try(d Definition, t Trial) ([]TrialTurn, error) {
	if len(t.Said) > MaxTrialTurns {
		return nil, fault.New(fault.Invalid, "trial_too_long", "A trial has at most %d turns.", MaxTrialTurns).At("body.said")
	}
	now := time.Now
	if !t.Began.IsZero() {
		now = func() time.Time { return t.Began }
	}
	g, err := newGraph(d, t.Lang, nil, now)
	if err != nil {
		return nil, err
	}
	began := g.now()
	req := llm.Request{Session: "trial", Lang: t.Lang, Began: began}
	for _, name := range append(d.Tools(), transferTool) {
		req.Tools = append(req.Tools, llm.ToolSpec{Name: name})
	}
	var out []TrialTurn
	for i := 0; i <= len(t.Said); i++ {
		turn := TrialTurn{Nodes: []string{}, Calls: []TrialCall{}}
		if i > 0 {
			turn.Caller = shorten(strings.TrimSpace(t.Said[i-1]), MaxTrialWords)
			req.Messages = append(req.Messages, llm.Message{Role: llm.User, Text: turn.Caller})
		}
		var said []string
		for { // as many tools as the flow calls before it asks again; a circle of them ends like any other
			w, st := follow(g.spoken(req), began, false, req)
			turn.Nodes, turn.Node, turn.Slots, turn.Ended = append(turn.Nodes, w.trail...), w.at.ID, w.slots(), w.ended
			if st.text != "" {
				said = append(said, st.text)
			}
			if st.call == nil {
				break
			}
			call := TrialCall{Tool: st.call.Name, Outcome: t.Outcomes[st.call.Name]}
			_ = json.Unmarshal([]byte(st.call.Arguments), &call.Arguments) // the flow made it
			if call.Outcome == "" {
				call.Outcome = "ok"
			}
			turn.Calls = append(turn.Calls, call)
			req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{*st.call}}, llm.Message{Role: llm.ToolRole, CallID: st.call.ID, Text: answerOf(call.Outcome, len(turn.Calls))})
			if len(turn.Calls) >= MaxTrialTurns {
				return nil, fault.New(fault.Invalid, "trial_too_long", "The flow calls tools in a circle and never listens.")
			}
		}
		turn.Agent = strings.Join(said, " ")
		req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Text: turn.Agent})
		if out = append(out, turn); turn.Ended {
			break
		}
	}
	return out, nil
}

// answerOf is a tool's answer with an outcome.
func answerOf(outcome string, n int) string {
	switch outcome {
	case "failed":
		return "failed"
	case "ok":
		outcome = "done"
	}
	b, _ := json.Marshal(map[string]string{"status": outcome, "reference": "T-" + strconv.Itoa(n)}) // strings
	return string(b)
}
