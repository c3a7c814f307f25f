package realtime

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/media"
	wire "griot/internal/realtime"
)

// response is the one being sent.
type response struct {
	gen      event.Gen
	wire     wire.Response
	modality string
	message  wire.Output // its assistant message
	opened   bool
	sent     time.Duration // of its audio
	timed    bool          // its words were timed
	next     int           // output index of the next item
}

// Append implements event.Appender: the session's events become the client's. It is called by one goroutine and returns at once.
func (c *conn) Append(_ context.Context, evs ...event.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range evs {
		c.translate(e)
	}
	return nil
}

func (c *conn) translate(e event.Event) {
	switch b := e.Body.(type) {
	case event.Notice:
		c.extend(wire.GriotNotice{Code: b.Code, Message: b.Message, Params: b.Params})
	case event.SpeechStarted:
		c.send(wire.SpeechStarted{ItemID: b.Item, AudioStartMS: b.At.Duration().Milliseconds()})
	case event.SpeechStopped:
		c.send(wire.SpeechStopped{ItemID: b.Item, AudioEndMS: b.At.Duration().Milliseconds()})
	case event.IdleTriggered:
		c.send(wire.TimeoutTriggered{ItemID: b.Item, AudioStartMS: b.From.Duration().Milliseconds(), AudioEndMS: b.To.Duration().Milliseconds()})
	case event.InputCommitted:
		c.appended.Store(0)
		if c.main != nil {
			c.spans[b.Item] = span{b.From.Duration(), b.To.Duration()}
		}
		c.place(b.Item, b.Previous)
		c.send(wire.BufferCommitted{ItemID: b.Item, PreviousItemID: wire.NullString(b.Previous)})
		c.send(wire.Created(b.Previous, wire.Message(b.Item, wire.RoleUser, wire.Completed, wire.InputAudio("")))...)
	case event.InputDropped:
		delete(c.heard, b.Item)
		switch {
		case b.Reason == "cleared":
			c.send(wire.BufferCleared{})
		case b.Reason == "empty" && c.transcribes():
			c.send(wire.TranscriptionCompleted{ItemID: b.Item, Usage: wire.TranscriptionUsage{Type: "duration"}})
		}
	case event.UserPartial:
		c.partial(b)
		c.extend(wire.GriotTranscriptionPartial{ItemID: b.Item, Text: b.Text})
	case event.UserSpoke:
		if c.transcribes() {
			c.rest(b.Item, b.Text)
			seconds := max(0, (b.To - b.From).Duration().Seconds())
			c.send(wire.TranscriptionCompleted{ItemID: b.Item, Transcript: b.Text, Usage: wire.TranscriptionUsage{Type: "duration", Seconds: seconds}})
		}
	case event.UserFailed:
		delete(c.heard, b.Item)
		if c.transcribes() {
			c.send(wire.TranscriptionFailed{ItemID: b.Item, Error: wire.TranscriptionError{Type: "transcription_error", Code: b.Code, Message: b.Message}})
		}
	case event.ItemAdded:
		c.place(b.Item, b.Previous)
		c.send(wire.Created(b.Previous, itemOf(b))...)
	case event.ItemDeleted:
		delete(c.spans, b.Item)
		c.items = slices.DeleteFunc(c.items, func(id string) bool { return id == b.Item })
		c.send(wire.ItemDeleted{ItemID: b.Item})
	case event.ReplyStarted:
		c.started(e.Gen, b)
	case event.TextDelta:
		c.text(e.Gen, b)
	case event.ToolCalled:
		c.called(e.Gen, b)
	case event.ToolReturned:
		ms, status := b.Took.Duration().Milliseconds(), "returned"
		if b.Failed {
			status = "failed"
		}
		c.extend(wire.GriotTool{CallID: b.CallID, Name: b.Name, Status: status, Output: b.Output, TookMS: &ms})
	case event.ReplyDone:
		c.done(e.Gen, b)
	case event.Heard:
		c.extend(wire.GriotHeard{ResponseID: b.Response, ItemID: b.Item, UptoMS: b.Upto.Duration().Milliseconds(), TextBytes: b.TextBytes})
	case event.AgentSaid:
		_, unsettled := c.byID[b.Response]
		delete(c.byID, b.Response)
		if s, ok := c.spans[b.Item]; ok && b.Cut {
			c.spans[b.Item] = span{s.from, min(s.to, s.from+b.Upto.Duration())}
		}
		c.silent(b)
		if b.Cut && unsettled && c.main != nil && c.session.AutoTruncates() {
			c.send(wire.ItemTruncated{ItemID: b.Item, AudioEndMS: b.Upto.Duration().Milliseconds()})
		}
		c.extend(wire.GriotSaid{ResponseID: b.Response, ItemID: b.Item, Said: b.Said, Heard: b.Text,
			UptoMS: b.Upto.Duration().Milliseconds(), TotalMS: b.Total.Duration().Milliseconds(), Cut: b.Cut})
	case event.TurnTimed:
		c.extend(turnOf(b))
	case event.FlowMoved:
		c.extend(wire.GriotFlow{Node: b.Node, Slots: b.Slots})
	case event.FloorChanged:
		c.extend(wire.GriotFloor{Floor: string(b.Floor)})
	case event.Failed:
		c.extend(wire.GriotNotice{Code: "fault_" + b.Stage, Message: b.Message, Params: map[string]string{"stage": b.Stage, "kind": b.Kind, "code": b.Code}})
	case event.SessionEnded:
		c.farewell(b.Reason)
	}
}

// farewell is the last word before the connection closes.
func (c *conn) farewell(reason string) {
	switch reason {
	case "limit":
		c.send(wire.ErrorFor(fault.New(fault.Invalid, wire.CodeSessionExpired, "The conversation has reached its maximum length."), ""))
	case "failed":
		c.send(wire.ErrorFor(fault.New(fault.Internal, "server_error", "The conversation had to be ended by a fault of the server."), ""))
	}
	c.extend(wire.GriotEnded{Reason: reason})
}

// transcribes reports whether the client wants to be told what was said. The recogniser works in any case: it is how the agent hears.
func (c *conn) transcribes() bool { return c.session.Audio.Input.Transcription != nil }

// place notes where an item stands in the conversation; an unknown previous one means the head. Called with mu held.
func (c *conn) place(item, previous string) {
	c.items = slices.Insert(c.items, slices.Index(c.items, previous)+1, item)
}

// append notes an item at the end and returns the one before it. Called with mu held.
func (c *conn) append(item string) (previous string) {
	if n := len(c.items); n > 0 {
		previous = c.items[n-1]
	}
	c.items = append(c.items, item)
	return previous
}

// extend sends an extension event to the clients that asked for them. Called with mu held.
func (c *conn) extend(ev wire.ServerEvent) {
	c.seq++
	for _, o := range c.outs {
		if o.ext {
			o.send(ev, c.seq)
		}
	}
}

func (c *conn) started(g event.Gen, b event.ReplyStarted) {
	modality := wire.ModalityAudio
	if b.Text {
		modality = wire.ModalityText
	}
	s := c.session
	if w, ok := c.asked[b.Request]; ok {
		s = w.session
		delete(c.asked, b.Request)
	}
	conversation := "conv_" + c.info.ID
	if b.OutOfBand {
		conversation = ""
	}
	r := &response{gen: g, modality: modality, wire: wire.Response{ID: b.Response, Status: wire.InProgress, ConversationID: wire.NullString(conversation),
		OutputModalities: []string{modality}, MaxOutputTokens: s.MaxOutputTokens, Metadata: b.Metadata, Temperature: s.Temperature,
		Audio: wire.ResponseAudio{Output: wire.ResponseAudioOutput{Format: s.Audio.Output.Format, Voice: s.Audio.Output.Voice}}}}
	r.message = wire.Output{Ref: wire.Ref{ResponseID: b.Response, ItemID: b.Item}, OutOfBand: b.OutOfBand}
	if b.OutOfBand && b.Text {
		c.beside[g] = r
	} else {
		c.rep = r
	}
	if !b.Text {
		c.byID[b.Response] = g
	}
	c.send(wire.ResponseCreated{Response: r.wire})
}

// response returns the one of that generation that is being sent, or nil. Called with mu held.
func (c *conn) response(g event.Gen) *response {
	if r := c.rep; r != nil && r.gen == g {
		return r
	}
	return c.beside[g]
}

// openMessage opens the response's assistant message at its first word or sound. Called with mu held.
func (c *conn) openMessage(r *response) {
	if r.opened {
		return
	}
	r.opened = true
	r.message.OutputIndex = r.next
	if !r.message.OutOfBand {
		r.message.Previous = c.append(r.message.ItemID)
	}
	r.next++
	c.send(r.message.OpenMessage(r.modality)...)
}

func (c *conn) text(g event.Gen, b event.TextDelta) {
	r := c.response(g)
	if r == nil {
		return
	}
	c.openMessage(r)
	if r.modality == wire.ModalityText {
		c.send(wire.OutputTextDelta{Ref: r.message.Ref, Delta: b.Text})
	} else {
		c.send(wire.OutputAudioTranscriptDelta{Ref: r.message.Ref, Delta: b.Text})
	}
}

func (c *conn) called(g event.Gen, b event.ToolCalled) {
	r := c.response(g)
	if !b.Client || r == nil {
		c.extend(wire.GriotTool{CallID: b.CallID, Name: b.Name, Arguments: b.Arguments, Status: "called"})
		return
	}
	o := wire.Output{Ref: wire.Ref{ResponseID: r.wire.ID, ItemID: b.Item, OutputIndex: r.next}, OutOfBand: r.message.OutOfBand}
	if !o.OutOfBand {
		o.Previous = c.append(b.Item)
	}
	r.next++
	c.send(o.OpenCall(b.CallID, b.Name)...)
	c.send(o.CallDelta(b.CallID, b.Arguments))
	item, evs := o.CloseCall(wire.Completed, b.CallID, b.Name, b.Arguments)
	c.send(evs...)
	r.wire.Output = append(r.wire.Output, item)
}

func (c *conn) done(g event.Gen, b event.ReplyDone) {
	r := c.response(g)
	if r == nil {
		return
	}
	if r.opened {
		status := wire.Completed
		if b.Status != wire.Completed {
			status = wire.Incomplete
		}
		if r.modality == wire.ModalityAudio {
			if status == wire.Completed && c.main != nil {
				c.delta(media.Frame{}) // what the resampler still holds
			}
			c.lengths[r.message.ItemID] = r.sent
			if r.timed {
				c.send(wire.AudioTimestampDone{ResponseID: r.wire.ID, ItemID: r.message.ItemID})
			}
		}
		item, evs := r.message.CloseMessage(r.modality, status, b.Text)
		c.send(evs...)
		at := min(r.message.OutputIndex, len(r.wire.Output))
		r.wire.Output = append(r.wire.Output[:at], append([]wire.Item{item}, r.wire.Output[at:]...)...)
	}
	r.wire.Status = b.Status
	switch b.Status {
	case wire.Cancelled:
		reason := b.Reason
		if reason != wire.ReasonClientCancelled {
			reason = wire.ReasonTurnDetected
		}
		r.wire.StatusDetails = &wire.StatusDetails{Type: b.Status, Reason: reason}
	case wire.Incomplete:
		r.wire.StatusDetails = &wire.StatusDetails{Type: b.Status, Reason: b.Reason}
	case wire.Failed:
		r.wire.StatusDetails = &wire.StatusDetails{Type: b.Status, Error: &wire.StatusError{Type: "server_error", Code: b.Reason, Message: b.Message}}
	}
	r.wire.Usage = &wire.Usage{TotalTokens: b.Input + b.Output, InputTokens: b.Input, OutputTokens: b.Output,
		InputTokenDetails: wire.InputTokenDetails{TextTokens: b.Input - b.AudioInput, AudioTokens: b.AudioInput, CachedTokens: b.Cached,
			CachedTokensDetails: wire.CachedDetails{TextTokens: b.Cached - b.AudioCached, AudioTokens: b.AudioCached}},
		OutputTokenDetails: wire.OutputTokenDetails{TextTokens: b.Output - b.AudioOutput, AudioTokens: b.AudioOutput}}
	if delete(c.beside, g); r == c.rep {
		c.rep, c.down = nil, nil
	}
	c.send(wire.ResponseDone{Response: r.wire})
}

// itemOf is how an item that entered the history without being spoken looks to the client.
func itemOf(b event.ItemAdded) wire.Item {
	var it wire.Item
	if len(b.Raw) > 0 && json.Unmarshal(b.Raw, &it) == nil {
		it.ID = b.Item
		if it.Status == "" && it.Type != wire.ItemFunctionCallOutput {
			it.Status = wire.Completed
		}
		return it
	}
	switch b.Kind {
	case wire.ItemFunctionCallOutput:
		return wire.FunctionCallOutput(b.Item, b.CallID, b.Text)
	case wire.ItemFunctionCall:
		return wire.FunctionCall(b.Item, wire.Completed, b.CallID, b.Name, b.Text)
	}
	if b.Role == wire.RoleAssistant {
		return wire.Message(b.Item, b.Role, wire.Completed, wire.OutputText(b.Text))
	}
	return wire.Message(b.Item, b.Role, wire.Completed, wire.InputText(b.Text))
}

func turnOf(b event.TurnTimed) wire.GriotTurn {
	ms := func(m event.Millis) int64 { return m.Duration().Milliseconds() }
	return wire.GriotTurn{ResponseID: b.Response, Turn: b.Turn, ItemID: b.Item, EndOfTurnMS: ms(b.EndOfTurn), FinalTextMS: ms(b.FinalText), FirstTokenMS: ms(b.FirstToken),
		ToolsDoneMS: ms(b.ToolsDone), FirstAudioMS: ms(b.FirstAudio), SentMS: ms(b.Sent), HeardMS: ms(b.Heard)}
}
