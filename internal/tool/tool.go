// Package tool is what an agent can do besides talking.
package tool

import (
	"context"
	"time"

	"griot/internal/model/llm"
)

// OnInterrupt says what an interruption of the reply means for a call under way.
type OnInterrupt uint8

// What an interruption means.
const (
	Cancel OnInterrupt = iota // stop it: its result no longer matters
	Finish                    // let it complete; its result enters the history as a result
)

// Policy of a tool.
type Policy struct {
	Timeout     time.Duration // 0 means the session's default
	OnInterrupt OnInterrupt
	Client      bool // run by the client of the Realtime protocol: the reply ends with the call

	Effect   bool          // it changes something outside the conversation: every call is in the ledger, and none is repeated
	Approval bool          // a person decides on every call before it is sent; an Effect by that
	Filler   time.Duration // after so long the agent says that it takes a moment; 0 for never
	Later    time.Duration // after so long the conversation goes on without the result, which is reported when it comes; 0 for never
}

// Tool is one thing an agent can do. Call is safe for concurrent use and obeys ctx. An error means that no result could be had; a
// failure that the model should read is a ToolResult with Failed set.
type Tool interface {
	Spec() llm.ToolSpec
	Policy() Policy
	Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error)
}

// Set gives tools to a session: an MCP server, HTTP operations, the session's own controls.
type Set interface {
	Tools(ctx context.Context) ([]Tool, error)
	Close() error
}
