package session

import (
	"context"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// do carries out a command. Its error is the caller's answer and changes nothing.
func (s *state) do(c Command, now time.Time, o *out) error {
	if s.closing != "" {
		return fault.New(fault.Conflict, "session_ended", "the conversation is over")
	}
	s.active = now
	if s.plan.OnCommand != nil {
		s.plan.OnCommand(c)
	}
	switch c := c.(type) {
	case Say:
		if a := s.rep; a != nil && a.turn != nil && a.heard == 0 && s.owed == nil {
			s.owed = a.turn // answered behind it
		}
		s.interrupt("client_cancelled", now, o)
		s.say(c.Text, "client", now, o)
	case Interrupt:
		return s.doInterrupt(c, now, o)
	case Silence:
		s.interrupt("client_cancelled", now, o)
		s.forget() // it was meant
	case HangUp:
		s.close(c.Reason, now, o)
	case Digits:
		for _, d := range c.Keys {
			s.digit(d, now, o)
		}
	case TypedText:
		s.typed(c.Text, "typed", now, o)
	case Update:
		s.update(c.Settings, now, o)
	case CommitInput:
		s.doCommit(now, o)
	case ClearInput:
		s.doClear(now, o)
	case CreateItem:
		return s.doCreate(c, o)
	case DeleteItem:
		if !s.hist.remove(c.ID) {
			return fault.New(fault.NotFound, "item_delete_invalid_item_id", "there is no item %q in this conversation", c.ID).At("item_id")
		}
		o.emit(event.ItemDeleted{Item: c.ID})
	case TruncateItem:
		return s.doTruncate(c, now, o)
	case RetrieveItem:
		it := s.hist.find(c.ID)
		if it == nil {
			return fault.New(fault.NotFound, "item_retrieve_invalid_item_id", "there is no item %q in this conversation", c.ID).At("item_id")
		}
		*c.Into = *it
	case Listen:
		return s.doListen(c, now, o)
	case Respond:
		return s.doRespond(c, now, o)
	}
	return nil
}

// doListen changes who listens. A turn under way is still the old one's.
func (s *state) doListen(c Listen, now time.Time, o *out) error {
	if s.plan.Models.STT == nil || c.STT == nil {
		return fault.New(fault.Conflict, "no_recogniser", "nobody listens in this conversation")
	}
	s.plan.Models.STT, s.plan.Models.STTName, s.plan.Lang, s.set.Turn.Lang = c.STT, c.Name, c.Lang, c.Lang
	t := s.turn
	if t != nil && t.manual { // it is open all the time: what was said of it so far was for the other
		o.add(discardEar{utt: t.utt})
		s.turn = nil
	}
	o.add(changeEar{model: c.STT, lang: c.Lang})
	if t != nil && s.turn == nil && s.set.Turn.Manual {
		s.openManual(now, o)
	}
	return nil
}

func (s *state) doInterrupt(c Interrupt, now time.Time, o *out) error {
	if a := s.besideOf(c.Response); a != nil {
		s.endAside(a, "cancelled", "client_cancelled", "", now, o)
		return nil
	}
	if s.rep == nil {
		s.asked = nil // not even begun: now it never will
		return notActive("no response is being made")
	}
	if c.Response != "" && c.Response != s.rep.response {
		return notActive("response %q is not the one being made, which is %q", c.Response, s.rep.response)
	}
	asked, aside := s.asked, s.rep.aside
	s.interrupt("client_cancelled", now, o)
	if aside {
		s.asked = asked // the conversation's own, which waits for it
	}
	s.forget() // it was meant
	return nil
}

// forget drops every answer that is owed.
func (s *state) forget() { s.owed, s.cutOff, s.goOn = nil, nil, false }

func (s *state) doCommit(now time.Time, o *out) {
	t := s.turn
	if t == nil {
		t = s.cand
		s.letGo(o, false)
	}
	if t == nil {
		t = s.newTurn(s.pos, o)
	}
	t.manual, t.lastVoice, t.voicePos = true, now, s.pos
	s.policy.Reset()
	s.policyWake = time.Time{}
	s.commit(t, s.pos, now, o)
	if s.set.Turn.Manual {
		s.openManual(now, o)
	}
}

// letGo lets a held agent go on, because the client has settled what the caller's sound was.
func (s *state) letGo(o *out, discard bool) {
	t := s.cand
	if t == nil {
		return
	}
	s.cand = nil
	if discard {
		o.add(discardEar{utt: t.utt})
	}
	o.add(duckPlay{false})
	o.add(holdPlay{false})
}

func (s *state) doClear(now time.Time, o *out) {
	item := ""
	if t := s.turn; t != nil {
		item = t.item
		s.turn = nil
		o.add(discardEar{utt: t.utt})
	}
	s.letGo(o, true)
	s.policy.Reset()
	s.policyWake = time.Time{}
	o.emit(event.InputDropped{Item: item, Reason: "cleared"})
	if s.set.Turn.Manual {
		s.openManual(now, o)
	}
}

func (s *state) doCreate(c CreateItem, o *out) error {
	it := c.Item
	if it.ID == "" {
		it.ID = s.id("item")
	} else if s.hist.find(it.ID) != nil {
		return fault.New(fault.Conflict, "item_create_duplicate_item_id", "an item with id %q is already in this conversation", it.ID).At("item.id")
	}
	if it.Kind == "function_call_output" {
		known := false
		for _, o := range s.hist.items {
			known = known || o.Kind == "function_call" && !o.Inner && o.CallID == it.CallID
		}
		if !known {
			return fault.New(fault.Invalid, "invalid_value", "no function call with call_id %q is in this conversation", it.CallID).At("item.call_id")
		}
	}
	if err := s.room(it); err != nil {
		return err
	}
	it.Done = true
	var prev string
	switch c.Previous {
	case "":
		prev = s.hist.add(it)
	default:
		if !s.hist.insert(it, c.Previous) {
			return fault.New(fault.NotFound, "item_create_invalid_previous_item_id", "there is no item %q in this conversation", c.Previous).At("previous_item_id")
		}
		if prev = c.Previous; prev == "root" {
			prev = ""
		}
	}
	o.emit(event.ItemAdded{Item: it.ID, Previous: prev, Kind: it.Kind, Role: string(it.Role), Text: it.Text, Source: "client", CallID: it.CallID, Name: it.Name, Raw: it.Raw})
	return nil
}

// maxImages bounds the images of a conversation, in bytes of base64: they are sent to the model with every request.
const maxImages = 32 << 20

// room reports whether the images of an item fit into the conversation.
func (s *state) room(it *Item) error {
	if len(it.Images) == 0 {
		return nil
	}
	n := 0
	for _, other := range append([]*Item{it}, s.hist.items...) {
		for _, im := range other.Images {
			n += len(im.Base64)
		}
	}
	if n > maxImages {
		return fault.New(fault.Conflict, "too_many_images", "The images of this conversation would be longer than %d MiB together: delete items that hold some.", maxImages>>20).At("item.content")
	}
	return nil
}

// doTruncate takes a client's word for what was heard, since on a plain WebSocket only the client knows.
func (s *state) doTruncate(c TruncateItem, now time.Time, o *out) error {
	it := s.hist.find(c.ID)
	if it == nil {
		return fault.New(fault.NotFound, "item_truncate_invalid_item_id", "there is no item %q in this conversation", c.ID).At("item_id")
	}
	if it.Role != llm.Assistant || !it.Audio {
		return fault.New(fault.Invalid, "unsupported_content_type", "Only model output audio messages can be truncated").At("item_id")
	}
	a := s.spoken[c.ID]
	if a == nil {
		return nil
	}
	if a.settled && c.End > a.wrote+time.Millisecond {
		return fault.New(fault.Invalid, "invalid_value", "Audio content of %dms is already shorter than %dms", a.wrote.Milliseconds(), c.End.Milliseconds()).At("audio_end_ms")
	}
	if !a.settled {
		a.cutAt = max(c.End, time.Microsecond)
		if s.rep != nil && s.rep != a {
			a.cutBy = "client_truncated" // it has been sent whole: only what was heard of it changes
			return nil
		}
		s.interrupt("client_cancelled", now, o)
		s.forget()
		return nil
	}
	n := a.heard
	if a.heardAt != nil {
		n = a.heardAt(c.End)
	}
	a.upto, a.heard = min(c.End, a.wrote), min(n, len(a.text))
	it.Text = a.text[:a.heard]
	if a.line && !a.textOnly {
		o.add(lineSaid{a.gen, a.upto, false})
	}
	// It was settled before, and is so again: the client knows better. The agent was not cut by it.
	o.emitGen(a.gen, event.AgentSaid{Response: a.response, Item: a.item, Said: a.text, Text: it.Text, Upto: event.Ms(a.upto), Total: event.Ms(a.total), Cut: len(it.Text) < len(a.text)})
	return nil
}

func (s *state) doRespond(c Respond, now time.Time, o *out) error {
	if c.Overrides.OutOfBand {
		return s.doAside(c.Overrides, now, o)
	}
	if s.rep != nil && (s.rep.cause == "greeting" || s.rep.cause == "idle") {
		// The client did not ask for what is being said, and cannot be expected to wait for it.
		s.interrupt("client_cancelled", now, o)
		s.forget()
	}
	if s.rep != nil && !s.rep.aside {
		return fault.New(fault.Conflict, "conversation_already_has_active_response",
			"Conversation already has an active response in progress: %s. Wait until the response is finished before creating a new one.", s.rep.response)
	}
	if s.asked != nil {
		return fault.New(fault.Conflict, "conversation_already_has_active_response",
			"Conversation already has an active response: it begins as soon as what was said last is recognised. Wait until it is finished before creating a new one.")
	}
	if n := len(s.finals); n > 0 { // the words are still to come
		s.asked = &asked{s.finals[n-1], c.Overrides}
		return nil
	}
	if s.rep != nil { // something outside the conversation is being said
		s.asked = &asked{nil, c.Overrides}
		return nil
	}
	s.respond("client", nil, c.Overrides, now, o)
	return nil
}

func (s *state) update(n Settings, now time.Time, o *out) {
	old := s.set
	s.set = n
	if !n.Turn.CreateResponse {
		s.forget()
	}
	s.tools = append(append([]tool.Tool(nil), s.server...), clientTools(n.Client)...)
	if s.plan.Models.S2S != nil {
		o.add(lineSet{s.lineSettings()})
	}
	if old.Turn == n.Turn {
		return
	}
	switch t := s.turn; {
	case t == nil:
	case n.Turn.Manual: // what was said so far is the client's to commit
		t.manual = true
	default:
		o.add(discardEar{utt: t.utt})
		o.emit(event.InputDropped{Item: t.item, Reason: "settings"})
		s.turn = nil
	}
	s.letGo(o, true)
	s.policy, s.policyWake, s.agent = turn.New(n.Turn), time.Time{}, turn.Agent{}
	o.add(retune{threshold: n.Turn.Threshold})
	if n.Turn.Manual {
		s.openManual(now, o)
	}
}

// clientTool is run by the client of the Realtime protocol.
type clientTool struct{ spec llm.ToolSpec }

func (t clientTool) Spec() llm.ToolSpec { return t.spec }
func (clientTool) Policy() tool.Policy  { return tool.Policy{Client: true} }
func (clientTool) Call(context.Context, llm.ToolCall) (llm.ToolResult, error) {
	return llm.ToolResult{}, fault.New(fault.Internal, "client_tool", "a client's tool cannot be run here")
}
