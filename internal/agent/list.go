package agent

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"griot/internal/fault"
)

// Page is a part of a list.
type Page struct {
	Items []Agent
	Next  string         // cursor of the next page; empty on the last
	Total int            // on all pages
	Count map[Status]int // by status, whatever the filter's status
}

// List returns a page of agents, those of files among them. cursor is Page.Next of the page before, which was ordered the same way.
func (s *Service) List(ctx context.Context, tenant string, f Filter, cursor string) (Page, error) {
	if f.Sort.By == "" {
		f.Sort.By = "name"
	}
	if !slices.Contains(SortKeys(), f.Sort.By) {
		return Page{}, fault.New(fault.Invalid, "bad_sort", "Agents are ordered by one of %s, not by %q.", strings.Join(SortKeys(), ", "), f.Sort.By).At("query.sort")
	}
	f.Limit = min(max(1, f.Limit), 200)
	if cursor != "" {
		p, err := decodeCursor(cursor, f.Sort)
		if err != nil {
			return Page{}, err
		}
		f.After = &p
	}
	p := Page{Count: map[Status]int{Draft: 0, Active: 0}}
	var items []Agent
	for _, a := range s.fileAgents(tenant) {
		if f.Deleted || !f.selects(a) {
			continue
		}
		p.Count[a.Status]++
		if (f.Status == "" || f.Status == a.Status) && (f.After == nil || f.Sort.compare(a.position(f.Sort.By), *f.After) > 0) {
			items = append(items, a)
		}
	}
	if s.store != nil {
		kept, err := s.store.CountAgents(ctx, tenant, f)
		if err != nil {
			return Page{}, err
		}
		for st, n := range kept {
			p.Count[st] += n
		}
		more := f
		more.Limit++
		found, err := s.store.ListAgents(ctx, tenant, more)
		if err != nil {
			return Page{}, err
		}
		items = append(items, found...)
	}
	slices.SortFunc(items, func(a, b Agent) int { return f.Sort.compare(a.position(f.Sort.By), b.position(f.Sort.By)) })
	if len(items) > f.Limit {
		items = items[:f.Limit]
		p.Next = encodeCursor(f.Sort, items[f.Limit-1].position(f.Sort.By))
	}
	p.Items = items
	for st, n := range p.Count {
		if f.Status == "" || f.Status == st {
			p.Total += n
		}
	}
	return p, nil
}

// selects is the store's filter for an agent of a file, but for the status.
func (f Filter) selects(a Agent) bool {
	text := a.SearchText()
	for _, w := range strings.Fields(Fold(f.Search)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	lang, want := strings.ToLower(a.Language), strings.ToLower(f.Lang)
	return (f.Kind == "" || f.Kind == a.Kind) && (f.Model == "" || f.Model == a.ModelName()) && (want == "" || lang == want || strings.HasPrefix(lang, want+"-"))
}

// position is the agent's in a list. Keys are text whose bytes are in the list's order.
func (a Agent) position(by string) Position {
	switch by {
	case "reference":
		return Position{a.Reference, a.ID}
	case "created":
		return Position{TimeKey(a.CreatedAt), a.ID}
	case "updated":
		return Position{TimeKey(a.UpdatedAt), a.ID}
	}
	return Position{NameKey(a.Name), a.ID}
}

// TimeKey is a time as the key of a Position: milliseconds since 1970, 0 for none.
func TimeKey(t time.Time) string {
	if t.IsZero() {
		return fmt.Sprintf("%020d", 0)
	}
	return fmt.Sprintf("%020d", t.UnixMilli())
}

// compare orders two positions.
func (s Sort) compare(a, b Position) int {
	c := cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.ID, b.ID))
	if s.Down {
		return -c
	}
	return c
}

func (s Sort) String() string {
	if s.Down {
		return "-" + s.By
	}
	return s.By
}

func encodeCursor(s Sort, p Position) string {
	return base64.RawURLEncoding.EncodeToString([]byte(s.String() + "\x00" + p.Key + "\x00" + p.ID))
}

func decodeCursor(c string, s Sort) (Position, error) {
	raw, err := base64.RawURLEncoding.DecodeString(c)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || len(parts) != 3 || parts[0] != s.String() || (s.By == "created" || s.By == "updated") && (len(parts[1]) != 20 || strings.Trim(parts[1], "0123456789") != "") {
		return Position{}, fault.New(fault.Invalid, "bad_cursor", "The cursor is none that this server gave out for this order. Begin with the first page.").At("query.cursor")
	}
	return Position{parts[1], parts[2]}, nil
}
