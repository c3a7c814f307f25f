package chat

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/knowledge/extract"
	"griot/internal/model/llm"
)

// shown is what a message of the user's keeps beside its text.
type shown struct {
	Attachments []Attachment `json:"attachments"`
}

func attachmentsOf(raw json.RawMessage) []Attachment {
	var s shown
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &s) // we wrote it ourselves
	}
	return s.Attachments
}

// view makes a session of its events.
func view(sum conversation.Summary, evs []event.Event, set Settings) Session {
	v := Session{ID: prefix + sum.ID, AgentID: sum.Agent, AgentName: sum.AgentName, CreatedAt: sum.StartedAt, UpdatedAt: sum.StartedAt, Messages: []Message{}}
	calls, closed := map[string]int{}, closedReplies(evs)
	n := 0
	for _, e := range evs {
		at := e.At.UTC()
		switch b := e.Body.(type) {
		case event.SessionStarted:
			v.Metadata = b.Metadata
		case event.ItemAdded:
			if b.Role == "user" {
				n++
				m := Message{Role: "user", Content: b.Text, Timestamp: at, Attachments: attachmentsOf(b.Raw)}
				for i := range m.Attachments {
					m.Attachments[i].Text, m.Attachments[i].Key = "", ""
				}
				v.Messages = append(v.Messages, m)
			}
		case event.ToolCalled:
			calls[b.CallID] = len(v.Messages)
			v.Messages = append(v.Messages, Message{Role: "tool", Tool: b.Name, Arguments: b.Arguments, Timestamp: at})
		case event.ToolReturned:
			if i, ok := calls[b.CallID]; ok {
				v.Messages[i].Content, v.Messages[i].Failed = b.Output, b.Failed
			}
		case event.ReplyDone:
			v.Usage.Prompt += b.Input
			v.Usage.Completion += b.Output
			if b.Text != "" {
				n++
				v.Messages = append(v.Messages, Message{Role: "assistant", Content: b.Text, Timestamp: at, Stopped: b.Status != "completed"})
			}
		case event.AgentSaid: // of a reply that the server's end cut off
			if b.Text != "" && !closed[b.Response] {
				n++
				v.Messages = append(v.Messages, Message{Role: "assistant", Content: b.Text, Timestamp: at, Stopped: true})
			}
		case event.SessionEnded:
			continue
		}
		if at.After(v.UpdatedAt) {
			v.UpdatedAt = at
		}
	}
	v.Left = max(0, set.MaxMessages-n)
	v.ExpiresAt = v.UpdatedAt.Add(set.Timeout)
	return v
}

// closedReplies are those whose end is in the log.
func closedReplies(evs []event.Event) map[string]bool {
	m := map[string]bool{}
	for _, e := range evs {
		if b, ok := e.Body.(event.ReplyDone); ok {
			m[b.Response] = true
		}
	}
	return m
}

// maxShown bounds the files of a history that a model is shown again, in bytes: the newest that fit.
const maxShown = 20 << 20

// history makes what a model reads of a conversation's events.
func (s *Service) history(ctx context.Context, m llm.Model, evs []event.Event, fresh map[string]string) []llm.Message {
	fits := map[string]bool{}
	room := int64(maxShown)
	for i := len(evs) - 1; i >= 0; i-- {
		if b, ok := evs[i].Body.(event.ItemAdded); ok {
			for _, a := range attachmentsOf(b.Raw) {
				if _, now := fresh[a.Key]; (now || strings.Contains(a.Key, "/")) && a.Size <= room { // else it was not kept
					room -= a.Size
					fits[a.Key] = true
				}
			}
		}
	}
	var out []llm.Message
	closed := closedReplies(evs)
	answered := map[string]bool{}
	calls := map[string]llm.ToolCall{}
	for _, e := range evs {
		switch b := e.Body.(type) {
		case event.ItemAdded:
			if b.Role == "user" {
				out = append(out, s.userMessage(ctx, m, b, fits, fresh))
			}
		case event.ToolCalled:
			calls[b.CallID] = llm.ToolCall{ID: b.CallID, Name: b.Name, Arguments: b.Arguments}
		case event.ToolReturned:
			c, known := calls[b.CallID]
			switch {
			case answered[b.CallID]:
				out = append(out, llm.Message{Role: llm.System, Text: fmt.Sprintf("The tool %s has answered now: %s", b.Name, b.Output)})
			case known:
				answered[b.CallID] = true
				out = append(out, llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{c}}, llm.Message{Role: llm.ToolRole, CallID: b.CallID, Text: b.Output})
			}
		case event.ReplyDone:
			if b.Text != "" {
				out = append(out, llm.Message{Role: llm.Assistant, Text: b.Text})
			}
		case event.AgentSaid:
			if b.Text != "" && !closed[b.Response] {
				out = append(out, llm.Message{Role: llm.Assistant, Text: b.Text})
			}
		}
	}
	return out
}

// userMessage is a message with what was shown with it, in the form that the model takes.
func (s *Service) userMessage(ctx context.Context, model llm.Model, b event.ItemAdded, fits map[string]bool, fresh map[string]string) llm.Message {
	m := llm.Message{Role: llm.User, Text: b.Text}
	var text strings.Builder
	for _, a := range attachmentsOf(b.Raw) {
		switch {
		case a.Text != "":
			fmt.Fprintf(&text, "<attachment name=%q>\n%s\n</attachment>\n", a.Name, a.Text)
		case fits[a.Key]:
			data, err := fresh[a.Key], error(nil)
			if data == "" {
				data, err = s.load(ctx, a.Key)
			}
			switch {
			case err != nil:
				s.log.WarnContext(ctx, "what was shown in a conversation cannot be read", "key", a.Key, "error", err)
			case strings.HasPrefix(a.Type, "image/") && llm.TakesImages(model):
				m.Images = append(m.Images, llm.Image{Type: a.Type, Base64: data})
				continue
			case a.Type == extract.PDF && llm.TakesFiles(model):
				m.Files = append(m.Files, llm.File{Name: a.Name, Type: a.Type, Base64: data})
				continue
			}
			fallthrough
		default:
			fmt.Fprintf(&text, "<attachment name=%q>not shown any more</attachment>\n", a.Name)
		}
	}
	if text.Len() > 0 {
		m.Text = strings.TrimSpace(text.String() + "\n" + m.Text)
	}
	return m
}

func (s *Service) load(ctx context.Context, key string) (string, error) {
	f, size, err := s.blobs.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b strings.Builder
	b.Grow(base64.StdEncoding.EncodedLen(int(size)))
	enc := base64.NewEncoder(base64.StdEncoding, &b)
	if _, err := io.Copy(enc, f); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil { // it writes the last bytes
		return "", err
	}
	return b.String(), nil
}
