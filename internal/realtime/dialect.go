package realtime

import "griot/internal/fault"

// Dialect is a spelling of the protocol. Inside the program there is only GA: a dialect is a pair of translations at the edge of a connection.
type Dialect uint8

// The dialects. Only GA has a row in the table yet: the others are refused with "unsupported_dialect".
const (
	GA Dialect = iota
	Beta
	VoiceLive
)

// translation is one row of the table. A nil function means that nothing changes.
type translation struct {
	name string
	// strict refuses fields the dialect does not know; the older dialects tolerate them.
	strict bool
	// client rewrites a client's event into GA before it is decoded.
	client func(raw []byte) ([]byte, error)
	// server rewrites an encoded GA event. It appends nothing when the dialect has no such event.
	server func(dst []byte, typ string, ga []byte) ([]byte, error)
}

var dialects = map[Dialect]translation{
	GA: {name: "ga", strict: true},
}

func (d Dialect) row() (translation, error) {
	t, ok := dialects[d]
	if !ok {
		return t, fault.New(fault.Invalid, "unsupported_dialect", "This server speaks the GA form of the Realtime protocol only.")
	}
	return t, nil
}

// Supported reports whether the dialect has a row in the table.
func (d Dialect) Supported() bool { _, ok := dialects[d]; return ok }

// String returns the dialect's name.
func (d Dialect) String() string {
	if t, ok := dialects[d]; ok {
		return t.name
	}
	return "unsupported"
}

// DecodeClient reads an event of a client that speaks this dialect; see the function of the same name.
func (d Dialect) DecodeClient(raw []byte) (ClientEvent, error) {
	t, err := d.row()
	if err != nil {
		return nil, err
	}
	if t.client != nil {
		if raw, err = t.client(raw); err != nil {
			return nil, err
		}
	}
	return decodeClient(raw, t.strict)
}

// AppendEvent appends ev in this dialect; nothing when the dialect has no such event.
func (d Dialect) AppendEvent(dst []byte, ev ServerEvent, seq Seq) ([]byte, error) {
	t, err := d.row()
	if err != nil {
		return dst, err
	}
	if t.server == nil {
		return appendMessage(dst, ev.EventType(), seq.String(), ev)
	}
	ga, err := appendMessage(nil, ev.EventType(), seq.String(), ev)
	if err != nil {
		return dst, err
	}
	return t.server(dst, ev.EventType(), ga)
}
