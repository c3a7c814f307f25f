package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	wire "griot/internal/realtime"
)

// command carries out an event of the client o. ok means that in was filled in: it was audio after all. Where sound travels beside the events, in is nil.
func (c *conn) command(ctx context.Context, o *outlet, raw []byte, in *transport.Inbound) (ok bool, err error) {
	ev, warnings, err := o.dialect.Read(raw)
	if err != nil {
		return false, err
	}
	c.warn(o, warnings...)
	if o.visitor {
		if err := forVisitor(ev); err != nil {
			return false, err
		}
	}
	c.doing.Lock()
	defer c.doing.Unlock()
	if c.conv.Plan.Transcribe {
		if err := refused(ev); err != nil {
			return false, err
		}
	}
	switch ev := ev.(type) {
	case wire.InputAudioAppend:
		if in == nil {
			return false, errNoSoundHere
		}
		return true, c.audio(ev.Audio, in)
	case wire.SessionUpdate:
		return false, c.update(ctx, c.bend(o, ev.Session))
	case wire.InputAudioCommit:
		return false, c.commit(ctx)
	case wire.InputAudioClear:
		c.appended.Store(0)
		c.carry.Reset()
		return false, c.sess.Do(ctx, session.ClearInput{})
	case wire.OutputAudioClear:
		if c.main != nil {
			return false, fault.New(fault.Invalid, wire.CodeInvalidEvent, "output_audio_buffer.clear is for WebRTC and SIP: on a WebSocket the client has its own buffer")
		}
		return false, c.sess.Do(ctx, session.Silence{})
	case wire.ItemCreate:
		return false, c.create(ctx, ev)
	case wire.ItemDelete:
		return false, c.sess.Do(ctx, session.DeleteItem{ID: ev.ItemID})
	case wire.ItemTruncate:
		return false, c.truncate(ctx, ev)
	case wire.ItemRetrieve:
		return false, c.retrieve(ctx, ev)
	case wire.ResponseCreate:
		return false, c.respondTo(ctx, o, ev.Response)
	case wire.ResponseCancel:
		return false, c.sess.Do(ctx, session.Interrupt{Response: ev.ResponseID})
	case wire.Nothing:
		return false, nil
	case wire.GriotPlayback:
		return false, c.acknowledge(ev)
	case wire.GriotDigits:
		if !o.ext {
			return false, fault.New(fault.Invalid, wire.CodeExtensionsNotOn, "griot.digits needs ?extensions=griot in the address")
		}
		return false, c.sess.Do(ctx, session.Digits{Keys: ev.Digits})
	}
	return false, fault.New(fault.Invalid, wire.CodeInvalidEvent, "%s is not served here", ev.EventType())
}

// commit makes an item of what is buffered.
func (c *conn) commit(ctx context.Context) error {
	if d := c.info.In.Duration(int(c.appended.Load())); d < 100*time.Millisecond {
		return fault.New(fault.Invalid, wire.CodeCommitEmpty, "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has %dms of audio.", d.Milliseconds())
	}
	c.appended.Store(0)
	return c.sess.Do(ctx, session.CommitInput{})
}

// update applies a session.update as a whole or not at all.
func (c *conn) update(ctx context.Context, p wire.SessionPatch) error {
	c.mu.Lock()
	old := c.session
	c.mu.Unlock()
	next, err := accept(c.conv, old, p)
	if err != nil {
		return err
	}
	other, changed, err := c.hears(ctx, old, next)
	if err != nil {
		return err
	}
	if err := c.sess.Do(ctx, session.Update{Settings: settings(c.conv, next, c.conv.Plan.Settings)}); err != nil {
		return err
	}
	if changed {
		if err := c.sess.Do(ctx, other); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if next.Audio.Input.Format != old.Audio.Input.Format {
		c.carry.Reset()
	}
	c.session = next
	c.send(wire.SessionUpdated{Session: next})
	return nil
}

// begin returns the session and the plan that a conversation begins with.
func begin(conv *Conversation, patches []wire.SessionPatch) (wire.Session, session.Plan, error) {
	s, plan := wireSession(conv), conv.Plan
	if len(patches) == 0 {
		return s, plan, nil
	}
	for _, p := range patches {
		p.Model.Set = p.Model.Set && conv.Plan.Transcribe // else it has chosen the agent
		var err error
		if s, err = accept(conv, s, p); err != nil {
			return s, plan, err
		}
	}
	plan.Settings = settings(conv, s, plan.Settings)
	return s, plan, nil
}

// accept returns the session with the change merged in, if it is one that can be served in the conversation.
func accept(conv *Conversation, old wire.Session, p wire.SessionPatch) (wire.Session, error) {
	if p.Model.Set && !conv.Plan.Transcribe && conv.sameModel(p.Model.Value) {
		p.Model.Set = false
	}
	next, err := old.Apply(p, false)
	if err != nil {
		return old, err
	}
	for _, t := range next.Tools {
		if t.Type == "mcp" {
			return old, fault.New(fault.Invalid, wire.CodeInvalidValue, "MCP tools of a session are not served: give them to the agent").At("session.tools")
		}
	}
	return next, checkVoice(conv, old, next, "session.audio.output.voice")
}

// checkVoice refuses a voice that nobody here has.
func checkVoice(conv *Conversation, old, next wire.Session, path string) error {
	v, was := next.Audio.Output.Voice, old.Audio.Output.Voice
	if v == was || has(conv, v) {
		return nil
	}
	return fault.New(fault.Invalid, wire.CodeInvalidValue, "Voice '%s' is not one of this agent's: its voice is '%s', and the protocol's own names are taken to mean it.", v.Name+v.ID, conv.Agent.Voice).At(path)
}

// has reports whether a voice may be asked for: the agent's, and the protocol's own, which clients send by habit and which mean the agent's.
func has(conv *Conversation, v wire.Voice) bool {
	return v.ID == "" && (wire.OpenAIVoice(v.Name) || v.Name == conv.Agent.Voice)
}

// settings reads the session's settings out of the wire's, for the kind of session that it is.
func settings(conv *Conversation, s wire.Session, base session.Settings) session.Settings {
	if conv.Plan.Transcribe {
		return transcriptionSettings(s, base)
	}
	return settingsOf(s, base)
}

// settingsOf reads the session's settings out of the wire's, on top of what the agent brings.
func settingsOf(s wire.Session, base session.Settings) session.Settings {
	set := base
	set.Instructions = s.Instructions
	set.TextOnly = len(s.OutputModalities) == 1 && s.OutputModalities[0] == wire.ModalityText
	set.MaxTokens = int(s.MaxOutputTokens)
	set.ToolChoice = choice(s.ToolChoice)
	set.OneCall = s.ParallelToolCalls != nil && !*s.ParallelToolCalls
	set.Client = tools(s.Tools)
	set.Speed = s.Audio.Output.Speed
	set.Temperature = s.Temperature
	set.Turn = turnOfWire(s.Audio.Input.TurnDetection, base.Turn)
	if pause, ok := s.SemanticTurns(); ok && !set.Turn.Manual {
		set.Turn.Kind, set.Turn.MaxPause = turn.SemanticVAD, time.Duration(pause)*time.Millisecond
	}
	// What the protocol has no words for stays as the agent has it.
	set.Turn.Lang, set.Turn.Sensitivity, set.Turn.KeepThinking = base.Turn.Lang, base.Turn.Sensitivity, base.Turn.KeepThinking
	return set
}

func choice(t wire.ToolChoice) string {
	if t.Name != "" {
		return t.Name
	}
	return t.Mode
}

func tools(ts []wire.Tool) (out []llm.ToolSpec) {
	for _, t := range ts {
		out = append(out, llm.ToolSpec{Name: t.Name, Description: t.Description, Parameters: t.Parameters})
	}
	return out
}

// turnOfWire reads turn detection, on top of the agent's, which has more than the protocol has words for.
func turnOfWire(d *wire.TurnDetection, base turn.Settings) turn.Settings {
	if d == nil {
		return turn.Settings{Manual: true, PrefixPadding: turn.Defaults().PrefixPadding}
	}
	s := base
	if base.Manual {
		s = turn.Defaults()
	}
	if s.MaxTurn == 0 {
		s.MaxTurn = turn.Defaults().MaxTurn
	}
	s.CreateResponse, s.InterruptResponse = d.CreateResponse, d.InterruptResponse
	if d.Type == wire.SemanticVAD {
		if s.Kind != turn.SemanticVAD {
			s.Kind, s.Silence, s.MaxPause = turn.SemanticVAD, 0, 0 // what suits the eagerness
		}
		s.Eagerness = turn.Eagerness(d.Eagerness)
		return s
	}
	s.Kind, s.MaxPause = turn.ServerVAD, 0
	s.Threshold = float32(d.Threshold)
	s.PrefixPadding = time.Duration(d.PrefixPaddingMS) * time.Millisecond
	s.Silence = time.Duration(d.SilenceDurationMS) * time.Millisecond
	s.IdleTimeout = time.Duration(d.IdleTimeoutMS) * time.Millisecond
	return s
}

func (c *conn) create(ctx context.Context, ev wire.ItemCreate) error {
	it, err := itemFrom(ev.Item)
	if err != nil {
		return err
	}
	if err := c.views(it); err != nil {
		return err
	}
	return c.sess.Do(ctx, session.CreateItem{Item: it, Previous: ev.PreviousItemID})
}

// itemFrom reads a client's item.
func itemFrom(w wire.Item) (*session.Item, error) {
	raw, err := json.Marshal(withoutImages(w))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, wire.CodeInvalidValue, "the item cannot be read").At("item")
	}
	it := &session.Item{ID: w.ID, Kind: w.Type, Role: llm.Role(w.Role), CallID: w.CallID, Name: w.Name, Args: w.Arguments, Raw: raw}
	switch w.Type {
	case wire.ItemFunctionCallOutput:
		it.Text = w.Output
	case wire.ItemMessage:
		var text []string
		for i, p := range w.Content {
			switch {
			case p.Text != "":
				text = append(text, p.Text)
			case p.Transcript != "":
				text = append(text, p.Transcript)
			case p.Type == wire.ContentInputAudio:
				return nil, fault.New(fault.Invalid, wire.CodeInvalidValue, "audio in an item needs its transcript here: send spoken audio with input_audio_buffer.append").At("item.content")
			case p.Type == wire.ContentInputImage:
				im, err := imageOf(p)
				if err != nil {
					return nil, err.At(fmt.Sprintf("item.content[%d].image_url", i))
				}
				it.Images = append(it.Images, im)
			}
		}
		it.Text = strings.Join(text, "\n")
	case wire.ItemFunctionCall:
	default:
		return nil, fault.New(fault.Invalid, wire.CodeInvalidValue, "items of type %q cannot be created", w.Type).At("item.type")
	}
	return it, nil
}

func (c *conn) truncate(ctx context.Context, ev wire.ItemTruncate) error {
	if ev.ContentIndex != 0 {
		return fault.New(fault.Invalid, wire.CodeInvalidValue, "Invalid value: %d. Items have one part here, which is 0.", ev.ContentIndex).At("content_index")
	}
	if have, spoken := c.length(ev.ItemID); spoken && time.Duration(ev.AudioEndMS)*time.Millisecond > have+time.Millisecond {
		return fault.New(fault.Invalid, wire.CodeInvalidValue, "Audio content of %dms is already shorter than %dms", have.Milliseconds(), ev.AudioEndMS).At("audio_end_ms")
	}
	if err := c.sess.Do(ctx, session.TruncateItem{ID: ev.ItemID, End: time.Duration(ev.AudioEndMS) * time.Millisecond}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(wire.ItemTruncated{ItemID: ev.ItemID, ContentIndex: ev.ContentIndex, AudioEndMS: ev.AudioEndMS})
	return nil
}

// length returns how much audio of an item was sent, and whether it is one of the agent's spoken items.
func (c *conn) length(item string) (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rep; r != nil && r.opened && r.modality == wire.ModalityAudio && r.message.ItemID == item {
		return r.sent, true
	}
	d, ok := c.lengths[item]
	return d, ok
}

func (c *conn) retrieve(ctx context.Context, ev wire.ItemRetrieve) error {
	var it session.Item
	if err := c.sess.Do(ctx, session.RetrieveItem{ID: ev.ItemID, Into: &it}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(wire.ItemRetrieved{Item: c.withAudio(itemTo(it))})
	return nil
}

// itemTo shows an item of the history, without its sound.
func itemTo(it session.Item) wire.Item {
	var w wire.Item
	if len(it.Raw) > 0 && json.Unmarshal(it.Raw, &w) == nil {
		w.ID = it.ID
		return withImages(w, it.Images)
	}
	switch it.Kind {
	case wire.ItemFunctionCall:
		return wire.FunctionCall(it.ID, wire.Completed, it.CallID, it.Name, it.Args)
	case wire.ItemFunctionCallOutput:
		return wire.FunctionCallOutput(it.ID, it.CallID, it.Text)
	}
	status, text := wire.Completed, it.Text
	switch {
	case it.Role == llm.Assistant && !it.Done:
		status, text = wire.InProgress, it.Said
	case it.Said != "" && it.Said != it.Text:
		status = wire.Incomplete
	}
	part := wire.InputText(it.Text)
	switch {
	case it.Role == llm.Assistant && it.Audio:
		part = wire.OutputAudio(text)
	case it.Role == llm.Assistant:
		part = wire.OutputText(it.Text)
	case it.Audio:
		part = wire.InputAudio(it.Text)
	}
	return wire.Message(it.ID, string(it.Role), status, part)
}

// respondTo does what a client asks for beside a response, and then asks for that.
func (c *conn) respondTo(ctx context.Context, o *outlet, p wire.ResponseParams) error {
	x := p.Extra
	if x.Cancel {
		if err := c.sess.Do(ctx, session.Interrupt{}); err != nil && fault.CodeOf(err) != wire.CodeCancelNotActive {
			return err
		}
	}
	if x.Commit {
		if err := c.commit(ctx); err != nil && fault.CodeOf(err) != wire.CodeCommitEmpty {
			return err
		}
	}
	for i, it := range x.Append {
		if err := c.create(ctx, wire.ItemCreate{Item: it}); err != nil {
			if f := (*fault.Error)(nil); errors.As(err, &f) {
				return f.At(fmt.Sprintf("response.append_input_items[%d]", i))
			}
			return err
		}
	}
	if x.Instructions != "" {
		c.mu.Lock()
		base := p.Instructions.Or(c.session.Instructions, "")
		c.mu.Unlock()
		p.Instructions = wire.Some(strings.TrimSpace(base + "\n\n" + x.Instructions))
	}
	if o.dialect == wire.VoiceLive {
		p.Audio.Output.Voice = c.bendVoice(o, p.Audio.Output.Voice, "response.voice")
	}
	return c.respond(ctx, p)
}

func (c *conn) respond(ctx context.Context, p wire.ResponseParams) error {
	c.mu.Lock()
	cur := c.session
	c.mu.Unlock()
	eff, err := cur.ForResponse(p, false)
	if err != nil {
		return err
	}
	if err := checkVoice(c.conv, cur, eff, "response.audio.output.voice"); err != nil {
		return err
	}
	ov := session.Overrides{Metadata: p.Metadata, OutOfBand: p.OutOfBand(), Say: p.Extra.Say}
	if p.Temperature.Set {
		ov.Temperature = eff.Temperature
	}
	if p.Instructions.Set {
		ov.Instructions = &eff.Instructions
	}
	if p.OutputModalities.Set {
		text := eff.OutputModalities[0] == wire.ModalityText
		ov.TextOnly = &text
	}
	if p.Tools.Set {
		if ov.Tools = tools(eff.Tools); ov.Tools == nil {
			ov.Tools = []llm.ToolSpec{}
		}
	}
	if p.ParallelToolCalls.Set {
		one := eff.ParallelToolCalls != nil && !*eff.ParallelToolCalls
		ov.OneCall = &one
	}
	if p.ToolChoice.Set {
		ov.ToolChoice = choice(eff.ToolChoice)
	}
	if p.MaxOutputTokens.Set {
		ov.MaxTokens = int(eff.MaxOutputTokens)
	}
	if p.Input.Set {
		ov.Input = []llm.Message{}
		for i, w := range p.Input.Value {
			m, err := c.inputMessage(ctx, w)
			if f := (*fault.Error)(nil); errors.As(err, &f) {
				return f.At(fmt.Sprintf("response.input[%d]", i))
			} else if err != nil {
				return err
			}
			ov.Input = append(ov.Input, m)
		}
	}
	c.mu.Lock()
	c.asks++
	ov.Request = c.asks
	c.asked[ov.Request] = wish{eff, ov.OutOfBand}
	c.mu.Unlock()
	err = c.sess.Do(ctx, session.Respond{Overrides: ov})
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		delete(c.asked, ov.Request)
	case !ov.OutOfBand: // those before it were taken back
		maps.DeleteFunc(c.asked, func(n uint64, w wish) bool { return n < ov.Request && !w.outOfBand })
	}
	return err
}

// inputMessage reads an item of response.create's input, or the one it refers to.
func (c *conn) inputMessage(ctx context.Context, w wire.Item) (llm.Message, error) {
	it := &session.Item{}
	if w.Type == wire.ItemReference {
		if err := c.sess.Do(ctx, session.RetrieveItem{ID: w.ID, Into: it}); err != nil {
			return llm.Message{}, err
		}
	} else {
		var err error
		if it, err = itemFrom(w); err != nil {
			return llm.Message{}, err
		}
		if err = c.views(it); err != nil {
			return llm.Message{}, err
		}
	}
	switch it.Kind {
	case wire.ItemFunctionCall:
		return llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: it.CallID, Name: it.Name, Arguments: it.Args}}}, nil
	case wire.ItemFunctionCallOutput:
		return llm.Message{Role: llm.ToolRole, CallID: it.CallID, Text: it.Text}, nil
	}
	return llm.Message{Role: it.Role, Text: it.Text, Images: it.Images}, nil
}
