package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"griot/internal/conversation"
	"griot/internal/event"
)

// sortColumns are the columns of the orders; each has an index with the id behind it.
var sortColumns = map[conversation.Sort]string{
	conversation.SortStarted: "started_at", conversation.SortDuration: "duration_ms", conversation.SortLatency: "latency_p50_us",
}

// ListConversations returns a page of conversations, and how many there are in all.
func (s *Store) ListConversations(ctx context.Context, tenant string, f conversation.Filter) ([]conversation.Summary, int, error) {
	where, args := s.chosen(tenant, f.Choice)
	total, err := s.count(ctx, "SELECT COUNT(*) AS n FROM conversations "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count conversations")
	}
	column, direction, beyond := sortColumns[f.Sort], " DESC", " < "
	if column == "" {
		column = sortColumns[conversation.SortStarted]
	}
	if f.Up {
		direction, beyond = " ASC", " > "
	}
	if f.After != nil {
		where, args = where+" AND ("+column+", id)"+beyond+"(?, ?)", append(args, f.After.Key, clean(f.After.ID))
	}
	rows, err := all[summaryRow](ctx, s, s.read,
		"SELECT "+columns[summaryRow]()+" FROM conversations "+where+" ORDER BY "+column+direction+", id"+direction+" LIMIT ?", append(args, max(1, f.Limit))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list conversations")
	}
	return summaries(rows), total, nil
}

// chosen is the condition for a tenant's conversations that c selects, with its arguments.
func (s *Store) chosen(tenant string, c conversation.Choice) (string, []any) {
	where, args := "WHERE tenant_id = ?", []any{clean(tenant)}
	and := func(condition string, values ...any) {
		where, args = where+" AND "+condition, append(args, values...)
	}
	if c.Agent != "" {
		and("agent = ?", clean(c.Agent))
	}
	if c.Status != "" {
		and("status = ?", clean(string(c.Status)))
	}
	if c.Channel != "" {
		and("channel = ?", clean(c.Channel))
	}
	if !c.From.IsZero() {
		and("started_at >= ?", c.From.UnixMilli())
	}
	if !c.To.IsZero() {
		and("started_at < ?", c.To.UnixMilli())
	}
	if c.MinDuration > 0 {
		and("duration_ms >= ?", c.MinDuration.Milliseconds())
	}
	if c.MaxDuration > 0 {
		and("duration_ms < ?", c.MaxDuration.Milliseconds())
	}
	if strings.TrimSpace(c.Words) != "" {
		if words := tokens(c.Words); len(words) > 0 {
			and(s.dialect.begins(), s.dialect.beginnings(words))
		} else { // nothing but signs, which no word begins with
			and("1 = 0")
		}
	}
	return where, args
}

// fold makes texts equal that people search as equal: without case and accents.
func fold(s string) string {
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), clean(s))
	if err != nil { // of a transformer to memory, so there is none
		folded = clean(s)
	}
	return strings.ToLower(folded)
}

const (
	longestWord = 40      // runes of a word that count; an identifier may be longer
	mostWords   = 200_000 // bytes of words that are kept: PostgreSQL indexes a megabyte at most
)

// unspaced are scripts that are written without spaces: each of their signs counts as a word.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// tokens are the words of a text, folded, each once, in order.
func tokens(s string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.In(r, unspaced...) }) {
			out = append(out, strings.Split(w, "")...)
			continue
		}
		if r := []rune(w); len(r) > longestWord {
			w = string(r[:longestWord])
		}
		out = append(out, w)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wordsOf is what a search looks through: all that was said, heard or not.
func wordsOf(lines []conversation.Line) string {
	var b strings.Builder
	for _, l := range lines {
		text := l.Text
		if l.Role == conversation.RoleAgent && l.Said != "" {
			text = l.Said
		}
		b.WriteString(text)
		b.WriteByte('\n')
	}
	words := strings.Join(tokens(b.String()), " ")
	if len(words) > mostWords {
		words = words[:strings.LastIndexByte(words[:mostWords], ' ')]
	}
	return words
}

// delaysOf lists what the caller waited in each turn, by the pipeline's timers and by ear.
func delaysOf(r conversation.Record) (pipeline, ear string) {
	var p, e []string
	add := func(to *[]string, ms event.Millis) {
		*to = append(*to, strconv.FormatInt(ms.Duration().Milliseconds(), 10))
	}
	for _, t := range r.Timings {
		if d := conversation.Latency(t); d > 0 {
			add(&p, event.Ms(d))
		}
	}
	if r.Ear != nil {
		for _, t := range r.Ear.Turns {
			add(&e, t.Delay)
		}
	}
	return strings.Join(p, ","), strings.Join(e, ",")
}
