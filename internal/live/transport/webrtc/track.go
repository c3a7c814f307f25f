package webrtc

import (
	"github.com/pion/webrtc/v4"

	"griot/internal/live/transport/sound"
)

// track is the agent's voice, as the library wants one.
type track struct{ p *Peer }

// Bind implements webrtc.TrackLocal.
func (t track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, params := range c.CodecParameters() {
		if sound.KindOf(params.MimeType) == t.p.kind {
			t.p.out.bind(c.WriteStream(), c.SSRC(), params.PayloadType)
			t.p.far.bind(uint32(c.SSRC()))
			return params, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind implements webrtc.TrackLocal.
func (t track) Unbind(webrtc.TrackLocalContext) error {
	t.p.out.bind(nil, 0, 0)
	return nil
}

// ID implements webrtc.TrackLocal.
func (track) ID() string { return "voice" }

// RID implements webrtc.TrackLocal.
func (track) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (track) StreamID() string { return "agent" }

// Kind implements webrtc.TrackLocal.
func (track) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }
