package replay

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/tool"
)

// Recording keeps one conversation. Its parts stand between a session and its surroundings.
type Recording struct {
	w       *writer
	answers atomic.Int64
	voices  atomic.Int64
	done    chan struct{}
	acks    sync.WaitGroup // who passes acknowledgements on
}

// Record begins a tape at path, and returns plan, leg and log as the session is to use them. Close ends the tape when the session is over. What is kept is everything that was said: the
// file is as confidential as the recording.
func Record(path string, p session.Plan, l transport.Leg, log event.Appender) (*Recording, session.Plan, transport.Leg, event.Appender, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, p, l, log, fmt.Errorf("begin the replay: %w", err)
	}
	z := gzip.NewWriter(f)
	r := &Recording{w: &writer{f: f, zip: z, enc: json.NewEncoder(z)}, done: make(chan struct{})}
	h := head{Replay: version, ID: p.ID, Tenant: p.Tenant, Agent: p.Agent, Name: p.Name, Version: p.Version, Lang: p.Lang, Settings: p.Settings, Greeting: p.Greeting,
		Protected: p.Protected, NoSelfVoice: p.NoSelfVoice, Phrases: p.Phrases, Limits: p.Limits, Names: [3]string{p.Models.STTName, p.Models.LLMName, p.Models.TTSName},
		Leg: l.Info(), Acks: l.Heard() != nil}
	if hd, ok := l.(transport.Holder); ok {
		h.Holds = hd.CanHold()
	}
	if m := p.Models.STT; m != nil {
		c := m.Caps()
		h.STT = &c
		p.Models.STT = recSTT{m, r.w}
	}
	if m := p.Models.TTS; m != nil {
		c := m.Caps()
		h.TTS = &c
		p.Models.TTS = recTTS{m, r}
	}
	if m := p.Models.LLM; m != nil {
		p.Models.LLM = recLLM{m, r}
		if e, ok := m.(llm.Expecter); ok {
			p.Models.LLM = recExpecter{recLLM{m, r}, e}
			if t, ok := m.(llm.Tracer); ok {
				p.Models.LLM = recFlow{recLLM{m, r}, e, t}
			}
		}
	}
	sets := make([]tool.Set, len(p.Tools))
	for i, s := range p.Tools {
		sets[i] = recTools{s, r.w}
	}
	p.Tools = sets
	before := p.OnCommand
	p.OnCommand = func(c session.Command) {
		if before != nil {
			before(c)
		}
		r.command(c)
	}
	if err := r.w.enc.Encode(h); err != nil {
		return nil, p, l, log, errors.Join(fmt.Errorf("begin the replay: %w", err), r.w.close())
	}
	leg := &recLeg{Leg: l, r: r, w: r.w}
	var out transport.Leg = leg
	if hd, ok := l.(transport.Holder); ok {
		out = recHolder{leg, hd}
	}
	return r, p, out, recLog{log, r.w}, nil
}

// Close ends the tape. Its error says that the tape is incomplete.
func (r *Recording) Close() error {
	close(r.done)
	r.acks.Wait()
	return r.w.close()
}

func (r *Recording) command(c session.Command) {
	b, err := json.Marshal(c)
	if err != nil {
		return // of a kind that no client sends
	}
	r.w.put(entry{Cmd: &command{Type: fmt.Sprintf("%T", c), Body: b}})
}

type recLog struct {
	event.Appender
	w *writer
}

func (l recLog) Append(ctx context.Context, evs ...event.Event) error {
	for _, e := range evs {
		l.w.put(entry{Event: &e})
	}
	return l.Appender.Append(ctx, evs...)
}

type recLeg struct {
	transport.Leg
	r    *Recording
	w    *writer
	once sync.Once
	acks chan transport.Heard
}

func (l *recLeg) Recv(ctx context.Context, in *transport.Inbound) error {
	err := l.Leg.Recv(ctx, in)
	switch {
	case err != nil:
		l.w.put(entry{In: &inbound{Gone: err.Error()}})
	case in.Kind == transport.Audio:
		l.w.put(entry{In: &inbound{PCM: media.EncodePCM(nil, in.Frame.PCM), Rate: in.Frame.Rate}})
	case in.Kind == transport.Digit:
		l.w.put(entry{In: &inbound{Key: in.Digit}})
	case in.Kind == transport.Text:
		l.w.put(entry{In: &inbound{Text: in.Text}})
	}
	return err
}

// Heard passes acknowledgements on, and notes them.
func (l *recLeg) Heard() <-chan transport.Heard {
	from := l.Leg.Heard()
	if from == nil {
		return nil
	}
	l.once.Do(func() {
		l.acks = make(chan transport.Heard, cap(from)+16)
		l.r.acks.Go(func() {
			defer close(l.acks)
			for {
				select {
				case h, ok := <-from:
					if !ok {
						return
					}
					l.w.put(entry{Heard: &h})
					select {
					case l.acks <- h:
					default: // as the leg itself does when nobody reads
					}
				case <-l.r.done:
					return
				}
			}
		})
	})
	return l.acks
}

type recHolder struct {
	*recLeg
	transport.Holder
}

type recSTT struct {
	stt.Model
	w *writer
}

func (m recSTT) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	s, err := m.Model.Open(ctx, o)
	if err != nil {
		m.w.put(entry{Ear: &earOp{Op: "open", Err: err.Error()}})
		return nil, err
	}
	return &recEar{s: s, w: m.w}, nil
}

// recEar is a recognition stream. It has every optional ability; what the real one lacks is done as the session would do it.
type recEar struct {
	s     stt.Stream
	w     *writer
	mu    sync.Mutex
	begun bool
	skip  int
}

func (e *recEar) Send(ctx context.Context, f media.Frame) error {
	if !e.begun {
		e.begun = true
		e.w.put(entry{Ear: &earOp{Op: "begin"}})
	}
	return e.s.Send(ctx, f)
}

func (e *recEar) Finalize(ctx context.Context) error {
	e.begun = false
	e.w.put(entry{Ear: &earOp{Op: "final"}})
	return e.s.Finalize(ctx)
}

func (e *recEar) Discard(ctx context.Context) error {
	e.begun = false
	e.w.put(entry{Ear: &earOp{Op: "discard"}})
	if d, ok := e.s.(stt.Discarder); ok {
		return d.Discard(ctx)
	}
	e.mu.Lock()
	e.skip++
	e.mu.Unlock()
	return e.s.Finalize(ctx)
}

func (e *recEar) SetHints(ctx context.Context, h stt.Hints) error {
	if x, ok := e.s.(stt.Hinter); ok {
		return x.SetHints(ctx, h)
	}
	return nil
}

func (e *recEar) Recv(ctx context.Context) (stt.Event, error) {
	for {
		ev, err := e.s.Recv(ctx)
		if err == nil && ev.Kind == stt.Final {
			e.mu.Lock()
			drop := e.skip > 0
			if drop {
				e.skip--
			}
			e.mu.Unlock()
			if drop {
				continue
			}
		}
		switch {
		case err == nil:
			e.w.put(entry{Ear: &earOp{Event: &ev}})
		case !errors.Is(err, io.EOF) && ctx.Err() == nil:
			e.w.put(entry{Ear: &earOp{Err: err.Error()}})
		}
		return ev, err
	}
}

func (e *recEar) Close() error { return e.s.Close() }

type recLLM struct {
	m llm.Model
	r *Recording
}

type recExpecter struct {
	recLLM
	llm.Expecter
}

// recFlow is a call flow.
type recFlow struct {
	recLLM
	llm.Expecter
	llm.Tracer
}

func (m recLLM) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		n := int(m.r.answers.Add(1))
		m.r.w.put(entry{Answer: &answerOp{N: n, Asked: lastOf(r)}})
		for d, err := range m.m.Generate(ctx, r) {
			op := &answerOp{N: n, Delta: &d}
			if err != nil {
				op.Err, op.Kind, op.Code = err.Error(), fault.KindOf(err), fault.CodeOf(err)
			}
			m.r.w.put(entry{Answer: op})
			if !yield(d, err) {
				return
			}
		}
		m.r.w.put(entry{Answer: &answerOp{N: n, Done: true}})
	}
}

// lastOf is what an answer is to.
func lastOf(r llm.Request) string {
	if n := len(r.Messages); n > 0 {
		return string(r.Messages[n-1].Role) + ": " + r.Messages[n-1].Text
	}
	return ""
}

type recTTS struct {
	tts.Model
	r *Recording
}

func (m recTTS) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	n := int(m.r.voices.Add(1))
	s, err := m.Model.Open(ctx, o)
	op := &voiceOp{N: n}
	if err != nil {
		op.Err = err.Error()
	}
	m.r.w.put(entry{Voice: op})
	if err != nil {
		return nil, err
	}
	return recVoice{s, m.r.w, n}, nil
}

type recVoice struct {
	tts.Stream
	w *writer
	n int
}

func (v recVoice) Say(ctx context.Context, text string) error {
	v.w.put(entry{Voice: &voiceOp{N: v.n, Say: text}})
	return v.Stream.Say(ctx, text)
}

func (v recVoice) Recv(ctx context.Context) (tts.Chunk, error) {
	c, err := v.Stream.Recv(ctx)
	op := &voiceOp{N: v.n}
	switch {
	case err == nil:
		op.PCM, op.Rate, op.Marks = media.EncodePCM(nil, c.Frame.PCM), c.Frame.Rate, c.Marks
	case errors.Is(err, io.EOF):
		op.Done = true
	case ctx.Err() != nil:
		return c, err
	default:
		op.Err = err.Error()
	}
	v.w.put(entry{Voice: op})
	return c, err
}

type recTools struct {
	tool.Set
	w *writer
}

func (s recTools) Tools(ctx context.Context) ([]tool.Tool, error) {
	ts, err := s.Set.Tools(ctx)
	out := make([]tool.Tool, len(ts))
	for i, t := range ts {
		s.w.put(entry{Offer: &toolHead{Spec: t.Spec(), Finish: t.Policy().OnInterrupt == tool.Finish, Timeout: int64(t.Policy().Timeout)}})
		out[i] = recTool{t, s.w}
	}
	return out, err
}

type recTool struct {
	tool.Tool
	w *writer
}

func (t recTool) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	began := time.Now()
	r, err := t.Tool.Call(ctx, c)
	op := &toolOp{Name: c.Name, Args: c.Arguments, Result: r, Took: time.Since(began)}
	if err != nil {
		op.Err = err.Error()
	}
	t.w.put(entry{Tool: op})
	return r, err
}
