package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"griot/internal/config"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/replay"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/media"
)

// TalkOptions describe one conversation from the terminal. In and Text exclude each other.
type TalkOptions struct {
	Agent string
	In    string // WAV file with the caller's question
	Text  string // or the question in writing
	Out   string // WAV file for the agent's answer; empty for none
	JSON  bool   // every event as one JSON line
	Quiet bool   // leave out the greeting
	Wait  time.Duration
	Keep  string // file for griot replay; empty keeps nothing
}

// Talk holds one conversation: the greeting, the question, the answer. Nothing of it is stored.
func Talk(ctx context.Context, cfg config.Config, o TalkOptions, w io.Writer) (err error) {
	if (o.In == "") == (o.Text == "") {
		return fault.New(fault.Invalid, "talk_question", "give the question as --in question.wav or as --text \"…\", one of the two")
	}
	a := &App{cfg: cfg}
	if err := a.openPlans(); err != nil {
		return err
	}
	defer a.Close()
	plan, _, err := a.plans.plan(ctx, o.Agent)
	if err != nil {
		return err
	}
	leg := &talkLeg{out: media.Mono(24000), in: media.Mono(16000), asked: make(chan struct{}), gone: make(chan struct{})}
	if o.In != "" {
		if plan.Models.STT == nil {
			return fault.New(fault.Invalid, "no_recogniser", "agent %s cannot hear on this machine: %s Ask it with --text instead.", o.Agent, firstMessage(plan.Notices))
		}
		if err := leg.load(o.In); err != nil {
			return err
		}
	}
	leg.text = o.Text
	plan.ID = uuid.NewString()
	if o.Quiet {
		plan.Greeting = ""
	}
	t := &talk{o: o, w: bufio.NewWriter(w), leg: leg, plan: plan, start: time.Now()}
	plan.AgentTap = t.tap
	if plan.Greeting == "" {
		leg.ask()
	}
	limit := o.Wait
	if limit <= 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit+leg.length())
	defer cancel()
	var end transport.Leg = leg
	var log event.Appender = t
	if o.Keep != "" {
		var tape *replay.Recording
		if tape, plan, end, log, err = replay.Record(o.Keep, plan, end, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, tape.Close()) }()
	}
	err = session.New(plan, end, log).Run(ctx)
	if ferr := t.finish(); err == nil {
		err = ferr
	}
	return err
}

func firstMessage(ns []session.Notice) string {
	for _, n := range ns {
		return n.Message
	}
	return ""
}

// talk watches the conversation, tells it to people, and says when it is over.
type talk struct {
	o     TalkOptions
	plan  session.Plan
	leg   *talkLeg
	start time.Time

	mu      sync.Mutex
	w       *bufio.Writer
	causes  map[string]string // of replies
	asked   bool
	reply   []int16
	heard   string
	answer  string
	timing  event.TurnTimed
	failure error
}

// Append implements event.Appender.
func (t *talk) Append(_ context.Context, evs ...event.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range evs {
		if t.o.JSON {
			b, err := json.Marshal(e)
			if err != nil {
				return err
			}
			fmt.Fprintf(t.w, "%s\n", b)
		}
		t.watch(e)
	}
	return t.w.Flush()
}

func (t *talk) watch(e event.Event) {
	switch b := e.Body.(type) {
	case event.Notice:
		t.say("note     %s\n", b.Message)
	case event.ReplyStarted:
		if t.causes == nil {
			t.causes = map[string]string{}
		}
		t.causes[b.Response] = b.Cause
	case event.AgentSaid:
		t.say("agent    %s\n", b.Text)
		if t.causes[b.Response] == "greeting" {
			t.asked = true
			t.leg.ask()
			return
		}
		t.answer = join(t.answer, b.Text)
		t.leg.hangUp()
	case event.UserSpoke:
		t.heard = join(t.heard, b.Text)
		t.say("heard    %s  (confidence %.2f)\n", b.Text, b.Confidence)
	case event.UserFailed:
		t.say("heard    nothing: %s\n", b.Message)
	case event.TurnTimed:
		t.timing = b
	case event.Failed:
		t.failure = fault.New(fault.Kind(b.Kind), b.Code, "%s: %s", b.Stage, b.Message)
		t.say("fault    %s\n", b.Message)
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

func (t *talk) say(format string, args ...any) {
	if !t.o.JSON {
		fmt.Fprintf(t.w, format, args...)
	}
}

// tap keeps what was heard of the answer, not the greeting.
func (t *talk) tap(_ time.Duration, f media.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked || t.plan.Greeting == "" {
		t.reply = append(t.reply, f.PCM...)
	}
}

// finish writes the answer and the figures.
func (t *talk) finish() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.o.Out != "" && len(t.reply) > 0 {
		if err := writeWAV(t.o.Out, t.leg.out, t.reply); err != nil {
			return err
		}
		t.say("written  %s (%.1f s)\n", t.o.Out, t.leg.out.Duration(len(t.reply)).Seconds())
	}
	ms := func(m event.Millis) float64 { return float64(m.Duration().Microseconds()) / 1000 }
	if t.timing.Response != "" {
		x := t.timing
		t.say("timing   from the end of speech: turn ended %.0f ms, words %.0f, first token %.0f, first audio %.0f, sent %.0f\n",
			ms(x.EndOfTurn), ms(x.FinalText), ms(x.FirstToken), ms(x.FirstAudio), ms(x.Sent))
	}
	if t.o.JSON {
		b, err := json.Marshal(map[string]any{"type": "talk.result", "heard": t.heard, "answer": t.answer, "timing": t.timing})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.w, "%s\n", b)
	}
	if err := t.w.Flush(); err != nil {
		return err
	}
	if t.answer == "" {
		if t.failure != nil {
			return t.failure
		}
		return fault.New(fault.Unavailable, "no_answer", "the agent did not answer")
	}
	return nil
}

func writeWAV(path string, f media.Format, pcm []int16) error {
	w, err := os.Create(path)
	if err != nil {
		return fault.Wrap(err, fault.Denied, "cannot_write", "write %s", path)
	}
	return errors.Join(media.WriteWAV(w, f, pcm), w.Close())
}

// talkLeg is a caller made of a file: it is silent until asked, speaks its question in real time, and is silent again.
type talkLeg struct {
	in, out media.Format
	pcm     []int16
	text    string

	asked, gone       chan struct{}
	askOnce, goneOnce sync.Once
	next              time.Time
	at                int
	frame             []int16
}

func (l *talkLeg) load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap(err, fault.NotFound, "cannot_read", "read the question %s", path)
	}
	defer f.Close()
	format, pcm, err := media.ReadWAV(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("read the question %s: %w", path, err)
	}
	if len(pcm) == 0 {
		return fault.New(fault.Invalid, "empty_wav", "the question %s holds no sound", path)
	}
	l.in, l.pcm = media.Mono(format.Rate), mono(pcm, format.Channels)
	return nil
}

// mono keeps the mean of all channels.
func mono(pcm []int16, channels int) []int16 {
	if channels <= 1 {
		return pcm
	}
	out := make([]int16, len(pcm)/channels)
	for i := range out {
		sum := 0
		for c := range channels {
			sum += int(pcm[i*channels+c])
		}
		out[i] = int16(sum / channels)
	}
	return out
}

func (l *talkLeg) length() time.Duration { return l.in.Duration(len(l.pcm)) }
func (l *talkLeg) ask()                  { l.askOnce.Do(func() { close(l.asked) }) }
func (l *talkLeg) hangUp()               { l.goneOnce.Do(func() { close(l.gone) }) }

// Info implements transport.Leg.
func (l *talkLeg) Info() transport.Info {
	return transport.Info{ID: "talk", Kind: "talk", Remote: "terminal", In: l.in, Out: l.out, Ahead: 100 * time.Millisecond}
}

// Recv implements transport.Leg: one frame every 20 ms.
func (l *talkLeg) Recv(ctx context.Context, in *transport.Inbound) error {
	if l.frame == nil {
		l.frame, l.next = make([]int16, l.in.Samples(media.FrameTime)), time.Now()
	}
	l.next = l.next.Add(media.FrameTime)
	timer := time.NewTimer(time.Until(l.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-l.gone:
		return io.EOF
	case <-timer.C:
	}
	clear(l.frame)
	select {
	case <-l.asked:
		if l.text != "" {
			*in = transport.Inbound{Kind: transport.Text, Text: l.text}
			l.text = ""
			return nil
		}
		l.at += copy(l.frame, l.pcm[min(l.at, len(l.pcm)):])
	default:
	}
	*in = transport.Inbound{Kind: transport.Audio, Frame: media.Frame{Format: l.in, PCM: l.frame}}
	return nil
}

// Play implements transport.Leg. What is heard comes by the tap.
func (l *talkLeg) Play(context.Context, event.Gen, media.Frame) error { return nil }

// Clear implements transport.Leg.
func (l *talkLeg) Clear(context.Context, event.Gen) error { return nil }

// Heard implements transport.Leg: our own pacing is the measure.
func (l *talkLeg) Heard() <-chan transport.Heard { return nil }

// Close implements transport.Leg.
func (l *talkLeg) Close(string) error { l.hangUp(); return nil }
