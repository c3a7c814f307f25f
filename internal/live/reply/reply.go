// Package reply is one attempt of the agent to answer: a model thinks, tools act, a voice speaks. Each attempt is one generation with a
// context of its own; what it makes goes through the player, which drops what is no longer wanted.
package reply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/playout"
	"griot/internal/live/upstream"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/tts"
	"griot/internal/tool"
)

// ErrInterrupted is the cause with which a session cancels a reply that the caller talked over.
var ErrInterrupted = errors.New("the reply was interrupted")

// Player is where the sound goes. *playout.Player is one.
type Player interface {
	Said(g event.Gen, text string)
	Write(ctx context.Context, g event.Gen, pcm []int16, marks []tts.Mark) error
	Pace(g event.Gen, perByte time.Duration)
	Finish(g event.Gen, whole bool)
}

// Job is everything one attempt needs.
type Job struct {
	Gen     event.Gen
	LLM     llm.Model
	Request llm.Request
	Fixed   string    // say this instead of asking the model: a greeting, an apology
	TTS     tts.Model // nil: text only
	Voice   tts.Options
	Out     media.Format // what the player takes
	Tools   []tool.Tool
	Limits  Limits
	Filler  string // said when tools take long; empty for silence

	Line *upstream.Line // answers, instead of LLM and TTS; nil for the cascade
	Ask  upstream.Ask   // what it is asked for
	Text bool           // and whether it writes
}

// Speaks reports whether the job needs the player.
func (j Job) Speaks() bool { return j.TTS != nil || j.Line != nil && !j.Text }

// Limits bound an attempt. Zero values take the defaults.
type Limits struct {
	FirstDelta time.Duration // model silent from the start: 8 s
	NextDelta  time.Duration // model silent in the middle: 8 s
	FirstAudio time.Duration // voice silent after its first text: 5 s
	Tool       time.Duration // a tool without a timeout of its own: 15 s
	Rounds     int           // model calls in one attempt: 8. In the last the model is told to answer without tools
	Filler     time.Duration // tools that have not answered after so long, and have no time of their own: 3 s
}

func (l Limits) orDefaults() Limits {
	def := Limits{8 * time.Second, 8 * time.Second, 5 * time.Second, 15 * time.Second, 8, 3 * time.Second}
	if l.FirstDelta > 0 {
		def.FirstDelta = l.FirstDelta
	}
	if l.NextDelta > 0 {
		def.NextDelta = l.NextDelta
	}
	if l.FirstAudio > 0 {
		def.FirstAudio = l.FirstAudio
	}
	if l.Tool > 0 {
		def.Tool = l.Tool
	}
	if l.Rounds > 0 {
		def.Rounds = l.Rounds
	}
	if l.Filler > 0 {
		def.Filler = l.Filler
	}
	return def
}

// Kind tells what a Note reports.
type Kind uint8

// The kinds of notes.
const (
	Text       Kind = iota + 1 // Text: the next piece of the answer
	Called                     // Call: a tool was asked for; Client when the client runs it
	Returned                   // Result, Took: a tool answered. A fact: it counts even when the attempt was interrupted
	FirstAudio                 // the voice's first chunk arrived
	Written                    // the text is complete; Stop says how it ended. The voice may still owe its sound
	Spent                      // Usage of one model call. A fact
	Done                       // the attempt is over; the last note but for Reported
	Reported                   // Result, Took: a tool answered whose call ended with the word that it would. A fact
	Lost                       // instead of Done: the line failed before anything was noticed, with Err. The attempt can be made again, by other means
)

// Note tells the session how the attempt goes.
type Note struct {
	Kind   Kind
	Gen    event.Gen
	At     time.Time
	Text   string
	Call   llm.ToolCall
	Client bool
	Result llm.ToolResult
	Took   time.Duration
	Usage  llm.Usage

	// Of Done, and Stop of Written:
	Stop    llm.StopReason
	Pending bool   // client tools were called: the client owes their results
	Spoken  bool   // text was given to the voice; the player will report when it is through
	Stage   string // where Err came from: "llm", "tts"
	Err     error
}

// Run carries the job out and reports through post, which may block briefly. It returns when everything it started has ended: after ctx is
// cancelled that is at once, but for tools whose policy is to finish.
func Run(ctx context.Context, j Job, p Player, post func(Note)) {
	r := &run{Job: j, p: p, post: post, lim: j.Limits.orDefaults()}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	defer r.behind.Wait()
	if j.Line != nil {
		r.converse()
		return
	}
	if j.TTS != nil {
		r.voice = openVoice(r)
	}
	done := Note{Kind: Done, Stop: llm.StopEnd}
	if err := r.think(&done); err != nil {
		done.Stage, done.Err = "llm", err
		if r.ctx.Err() == nil {
			_ = r.flush() // what the caller was shown is also said; err is the one that counts
		}
	} else {
		r.finish(&done)
		r.note(Note{Kind: Written, Stop: done.Stop})
	}
	if r.voice != nil {
		// What was said before a fault is still spoken; after an interruption nothing is.
		if err := r.voice.end(); err != nil && done.Err == nil {
			done.Stage, done.Err = "tts", err
		}
		done.Spoken = r.voice.said
	}
	if cause := context.Cause(ctx); cause != nil {
		done.Err = cause
	}
	r.note(done)
}

type run struct {
	Job
	behind sync.WaitGroup // tools that report later
	filled bool           // the filler was said
	ends   bool           // a tool wants the conversation to end
	last   byte           // of the text so far
	p      Player
	post   func(Note)
	lim    Limits
	ctx    context.Context
	cancel context.CancelCauseFunc
	voice  *voice
}

func (r *run) note(n Note) {
	n.Gen, n.At = r.Gen, time.Now()
	r.post(n)
}

// enough is what a model is told that goes on calling tools: the caller is to get an answer all the same.
const enough = "You have called tools often enough. Answer now, in words, with what you know; if something could not be done, say so."

// finish says how an answer ends that a tool has ended.
func (r *run) finish(done *Note) {
	if r.ends && !done.Pending && done.Stop == llm.StopEnd {
		done.Stop = llm.StopHangUp
	}
}

// think asks the model, runs the tools it wants, and asks again with their results, until it has answered.
func (r *run) think(done *Note) error {
	if r.Fixed != "" {
		r.note(Note{Kind: Text, Text: r.Fixed})
		if err := r.say(r.Fixed); err != nil {
			return err
		}
		return r.flush()
	}
	req := r.Request
	req.Messages = append([]llm.Message(nil), req.Messages...)
	for n := range r.lim.Rounds {
		if n > 0 && n == r.lim.Rounds-1 {
			req.Choice = "none"
			req.Messages = append(req.Messages, llm.Message{Role: llm.System, Text: enough})
		}
		text, calls, err := r.ask(req, done)
		if err != nil {
			return err
		}
		if len(calls) == 0 {
			return r.flush()
		}
		if err := r.flush(); err != nil { // "let me look that up" is spoken while the tools work
			return err
		}
		tellApart(calls, req.Messages)
		results, pending := r.act(calls, text != "")
		if pending {
			done.Pending, done.Stop = true, llm.StopTools
			return nil
		}
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Text: text, Calls: calls})
		for _, res := range results {
			req.Messages = append(req.Messages, llm.Message{Role: llm.ToolRole, CallID: res.CallID, Text: res.Output})
		}
		req.Choice = "" // a forced tool is forced once
	}
	return fault.New(fault.Limited, "tool_rounds", "the model asked for tools %d times without answering", r.lim.Rounds)
}

// tellApart gives a call another id when one of the conversation has it already, as with servers that count anew in every answer: results would go to the wrong calls.
func tellApart(calls []llm.ToolCall, before []llm.Message) {
	used := map[string]bool{}
	for _, m := range before {
		for _, c := range m.Calls {
			used[c.ID] = true
		}
	}
	for i, c := range calls {
		for n := 2; used[calls[i].ID]; n++ {
			calls[i].ID = fmt.Sprintf("%s_%d", c.ID, n)
		}
		used[calls[i].ID] = true
	}
}

// ask makes one model call.
func (r *run) ask(req llm.Request, done *Note) (string, []llm.ToolCall, error) {
	ctx, cancel := context.WithCancelCause(r.ctx)
	defer cancel(nil)
	late := fault.New(fault.Unavailable, "model_timeout", "the model did not answer within %s", r.lim.FirstDelta)
	watch := time.AfterFunc(r.lim.FirstDelta, func() { cancel(late) })
	defer watch.Stop()
	var text strings.Builder
	var calls []llm.ToolCall
	for d, err := range r.LLM.Generate(ctx, req) {
		if ctx.Err() != nil {
			return text.String(), nil, context.Cause(ctx)
		}
		if err != nil {
			return text.String(), nil, fmt.Errorf("ask the model: %w", err)
		}
		late = fault.New(fault.Unavailable, "model_timeout", "the model fell silent for %s", r.lim.NextDelta)
		watch.Reset(r.lim.NextDelta)
		if d.Text != "" {
			text.WriteString(d.Text)
			r.note(Note{Kind: Text, Text: d.Text})
			r.last = d.Text[len(d.Text)-1]
			if err := r.say(d.Text); err != nil {
				return text.String(), nil, err
			}
		}
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
		if d.Usage != nil {
			r.note(Note{Kind: Spent, Usage: *d.Usage})
		}
		if d.Stop != "" {
			done.Stop = d.Stop
		}
	}
	if ctx.Err() != nil {
		return text.String(), nil, context.Cause(ctx)
	}
	return text.String(), calls, nil
}

func (r *run) find(name string) tool.Tool {
	for _, t := range r.Tools {
		if t.Spec().Name == name {
			return t
		}
	}
	return nil
}

func (r *run) say(text string) error {
	if r.voice == nil {
		return nil
	}
	for _, s := range r.voice.split.Push(text) {
		if err := r.voice.say(s); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) flush() error {
	if r.voice == nil {
		return nil
	}
	if s := r.voice.split.Flush(); s != "" {
		return r.voice.say(s)
	}
	return nil
}

// voice is the spoken side: one goroutine opens the stream and moves its chunks to the player.
type voice struct {
	r      *run
	split  tts.Splitter
	ready  chan struct{} // closed when stream or err is set
	stream tts.Stream
	err    error
	said   bool
	over   chan error // the mover's result

	// watch runs while the voice owes sound: for text that it was given, or its end.
	watch *time.Timer
	owes  atomic.Int32 // texts whose end it has not marked
	ended atomic.Bool
}

func openVoice(r *run) *voice {
	v := &voice{r: r, ready: make(chan struct{}), over: make(chan error, 1)}
	late := fault.New(fault.Unavailable, "voice_timeout", "the voice gave no sound within %s", r.lim.FirstAudio)
	v.watch = time.AfterFunc(time.Hour, func() { r.cancel(late) })
	v.watch.Stop()
	go func() {
		s, err := r.TTS.Open(r.ctx, r.Voice)
		if err != nil {
			v.err = fmt.Errorf("open the voice: %w", err)
			close(v.ready)
			v.over <- v.err
			return
		}
		v.stream = s
		defer context.AfterFunc(r.ctx, func() { _ = s.Close() })()
		close(v.ready)
		err = v.move()
		_ = s.Close() // nothing more is wanted from it
		if err != nil {
			r.cancel(err) // a reply that cannot be spoken is not worth thinking on
		}
		v.over <- err
	}()
	return v
}

// say gives one sentence to the voice.
func (v *voice) say(s string) error {
	select {
	case <-v.ready:
	case <-v.r.ctx.Done():
		return context.Cause(v.r.ctx)
	}
	if v.err != nil {
		return v.err
	}
	v.said = true
	v.owes.Add(1)
	v.watch.Reset(v.r.lim.FirstAudio)
	v.r.p.Said(v.r.Gen, s)
	if err := v.stream.Say(v.r.ctx, s); err != nil {
		if v.r.ctx.Err() != nil {
			return context.Cause(v.r.ctx)
		}
		return fmt.Errorf("speak: %w", err)
	}
	return nil
}

// end lets the voice finish, and waits for it.
func (v *voice) end() error {
	<-v.ready
	if v.err == nil {
		v.ended.Store(true)
		v.watch.Reset(v.r.lim.FirstAudio)
		// Also after an interruption: a vendor that does not notice the end of ctx must not wait for more text.
		if err := v.stream.End(v.r.ctx); err != nil && v.r.ctx.Err() == nil {
			v.r.cancel(fmt.Errorf("end the speech: %w", err))
		}
		if !v.said {
			_ = v.stream.Close() // there is nothing to wait for
		}
	}
	err := <-v.over
	v.watch.Stop()
	if !v.said && v.err == nil {
		err = nil // whatever became of a stream that nothing was wanted of
	}
	v.r.p.Finish(v.r.Gen, err == nil)
	return err
}

// move carries chunks from the stream to the player, in the leg's rate.
func (v *voice) move() error {
	r := v.r
	var rs *media.Resampler
	var buf []int16
	first := true
	for {
		if v.owes.Load() > 0 || v.ended.Load() {
			v.watch.Reset(r.lim.FirstAudio)
		}
		c, err := v.stream.Recv(r.ctx)
		v.watch.Stop()
		if errors.Is(err, io.EOF) {
			if rs != nil {
				return stale(r.p.Write(r.ctx, r.Gen, rs.Flush(buf[:0]), nil))
			}
			return nil
		}
		if err != nil {
			if r.ctx.Err() != nil {
				return context.Cause(r.ctx)
			}
			return fmt.Errorf("receive speech: %w", err)
		}
		for _, m := range c.Marks {
			if m.Kind == tts.Sentence {
				v.owes.Add(-1)
			}
		}
		if first && len(c.Frame.PCM) > 0 {
			first = false
			r.note(Note{Kind: FirstAudio})
		}
		pcm := c.Frame.PCM
		if c.Frame.Rate != r.Out.Rate && len(pcm) > 0 {
			if rs == nil {
				if rs, err = media.NewResampler(c.Frame.Rate, r.Out.Rate); err != nil {
					return fmt.Errorf("speech at %d Hz: %w", c.Frame.Rate, err)
				}
			}
			buf = rs.Process(buf[:0], pcm)
			pcm = buf
		}
		if err := stale(r.p.Write(r.ctx, r.Gen, pcm, c.Marks)); err != nil {
			return err
		}
	}
}

// stale turns the player's refusal into an interruption, which is what it is.
func stale(err error) error {
	if errors.Is(err, playout.ErrStale) {
		return ErrInterrupted
	}
	return err
}
