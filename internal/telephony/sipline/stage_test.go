package sipline

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/live/transport"
	"griot/internal/live/transport/sip"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/telephony"
)

// The library takes each packet in a goroutine of its own, which nobody can wait for. One that is still under way when its line closes opens a socket to answer by, which stays until the program ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/emiago/sipgo/sip.(*TransportUDP).readUDPConnection"))
}

// side is one end of a test's telephone network.
type side struct {
	t    testing.TB
	line *Line
	host *host

	mu   sync.Mutex
	told []telephony.Call
	news chan struct{}
}

// host answers with conversations that say a voice and listen.
type host struct {
	opened chan *conv

	mu   sync.Mutex // guards what follows
	err  error      // of Open
	mute bool
}

// be changes how the host answers from now on.
func (h *host) be(mute bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mute, h.err = mute, err
}

// conv is one of them.
type conv struct {
	id    string
	call  telephony.Call
	mute  bool
	hang  chan string
	once  sync.Once
	ended chan struct{}

	mu      sync.Mutex
	keys    string
	loud    int
	reason  string
	dropped bool
	cause   error
}

func (h *host) Open(_ context.Context, c telephony.Call, _ telephony.Carrier, _ time.Duration) (telephony.Conversation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return nil, h.err
	}
	v := &conv{id: "conv-" + c.ID, call: c, mute: h.mute, hang: make(chan string, 1), ended: make(chan struct{})}
	h.opened <- v
	return v, nil
}

func (v *conv) ID() string { return v.id }

func (v *conv) HangUp(_ context.Context, reason string) error {
	v.once.Do(func() { v.hang <- reason })
	return nil
}

func (v *conv) Drop(reason string, err error) {
	v.mu.Lock()
	v.reason, v.dropped, v.cause = reason, true, err
	v.mu.Unlock()
	close(v.ended)
}

func (v *conv) Run(ctx context.Context, leg transport.Leg) (reason string) {
	defer func() {
		v.mu.Lock()
		v.reason = reason
		v.mu.Unlock()
		close(v.ended)
	}()
	run, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	if !v.mute {
		wg.Go(func() {
			f := leg.Info().Out
			voice := mediatest.Voice(media.FrameTime, f.Rate)
			tick := time.NewTicker(media.FrameTime)
			defer tick.Stop()
			for pts := time.Duration(0); ; pts += media.FrameTime {
				_ = leg.Play(run, 1, media.Frame{Format: f, PTS: pts, PCM: voice})
				select {
				case <-tick.C:
				case <-run.Done():
					return
				}
			}
		})
	}
	heard := make(chan error, 1)
	wg.Go(func() {
		var in transport.Inbound
		for {
			if err := leg.Recv(run, &in); err != nil {
				heard <- err
				return
			}
			v.mu.Lock()
			if in.Kind == transport.Digit {
				v.keys += string(in.Digit)
			} else if media.Peak(in.Frame.PCM) > 0.03 {
				v.loud++
			}
			v.mu.Unlock()
		}
	})
	select {
	case reason = <-v.hang:
	case err := <-heard:
		reason = "caller_left"
		if !errors.Is(err, io.EOF) {
			reason = "shutdown"
		}
	}
	stop()
	return reason
}

// until waits for something that comes by sound, which has no signal of its own.
func (v *conv) until(t testing.TB, what string, ok func(v *conv) bool) {
	t.Helper()
	require.Eventually(t, func() bool { v.mu.Lock(); defer v.mu.Unlock(); return ok(v) }, 20*time.Second, 10*time.Millisecond, what)
}

// over waits for the end, and returns why.
func (v *conv) over(t testing.TB) string {
	t.Helper()
	select {
	case <-v.ended:
	case <-time.After(40 * time.Second):
		require.Fail(t, "the conversation does not end")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reason
}

var portBase = struct {
	sync.Mutex
	next int
}{next: 22000}

// open opens a line on this machine.
func open(t testing.TB, change func(*Options)) *side {
	t.Helper()
	portBase.Lock()
	first := portBase.next
	portBase.next += 500
	portBase.Unlock()
	ports, err := sip.NewPorts(first, first+499)
	require.NoError(t, err)
	s := &side{t: t, host: &host{opened: make(chan *conv, 2000)}, news: make(chan struct{}, 1)}
	o := Options{UDP: "127.0.0.1:0", Ports: ports, Codecs: []sound.Kind{sound.PCMU, sound.PCMA}, Numbers: []Number{{"*", "test"}}, Tenant: "default", Host: s.host, Version: "test",
		Observe: func(_ context.Context, c telephony.Call) {
			s.mu.Lock()
			s.told = append(s.told, c)
			s.mu.Unlock()
			select {
			case s.news <- struct{}{}:
			default:
			}
		}}
	if change != nil {
		change(&o)
	}
	s.line, err = Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.line.Close()) })
	return s
}

// trunk is a trunk to a side.
func (s *side) trunk(change func(*Trunk)) Trunk {
	tr := Trunk{Name: "far", Address: s.line.Addr("UDP").String(), User: "griot"}
	if change != nil {
		change(&tr)
	}
	return tr
}

// conv returns the next conversation.
func (s *side) conv() *conv {
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
func (s *side) ended(id string) telephony.Call {
	s.t.Helper()
	limit := time.After(60 * time.Second)
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
func (s *side) states(id string) (out []telephony.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.told {
		if c.ID == id && (len(out) == 0 || out[len(out)-1] != c.State) {
			out = append(out, c.State)
		}
	}
	return out
}

func (s *side) place(o telephony.Order) string {
	s.t.Helper()
	id, err := s.line.Place(s.t.Context(), o)
	require.NoError(s.t, err)
	return id
}
