package realtime

import (
	"encoding/base64"
	"slices"

	"griot/internal/fault"
)

// Dialect is a spelling of the protocol. Inside the program there is only GA: a dialect reads a client's spelling into GA's events, and writes GA's events as its
// clients know them, at the edge of a connection. Two clients of one conversation may speak two of them.
type Dialect uint8

// The dialects.
const (
	GA        Dialect = iota // OpenAI's, and Azure OpenAI's, since 2025
	Beta                     // what they spoke before, and what many programs still do
	VoiceLive                // Azure Voice Live: the beta with additions
)

// translation is one row of the table. Nil fields mean that nothing changes.
type translation struct {
	name string
	// strict refuses fields the dialect does not know; the older dialects tolerate them.
	strict bool
	// client reads events that differ from GA's, or that GA has not.
	client map[string]clientReader
	// server gives an event the name and the body that it has in the dialect; an empty name when the dialect has no such event.
	server func(ev ServerEvent) (typ string, body any)
	// session shows a session.
	session func(s Session) any
	// delta is the beginning of an audio delta, which is written without JSON in between.
	delta string
}

const (
	deltaGA   = `{"type":"response.output_audio.delta","event_id":"`
	deltaBeta = `{"type":"response.audio.delta","event_id":"`
)

var dialects map[Dialect]translation

// The rows read each other's functions, which look up the table: it is filled in here.
func init() {
	dialects = map[Dialect]translation{
		GA:        {name: "ga", strict: true, delta: deltaGA},
		Beta:      {name: "beta", client: betaEvents, server: Beta.older, session: betaSession, delta: deltaBeta},
		VoiceLive: {name: "voicelive", client: voiceLiveEvents, server: VoiceLive.older, session: voiceLiveSession, delta: deltaBeta},
	}
}

// Dialects lists them all.
func Dialects() []Dialect { return []Dialect{GA, Beta, VoiceLive} }

func (d Dialect) row() (translation, error) {
	t, ok := dialects[d]
	if !ok {
		return t, fault.New(fault.Invalid, "unsupported_dialect", "This server does not know that form of the Realtime protocol.")
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

// DecodeClient reads an event of a client that speaks this dialect; see the function of the same name. What it tolerates it does not tell: Read does.
func (d Dialect) DecodeClient(raw []byte) (ClientEvent, error) {
	ev, _, err := d.Read(raw)
	return ev, err
}

// Read is DecodeClient, and tells what of the event will not be done: fields that the dialect tolerates without knowing them, and those that it knows and this server
// does not serve. GA has none, for it refuses both.
func (d Dialect) Read(raw []byte) (ClientEvent, []Warning, error) {
	t, err := d.row()
	if err != nil {
		return nil, nil, err
	}
	return decodeClient(raw, &reader{dialect: d, strict: t.strict}, t.client)
}

// AppendEvent appends ev in this dialect; nothing when the dialect has no such event.
func (d Dialect) AppendEvent(dst []byte, ev ServerEvent, seq Seq) ([]byte, error) {
	t, err := d.row()
	if err != nil {
		return dst, err
	}
	typ, body := ev.EventType(), any(ev)
	switch {
	case t.server != nil:
		typ, body = t.server(ev)
	case ofVoiceLive(ev):
		typ = ""
	}
	if typ == "" {
		return dst, nil
	}
	return appendMessage(dst, typ, seq.String(), body)
}

// AppendAudioDelta appends a piece of sound as this dialect's event; the samples must have the format's rate. It allocates only when dst must grow.
func (d Dialect) AppendAudioDelta(dst []byte, f AudioFormat, seq Seq, ref Ref, pcm []int16) []byte {
	head := deltaBeta
	if d == GA {
		head = deltaGA
	}
	dst = slices.Grow(dst, deltaOverhead+len(ref.ResponseID)+len(ref.ItemID)+base64.StdEncoding.EncodedLen(f.sampleBytes()*len(pcm)))
	dst = f.appendBase64(appendDeltaHead(dst, head, seq, ref), pcm)
	return append(dst, `"}`...)
}

// ShowSession returns a session as this dialect's clients know it, to be encoded as JSON.
func (d Dialect) ShowSession(s Session) any {
	if t, ok := dialects[d]; ok && t.session != nil {
		return t.session(s)
	}
	return s
}
