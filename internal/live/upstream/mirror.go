package upstream

import (
	"context"
	"slices"
	"strings"
	"time"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
)

// Entry is an item of our history. Ref is the name under which a model has taken it as sound.
type Entry struct {
	s2s.Item
	Ref string
}

// mirror knows what a model knows of the conversation. Its keys are ours: an item's id, "ref:" and the name of an utterance, "call:" or "result:" and the id of a call.
type mirror struct {
	known map[string][]string // the model's ids
	told  map[string]string   // the words of what it was told in writing
	news  bool                // it has been told nothing yet
}

func (m *mirror) reset() { m.known, m.told, m.news = map[string][]string{}, map[string]string{}, true }

func (m *mirror) put(key string, ids ...string) {
	if m.known == nil {
		m.known = map[string][]string{}
	}
	m.known[key] = append(m.known[key], ids...)
}

func (m *mirror) tell(key, words string) {
	if m.told == nil {
		m.told = map[string]string{}
	}
	m.told[key] = words
}

func (m *mirror) heard(ref, id string)  { m.put("ref:"+ref, id) }
func (m *mirror) said(item, id string)  { m.put(item, id) }
func (m *mirror) called(call, i string) { m.put("call:"+call, i) }

// result notes that the result of a call is told, under the id that it returns.
func (m *mirror) result(call string) (id string) {
	id = "res_" + shortened(call)
	m.put("result:"+call, id)
	return id
}

// shortened keeps an id within what models take, 32 characters with a prefix of 4.
func shortened(id string) string {
	if len(id) > 28 {
		return id[len(id)-28:]
	}
	return id
}

// find returns the key of an entry, and whether the model has it.
func (m *mirror) find(e Entry) (key string, ok bool) {
	switch {
	case e.Call != nil:
		key = "call:" + e.Call.ID
	case e.Result != nil:
		key = "result:" + e.Result.CallID
	case e.Ref != "" && m.known["ref:"+e.Ref] != nil:
		return "ref:" + e.Ref, true
	default:
		key = e.ID
	}
	return key, m.known[key] != nil
}

// sync returns what makes the model's history the same as ours: what it lacks, at its place, and what it should not have. A model that knows nothing is given the last limit items.
// A call without a result is left out, since models refuse histories with open calls, and so is what has no words.
func (m *mirror) sync(history []Entry, limit int) (out []s2s.Command) {
	have := map[string]bool{}
	last := -1 // the last entry that the model has
	answered := map[string]bool{}
	for i, e := range history {
		if key, ok := m.find(e); ok {
			if told, ok := m.told[key]; !ok || told == e.Text { // else less of it was heard than was thought when it was told
				have[key], last = true, i
			}
		}
		if e.Result != nil {
			answered[e.Result.CallID] = true
		}
	}
	for _, key := range sorted(m.known) {
		if !have[key] {
			for _, id := range m.known[key] {
				out = append(out, s2s.Remove{ID: id})
			}
			delete(m.known, key)
			delete(m.told, key)
		}
	}
	from := 0
	if m.news {
		from = max(0, len(history)-limit)
	}
	m.news = false
	previous := s2s.Head
	for i, e := range history {
		if key, ok := m.find(e); ok {
			if ids := m.known[key]; len(ids) > 0 {
				previous = ids[len(ids)-1]
			}
			continue
		}
		if i < from || e.Text == "" && e.Call == nil && e.Result == nil && e.Raw == nil || e.Call != nil && !answered[e.Call.ID] {
			continue
		}
		item := e.Item
		switch {
		case item.Result != nil:
			item.ID = "res_" + shortened(item.Result.CallID)
		case item.Call != nil:
			item.ID = "cal_" + shortened(item.Call.ID)
		}
		after := ""
		if i < last {
			after = previous
		}
		key, _ := m.find(e)
		m.put(key, item.ID)
		if e.Call == nil && e.Result == nil {
			m.tell(key, e.Text)
		}
		out = append(out, s2s.Add{Item: item, After: after})
		previous = item.ID
	}
	return out
}

// sorted returns the keys, for the same order every time.
func sorted(m map[string][]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

// forget has the model forget what was not heard of an answer.
func (l *Line) forget(ctx context.Context, sess s2s.Session, v verdict) {
	a := v.a
	// An item that is still being made is cut when it has ended: only then is its length known.
	_ = l.wait(ctx, 2*time.Second, func() bool { return a.over || a.epoch != l.epoch })
	l.mu.Lock()
	var todo []s2s.Command
	if a.epoch == l.epoch && !v.whole {
		from := time.Duration(0)
		for i := range a.segs {
			s := &a.segs[i]
			heard := v.upto - from
			from += s.sound
			switch have := s.sound; {
			case s.sound == 0: // written
			case s.kept == 0, s.kept > 0 && heard >= s.kept, s.kept < 0 && heard >= have-time.Millisecond:
				// It is gone, or was cut before, or all of it was heard.
			case heard <= 0:
				s.kept = 0
				todo = append(todo, s2s.Remove{ID: s.item})
				l.mirror.forget(a.ask.Item, s.item)
			default:
				s.kept = heard
				todo = append(todo, s2s.Truncate{ID: s.item, Heard: heard})
			}
		}
	}
	l.mu.Unlock()
	for _, c := range todo {
		_ = sess.Send(ctx, c) // a line that is gone is noticed by who reads it
	}
}

// forget notes that the model has one item less.
func (m *mirror) forget(key, id string) {
	ids := slices.DeleteFunc(m.known[key], func(x string) bool { return x == id })
	if len(ids) == 0 {
		delete(m.known, key)
		return
	}
	m.known[key] = ids
}

// Messages makes items of messages: a history that replaces the conversation's.
func Messages(ms []llm.Message) []s2s.Item {
	out := []s2s.Item{}
	for _, m := range ms {
		for _, c := range m.Calls {
			out = append(out, s2s.Item{Role: llm.Assistant, Call: &c})
		}
		switch {
		case m.Role == llm.ToolRole:
			out = append(out, s2s.Item{Result: &llm.ToolResult{CallID: m.CallID, Output: m.Text}})
		case m.Text != "":
			out = append(out, s2s.Item{Role: m.Role, Text: m.Text})
		}
	}
	return out
}
