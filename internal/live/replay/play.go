package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
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

// stage plays a tape back: the caller, the models, the tools. Where the conversation goes another way than it went, what was said and answered then is used as far as it fits.
type stage struct {
	tape  *Tape
	start time.Time
	exact bool // acknowledgements come when they came; otherwise the far end plays what it gets at once

	mu      sync.Mutex
	said    []*utterance
	answers []*answer
	voices  []*voice
	tools   []*toolOp
	offered []toolHead
	log     []event.Event
}

// utterance is what the recogniser made of a stretch of sound then.
type utterance struct {
	from, to  time.Duration
	partials  []stt.Event
	at        []time.Duration // of the partials
	final     *stt.Event
	err       string
	delay     time.Duration // from its end to its words
	discarded bool
	used      int // bytes of its text that were given
}

type answer struct {
	asked  string
	after  []time.Duration
	deltas []answerOp
	used   bool
}

type voice struct {
	text string
	wait []time.Duration // before each piece, from the last text or piece
	ops  []voiceOp
	used bool
}

func newStage(t *Tape, exact bool) *stage {
	s := &stage{tape: t, exact: exact}
	answers, began := map[int]*answer{}, map[int]time.Duration{}
	voices, last := map[int]*voice{}, map[int]time.Duration{}
	var open *utterance
	var owed []*utterance
	for _, e := range t.entries {
		switch {
		case e.Ear != nil:
			switch op := e.Ear; {
			case op.Op == "begin":
				open = &utterance{from: e.At}
				s.said = append(s.said, open)
			case op.Op == "final" || op.Op == "discard":
				if open == nil {
					open = &utterance{from: e.At}
					s.said = append(s.said, open)
				}
				open.to, open.discarded = e.At, op.Op == "discard"
				if !open.discarded {
					owed = append(owed, open)
				}
				open = nil
			case op.Event != nil && op.Event.Kind == stt.Partial:
				if u := open; u != nil {
					u.partials, u.at = append(u.partials, *op.Event), append(u.at, e.At)
				}
			case op.Event != nil && op.Event.Kind == stt.Final && len(owed) > 0:
				owed[0].final, owed[0].delay = op.Event, e.At-owed[0].to
				owed = owed[1:]
			case op.Err != "" && len(owed) > 0:
				owed[0].err, owed[0].delay = op.Err, e.At-owed[0].to
				owed = owed[1:]
			}
		case e.Answer != nil:
			a := answers[e.Answer.N]
			if a == nil {
				a = &answer{asked: e.Answer.Asked}
				answers[e.Answer.N], began[e.Answer.N] = a, e.At
				s.answers = append(s.answers, a)
				continue
			}
			a.deltas, a.after = append(a.deltas, *e.Answer), append(a.after, e.At-began[e.Answer.N])
		case e.Voice != nil:
			v := voices[e.Voice.N]
			if v == nil {
				v = &voice{}
				voices[e.Voice.N] = v
				s.voices = append(s.voices, v)
				if e.Voice.Err != "" {
					v.ops, v.wait = append(v.ops, *e.Voice), append(v.wait, 0)
				}
			} else if e.Voice.Say != "" {
				v.text += e.Voice.Say
			} else {
				v.ops, v.wait = append(v.ops, *e.Voice), append(v.wait, e.At-last[e.Voice.N])
			}
			last[e.Voice.N] = e.At
		case e.Offer != nil:
			s.offered = append(s.offered, *e.Offer)
		case e.Tool != nil:
			s.tools = append(s.tools, e.Tool)
		}
	}
	return s
}

// plan is what the session is given.
func (s *stage) plan() session.Plan {
	h := s.tape.head
	p := session.Plan{ID: h.ID, Tenant: h.Tenant, Agent: h.Agent, Name: h.Name, Version: h.Version, Lang: h.Lang, Settings: h.Settings, Greeting: h.Greeting, Protected: h.Protected,
		NoSelfVoice: h.NoSelfVoice, Phrases: h.Phrases, Limits: h.Limits,
		Models: session.Models{LLM: playLLM{s}, STTName: h.Names[0], LLMName: h.Names[1], TTSName: h.Names[2]}}
	if h.STT != nil {
		p.Models.STT = playSTT{s}
	}
	if h.TTS != nil {
		p.Models.TTS = playTTS{s}
	}
	if len(s.offered) > 0 {
		p.Tools = []tool.Set{playTools{s}}
	}
	return p
}

func (s *stage) now() time.Duration { return time.Since(s.start) }

// wait waits until a moment of the tape, or ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Append keeps what the session reports.
func (s *stage) Append(_ context.Context, evs ...event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range evs {
		e.At = time.Time{}.Add(e.At.Sub(s.start))
		s.log = append(s.log, e)
	}
	return nil
}

// leg is the caller's end.
type leg struct {
	s    *stage
	next int
	acks chan transport.Heard
}

func (s *stage) leg() transport.Leg {
	l := &leg{s: s}
	if s.exact && s.tape.head.Acks {
		l.acks = make(chan transport.Heard, 1024)
	}
	if s.tape.head.Holds {
		return holder{l}
	}
	return l
}

func (l *leg) Info() transport.Info                               { return l.s.tape.head.Leg }
func (l *leg) Play(context.Context, event.Gen, media.Frame) error { return nil }
func (l *leg) Clear(context.Context, event.Gen) error             { return nil }
func (l *leg) Heard() <-chan transport.Heard                      { return l.acks }
func (l *leg) Close(string) error                                 { return nil }

type holder struct{ *leg }

func (holder) Hold(context.Context, bool) error { return nil }
func (holder) Duck(context.Context, bool) error { return nil }
func (holder) CanHold() bool                    { return true }

func (l *leg) Recv(ctx context.Context, in *transport.Inbound) error {
	for ; l.next < len(l.s.tape.entries); l.next++ {
		e := l.s.tape.entries[l.next]
		if e.In == nil {
			continue
		}
		if err := wait(ctx, e.At-l.s.now()); err != nil {
			return err
		}
		l.next++
		switch {
		case e.In.Gone != "":
			return io.EOF
		case e.In.PCM != nil:
			*in = transport.Inbound{Kind: transport.Audio, Frame: media.Frame{Format: media.Mono(e.In.Rate), PCM: media.DecodePCM(nil, e.In.PCM)}}
		case e.In.Key != 0:
			*in = transport.Inbound{Kind: transport.Digit, Digit: e.In.Key}
		default:
			*in = transport.Inbound{Kind: transport.Text, Text: e.In.Text}
		}
		return nil
	}
	if n := len(l.s.tape.entries); n > 0 { // the tape was cut off
		if err := wait(ctx, l.s.tape.entries[n-1].At+5*time.Second-l.s.now()); err != nil {
			return err
		}
	}
	return io.EOF
}

// acknowledge gives the far end's reports when they came.
func (l *leg) acknowledge(ctx context.Context) {
	if l.acks == nil {
		return
	}
	for _, e := range l.s.tape.entries {
		if e.Heard != nil {
			if wait(ctx, e.At-l.s.now()) != nil {
				return
			}
			l.acks <- *e.Heard
		}
	}
}

// commands are given when they were given.
func (s *stage) commands(ctx context.Context, sess *session.Session) {
	for _, e := range s.tape.entries {
		if e.Cmd == nil {
			continue
		}
		c, err := e.Cmd.decode()
		if wait(ctx, e.At-s.now()) != nil {
			return
		}
		if err == nil {
			_ = sess.Do(ctx, c) // refused then, refused now
		}
	}
}

func (c command) decode() (session.Command, error) {
	into := func(to session.Command) (session.Command, error) {
		return to, json.Unmarshal(c.Body, to)
	}
	switch c.Type {
	case "session.Say":
		v, err := into(&session.Say{})
		return *v.(*session.Say), err
	case "session.Interrupt":
		v, err := into(&session.Interrupt{})
		return *v.(*session.Interrupt), err
	case "session.Silence":
		return session.Silence{}, nil
	case "session.HangUp":
		v, err := into(&session.HangUp{})
		return *v.(*session.HangUp), err
	case "session.Digits":
		v, err := into(&session.Digits{})
		return *v.(*session.Digits), err
	case "session.TypedText":
		v, err := into(&session.TypedText{})
		return *v.(*session.TypedText), err
	case "session.Update":
		v, err := into(&session.Update{})
		return *v.(*session.Update), err
	case "session.CommitInput":
		return session.CommitInput{}, nil
	case "session.ClearInput":
		return session.ClearInput{}, nil
	case "session.CreateItem":
		v, err := into(&session.CreateItem{})
		return *v.(*session.CreateItem), err
	case "session.DeleteItem":
		v, err := into(&session.DeleteItem{})
		return *v.(*session.DeleteItem), err
	case "session.TruncateItem":
		v, err := into(&session.TruncateItem{})
		return *v.(*session.TruncateItem), err
	case "session.Respond":
		v, err := into(&session.Respond{})
		return *v.(*session.Respond), err
	}
	return nil, fmt.Errorf("no command %q can be replayed", c.Type)
}

type playSTT struct{ s *stage }

func (m playSTT) Caps() stt.Caps { return *m.s.tape.head.STT }
func (m playSTT) Open(context.Context, stt.Options) (stt.Stream, error) {
	return &ear{s: m.s, out: make(chan heard, 1024), gone: make(chan struct{})}, nil
}

type heard struct {
	at  time.Duration
	ev  stt.Event
	err error
}

// ear gives the words that were recognised then of the sound that is sent now.
type ear struct {
	s     *stage
	begun bool
	from  time.Duration
	out   chan heard // in order of time
	once  sync.Once
	gone  chan struct{}
}

func (e *ear) SetHints(context.Context, stt.Hints) error { return nil }
func (e *ear) Close() error                              { e.once.Do(func() { close(e.gone) }); return nil }
func (e *ear) Discard(context.Context) error             { e.begun = false; return nil }

func (e *ear) Send(context.Context, media.Frame) error {
	now := e.s.now()
	if !e.begun {
		e.begun, e.from = true, now
	}
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	for _, u := range e.s.said {
		for len(u.at) > 0 && u.at[0] <= now {
			if ev := u.partials[0]; u.at[0] > e.from {
				ev.Text = strings.TrimSpace(ev.Text[min(u.used, len(ev.Text)):])
				e.give(heard{now, ev, nil})
			}
			u.at, u.partials = u.at[1:], u.partials[1:]
		}
	}
	return nil
}

func (e *ear) give(h heard) {
	select {
	case e.out <- h:
	default: // nobody reads any more
	}
}

func (e *ear) Finalize(context.Context) error {
	now := e.s.now()
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	final, delay := stt.Event{Kind: stt.Final}, time.Duration(0)
	var err error
	for _, u := range e.s.said {
		if u.discarded && u.final == nil || u.from >= now || u.to != 0 && u.to <= e.from {
			continue
		}
		var text string
		switch {
		case u.err != "":
			err, delay = fault.New(fault.Unavailable, "replayed", "%s", u.err), max(delay, u.delay)
			continue
		case u.final == nil:
			continue
		case u.to > now+100*time.Millisecond && len(u.partials) > 0: // it ended later then: what was understood by now
			continue
		default:
			text = u.final.Text
			final.Confidence, final.Lang, delay = u.final.Confidence, u.final.Lang, max(delay, u.delay)
		}
		rest := strings.TrimSpace(text[min(u.used, len(text)):])
		u.used = len(text)
		if rest != "" {
			final.Text = strings.TrimSpace(final.Text + " " + rest)
		}
	}
	if final.Text != "" {
		err = nil
	}
	e.begun = false
	e.give(heard{now + delay, final, err})
	return nil
}

func (e *ear) Recv(ctx context.Context) (stt.Event, error) {
	select {
	case h := <-e.out:
		if err := wait(ctx, h.at-e.s.now()); err != nil {
			return stt.Event{}, err
		}
		return h.ev, h.err
	case <-e.gone:
		return stt.Event{}, io.EOF
	case <-ctx.Done():
		return stt.Event{}, ctx.Err()
	}
}

type playLLM struct{ s *stage }

// Generate gives the answer that was given to the same words, or else the next that was not given yet.
func (m playLLM) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	asked := lastOf(r)
	m.s.mu.Lock()
	var a *answer
	for _, x := range m.s.answers {
		if !x.used && x.asked == asked {
			a = x
			break
		}
	}
	for _, x := range m.s.answers {
		if a == nil && !x.used {
			a = x
		}
	}
	if a != nil {
		a.used = true
	}
	m.s.mu.Unlock()
	began := time.Now()
	return func(yield func(llm.Delta, error) bool) {
		if a == nil {
			yield(llm.Delta{}, fault.New(fault.Unavailable, "not_on_tape", "the model was asked more often than it was then"))
			return
		}
		for i, op := range a.deltas {
			if err := wait(ctx, a.after[i]-time.Since(began)); err != nil {
				yield(llm.Delta{}, err)
				return
			}
			if op.Done {
				return
			}
			var err error
			if op.Err != "" {
				err = fault.New(op.Kind, op.Code, "%s", op.Err)
			}
			var d llm.Delta
			if op.Delta != nil {
				d = *op.Delta
			}
			if !yield(d, err) {
				return
			}
		}
		// It was cut off in the middle then: there is no more of it.
		<-ctx.Done()
		yield(llm.Delta{}, ctx.Err())
	}
}

type playTTS struct{ s *stage }

func (m playTTS) Caps() tts.Caps { return *m.s.tape.head.TTS }
func (m playTTS) Open(context.Context, tts.Options) (tts.Stream, error) {
	return &spoken{s: m.s, said: make(chan struct{}, 1), gone: make(chan struct{})}, nil
}

// spoken is a voice that says a text as it said it then, and another at a speaking rate.
type spoken struct {
	s     *stage
	mu    sync.Mutex
	text  string
	ended bool
	said  chan struct{}
	v     *voice
	next  int
	once  sync.Once
	gone  chan struct{}
}

func (p *spoken) Say(_ context.Context, text string) error {
	p.mu.Lock()
	p.text += text
	p.mu.Unlock()
	p.tell()
	return nil
}

func (p *spoken) End(context.Context) error {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	p.tell()
	return nil
}

func (p *spoken) tell() {
	select {
	case p.said <- struct{}{}:
	default:
	}
}

func (p *spoken) Close() error { p.once.Do(func() { close(p.gone) }); return nil }

// find chooses the stream whose text begins as this one does.
func (p *spoken) find() *voice {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.mu.Lock()
	text := p.text
	p.mu.Unlock()
	for _, v := range p.s.voices {
		if !v.used && strings.HasPrefix(v.text, text) {
			v.used = true
			return v
		}
	}
	for _, v := range p.s.voices {
		if strings.HasPrefix(v.text, text) {
			return v
		}
	}
	rate := p.s.tape.head.TTS.Rate
	pcm := make([]byte, 2*rate*len([]rune(text))/15) // fifteen letters a second
	return &voice{text: text, ops: []voiceOp{{PCM: pcm, Rate: rate}, {Done: true}}, wait: []time.Duration{100 * time.Millisecond, 0}}
}

func (p *spoken) Recv(ctx context.Context) (tts.Chunk, error) {
	for p.v == nil {
		p.mu.Lock()
		ready := p.text != ""
		over := p.ended
		p.mu.Unlock()
		switch {
		case ready:
			p.v = p.find()
		case over:
			return tts.Chunk{}, io.EOF
		default:
			select {
			case <-p.said:
			case <-p.gone:
				return tts.Chunk{}, io.EOF
			case <-ctx.Done():
				return tts.Chunk{}, ctx.Err()
			}
		}
	}
	if p.next >= len(p.v.ops) { // it was cut off then
		select {
		case <-p.gone:
			return tts.Chunk{}, io.EOF
		case <-ctx.Done():
			return tts.Chunk{}, ctx.Err()
		}
	}
	op := p.v.ops[p.next]
	if err := wait(ctx, p.v.wait[p.next]); err != nil {
		return tts.Chunk{}, err
	}
	p.next++
	switch {
	case op.Done:
		return tts.Chunk{}, io.EOF
	case op.Err != "":
		return tts.Chunk{}, fault.New(fault.Unavailable, "replayed", "%s", op.Err)
	}
	return tts.Chunk{Frame: media.Frame{Format: media.Mono(op.Rate), PCM: media.DecodePCM(nil, op.PCM)}, Marks: op.Marks}, nil
}

type playTools struct{ s *stage }

func (playTools) Close() error { return nil }
func (p playTools) Tools(context.Context) ([]tool.Tool, error) {
	var out []tool.Tool
	for _, h := range p.s.offered {
		out = append(out, playTool{p.s, h})
	}
	return out, nil
}

type playTool struct {
	s *stage
	h toolHead
}

func (t playTool) Spec() llm.ToolSpec { return t.h.Spec }
func (t playTool) Policy() tool.Policy {
	p := tool.Policy{Timeout: time.Duration(t.h.Timeout)}
	if t.h.Finish {
		p.OnInterrupt = tool.Finish
	}
	return p
}

func (t playTool) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	t.s.mu.Lock()
	var op *toolOp
	for i, x := range t.s.tools {
		if x.Name == c.Name && x.Args == c.Arguments {
			op = x
			t.s.tools = append(t.s.tools[:i:i], t.s.tools[i+1:]...)
			break
		}
	}
	t.s.mu.Unlock()
	if op == nil {
		return llm.ToolResult{}, fault.New(fault.Unavailable, "not_on_tape", "%s was not called with these arguments then", c.Name)
	}
	if err := wait(ctx, op.Took); err != nil {
		return llm.ToolResult{}, err
	}
	if op.Err != "" {
		return llm.ToolResult{}, errors.New(op.Err)
	}
	r := op.Result
	r.CallID = c.ID
	return r, nil
}
