package realtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Seq numbers a server's events within a connection; it makes their event_id.
type Seq uint64

// String returns the id as it is sent: "event_" and the number.
func (n Seq) String() string { return string(n.Append(nil)) }

// Append appends the id as it is sent.
func (n Seq) Append(dst []byte) []byte {
	return strconv.AppendUint(append(dst, "event_"...), uint64(n), 10)
}

// AppendEvent appends ev as one complete JSON message in the GA dialect. It fails only on values that JSON cannot
// express (NaN, malformed raw JSON); dst is then returned unchanged.
func AppendEvent(dst []byte, ev ServerEvent, seq Seq) ([]byte, error) {
	return GA.AppendEvent(dst, ev, seq)
}

// Encode returns ev as one complete JSON message with an event_id of the caller's choice.
func Encode(ev ServerEvent, eventID string) ([]byte, error) {
	return appendMessage(nil, ev.EventType(), eventID, ev)
}

// EncodeClient returns ev as a client sends it.
func EncodeClient(ev ClientEvent) ([]byte, error) {
	return appendMessage(nil, ev.EventType(), "", ev)
}

// appendMessage writes type and event_id before the fields of the body.
func appendMessage(dst []byte, typ, eventID string, body any) ([]byte, error) {
	if u, ok := body.(Unknown); ok {
		return append(dst, u.Raw...), nil
	}
	b, err := marshal(body)
	if err != nil {
		return dst, fmt.Errorf("encode %s: %w", typ, err)
	}
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, typ)
	if _, dtmf := body.(DTMFReceived); eventID != "" && !dtmf {
		dst = append(dst, `,"event_id":`...)
		dst = appendString(dst, eventID)
	}
	if fields := bytes.TrimPrefix(b, []byte{'{'}); len(fields) > 1 {
		dst = append(dst, ',')
		return append(dst, fields...), nil
	}
	return append(dst, '}'), nil
}

// appendString appends s as a JSON string, without allocating when it needs no escape.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b, err := marshal(s)
			if err != nil {
				b = []byte(`""`) // unreachable: any string can be written
			}
			return append(dst, b...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// DecodeServer reads an event of a server. Unknown fields are ignored; an unknown type gives an Unknown.
func DecodeServer(raw []byte) (ServerEvent, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("decode server event: %w", err)
	}
	read, ok := serverEvents[head.Type]
	if !ok {
		return Unknown{Type: head.Type, Raw: bytes.Clone(raw)}, nil
	}
	ev, err := read(raw)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", head.Type, err)
	}
	return ev, nil
}

// Unknown is a server event that this package has no type for. Encoded, it is what it was, with its own event_id.
type Unknown struct {
	Type string
	Raw  []byte
}

// EventType returns the type as it was sent.
func (u Unknown) EventType() string { return u.Type }

func (Unknown) serverEvent() {}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
