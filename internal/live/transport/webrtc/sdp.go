package webrtc

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"griot/internal/fault"
	"griot/internal/live/transport/sound"
)

const (
	maxOffer    = 64 << 10 // bytes
	maxSections = 16
)

// offered is what an offer says of sound.
type offered struct {
	kinds   map[uint8]sound.Kind // by payload type
	best    sound.Kind           // the first that we speak
	channel bool                 // it asks for a data channel
}

// Check tells whether an offer can become a call; its fault is that of Hub.Answer.
func Check(offer string) error {
	_, err := inspect(offer, true)
	return err
}

// inspect reads an offer. What cannot be a call is a fault.Invalid that says why: "invalid_sdp", "sdp_without_audio", "no_common_codec".
func inspect(offer string, withOpus bool) (offered, error) {
	o := offered{kinds: map[uint8]sound.Kind{}}
	bad := func(format string, args ...any) (offered, error) {
		return o, fault.New(fault.Invalid, "invalid_sdp", format, args...).At("sdp")
	}
	if strings.TrimSpace(offer) == "" {
		return bad("The SDP offer is empty.")
	}
	if len(offer) > maxOffer {
		return bad("The SDP offer is longer than %d bytes.", maxOffer)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(strings.TrimLeft(offer, "\r\n\t ")); err != nil { // some programs begin with a line end, as the text of a literal does
		return bad("The SDP offer cannot be read: %v.", err)
	}
	if len(d.MediaDescriptions) > maxSections {
		return bad("The SDP offer has more than %d media sections.", maxSections)
	}
	audio := false
	for _, m := range d.MediaDescriptions {
		_, passive := m.Attribute("inactive")
		switch {
		case m.MediaName.Media == "application":
			o.channel = o.channel || m.MediaName.Port.Value != 0 && slices.Contains(m.MediaName.Protos, "SCTP")
		case m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0 && !passive:
			audio = true
			o.read(m, withOpus)
		}
	}
	for _, needed := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if !has(&d, needed) {
			return bad("The SDP offer has no a=%s: it is not one of WebRTC.", needed)
		}
	}
	switch {
	case !audio:
		return o, fault.New(fault.Invalid, "sdp_without_audio", "The SDP offer has no audio: add an audio track or transceiver before making it.").At("sdp")
	case o.best == sound.None:
		return o, fault.New(fault.Invalid, "no_common_codec", "The SDP offer names none of the codecs spoken here: Opus, PCMU and PCMA.").At("sdp")
	}
	return o, nil
}

// read notes the codecs of an audio section.
func (o *offered) read(m *sdp.MediaDescription, withOpus bool) {
	names := map[string]sound.Kind{"0": sound.PCMU, "8": sound.PCMA} // RFC 3551 section 6, also without a=rtpmap
	for _, a := range m.Attributes {
		pt, codec, ok := strings.Cut(a.Value, " ")
		if a.Key != "rtpmap" || !ok {
			continue
		}
		name, clock, _ := strings.Cut(codec, "/")
		clock, _, _ = strings.Cut(clock, "/")
		if k := sound.KindOf(name); k != sound.None && clock == strconv.Itoa(k.Clock()) {
			names[pt] = k
		}
	}
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 7)
		k := names[f]
		if err != nil || k == sound.None || k == sound.Opus && !withOpus {
			continue
		}
		o.kinds[uint8(n)] = k
		if o.best == sound.None {
			o.best = k
		}
	}
}

// has reports whether the session or one of its sections has the attribute.
func has(d *sdp.SessionDescription, key string) bool {
	if _, ok := d.Attribute(key); ok {
		return true
	}
	return slices.ContainsFunc(d.MediaDescriptions, func(m *sdp.MediaDescription) bool { _, ok := m.Attribute(key); return ok })
}
