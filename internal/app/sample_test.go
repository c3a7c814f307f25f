package app_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/blob"
	"griot/internal/conversation"
	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/media"
	"griot/internal/overview"
	"griot/internal/store"
)

// TestSampleData fills the data folder that GRIOT_SAMPLE_DATA names with a day of invented conversations, for people who look at the console's
// pages: GRIOT_SAMPLE_DATA=/some/folder go test ./internal/app -run SampleData. The first conversation has a recording, tools and an interruption.
// All agents are marked as samples.
func TestSampleData(t *testing.T) {
	dir := os.Getenv("GRIOT_SAMPLE_DATA")
	if dir == "" {
		t.Skip("makes data to look at; needs GRIOT_SAMPLE_DATA")
	}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(t, err)
	defer db.Close()
	files, err := blob.OpenLocal(filepath.Join(dir, "files"))
	require.NoError(t, err)
	now := time.Now().UTC().Truncate(time.Millisecond)
	require.NoError(t, db.PutRate(t.Context(), "default", overview.Rate{From: now.AddDate(0, -1, 0), Micros: 500_000, By: "Sample", At: now}))
	var agents []agent.Agent
	for i, a := range []struct{ name, lang string }{{"Sophie · Support (sample)", "fr-FR"}, {"Léa · Rendez-vous (sample)", "fr-FR"}, {"James · Telesales (sample)", "en-GB"}, {"Lucía · Encuesta (sample)", "es-ES"}} {
		d := agent.Default()
		d.Name, d.Language, d.Status, d.Description = a.name, a.lang, agent.Active, "Sample data: invented conversations."
		d.Instructions = "Tu es Sophie. Tu réponds en une phrase ou deux."
		who := agent.Actor{ID: "sample", Name: "Sample"}
		made, err := db.CreateAgent(t.Context(), agent.Agent{Tenant: "default", ID: fmt.Sprint("sample-", i), Revision: 1, Definition: d, CreatedBy: who, UpdatedBy: who, CreatedAt: now, UpdatedAt: now}, "sample", nil)
		require.NoError(t, err)
		agents = append(agents, made)
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	said := []string{"Bonjour, je voudrais savoir où en est ma commande.", "Est-ce que je peux déplacer mon rendez-vous de jeudi ?", "Hello, I have a question about my last invoice.", "Buenos días, ¿me puede llamar más tarde?",
		"Je n’ai toujours pas reçu mon colis, c’est normal ?", "Could you tell me your opening hours on Sunday?"}
	for i := range 180 {
		a := agents[[]int{0, 0, 0, 1, 1, 2, 3}[rnd.IntN(7)]]
		at := now.Add(-time.Duration(rnd.Int64N(int64(47 * time.Hour)))).Truncate(time.Millisecond)
		length := time.Duration(12+rnd.IntN(280)) * time.Second
		r := conversation.Record{Summary: conversation.Summary{Tenant: "default", ID: fmt.Sprintf("01990000-0000-7000-8000-%012d", i), Agent: a.Reference, AgentName: a.Name, AgentVersion: 1, Lang: a.Language,
			Channel: []string{"realtime", "realtime", "webrtc", "talk"}[rnd.IntN(4)], Node: "sample", Status: conversation.Ended, StartedAt: at, EndedAt: at.Add(length), Duration: length, Turns: 2 + rnd.IntN(9), Interruptions: rnd.IntN(3),
			LatencyP50: time.Duration(380+rnd.IntN(340)) * time.Millisecond, Preview: said[rnd.IntN(len(said))], EndReason: []string{"caller_left", "agent_hung_up", "client_closed"}[rnd.IntN(3)],
			Tokens: conversation.Tokens{Input: 900 + rnd.IntN(4000), Output: 200 + rnd.IntN(700), AudioInput: rnd.IntN(900), AudioOutput: rnd.IntN(200)}},
			Transcript: []conversation.Line{{Item: "u", Role: conversation.RoleUser, Text: said[rnd.IntN(len(said))], At: event.Ms(time.Second), End: event.Ms(3 * time.Second)}}, Ear: &eartruth.Report{}}
		for range r.Turns {
			ms := event.Ms(time.Duration(380+rnd.IntN(560)) * time.Millisecond)
			r.Timings = append(r.Timings, event.TurnTimed{Heard: ms})
			r.Ear.Turns = append(r.Ear.Turns, eartruth.Answer{Delay: ms})
		}
		switch {
		case i%41 == 7:
			r.Status, r.EndReason, r.LatencyP50 = conversation.Failed, "failed", 0
		case i%23 == 3: // a client's transcription, which has no agent
			r.Agent, r.AgentName, r.AgentVersion, r.Turns, r.LatencyP50, r.Interruptions = "", "", 0, 0, 0, 0
		}
		require.NoError(t, db.CloseConversation(t.Context(), r, nil))
	}
	sampleCall(t, db, files, agents[0], now.Add(-3*time.Minute))
}

// sampleCall is one conversation in full, spoken by espeak-ng.
func sampleCall(t *testing.T, db *store.Store, files *blob.Local, a agent.Agent, began time.Time) {
	sum := conversation.Summary{Tenant: "default", ID: "01990000-0000-7000-8000-feed00000001", Agent: a.Reference, AgentName: a.Name, AgentVersion: 1, Lang: a.Language, Channel: "webrtc", Node: "sample",
		Status: conversation.Active, StartedAt: began}
	var sides [2][]int16
	var evs []event.Event
	var timed []eartruth.Timed
	add := func(at time.Duration, b event.Body) {
		evs = append(evs, event.Event{Tenant: sum.Tenant, Session: sum.ID, Seq: uint64(len(evs) + 1), At: began.Add(at), Body: b})
	}
	// say puts a sentence on one side at a moment, and returns how long it takes.
	say := func(side int, at time.Duration, text string, limit time.Duration) time.Duration {
		pcm := spoken(t, text, []string{"fr+f2", "fr+f4"}[side])
		if limit > 0 {
			pcm = pcm[:min(len(pcm), int(limit.Seconds()*16000))]
		}
		from := int(at.Seconds() * 16000)
		for len(sides[side]) < from+len(pcm) {
			sides[side] = append(sides[side], make([]int16, from+len(pcm)-len(sides[side]))...)
		}
		copy(sides[side][from:], pcm)
		return time.Duration(len(pcm)) * time.Second / 16000
	}
	add(0, event.SessionStarted{STT: "openai/gpt-4o-transcribe", LLM: "openai/gpt-4o", TTS: "espeak"})
	at, turn := 600*time.Millisecond, 0
	agentSays := func(text, heard string, cut time.Duration) {
		item, resp := fmt.Sprint("a", turn), fmt.Sprint("r", turn)
		add(at-50*time.Millisecond, event.ReplyStarted{Response: resp, Item: item, Cause: "turn"})
		d := say(1, at, text, cut)
		add(at+d/2, event.ReplyDone{Response: resp, Item: item, Status: "completed", Text: text, Input: 420 + 60*turn, Cached: 256, Output: 12 + len(text)/5})
		if cut > 0 {
			add(at+d, event.Interrupted{Response: resp, Item: item, Reason: "turn_detected", Said: text, Text: heard, Upto: event.Ms(d)})
		}
		add(at+d+20*time.Millisecond, event.AgentSaid{Response: resp, Item: item, Said: text, Text: heard, Upto: event.Ms(d), Total: event.Ms(d), Cut: cut > 0})
		at += d
	}
	callerSays := func(text string, early time.Duration, ms [7]int, confidence float32) {
		turn++
		from := at - early
		d := say(0, from, text, 0)
		item := fmt.Sprint("u", turn)
		end := from + d
		add(end+500*time.Millisecond, event.SpeechStopped{Item: item, At: event.Ms(end + 500*time.Millisecond), LastVoice: event.Ms(end)})
		add(end+520*time.Millisecond, event.UserSpoke{Item: item, Text: text, From: event.Ms(from), To: event.Ms(end), Confidence: confidence, Lang: "fr"})
		m := func(i int) event.Millis {
			if ms[i] < 0 {
				return event.Ms(-time.Millisecond)
			}
			return event.Ms(time.Duration(ms[i]) * time.Millisecond)
		}
		tt := event.TurnTimed{Response: fmt.Sprint("r", turn), Turn: turn, Item: item, EndOfTurn: m(0), FinalText: m(1), FirstToken: m(2), ToolsDone: m(3), FirstAudio: m(4), Sent: m(5), Heard: m(6)}
		at = end + m(6).Duration()
		add(at, tt)
		timed = append(timed, eartruth.Timed{Response: tt.Response, Heard: event.Ms(at), Delay: tt.Heard})
	}
	text := "Bonjour, vous êtes bien au service client Atlas. Je suis Sophie, que puis-je faire pour vous ?"
	agentSays(text, text, 0)
	at += 700 * time.Millisecond
	callerSays("Bonjour, je voudrais savoir où en est ma commande.", 0, [7]int{310, 352, 468, -1, 541, 552, 604}, 0.96)
	text = "Bien sûr. Pouvez-vous me donner le numéro de la commande ?"
	agentSays(text, text, 0)
	at += 900 * time.Millisecond
	callerSays("Oui, c’est le quatre deux sept un neuf.", 0, [7]int{480, 531, 640, 1012, 1098, 1110, 1164}, 0.91)
	add(at-600*time.Millisecond, event.ToolCalled{Response: "r2", Item: "t2", CallID: "call_2", Name: "order_status", Arguments: `{"order":"42719"}`})
	add(at-230*time.Millisecond, event.ToolReturned{CallID: "call_2", Name: "order_status", Output: `{"status":"shipped","carrier":"Chronopost","eta":"2026-11-23"}`, Took: event.Ms(372 * time.Millisecond)})
	agentSays("Votre commande est partie hier avec Chronopost. Elle devrait arriver lundi vingt-trois novembre, entre huit heures et treize heures, à l’adresse que vous nous avez donnée.",
		"Votre commande est partie hier avec Chronopost. Elle devrait arriver lundi", 4300*time.Millisecond)
	callerSays("Attendez, lundi je ne suis pas là.", 260*time.Millisecond, [7]int{290, 322, 431, -1, 498, 507, 566}, 0.94)
	text = "Pas de souci. Je peux la faire livrer mardi, ou dans un point relais. Que préférez-vous ?"
	agentSays(text, text, 0)
	at += 1100 * time.Millisecond
	callerSays("Mardi, s’il vous plaît.", 0, [7]int{300, 338, 455, 702, 781, 790, 845}, 0.98)
	add(at-400*time.Millisecond, event.ToolCalled{Response: "r4", Item: "t4", CallID: "call_4", Name: "change_delivery", Arguments: `{"order":"42719","date":"2026-11-24"}`})
	add(at-150*time.Millisecond, event.ToolReturned{CallID: "call_4", Name: "change_delivery", Output: `{"ok":true}`, Took: event.Ms(247 * time.Millisecond)})
	text = "C’est fait, vous serez livré mardi. Bonne journée !"
	agentSays(text, text, 0)
	at += 400 * time.Millisecond
	add(at, event.SessionEnded{Reason: "client_closed"})

	r := conversation.Summarise(sum, evs)
	r.Status = conversation.Ended
	n := int(at.Seconds() * 16000)
	pcm := make([]int16, 2*n)
	for i := range n {
		for side := range 2 {
			if i < len(sides[side]) {
				pcm[2*i+side] = sides[side][i]
			}
		}
	}
	var wav bytes.Buffer
	require.NoError(t, media.WriteWAV(&wav, media.Format{Rate: 16000, Channels: 2}, pcm))
	r.Recording = conversation.RecordingInfo{Key: "default/recordings/" + sum.ID + ".wav", Duration: at, Bytes: int64(wav.Len())}
	require.NoError(t, files.Put(context.Background(), r.Recording.Key, &wav))
	r.Peaks = conversation.Peaks{Duration: event.Ms(at), Caller: peaksOf(sides[0], n), Agent: peaksOf(sides[1], n)}
	ear, err := eartruth.Measure(16000, sides[0], sides[1])
	require.NoError(t, err)
	ear.Explain(timed)
	r.Ear = &ear
	require.NoError(t, db.CloseConversation(t.Context(), r, evs))
}

func spoken(t *testing.T, text, voice string) []int16 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "espeak-ng", "--stdout", "-v", voice, "-s", "175", text).Output()
	require.NoError(t, err)
	// It does not know its length when it writes the head.
	f, pcm, err := media.ReadWAV(bytes.NewReader(out))
	require.NoError(t, err)
	to, err := media.NewResampler(f.Rate, 16000)
	require.NoError(t, err)
	return to.Flush(to.Process(nil, pcm))
}

func peaksOf(pcm []int16, n int) []float64 {
	out := make([]float64, conversation.PeakBuckets)
	for i, v := range pcm {
		if b := i * len(out) / n; b < len(out) {
			out[b] = max(out[b], float64(max(v, -v))/32768)
		}
	}
	return out
}
