package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// rtcLink is a link over WebRTC: µ-law in RTP both ways, which costs the callers least of the processor that they share with the server, and events over the data channel.
type rtcLink struct {
	c      *caller
	pc     *webrtc.PeerConnection
	mic    *webrtc.TrackLocalStaticRTP
	packet rtp.Packet
	wg     sync.WaitGroup
}

// webRTC makes connections that find a server on this machine as well as on the network.
var webRTC = sync.OnceValues(func() (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	codec := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: rate}, PayloadType: 0}
	if err := m.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("prepare the callers: %w", err)
	}
	s := webrtc.SettingEngine{}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)), nil
})

// overWebRTC opens a call and waits until its channel for events is open.
func (c *caller) overWebRTC(ctx context.Context) error {
	api, err := webRTC()
	if err != nil {
		return err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return fmt.Errorf("make a connection: %w", err)
	}
	l := &rtcLink{c: c, pc: pc}
	l.packet.Header = rtp.Header{Version: 2, SequenceNumber: 1}
	c.link = l
	ready := make(chan struct{})
	if err := l.offer(ctx, ready); err != nil {
		l.hangUp()
		return err
	}
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	select {
	case <-ready:
	case <-limit.C:
		err = fmt.Errorf("the connection is still %v after 20 seconds", pc.ConnectionState())
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		l.hangUp()
		return err
	}
	c.mu.Lock()
	c.until, c.origin = time.Now().Add(time.Second), time.Now()
	c.mu.Unlock()
	return nil
}

func (l *rtcLink) offer(ctx context.Context, ready chan struct{}) error {
	c := l.c
	mic, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: rate}, "mic", "caller")
	if err != nil {
		return fmt.Errorf("make a microphone: %w", err)
	}
	l.mic = mic
	if _, err := l.pc.AddTrack(mic); err != nil {
		return fmt.Errorf("make a microphone: %w", err)
	}
	l.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { l.wg.Go(func() { l.listen(t) }) })
	l.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.fail(errors.New("the connection has " + s.String()))
		}
	})
	events, err := l.pc.CreateDataChannel("oai-events", nil)
	if err != nil {
		return fmt.Errorf("make a channel for events: %w", err)
	}
	events.OnOpen(func() { close(ready) })
	events.OnMessage(func(m webrtc.DataChannelMessage) {
		now := time.Now()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.take(m.Data, now)
	})
	offer, err := l.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	if err := l.pc.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	answer, err := l.post(ctx, offer.SDP)
	if err != nil {
		return err
	}
	if err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("take the answer: %w", err)
	}
	return nil
}

// post asks the server for a call.
func (l *rtcLink) post(ctx context.Context, offer string) (answer string, err error) {
	o := l.c.opts
	u, err := url.Parse(o.URL)
	if err != nil {
		return "", fmt.Errorf("the server's address: %w", err)
	}
	u.Path, u.RawQuery = "/v1/realtime/calls", url.Values{"model": {"agent:" + o.Agent}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(offer))
	if err != nil {
		return "", fmt.Errorf("ask for a call: %w", err)
	}
	req.Header.Set("Content-Type", "application/sdp")
	if o.Key != "" {
		req.Header.Set("Authorization", "Bearer "+o.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask for a call: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return "", fmt.Errorf("ask for a call: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the server answered %s: %.300s", resp.Status, b)
	}
	return string(b), nil
}

// listen takes the agent's voice until the connection ends.
func (l *rtcLink) listen(t *webrtc.TrackRemote) {
	buf := make([]byte, 1500)
	var p rtp.Packet
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return // the state of the connection tells why
		}
		now := time.Now()
		if p.Unmarshal(buf[:n]) != nil || len(p.Payload) == 0 {
			continue
		}
		l.c.mu.Lock()
		l.c.voice(time.Duration(len(p.Payload))*time.Second/rate, sounds(p.Payload), now)
		l.c.mu.Unlock()
	}
}

// send implements link.
func (l *rtcLink) send(f frame) error {
	l.packet.Payload = f.ulaw
	err := l.mic.WriteRTP(&l.packet)
	l.packet.SequenceNumber++
	l.packet.Timestamp += frameSamples
	return err
}

// hangUp implements link.
func (l *rtcLink) hangUp() {
	_ = l.pc.GracefulClose() // whatever it had ended by
	l.wg.Wait()
}
