// Package agent is what an agent is: a definition that people write, its validation, and where definitions come from. Some are YAML files, built in or in a folder, which
// the program only reads; the others are made by people, kept by a Store with every version, and belong to a tenant.
package agent

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"griot/internal/catalog"
	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Auto as a provider means: the server's default for the language. None means that there shall be none.
const (
	Auto = "auto"
	None = "none"
)

// Kind of an agent.
type Kind string

// The kinds.
const (
	Voice  Kind = "voice"
	Text   Kind = "text"
	Avatar Kind = "avatar"
)

// Status of a definition.
type Status string

// The statuses.
const (
	Draft  Status = "draft"
	Active Status = "active"
)

// Definition is everything that makes one agent. The zero value is not valid: start from Default.
type Definition struct {
	Format       int        `yaml:"format"`    // of the file: see Format
	Reference    string     `yaml:"reference"` // how it is called in addresses and commands; the file's name when left out
	Name         string     `yaml:"name"`      // how people call it
	Description  string     `yaml:"description"`
	Kind         Kind       `yaml:"kind" enum:"voice,text,avatar"`
	Language     string     `yaml:"language"` // BCP 47, such as en or fr-CA
	Version      int        `yaml:"version"`  // counts from 1
	Voice        VoiceSpec  `yaml:"voice"`
	Model        Model      `yaml:"model"`
	Recogniser   Recogniser `yaml:"recogniser"`
	Realtime     Realtime   `yaml:"realtime"`
	Tools        []string   `yaml:"tools"`        // references of what the agent can do besides talking, MaxTools at most
	Instructions string     `yaml:"instructions"` // what a language model is told; a call flow ignores it
	Greeting     Greeting   `yaml:"greeting"`
	Turn         Turn       `yaml:"turn"`
	Limits       Limits     `yaml:"limits"`
	Chat         Chat       `yaml:"chat"`
	Embed        Embed      `yaml:"embed"` // on the pages of others
	Status       Status     `yaml:"status" enum:"draft,active"`
}

// VoiceSpec says who speaks.
type VoiceSpec struct {
	Provider string  `yaml:"provider"` // id of a provider, or Auto
	ID       string  `yaml:"id"`       // that provider's name of the voice; empty for its choice for the language
	Rate     float64 `yaml:"rate"`     // 1 is normal speed, 0.5 to 2
}

// Model says who thinks: a call flow, a language model, or a flow that hands over to a language model.
type Model struct {
	Flow        string   `yaml:"flow"`        // name of a call flow; empty for none
	Provider    string   `yaml:"provider"`    // id of a provider of language models, Auto, or None
	Name        string   `yaml:"name"`        // model to ask of that provider; empty for its default
	Temperature *float64 `yaml:"temperature"` // 0 to 2; nil for the model's own
	MaxTokens   int      `yaml:"max_tokens"`  // of one answer; 0 for the model's own

	Fallbacks     []string      `yaml:"fallbacks"`      // who answers when the model cannot: provider/name or provider, in this order
	FallbackAfter time.Duration `yaml:"fallback_after"` // how long a model may be silent before the next is asked, 500 ms to 30 s
}

// MaxFallbacks is how many models may stand in for another.
const MaxFallbacks = 4

// Realtime names a speech-to-speech model, which hears, thinks and speaks in one. The agent's model, recogniser and voice then answer when it cannot be had, and may be none.
type Realtime struct {
	Provider string `yaml:"provider"` // id of a provider of such models; None for an agent that has none
	Model    string `yaml:"model"`    // model to ask of that provider; empty for its default
	Voice    string `yaml:"voice"`    // that model's name of a voice; empty for its default
}

// Recogniser says who listens.
type Recogniser struct {
	Provider string `yaml:"provider"` // id of a provider, or Auto
}

// Greeting opens the conversation. An empty text lets the caller speak first.
type Greeting struct {
	Text            string `yaml:"text"`
	Uninterruptible bool   `yaml:"uninterruptible"`
}

// Turn says when the caller has finished, and what the caller's voice does to the agent's.
type Turn struct {
	Detection     string        `yaml:"detection" enum:"auto,server_vad,semantic_vad"` // how the end of a turn is found: after a fixed pause, after one that depends on the words, or after these where the recogniser tells them while the caller speaks
	Eagerness     string        `yaml:"eagerness" enum:"low,medium,high,auto"`         // of semantic_vad: how soon it answers
	Merge         time.Duration `yaml:"merge"`                                         // speech so soon after a turn goes on with it, while nothing of the answer was heard; 0 for never
	Prepare       int           `yaml:"prepare"`                                       // how often in a turn a model may begin to think before the turn has ended, 0 to 2
	Silence       time.Duration `yaml:"silence"`                                       // quiet that ends a turn, 100 ms to 5 s
	Threshold     float64       `yaml:"threshold"`                                     // probability from which sound counts as speech, 0 to 1
	PrefixPadding time.Duration `yaml:"prefix_padding"`                                // sound before the detected start that still belongs to the turn
	Interrupt     bool          `yaml:"interrupt"`                                     // the caller may interrupt the agent
	Sensitivity   string        `yaml:"sensitivity" enum:"low,medium,high"`            // how much speech it takes to cut the agent: low in noisy places
	KeepThinking  bool          `yaml:"keep_thinking"`                                 // speech while the agent thinks does not stop it
	SelfVoice     bool          `yaml:"self_voice"`                                    // the agent\'s own voice that comes back is told from the caller\'s; false takes everything for the caller
	IdleTimeout   time.Duration `yaml:"idle_timeout"`                                  // quiet after which the agent speaks first; 0 for never
}

// Limits end a conversation that nobody ends.
type Limits struct {
	MaxDuration time.Duration `yaml:"max_duration"`
	IdleHangUp  time.Duration `yaml:"idle_hang_up"` // nobody has said anything for so long
}

// Default is where every definition starts.
func Default() Definition {
	return Definition{
		Format:     Format,
		Kind:       Voice,
		Language:   "en",
		Version:    1,
		Voice:      VoiceSpec{Provider: Auto, Rate: 1},
		Model:      Model{Provider: Auto, FallbackAfter: 3 * time.Second},
		Recogniser: Recogniser{Provider: Auto},
		Realtime:   Realtime{Provider: None},
		Turn: Turn{
			Detection: Auto, Eagerness: "auto", Merge: 600 * time.Millisecond, Prepare: 1, Silence: 500 * time.Millisecond, Threshold: 0.5, PrefixPadding: 300 * time.Millisecond,
			Interrupt: true, Sensitivity: "medium", SelfVoice: true, IdleTimeout: 15 * time.Second,
		},
		Limits: Limits{MaxDuration: 15 * time.Minute, IdleHangUp: 180 * time.Second},
		Chat:   Chat{Timeout: 30 * time.Minute, MaxMessages: 100, Save: true},
		Embed:  defaultEmbed(),
		Status: Active,
	}
}

// Format is the version of the file's format that this program writes. It reads this one and older ones.
const Format = 1

// Bounds of a definition. What is said aloud has to be remembered by a model that answers at once: the specification gives instructions for voices 2,000 characters, and an
// agent 8 tools.
const (
	MaxInstructions      = catalog.MaxTextInstructions  // characters
	MaxVoiceInstructions = catalog.MaxVoiceInstructions // characters, of agents that speak and are made in the console
	MaxTools             = catalog.MaxTools
	MaxName              = 120 // characters
)

var reference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

// Validate reports the first thing that is wrong, as a fault.Invalid whose Param is the key.
func (d Definition) Validate() error {
	bad := func(key, format string, args ...any) error {
		return fault.New(fault.Invalid, strict.CodeBadValue, key+": "+format, args...).At(key)
	}
	between := func(key string, v, low, high time.Duration) error {
		if v < low || v > high {
			return bad(key, "%v is not between %v and %v", v, low, high)
		}
		return nil
	}
	if !reference.MatchString(d.Reference) {
		return bad("reference", "%q is not made of 1 to 63 letters, digits, - and _", d.Reference)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(d.Name)); n == 0 || n > MaxName {
		return bad("name", "a name of 1 to 120 characters is needed")
	}
	for _, c := range []struct{ key, value, choices string }{
		{"kind", string(d.Kind), "voice,text,avatar"},
		{"status", string(d.Status), "draft,active"},
	} {
		if c.value == "" {
			return bad(c.key, "one of %s is needed", c.choices)
		}
		if err := strict.Choice(c.value, c.choices); err != nil {
			return bad(c.key, "%v", err)
		}
	}
	if _, err := language.Parse(d.Language); err != nil || d.Language == "" {
		return bad("language", "%q is not a language such as en, fr-CA or es", d.Language)
	}
	if d.Version < 1 {
		return bad("version", "%d is not a version; they count from 1", d.Version)
	}
	if d.Voice.Rate < 0.5 || d.Voice.Rate > 2 {
		return bad("voice.rate", "%v is not between 0.5 and 2", d.Voice.Rate)
	}
	for _, p := range []struct{ key, value string }{
		{"voice.provider", d.Voice.Provider}, {"recogniser.provider", d.Recogniser.Provider}, {"model.provider", d.Model.Provider},
		{"realtime.provider", d.Realtime.Provider},
	} {
		if p.value == "" {
			return bad(p.key, "a provider's id or %s is needed", Auto)
		}
	}
	if d.Realtime.Provider == None && (d.Realtime.Model != "" || d.Realtime.Voice != "") {
		return bad("realtime.provider", "the provider of the speech-to-speech model is needed")
	}
	if d.Model.Provider == None && d.Model.Flow == "" && d.Realtime.Provider == None {
		return bad("model", "neither a flow nor a provider: the agent could not answer")
	}
	if t := d.Model.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		return bad("model.temperature", "%v is not between 0 and 2", *t)
	}
	if d.Model.MaxTokens < 0 {
		return bad("model.max_tokens", "%d is negative", d.Model.MaxTokens)
	}
	if len(d.Model.Fallbacks) > MaxFallbacks {
		return bad("model.fallbacks", "%d are more than %d", len(d.Model.Fallbacks), MaxFallbacks)
	}
	for _, f := range d.Model.Fallbacks {
		if p, _, _ := strings.Cut(f, "/"); p == "" || p == Auto || p == None {
			return bad("model.fallbacks", "%q is neither a provider nor a provider/name", f)
		}
	}
	if len(d.Tools) > MaxTools {
		return bad("tools", "%d are more than %d", len(d.Tools), MaxTools)
	}
	for _, t := range d.Tools {
		if !reference.MatchString(t) {
			return bad("tools", "%q is not made of 1 to 63 letters, digits, - and _", t)
		}
	}
	if n := utf8.RuneCountInString(d.Instructions); n > MaxInstructions {
		return bad("instructions", "%d characters are more than %d", n, MaxInstructions)
	}
	if d.Turn.Prepare < 0 || d.Turn.Prepare > 2 {
		return bad("turn.prepare", "%d is not between 0 and 2", d.Turn.Prepare)
	}
	if !(d.Turn.Threshold >= 0 && d.Turn.Threshold <= 1) {
		return bad("turn.threshold", "%v is not between 0 and 1", d.Turn.Threshold)
	}
	for _, b := range []struct {
		key          string
		v, low, high time.Duration
	}{
		{"model.fallback_after", d.Model.FallbackAfter, 500 * time.Millisecond, 30 * time.Second},
		{"turn.silence", d.Turn.Silence, 100 * time.Millisecond, 5 * time.Second},
		{"turn.merge", d.Turn.Merge, 0, 2 * time.Second},
		{"turn.prefix_padding", d.Turn.PrefixPadding, 0, 2 * time.Second},
		{"turn.idle_timeout", d.Turn.IdleTimeout, 0, 10 * time.Minute},
		{"limits.max_duration", d.Limits.MaxDuration, 10 * time.Second, 24 * time.Hour},
		{"limits.idle_hang_up", d.Limits.IdleHangUp, 5 * time.Second, time.Hour},
		{"chat.timeout", d.Chat.Timeout, time.Minute, 30 * 24 * time.Hour},
	} {
		if err := between(b.key, b.v, b.low, b.high); err != nil {
			return err
		}
	}
	if err := d.Chat.validate(bad); err != nil {
		return err
	}
	return d.Embed.validate()
}
