// Package library keeps the call flows that people make, with their versions, beside those that come with the product.
//
// Every change is a version. Calls use the newest version that can run and was not meant as a draft, so that whoever works on a flow disturbs nobody who calls.
package library

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/flow"
)

// Prefix is what the ids of people's flows begin with.
const Prefix = "flow_"

// The bounds of what a tenant may keep.
const (
	MaxFlows = 200
	MaxSize  = 512 << 10 // of a definition, in bytes of JSON
	MaxNote  = 500       // characters
)

// Flow is a call flow with what is known about it.
type Flow struct {
	Tenant, ID string
	Builtin    bool // it comes with the product: it can be looked at and copied, not changed
	Version    int  // the newest; counts from 1
	Live       int  // the version that calls use; 0 when none can run
	Definition flow.Definition

	CreatedBy, UpdatedBy string    // names of people
	CreatedAt, UpdatedAt time.Time // zero for one of the product
}

// Version is what a flow was at a time.
type Version struct {
	Number     int
	At         time.Time
	By         string
	Note       string
	Draft      bool // calls never used it
	Definition flow.Definition
}

// Store keeps flows. What a tenant does not have is fault.NotFound "flow_not_found".
type Store interface {
	// CreateFlow keeps a flow with its first version.
	CreateFlow(ctx context.Context, f Flow, note string) error
	FindFlow(ctx context.Context, tenant, id string) (Flow, error)
	// ListFlows lists all flows of a tenant by name.
	ListFlows(ctx context.Context, tenant string) ([]Flow, error)
	// ChangeFlow replaces the flow of version f.Version-1, and keeps the new one; fault.Conflict "flow_changed" when it has another.
	ChangeFlow(ctx context.Context, f Flow, note string) error
	DeleteFlow(ctx context.Context, tenant, id string) error
	// FlowVersions lists versions whose number is less than before, newest first, and says how many there are in all; before 0 begins with the newest.
	FlowVersions(ctx context.Context, tenant, id string, before, limit int) ([]Version, int, error)
	// FlowVersion is one of them; fault.NotFound "version_not_found".
	FlowVersion(ctx context.Context, tenant, id string, number int) (Version, error)
}

// Options of a Service. Store is needed.
type Options struct {
	Store Store
	// UsedBy lists the references of the agents that name a flow; nil: none.
	UsedBy func(ctx context.Context, tenant, id string) ([]string, error)
}

// Service is the flows of all tenants. It is safe for concurrent use.
type Service struct {
	o   Options
	now func() time.Time
}

// NewService makes a service.
func NewService(o Options) *Service {
	return &Service{o: o, now: func() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }}
}

// NotFound is the fault of a flow that is not there.
func NotFound(id string) error {
	f := fault.New(fault.NotFound, "flow_not_found", "There is no call flow %q.", id)
	f.Params = map[string]string{"name": id}
	return f.At("model.flow")
}

// VersionNotFound is the fault of a version that a flow does not have.
func VersionNotFound(number int) error {
	f := fault.New(fault.NotFound, "version_not_found", "The call flow has no version %d.", number)
	f.Params = map[string]string{"version": fmt.Sprint(number)}
	return f
}

// Changed is the fault of a change that is based on an old version.
func Changed(name string) error {
	f := fault.New(fault.Conflict, "flow_changed", "Somebody changed the call flow %s meanwhile. Load it again.", name)
	f.Params = map[string]string{"name": name}
	return f
}

// own returns a flow that can be changed.
func (s *Service) own(ctx context.Context, tenant, id string) (Flow, error) {
	if slices.Contains(flow.Names(), id) {
		f := fault.New(fault.Conflict, "flow_is_builtin", "The call flow %s comes with the product: copy it and change the copy.", id)
		f.Params = map[string]string{"name": id}
		return Flow{}, f
	}
	return s.o.Store.FindFlow(ctx, tenant, id)
}

// Get returns a flow, of the product or of the tenant. That of reception has no nodes: it is a program.
func (s *Service) Get(ctx context.Context, tenant, id string) (Flow, error) {
	if !slices.Contains(flow.Names(), id) {
		return s.o.Store.FindFlow(ctx, tenant, id)
	}
	all, err := flow.Builtin()
	if err != nil {
		return Flow{}, err
	}
	d, ok := all[id]
	if !ok {
		d = flow.Reception()
	}
	return Flow{Tenant: tenant, ID: id, Builtin: true, Version: 1, Live: 1, Definition: d}, nil
}

// List returns the flows of the product, then the tenant's own by name.
func (s *Service) List(ctx context.Context, tenant string) ([]Flow, error) {
	var out []Flow
	for _, name := range flow.Names() {
		f, err := s.Get(ctx, tenant, name)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	own, err := s.o.Store.ListFlows(ctx, tenant)
	return append(out, own...), err
}

// UsedBy lists the references of the agents that name a flow.
func (s *Service) UsedBy(ctx context.Context, tenant, id string) ([]string, error) {
	if s.o.UsedBy == nil {
		return nil, nil
	}
	return s.o.UsedBy(ctx, tenant, id)
}

// Running is the definition that calls use: fault.Conflict "flow_is_draft" when there is none.
func (s *Service) Running(ctx context.Context, tenant, id string) (flow.Definition, error) {
	f, err := s.o.Store.FindFlow(ctx, tenant, id)
	switch {
	case err != nil:
		return flow.Definition{}, err
	case f.Live == f.Version:
		return f.Definition, nil
	case f.Live == 0:
		ferr := fault.New(fault.Conflict, "flow_is_draft", "The call flow %s is a draft: save a version of it that can run.", f.Definition.Name)
		ferr.Params = map[string]string{"name": f.Definition.Name}
		return flow.Definition{}, ferr.At("model.flow")
	}
	v, err := s.o.Store.FlowVersion(ctx, tenant, id, f.Live)
	return v.Definition, err
}

// hard are the bounds that drafts have too.
func hard(d *flow.Definition, note string) error {
	d.Name = strings.Join(strings.Fields(strings.ToValidUTF8(d.Name, "\uFFFD")), " ")
	if n := utf8.RuneCountInString(d.Name); n == 0 || n > 100 {
		return fault.New(fault.Invalid, "flow_name", "Give the flow a name of at most 100 characters.").At("body.definition.name")
	}
	if utf8.RuneCountInString(note) > MaxNote {
		return fault.New(fault.Invalid, "too_long", "The note is longer than %d characters.", MaxNote).At("body.note")
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_flow", "The flow cannot be kept")
	}
	if len(b) > MaxSize {
		return fault.New(fault.Invalid, "flow_too_large", "%d bytes are more than %d.", len(b), MaxSize).At("body.definition")
	}
	return nil
}

// Create keeps a new flow. It is a draft when that is wanted, or when it cannot run.
func (s *Service) Create(ctx context.Context, tenant, by string, d flow.Definition, note string, draft bool) (Flow, error) {
	if err := hard(&d, note); err != nil {
		return Flow{}, err
	}
	all, err := s.o.Store.ListFlows(ctx, tenant)
	if err != nil {
		return Flow{}, err
	}
	if len(all) >= MaxFlows {
		return Flow{}, fault.New(fault.Conflict, "too_many_flows", "There are %d call flows already: delete one first.", len(all))
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	now := s.now()
	f := Flow{Tenant: tenant, ID: Prefix + hex.EncodeToString(id[:]), Version: 1, Definition: d, CreatedBy: by, UpdatedBy: by, CreatedAt: now, UpdatedAt: now}
	if !draft && len(d.Validate()) == 0 {
		f.Live = 1
	}
	return f, s.o.Store.CreateFlow(ctx, f, note)
}

// Copy keeps a flow that is as another one. An empty name stands for the first free one.
func (s *Service) Copy(ctx context.Context, tenant, by, id, name string) (Flow, error) {
	f, err := s.Get(ctx, tenant, id)
	if err != nil {
		return Flow{}, err
	}
	if len(f.Definition.Nodes) == 0 && f.Builtin {
		ferr := fault.New(fault.Conflict, "flow_is_program", "The call flow %s is a program and has no nodes to copy.", id)
		ferr.Params = map[string]string{"name": id}
		return Flow{}, ferr
	}
	d := f.Definition
	if name == "" {
		if name, err = s.freeName(ctx, tenant, d.Name); err != nil {
			return Flow{}, err
		}
	}
	d.Name = name
	return s.Create(ctx, tenant, by, d, "", false)
}

func (s *Service) freeName(ctx context.Context, tenant, name string) (string, error) {
	all, err := s.List(ctx, tenant)
	if err != nil {
		return "", err
	}
	for n := 2; ; n++ {
		next := fmt.Sprintf("%s (%d)", shorten(name, 90), n)
		if !slices.ContainsFunc(all, func(f Flow) bool { return strings.EqualFold(f.Definition.Name, next) }) {
			return next, nil
		}
	}
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Update keeps a new version of a flow. Calls use it, unless it is a draft or cannot run: then they go on with the version before. One that changes nothing is no version,
// but for a draft that is to be used from now on.
func (s *Service) Update(ctx context.Context, tenant, by, id string, d flow.Definition, note string, draft bool) (Flow, error) {
	f, err := s.own(ctx, tenant, id)
	if err != nil {
		return Flow{}, err
	}
	if err := hard(&d, note); err != nil {
		return Flow{}, err
	}
	live := !draft && len(d.Validate()) == 0
	diff, err := Compare(f.Definition, d)
	if err != nil {
		return Flow{}, err
	}
	if len(diff) == 0 && (!live || f.Live == f.Version) {
		return f, nil
	}
	f.Definition, f.UpdatedBy, f.UpdatedAt = d, by, s.now()
	f.Version++
	if live {
		f.Live = f.Version
	}
	return f, s.o.Store.ChangeFlow(ctx, f, note)
}

// Rollback keeps a new version that is as an old one was.
func (s *Service) Rollback(ctx context.Context, tenant, by, id string, number int) (Flow, error) {
	if _, err := s.own(ctx, tenant, id); err != nil {
		return Flow{}, err
	}
	v, err := s.o.Store.FlowVersion(ctx, tenant, id, number)
	if err != nil {
		return Flow{}, err
	}
	return s.Update(ctx, tenant, by, id, v.Definition, fmt.Sprintf("= %d", number), false)
}

// Delete takes a flow away for good; fault.Conflict "flow_used" while agents name it.
func (s *Service) Delete(ctx context.Context, tenant, id string) (Flow, error) {
	f, err := s.own(ctx, tenant, id)
	if err != nil {
		return Flow{}, err
	}
	agents, err := s.UsedBy(ctx, tenant, id)
	if err != nil {
		return Flow{}, err
	}
	if len(agents) > 0 {
		ferr := fault.New(fault.Conflict, "flow_used", "The call flow %s is used by %s. Give them another one first.", f.Definition.Name, strings.Join(agents, ", "))
		ferr.Params = map[string]string{"name": f.Definition.Name, "agents": strings.Join(agents, ", ")}
		return Flow{}, ferr
	}
	return f, s.o.Store.DeleteFlow(ctx, tenant, id)
}

// Versions lists a flow's versions, newest first. before is the number of the last version of the page before, 0 for the first page.
func (s *Service) Versions(ctx context.Context, tenant, id string, before, limit int) ([]Version, int, error) {
	f, err := s.Get(ctx, tenant, id)
	if err != nil {
		return nil, 0, err
	}
	if f.Builtin {
		if before > 0 && before <= 1 {
			return nil, 1, nil
		}
		return []Version{{Number: 1, Definition: f.Definition}}, 1, nil
	}
	return s.o.Store.FlowVersions(ctx, tenant, id, before, limit)
}

// Version returns one version of a flow; fault.NotFound "version_not_found".
func (s *Service) Version(ctx context.Context, tenant, id string, number int) (Version, error) {
	f, err := s.Get(ctx, tenant, id)
	switch {
	case err != nil:
		return Version{}, err
	case f.Builtin && number == 1:
		return Version{Number: 1, Definition: f.Definition}, nil
	case f.Builtin:
		return Version{}, VersionNotFound(number)
	}
	return s.o.Store.FlowVersion(ctx, tenant, id, number)
}

// Diff compares two versions of a flow.
func (s *Service) Diff(ctx context.Context, tenant, id string, from, to int) ([]Diff, error) {
	a, err := s.Version(ctx, tenant, id, from)
	if err != nil {
		return nil, err
	}
	b, err := s.Version(ctx, tenant, id, to)
	if err != nil {
		return nil, err
	}
	return Compare(a.Definition, b.Definition)
}
