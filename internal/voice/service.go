package voice

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"griot/internal/catalog"
	"griot/internal/fault"
	"griot/internal/model/tts"
	"griot/internal/provider"
)

// Vendor is a provider of voices as the tenant in a context has set it.
type Vendor struct {
	Name     string
	Presence provider.Presence
	Key      string                                         // differs with the settings
	Voices   func(ctx context.Context) ([]tts.Voice, error) // asks it for its voices; nil when it cannot be asked
	Speech   func(ctx context.Context) (tts.Model, error)   // what speaks with them; nil when only a speech-to-speech model does
}

// Vendors is what the catalogue needs to know of the providers of this program.
type Vendors interface {
	IDs() []string
	// Vendor is a fault.NotFound for a provider that this program does not have.
	Vendor(ctx context.Context, id string) (Vendor, error)
}

// Entry is a voice with whether it can be had here and now.
type Entry struct {
	Voice
	ProviderName string
	Available    bool
	Sample       bool   // it can be listened to
	Why          string // one of catalog's codes; empty when it is available
	Message      string // English: what is missing
	Mend         string // a shell command that mends it; empty when there is none
}

// Filter chooses voices. Zero values choose all. A voice that speaks every language is of each language and locale.
type Filter struct {
	Language, Locale, Gender, Type, Provider string
	Model                                    string // id of a catalogue's model: only voices that an agent on it can have
	Available                                *bool
}

// Service is the catalogue. It is safe for concurrent use.
type Service struct {
	vendors  Vendors
	lists    provider.Cache[[]tts.Voice]
	speaking chan struct{} // samples that are being spoken
}

// samplesAtOnce bounds what listening takes of a machine that holds calls.
const samplesAtOnce = 2

// New returns a Service.
func New(v Vendors) *Service {
	return &Service{vendors: v, speaking: make(chan struct{}, samplesAtOnce)}
}

// all returns every voice, by provider in the order of the program's, then those of providers that it does not have.
func (s *Service) all(ctx context.Context) ([]Entry, error) {
	ids := s.vendors.IDs()
	for _, v := range seeds {
		if !slices.Contains(ids, v.Provider) {
			ids = append(ids, v.Provider)
		}
	}
	var out []Entry
	for _, id := range ids {
		out = append(out, s.of(ctx, id)...)
	}
	return out, ctx.Err()
}

// of returns a provider's voices.
func (s *Service) of(ctx context.Context, id string) []Entry {
	var out []Entry
	for _, v := range seeds {
		if v.Provider == id {
			out = append(out, Entry{Voice: v, ProviderName: id})
		}
	}
	vendor, err := s.vendors.Vendor(ctx, id)
	if err != nil {
		return lack(out, catalog.NoProvider, "This version of Griot has no provider for it.", "")
	}
	for i := range out {
		out[i].ProviderName = vendor.Name
	}
	listed, whole := s.listed(ctx, id, vendor)
	out = merge(out, id, vendor, listed, whole)
	if !vendor.Presence.OK {
		return lack(out, catalog.NotSet, vendor.Presence.Missing, vendor.Presence.Mend)
	}
	for i, e := range out {
		reads := slices.Contains(e.Uses, Reading)
		if reads && len(listed) > 0 && !has(listed, e.ID) {
			out[i].Why, out[i].Message = catalog.NotOffered, vendor.Name+" is set, but does not have this voice."
			continue
		}
		out[i].Available, out[i].Sample = true, reads && vendor.Speech != nil
	}
	return out
}

// listed is what a vendor says that it has; nothing when it cannot say. whole tells that it is the vendor's own list, which takes the place of the data.
func (s *Service) listed(ctx context.Context, id string, v Vendor) (list []tts.Voice, whole bool) {
	if v.Presence.OK && v.Voices != nil {
		list, err := s.lists.Get(ctx, id+" "+v.Key, v.Voices)
		if err == nil && len(list) > 0 {
			return list, true
		}
	}
	if v.Speech == nil {
		return nil, false
	}
	m, err := v.Speech(ctx)
	if err != nil { // no key: its models cannot be made
		return nil, false
	}
	return m.Caps().Voices, false
}

// merge adds to the voices of the data those that a vendor lists. A whole list of Azure's replaces what the data has of that type.
func merge(out []Entry, id string, v Vendor, listed []tts.Voice, whole bool) []Entry {
	if whole {
		out = slices.DeleteFunc(out, func(e Entry) bool { return e.Type == AzureStandard && !has(listed, e.ID) })
	}
	for _, l := range listed {
		if i := slices.IndexFunc(out, func(e Entry) bool { return e.ID == l.ID }); i >= 0 {
			continue
		}
		n := Voice{Provider: id, ID: l.ID, Name: l.Name, Locale: l.Lang, Gender: cmp.Or(l.Gender, "unknown"), Type: id, Uses: []string{Reading}}
		switch {
		case id == "azure":
			n.Type, n.Quality, n.Uses = AzureStandard, qualityOf(l.ID), []string{Realtime}
			if v.Speech != nil {
				n.Uses = append(n.Uses, Reading)
			}
		case !slices.Contains(Types(), id):
			n.Type = Local
		}
		out = append(out, Entry{Voice: n, ProviderName: v.Name})
	}
	return out
}

func has(list []tts.Voice, id string) bool {
	return slices.ContainsFunc(list, func(v tts.Voice) bool { return strings.EqualFold(v.ID, id) })
}

func lack(list []Entry, why, message, mend string) []Entry {
	for i := range list {
		list[i].Why, list[i].Message, list[i].Mend = why, message, mend
	}
	return list
}

// Count is a value of a facet with how many voices are left when it is chosen and everything else stays.
type Count struct {
	Value string
	Count int
}

// Relaxation is a filter that could be dropped to find something.
type Relaxation struct {
	Drop  string // language, locale, gender, type, provider, available or model
	Count int    // voices that are then found
}

// Result of a search.
type Result struct {
	Items  []Entry
	Facets map[string][]Count // language, locale, gender, type, provider
	Relax  []Relaxation       // when nothing was found: what would help, the nearest first
}

// facets in the order of the cascade.
var facets = []struct {
	name string
	of   func(Voice) string
	at   func(*Filter) *string
}{
	{"language", Voice.Language, func(f *Filter) *string { return &f.Language }},
	{"locale", func(v Voice) string { return v.Locale }, func(f *Filter) *string { return &f.Locale }},
	{"gender", func(v Voice) string { return v.Gender }, func(f *Filter) *string { return &f.Gender }},
	{"type", func(v Voice) string { return v.Type }, func(f *Filter) *string { return &f.Type }},
	{"provider", func(v Voice) string { return v.Provider }, func(f *Filter) *string { return &f.Provider }},
}

// List searches. Items come with available ones first, then by locale and name. An unknown model is a fault.NotFound.
func (s *Service) List(ctx context.Context, f Filter) (Result, error) {
	var m *catalog.Model
	if f.Model != "" {
		got, ok := catalog.Lookup(f.Model)
		if !ok {
			return Result{}, fault.New(fault.NotFound, "model_not_found", "There is no model %q in the catalogue; ids look like azure/gpt-realtime.", f.Model).At("query.model")
		}
		m = &got
	}
	every, err := s.all(ctx)
	if err != nil {
		return Result{}, err
	}
	r := Result{Items: []Entry{}, Facets: map[string][]Count{}}
	for _, e := range every {
		if f.matches(e, m) {
			r.Items = append(r.Items, e)
		}
	}
	slices.SortStableFunc(r.Items, func(a, b Entry) int {
		if a.Available != b.Available {
			if a.Available {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Locale, b.Locale), cmp.Compare(a.Name, b.Name))
	})
	for _, facet := range facets {
		r.Facets[facet.name] = f.count(every, m, facet.of, facet.at)
	}
	if len(r.Items) == 0 {
		r.Relax = f.relax(every, m)
	}
	return r, nil
}

// count gives, for each value of a facet, how many voices the same filter with that value finds.
func (f Filter) count(every []Entry, m *catalog.Model, of func(Voice) string, at func(*Filter) *string) []Count {
	values := []string{}
	open := f
	*at(&open) = ""
	for _, e := range every {
		if v := of(e.Voice); v != "" && !slices.Contains(values, v) && open.matches(e, m) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	out := make([]Count, 0, len(values))
	for _, v := range values {
		with := f
		*at(&with) = v
		out = append(out, Count{v, with.number(every, m)})
	}
	return out
}

func (f Filter) number(every []Entry, m *catalog.Model) (n int) {
	for _, e := range every {
		if f.matches(e, m) {
			n++
		}
	}
	return n
}

// relax tries to drop one filter after the other.
func (f Filter) relax(every []Entry, m *catalog.Model) (out []Relaxation) {
	try := func(drop string, set bool, f Filter, m *catalog.Model) {
		if n := f.number(every, m); set && n > 0 {
			out = append(out, Relaxation{drop, n})
		}
	}
	for _, facet := range slices.Backward(facets) { // the last choice is the easiest to take back
		less := f
		*facet.at(&less) = ""
		try(facet.name, *facet.at(&f) != "", less, m)
	}
	less := f
	less.Available = nil
	try("available", f.Available != nil, less, m)
	try("model", m != nil, f, nil)
	return out
}

func (f Filter) matches(e Entry, m *catalog.Model) bool {
	anywhere := e.Locale == ""
	return (f.Language == "" || anywhere || e.Language() == base(f.Language)) &&
		(f.Locale == "" || anywhere || strings.EqualFold(e.Locale, f.Locale)) &&
		(f.Gender == "" || e.Gender == f.Gender) && (f.Type == "" || e.Type == f.Type) && (f.Provider == "" || e.Provider == f.Provider) &&
		(f.Available == nil || *f.Available == e.Available) && (m == nil || e.Fits(*m))
}
