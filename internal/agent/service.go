package agent

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Options of a Service.
type Options struct {
	Files *Files
	// Home is the tenant whose the files are.
	Home string
	// Store keeps what people make; nil where there are files only, and nothing can be changed.
	Store Store
	// Models is what definitions are held against; nil looks at the definition alone.
	Models Models
}

// Service is everything that is done with agents. It is safe for concurrent use.
type Service struct {
	files  *Files
	home   string
	store  Store
	models Models
	now    func() time.Time
}

// NewService returns a service.
func NewService(o Options) *Service {
	if o.Files == nil {
		o.Files = NewFiles()
	}
	return &Service{files: o.Files, home: o.Home, store: o.Store, models: o.Models, now: func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }}
}

// Judge sets what definitions are held against. It is for the time before the service is used.
func (s *Service) Judge(m Models) { s.models = m }

// Files lists the definitions of files.
func (s *Service) Files() []Definition { return s.files.List() }

func (s *Service) fileAgents(tenant string) []Agent {
	if tenant != s.home {
		return nil
	}
	defs := s.files.List()
	out := make([]Agent, len(defs))
	for i, d := range defs {
		out[i] = fileAgent(tenant, d)
	}
	return out
}

func fileAgent(tenant string, d Definition) Agent {
	return Agent{Tenant: tenant, ID: "file:" + d.Reference, File: true, Definition: d}
}

// Get returns the living agent with an id, a reference or, when nobody has that, a name. A file's reference comes first.
func (s *Service) Get(ctx context.Context, tenant, key string) (Agent, error) {
	if tenant == s.home {
		d, err := s.files.Get(strings.TrimPrefix(key, "file:"))
		if err == nil {
			return fileAgent(tenant, d), nil
		}
		if s.store == nil {
			return Agent{}, err
		}
	}
	if s.store == nil {
		return Agent{}, notFound(key)
	}
	a, err := s.store.FindAgent(ctx, tenant, key, false)
	if fault.KindOf(err) != fault.NotFound {
		return a, err
	}
	if tenant == s.home {
		d, ferr := s.files.Get(key)
		for _, f := range s.files.List() {
			if NameKey(f.Name) == NameKey(key) {
				d, ferr = f, nil
			}
		}
		if ferr != nil {
			return Agent{}, ferr // it names the nearest one
		}
		return fileAgent(tenant, d), nil
	}
	return Agent{}, notFound(key)
}

// Owner is the tenant of the living agent with an id, "" when there is none. It is for addresses that name no tenant, those of pages for visitors.
func (s *Service) Owner(ctx context.Context, id string) (string, error) {
	if s.store == nil {
		return "", nil
	}
	return s.store.AgentOwner(ctx, id)
}

func notFound(key string) error {
	f := fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", key)
	f.Params = map[string]string{"reference": key}
	return f.At("agent")
}

// own returns an agent that can be changed.
func (s *Service) own(ctx context.Context, tenant, key string) (Agent, error) {
	a, err := s.Get(ctx, tenant, key)
	if err != nil {
		return Agent{}, err
	}
	if a.File {
		f := fault.New(fault.Conflict, "agent_is_a_file", "The agent %s is a file of the server: duplicate it and change the copy, or change the file.", a.Reference)
		f.Params = map[string]string{"reference": a.Reference}
		return Agent{}, f
	}
	return a, nil
}

// Check lists what is wrong with a definition; see the function Check.
func (s *Service) Check(ctx context.Context, d Definition) []Finding { return Check(ctx, d, s.models) }

// Decoded reads a definition over another one: keys that the text does not have keep their value. The text is JSON or YAML with the keys of an agent's file. Faults are Invalid
// and name the key.
// file names the text in them.
func Decoded(file string, text []byte, over Definition) (Definition, error) {
	if len(text) > maxFile {
		return Definition{}, fault.New(fault.Invalid, "agent_too_large", "%d bytes are more than %d.", len(text), maxFile)
	}
	if err := newer(file, text); err != nil {
		return Definition{}, err
	}
	was := over
	if err := strict.YAML(file, text, &over); err != nil {
		return Definition{}, err
	}
	over.Tools = slices.Clone(over.Tools)
	over.Embed.Domains = slices.Clone(over.Embed.Domains)
	over.Format, over.Reference, over.Version, over.Status = Format, was.Reference, was.Version, was.Status // are not the author's to set
	return over, hard(over)
}

// hard are the bounds that drafts have too, for what is beyond them is no draft.
func hard(d Definition) error {
	for _, b := range []struct {
		field string
		n     int
		most  int
	}{{"name", len([]rune(d.Name)), 2 * MaxName}, {"description", len([]rune(d.Description)), 4000}, {"instructions", len([]rune(d.Instructions)), 4 * MaxInstructions}, {"tools", len(d.Tools), 100},
		{"greeting.text", len([]rune(d.Greeting.Text)), 4000}} {
		if b.n > b.most {
			f := fault.New(fault.Invalid, "too_long", "%s: %d are more than %d.", b.field, b.n, b.most)
			f.Params = counts(b.n, b.most)
			return f.At(b.field)
		}
	}
	floats := map[string]float64{"voice.rate": d.Voice.Rate, "turn.threshold": d.Turn.Threshold}
	if d.Model.Temperature != nil {
		floats["model.temperature"] = *d.Model.Temperature
	}
	for field, v := range floats {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fault.New(fault.Invalid, strict.CodeBadValue, "%s: %v is not a number to work with", field, v).At(field)
		}
	}
	if d.Kind == "" {
		return fault.New(fault.Invalid, strict.CodeBadValue, "kind: one of voice, text, avatar is needed").At("kind")
	}
	return d.Embed.validate()
}

// Create makes a draft of a definition, whose name may be empty.
func (s *Service) Create(ctx context.Context, tenant string, by Actor, d Definition, note string) (Agent, error) {
	if s.store == nil {
		return Agent{}, fault.New(fault.Unavailable, "no_store", "Agents can be made on a running server only.")
	}
	d.Name = tidy(d.Name)
	d.Status, d.Version = Draft, 1
	if err := errors.Join(hard(d), s.free(tenant, d.Name)); err != nil {
		return Agent{}, s.suggest(ctx, tenant, err)
	}
	now := s.now()
	a := Agent{Tenant: tenant, ID: uuid.Must(uuid.NewV7()).String(), Revision: 1, Definition: d, CreatedBy: by, UpdatedBy: by, CreatedAt: now, UpdatedAt: now}
	a, err := s.store.CreateAgent(ctx, a, note, func(n int) bool {
		_, err := s.files.Get(ReferenceOf(d.Kind, n))
		return err == nil && tenant == s.home
	})
	return a, s.suggest(ctx, tenant, err)
}

// tidy is a name without control characters and needless spaces.
func tidy(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(name, "\uFFFD"), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// free refuses the names of files.
func (s *Service) free(tenant, name string) error {
	for _, f := range s.fileAgents(tenant) {
		if name != "" && NameKey(f.Name) == NameKey(name) {
			return NameTaken(name)
		}
	}
	return nil
}

// NameTaken is the fault of a name that another living agent has.
func NameTaken(name string) *fault.Error {
	f := fault.New(fault.Conflict, "name_taken", "There is an agent with the name %q. Choose another name.", name)
	f.Params = map[string]string{"name": name}
	return f.At("body.definition.name")
}

// suggest adds a name that is free to a fault about one that is taken.
func (s *Service) suggest(ctx context.Context, tenant string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "name_taken" {
		return err
	}
	name := f.Params["name"]
	g := NameTaken(name)
	if next, nerr := s.FreeName(ctx, tenant, name); nerr == nil {
		g.Message = fmt.Sprintf("There is an agent with the name %q. Choose another name, such as %q.", name, next)
		g.Params["suggestion"] = next
	}
	return g
}

// NameAvailable reports whether an agent may have a name; except is the id of the one that asks. When it may not, a name is proposed.
func (s *Service) NameAvailable(ctx context.Context, tenant, name, except string) (bool, string, error) {
	ok, err := s.isFree(ctx, tenant, name, except)
	if err != nil || ok {
		return ok, "", err
	}
	next, err := s.FreeName(ctx, tenant, name)
	return false, next, err
}

func (s *Service) isFree(ctx context.Context, tenant, name, except string) (bool, error) {
	if s.free(tenant, name) != nil {
		return false, nil
	}
	if s.store == nil {
		return true, nil
	}
	a, err := s.store.FindAgent(ctx, tenant, name, false)
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil:
		return true, nil
	case err != nil:
		return false, err
	}
	return NameKey(a.Name) != NameKey(name) || a.ID == except || a.Reference == except, nil
}

// FreeName is the name itself or the first of "name (2)", "name (3)", … that nobody has.
func (s *Service) FreeName(ctx context.Context, tenant, name string) (string, error) {
	base := tidy(name)
	if i := strings.LastIndex(base, " ("); i > 0 && strings.HasSuffix(base, ")") && strings.Trim(base[i+2:len(base)-1], "0123456789") == "" {
		base = base[:i]
	}
	if r := []rune(base); len(r) > MaxName-8 {
		base = strings.TrimSpace(string(r[:MaxName-8]))
	}
	try := base
	for n := 2; n < 1000; n++ {
		ok, err := s.isFree(ctx, tenant, try, "")
		if err != nil {
			return "", err
		}
		if ok && try != "" {
			return try, nil
		}
		try = fmt.Sprintf("%s (%d)", base, n)
	}
	return base + " " + uuid.NewString()[:8], nil
}
