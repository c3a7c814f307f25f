// Package chat is OpenAI's two interfaces for language models, chat completions and responses, as OpenAI, Azure and many servers serve them. What such servers leave out or do
// differently is tolerated where its meaning is clear.
package chat

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/wire"
)

// Settings say how a model is asked.
type Settings struct {
	Model     string     // name; for Azure that of the deployment
	Path      string     // below the client's address
	Query     url.Values // of every request
	Nameless  bool       // the path names the model, and the body does not
	OldTokens bool       // max_tokens instead of max_completion_tokens: what most compatible servers know
	Effort    string     // of reasoning; empty for the model's own
	Images    bool       // the model takes images
	Files     bool       // the model takes PDF documents
	Thoughts  bool       // thoughts may come inside the text, in <think>…</think>: they are left out
}

// base is what both interfaces have in common.
type base struct {
	*wire.Client
	s Settings

	mu      sync.Mutex
	unknown map[string]bool // fields that the server refused
}

// TakesImages implements llm.Viewer.
func (m *base) TakesImages() bool { return m.s.Images }

// TakesFiles implements llm.Reader.
func (m *base) TakesFiles() bool { return m.s.Files }

// errLeft says that nobody ranges over the answer any more.
var errLeft = errors.New("left")

// sequence runs an answer in the caller's goroutine.
func sequence(ctx context.Context, r llm.Request, answer func(context.Context, llm.Request, func(llm.Delta, error) bool) error) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if err := answer(ctx, r, yield); err != nil && !errors.Is(err, errLeft) {
			yield(llm.Delta{}, err)
		}
	}
}

// ask sends a request, which body makes without the fields that are not to be in it. A field that the server refuses and the answer can do without is left out, then and
// from then on: which models take which is nowhere written down.
func (m *base) ask(ctx context.Context, body func(without func(field string) bool) any, optional ...string) (*wire.Stream, error) {
	for {
		q := wire.Request{Path: m.s.Path, Query: m.s.Query, Model: m.s.Model, Header: http.Header{"Accept": {"text/event-stream"}}, Body: body(m.refuses)}
		s, err := m.Stream(ctx, q)
		if err == nil || !m.learn(err, optional) {
			return s, err
		}
	}
}

func (m *base) refuses(field string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unknown[field]
}

// learn notes the optional field that a refusal is about. It reports whether there is one that was not known.
func (m *base) learn(err error, optional []string) bool {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "rejected" {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, field := range optional {
		top, _, _ := strings.Cut(f.Params["param"], ".")
		if m.unknown[field] || top != field && !mentions(f.Message, field) {
			continue
		}
		if m.unknown == nil {
			m.unknown = map[string]bool{}
		}
		m.unknown[field] = true
		return true
	}
	return false
}

// mentions reports whether a message has a field's name as a word.
func mentions(message, field string) bool {
	for at := 0; ; {
		i := strings.Index(message[at:], field)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(field)
		if (from == 0 || !letter(message[from-1])) && (to == len(message) || !letter(message[to])) {
			return true
		}
		at = to
	}
}

func letter(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}
