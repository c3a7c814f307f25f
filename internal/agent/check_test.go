package agent_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/catalog"
	"griot/internal/fault"
)

// world is an installation with one provider of each.
type world struct{ unusable error }

func (w world) Offer(_ context.Context, d agent.Definition, p agent.Part) (agent.Offer, error) {
	id := map[agent.Part]string{agent.Mind: d.Model.Provider, agent.Ears: d.Recogniser.Provider, agent.Mouth: d.Voice.Provider, agent.Whole: d.Realtime.Provider}[p]
	switch id {
	case "espeak":
		return agent.Offer{Languages: []string{"en", "fr"}, Voices: []agent.VoiceOffer{{ID: "fr-anna", Lang: "fr-FR"}, {ID: "en-bob", Lang: "en"}}}, nil
	case "openai", "azure":
		return agent.Offer{}, nil
	}
	return agent.Offer{}, fault.New(fault.NotFound, "unknown_provider", "there is no provider %q", id)
}

func (w world) Usable(context.Context, agent.Definition) error { return w.unusable }

func (w world) HasTool(_ context.Context, reference string) bool { return reference != "gone" }

func TestCheck(t *testing.T) {
	number := func(f float64) *float64 { return &f }
	realtime := func(provider, model, voice string) func(*agent.Definition) {
		return func(d *agent.Definition) { d.Realtime = agent.Realtime{Provider: provider, Model: model, Voice: voice} }
	}
	text := func(f func(*agent.Definition)) func(*agent.Definition) {
		return func(d *agent.Definition) { d.Kind = agent.Text; f(d) }
	}
	for name, c := range map[string]struct {
		change func(*agent.Definition)
		want   string // field, code and severity of every finding
	}{
		"good":              {func(*agent.Definition) {}, ""},
		"no name":           {func(d *agent.Definition) { d.Name = " " }, "name name_needed error"},
		"long name":         {func(d *agent.Definition) { d.Name = strings.Repeat("é", 121) }, "name name_too_long error"},
		"no language":       {func(d *agent.Definition) { d.Language = "" }, "language language_needed error"},
		"no instructions":   {func(d *agent.Definition) { d.Instructions = "\n" }, "instructions instructions_needed error"},
		"a flow needs none": {func(d *agent.Definition) { d.Instructions, d.Model.Flow = "", "reception" }, ""},
		"2000 for a voice":  {func(d *agent.Definition) { d.Instructions = strings.Repeat("é", 2000) }, ""},
		"2001 for a voice":  {func(d *agent.Definition) { d.Instructions = strings.Repeat("é", 2001) }, "instructions instructions_too_long error"},
		"2001 for a text":   {text(func(d *agent.Definition) { d.Instructions = strings.Repeat("é", 2001) }), ""},
		"16001 for a text":  {text(func(d *agent.Definition) { d.Instructions = strings.Repeat("é", 16001) }), "instructions instructions_too_long error"},
		"eight tools":       {func(d *agent.Definition) { d.Tools = strings.Split("a b c d e f g h", " ") }, ""},
		"nine tools":        {func(d *agent.Definition) { d.Tools = strings.Split("a b c d e f g h i", " ") }, "tools too_many_tools error"},
		"odd tools":         {func(d *agent.Definition) { d.Tools = []string{"a", "a b", "a"} }, "tools[1] bad_tool error, tools[2] tool_twice error"},
		"a tool is gone":    {func(d *agent.Definition) { d.Tools = []string{"a", "gone"} }, "tools[1] tool_missing warning"},
		"no model":          {func(d *agent.Definition) { d.Model.Provider = agent.None }, "model.provider model_needed error"},
		"half a model":      {func(d *agent.Definition) { d.Realtime.Voice = "alloy" }, "realtime.provider provider_needed error"},
		"speech for a text": {text(realtime("azure", "gpt-realtime", "")), "realtime.provider realtime_not_for_text error"},
		"native voice":      {realtime("azure", "gpt-realtime", "alloy"), ""},
		"not its voice":     {realtime("azure", "gpt-4o", "alloy"), "realtime.voice voice_not_in_family error"},
		"its voice":         {realtime("azure", "gpt-4o", "fr-FR-DeniseNeural"), ""},
		"writes only":       {realtime("openai", "gpt-4o-mini", ""), "realtime.model not_speech_to_speech error"},
		"speaks by itself":  {func(d *agent.Definition) { d.Model.Provider, d.Model.Name = "openai", "gpt-realtime" }, "model.name not_a_language_model error"},
		"too many tokens":   {func(d *agent.Definition) { realtime("azure", "gpt-realtime", "")(d); d.Model.MaxTokens = 4097 }, "model.max_tokens out_of_range error"},
		"tokens of F3":      {func(d *agent.Definition) { realtime("azure", "gpt-5", "")(d); d.Model.MaxTokens = 4097 }, ""},
		"tokens":            {func(d *agent.Definition) { d.Model.MaxTokens = -1 }, "model.max_tokens out_of_range error"},
		"cold":              {func(d *agent.Definition) { realtime("azure", "gpt-realtime", "")(d); d.Model.Temperature = number(0.5) }, "model.temperature out_of_range error"},
		"stand-ins":         {func(d *agent.Definition) { d.Model.Fallbacks = []string{"openai/gpt-4o-mini", "openai"} }, ""},
		"odd stand-ins": {func(d *agent.Definition) {
			d.Model.Fallbacks = []string{"/x", "openai/gpt-realtime", "openai", "openai"}
		}, "model.fallbacks[0] bad_fallback error, model.fallbacks[1] not_a_language_model error, model.fallbacks[3] fallback_twice error"},
		"five stand-ins": {func(d *agent.Definition) {
			d.Model.Fallbacks = strings.Split("openai openai/a openai/b openai/c openai/d", " ")
		}, "model.fallbacks too_many_fallbacks error"},
		"impatient":      {func(d *agent.Definition) { d.Model.FallbackAfter = time.Millisecond }, "model.fallback_after bad_value error"},
		"cold words":     {func(d *agent.Definition) { d.Model.Temperature = number(0.5) }, ""},
		"hot words":      {func(d *agent.Definition) { d.Model.Temperature = number(2.1) }, "model.temperature out_of_range error"},
		"turns by words": {func(d *agent.Definition) { d.Turn.Detection, d.Language = "semantic_vad", "de" }, "turn.detection semantic_language warning"},
		"eager":          {func(d *agent.Definition) { d.Turn.Detection, d.Turn.Eagerness = "server_vad", "high" }, "turn.eagerness eagerness_unused warning"},
		"bounds":         {func(d *agent.Definition) { d.Turn.Silence, d.Voice.Rate, d.Limits.MaxDuration = time.Millisecond, 9, 0 }, "voice.rate bad_value error, turn.silence bad_value error, limits.max_duration bad_value error"},
		"chat": {func(d *agent.Definition) {
			d.Chat = agent.Chat{Timeout: time.Hour, MaxMessages: 2, Suggestions: []string{"How much?"}, Color: "#A0b1c2", Avatar: "👩🏽‍🚀"}
		}, ""},
		"chat pictures": {func(d *agent.Definition) { d.Chat.Avatar = "/static/avatars/commercial.png" }, ""},
		"chat bounds": {func(d *agent.Definition) {
			d.Chat = agent.Chat{Timeout: time.Second, MaxMessages: 1, Suggestions: []string{" "}, Color: "blue", Avatar: "javascript:alert(1)"}
		}, "chat.timeout bad_value error, chat.max_messages bad_value error, chat.suggestions bad_value error, chat.color bad_value error, chat.avatar bad_value error"},
		"seven prompts":    {func(d *agent.Definition) { d.Chat.Suggestions = strings.Split("a b c d e f g", " ") }, "chat.suggestions bad_value error"},
		"plain picture":    {func(d *agent.Definition) { d.Chat.Avatar = "http://example.com/a.png" }, "chat.avatar bad_value error"},
		"its language":     {func(d *agent.Definition) { d.Voice.Provider, d.Voice.ID = "espeak", "fr-anna" }, ""},
		"no such language": {func(d *agent.Definition) { d.Voice.Provider, d.Language = "espeak", "es-MX" }, "voice.provider language_not_offered error"},
		"no such voice":    {func(d *agent.Definition) { d.Voice.Provider, d.Voice.ID = "espeak", "anna" }, "voice.id unknown_voice error"},
		"another's voice":  {func(d *agent.Definition) { d.Voice.Provider, d.Voice.ID = "espeak", "en-bob" }, "voice.id voice_of_another_language warning"},
		"nobody":           {func(d *agent.Definition) { d.Recogniser.Provider = "nobody" }, "recogniser.provider unknown_provider error"},
		"a text hears not": {text(func(d *agent.Definition) { d.Recogniser.Provider = "nobody" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := named("Sophie")
			c.change(&d)
			var got []string
			for _, f := range agent.Check(t.Context(), d, world{}) {
				got = append(got, f.Field+" "+f.Code+" "+string(f.Severity))
				require.NotEmpty(t, f.Message)
			}
			require.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
	list := agent.Check(t.Context(), named("Sophie"), world{unusable: fault.New(fault.Invalid, "no_model", "nothing answers")})
	require.Equal(t, []agent.Finding{{Field: "model", Code: "no_model", Severity: agent.Wrong, Message: "No conversation could begin: nothing answers"}}, list)
	require.True(t, agent.Fails(list))
}

func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		realtime agent.Realtime
		model    agent.Model
		want     catalog.Family
		name     string
	}{
		{agent.Realtime{Provider: "openai"}, agent.Model{}, catalog.F1, "openai"}, {agent.Realtime{Provider: "azure", Model: "gpt-4o"}, agent.Model{}, catalog.F2, "azure/gpt-4o"},
		{agent.Realtime{Provider: agent.None}, agent.Model{Provider: "openai", Name: "gpt-5-mini"}, catalog.F3, "openai/gpt-5-mini"},
		{agent.Realtime{Provider: agent.None}, agent.Model{Provider: agent.Auto, Flow: "reception"}, "", "flow/reception"}, {agent.Realtime{Provider: agent.None}, agent.Model{Provider: agent.Auto}, "", "auto"},
	} {
		d := agent.Default()
		d.Realtime, d.Model = c.realtime, c.model
		require.Equal(t, []any{c.want, c.name}, []any{agent.FamilyOf(d), d.ModelName()})
	}
}

// The agents that come with the program can be copied and published.
func TestDefaultsCanBePublished(t *testing.T) {
	defs, err := agent.Defaults()
	require.NoError(t, err)
	for _, d := range defs {
		require.Empty(t, agent.Check(t.Context(), d, nil), d.Reference)
	}
}

// docs/agents.md has every key and every code that a check of the definition alone gives.
func TestKeysAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/agents.md")
	require.NoError(t, err)
	m, err := agent.Default().Map()
	require.NoError(t, err)
	for key, v := range m {
		sub, ok := v.(map[string]any)
		if !ok {
			sub = map[string]any{"": nil}
		}
		for k := range sub {
			path := strings.TrimSuffix(key+"."+k, ".")
			require.Contains(t, string(doc), "| `"+path+"` |")
		}
	}
	source, err := os.ReadFile("check.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`(?:wrong|add)\((?:Warning, )?[^,]+, "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(codes), 20)
	for _, c := range codes {
		require.Contains(t, string(doc), "`"+c[1]+"`")
	}
}
