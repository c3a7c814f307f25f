// Package builtin has the tools that come with the product and act on the conversation itself, or on what follows it.
package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Texter sends text messages.
type Texter interface {
	Text(ctx context.Context, tenant, to, text string) error
}

// Options are what the tools need of the installation.
type Options struct {
	Texter  Texter           // nil where there is no carrier
	Effects Effects          // where appointments are looked up; nil takes every time for free
	Now     func() time.Time // nil for the clock
}

// Tools makes all of them.
func Tools(o Options) []tool.Tool {
	if o.Now == nil {
		o.Now = time.Now
	}
	return []tool.Tool{endConversation(), brain(), callback(o), promise(o), booking(o), ticket()}
}

// fixed is a tool that is a function.
type fixed struct {
	spec   llm.ToolSpec
	policy tool.Policy
	call   func(ctx context.Context, args json.RawMessage) (llm.ToolResult, error)
}

func (f fixed) Spec() llm.ToolSpec  { return f.spec }
func (f fixed) Policy() tool.Policy { return f.policy }
func (f fixed) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	return f.call(ctx, json.RawMessage(c.Arguments))
}

func spec(name, description, parameters string) llm.ToolSpec {
	return llm.ToolSpec{Name: name, Description: description, Parameters: json.RawMessage(parameters)}
}

func read(args json.RawMessage, into any) error {
	if err := json.Unmarshal(args, into); err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_arguments", "the arguments cannot be read")
	}
	return nil
}

func endConversation() tool.Tool {
	return fixed{spec: spec("end_conversation", "Ends the conversation. Use it once the user has no further request or wants to stop. Say goodbye afterwards: the line closes when that was heard.",
		`{"type":"object","properties":{"reason":{"type":"string","description":"Why the conversation ends, in a few words"}},"additionalProperties":false}`),
		call: func(context.Context, json.RawMessage) (llm.ToolResult, error) {
			return llm.ToolResult{Output: "The conversation ends after your next words: say goodbye in one sentence.", End: true}, nil
		}}
}

// maxNotes bounds what a model may remember, in characters.
const maxNotes = 1500

func brain() tool.Tool {
	return fixed{spec: spec("conversation_brain", "Keeps what matters for the rest of the conversation: the current stage, facts about the user, what was agreed, how to go on. It replaces what was kept before.",
		`{"type":"object","properties":{"stage":{"type":"string","description":"The stage that the conversation is in now"},"facts":{"type":"array","items":{"type":"string"},"description":"Facts to keep"},
		"guidance":{"type":"string","description":"How to go on from here"}},"additionalProperties":false}`),
		call: func(_ context.Context, args json.RawMessage) (llm.ToolResult, error) {
			var a struct {
				Stage, Guidance string
				Facts           []string
			}
			if err := read(args, &a); err != nil {
				return llm.ToolResult{}, err
			}
			var b strings.Builder
			add := func(title, text string) {
				if text = strings.Join(strings.Fields(text), " "); text != "" {
					fmt.Fprintf(&b, "%s: %s\n", title, text)
				}
			}
			add("Stage", a.Stage)
			for _, f := range a.Facts {
				add("Fact", f)
			}
			add("Next", a.Guidance)
			if b.Len() == 0 {
				return llm.ToolResult{Output: "Nothing is kept any more.", Brief: "-"}, nil
			}
			if utf8.RuneCountInString(b.String()) > maxNotes {
				return llm.ToolResult{}, fault.New(fault.Invalid, "too_long", "together that has more than %d characters: keep only what matters", maxNotes)
			}
			return llm.ToolResult{Output: "Kept.", Brief: "# Notes on this conversation, which you made\n" + b.String()}, nil
		}}
}

var phone = regexp.MustCompile(`^\+?[0-9][0-9 .()/-]{4,24}$`)

// number reads a telephone number; the caller's own when text is empty and the transport knows it.
func number(ctx context.Context, text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		text = tool.ConversationOf(ctx).Remote
	}
	if !phone.MatchString(text) {
		return "", fault.New(fault.Invalid, "bad_number", "that is not a telephone number: ask for it").At("phone")
	}
	return strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text), nil
}

func callback(o Options) tool.Tool {
	return fixed{policy: tool.Policy{Effect: true}, spec: spec("schedule_callback", "Schedules a call back to the user at a date and time that they agreed to.",
		`{"type":"object","properties":{"when":{"type":"string","description":"Date and time in ISO 8601 with the offset from UTC"},"phone":{"type":"string","description":"Number to call; absent for the number of this call"},
		"reason":{"type":"string","description":"What the call is about"}},"required":["when"],"additionalProperties":false}`),
		call: func(ctx context.Context, args json.RawMessage) (llm.ToolResult, error) {
			var a struct{ When, Phone, Reason string }
			if err := read(args, &a); err != nil {
				return llm.ToolResult{}, err
			}
			at, err := time.Parse(time.RFC3339, strings.TrimSpace(a.When))
			if err != nil {
				return llm.ToolResult{}, fault.New(fault.Invalid, "bad_time", "that is not a date and a time with an offset from UTC, such as 2030-01-31T15:00:00+01:00").At("when")
			}
			now := o.Now()
			switch {
			case !at.After(now):
				return llm.ToolResult{}, fault.New(fault.Invalid, "past", "that is past: it is %s now", now.UTC().Format(time.RFC3339)).At("when")
			case at.After(now.AddDate(1, 0, 0)):
				return llm.ToolResult{}, fault.New(fault.Invalid, "too_far", "that is more than a year ahead").At("when")
			}
			to, err := number(ctx, a.Phone)
			if err != nil {
				return llm.ToolResult{}, err
			}
			out, err := json.Marshal(map[string]string{"status": "scheduled", "when": at.Format(time.RFC3339), "phone": to, "reason": a.Reason})
			return llm.ToolResult{Output: string(out)}, err
		}}
}

func promise(o Options) tool.Tool {
	return fixed{policy: tool.Policy{Effect: true}, spec: spec("send_sms_payment_promise", "Sends the user a text message that confirms their promise to pay an amount by a date.",
		`{"type":"object","properties":{"amount":{"type":"number","exclusiveMinimum":0,"description":"Amount promised"},"currency":{"type":"string","pattern":"^[A-Z]{3}$","description":"ISO 4217 code"},
		"due_date":{"type":"string","description":"Date of payment, ISO 8601"},"phone":{"type":"string","description":"Number to write to; absent for the number of this call"},
		"name":{"type":"string","maxLength":80,"description":"Name of the user"}},"required":["amount","currency","due_date"],"additionalProperties":false}`),
		call: func(ctx context.Context, args json.RawMessage) (llm.ToolResult, error) {
			var a struct {
				Amount                json.Number
				Currency, Phone, Name string
				Due                   string `json:"due_date"`
			}
			if err := read(args, &a); err != nil {
				return llm.ToolResult{}, err
			}
			due, err := time.Parse(time.DateOnly, strings.TrimSpace(a.Due))
			if err != nil {
				return llm.ToolResult{}, fault.New(fault.Invalid, "bad_date", "that is not a date such as 2030-01-31").At("due_date")
			}
			if due.Before(o.Now().UTC().Truncate(24 * time.Hour)) {
				return llm.ToolResult{}, fault.New(fault.Invalid, "past", "that date is past").At("due_date")
			}
			to, err := number(ctx, a.Phone)
			if err != nil {
				return llm.ToolResult{}, err
			}
			if o.Texter == nil {
				return llm.ToolResult{}, fault.New(fault.Unavailable, "no_carrier", "no carrier for text messages is set up, so nothing was sent")
			}
			in := tool.ConversationOf(ctx)
			if err := o.Texter.Text(ctx, in.Tenant, to, words(in.Lang, a.Name, a.Amount.String(), a.Currency, due)); err != nil {
				return llm.ToolResult{}, err
			}
			return llm.ToolResult{Output: `{"status":"sent"}`}, nil
		}}
}

// words is the text of the message, in the conversation's language.
func words(lang, name, amount, currency string, due time.Time) string {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if name != "" {
		name += ", "
	}
	switch base {
	case "fr":
		return fmt.Sprintf("%svous avez promis de payer %s %s au plus tard le %s. Merci.", name, amount, currency, due.Format("02/01/2006"))
	case "es":
		return fmt.Sprintf("%susted prometió pagar %s %s a más tardar el %s. Gracias.", name, amount, currency, due.Format("02/01/2006"))
	}
	return fmt.Sprintf("%syou promised to pay %s %s by %s. Thank you.", name, amount, currency, due.Format("2 January 2006"))
}
