package twilio

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/telephony"
	"griot/internal/telephony/twiliotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a line, and Twilio on the other side.
type stage struct {
	t    testing.TB
	line *Line
	far  *twiliotest.Server
	host *host

	mu       sync.Mutex
	told     []telephony.Call
	texts    []Message
	delivers []Delivery
	news     chan struct{}
}

type host struct {
	opened chan *conv
	mu     sync.Mutex
	err    error
}

// conv is a conversation that speaks when told to, and listens.
type conv struct {
	call  telephony.Call
	hang  chan string
	once  sync.Once
	legs  chan transport.Leg
	ended chan struct{}

	mu      sync.Mutex
	keys    string
	loud    int
	frames  int
	reason  string
	dropped bool
	err     error
	heard   []transport.Heard
	changed chan struct{}
}

func (h *host) Open(_ context.Context, c telephony.Call, _ telephony.Carrier, _ time.Duration) (telephony.Conversation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return nil, h.err
	}
	v := &conv{call: c, hang: make(chan string, 1), legs: make(chan transport.Leg, 1), ended: make(chan struct{}), changed: make(chan struct{})}
	h.opened <- v
	return v, nil
}

func (v *conv) ID() string { return "conv-" + v.call.ID }

func (v *conv) HangUp(_ context.Context, reason string) error {
	v.once.Do(func() { v.hang <- reason })
	return nil
}

func (v *conv) Drop(reason string, err error) {
	v.mu.Lock()
	v.reason, v.dropped, v.err = reason, true, err
	v.mu.Unlock()
	close(v.ended)
}

func (v *conv) note(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *conv) Run(ctx context.Context, leg transport.Leg) (reason string) {
	run, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	v.legs <- leg
	gone := make(chan error, 1)
	wg.Go(func() {
		var in transport.Inbound
		for {
			if err := leg.Recv(run, &in); err != nil {
				gone <- err
				return
			}
			v.note(func() {
				switch {
				case in.Kind == transport.Digit:
					v.keys += string(in.Digit)
				case media.Peak(in.Frame.PCM) > 0.03:
					v.loud++
				}
				v.frames++
			})
		}
	})
	wg.Go(func() {
		for {
			select {
			case h := <-leg.Heard():
				v.note(func() { v.heard = append(v.heard, h) })
			case <-run.Done():
				return
			}
		}
	})
	select {
	case reason = <-v.hang:
	case err := <-gone:
		reason = "shutdown"
		if errors.Is(err, io.EOF) {
			reason = "caller_left"
		}
		v.note(func() { v.err = err })
	}
	stop()
	wg.Wait()
	v.note(func() { v.reason = reason })
	close(v.ended)
	return reason
}

// until waits until ok, under the conversation's lock.
func (v *conv) until(t testing.TB, what string, ok func(v *conv) bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		v.mu.Lock()
		done, changed := ok(v), v.changed
		v.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			require.Fail(t, what)
		}
	}
}

func (v *conv) over(t testing.TB) string {
	t.Helper()
	select {
	case <-v.ended:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the conversation does not end")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reason
}

func (v *conv) leg(t testing.TB) transport.Leg {
	t.Helper()
	select {
	case l := <-v.legs:
		return l
	case <-time.After(20 * time.Second):
		require.Fail(t, "the conversation does not begin")
		return nil
	}
}

// speak says something for so long, as playout does: at the pace of a clock.
func speak(t testing.TB, leg transport.Leg, g event.Gen, d time.Duration) {
	t.Helper()
	f := leg.Info().Out
	voice := mediatest.Voice(media.FrameTime, f.Rate)
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for pts := time.Duration(0); pts < d; pts += media.FrameTime {
		require.NoError(t, leg.Play(t.Context(), g, media.Frame{Format: f, PTS: pts, PCM: voice}))
		<-tick.C
	}
}

func newStage(t testing.TB, change func(*Options)) *stage {
	t.Helper()
	s := &stage{t: t, host: &host{opened: make(chan *conv, 64)}, news: make(chan struct{}, 1)}
	srv := httptest.NewUnstartedServer(nil)
	public := "http://" + srv.Listener.Addr().String()
	s.far = twiliotest.New(t)
	s.far.Voice, s.far.Status, s.far.TextHook = public+Path+"voice", public+Path+"status", public+Path+"text"
	o := Options{Account: s.far.Account, Token: s.far.Token, API: s.far.URL, Public: public, From: "+15550001", Numbers: []Number{{"+15550001", "front"}, {"+15550002", "desk"}}, Tenant: "default", Retry: time.Millisecond,
		MediaWait: 10 * time.Second, Host: s.host, Log: slog.New(slog.DiscardHandler),
		Observe: func(_ context.Context, c telephony.Call) {
			s.mu.Lock()
			s.told = append(s.told, c)
			s.mu.Unlock()
			select {
			case s.news <- struct{}{}:
			default:
			}
		},
		Texted: func(_ context.Context, m Message) { s.mu.Lock(); defer s.mu.Unlock(); s.texts = append(s.texts, m) },
		Delivered: func(_ context.Context, d Delivery) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.delivers = append(s.delivers, d)
		}}
	if change != nil {
		change(&o)
	}
	var err error
	s.line, err = Open(o)
	require.NoError(t, err)
	srv.Config.Handler = s.line
	srv.Start()
	t.Cleanup(func() { require.NoError(t, s.line.Close()); srv.Close() })
	return s
}

func (s *stage) conv() *conv {
	s.t.Helper()
	select {
	case v := <-s.host.opened:
		return v
	case <-time.After(20 * time.Second):
		require.Fail(s.t, "no conversation is opened")
		return nil
	}
}

// ended waits until a call is over, and returns what became of it.
func (s *stage) ended(id string) telephony.Call {
	s.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		for _, c := range s.told {
			if c.ID == id && c.State == telephony.Ended {
				s.mu.Unlock()
				return c
			}
		}
		s.mu.Unlock()
		select {
		case <-s.news:
		case <-limit:
			require.Fail(s.t, "the call does not end")
		}
	}
}

// states lists the states that a call went through.
func (s *stage) states(id string) (out []telephony.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.told {
		if c.ID == id && (len(out) == 0 || out[len(out)-1] != c.State) {
			out = append(out, c.State)
		}
	}
	return out
}
