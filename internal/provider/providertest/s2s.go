package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
)

// S2SOptions tell the suite what to ask and what the model promises.
type S2SOptions struct {
	Options    s2s.Options
	Ask        string              // a question in writing that is answered aloud in a few words; "" asks for a greeting
	Want       string              // must occur in the answer; "" means anything but nothing
	Usage      bool                // answers report usage
	Speech     media.Frame         // an utterance, at the model's rate; zero means a second of a tone
	Transcript string              // must occur in what was heard of it; "" means that nothing may be known of the words
	Tools      []llm.ToolSpec      // with these and AskTool the model calls one, and answers once it has its result
	AskTool    string              //
	Refused    *s2s.Settings       // settings that the model refuses
	Hangs      s2s.Model           // the same model where no answer ever comes, for cancellation
	Drops      s2s.Model           // the same model where the connection breaks in the middle of an answer
	Broken     []Broken[s2s.Model] // models that cannot be opened
	Bound      time.Duration       // 0 means 30 s
}

// S2S checks a speech-to-speech model.
func S2S(t *testing.T, m s2s.Model, o S2SOptions) {
	t.Helper()
	if o.Bound == 0 {
		o.Bound = 30 * time.Second
	}
	if o.Ask == "" {
		o.Ask = "Good morning."
	}
	if len(o.Speech.PCM) == 0 {
		o.Speech = hum(m.Caps().Rate)
	}
	runAll(t, s2sChecks, m, o, o.Bound)
	for _, b := range o.Broken {
		t.Run("broken: "+b.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), o.Bound)
			defer cancel()
			s, err := b.Model.Open(ctx, o.Options)
			if err == nil {
				_ = s.Close()
			}
			if err := failedAs(err, b.Kind, b.Code); err != nil {
				t.Error(err)
			}
		})
	}
}

// hum is a second of sound.
func hum(rate int) media.Frame {
	pcm := make([]int16, rate)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*220*float64(i)/float64(max(rate, 1))))
	}
	return media.Frame{Format: media.Mono(rate), PCM: pcm}
}

var s2sChecks = []check[s2s.Model, S2SOptions]{
	{"says what it is", s2sCaps},
	{"answers what is written", s2sAnswers},
	{"hears what is said", s2sHears},
	{"calls tools", s2sCallsTools},
	{"stops an answer", s2sCancels},
	{"stops an answer that hangs", s2sCancelsHanging},
	{"forgets what was not heard", s2sTruncates},
	{"survives a refused update", s2sRefuses},
	{"takes one answer at a time", s2sOneAtATime},
	{"tells that it was lost", s2sDrops},
	{"ends with Close", s2sCloses},
	{"ends with its context", s2sContext},
	{"is not opened in vain", s2sCancelledBefore},
	{"keeps sessions apart", s2sConcurrent},
}

func s2sCaps(_ context.Context, m s2s.Model, _ S2SOptions) error {
	if c := m.Caps(); c.ID == "" || c.Rate < 8000 {
		return fmt.Errorf("capabilities %+v lack an id or a rate", c)
	}
	return nil
}

// talk is one session under test.
type talk struct {
	s      s2s.Session
	tags   int
	events []s2s.Event
	over   map[string]bool // answers that have ended
}

// talking opens a session for f and closes it.
func talking(ctx context.Context, m s2s.Model, o S2SOptions, f func(t *talk) error) error {
	s, err := valueWithin(ctx, "Open", func() (s2s.Session, error) { return m.Open(ctx, o.Options) })
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	err = f(&talk{s: s})
	return errors.Join(err, within(ctx, "Close", s.Close))
}

// next returns the next event, whatever it is.
func (t *talk) next(ctx context.Context) (s2s.Event, error) {
	ev, err := valueWithin(ctx, "Recv", func() (s2s.Event, error) { return t.s.Recv(ctx) })
	if err != nil {
		return ev, err
	}
	if t.over[ev.Response] {
		return ev, fmt.Errorf("%v of answer %s comes after its end", ev.Kind, ev.Response)
	}
	if ev.Kind == s2s.Done {
		if t.over == nil {
			t.over = map[string]bool{}
		}
		t.over[ev.Response] = true
	}
	t.events = append(t.events, ev)
	return ev, nil
}

// until returns the next event of a kind. A refusal that was not asked for is an error.
func (t *talk) until(ctx context.Context, k s2s.Kind) (s2s.Event, error) {
	for {
		ev, err := t.next(ctx)
		switch {
		case err != nil:
			return ev, fmt.Errorf("while waiting for %v: %w", k, err)
		case ev.Kind == k:
			return ev, nil
		case ev.Kind == s2s.Refused:
			return ev, fmt.Errorf("while waiting for %v, a command is refused: %w", k, ev.Err)
		}
	}
}

func (t *talk) write(ctx context.Context, text string) error {
	return t.s.Send(ctx, s2s.Add{Item: s2s.Item{Role: llm.User, Text: text}})
}

// spoken is all of one answer.
type spoken struct {
	id, item string
	text     string
	sound    time.Duration
	calls    []llm.ToolCall
	done     s2s.Event
}

// ask asks for an answer and waits for its first sign.
func (t *talk) ask(ctx context.Context, r s2s.Respond) (string, error) {
	t.tags++
	r.Tag = fmt.Sprintf("ask%d", t.tags)
	if err := t.s.Send(ctx, r); err != nil {
		return "", err
	}
	ev, err := t.until(ctx, s2s.Started)
	if err == nil && (ev.Response == "" || ev.Tag != r.Tag) {
		err = fmt.Errorf("the answer begins as %+v; want tag %s and an id", ev, r.Tag)
	}
	return ev.Response, err
}

// rest reads the answer to its end.
func (t *talk) rest(ctx context.Context, id string) (a spoken, err error) {
	a.id = id
	for {
		ev, err := t.next(ctx)
		if err != nil {
			return a, fmt.Errorf("in the answer %s: %w", id, err)
		}
		if ev.Response != id {
			if ev.Response != "" {
				return a, fmt.Errorf("%v of answer %s comes within answer %s", ev.Kind, ev.Response, id)
			}
			continue
		}
		switch ev.Kind {
		case s2s.Text:
			a.text, a.item = a.text+ev.Text, ev.Item
		case s2s.Audio:
			if ev.Frame.Channels != 1 || len(ev.Frame.PCM) == 0 {
				return a, fmt.Errorf("a piece of sound is %d samples of %+v", len(ev.Frame.PCM), ev.Frame.Format)
			}
			a.sound, a.item = a.sound+ev.Frame.Duration(), ev.Item
		case s2s.Call:
			if c := ev.Call; c == nil || c.ID == "" || c.Name == "" || !json.Valid([]byte(c.Arguments)) {
				return a, fmt.Errorf("the call %+v has no id, no name, or arguments that are not JSON", ev.Call)
			}
			a.calls = append(a.calls, *ev.Call)
		case s2s.Done:
			a.done = ev
			return a, nil
		}
	}
}

// answer asks for an answer and returns all of it.
func (t *talk) answer(ctx context.Context, r s2s.Respond) (spoken, error) {
	id, err := t.ask(ctx, r)
	if err != nil {
		return spoken{}, err
	}
	return t.rest(ctx, id)
}

// sound checks what holds for an answer that ended well.
func (a spoken) sane(o S2SOptions) error {
	switch u := a.done.Usage; {
	case a.done.Err != nil:
		return fmt.Errorf("the answer fails: %w", a.done.Err)
	case a.done.Cancelled:
		return errors.New("the answer was cancelled by nobody")
	case a.done.Stop == "":
		return errors.New("the answer has no stop reason")
	case (len(a.calls) > 0) != (a.done.Stop == llm.StopTools):
		return fmt.Errorf("%d calls, but the stop reason is %q", len(a.calls), a.done.Stop)
	case o.Usage && (u == nil || u.Input <= 0 || u.Output <= 0 || u.Cached > u.Input || u.AudioInput > u.Input || u.AudioOutput > u.Output):
		return fmt.Errorf("usage %+v makes no sense", u)
	}
	return nil
}

func s2sAnswers(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		a, err := t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		switch err := a.sane(o); {
		case err != nil:
			return err
		case strings.TrimSpace(a.text) == "" || !strings.Contains(a.text, o.Want):
			return fmt.Errorf("the answer is %q; want %q", a.text, o.Want)
		case a.sound < 100*time.Millisecond:
			return fmt.Errorf("the answer has %v of sound", a.sound)
		}
		written := true
		a, err = t.answer(ctx, s2s.Respond{Text: &written})
		if err == nil && a.sound > 0 {
			err = fmt.Errorf("a written answer has %v of sound", a.sound)
		}
		if err == nil && strings.TrimSpace(a.text) == "" {
			err = errors.New("a written answer is empty")
		}
		return err
	})
}

// say sends the utterance in pieces of 20 ms and commits it.
func (t *talk) say(ctx context.Context, f media.Frame) (item string, err error) {
	n := f.Samples(20 * time.Millisecond)
	for pcm := f.PCM; len(pcm) > 0; {
		k := min(n, len(pcm))
		if err := t.s.SendAudio(ctx, media.Frame{Format: f.Format, PCM: pcm[:k]}); err != nil {
			return "", fmt.Errorf("send sound: %w", err)
		}
		pcm = pcm[k:]
	}
	if err := t.s.Send(ctx, s2s.Commit{}); err != nil {
		return "", err
	}
	ev, err := t.until(ctx, s2s.Committed)
	return ev.Item, err
}

func s2sHears(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.s.SendAudio(ctx, hum(m.Caps().Rate)); err != nil {
			return err
		}
		if err := t.s.Send(ctx, s2s.Clear{}); err != nil {
			return err
		}
		seen := len(t.events)
		item, err := t.say(ctx, o.Speech)
		if err != nil {
			return err
		}
		if item == "" {
			return errors.New("the utterance becomes an item without an id")
		}
		for at := seen; ; at++ {
			if at == len(t.events) {
				if _, err := t.next(ctx); err != nil {
					return fmt.Errorf("while waiting for what was heard: %w", err)
				}
			}
			ev := t.events[at]
			if ev.Kind != s2s.Heard && ev.Kind != s2s.Unheard {
				continue
			}
			switch {
			case ev.Item != item:
				return fmt.Errorf("%v is said of item %q; want %q", ev.Kind, ev.Item, item)
			case o.Transcript == "":
				return nil
			case ev.Kind == s2s.Unheard:
				return fmt.Errorf("nothing was heard: %w", ev.Err)
			case !strings.Contains(strings.ToLower(ev.Text), strings.ToLower(o.Transcript)):
				return fmt.Errorf("heard %q; want %q", ev.Text, o.Transcript)
			}
			return nil
		}
	})
}

func s2sCallsTools(ctx context.Context, m s2s.Model, o S2SOptions) error {
	if len(o.Tools) == 0 {
		return errSkip("no tools were given")
	}
	o.Options.Settings.Tools = o.Tools
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.write(ctx, o.AskTool); err != nil {
			return err
		}
		a, err := t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := a.sane(o); err != nil {
			return err
		}
		if len(a.calls) == 0 {
			return fmt.Errorf("no tool is called; the answer is %q", a.text)
		}
		for _, c := range a.calls {
			if err := t.s.Send(ctx, s2s.Add{Item: s2s.Item{Result: &llm.ToolResult{CallID: c.ID, Output: `{"open":"nine"}`}}}); err != nil {
				return err
			}
		}
		a, err = t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := a.sane(o); err != nil {
			return err
		}
		if strings.TrimSpace(a.text) == "" {
			return errors.New("there is no answer after the tool's result")
		}
		return nil
	})
}

func s2sCancels(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		id, err := t.ask(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := t.s.Send(ctx, s2s.Cancel{Response: id}); err != nil {
			return err
		}
		if _, err := t.rest(ctx, id); err != nil { // the answer may have been quicker than the cancellation
			return err
		}
		// A cancellation that comes too late is no fault, and the next answer is whole.
		if err := t.s.Send(ctx, s2s.Cancel{Response: id}); err != nil {
			return err
		}
		a, err := t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		return a.sane(o)
	})
}

func s2sCancelsHanging(ctx context.Context, _ s2s.Model, o S2SOptions) error {
	if o.Hangs == nil {
		return errSkip("no model that hangs was given")
	}
	return talking(ctx, o.Hangs, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		id, err := t.ask(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := t.s.Send(ctx, s2s.Cancel{Response: id}); err != nil {
			return err
		}
		a, err := t.rest(ctx, id)
		if err == nil && !a.done.Cancelled {
			err = fmt.Errorf("a cancelled answer ends as %+v", a.done)
		}
		return err
	})
}

func s2sTruncates(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		a, err := t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := t.s.Send(ctx, s2s.Truncate{ID: a.item, Heard: 50 * time.Millisecond}); err != nil {
			return err
		}
		_, err = t.answer(ctx, s2s.Respond{}) // a refusal before it would be an error
		return err
	})
}

func s2sRefuses(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return talking(ctx, m, o, func(t *talk) error {
		if err := t.s.Send(ctx, s2s.Update{Settings: o.Options.Settings}); err != nil {
			return err
		}
		if _, err := t.until(ctx, s2s.Updated); err != nil {
			return err
		}
		if o.Refused == nil {
			return nil
		}
		if err := t.s.Send(ctx, s2s.Update{Settings: *o.Refused}); err != nil {
			return err
		}
		for {
			ev, err := t.next(ctx)
			if err != nil {
				return fmt.Errorf("while waiting for a refusal: %w", err)
			}
			if ev.Kind == s2s.Updated {
				return errors.New("settings that should be refused were accepted")
			}
			if ev.Kind == s2s.Refused {
				if err := failedAs(ev.Err, fault.KindOf(ev.Err), ""); err != nil {
					return err
				}
				break
			}
		}
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		a, err := t.answer(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		return a.sane(o)
	})
}

func s2sOneAtATime(ctx context.Context, _ s2s.Model, o S2SOptions) error {
	if o.Hangs == nil {
		return errSkip("no model that hangs was given")
	}
	return talking(ctx, o.Hangs, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		id, err := t.ask(ctx, s2s.Respond{})
		if err != nil {
			return err
		}
		if err := t.s.Send(ctx, s2s.Respond{Tag: "second"}); err != nil {
			return err
		}
		for {
			ev, err := t.next(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("while waiting for a refusal: %w", err)
			case ev.Kind == s2s.Started:
				return errors.New("a second answer begins while the first goes on")
			case ev.Kind == s2s.Refused && ev.Tag == "second":
				if err := t.s.Send(ctx, s2s.Cancel{Response: id}); err != nil {
					return err
				}
				_, err := t.rest(ctx, id)
				return err
			}
		}
	})
}

func s2sDrops(ctx context.Context, _ s2s.Model, o S2SOptions) error {
	if o.Drops == nil {
		return errSkip("no model that breaks was given")
	}
	return talking(ctx, o.Drops, o, func(t *talk) error {
		if err := t.write(ctx, o.Ask); err != nil {
			return err
		}
		id, err := t.ask(ctx, s2s.Respond{})
		if err == nil {
			_, err = t.rest(ctx, id)
		}
		return failedAs(err, fault.Unavailable, "")
	})
}

func s2sCloses(ctx context.Context, m s2s.Model, o S2SOptions) error {
	s, err := m.Open(ctx, o.Options)
	if err != nil {
		return err
	}
	over := make(chan error, 1)
	go func() {
		for {
			if _, err := s.Recv(ctx); err != nil {
				over <- err
				return
			}
		}
	}()
	for range 2 {
		if err := within(ctx, "Close", s.Close); err != nil {
			return err
		}
	}
	err, late := valueWithin(ctx, "Recv after Close", func() (error, error) { return <-over, nil })
	switch {
	case late != nil:
		return late
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("after Close, Recv fails with %w; want io.EOF", err)
	}
	if err := s.Send(ctx, s2s.Commit{}); err == nil {
		return errors.New("a closed session takes a command")
	}
	if err := s.SendAudio(ctx, hum(m.Caps().Rate)); err == nil {
		return errors.New("a closed session takes sound")
	}
	return nil
}

func s2sContext(ctx context.Context, m s2s.Model, o S2SOptions) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := m.Open(life, o.Options)
	if err != nil {
		return err
	}
	defer s.Close()
	cancel()
	return within(ctx, "Recv after the end of the session's context", func() error {
		for {
			if _, err := s.Recv(ctx); err != nil {
				return nil
			}
		}
	})
}

func s2sCancelledBefore(ctx context.Context, m s2s.Model, o S2SOptions) error {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	s, err := valueWithin(ctx, "Open", func() (s2s.Session, error) { return m.Open(gone, o.Options) })
	if err == nil {
		_ = s.Close()
		return errors.New("a session opens although its context is over")
	}
	return nil
}

func s2sConcurrent(ctx context.Context, m s2s.Model, o S2SOptions) error {
	return together(4, func(int) error { return s2sAnswers(ctx, m, o) })
}
