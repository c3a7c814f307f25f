package webrtc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
)

// ahead is how far playout may run before what is sent: enough to cover the lateness of a busy machine, and little to lose in an interruption.
const ahead = 60 * time.Millisecond

// Peer is one caller's connection, and the leg of its call. Who was given it must Close it.
type Peer struct {
	id, remote string
	kind       sound.Kind
	opus       bool
	wants      bool // a data channel
	pc         *webrtc.PeerConnection
	in         *sound.Receiver
	out        *outbound
	negotiate  sync.Mutex // one offer at a time

	up       chan struct{} // closed when it is connected
	upOnce   sync.Once
	gone     chan struct{} // closed when it is over, by whoever ends it
	goneOnce sync.Once
	channel  chan *Channel // the client's first
	listens  sync.Once     // to the first track

	stop  context.CancelFunc // of what it runs
	wg    sync.WaitGroup
	close sync.Once
	far   farStats

	mu     sync.Mutex // guards what follows
	err    error      // why it went, if not by a good-bye
	closed bool       // nothing is spawned any more
}

// Offer is a caller's wish.
type Offer struct {
	SDP    string
	ID     string // of the leg
	Remote string // who asks, as far as is known
}

// Answer makes a peer for an offer, and its complete answer. ctx bounds making the answer, not the call. Offers that cannot become a call are a fault.Invalid with the parameter "sdp".
func (h *Hub) Answer(ctx context.Context, o Offer) (_ *Peer, answer string, err error) {
	offer, err := inspect(o.SDP, h.opus)
	if err != nil {
		return nil, "", err
	}
	cert, err := h.certificate(time.Now())
	if err != nil {
		return nil, "", err
	}
	pc, err := h.api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{cert}})
	if err != nil {
		return nil, "", fmt.Errorf("make a peer connection: %w", err)
	}
	run, stop := context.WithCancel(context.Background())
	p := &Peer{id: o.ID, remote: o.Remote, kind: offer.best, opus: h.opus, wants: offer.channel, pc: pc, in: sound.NewReceiver(offer.kinds), stop: stop,
		up: make(chan struct{}), gone: make(chan struct{}), channel: make(chan *Channel, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close("refused"))
		}
	}()
	if p.out, err = newOutbound(offer.best); err != nil {
		return nil, "", err
	}
	p.observe()
	sender, err := pc.AddTrack(track{p})
	if err != nil {
		return nil, "", fmt.Errorf("add the agent's voice: %w", err)
	}
	if answer, err = p.agree(ctx, o.SDP); err != nil {
		return nil, "", err
	}
	p.spawn(func() { p.out.run(run) })
	p.spawn(func() { p.reports(sender) })
	return p, answer, nil
}

// agree takes an offer and returns the complete answer.
func (p *Peer) agree(ctx context.Context, offer string) (answer string, err error) {
	p.negotiate.Lock()
	defer p.negotiate.Unlock()
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: strings.TrimLeft(offer, "\r\n\t ")}); err != nil {
		return "", fault.Wrap(err, fault.Invalid, "invalid_sdp", "The SDP offer cannot be taken: %v.", err).At("sdp")
	}
	a, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "invalid_sdp", "The SDP offer cannot be answered: %v.", err).At("sdp")
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(a); err != nil {
		return "", fault.Wrap(err, fault.Invalid, "invalid_sdp", "The SDP offer cannot be answered: %v.", err).At("sdp")
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fault.Wrap(ctx.Err(), fault.Unavailable, "no_candidates", "this machine's addresses could not be gathered in time")
	}
	return p.pc.LocalDescription().SDP, nil
}

// Restart takes a new offer of the same caller, whose network has changed, and returns the complete answer. The call goes on.
func (p *Peer) Restart(ctx context.Context, offer string) (answer string, err error) {
	if _, err := inspect(offer, p.opus); err != nil {
		return "", err
	}
	select {
	case <-p.gone:
		return "", errClosed
	default:
	}
	return p.agree(ctx, offer)
}

// observe hears what becomes of the connection. Its functions are called by the library, and return at once.
func (p *Peer) observe() {
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			p.upOnce.Do(func() { close(p.up) })
		case webrtc.PeerConnectionStateFailed:
			p.end(fault.New(fault.Unavailable, "connection_lost", "the caller's network has been silent for too long"))
		case webrtc.PeerConnectionStateClosed:
			p.end(nil)
		}
	})
	p.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		if t.Kind() != webrtc.RTPCodecTypeAudio {
			return
		}
		p.listens.Do(func() {
			p.spawn(func() { p.listen(t) })
			p.spawn(func() { drain(r) })
		})
	})
	p.pc.OnDataChannel(func(d *webrtc.DataChannel) {
		d.OnOpen(func() {
			c, err := newChannel(d, p.gone)
			if err != nil {
				return
			}
			select {
			case p.channel <- c:
			default: // one is enough
				_ = c.rw.Close()
			}
		})
	})
}

// spawn runs f, which ends when the connection does, unless that has begun.
func (p *Peer) spawn(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Go(f)
	}
}

// end says that the connection is over.
func (p *Peer) end(err error) {
	p.goneOnce.Do(func() {
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.gone)
	})
}

// listen takes the caller's packets until the track ends.
func (p *Peer) listen(t *webrtc.TrackRemote) {
	b := make([]byte, 1600)
	var h rtp.Header
	for {
		n, _, err := t.Read(b)
		if err != nil {
			if errors.Is(err, webrtc.ErrCodecNotFound) {
				continue // a packet of a kind that was not agreed on
			}
			return
		}
		at, err := h.Unmarshal(b[:n])
		if err != nil {
			continue
		}
		end := n
		if h.Padding && n > at {
			end = n - int(b[n-1])
		}
		if end > at {
			p.in.Push(&h, b[at:end], time.Now())
		}
	}
}

// drain reads the reports that come with the caller's sound, which the library answers by itself.
func drain(r *webrtc.RTPReceiver) {
	b := make([]byte, 1600)
	for {
		if _, _, err := r.Read(b); err != nil {
			return
		}
	}
}

// Ready waits until sound can flow. It returns the client's channel for events, or nil when the offer has none or the client has not opened it within channelWait.
// The fault is fault.Unavailable "never_connected" when ctx ends first.
func (p *Peer) Ready(ctx context.Context) (*Channel, error) {
	select {
	case <-p.up:
	case <-p.gone:
		return nil, p.why()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "never_connected", "the caller did not connect in time: no candidate of the answer could be reached, or the page was closed")
	}
	if !p.wants {
		return nil, nil
	}
	wait := time.NewTimer(channelWait)
	defer wait.Stop()
	select {
	case c := <-p.channel:
		return c, nil
	case <-wait.C:
	case <-p.gone:
		return nil, p.why()
	case <-ctx.Done():
	}
	return nil, nil
}

// channelWait is how long a connected client may take to open its channel before the conversation begins without.
const channelWait = 3 * time.Second

// Channels delivers a channel that was opened later than Ready waited.
func (p *Peer) Channels() <-chan *Channel { return p.channel }

// Gone is closed when the connection is over.
func (p *Peer) Gone() <-chan struct{} { return p.gone }

func (p *Peer) why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	return errClosed
}

// Info implements transport.Leg.
func (p *Peer) Info() transport.Info {
	f := p.kind.Format()
	return transport.Info{ID: p.id, Kind: "webrtc", Remote: p.remote, In: f, Out: f, Ahead: ahead, Clears: true}
}

// Recv implements transport.Leg: 20 ms of the caller's sound, by the clock. A network that broke off is told with io.EOF and its cause.
func (p *Peer) Recv(ctx context.Context, in *transport.Inbound) error {
	err := p.in.Recv(ctx, p.gone, in)
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(err, p.err)
}

// Play implements transport.Leg.
func (p *Peer) Play(ctx context.Context, g event.Gen, f media.Frame) error {
	return p.out.play(ctx, g, f)
}

// Clear implements transport.Leg. What has been sent is on its way and will be heard; nothing more follows.
func (p *Peer) Clear(_ context.Context, before event.Gen) error {
	p.out.clear(before)
	return nil
}

// Heard implements transport.Leg: what was sent, as much later as the far end's reports make likely.
func (p *Peer) Heard() <-chan transport.Heard { return p.out.acks }

// Close implements transport.Leg. It returns when everything that the peer ran has ended.
func (p *Peer) Close(string) error {
	p.close.Do(func() {
		p.end(nil)
		p.stop()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = p.pc.GracefulClose() // its parts complain of each other's end
	})
	p.wg.Wait()
	return nil
}
