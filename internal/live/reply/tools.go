package reply

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"griot/internal/model/llm"
	"griot/internal/tool"
)

// act runs tools side by side. When the client has to run one of them, the others still run here and pending is true. While they work, the agent says once that it takes a moment; later when
// it has just said something.
func (r *run) act(calls []llm.ToolCall, said bool) (results []llm.ToolResult, pending bool) {
	results = make([]llm.ToolResult, len(calls))
	var wg sync.WaitGroup
	var patience time.Duration
	for i, c := range calls {
		t := r.find(c.Name)
		client := t != nil && t.Policy().Client
		r.note(Note{Kind: Called, Call: c, Client: client})
		if client {
			pending = true
			continue
		}
		if t != nil {
			d := t.Policy().Filler
			if d <= 0 {
				d = r.lim.Filler
			}
			if patience == 0 || d < patience {
				patience = d
			}
		}
		wg.Go(func() {
			began := time.Now()
			results[i] = r.one(t, c)
			r.note(Note{Kind: Returned, Call: c, Result: results[i], Took: time.Since(began)})
		})
	}
	if said {
		patience *= 2
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	if r.voice != nil && r.Filler != "" && !r.filled && patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		select {
		case <-done:
		case <-r.ctx.Done():
		case <-t.C:
			r.fill()
		}
	}
	<-done
	for _, res := range results {
		r.ends = r.ends || res.End && !res.Failed
	}
	return results, pending
}

// fill says that it takes a moment. It is a part of the answer like every other.
func (r *run) fill() {
	r.filled = true
	text := r.Filler + " "
	if r.last != 0 && r.last != ' ' && r.last != '\n' {
		text = " " + text
	}
	r.last = ' '
	r.note(Note{Kind: Text, Text: text})
	if r.say(text) == nil {
		_ = r.flush() // a voice that fails is noticed by the next words
	}
}

// one runs a tool. One whose result may come later is left to itself after a time: the model is told so, and the session when the result is there.
func (r *run) one(t tool.Tool, c llm.ToolCall) llm.ToolResult {
	if t == nil {
		names := make([]string, len(r.Tools))
		for i, t := range r.Tools {
			names[i] = t.Spec().Name
		}
		return llm.ToolResult{CallID: c.ID, Failed: true, Output: fmt.Sprintf("There is no tool named %q. The tools are: %s.", c.Name, strings.Join(names, ", "))}
	}
	p := t.Policy()
	ctx := r.ctx
	if p.OnInterrupt == tool.Finish {
		ctx = context.WithoutCancel(ctx)
	}
	if p.Later <= 0 {
		return tool.Run(ctx, t, c, r.lim.Tool)
	}
	began := time.Now()
	out := make(chan llm.ToolResult) // taken by one of the two below
	left := make(chan struct{})
	r.behind.Go(func() {
		res := tool.Run(ctx, t, c, r.lim.Tool)
		select {
		case out <- res:
		case <-left:
			r.note(Note{Kind: Reported, Call: c, Result: res, Took: time.Since(began)})
		}
	})
	wait := time.NewTimer(p.Later)
	defer wait.Stop()
	select {
	case res := <-out:
		return res
	case <-wait.C:
		close(left)
		what := "It takes longer"
		if p.Approval {
			what = "A person has to allow it first"
		}
		return llm.ToolResult{CallID: c.ID, Output: what + ": " + c.Name + " has not answered yet. You will be told its result as soon as it is there; do not call it again for this. Say so in a few words and go on with the conversation."}
	}
}
