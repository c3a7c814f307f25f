package sip

import (
	"encoding/binary"
	"strings"
	"time"

	"griot/internal/fault"
)

// Keys are told by events in packets of their own (RFC 4733): event, end and volume, duration.
const keySymbols = "0123456789*#ABCD"

const (
	keyPress  = 100 * time.Millisecond // how long we press a key
	keyGap    = 80 * time.Millisecond  // and wait for the next
	keyRepeat = 3                      // times that the end is sent, as packets get lost
	keyVolume = 10                     // -10 dBm0
	keyQueue  = 64                     // keys that wait, either way
)

// keyIn follows the far end's keys. It is the reader's.
type keyIn struct {
	ssrc, stamp uint32
	event       byte
	known       bool
}

// take reads a packet and returns the key that begins with it. A key is told at its first packet, whichever of them arrives: later ones of the same press have the same timestamp.
func (k *keyIn) take(ssrc, stamp uint32, payload []byte) (key rune, pressed bool) {
	if len(payload) < 4 || int(payload[0]) >= len(keySymbols) {
		return 0, false
	}
	event := payload[0]
	if k.known && k.ssrc == ssrc && k.event == event && k.stamp == stamp {
		return 0, false
	}
	if k.known && k.ssrc == ssrc && int32(stamp-k.stamp) < 0 && int32(k.stamp-stamp) < 10*8000 {
		return 0, false // overtaken: a packet of an earlier press
	}
	k.ssrc, k.stamp, k.event, k.known = ssrc, stamp, event, true
	return rune(keySymbols[event]), true
}

// keyOut presses our keys. It is guarded by the sender's lock.
type keyOut struct {
	queue  []byte // events
	stamp  uint32 // of the press
	held   time.Duration
	ends   int       // packets with the end that were sent
	rest   time.Time // when the next key may begin
	active bool
}

// CheckKeys returns the keys of a text, without the spaces and dashes that people write between them. Anything else is a fault.Invalid.
func CheckKeys(text string) (string, error) {
	var b strings.Builder
	for _, r := range strings.ToUpper(text) {
		switch {
		case strings.ContainsRune(" -.()", r):
		case strings.ContainsRune(keySymbols, r):
			b.WriteRune(r)
		default:
			return "", fault.New(fault.Invalid, "invalid_digits", "%q is no key of a telephone: there are 0 to 9, *, # and A to D.", string(r)).At("digits")
		}
	}
	if b.Len() == 0 || b.Len() > keyQueue {
		return "", fault.New(fault.Invalid, "invalid_digits", "1 to %d keys can be sent at once.", keyQueue).At("digits")
	}
	return b.String(), nil
}

// event writes the payload of a packet.
func (k *keyOut) payload(dst []byte, clock int, end bool) []byte {
	volume := byte(keyVolume)
	if end {
		volume |= 0x80
	}
	units := uint16(min(int64(k.held)*int64(clock)/int64(time.Second), 0xffff))
	dst = append(dst, k.queue[0], volume)
	return binary.BigEndian.AppendUint16(dst, units)
}
