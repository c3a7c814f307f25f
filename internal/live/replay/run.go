package replay

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/turn"
)

// Options of a replay.
type Options struct {
	// Set holds settings as KEY=VALUE, such as turn.silence=300ms; the keys are those of Keys.
	Set []string
	// Exact has the far end's acknowledgements come when they came then, so that an unchanged program gives the same events. Without it, as with
	// changed settings, what was heard follows from our own pacing.
	Exact bool
}

// Keys are the settings that a replay can change.
var Keys = []string{"turn.detection", "turn.eagerness", "turn.interrupt", "turn.keep_thinking", "turn.merge", "turn.prefix_padding", "turn.prepare", "turn.self_voice", "turn.sensitivity",
	"turn.silence", "turn.threshold"}

// apply changes settings.
func apply(p *session.Plan, sets []string) error {
	t := &p.Settings.Turn
	for _, s := range sets {
		key, value, ok := strings.Cut(s, "=")
		bad := func(what string) error {
			return fault.New(fault.Invalid, "bad_setting", "--set %s: %s", s, what)
		}
		if !ok {
			return bad("give it as KEY=VALUE")
		}
		var err error
		switch key {
		case "turn.silence", "turn.merge", "turn.prefix_padding":
			var d time.Duration
			if d, err = time.ParseDuration(value); err == nil && (d < 0 || d > 10*time.Second) {
				err = errors.New("is not between 0 and 10 s")
			}
			switch key {
			case "turn.silence":
				t.Silence = d
			case "turn.merge":
				t.Merge = d
			default:
				t.PrefixPadding = d
			}
		case "turn.interrupt", "turn.keep_thinking", "turn.self_voice":
			var b bool
			b, err = strconv.ParseBool(value)
			switch key {
			case "turn.interrupt":
				t.InterruptResponse = b
			case "turn.keep_thinking":
				t.KeepThinking = b
			default:
				p.NoSelfVoice = !b
			}
		case "turn.prepare":
			t.Prepare, err = strconv.Atoi(value)
		case "turn.threshold":
			f, ferr := strconv.ParseFloat(value, 32)
			if t.Threshold, err = float32(f), ferr; err == nil && !(f >= 0 && f <= 1) {
				err = errors.New("is not between 0 and 1")
			}
		case "turn.detection":
			if t.Kind = turn.Detection(value); t.Kind != turn.ServerVAD && t.Kind != turn.SemanticVAD {
				err = errors.New("is neither server_vad nor semantic_vad")
			}
		case "turn.eagerness":
			t.Eagerness = turn.Eagerness(value)
		case "turn.sensitivity":
			if t.Sensitivity = turn.Sensitivity(value); value != "low" && value != "medium" && value != "high" {
				err = errors.New("is none of low, medium, high")
			}
		default:
			return bad("no such setting; there are " + strings.Join(Keys, ", "))
		}
		if err != nil {
			return bad(err.Error())
		}
	}
	return nil
}

// Run holds the conversation of a tape again and returns what the session reports; times count from its start (the zero time). It takes a small part of the
// conversation's length. The clock is that of testing/synctest, which needs a test to run in: see docs/decisions.
func (t *Tape) Run(o Options) (evs []event.Event, err error) {
	if err := apply(&session.Plan{}, o.Set); err != nil {
		return nil, err
	}
	berr := bubble(func() { evs, err = t.hold(o) })
	return evs, errors.Join(berr, err)
}

func (t *Tape) hold(o Options) ([]event.Event, error) {
	s := newStage(t, o.Exact)
	p := s.plan()
	if err := apply(&p, o.Set); err != nil {
		return nil, err
	}
	s.start = time.Now()
	l := s.leg()
	sess := session.New(p, l, s)
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	others.Go(func() { s.commands(ctx, sess) })
	switch l := l.(type) {
	case *leg:
		others.Go(func() { l.acknowledge(ctx) })
	case holder:
		others.Go(func() { l.acknowledge(ctx) })
	}
	err := sess.Run(ctx)
	cancel()
	others.Wait()
	return s.log, err
}

var bubbles sync.Mutex // the test that a bubble needs is one at a time

// bubble runs f on virtual time: a clock that stands still while anything can be done, and jumps to the next moment when nothing can. Outside of a test it makes one.
func bubble(f func()) (err error) {
	bubbles.Lock()
	defer bubbles.Unlock()
	done := false
	run := func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { f(); done = true })
	}
	if testing.Testing() {
		return errors.New("a test gives its own: use runIn")
	}
	old, out := flag.CommandLine, os.Stdout
	defer func() { flag.CommandLine, os.Stdout = old, out }()
	flag.CommandLine = flag.NewFlagSet("replay", flag.ContinueOnError)
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		return fmt.Errorf("prepare the clock: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("prepare the clock: %w", err)
	}
	defer null.Close()
	os.Stdout = null // where a test says that it passed
	code := testing.MainStart(noDeps{}, []testing.InternalTest{{Name: "Replay", F: run}}, nil, nil, nil).Run()
	if code != 0 || !done {
		return errors.New("the replay did not come to its end")
	}
	return nil
}

// noDeps is what a test binary gives its tests, and a replay does without.
type noDeps struct{}

// corpusEntry is testing's, which has no name outside of it.
type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

func (noDeps) ImportPath() string                          { return "griot/replay" }
func (noDeps) ModulePath() string                          { return "griot" }
func (noDeps) MatchString(string, string) (bool, error)    { return true, nil }
func (noDeps) SetPanicOnExit0(bool)                        {}
func (noDeps) StartCPUProfile(io.Writer) error             { return nil }
func (noDeps) StopCPUProfile()                             {}
func (noDeps) StartTestLog(io.Writer)                      {}
func (noDeps) StopTestLog() error                          { return nil }
func (noDeps) WriteProfileTo(string, io.Writer, int) error { return nil }
func (noDeps) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return nil
}
func (noDeps) RunFuzzWorker(func(corpusEntry) error) error              { return nil }
func (noDeps) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) { return nil, nil }
func (noDeps) CheckCorpus([]any, []reflect.Type) error                  { return nil }
func (noDeps) ResetCoverage()                                           {}
func (noDeps) SnapshotCoverage()                                        {}
func (noDeps) InitRuntimeCoverage() (string, func(string, string) (string, error), func() float64) {
	return "", func(string, string) (string, error) { return "", nil }, func() float64 { return 0 }
}
