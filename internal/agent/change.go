package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"griot/internal/fault"
)

// Changed is the fault of a change that was made to a state of the agent that is no longer: code "agent_changed". Nothing was written.
type Changed struct {
	Now    Agent  // what the agent is now
	Theirs []Diff // what others have changed since the state that the change was made to
	Yours  []Diff // what the change would have changed in that state
}

// Error implements error.
func (c *Changed) Error() string { return c.Unwrap().Error() }

// Unwrap returns the fault.
func (c *Changed) Unwrap() error {
	f := fault.New(fault.Conflict, "agent_changed", "%s has changed the agent since you opened it: it is now version %d. Compare, and save again what you want to keep.", first(c.Now.UpdatedBy.Name, "Somebody"), c.Now.Version)
	f.Params = map[string]string{"by": c.Now.UpdatedBy.Name, "version": fmt.Sprint(c.Now.Version), "etag": c.Now.ETag()}
	return f
}

// Invalid is the fault of an agent that cannot be active as it is: code "agent_incomplete".
type Invalid struct {
	fault    *fault.Error
	Findings []Finding
}

// Error implements error.
func (i *Invalid) Error() string { return i.fault.Error() }

// Unwrap returns the fault.
func (i *Invalid) Unwrap() error { return i.fault }

func invalid(list []Finding) *Invalid {
	var words []string
	for _, f := range list {
		if f.Severity == Wrong {
			words = append(words, f.Message)
		}
	}
	f := fault.New(fault.Invalid, "agent_incomplete", "The agent cannot be active like this. %s", strings.Join(words, " "))
	f.Params = map[string]string{"count": fmt.Sprint(len(words))}
	return &Invalid{f, list}
}

// Edit is a change by somebody.
type Edit struct {
	By     Actor
	ETag   string // of the state that the change was made to; empty to change whatever the agent is now
	Note   string // why, for the list of versions
	Change func(Definition) (Definition, error)
}

// Update changes an agent's definition, and returns it with what is different. A version is made when something is; an active agent stays one that can be active. Faults:
// *Changed, *Invalid, Conflict "name_taken", "kind_fixed", "agent_is_a_file".
func (s *Service) Update(ctx context.Context, tenant, key string, e Edit) (Agent, []Diff, error) {
	var diff []Diff
	a, err := s.edit(ctx, tenant, key, e, func(a Agent) (Agent, *Version, error) {
		d, err := s.changed(ctx, a, e)
		if err != nil {
			return a, nil, err
		}
		if diff, err = Compare(a.Definition, d); err != nil || len(diff) == 0 {
			return a, nil, err
		}
		if a.Status == Active {
			if list := s.Check(ctx, d); Fails(list) {
				return a, nil, invalid(list)
			}
		}
		d.Version++
		a.Definition = d
		return a, &Version{Tenant: tenant, Agent: a.ID, Number: d.Version, At: s.now(), By: e.By, Note: e.Note, Definition: d}, nil
	})
	return a, diff, err
}

// changed is the definition that an edit makes of an agent's.
func (s *Service) changed(_ context.Context, a Agent, e Edit) (Definition, error) {
	d, err := e.Change(a.Definition)
	if err != nil {
		return d, err
	}
	if d.Kind != a.Kind {
		return d, fault.New(fault.Conflict, "kind_fixed", "The agent %s stays one of the kind %s, which its reference tells. Duplicate it, or make a new one.", a.Reference, a.Kind).At("body.definition.kind")
	}
	d.Name = tidy(d.Name)
	d.Reference, d.Version, d.Status = a.Reference, a.Version, a.Status
	if NameKey(d.Name) != NameKey(a.Name) {
		if err := s.free(a.Tenant, d.Name); err != nil {
			return d, err
		}
	}
	return d, hard(d)
}

// edit changes an agent by f, which returns it as it shall be. An edit that does not say what it was made to is made again when somebody else was faster.
func (s *Service) edit(ctx context.Context, tenant, key string, e Edit, f func(Agent) (Agent, *Version, error)) (Agent, error) {
	for try := 0; ; try++ {
		was, err := s.own(ctx, tenant, key)
		if err != nil {
			return Agent{}, err
		}
		if e.ETag != "" && e.ETag != "*" {
			if err := s.match(ctx, was, e); err != nil {
				return Agent{}, err
			}
		}
		a, v, err := f(was)
		if err != nil {
			return Agent{}, s.suggest(ctx, tenant, err)
		}
		if v == nil && a.Status == was.Status && a.DeletedAt.Equal(was.DeletedAt) {
			return was, nil
		}
		a.Revision, a.UpdatedBy, a.UpdatedAt = was.Revision+1, e.By, s.now()
		err = s.store.ChangeAgent(ctx, a, v)
		if fault.CodeOf(err) == "agent_changed" && try < 5 {
			continue // with an ETag, match says what is different
		}
		return a, s.suggest(ctx, tenant, err)
	}
}

// match compares an edit's ETag with the agent's.
func (s *Service) match(ctx context.Context, a Agent, e Edit) error {
	version, revision, err := parseETag(e.ETag)
	if err != nil || revision == a.Revision && version == a.Version {
		return err
	}
	c := &Changed{Now: a}
	base, err := s.store.AgentVersion(ctx, a.Tenant, a.ID, version)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return c
	}
	if err != nil {
		return err
	}
	if c.Theirs, err = Compare(base.Definition, a.Definition); err != nil || e.Change == nil {
		return errors.Join(err, c)
	}
	yours, err := e.Change(base.Definition)
	if err != nil {
		return err
	}
	if c.Yours, err = Compare(base.Definition, yours); err != nil {
		return err
	}
	return c
}

// Publish makes an agent active, when nothing is wrong with it. Faults: *Invalid, *Changed.
func (s *Service) Publish(ctx context.Context, tenant, key string, e Edit) (Agent, error) {
	return s.edit(ctx, tenant, key, e, func(a Agent) (Agent, *Version, error) {
		if a.Status == Draft {
			if list := s.Check(ctx, a.Definition); Fails(list) {
				return a, nil, invalid(list)
			}
		}
		a.Status = Active
		return a, nil, nil
	})
}

// Unpublish makes an agent a draft. Conversations that go on do so.
func (s *Service) Unpublish(ctx context.Context, tenant, key string, e Edit) (Agent, error) {
	return s.edit(ctx, tenant, key, e, func(a Agent) (Agent, *Version, error) {
		a.Status = Draft
		return a, nil, nil
	})
}

// Rollback makes a new version that is as an old one was.
func (s *Service) Rollback(ctx context.Context, tenant, key string, number int, e Edit) (Agent, []Diff, error) {
	v, err := s.Version(ctx, tenant, key, number)
	if err != nil {
		return Agent{}, nil, err
	}
	e.Change = func(Definition) (Definition, error) { return v.Definition, nil }
	if e.Note == "" {
		e.Note = fmt.Sprintf("Back to version %d", number)
	}
	return s.Update(ctx, tenant, key, e)
}

// Duplicate makes a draft that is as an agent is, which may be one of a file. An empty name stands for the first free one.
func (s *Service) Duplicate(ctx context.Context, tenant, key, name string, by Actor) (Agent, error) {
	a, err := s.Get(ctx, tenant, key)
	if err != nil {
		return Agent{}, err
	}
	d := a.Definition
	if d.Name = name; name == "" && a.Name != "" {
		if d.Name, err = s.FreeName(ctx, tenant, a.Name); err != nil {
			return Agent{}, err
		}
	}
	return s.Create(ctx, tenant, by, d, "Copy of "+a.Reference)
}

// Delete takes an agent away; Restore brings it back for UndoTime. Conversations that go on do so.
func (s *Service) Delete(ctx context.Context, tenant, key string, e Edit) (Agent, error) {
	return s.edit(ctx, tenant, key, e, func(a Agent) (Agent, *Version, error) {
		a.DeletedAt, a.DeletedBy = s.now(), e.By
		return a, nil, nil
	})
}

// Restore brings a deleted agent back, as it was. One that lives is returned as it is. Conflict "name_taken" when another has its name by now.
func (s *Service) Restore(ctx context.Context, tenant, key string, by Actor) (Agent, error) {
	if s.store == nil {
		return Agent{}, notFound(key)
	}
	a, err := s.store.FindAgent(ctx, tenant, key, true)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return s.own(ctx, tenant, key)
	}
	if err != nil {
		return Agent{}, err
	}
	if a.DeletedAt.Add(UndoTime).Before(s.now()) {
		return Agent{}, notFound(key)
	}
	if err := s.free(tenant, a.Name); err != nil {
		return Agent{}, s.suggest(ctx, tenant, err)
	}
	a.DeletedAt, a.DeletedBy = time.Time{}, Actor{}
	a.Revision, a.UpdatedBy, a.UpdatedAt = a.Revision+1, by, s.now()
	return a, s.suggest(ctx, tenant, s.store.ChangeAgent(ctx, a, nil))
}

// Purge removes for good what can no longer be brought back.
func (s *Service) Purge(ctx context.Context) (int, error) {
	return s.store.PurgeAgents(ctx, s.now().Add(-UndoTime))
}

// Versions lists an agent's versions, newest first. before is the number of the last version of the page before, 0 for the first page.
func (s *Service) Versions(ctx context.Context, tenant, key string, before, limit int) ([]Version, int, error) {
	a, err := s.Get(ctx, tenant, key)
	if err != nil {
		return nil, 0, err
	}
	if a.File {
		if before > 0 && before <= a.Version {
			return nil, 1, nil
		}
		return []Version{{Tenant: tenant, Agent: a.ID, Number: a.Version, Definition: a.Definition}}, 1, nil
	}
	return s.store.AgentVersions(ctx, tenant, a.ID, before, limit)
}

// Version returns one version of an agent; fault.NotFound "version_not_found".
func (s *Service) Version(ctx context.Context, tenant, key string, number int) (Version, error) {
	a, err := s.Get(ctx, tenant, key)
	switch {
	case err != nil:
		return Version{}, err
	case a.File && a.Version == number:
		return Version{Tenant: tenant, Agent: a.ID, Number: a.Version, Definition: a.Definition}, nil
	case a.File:
		return Version{}, VersionNotFound(number)
	}
	return s.store.AgentVersion(ctx, tenant, a.ID, number)
}

// VersionNotFound is the fault of a version that an agent does not have.
func VersionNotFound(number int) error {
	f := fault.New(fault.NotFound, "version_not_found", "The agent has no version %d.", number)
	f.Params = map[string]string{"version": fmt.Sprint(number)}
	return f
}

// Diff compares two versions of an agent.
func (s *Service) Diff(ctx context.Context, tenant, key string, from, to int) ([]Diff, error) {
	a, err := s.Version(ctx, tenant, key, from)
	if err != nil {
		return nil, err
	}
	b, err := s.Version(ctx, tenant, key, to)
	if err != nil {
		return nil, err
	}
	return Compare(a.Definition, b.Definition)
}
