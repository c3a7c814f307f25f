package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"griot/internal/fault"
	"griot/internal/live/load"
)

// Options say what to measure.
type Options struct {
	Transport string        // "realtime", "webrtc", "sip" or "proxy"; how the last one is answered is the server's affair
	SIP       string        // host:port of the server's telephone line, for "sip"
	Silence   time.Duration // after which the agent takes a turn to be over, for "sip", where no event tells; 0 for 500 ms
	URL       string        // of a server with the setting server.bench
	Key       string        // that it asks for; empty for none
	Agent     string        // whom to call
	Calls     int           // at once
	Time      time.Duration // how long to measure, once all calls are there
	Interrupt float64       // the share of answers that callers interrupt, 0…1
	Stated    time.Duration // what the server's models are known to take for an answer
	PerSecond int           // calls begun in a second; 0 for 50
	Profile   func(io.Reader) error
	Progress  func(format string, args ...any) // nil tells nobody
}

// Transports that can be measured.
var transports = []string{"realtime", "webrtc", "sip", "proxy"}

func (o *Options) check() error {
	if !slices.Contains(transports, o.Transport) {
		return fault.New(fault.Invalid, "bad_transport", "the bench has callers over %s, not over %q", strings.Join(transports, ", "), o.Transport).At("transport")
	}
	if o.Calls < 1 {
		return fault.New(fault.Invalid, "bad_calls", "%d calls cannot be measured", o.Calls).At("calls")
	}
	if o.Time < time.Second {
		return fault.New(fault.Invalid, "bad_time", "%v is too short to measure anything: a second at least", o.Time).At("seconds")
	}
	if o.Interrupt < 0 || o.Interrupt > 1 {
		return fault.New(fault.Invalid, "bad_share", "the share of interrupted answers is %v; it must be from 0 to 1", o.Interrupt).At("interrupt")
	}
	if o.Transport == "sip" && o.SIP == "" {
		return fault.New(fault.Invalid, "bench_sip", "say where the server's telephone line is, with --sip host:port").At("sip")
	}
	if o.Silence <= 0 {
		o.Silence = 500 * time.Millisecond
	}
	if o.PerSecond <= 0 {
		o.PerSecond = 50
	}
	if o.Progress == nil {
		o.Progress = func(string, ...any) {}
	}
	return nil
}

// Run holds the calls and measures them.
func Run(ctx context.Context, o Options) (Report, error) {
	b, err := open(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer b.close()
	if err := b.grow(ctx, o.Calls); err != nil {
		return Report{}, err
	}
	return b.measure(ctx, o.Time)
}

// bench is a running measurement.
type bench struct {
	Options
	say   speech
	tally tally
	clock clock
	idle  Stats
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	callers []*caller
	begun   int // calls ever tried
}

// settle is how long calls go on before they are measured: their greetings are over then.
const settle = 4 * time.Second

func open(ctx context.Context, o Options) (*bench, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &bench{Options: o, say: loadSpeech(), ended: make(chan struct{})}
	b.clock.tally = &b.tally
	var err error
	if b.idle, err = b.idleStats(ctx); err != nil {
		return nil, err
	}
	if !b.say.human {
		o.Progress("no recorded prompts are installed (asterisk-core-sounds-en-wav): the callers make sounds like speech")
	}
	ctx, b.stop = context.WithCancel(ctx)
	go func() { defer close(b.ended); b.clock.run(ctx) }()
	return b, nil
}

// idleStats waits until the server does nothing but wait.
func (b *bench) idleStats(ctx context.Context) (Stats, error) {
	before, err := b.stats(ctx, "?gc")
	for n := 0; err == nil && n < 20; n++ {
		if err = sleep(ctx, 500*time.Millisecond); err != nil {
			break
		}
		var now Stats
		now, err = b.stats(ctx, "?gc&files")
		if err == nil && now.CPU-before.CPU < 50*time.Millisecond {
			return now, nil
		}
		before = now
	}
	return before, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close ends every call.
func (b *bench) close() {
	b.stop()
	<-b.ended
	b.shrink(0)
}

// grow begins calls until there are so many, at most PerSecond of them a second.
func (b *bench) grow(ctx context.Context, calls int) error {
	b.mu.Lock()
	missing := calls - len(b.callers)
	b.mu.Unlock()
	var g errgroup.Group
	g.SetLimit(16)
	pace := time.NewTicker(time.Second / time.Duration(b.PerSecond))
	defer pace.Stop()
	for range missing {
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), g.Wait())
		case <-pace.C:
		}
		g.Go(func() error { b.begin(ctx); return nil })
	}
	_ = g.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.callers) == 0 {
		return fault.New(fault.Unavailable, "no_call", "not one call could be begun: %s", b.tally.worst())
	}
	return nil
}

// begin tries one call.
func (b *bench) begin(ctx context.Context) {
	b.mu.Lock()
	b.begun++
	seed := uint64(b.begun)
	b.mu.Unlock()
	c, err := connect(ctx, &b.Options, &b.say, &b.tally, seed)
	if err != nil {
		b.tally.lost(err)
		return
	}
	b.mu.Lock()
	b.callers = append(b.callers, c)
	b.mu.Unlock()
	b.clock.add(c)
}

// shrink ends the oldest calls until there are so many.
func (b *bench) shrink(calls int) {
	b.mu.Lock()
	n := max(0, len(b.callers)-calls)
	gone := b.callers[:n]
	b.callers = slices.Clone(b.callers[n:])
	b.mu.Unlock()
	var g errgroup.Group
	g.SetLimit(32)
	for _, c := range gone {
		b.clock.remove(c)
		g.Go(func() error { c.hangUp(); return nil })
	}
	_ = g.Wait()
}

func (b *bench) held() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.callers {
		if c.alive() {
			n++
		}
	}
	return n
}

// measure waits until the calls are under way, counts for the given time and reports.
func (b *bench) measure(ctx context.Context, d time.Duration) (Report, error) {
	if err := sleep(ctx, settle); err != nil {
		return Report{}, err
	}
	first, err := b.stats(ctx, "")
	if err != nil {
		return Report{}, err
	}
	clockBefore := b.tally.clock.Lateness()
	b.tally.count(true)
	var samples []Stats
	profiled := b.profile(ctx, d)
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := sleep(ctx, min(time.Second, time.Until(end))); err != nil {
			return Report{}, err
		}
		s, err := b.stats(ctx, "")
		if err != nil {
			return Report{}, err
		}
		samples = append(samples, s)
	}
	b.tally.count(false)
	if err := <-profiled; err != nil {
		return Report{}, err
	}
	return b.report(first, samples, load.Between(clockBefore, b.tally.clock.Lateness())), nil
}

// profile asks for a profile of the server over the time of the measurement.
func (b *bench) profile(ctx context.Context, d time.Duration) <-chan error {
	over := make(chan error, 1)
	if b.Profile == nil {
		over <- nil
		return over
	}
	go func() {
		resp, err := b.get(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", max(1, int(d.Seconds())-1)))
		if err != nil {
			over <- err
			return
		}
		defer resp.Body.Close()
		over <- b.Profile(resp.Body)
	}()
	return over
}

// stats asks the server about itself.
func (b *bench) stats(ctx context.Context, query string) (s Stats, err error) {
	resp, err := b.get(ctx, "/debug/bench"+query)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("read the server's figures: %w", err)
	}
	return s, nil
}

func (b *bench) get(ctx context.Context, path string) (*http.Response, error) {
	u, err := url.Parse(b.URL)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_url", "the server's address").At("url")
	}
	at, err := u.Parse(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_url", "the server's address").At("url")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_url", "the server's address").At("url")
	}
	if b.Key != "" {
		req.Header.Set("Authorization", "Bearer "+b.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the server for its figures: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		_ = resp.Body.Close()
		return nil, fault.New(fault.Unavailable, "no_figures", "the server tells no figures (%s %s): start it with --set server.bench=true", resp.Status, text)
	}
	return resp, nil
}

// cpus is how many the bench itself sees; on one machine they are the server's too.
func cpus() int { return runtime.NumCPU() }
