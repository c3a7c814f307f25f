package fake

import (
	"context"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider"
)

// Config is what a configuration file can say about the fake vendor.
type Config struct {
	Answers     []string      `json:"answers" doc:"Answers of the language model, each as \"words => answer\": the first whose words occur in what the caller said is given. An answer such as call: hang_up {} calls that tool, when the agent has it. Otherwise the model repeats what it heard."`
	FirstToken  time.Duration `json:"first_token" doc:"Delay from the request to the first word of the language model."`
	TokensPerS  float64       `json:"tokens_per_second" doc:"Words a second that the language model streams; 0 sends the whole answer at once."`
	FirstAudio  time.Duration `json:"first_audio" doc:"Delay from a text to the first audio of the voice."`
	WordsPerSec float64       `json:"words_per_second" doc:"Words a second that the voice speaks: one tone each."`
	Speed       float64       `json:"speed" doc:"How many times faster than real time the voice is produced; 0 means at once."`
	VoiceRate   int           `json:"voice_rate" doc:"Sample rate of the voice, in Hz, from 8000 to 48000."`
	Heard       []string      `json:"heard" doc:"What the recogniser hears, one entry an utterance; in every conversation from the first entry on, and then from the start again."`
	FinalAfter  time.Duration `json:"final_after" doc:"Delay from the end of an utterance to its final text."`
}

// Provider describes the fake vendor, so that a configuration can name it: for the bench, for end-to-end tests and for trying
// the program with nothing installed.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "fake", Name: "Fake (scripted)",
		Default: Config{WordsPerSec: 3, VoiceRate: 16000, Heard: []string{"…"}},
		STT:     newSTT,
		LLM:     newLLM,
		TTS:     newTTS,
		S2S:     newS2S,
	})
}

func newLLM(_ context.Context, c Config) (llm.Model, error) {
	table := make([][2]string, len(c.Answers))
	for i, a := range c.Answers {
		words, answer, ok := strings.Cut(a, "=>")
		if !ok {
			return nil, fault.New(fault.Invalid, "bad_answer", "answer %d of the fake language model is %q; it must have the form \"words => answer\"", i+1, a).At("answers")
		}
		table[i] = [2]string{strings.ToLower(strings.TrimSpace(words)), strings.TrimSpace(answer)}
	}
	m := NewLLMFunc(func(r llm.Request) Answer {
		return act(reply(table, r), r, Answer{First: c.FirstToken, WordsPerSec: c.TokensPerS})
	})
	m.forget = true
	return m, nil
}

// act makes an answer of its text: words, or the call of a tool, of which there is one in a turn.
func act(text string, r llm.Request, a Answer) Answer {
	call, ok := strings.CutPrefix(text, "call:")
	if !ok {
		a.Text = text
		return a
	}
	name, arguments, _ := strings.Cut(strings.TrimSpace(call), " ")
	if n := len(r.Messages); n > 0 && r.Messages[n-1].Role == llm.ToolRole {
		a.Text = "That was " + name + "."
		return a
	}
	for _, t := range r.Tools {
		if t.Name == name {
			a.Calls = []llm.ToolCall{{Name: name, Arguments: arguments}}
			return a
		}
	}
	a.Text = "I cannot do that."
	return a
}

func reply(table [][2]string, r llm.Request) string {
	said := ""
	for _, m := range r.Messages {
		if m.Role == llm.User {
			said = m.Text
		}
	}
	for _, row := range table {
		if strings.Contains(strings.ToLower(said), row[0]) {
			return row[1]
		}
	}
	echo, greeting := "You said: ", "Hello! I am a test agent. Say something."
	switch lang, _, _ := strings.Cut(r.Lang, "-"); lang {
	case "fr":
		echo, greeting = "Vous avez dit : ", "Bonjour ! Je suis un agent de test. Dites quelque chose."
	case "es":
		echo, greeting = "Usted dijo: ", "¡Hola! Soy un agente de prueba. Diga algo."
	}
	if strings.TrimSpace(said) == "" {
		return greeting
	}
	return echo + said
}

// newS2S makes a model that answers what it hears, or reads, from the same table as the language model.
func newS2S(_ context.Context, c Config) (s2s.Model, error) {
	lm, err := newLLM(context.Background(), c)
	if err != nil {
		return nil, err
	}
	table := lm.(*LLM)
	if c.WordsPerSec <= 0 {
		return nil, fault.New(fault.Invalid, "bad_speed", "words_per_second is %v; it must be above 0", c.WordsPerSec).At("words_per_second")
	}
	m := NewS2SFunc(S2SOptions{Heard: c.Heard, HeardAfter: c.FinalAfter, WordsPerSec: c.WordsPerSec, Speed: c.Speed, Marks: true}, func(history []s2s.Item, _ s2s.Respond) S2SAnswer {
		var r llm.Request
		for _, it := range history {
			r.Messages = append(r.Messages, llm.Message{Role: it.Role, Text: it.Text})
		}
		a := table.answer(r)
		a.First += c.FirstAudio
		return S2SAnswer{Answer: a}
	})
	m.forget = true
	return m, nil
}

func newTTS(_ context.Context, c Config) (tts.Model, error) {
	if c.WordsPerSec <= 0 {
		return nil, fault.New(fault.Invalid, "bad_speed", "words_per_second is %v; it must be above 0", c.WordsPerSec).At("words_per_second")
	}
	if c.VoiceRate < 8000 || c.VoiceRate > 48000 {
		return nil, fault.New(fault.Invalid, "bad_rate", "voice_rate is %d; it must be from 8000 to 48000", c.VoiceRate).At("voice_rate")
	}
	return NewTTS(TTSOptions{First: c.FirstAudio, Rate: c.VoiceRate, WordsPerSec: c.WordsPerSec, Speed: c.Speed, Marks: true, forget: true}), nil
}

func newSTT(_ context.Context, c Config) (stt.Model, error) {
	return &looped{c: c}, nil
}

// looped is a recogniser that starts its list anew in every stream, and at the list's end.
type looped struct{ c Config }

func (l *looped) Caps() stt.Caps { return NewSTT(STTOptions{}).Caps() }

func (l *looped) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	m := NewSTT(STTOptions{})
	s, err := m.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &loopedStream{Stream: s, m: m, c: l.c}, nil
}

type loopedStream struct {
	stt.Stream
	m *STT
	c Config

	mu sync.Mutex // guards n
	n  int
}

// Finalize queues the entry that this Finalize hears.
func (s *loopedStream) Finalize(ctx context.Context) error {
	s.mu.Lock()
	if len(s.c.Heard) > 0 {
		s.m.Queue(Utterance{Text: s.c.Heard[s.n%len(s.c.Heard)], FinalAfter: s.c.FinalAfter})
	} else {
		s.m.Queue(Utterance{FinalAfter: s.c.FinalAfter})
	}
	s.n++
	s.mu.Unlock()
	return s.Stream.Finalize(ctx)
}

// Discard implements stt.Discarder.
func (s *loopedStream) Discard(ctx context.Context) error {
	return s.Stream.(stt.Discarder).Discard(ctx)
}

// SetHints implements stt.Hinter.
func (s *loopedStream) SetHints(ctx context.Context, h stt.Hints) error {
	return s.Stream.(stt.Hinter).SetHints(ctx, h)
}
