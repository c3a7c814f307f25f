package session

import (
	"encoding/json"

	"griot/internal/model/llm"
)

// Item is one entry of the conversation, in the Realtime protocol's sense.
type Item struct {
	ID     string
	Kind   string // "message", "function_call", "function_call_output"
	Role   llm.Role
	Text   string // a user's words; what was heard of the agent; a function's output
	Said   string // all that the agent generated; Text is the heard part of it
	Audio  bool   // spoken rather than written
	Done   bool   // Text will not change by itself any more
	Joins  bool   // of a caller who went on: the words belong to those before
	Ref    string // of a caller's turn: the name under which a model upstream has it
	Inner  bool   // a tool that is run here, and its result: clients are not shown it as an item
	CallID string
	Name   string
	Args   string
	Images []llm.Image     // that a user shows
	Raw    json.RawMessage // as the client sent it, where one did; without the images
}

// history is the conversation so far, in order.
type history struct{ items []*Item }

func (h *history) find(id string) *Item {
	for _, it := range h.items {
		if it.ID == id {
			return it
		}
	}
	return nil
}

// last returns the id of the last item that clients know of.
func (h *history) last() string {
	for i := len(h.items) - 1; i >= 0; i-- {
		if it := h.items[i]; !it.Inner {
			return it.ID
		}
	}
	return ""
}

// add puts an item at the end and returns the id before it.
func (h *history) add(it *Item) (previous string) {
	previous = h.last()
	h.items = append(h.items, it)
	return previous
}

// insert puts an item after the one with id previous; "root" is the head. It reports whether previous exists.
func (h *history) insert(it *Item, previous string) bool {
	at := 0
	if previous != "root" {
		at = -1
		for i, o := range h.items {
			if o.ID == previous {
				at = i + 1
			}
		}
		if at < 0 {
			return false
		}
	}
	h.items = append(h.items[:at], append([]*Item{it}, h.items[at:]...)...)
	return true
}

// addBefore puts an item before another one, or at the end when that is nil: what a tool found comes before the words that tell it.
func (h *history) addBefore(it, before *Item) {
	for i, o := range h.items {
		if o == before {
			h.items = append(h.items[:i], append([]*Item{it}, h.items[i:]...)...)
			return
		}
	}
	h.items = append(h.items, it)
}

func (h *history) remove(id string) bool {
	for i, it := range h.items {
		if it.ID == id {
			h.items = append(h.items[:i], h.items[i+1:]...)
			return true
		}
	}
	return false
}

// messages is the history as a model reads it: what was said by the caller, and of the agent's words only what was heard. At most limit
// items from the end. The result of a call stands right behind the call, whenever it came; a call without a result is left out, since
// models refuse histories with open calls.
func (h *history) messages(limit int) []llm.Message {
	items := h.items
	if len(items) > limit {
		items = items[len(items)-limit:]
	}
	results := map[string]*Item{}
	for _, it := range items {
		if it.Kind == "function_call_output" {
			results[it.CallID] = it
		}
	}
	var out []llm.Message
	for _, it := range items {
		switch it.Kind {
		case "message":
			if it.Text == "" && len(it.Images) == 0 {
				continue
			}
			if n := len(out); n > 0 && it.Role == llm.Assistant && out[n-1].Role == llm.Assistant {
				out[n-1].Text += " " + it.Text
				continue
			}
			if n := len(out); n > 0 && it.Joins && out[n-1].Role == it.Role {
				out[n-1].Text += " " + it.Text
				continue
			}
			out = append(out, llm.Message{Role: it.Role, Text: it.Text, Images: it.Images})
		case "function_call":
			if r := results[it.CallID]; r != nil {
				out = append(out, llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: it.CallID, Name: it.Name, Arguments: it.Args}}},
					llm.Message{Role: llm.ToolRole, CallID: it.CallID, Text: r.Text})
			}
		}
	}
	return out
}
