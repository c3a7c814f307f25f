package builtin

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Effects lists what tools have done: an appointment is an effect in the ledger, and lives nowhere else.
type Effects interface {
	ListEffects(ctx context.Context, tenant string, f tool.EffectFilter) ([]tool.Effect, int, error)
}

// maxBookings bounds how many appointments are looked through, newest first.
const maxBookings = 10_000

// booked is what book_appointment says, and what the ledger keeps.
type booked struct {
	Status    string `json:"status"` // "booked" or "taken"
	Reference string `json:"reference,omitempty"`
	Service   string `json:"service,omitempty"`
	Date      string `json:"date"`
	Time      string `json:"time"`
	Name      string `json:"name,omitempty"`
	Phone     string `json:"phone,omitempty"`
}

func booking(o Options) tool.Tool {
	return fixed{policy: tool.Policy{Effect: true, OnInterrupt: tool.Finish}, spec: spec("book_appointment", "Books an appointment at a date and time that the user agreed to. It answers whether the time was still free.",
		`{"type":"object","properties":{"date":{"type":"string","description":"Date in ISO 8601, such as 2030-01-31"},"time":{"type":"string","description":"Time of day on the 24-hour clock, such as 15:00"},
		"name":{"type":"string","description":"Who comes"},"phone":{"type":"string","description":"Number of the user; absent for the number of this call"},
		"service":{"type":"string","description":"What the appointment is for"}},"required":["date","time","name"],"additionalProperties":false}`),
		call: func(ctx context.Context, args json.RawMessage) (llm.ToolResult, error) {
			var a booked
			if err := read(args, &a); err != nil {
				return llm.ToolResult{}, err
			}
			at, err := time.Parse("2006-01-02 15:04", a.Date+" "+a.Time)
			if err != nil {
				return llm.ToolResult{}, fault.New(fault.Invalid, "bad_time", "that is not a date such as 2030-01-31 and a time such as 15:00").At("date")
			}
			now := o.Now()
			switch { // the day after in one part of the world is the day before in another
			case at.Before(now.AddDate(0, 0, -1)):
				return llm.ToolResult{}, fault.New(fault.Invalid, "past", "that is past: today is %s", now.Format(time.DateOnly)).At("date")
			case at.After(now.AddDate(2, 0, 0)):
				return llm.ToolResult{}, fault.New(fault.Invalid, "too_far", "that is more than two years ahead").At("date")
			}
			if a.Phone != "" || tool.ConversationOf(ctx).Remote != "" {
				to, err := number(ctx, a.Phone)
				if err != nil && a.Phone != "" {
					return llm.ToolResult{}, err
				}
				a.Phone = to
			}
			a.Status, a.Reference, a.Name, a.Service = "booked", tool.KeyOf(ctx), short(a.Name), short(a.Service)
			taken, err := taken(ctx, o.Effects, a)
			if err != nil {
				return llm.ToolResult{}, err
			}
			if taken {
				a = booked{Status: "taken", Date: a.Date, Time: a.Time}
			}
			out, err := json.Marshal(a)
			return llm.ToolResult{Output: string(out)}, err
		}}
}

// taken reports whether somebody has that time. What is being booked by another at this moment counts: two that come together may both be refused, but never
// both be booked.
func taken(ctx context.Context, effects Effects, want booked) (bool, error) {
	in := tool.ConversationOf(ctx)
	if effects == nil || in.Tenant == "" {
		return false, nil
	}
	for seen := 0; seen < maxBookings; {
		page, _, err := effects.ListEffects(ctx, in.Tenant, tool.EffectFilter{Tool: "book_appointment", Offset: seen, Limit: 200})
		if err != nil {
			return false, fault.Wrap(err, fault.Unavailable, "ledger_unavailable", "the appointments cannot be read")
		}
		for _, e := range page {
			text := e.Output
			if e.State == tool.Sent {
				text = e.Arguments
			} else if e.State != tool.Confirmed {
				continue
			}
			var got booked
			if e.ID == tool.KeyOf(ctx) || json.Unmarshal([]byte(text), &got) != nil || got.Status == "taken" {
				continue
			}
			if got.Date == want.Date && got.Time == want.Time {
				return true, nil
			}
		}
		if seen += len(page); len(page) == 0 {
			break
		}
	}
	return false, nil
}

func ticket() tool.Tool {
	return fixed{policy: tool.Policy{Effect: true, OnInterrupt: tool.Finish}, spec: spec("open_ticket", "Writes a user's problem or question down, for a person who will call back.",
		`{"type":"object","properties":{"problem":{"type":"string","description":"What it is about, in the user's words"},"name":{"type":"string","description":"Who asks"},
		"phone":{"type":"string","description":"Number to call; absent for the number of this call"}},"required":["problem"],"additionalProperties":false}`),
		call: func(ctx context.Context, args json.RawMessage) (llm.ToolResult, error) {
			var a struct{ Problem, Name, Phone string }
			if err := read(args, &a); err != nil {
				return llm.ToolResult{}, err
			}
			if strings.TrimSpace(a.Problem) == "" {
				return llm.ToolResult{}, fault.New(fault.Invalid, "no_problem", "say what it is about").At("problem")
			}
			to, err := number(ctx, a.Phone)
			if err != nil {
				return llm.ToolResult{}, err
			}
			out, err := json.Marshal(map[string]string{"status": "opened", "reference": tool.KeyOf(ctx), "problem": short(a.Problem), "name": short(a.Name), "phone": to})
			return llm.ToolResult{Output: string(out)}, err
		}}
}

// short keeps text within what the ledger holds.
func short(s string) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > 300 {
		s = string([]rune(s)[:300])
	}
	return s
}
