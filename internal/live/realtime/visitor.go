package realtime

import (
	"slices"

	"griot/internal/fault"
	wire "griot/internal/realtime"
)

// A visitor is a client of a page that shows an agent: it talks with the agent as that is. It changes neither the session nor what was said, and sees nothing of
// instructions, tools, and what these are asked and answer.

// errVisitor is what visitors may not do.
func errVisitor(kind string) error {
	return fault.New(fault.Denied, "not_for_visitors", "%s is not for visitors of a page: they talk with the agent as it is", kind)
}

// forVisitor refuses what a visitor may not do.
func forVisitor(ev wire.ClientEvent) error {
	switch ev := ev.(type) {
	case wire.InputAudioAppend, wire.InputAudioCommit, wire.InputAudioClear, wire.OutputAudioClear, wire.ItemTruncate, wire.ResponseCancel, wire.Nothing, wire.GriotPlayback, wire.GriotDigits:
		return nil
	case wire.ItemCreate:
		it := ev.Item
		written := func(c wire.Content) bool { return c.Type == wire.ContentInputText }
		if it.Type == wire.ItemMessage && it.Role == "user" && ev.PreviousItemID == "" && !slices.ContainsFunc(it.Content, func(c wire.Content) bool { return !written(c) }) {
			return nil
		}
	case wire.ResponseCreate:
		p := ev.Response
		if !p.OutputModalities.Set && !p.Instructions.Set && !p.Tools.Set && !p.ToolChoice.Set && !p.ParallelToolCalls.Set && !p.MaxOutputTokens.Set && !p.Reasoning.Set && !p.Prompt.Set && !p.Input.Set &&
			!p.Temperature.Set && (p.Conversation == "" || p.Conversation == "auto") && p.Extra.Instructions == "" && len(p.Extra.Append) == 0 {
			return nil
		}
	}
	return errVisitor(ev.EventType())
}

// shownToVisitor is an event as a visitor may see it; false when not at all.
func shownToVisitor(ev wire.ServerEvent) (wire.ServerEvent, bool) {
	spoken := func(it wire.Item) bool { return it.Type == wire.ItemMessage && it.Role != "system" }
	switch e := ev.(type) {
	case wire.SessionCreated:
		e.Session.Instructions, e.Session.Tools = "", nil
		return e, true
	case wire.SessionUpdated:
		return nil, false
	case wire.GriotConversationCreated:
		e.Agent.Model, e.Agent.Recogniser, e.Agent.Voice = "", "", ""
		return e, true
	case wire.GriotTool:
		e.Arguments, e.Output = "", ""
		return e, true
	case wire.ItemAdded:
		return e, spoken(e.Item)
	case wire.ItemDone:
		return e, spoken(e.Item)
	case wire.OutputItemAdded:
		return e, spoken(e.Item)
	case wire.OutputItemDone:
		return e, spoken(e.Item)
	case wire.ResponseCreated:
		e.Response.Output = slices.DeleteFunc(slices.Clone(e.Response.Output), func(it wire.Item) bool { return !spoken(it) })
		return e, true
	case wire.ResponseDone:
		e.Response.Output = slices.DeleteFunc(slices.Clone(e.Response.Output), func(it wire.Item) bool { return !spoken(it) })
		return e, true
	case wire.FunctionCallArgumentsDelta, wire.FunctionCallArgumentsDone, wire.MCPCallArgumentsDelta, wire.MCPCallArgumentsDone, wire.MCPCallInProgress, wire.MCPCallCompleted, wire.MCPCallFailed,
		wire.MCPListToolsInProgress, wire.MCPListToolsCompleted, wire.MCPListToolsFailed, wire.RateLimitsUpdated:
		return nil, false
	}
	return ev, true
}
