package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"griot/internal/agent"
	"griot/internal/fault"
)

// Paging is how a page of any list is asked for; exported, as what is embedded in a request has to be.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next_cursor of the page before, which was asked for in the same way."`
}

// Search is how a list is narrowed down by words.
type Search struct {
	Words string `query:"q" maxLength:"200" doc:"Only what has all of these words, or parts of words; case and accents do not count."`
}

// Page is a page of any list.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Ask for the next page with it; absent on the last."`
	Total      int    `json:"total" doc:"On all pages."`
}

// shelf cuts pages out of a list that is in memory: one that is short, or that the program brought along.
type shelf[T any] struct {
	id    func(T) string
	words func(T) []string          // what is searched
	by    map[string]func(T) string // orders; none for a list that has one of its own
}

// mark is what a cursor says: the last item of a page, and where it stood.
type mark struct {
	Sort, Key, ID string
}

// page cuts one out. sort is a name of an order, after "-" from the last to the first; empty for the list's own.
func (s shelf[T]) page(all []T, q Search, sort string, p Paging) (Page[T], error) {
	if words := strings.Fields(agent.Fold(q.Words)); len(words) > 0 {
		all = slices.DeleteFunc(slices.Clone(all), func(t T) bool {
			text := agent.Fold(strings.Join(s.words(t), "\n"))
			return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
		})
	}
	name, down := strings.CutPrefix(sort, "-")
	key := s.by[name]
	compare := func(ak, aid, bk, bid string) int {
		c := cmp.Or(strings.Compare(ak, bk), strings.Compare(aid, bid))
		if down {
			return -c
		}
		return c
	}
	if key != nil {
		all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return compare(key(a), s.id(a), key(b), s.id(b)) })
	}
	from := 0
	if p.Cursor != "" {
		m, err := markOf(p.Cursor, sort)
		if err != nil {
			return Page[T]{}, err
		}
		if key != nil {
			from = slices.IndexFunc(all, func(t T) bool { return compare(key(t), s.id(t), m.Key, m.ID) > 0 })
		} else if from = slices.IndexFunc(all, func(t T) bool { return s.id(t) == m.ID }) + 1; from == 0 {
			return Page[T]{}, badCursor()
		}
		if from < 0 {
			from = len(all)
		}
	}
	to := min(from+p.Limit, len(all))
	out := Page[T]{Items: notNil(all[from:to]), Total: len(all)}
	if to < len(all) {
		m := mark{Sort: sort, ID: s.id(all[to-1])}
		if key != nil {
			m.Key = key(all[to-1])
		}
		raw, err := json.Marshal(m)
		if err != nil {
			return Page[T]{}, err
		}
		out.NextCursor = base64.RawURLEncoding.EncodeToString(raw)
	}
	return out, nil
}

func markOf(cursor, sort string) (m mark, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(raw, &m) != nil || m.Sort != sort {
		return mark{}, badCursor()
	}
	return m, nil
}

func badCursor() error {
	return fault.New(fault.Invalid, "bad_cursor", "The cursor is none that this server gave out for this order. Begin with the first page.").At("query.cursor")
}

// moment is a time as a key of an order.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000") }

// perhaps is moment for a time that may be absent, which comes first.
func perhaps(t *time.Time) string {
	if t == nil {
		return ""
	}
	return moment(*t)
}

// each makes a list of one thing a list of another.
func each[A, B any](all []A, f func(A) B) []B {
	out := make([]B, 0, len(all))
	for _, a := range all {
		out = append(out, f(a))
	}
	return out
}

// offsetOf reads the cursor of a list whose pages are counted from its beginning: one that changes seldom, or whose newest are what matters.
func offsetOf(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	m, err := markOf(cursor, "offset")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(m.ID)
	if err != nil || n < 0 {
		return 0, badCursor()
	}
	return n, nil
}

// cursorAt is offsetOf backwards; "" behind the last.
func cursorAt(offset, total int) string {
	if offset >= total {
		return ""
	}
	raw, _ := json.Marshal(mark{Sort: "offset", ID: strconv.Itoa(offset)}) // strings
	return base64.RawURLEncoding.EncodeToString(raw)
}
