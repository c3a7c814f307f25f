package calls

import (
	"strings"

	"github.com/pion/sdp/v3"

	"griot/internal/fault"
)

// maxSDP is far above what any client sends.
const maxSDP = 256 << 10

// CheckOffer reads an offer so far as to tell its author what is wrong with it: it must be SDP (RFC 8866) with one section of audio that is secured and has
// credentials for ICE.
func CheckOffer(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return bad("sdp", "is missing: give the offer of a peer connection")
	case len(text) > maxSDP:
		return bad("sdp", "has %d bytes; at most %d are possible", len(text), maxSDP)
	}
	var d sdp.SessionDescription
	// Some programs write \n for the line ends, or begin with one, as the text of a literal does.
	if err := d.UnmarshalString(strings.TrimLeft(text, "\r\n\t ")); err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_call", "sdp is no session description").At("sdp")
	}
	has := func(m *sdp.MediaDescription, key string) bool {
		if _, ok := d.Attribute(key); ok {
			return true
		}
		_, ok := m.Attribute(key)
		return ok
	}
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media != "audio" || m.MediaName.Port.Value == 0 {
			continue
		}
		for _, need := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
			if !has(m, need) {
				return bad("sdp", "has no a=%s for its audio: it must be the offer of a WebRTC peer connection", need)
			}
		}
		return nil
	}
	return bad("sdp", "offers no audio: add a microphone or a receiving audio transceiver before the offer is made")
}
