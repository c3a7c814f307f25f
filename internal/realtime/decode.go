package realtime

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"griot/internal/fault"
)

// DecodeClient reads an event of a GA client. Faults are *fault.Error with the protocol's code and the parameter's
// path; EventID(raw) still gives the id to echo. Ranges that depend on the session are checked by Session.Apply and
// Session.ForResponse. It keeps nothing of raw.
func DecodeClient(raw []byte) (ClientEvent, error) { return GA.DecodeClient(raw) }

// clientReader reads an event of one type.
type clientReader func(h Header, o *object) ClientEvent

// clientEvents reads the fields of each type; type and event_id are taken already.
var clientEvents = map[string]clientReader{
	"session.update": func(h Header, o *object) ClientEvent {
		return SessionUpdate{h, required(o, "session", decodeSessionPatch)}
	},
	"input_audio_buffer.append": func(h Header, o *object) ClientEvent {
		return InputAudioAppend{h, Base64(required(o, "audio", decodeString))}
	},
	"input_audio_buffer.commit":  func(h Header, _ *object) ClientEvent { return InputAudioCommit{h} },
	"input_audio_buffer.clear":   func(h Header, _ *object) ClientEvent { return InputAudioClear{h} },
	"output_audio_buffer.clear":  func(h Header, _ *object) ClientEvent { return OutputAudioClear{h} },
	"conversation.item.create":   decodeItemCreate,
	"conversation.item.retrieve": func(h Header, o *object) ClientEvent { return ItemRetrieve{h, required(o, "item_id", decodeName)} },
	"conversation.item.delete":   func(h Header, o *object) ClientEvent { return ItemDelete{h, required(o, "item_id", decodeName)} },
	"conversation.item.truncate": func(h Header, o *object) ClientEvent {
		return ItemTruncate{h, required(o, "item_id", decodeName), required(o, "content_index", decodeIndex), required(o, "audio_end_ms", decodeMS)}
	},
	"response.create": func(h Header, o *object) ClientEvent {
		return ResponseCreate{h, plain(o, "response", decodeResponseParams)}
	},
	"response.cancel": func(h Header, o *object) ClientEvent {
		return ResponseCancel{h, plain(o, "response_id", decodeString)}
	},
	"griot.playback": func(h Header, o *object) ClientEvent {
		return GriotPlayback{h, required(o, "response_id", decodeName), required(o, "item_id", decodeName), required(o, "audio_end_ms", decodeMS), plain(o, "final", decodeBool)}
	},
	"griot.digits": func(h Header, o *object) ClientEvent { return GriotDigits{h, required(o, "digits", decodeDigits)} },
}

// decodeClient reads an event; what own has goes before the events that all dialects share.
func decodeClient(raw []byte, r *reader, own map[string]clientReader) (ClientEvent, []Warning, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, nil, fault.New(fault.Invalid, CodeInvalidEvent, "The message is not a JSON object.")
	}
	o := &object{reader: r, fields: fields}
	h := Header{EventID: plain(o, "event_id", decodeString)}
	if len(h.EventID) > maxEventID {
		r.fail(invalid("event_id", "Invalid value for 'event_id': at most %d characters.", maxEventID))
	}
	typ := required(o, "type", decodeString)
	if r.err != nil {
		return nil, nil, r.err
	}
	read, ok := own[typ]
	if !ok {
		if read, ok = clientEvents[typ]; !ok {
			all := slices.Sorted(maps.Keys(clientEvents))
			for name := range own {
				if !slices.Contains(all, name) {
					all = append(all, name)
				}
			}
			slices.Sort(all)
			return nil, nil, notOneOf("type", typ, all...)
		}
	}
	ev := read(h, o)
	o.done()
	if r.err != nil {
		return nil, nil, r.err
	}
	return ev, r.warnings, nil
}

// DecodeSession reads a session object as client_secrets and calls carry one: what session.update has, but for the type, which may be left out.
func DecodeSession(raw []byte) (SessionPatch, error) { return GA.DecodeSession(raw) }

// DecodeSession reads a session object of a client that speaks this dialect; see the function of the same name.
func (d Dialect) DecodeSession(raw []byte) (SessionPatch, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return SessionPatch{}, invalid("session", "Invalid value for 'session': expected an object.")
	}
	if _, ok := fields["type"]; !ok {
		fields["type"] = json.RawMessage(`"` + SessionRealtime + `"`)
	}
	event, err := json.Marshal(map[string]any{"type": "session.update", "session": fields})
	if err != nil {
		return SessionPatch{}, invalid("session", "Invalid value for 'session': expected an object.")
	}
	ev, err := d.DecodeClient(event)
	if err != nil {
		return SessionPatch{}, err
	}
	update, ok := ev.(SessionUpdate)
	if !ok {
		return SessionPatch{}, invalid("session", "Invalid value for 'session': it is no session.")
	}
	return update.Session, nil
}

const maxEventID = 512

// EventID returns the event_id of a client's message, also of one that DecodeClient refuses; empty when there is none before the message breaks.
func EventID(raw []byte) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ""
	}
	id := ""
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		var s string
		if name == "event_id" && json.Unmarshal(value, &s) == nil && len(s) <= maxEventID {
			id = s
		}
	}
	return id
}

func decodeName(r *reader, path string, raw json.RawMessage) string {
	s := decodeString(r, path, raw)
	if s == "" {
		r.fail(invalid(path, "Invalid value for '%s': must not be empty.", path))
	}
	return s
}

func decodeIndex(r *reader, path string, raw json.RawMessage) int {
	n := decodeCount(r, path, raw)
	if n < 0 {
		r.fail(invalid(path, "Invalid value for '%s': must be 0 or greater.", path))
	}
	return n
}

func decodeMS(r *reader, path string, raw json.RawMessage) int64 {
	n := decodeInt(r, path, raw)
	if n < 0 {
		r.fail(invalid(path, "Invalid value for '%s': must be 0 or greater.", path))
	}
	return n
}

const maxDigits = 64

func decodeDigits(r *reader, path string, raw json.RawMessage) string {
	s := decodeName(r, path, raw)
	for _, c := range s {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'D' || c == '*' || c == '#') {
			r.fail(invalid(path, "Invalid value for '%s': keys are 0 to 9, *, # and A to D.", path))
			return ""
		}
	}
	if len(s) > maxDigits {
		r.fail(invalid(path, "Invalid value for '%s': at most %d keys at once.", path, maxDigits))
	}
	return s
}

func decodeItemCreate(h Header, o *object) ClientEvent {
	ev := ItemCreate{Header: h, PreviousItemID: plain(o, "previous_item_id", decodeString)}
	ev.Item = required(o, "item", decodeItem)
	if ev.Item.Type == ItemReference {
		o.fail(notOneOf("item.type", ItemReference, ItemMessage, ItemFunctionCall, ItemFunctionCallOutput))
	}
	return ev
}

// maxItemID is more than the 32 characters that clients are told to keep to, since some put a UUID with a prefix.
const maxItemID = 64

func decodeItemID(r *reader, path string, raw json.RawMessage) string {
	s := decodeName(r, path, raw)
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			r.fail(invalid(path, "Invalid value for '%s': printable ASCII without spaces.", path))
			return ""
		}
	}
	if len(s) > maxItemID || s == Root {
		r.fail(invalid(path, "Invalid value for '%s': at most %d characters, and not '%s'.", path, maxItemID, Root))
	}
	return s
}

func decodeItem(r *reader, path string, raw json.RawMessage) Item {
	o := r.object(path, raw)
	it := Item{ID: plain(o, "id", decodeItemID), Type: required(o, "type", decodeString), Status: plain(o, "status", decodeString)}
	if it.Status != "" && it.Status != InProgress && it.Status != Completed && it.Status != Incomplete {
		r.fail(notOneOf(o.at("status"), it.Status, InProgress, Completed, Incomplete))
	}
	if object := plain(o, "object", decodeString); object != "" && object != "realtime.item" {
		r.fail(notOneOf(o.at("object"), object, "realtime.item"))
	}
	if r.err != nil {
		return it
	}
	switch it.Type {
	case ItemMessage:
		it.Role = required(o, "role", decodeString)
		it.Phase = plain(o, "phase", decodeString)
		allowed := contentTypes[it.Role]
		if allowed == nil {
			r.fail(notOneOf(o.at("role"), it.Role, RoleSystem, RoleUser, RoleAssistant))
			break
		}
		it.Content = required(o, "content", listOf(contentOf(allowed)))
	case ItemFunctionCall:
		it.Name = required(o, "name", decodeName)
		it.CallID = plain(o, "call_id", decodeString)
		it.Arguments = required(o, "arguments", decodeString)
	case ItemFunctionCallOutput:
		it.CallID = required(o, "call_id", decodeName)
		it.Output = required(o, "output", decodeString)
	case ItemReference:
		if it.ID == "" {
			r.fail(missing(o.at("id")))
		}
	default:
		r.fail(notOneOf(o.at("type"), it.Type, ItemMessage, ItemFunctionCall, ItemFunctionCallOutput))
	}
	o.done()
	return it
}

var contentTypes = map[string][]string{
	RoleSystem:    {ContentInputText},
	RoleUser:      {ContentInputText, ContentInputAudio, ContentInputImage},
	RoleAssistant: {ContentOutputText, ContentOutputAudio},
}

func contentOf(allowed []string) decoder[Content] {
	return func(r *reader, path string, raw json.RawMessage) Content {
		o := r.object(path, raw)
		c := Content{Type: required(o, "type", decodeString)}
		if r.err != nil {
			return c
		}
		if !r.strict {
			c.Type = contentFromOlder(c.Type, allowed)
		}
		if !slices.Contains(allowed, c.Type) {
			r.fail(notOneOf(o.at("type"), c.Type, allowed...))
			return c
		}
		switch c.Type {
		case ContentInputText, ContentOutputText:
			c.Text = required(o, "text", decodeString)
		case ContentInputAudio, ContentOutputAudio:
			c.Audio = plain(o, "audio", decodeString)
			c.Transcript = plain(o, "transcript", decodeString)
		case ContentInputImage:
			c.ImageURL = required(o, "image_url", decodeName)
			c.Detail = plain(o, "detail", decodeString)
			if c.Detail != "" && !slices.Contains([]string{"auto", "low", "high"}, c.Detail) {
				r.fail(notOneOf(o.at("detail"), c.Detail, "auto", "low", "high"))
			}
		}
		o.done()
		return c
	}
}
