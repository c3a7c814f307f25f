package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"griot/internal/catalog"
	"griot/internal/fault"
)

// Severity says what a finding means.
type Severity string

// The severities: an agent with an error cannot be active, one with a warning can.
const (
	Wrong   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong with a definition, and what to change. The console words it by the code and the parameters.
type Finding struct {
	Field    string            `json:"field" example:"model.temperature" doc:"The key of the definition."`
	Code     string            `json:"code" example:"out_of_range"`
	Severity Severity          `json:"severity" enum:"error,warning" doc:"An agent with an error cannot be active."`
	Message  string            `json:"message" doc:"What is wrong and what to change, in English."`
	Params   map[string]string `json:"params,omitempty" doc:"Values for the words of the code."`
}

// Offer is what a provider has for one part of an agent. Empty lists mean that nobody knows.
type Offer struct {
	Languages []string // BCP 47 prefixes
	Voices    []VoiceOffer
}

// VoiceOffer is a voice that is known by name.
type VoiceOffer struct{ ID, Lang string }

// Part is what a provider does for an agent.
type Part string

// The parts.
const (
	Mind  Part = "model"
	Ears  Part = "recogniser"
	Mouth Part = "voice"
	Whole Part = "realtime"
)

// Models is what a definition is held against: the models of this installation, for the tenant that ctx is about.
type Models interface {
	// Offer says what the provider that d names for a part has. It fails when that one has nothing for it, or is not set up.
	Offer(ctx context.Context, d Definition, p Part) (Offer, error)
	// Usable is why no conversation with d could begin here; nil when one could.
	Usable(ctx context.Context, d Definition) error
	// HasTool reports whether the tenant has a tool of that reference: one that an agent uses may have been removed, or stayed behind on the server that the agent comes from.
	HasTool(ctx context.Context, reference string) bool
}

// ModelOf is what the catalogue knows of the model that answers, false when nothing is known of it: a call flow, the server's choice, a model that only its name tells of.
func ModelOf(d Definition) (catalog.Model, bool) {
	if !d.whole() && (d.Model.Provider == Auto || d.Model.Provider == None) {
		return catalog.Model{}, false
	}
	return catalog.Lookup(d.answerer())
}

// FamilyOf is the family of the model that answers, "" when it is not known.
func FamilyOf(d Definition) catalog.Family {
	m, ok := ModelOf(d)
	if !ok && d.whole() {
		return catalog.F1
	}
	return m.Family
}

// whole reports whether a speech-to-speech model answers.
func (d Definition) whole() bool { return d.Realtime.Provider != None && d.Realtime.Provider != "" }

// answerer is the catalogue's id of the model that answers.
func (d Definition) answerer() string {
	if d.whole() {
		return d.Realtime.Provider + "/" + d.Realtime.Model
	}
	return d.Model.Provider + "/" + d.Model.Name
}

// nativeVoices are the voices that belong to speech-to-speech models, the catalogue's type "openai".
var nativeVoices = []string{"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "cedar", "marin"}

// semantic are the languages of which the program knows how sentences end.
var semantic = []string{"en", "es", "fr"}

type checker struct {
	d    Definition
	list []Finding
}

func (c *checker) add(s Severity, field, code string, params map[string]string, format string, args ...any) {
	c.list = append(c.list, Finding{Field: field, Code: code, Severity: s, Message: fmt.Sprintf(format, args...), Params: params})
}

func (c *checker) wrong(field, code string, params map[string]string, format string, args ...any) {
	c.add(Wrong, field, code, params, format, args...)
}

// Check lists everything that is wrong with a definition, or that its author should know, for an agent that is to be called. models may be nil: then only the definition
// itself is looked at.
func Check(ctx context.Context, d Definition, models Models) []Finding {
	c := &checker{d: d}
	c.words()
	c.answers()
	c.fallbacks()
	if d.Kind != Text {
		c.spoken()
	}
	c.bounds()
	if models != nil {
		c.offers(ctx, models)
	}
	return c.list
}

// Fails reports whether a list has an error in it.
func Fails(list []Finding) bool {
	return slices.ContainsFunc(list, func(f Finding) bool { return f.Severity == Wrong })
}

func (c *checker) words() {
	d := c.d
	if n := utf8.RuneCountInString(strings.TrimSpace(d.Name)); n == 0 {
		c.wrong("name", "name_needed", nil, "Give the agent a name.")
	} else if n > MaxName {
		c.wrong("name", "name_too_long", counts(n, MaxName), "The name has %d characters; shorten it to %d.", n, MaxName)
	}
	if _, err := language.Parse(d.Language); err != nil || d.Language == "" {
		c.wrong("language", "language_needed", map[string]string{"value": d.Language}, "Choose the language that the agent speaks, such as fr-FR.")
	}
	most := MaxInstructions
	if d.Kind != Text {
		most = MaxVoiceInstructions
	}
	n := utf8.RuneCountInString(d.Instructions)
	if n > most {
		c.wrong("instructions", "instructions_too_long", counts(n, most), "The instructions have %d characters; shorten them to %d.", n, most)
	}
	if strings.TrimSpace(d.Instructions) == "" && d.Model.Flow == "" {
		c.wrong("instructions", "instructions_needed", nil, "Write what the agent is to do: without a call flow the instructions are all that it knows.")
	}
	if len(d.Tools) > MaxTools {
		c.wrong("tools", "too_many_tools", counts(len(d.Tools), MaxTools), "%d tools are more than %d: take away those that the agent needs least.", len(d.Tools), MaxTools)
	}
	for i, t := range d.Tools {
		field := fmt.Sprintf("tools[%d]", i)
		if !reference.MatchString(t) {
			c.wrong(field, "bad_tool", map[string]string{"tool": t}, "%q is not the reference of a tool.", t)
		} else if slices.Contains(d.Tools[:i], t) {
			c.wrong(field, "tool_twice", map[string]string{"tool": t}, "The tool %q is there twice: take one away.", t)
		}
	}
}

// answers looks at who thinks.
func (c *checker) answers() {
	d := c.d
	field := "model.name"
	switch {
	case d.whole() && d.Kind == Text:
		c.wrong("realtime.provider", "realtime_not_for_text", nil, "A text agent writes: choose a language model instead of a speech-to-speech model.")
	case d.whole():
		field = "realtime.model"
	case d.Realtime.Model != "" || d.Realtime.Voice != "":
		c.wrong("realtime.provider", "provider_needed", nil, "Choose the provider of the speech-to-speech model.")
	case d.Model.Flow == "" && (d.Model.Provider == None || d.Model.Provider == ""):
		c.wrong("model.provider", "model_needed", nil, "Choose the model that answers.")
	}
	if known, ok := catalog.Find(d.answerer()); ok && (known.Kind == catalog.S2S) != d.whole() {
		names := map[string]string{"model": known.ID}
		if d.whole() {
			c.wrong(field, "not_speech_to_speech", names, "The model %s does not speak by itself: choose it as the language model, or another one here.", known.ID)
		} else {
			c.wrong(field, "not_a_language_model", names, "The model %s hears and speaks by itself: choose it as the speech-to-speech model, or another one here.", known.ID)
		}
	}
	m, ok := ModelOf(d)
	if ok && !m.Speaks(d.Language) {
		c.wrong(field, "language_not_offered", map[string]string{"model": m.ID, "language": d.Language, "offered": strings.Join(m.Languages, ", ")}, "The model %s does not know %s. Choose another model, or one of these languages: %s.",
			m.ID, d.Language, strings.Join(m.Languages, ", "))
	}
	if ok && d.Kind != Text && !m.Detects(d.Turn.Detection) && d.Turn.Detection != "auto" {
		c.wrong("turn.detection", "detection_not_in_family", map[string]string{"detection": d.Turn.Detection, "family": string(m.Family)}, "Models of family %s do not find the end of turns by %s. Choose server_vad or semantic_vad.", m.Family, d.Turn.Detection)
	}
	switch n := d.Model.MaxTokens; {
	case n < 0:
		c.wrong("model.max_tokens", "out_of_range", between("", 0, max(1, m.MaxTokens)), "The number of tokens is not negative.")
	case m.MaxTokens > 0 && n > m.MaxTokens:
		c.wrong("model.max_tokens", "out_of_range", between(m.Family, 0, m.MaxTokens), "Models of family %s answer with at most %d tokens; choose %d or less.", m.Family, m.MaxTokens, m.MaxTokens)
	}
	least, most := 0.0, 2.0
	if d.whole() && d.Kind != Text {
		least, most = catalog.MinTemperature, catalog.MaxTemperature
	}
	if t := d.Model.Temperature; t != nil && !(*t >= least && *t <= most) {
		c.wrong("model.temperature", "out_of_range", between(FamilyOf(d), least, most), "The temperature of this model is between %v and %v.", least, most)
	}
}

// fallbacks looks at who answers when the model cannot.
func (c *checker) fallbacks() {
	d := c.d
	if n := len(d.Model.Fallbacks); n > MaxFallbacks {
		c.wrong("model.fallbacks", "too_many_fallbacks", counts(n, MaxFallbacks), "%d fallbacks are more than %d: keep those that are really different.", n, MaxFallbacks)
	}
	for i, f := range d.Model.Fallbacks {
		field, names := fmt.Sprintf("model.fallbacks[%d]", i), map[string]string{"model": f}
		known, ok := catalog.Find(f)
		switch p, _, _ := strings.Cut(f, "/"); {
		case p == "" || p == Auto || p == None:
			c.wrong(field, "bad_fallback", names, "%q is neither a provider nor a provider and its model, such as anthropic/claude-opus-4-5.", f)
		case ok && known.Kind != catalog.LLM:
			c.wrong(field, "not_a_language_model", names, "The model %s is no language model: only one that writes can stand in for another.", known.ID)
		case slices.Contains(d.Model.Fallbacks[:i], f) || !d.whole() && f == d.ModelName():
			c.wrong(field, "fallback_twice", names, "The model %s is there already: it cannot stand in for itself.", f)
		}
	}
}

// spoken looks at what only agents with a voice have.
func (c *checker) spoken() {
	d := c.d
	m, ok := ModelOf(d)
	if ok && d.whole() && slices.Contains(nativeVoices, d.Realtime.Voice) && !slices.Contains(m.Voices, "openai") {
		c.wrong("realtime.voice", "voice_not_in_family", map[string]string{"voice": d.Realtime.Voice, "family": string(m.Family), "model": m.ID},
			"The voice %q belongs to models of family F1, and %s is one of %s. Choose one of the provider's voices for %s, or a model of family F1.", d.Realtime.Voice, m.ID, m.Family, d.Language)
	}
	base, _, _ := strings.Cut(strings.ToLower(d.Language), "-")
	if d.Turn.Detection == "semantic_vad" && !slices.Contains(semantic, base) && FamilyOf(d) != catalog.F1 {
		c.add(Warning, "turn.detection", "semantic_language", map[string]string{"language": d.Language}, "Turns are found by their words in English, Spanish and French only; in %s only the pause counts. Choose server_vad.", d.Language)
	}
	if d.Turn.Detection == "server_vad" && d.Turn.Eagerness != "" && d.Turn.Eagerness != "auto" {
		c.add(Warning, "turn.eagerness", "eagerness_unused", nil, "The eagerness does not count with server_vad.")
	}
}

// bounds are those that files have too.
func (c *checker) bounds() {
	d := c.d
	// What was found above is put right here, so that the first fault that remains is a new one.
	d.Reference, d.Version, d.Status = "x", 1, Active
	d.Name, d.Language, d.Instructions, d.Tools = "x", "en", "", nil
	d.Model = Model{Provider: Auto, FallbackAfter: d.Model.FallbackAfter}
	d.Realtime = Realtime{Provider: None}
	for range 20 {
		var f *fault.Error
		if err := d.Validate(); err == nil || !errors.As(err, &f) {
			return
		}
		c.wrong(f.Param, f.Code, nil, "%s", f.Message)
		if !mend(&d, f.Param) {
			return
		}
	}
}

// mend gives a key its default.
func mend(d *Definition, key string) bool {
	def := Default()
	switch key {
	case "kind":
		d.Kind = def.Kind
	case "voice.rate":
		d.Voice.Rate = def.Voice.Rate
	case "voice.provider":
		d.Voice.Provider = Auto
	case "recogniser.provider":
		d.Recogniser.Provider = Auto
	case "turn.prepare":
		d.Turn.Prepare = def.Turn.Prepare
	case "turn.threshold":
		d.Turn.Threshold = def.Turn.Threshold
	case "model.fallback_after":
		d.Model.FallbackAfter = def.Model.FallbackAfter
	case "turn.silence":
		d.Turn.Silence = def.Turn.Silence
	case "turn.merge":
		d.Turn.Merge = def.Turn.Merge
	case "turn.prefix_padding":
		d.Turn.PrefixPadding = def.Turn.PrefixPadding
	case "turn.idle_timeout":
		d.Turn.IdleTimeout = def.Turn.IdleTimeout
	case "limits.max_duration":
		d.Limits.MaxDuration = def.Limits.MaxDuration
	case "limits.idle_hang_up":
		d.Limits.IdleHangUp = def.Limits.IdleHangUp
	case "chat.timeout":
		d.Chat.Timeout = def.Chat.Timeout
	case "chat.max_messages":
		d.Chat.MaxMessages = def.Chat.MaxMessages
	case "chat.suggestions":
		d.Chat.Suggestions = nil
	case "chat.color":
		d.Chat.Color = ""
	case "chat.avatar":
		d.Chat.Avatar = ""
	default:
		return false
	}
	return true
}

// offers holds the definition against what the providers have.
func (c *checker) offers(ctx context.Context, models Models) {
	d := c.d
	parts := []struct {
		part            Part
		provider, voice string
	}{{Mind, d.Model.Provider, ""}}
	if d.Kind != Text {
		parts = append(parts, []struct {
			part            Part
			provider, voice string
		}{{Whole, d.Realtime.Provider, d.Realtime.Voice}, {Ears, d.Recogniser.Provider, ""}, {Mouth, d.Voice.Provider, d.Voice.ID}}...)
	}
	for i, t := range d.Tools {
		if reference.MatchString(t) && !models.HasTool(ctx, t) {
			c.add(Warning, fmt.Sprintf("tools[%d]", i), "tool_missing", map[string]string{"tool": t}, "There is no tool %q here any more: the agent talks without it. Take it away, or add the tool again.", t)
		}
	}
	for _, p := range parts {
		if p.provider == "" || p.provider == Auto || p.provider == None {
			continue
		}
		o, err := models.Offer(ctx, d, p.part)
		if err != nil {
			c.wrong(string(p.part)+".provider", first(fault.CodeOf(err), "provider_unusable"), map[string]string{"provider": p.provider}, "%v", err)
			continue
		}
		if !speaks(o.Languages, d.Language) {
			c.wrong(string(p.part)+".provider", "language_not_offered", map[string]string{"provider": p.provider, "language": d.Language, "offered": strings.Join(o.Languages, ", ")},
				"%s has nothing for %s here. Choose another provider, or one of these languages: %s.", p.provider, d.Language, strings.Join(o.Languages, ", "))
		}
		if p.voice == "" || len(o.Voices) == 0 {
			continue
		}
		field := string(p.part) + ".id"
		if p.part == Whole {
			field = "realtime.voice"
		}
		i := slices.IndexFunc(o.Voices, func(v VoiceOffer) bool { return v.ID == p.voice })
		switch {
		case i < 0:
			c.wrong(field, "unknown_voice", map[string]string{"provider": p.provider, "voice": p.voice}, "%s has no voice %q: choose one of its voices.", p.provider, p.voice)
		case o.Voices[i].Lang != "" && !speaks([]string{o.Voices[i].Lang}, d.Language):
			c.add(Warning, field, "voice_of_another_language", map[string]string{"voice": p.voice, "language": d.Language, "spoken": o.Voices[i].Lang}, "The voice %q speaks %s, the agent %s.", p.voice, o.Voices[i].Lang, d.Language)
		}
	}
	for i, f := range d.Model.Fallbacks {
		stand := d
		stand.Model.Provider, stand.Model.Name, _ = strings.Cut(f, "/")
		if stand.Model.Provider == "" {
			continue
		}
		if _, err := models.Offer(ctx, stand, Mind); err != nil {
			c.wrong(fmt.Sprintf("model.fallbacks[%d]", i), first(fault.CodeOf(err), "provider_unusable"), map[string]string{"provider": stand.Model.Provider}, "%v", err)
		}
	}
	if Fails(c.list) {
		return // the reason is said already
	}
	if err := models.Usable(ctx, d); err != nil {
		field, params := "model", map[string]string(nil)
		var f *fault.Error
		if errors.As(err, &f) {
			if params = f.Params; f.Param == "model.flow" {
				field = f.Param
			}
		}
		c.wrong(field, first(fault.CodeOf(err), "cannot_answer"), params, "No conversation could begin: %v", err)
	}
}

// speaks reports whether one of the languages is lang's; no languages leave the choice.
func speaks(languages []string, lang string) bool {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return len(languages) == 0 || lang == "" || slices.ContainsFunc(languages, func(l string) bool {
		b, _, _ := strings.Cut(strings.ToLower(l), "-")
		return b == base
	})
}

func counts(n, most int) map[string]string {
	return map[string]string{"count": fmt.Sprint(n), "most": fmt.Sprint(most)}
}

func between[N int | float64](f catalog.Family, least, most N) map[string]string {
	m := map[string]string{"least": fmt.Sprint(least), "most": fmt.Sprint(most)}
	if f != "" {
		m["family"] = string(f)
	}
	return m
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
