package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"griot/internal/fault"
)

// Entry is one line of the audit trail: who changed what, when, from where.
type Entry struct {
	Tenant, ID string
	At         time.Time
	ActorKind  Kind
	ActorID    string
	ActorName  string
	Action     string // "person.changed"
	TargetKind string // "person"
	TargetID   string
	TargetName string
	Changes    []Change
	Address    string
	Agent      string
}

// Change is a value that was changed. Secrets are never values.
type Change struct {
	Field string `json:"field" example:"role"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Filter selects entries. The zero value of a field selects all.
type Filter struct {
	Actor, Action, Target string // ids; Action may be a prefix that ends with a dot
	From, To              time.Time
	Before                *Position
	Limit                 int
}

// Position is that of an entry in the trail.
type Position struct {
	At time.Time
	ID string
}

// Page is a part of the trail.
type Page struct {
	Items []Entry
	Next  string // cursor of the next page; empty on the last
	Total int
}

// Draft is an entry in the making: handlers fill in what only they know. It is safe for concurrent use.
type Draft struct {
	mu    sync.Mutex
	entry Entry
	quiet bool
}

type draftKey struct{}

// Drafting returns a context whose Note, Target and Actor go into the draft.
func Drafting(ctx context.Context, e Entry) (context.Context, *Draft) {
	d := &Draft{entry: e}
	return context.WithValue(ctx, draftKey{}, d), d
}

// Entry returns what was drafted, and whether it is to be written.
func (d *Draft) Entry() (Entry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entry, !d.quiet
}

func edit(ctx context.Context, f func(d *Draft)) {
	if d, ok := ctx.Value(draftKey{}).(*Draft); ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		f(d)
	}
}

// Note adds a change to the entry being drafted, unless nothing changed.
func Note(ctx context.Context, field, from, to string) {
	if from != to {
		edit(ctx, func(d *Draft) { d.entry.Changes = append(d.entry.Changes, Change{field, from, to}) })
	}
}

// Target names what the entry being drafted is about.
func Target(ctx context.Context, id, name string) {
	edit(ctx, func(d *Draft) { d.entry.TargetID, d.entry.TargetName = id, name })
}

// Actor names who did it, where that is known only afterwards.
func Actor(ctx context.Context, p Principal) {
	edit(ctx, func(d *Draft) {
		d.entry.Tenant, d.entry.ActorKind, d.entry.ActorID, d.entry.ActorName = p.Tenant, p.Kind, p.ID(), p.Name()
	})
}

// Quiet says that nothing happened that is worth an entry.
func Quiet(ctx context.Context) { edit(ctx, func(d *Draft) { d.quiet = true }) }

// Record writes an entry, with the time and an id of its own.
func (s *Service) Record(ctx context.Context, e Entry) error {
	e.ID, e.At = newID(), s.now()
	return s.store.AppendAudit(ctx, e)
}

// Audit returns a page of the trail, newest first. cursor is Page.Next of the page before.
func (s *Service) Audit(ctx context.Context, tenant string, f Filter, cursor string) (Page, error) {
	if cursor != "" {
		p, err := decodeCursor(cursor)
		if err != nil {
			return Page{}, err
		}
		f.Before = &p
	}
	limit := f.Limit
	f.Limit++
	items, total, err := s.store.ListAudit(ctx, tenant, f)
	if err != nil {
		return Page{}, err
	}
	p := Page{Items: items, Total: total}
	if len(items) > limit {
		p.Items = items[:limit]
		last := p.Items[limit-1]
		p.Next = encodeCursor(Position{last.At, last.ID})
	}
	return p, nil
}

func encodeCursor(p Position) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", p.At.UnixMilli(), p.ID))
}

func decodeCursor(c string) (Position, error) {
	raw, err := base64.RawURLEncoding.DecodeString(c)
	ms, id, ok := strings.Cut(string(raw), ".")
	n, perr := strconv.ParseInt(ms, 10, 64)
	if err != nil || !ok || perr != nil {
		return Position{}, fault.New(fault.Invalid, "bad_cursor", "The cursor is none that this server gave out. Begin with the first page.").At("query.cursor")
	}
	return Position{time.UnixMilli(n).UTC(), id}, nil
}

// newID is a name that sorts by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
