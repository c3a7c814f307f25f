package realtime

// The documented order of events, in pieces: a server sends what these return, in this order, and may put deltas and events of other items between the pieces.

// Created returns what announces a finished item that a client created or that the user spoke.
func Created(previous string, item Item) []ServerEvent {
	return []ServerEvent{ItemAdded{NullString(previous), item}, ItemDone{NullString(previous), item}}
}

// Output is one item of a response on its way out: Open, deltas, then Close. OutOfBand leaves out the events of the conversation.
type Output struct {
	Ref
	Previous  string // the item before it in the conversation; empty at the head
	OutOfBand bool
}

// OpenMessage opens an assistant message with one part: spoken, or written when modality is ModalityText.
func (o Output) OpenMessage(modality string) []ServerEvent {
	part := Content{Type: PartAudio}
	if modality == ModalityText {
		part.Type = PartText
	}
	return append(o.open(Message(o.ItemID, RoleAssistant, InProgress)), ContentPartAdded{o.Ref, part})
}

// CloseMessage closes it with all that was said or written. The status is Completed, or Incomplete after a cancellation.
func (o Output) CloseMessage(modality, status, text string) (Item, []ServerEvent) {
	item, part := Message(o.ItemID, RoleAssistant, status, OutputAudio(text)), Content{Type: PartAudio, Transcript: text}
	evs := []ServerEvent{OutputAudioDone{o.Ref}, OutputAudioTranscriptDone{o.Ref, text}}
	if modality == ModalityText {
		item.Content[0], part = OutputText(text), Content{Type: PartText, Text: text}
		evs = []ServerEvent{OutputTextDone{o.Ref, text}}
	}
	return item, o.done(append(evs, ContentPartDone{o.Ref, part}), item)
}

// OpenCall opens a function call.
func (o Output) OpenCall(callID, name string) []ServerEvent {
	return o.open(FunctionCall(o.ItemID, InProgress, callID, name, ""))
}

// CallDelta returns a further piece of its arguments.
func (o Output) CallDelta(callID, delta string) ServerEvent {
	return FunctionCallArgumentsDelta{o.call(), callID, delta}
}

// CloseCall closes it.
func (o Output) CloseCall(status, callID, name, arguments string) (Item, []ServerEvent) {
	item := FunctionCall(o.ItemID, status, callID, name, arguments)
	return item, o.done([]ServerEvent{FunctionCallArgumentsDone{o.call(), callID, name, item.Arguments}}, item)
}

func (o Output) call() CallRef { return CallRef{o.ResponseID, o.ItemID, o.OutputIndex} }

func (o Output) open(item Item) []ServerEvent {
	evs := []ServerEvent{OutputItemAdded{o.ResponseID, o.OutputIndex, item}}
	if !o.OutOfBand {
		evs = append(evs, ItemAdded{NullString(o.Previous), item})
	}
	return evs
}

func (o Output) done(evs []ServerEvent, item Item) []ServerEvent {
	if !o.OutOfBand {
		evs = append(evs, ItemDone{NullString(o.Previous), item})
	}
	return append(evs, OutputItemDone{o.ResponseID, o.OutputIndex, item})
}
