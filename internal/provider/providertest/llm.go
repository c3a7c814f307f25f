package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"griot/internal/model/llm"
)

// LLMOptions tell the suite what to ask and what the model promises.
type LLMOptions struct {
	Request llm.Request         // a request that the model answers with text; zero asks for a greeting
	Want    string              // must occur in the answer; "" means anything but nothing
	Usage   bool                // the model reports usage
	Tools   *llm.Request        // a request that the model answers with at least one tool call
	Calls   int                 // how many calls Tools leads to; 0 means at least one
	Hangs   llm.Model           // the same model where no answer ever comes, for cancellation
	Broken  []Broken[llm.Model] // models that fail before their first delta
	Bound   time.Duration       // 0 means 30 s
}

// LLM checks a language model.
func LLM(t *testing.T, m llm.Model, o LLMOptions) {
	t.Helper()
	o.fill()
	runAll(t, llmChecks, m, o, o.Bound)
	for _, b := range o.Broken {
		t.Run("broken: "+b.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), o.Bound)
			defer cancel()
			a, err := collect(ctx, b.Model, o.Request)
			if err == nil {
				err = failedAs(a.err, b.Kind, b.Code)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func (o *LLMOptions) fill() {
	if o.Bound == 0 {
		o.Bound = 30 * time.Second
	}
	if len(o.Request.Messages) == 0 {
		o.Request = llm.Request{Session: "conformance", Lang: "en", System: "You are a receptionist. Answer in one sentence.",
			Messages: []llm.Message{{Role: llm.User, Text: "Good morning."}}}
	}
}

var llmChecks = []check[llm.Model, LLMOptions]{
	{"answers", llmAnswers},
	{"calls tools", llmCallsTools},
	{"leaves the request alone", llmLeavesRequest},
	{"stops when it is left", llmLeft},
	{"stops before it starts", llmCancelledBefore},
	{"stops while it hangs", llmCancelledHanging},
	{"answers many at once", llmConcurrent},
}

// answer is all that one sequence yielded.
type answer struct {
	text  string
	calls []llm.ToolCall
	usage *llm.Usage
	stops []llm.StopReason
	err   error
}

// collect ranges over a whole answer. Its error is a breach of contract; the model's own is in the answer.
func collect(ctx context.Context, m llm.Model, r llm.Request) (answer, error) {
	return valueWithin(ctx, "Generate", func() (answer, error) {
		var b answer
		for d, err := range m.Generate(ctx, r) {
			if b.err != nil {
				return b, fmt.Errorf("after the error %q comes %+v", b.err, d)
			}
			if err != nil {
				b.err = err
				continue
			}
			if len(b.stops) > 0 && (d.Text != "" || d.Call != nil) {
				return b, fmt.Errorf("after the stop reason %q comes %+v", b.stops[0], d)
			}
			b.text += d.Text
			if d.Call != nil {
				b.calls = append(b.calls, *d.Call)
			}
			if d.Usage != nil {
				b.usage = d.Usage
			}
			if d.Stop != "" {
				b.stops = append(b.stops, d.Stop)
			}
		}
		return b, nil
	})
}

// sound checks what holds for every answer that did not fail.
func (a answer) sound(o LLMOptions) error {
	if a.err != nil {
		return fmt.Errorf("the model fails: %w", a.err)
	}
	if len(a.stops) != 1 {
		return fmt.Errorf("stop reasons %q; want exactly one", a.stops)
	}
	ids := map[string]bool{}
	for _, c := range a.calls {
		if c.Name == "" || c.ID == "" || ids[c.ID] {
			return fmt.Errorf("the call %+v has no name, no id, or an id that came before", c)
		}
		ids[c.ID] = true
		if !json.Valid([]byte(c.Arguments)) {
			return fmt.Errorf("the arguments of %s are not JSON: %q", c.Name, c.Arguments)
		}
	}
	if (len(a.calls) > 0) != (a.stops[0] == llm.StopTools) {
		return fmt.Errorf("%d calls, but the stop reason is %q", len(a.calls), a.stops[0])
	}
	if o.Usage {
		if a.usage == nil {
			return errors.New("no usage is reported")
		}
		if u := *a.usage; u.Input <= 0 || u.Output <= 0 || u.Cached < 0 || u.Cached > u.Input {
			return fmt.Errorf("usage %+v makes no sense", u)
		}
	}
	return nil
}

func llmAnswers(ctx context.Context, m llm.Model, o LLMOptions) error {
	a, err := collect(ctx, m, o.Request)
	if err != nil {
		return err
	}
	if err := a.sound(o); err != nil {
		return err
	}
	if strings.TrimSpace(a.text) == "" || !strings.Contains(a.text, o.Want) {
		return fmt.Errorf("the answer is %q; want %q", a.text, o.Want)
	}
	return nil
}

func llmCallsTools(ctx context.Context, m llm.Model, o LLMOptions) error {
	if o.Tools == nil {
		return errSkip("no request with tools was given")
	}
	a, err := collect(ctx, m, *o.Tools)
	if err != nil {
		return err
	}
	if err := a.sound(o); err != nil {
		return err
	}
	if len(a.calls) == 0 || o.Calls > 0 && len(a.calls) != o.Calls {
		return fmt.Errorf("%d tool calls; want %d", len(a.calls), max(o.Calls, 1))
	}
	return nil
}

func llmLeavesRequest(ctx context.Context, m llm.Model, o LLMOptions) error {
	r := deepCopy(o.Request)
	if _, err := collect(ctx, m, r); err != nil {
		return err
	}
	if want := deepCopy(o.Request); !reflect.DeepEqual(r, want) {
		return fmt.Errorf("the model changed the request to %+v", r)
	}
	return nil
}

func deepCopy(r llm.Request) llm.Request {
	r.Messages = append([]llm.Message{}, r.Messages...)
	for i := range r.Messages {
		r.Messages[i].Calls = append([]llm.ToolCall{}, r.Messages[i].Calls...)
	}
	r.Tools = append([]llm.ToolSpec{}, r.Tools...)
	for i := range r.Tools {
		r.Tools[i].Parameters = append(json.RawMessage{}, r.Tools[i].Parameters...)
	}
	return r
}

// llmLeft relies on Go to panic when a sequence goes on after its reader stopped.
func llmLeft(ctx context.Context, m llm.Model, o LLMOptions) error {
	return within(ctx, "a sequence that was left", func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("a sequence that was left goes on: %v", p)
			}
		}()
		for _, err := range m.Generate(ctx, o.Request) {
			return err
		}
		return nil
	})
}

func llmCancelledBefore(ctx context.Context, m llm.Model, o LLMOptions) error {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	return within(ctx, "Generate with a cancelled context", func() error {
		for d, err := range m.Generate(gone, o.Request) {
			if err != nil {
				return nil
			}
			if d.Text != "" || d.Call != nil {
				return fmt.Errorf("a cancelled request is answered with %+v", d)
			}
		}
		return errors.New("a cancelled request ends without an error")
	})
}

func llmCancelledHanging(ctx context.Context, _ llm.Model, o LLMOptions) error {
	if o.Hangs == nil {
		return errSkip("no model that hangs was given")
	}
	gone, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(50*time.Millisecond, cancel) // any moment will do
	defer timer.Stop()
	return within(ctx, "Generate after its context was cancelled", func() error {
		for _, err := range o.Hangs.Generate(gone, o.Request) {
			if err != nil {
				return nil
			}
		}
		return errors.New("a request that was cancelled ends without an error")
	})
}

func llmConcurrent(ctx context.Context, m llm.Model, o LLMOptions) error {
	return together(8, func(int) error { return llmAnswers(ctx, m, o) })
}
