// Package webrtctest is a caller for tests: a peer connection with a microphone, an ear, and a channel for events, as a page in a browser has them.
package webrtctest

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/media/opus"
)

// Options of a Client.
type Options struct {
	Codec      string // "opus" (also when empty), "pcmu" or "pcma": the only one that it offers
	NoChannel  bool
	NoMic      bool // it only listens
	TCP        bool // it has no UDP
	Relay      bool // it goes by a relay only
	ICEServers []webrtc.ICEServer
	Complete   bool                              // the offer holds candidates, as a program's does and a browser's does not
	Drop       func(seq uint16) bool             // packets of its microphone that the network loses
	Setting    func(*webrtc.SettingEngine)       // of the library
	OnPacket   func(h *rtp.Header, at time.Time) // of the agent's voice
}

// Event is one that the server sent.
type Event struct {
	Type string
	Raw  json.RawMessage
	At   time.Time
}

// Get returns the value at a path of names, or nil.
func (e Event) Get(path ...string) any {
	var v any
	if json.Unmarshal(e.Raw, &v) != nil {
		return nil
	}
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// Str is Get of a string.
func (e Event) Str(path ...string) string { s, _ := e.Get(path...).(string); return s }

// Frame is what was heard in 20 ms.
type Frame struct {
	At  time.Time
	PCM []int16 // at Rate
}

// Client is a caller.
type Client struct {
	PC   *webrtc.PeerConnection
	Rate int // of the microphone and of what is heard

	t       testing.TB
	o       Options
	channel *webrtc.DataChannel
	mic     *webrtc.TrackLocalStaticRTP
	enc     *opus.Encoder
	stop    context.CancelFunc
	wg      sync.WaitGroup
	Open    chan struct{} // closed when the channel is
	Closed  chan struct{} // closed when the server has closed the connection
	closing sync.Once

	mu     sync.Mutex // guards what follows
	events []Event
	taken  map[string]int
	frames []Frame
	queue  []int16 // to be said
	moved  chan struct{}
}

// New makes a caller that speaks silence until it is told to speak. It hangs up at the end of the test.
func New(t testing.TB, o Options) *Client {
	t.Helper()
	if o.Codec == "" {
		o.Codec = "opus"
	}
	c := &Client{t: t, o: o, Rate: 8000, Open: make(chan struct{}), Closed: make(chan struct{}), taken: map[string]int{}, moved: make(chan struct{})}
	codec := webrtc.RTPCodecCapability{MimeType: "audio/" + o.Codec, ClockRate: 8000}
	pt := webrtc.PayloadType(map[string]int{"opus": 96, "pcmu": 0, "pcma": 8}[o.Codec])
	if o.Codec == "opus" {
		codec.ClockRate, codec.Channels, c.Rate = 48000, 2, 24000
		var err error
		c.enc, err = opus.NewEncoder(c.Rate, opus.EncoderOptions{FEC: true, Loss: 10})
		require.NoError(t, err)
	}
	m := &webrtc.MediaEngine{}
	require.NoError(t, m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: pt}, webrtc.RTPCodecTypeAudio))
	s := webrtc.SettingEngine{}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	if o.TCP {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	} else {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}
	if o.Setting != nil {
		o.Setting(&s)
	}
	config := webrtc.Configuration{ICEServers: o.ICEServers}
	if o.Relay {
		config.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	var err error
	c.PC, err = webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)).NewPeerConnection(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	t.Cleanup(c.HangUp)
	c.PC.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { c.wg.Go(func() { c.listen(track) }) })
	c.PC.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateClosed || s == webrtc.PeerConnectionStateFailed {
			c.closing.Do(func() { close(c.Closed) })
		}
	})
	if o.NoMic {
		_, err = c.PC.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		require.NoError(t, err)
	} else {
		c.mic, err = webrtc.NewTrackLocalStaticRTP(codec, "mic", "caller")
		require.NoError(t, err)
		_, err = c.PC.AddTrack(c.mic)
		require.NoError(t, err)
		c.wg.Go(func() { c.speak(ctx) })
	}
	if !o.NoChannel {
		c.channel, err = c.PC.CreateDataChannel("oai-events", nil)
		require.NoError(t, err)
		c.channel.OnOpen(func() { close(c.Open) })
		c.channel.OnMessage(c.receive)
	}
	return c
}

// Offer returns the caller's wish.
func (c *Client) Offer() string { return c.offer(nil) }

// RestartOffer returns an offer for a network that has changed.
func (c *Client) RestartOffer() string { return c.offer(&webrtc.OfferOptions{ICERestart: true}) }

func (c *Client) offer(o *webrtc.OfferOptions) string {
	c.t.Helper()
	offer, err := c.PC.CreateOffer(o)
	require.NoError(c.t, err)
	gathered := webrtc.GatheringCompletePromise(c.PC)
	require.NoError(c.t, c.PC.SetLocalDescription(offer))
	if !c.o.Complete {
		return offer.SDP
	}
	<-gathered
	return c.PC.LocalDescription().SDP
}

// Accept takes the server's answer.
func (c *Client) Accept(answer string) {
	c.t.Helper()
	require.NoError(c.t, c.PC.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}), "%s", answer)
}

// Send sends an event.
func (c *Client) Send(event string) {
	c.t.Helper()
	require.NoError(c.t, c.channel.SendText(event))
}

func (c *Client) receive(m webrtc.DataChannelMessage) {
	e := Event{Raw: m.Data, At: time.Now()}
	e.Type = e.Str("type")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	c.signal()
}

// signal wakes who waits. Called with mu held.
func (c *Client) signal() {
	close(c.moved)
	c.moved = make(chan struct{})
}

// until waits until ready says so, which is called with mu held, for at most half a minute.
func (c *Client) until(what string, ready func() bool) {
	c.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		c.mu.Lock()
		ok, moved := ready(), c.moved
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-moved:
		case <-limit.C:
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, e := range c.events {
				c.t.Logf("%s", e.Raw)
			}
			c.t.Fatalf("waited for %s in vain; the connection is %v", what, c.PC.ConnectionState())
		}
	}
}

// Wait returns the next event of that type that was not waited for before.
func (c *Client) Wait(typ string) (found Event) {
	c.t.Helper()
	c.until(typ, func() bool {
		n := c.taken[typ]
		for _, e := range c.events {
			if e.Type != typ {
				continue
			}
			if n == 0 {
				found = e
				c.taken[typ]++
				return true
			}
			n--
		}
		return false
	})
	return found
}

// Events returns those that came so far, of these types if any are given.
func (c *Client) Events(types ...string) (out []Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		match := len(types) == 0
		for _, typ := range types {
			match = match || e.Type == typ
		}
		if match {
			out = append(out, e)
		}
	}
	return out
}

// Say speaks, at the client's rate, as soon as what it is saying has been said.
func (c *Client) Say(pcm []int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, pcm...)
}

// speak sends the microphone's sound.
func (c *Client) speak(ctx context.Context) {
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	frame, packet := make([]int16, c.Rate/50), make([]byte, opus.MaxPacket)
	h := rtp.Header{Version: 2, SequenceNumber: 65500, Timestamp: 4e9}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		n := copy(frame, c.queue)
		c.queue = c.queue[n:]
		c.mu.Unlock()
		clear(frame[n:])
		h.SequenceNumber++
		payload := packet[:0]
		switch c.o.Codec {
		case "opus":
			h.Timestamp += 960
			size, err := c.enc.Encode(frame, packet)
			if err != nil {
				return
			}
			payload = packet[:size]
		case "pcmu":
			h.Timestamp += 160
			payload = media.EncodeULaw(payload, frame)
		case "pcma":
			h.Timestamp += 160
			payload = media.EncodeALaw(payload, frame)
		}
		if c.o.Drop != nil && c.o.Drop(h.SequenceNumber) {
			continue
		}
		_ = c.mic.WriteRTP(&rtp.Packet{Header: h, Payload: payload}) // not connected yet, or no more
	}
}

// listen keeps what is heard.
func (c *Client) listen(track *webrtc.TrackRemote) {
	var dec *opus.Decoder
	if c.o.Codec == "opus" {
		var err error
		if dec, err = opus.NewDecoder(c.Rate); err != nil {
			return
		}
	}
	buf := make([]int16, c.Rate*120/1000)
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		now := time.Now()
		if c.o.OnPacket != nil {
			c.o.OnPacket(&p.Header, now)
		}
		var pcm []int16
		switch c.o.Codec {
		case "opus":
			n, err := dec.Decode(p.Payload, buf)
			if err != nil {
				continue
			}
			pcm = append(pcm, buf[:n]...)
		case "pcmu":
			pcm = media.DecodeULaw(nil, p.Payload)
		case "pcma":
			pcm = media.DecodeALaw(nil, p.Payload)
		}
		c.mu.Lock()
		c.frames = append(c.frames, Frame{At: now, PCM: pcm})
		c.signal()
		c.mu.Unlock()
	}
}

// Heard returns what came since a time.
func (c *Client) Heard(since time.Time) (out []Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if f.At.After(since) {
			out = append(out, f)
		}
	}
	return out
}

// Audible is the level, RMS, from which a frame is heard.
const Audible = 200

// Level is the frame's RMS.
func (f Frame) Level() float64 {
	sum := 0.0
	for _, s := range f.PCM {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(len(f.PCM), 1)))
}

// Loud counts the audible frames that came between two times.
func (c *Client) Loud(from, to time.Time) (n int) {
	for _, f := range c.Heard(from) {
		if f.At.Before(to) && f.Level() >= Audible {
			n++
		}
	}
	return n
}

// WaitSound waits until a frame since that time is audible, and returns when the first of them came.
func (c *Client) WaitSound(since time.Time) (at time.Time) {
	c.t.Helper()
	c.until("sound", func() bool {
		for _, f := range c.frames {
			if f.At.After(since) && f.Level() >= Audible {
				at = f.At
				return true
			}
		}
		return false
	})
	return at
}

// HangUp leaves. It returns when everything that the client ran has ended.
func (c *Client) HangUp() {
	c.stop()
	_ = c.PC.GracefulClose() // a second time is nothing
	c.wg.Wait()
}
