package providertest

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var broke = fault.New(fault.Limited, "too_fast", "too fast")

func TestFakeLLM(t *testing.T) {
	calls := fake.Answer{Text: "Let me see.", Calls: []llm.ToolCall{{Name: "hours"}, {Name: "hours", Arguments: `{"day":"sunday"}`}}}
	m := fake.NewLLMFunc(func(r llm.Request) fake.Answer {
		if len(r.Tools) > 0 {
			return calls
		}
		return fake.Answer{Text: "Good morning, what can I do for you?", First: time.Millisecond, WordsPerSec: 2000}
	})
	LLM(t, m, LLMOptions{
		Want: "what can I do", Usage: true, Calls: 2,
		Tools: &llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "When?"}}, Tools: []llm.ToolSpec{{Name: "hours"}}},
		Hangs: fake.NewLLM(fake.Answer{Hang: true}),
		Broken: []Broken[llm.Model]{
			{"limited", fake.NewLLM(fake.Answer{Err: broke}), fault.Limited, "too_fast"},
			{"fallback", llm.Fallback(fake.NewLLM(fake.Answer{Err: broke}), fake.NewLLM(fake.Answer{Err: broke})), fault.Limited, ""},
		},
	})
	LLM(t, llm.Retry(llm.Fallback(fake.NewLLM(fake.Answer{Err: broke}), m), 2, time.Millisecond), LLMOptions{Usage: true})
}

func TestFakeTTS(t *testing.T) {
	for _, o := range []fake.TTSOptions{
		{Marks: true},
		{Rate: 24000, WordsPerSec: 7, Chunk: 20 * time.Millisecond},
		{Rate: 8000, Speed: 50, First: 5 * time.Millisecond, Marks: true},
	} {
		TTS(t, fake.NewTTS(o), TTSOptions{
			MinAudio: 11 * time.Second / 8, Deterministic: true,
			Broken: []Broken[tts.Model]{
				{"open", fake.NewTTS(fake.TTSOptions{OpenErr: broke}), fault.Limited, "too_fast"},
				{"second word", fake.NewTTS(fake.TTSOptions{FailAfter: 2}), fault.Unavailable, ""},
			},
		})
	}
}

func TestFakeSTT(t *testing.T) {
	m := fake.NewSTT(fake.STTOptions{Languages: []string{"en"}, Default: "good morning"})
	STT(t, m, STTOptions{
		Options: stt.Options{Lang: "en-US", Hints: stt.Hints{Phrases: []string{"good morning"}}}, Want: "Good Morning",
		Broken: []Broken[stt.Model]{
			{"open", fake.NewSTT(fake.STTOptions{OpenErr: broke}), fault.Limited, "too_fast"},
			{"final", fake.NewSTT(fake.STTOptions{}, fake.Utterance{Err: broke}), fault.Limited, ""},
		},
	})
}

func TestFakeS2S(t *testing.T) {
	tools := []llm.ToolSpec{{Name: "hours"}}
	answer := func(history []s2s.Item, r s2s.Respond) fake.S2SAnswer {
		if n := len(history); n > 0 && history[n-1].Text == "When?" {
			return fake.S2SAnswer{Answer: fake.Answer{Calls: []llm.ToolCall{{Name: "hours"}}}}
		}
		return fake.S2SAnswer{Answer: fake.Answer{Text: "Good morning to you."}}
	}
	heard := fake.S2SOptions{Heard: []string{"good morning"}}
	with := func(o fake.S2SOptions, a fake.S2SAnswer) s2s.Model { return fake.NewS2S(o, a) }
	S2S(t, fake.NewS2SFunc(heard, answer), S2SOptions{
		Want: "morning to you", Usage: true, Transcript: "good morning", Tools: tools, AskTool: "When?",
		Hangs: with(heard, fake.S2SAnswer{Answer: fake.Answer{Text: "Well", Hang: true}}),
		Drops: with(heard, fake.S2SAnswer{Answer: fake.Answer{Text: "one two three"}, Drop: 2}),
		Broken: []Broken[s2s.Model]{
			{"open", fake.NewS2S(fake.S2SOptions{Opens: []error{broke}}), fault.Limited, "too_fast"},
			{"retried in vain", s2s.Retry(fake.NewS2S(fake.S2SOptions{Opens: []error{broke, broke, broke}}), 3, time.Second, time.Millisecond), fault.Limited, "too_fast"},
			{"retried too late", s2s.Retry(fake.NewS2S(fake.S2SOptions{OpenTakes: time.Minute}), 2, time.Millisecond, time.Millisecond), fault.Unavailable, "timeout"},
		},
	})
	S2S(t, s2s.Retry(fake.NewS2SFunc(fake.S2SOptions{Opens: []error{broke, broke}, Marks: true, Rate: 16000, WordsPerSec: 8, Speed: 40}, answer), 3, time.Second, time.Millisecond),
		S2SOptions{Usage: true})
	refuse := func(s s2s.Settings) error {
		if s.Speed > 1.5 {
			return fault.New(fault.Invalid, "invalid_value", "too fast")
		}
		return nil
	}
	S2S(t, fake.NewS2SFunc(fake.S2SOptions{Refuse: refuse}, answer), S2SOptions{Refused: &s2s.Settings{Speed: 2}})
}

func TestFakeProvider(t *testing.T) {
	p := fake.Provider()
	raw := []byte(`{"heard":["one"],"words_per_second":5}`)
	lm, err := p.LLM(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	LLM(t, lm, LLMOptions{Want: "Good morning.", Usage: true})
	sm, err := p.STT(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	STT(t, sm, STTOptions{Want: "one"})
	vm, err := p.TTS(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	TTS(t, vm, TTSOptions{Deterministic: true})
	om, err := p.S2S(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	S2S(t, om, S2SOptions{Want: "Good morning.", Usage: true, Transcript: "one"})
}
