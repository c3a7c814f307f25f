package catalog

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"griot/internal/fault"
	"griot/internal/provider"
)

// Vendor is a provider of models as the tenant in a context has set it.
type Vendor struct {
	Name     string // as people know it
	Presence provider.Presence
	Key      string                                      // differs with the settings
	Models   func(ctx context.Context) ([]string, error) // asks it for its models' names; nil when it cannot be asked
}

// Vendors is what the catalogue needs to know of the providers of this program.
type Vendors interface {
	IDs() []string
	// Vendor is a fault.NotFound for a provider that this program does not have.
	Vendor(ctx context.Context, id string) (Vendor, error)
}

// Why a model is not available: codes, to be worded in the reader's language.
const (
	NoProvider  = "no_provider"        // this program has no provider for it
	NotSet      = "provider_not_set"   // its provider lacks a key, an address or a package
	NotOffered  = "not_offered"        // its provider's server has no such model
	NotAnswered = "provider_not_ready" // its provider could not be asked
)

// Entry is a model with whether it can be had here and now.
type Entry struct {
	Model
	ProviderName string
	Available    bool
	Found        bool   // only the provider's server told of it: what is known of it is guessed from its name
	Why          string // code; empty when it is available
	Message      string // English: what is missing
	Mend         string // a shell command that mends it; empty when there is none
}

// Filter chooses models. Zero values choose all.
type Filter struct {
	Family    Family
	Kind      Kind
	Provider  string
	Available *bool
	Language  string // spoken by the model
}

// Service joins the catalogue with what the configured providers really offer. It is safe for concurrent use.
type Service struct {
	vendors Vendors
	lists   provider.Cache[[]string]
}

// New returns a Service.
func New(v Vendors) *Service { return &Service{vendors: v} }

// state is what is known of a vendor while one list is made.
type state struct {
	v      Vendor
	absent error
	listed bool     // it was asked and answered
	names  []string // what it has
	failed error    // it was asked and did not answer
}

// List returns the models that a filter chooses: first those of the catalogue, in its order, then those that only a provider's server told of, by id. Providers that can be asked
// are asked, each for at most five seconds, and their answers kept for a minute; one that does not answer is the reason of its models, not an error.
func (s *Service) List(ctx context.Context, f Filter) ([]Entry, error) {
	states := map[string]*state{}
	of := func(id string) *state {
		if st := states[id]; st != nil {
			return st
		}
		st := &state{}
		states[id] = st
		st.v, st.absent = s.vendors.Vendor(ctx, id)
		if st.absent != nil || !st.v.Presence.OK || st.v.Models == nil {
			return st
		}
		st.names, st.failed = s.lists.Get(ctx, id+" "+st.v.Key, st.v.Models)
		st.listed = st.failed == nil && len(st.names) > 0 // an empty list tells nothing
		return st
	}
	var out []Entry
	for _, m := range models {
		if f.matches(m) {
			out = append(out, entry(m, of(m.Provider)))
		}
	}
	var found []Entry
	for _, id := range s.vendors.IDs() {
		if f.Provider != "" && f.Provider != id {
			continue
		}
		for _, name := range of(id).names {
			m, ok := guess(id, name)
			if _, known := Find(m.ID); ok && !known && f.matches(m) {
				e := entry(m, of(id))
				e.Found = true
				found = append(found, e)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	out = append(out, slices.CompactFunc(found, func(a, b Entry) bool { return a.ID == b.ID })...)
	if f.Available != nil {
		out = slices.DeleteFunc(out, func(e Entry) bool { return e.Available != *f.Available })
	}
	return out, nil
}

func (f Filter) matches(m Model) bool {
	return (f.Family == "" || f.Family == m.Family) && (f.Kind == "" || f.Kind == m.Kind) && (f.Provider == "" || f.Provider == m.Provider) && (f.Language == "" || m.Speaks(f.Language))
}

// entry says whether a model can be had from its vendor.
func entry(m Model, st *state) Entry {
	e := Entry{Model: m, ProviderName: st.v.Name}
	switch {
	case m.Kind == Flow: // it is part of the program
		e.ProviderName, e.Available = "Griot", true
	case st.absent != nil && fault.KindOf(st.absent) == fault.NotFound:
		e.ProviderName, e.Why = m.Provider, NoProvider
		e.Message = "This version of Griot has no provider for it."
	case st.absent != nil:
		e.ProviderName, e.Why, e.Message = m.Provider, NotAnswered, st.absent.Error()
	case !st.v.Presence.OK:
		e.Why, e.Message, e.Mend = NotSet, st.v.Presence.Missing, st.v.Presence.Mend
	case st.failed != nil:
		e.Why, e.Message = NotAnswered, st.failed.Error()
	case st.listed && !has(st.names, m.Name):
		e.Why, e.Message = NotOffered, st.v.Name+" is set, but its server does not list this model."
	default:
		e.Available = true
	}
	return e
}

// has reports whether a name is listed, with or without the tag or the date of a version: llama3.2 for llama3.2:latest, claude-opus-4.5 for claude-opus-4-5-20251101.
func has(names []string, name string) bool {
	fold := strings.NewReplacer(".", "-").Replace
	return slices.ContainsFunc(names, func(n string) bool {
		if len(n) < len(name) || !strings.EqualFold(fold(n[:len(name)]), fold(name)) {
			return false
		}
		rest := n[len(name):]
		return rest == "" || rest[0] == ':' || len(rest) == len("-20060102") && strings.Trim(rest, "0123456789") == "-"
	})
}

// What the name of a model that is neither listened to nor spoken nor written with contains: servers list all they have.
var others = []string{"embed", "image", "dall-e", "moderation", "sora", "davinci", "babbage", "rerank", "bge-", "search", "guard", "diarize", "clip", "vision-encoder", "computer-use"}

// Lookup is Find, and for a model that only a server knows what can be guessed from its name; false for what is no provider/name or no model for agents.
func Lookup(id string) (Model, bool) {
	if m, ok := Find(id); ok {
		return m, true
	}
	vendor, name, _ := strings.Cut(id, "/")
	if vendor == "" {
		return Model{}, false
	}
	return guess(vendor, name)
}

// guess says what a server's model is by its name: nothing else is told. The second result is false for one that no agent can be built on.
func guess(vendor, name string) (Model, bool) {
	lower := strings.ToLower(name)
	contains := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	m := Model{ID: vendor + "/" + name}
	switch {
	case name == "" || len(name) > 200 || contains(others...):
		return m, false
	case contains("realtime"):
		m.Kind, m.Family = S2S, F1
		m.Voices, m.TurnDetections = []string{"openai"}, []string{"server_vad", "semantic_vad"}
	case contains("whisper", "transcribe", "-asr", "parakeet"):
		m.Kind = STT
	case contains("tts", "kokoro", "piper", "speech"):
		m.Kind = TTS
	case contains("-audio"):
		return m, false
	default:
		m.Kind, m.Family = LLM, F3
		if contains("gpt-4", "gpt-3") {
			m.Family = F2
		}
	}
	m = complete(m, families)
	return m, true
}
