package conversation

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/event"
)

// previewRunes is how much of the first words a list shows.
const previewRunes = 120

// lateAudio is from when on the start of the caller's audio counts as later than the conversation's: below, the difference is only the
// time that events take.
const lateAudio = 250 * time.Millisecond

// Summarise makes a record of what happened: transcript, timings, notices, and the numbers of the summary. It is a pure function; base
// holds what is known without events (ids, agent, start), and its status stays unless the log has an end. Events of other sessions must
// not be among evs.
func Summarise(base Summary, evs []event.Event) Record {
	base.Turns, base.Interruptions, base.Tokens = 0, 0, Tokens{}
	b := builder{rec: Record{Summary: base}, users: map[string]int{}, replies: map[string]*reply{}, calls: map[string]int{}, stops: map[string]stop{}}
	for _, e := range evs {
		b.take(e)
	}
	return b.finish()
}

// reply is one attempt of the agent to answer.
type reply struct {
	item        string
	started     time.Duration // all durations count from the start of the conversation
	text        bool
	said, heard string
	settled     bool // heard is known
	cut         bool
	upto        time.Duration
	end         time.Duration
	timing      *event.TurnTimed
	beside      bool // a written response outside the conversation
}

// stop is the end of a turn of the caller: when it was noticed, and how long after the last sound.
type stop struct {
	noticed, silence time.Duration
}

type builder struct {
	rec     Record
	users   map[string]int // item → line
	replies map[string]*reply
	order   []string // responses as they started
	calls   map[string]int
	stops   map[string]stop
	late    time.Duration // how much later than the conversation the caller's audio began
	last    time.Time
}

func (b *builder) take(e event.Event) {
	at := max(0, e.At.Sub(b.rec.StartedAt))
	if e.At.After(b.last) {
		b.last = e.At
	}
	switch v := e.Body.(type) {
	case event.SessionStarted:
		b.started(v)
	case event.Notice:
		b.notice(v)
	case event.Failed:
		b.notice(event.Notice{Code: v.Code, Message: v.Message, Params: map[string]string{"stage": v.Stage}})
	case event.SpeechStopped:
		b.stops[v.Item] = stop{noticed: at, silence: (v.At - v.LastVoice).Duration()}
		if late := at - v.At.Duration(); late >= lateAudio && (b.late == 0 || late < b.late) {
			b.late = late
		}
	case event.UserSpoke:
		b.rec.Tokens.Add(Tokens{Input: v.Input, AudioInput: v.Input, Output: v.Output}) // what a recogniser reads is sound
		l := Line{Item: v.Item, Role: RoleUser, Text: v.Text, At: v.From, End: v.To, Confidence: v.Confidence}
		b.user(l, true)
	case event.UserFailed:
		s := b.stops[v.Item]
		b.user(Line{Item: v.Item, Role: RoleUser, Source: "unrecognised", At: event.Ms(s.noticed)}, false)
	case event.ItemAdded:
		b.added(v, at)
	case event.ReplyStarted:
		r := b.reply(v.Response)
		r.item, r.started, r.text = v.Item, at, v.Text
		r.beside = v.OutOfBand && v.Text
	case event.ReplyDone:
		b.rec.Tokens.Add(Tokens{v.Input, v.Cached, v.Output, v.AudioInput, v.AudioCached, v.AudioOutput})
		r := b.reply(v.Response)
		r.item, r.said = first(v.Item, r.item), first(v.Text, r.said)
		if !r.settled {
			r.end = at
		}
	case event.Interrupted:
		if v.Reason != "hang_up" {
			b.rec.Interruptions++
		}
		b.settle(v.Response, v.Item, v.Said, v.Text, v.Upto.Duration(), true, at)
	case event.AgentSaid:
		end := at
		if r := b.replies[v.Response]; r != nil && r.settled {
			end = r.end // interrupted: the sound stopped then, not when the far end's last word about it came
		}
		b.settle(v.Response, v.Item, v.Said, v.Text, v.Upto.Duration(), v.Cut, end)
	case event.TurnTimed:
		b.rec.Timings = append(b.rec.Timings, v)
		b.reply(v.Response).timing = &v
	case event.ToolCalled:
		b.calls[v.CallID] = len(b.rec.Transcript)
		b.line(Line{Item: v.CallID, Role: RoleTool, At: event.Ms(at), Tool: &ToolUse{Name: v.Name, Arguments: v.Arguments}})
	case event.ToolReturned:
		b.returned(v, at)
	case event.SessionEnded:
		b.rec.EndReason = v.Reason
		b.rec.EndedAt = e.At
	}
}

func (b *builder) started(v event.SessionStarted) {
	s := &b.rec.Summary
	s.Agent, s.AgentName = first(s.Agent, v.Agent), first(s.AgentName, v.Name)
	s.Lang, s.Channel, s.Remote = first(s.Lang, v.Lang), first(s.Channel, v.Leg), first(s.Remote, v.Remote)
	if s.AgentVersion == 0 {
		s.AgentVersion = v.Version
	}
	b.rec.Models = Models{STT: v.STT, LLM: v.LLM, TTS: v.TTS}
}

func (b *builder) notice(n event.Notice) {
	same := func(o event.Notice) bool { return o.Code == n.Code && o.Message == n.Message }
	if !slices.ContainsFunc(b.rec.Notices, same) {
		b.rec.Notices = append(b.rec.Notices, n)
	}
}

func (b *builder) line(l Line) { b.rec.Transcript = append(b.rec.Transcript, l) }

// user adds a line of the caller, or corrects it: a recogniser may settle an item more than once.
func (b *builder) user(l Line, replace bool) {
	if i, ok := b.users[l.Item]; ok {
		if replace {
			b.rec.Transcript[i] = l
		}
		return
	}
	if l.Item != "" {
		b.users[l.Item] = len(b.rec.Transcript)
	}
	b.rec.Turns++
	b.line(l)
}

// added takes in what entered the history by another way than speech.
func (b *builder) added(v event.ItemAdded, at time.Duration) {
	switch {
	case v.Kind == "message" && v.Role == "user" && v.Text != "":
		b.user(Line{Item: v.Item, Role: RoleUser, Text: v.Text, At: event.Ms(at), Source: v.Source}, true)
	case v.Kind == "message" && v.Role == "assistant" && v.Text != "" && v.Source != "greeting":
		b.line(Line{Item: v.Item, Role: RoleAgent, Text: v.Text, Said: v.Text, Heard: v.Text, At: event.Ms(at), Source: v.Source})
	case v.Kind == "function_call_output":
		if i, ok := b.calls[v.CallID]; ok && b.rec.Transcript[i].Tool.Output == "" {
			l := &b.rec.Transcript[i]
			l.Tool.Output, l.End = v.Text, event.Ms(at)
			l.Tool.Took = l.End - l.At
		}
	}
}

func (b *builder) returned(v event.ToolReturned, at time.Duration) {
	i, ok := b.calls[v.CallID]
	if !ok { // the call was lost, its result was not
		i = len(b.rec.Transcript)
		b.calls[v.CallID] = i
		b.line(Line{Item: v.CallID, Role: RoleTool, At: event.Ms(max(0, at-v.Took.Duration())), Tool: &ToolUse{Name: v.Name}})
	}
	l := &b.rec.Transcript[i]
	l.End = event.Ms(at)
	l.Tool.Output, l.Tool.Failed, l.Tool.Took = v.Output, v.Failed, v.Took
}

func (b *builder) reply(response string) *reply {
	r := b.replies[response]
	if r == nil {
		r = &reply{}
		b.replies[response] = r
		b.order = append(b.order, response)
	}
	return r
}

func (b *builder) settle(response, item, said, heard string, upto time.Duration, cut bool, end time.Duration) {
	r := b.reply(response)
	r.item, r.said = first(item, r.item), first(said, r.said)
	r.heard, r.upto, r.cut, r.end, r.settled = heard, upto, cut, end, true
}

func (b *builder) finish() Record {
	for i := range b.rec.Transcript {
		// Spoken lines count in the caller's audio so far.
		if l := &b.rec.Transcript[i]; l.Role == RoleUser && l.Source == "" && b.late > 0 {
			l.At += event.Ms(b.late)
			l.End += event.Ms(b.late)
		}
	}
	for _, id := range b.order {
		if l, ok := b.agentLine(b.replies[id]); ok {
			b.line(l)
		}
	}
	slices.SortStableFunc(b.rec.Transcript, func(x, y Line) int { return int(max(-1, min(1, x.At-y.At))) })

	var latencies []time.Duration
	for _, t := range b.rec.Timings {
		if d := Latency(t); d > 0 {
			latencies = append(latencies, d)
		}
	}
	b.rec.LatencyP50 = median(latencies)
	b.rec.Preview = preview(b.rec.Transcript)
	b.end()
	return b.rec
}

func (b *builder) agentLine(r *reply) (Line, bool) {
	l := Line{Item: r.item, Role: RoleAgent, Said: r.said, Heard: r.heard, Text: r.heard, Cut: r.cut}
	if r.beside { // nobody was told it
		return l, false
	}
	if r.text { // read, not listened to
		l.Heard, l.Text, l.Source = r.said, r.said, "text"
	} else if !r.settled && r.said != "" {
		l.Cut = true // nothing is known to have been heard
	}
	if l.Said == "" && l.Text == "" {
		return l, false
	}
	spoken := r.settled && !r.text
	begin := r.started
	if spoken {
		begin = max(begin, r.end-r.upto)
	}
	if t := r.timing; t != nil {
		if d := Latency(*t); d > 0 {
			l.Latency = event.Ms(d)
			if s, ok := b.stops[t.Item]; ok && !r.text {
				begin = max(r.started, s.noticed-s.silence+d)
			}
		}
	}
	end := max(begin, r.end)
	if spoken && r.cut { // it was silenced at the first sign of the caller, and given up only when that was sure
		begin = min(begin, max(r.started, r.end-r.upto))
		end = min(end, begin+r.upto)
	}
	l.At, l.End = event.Ms(begin), event.Ms(end)
	return l, true
}

// end fills in what follows from how the log ends.
func (b *builder) end() {
	s := &b.rec.Summary
	if s.EndReason == "" {
		return
	}
	s.Status = Ended
	if s.EndReason == "failed" {
		s.Status = Failed
	}
	if b.last.After(s.EndedAt) {
		s.EndedAt = b.last
	}
	s.EndedAt = s.EndedAt.UTC().Truncate(time.Millisecond)
	s.Duration = max(0, s.EndedAt.Sub(s.StartedAt))
}

// Latency of a turn is what the caller waited for the agent's first sound: until it was heard, where the far end tells, else until it left
// us, else until it came from the voice. It is 0 where none of them is known.
func Latency(t event.TurnTimed) time.Duration {
	for _, m := range []event.Millis{t.Heard, t.Sent, t.FirstAudio} {
		if m > 0 {
			return m.Duration()
		}
	}
	return 0
}

// median returns the middle of ds, of an even number of them the lower of the two in the middle: the 50th percentile by nearest rank, as
// the console counts it. It is 0 of none.
func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[(len(ds)-1)/2]
}

// preview is the first thing that the caller said, else the agent.
func preview(lines []Line) string {
	for _, role := range []Role{RoleUser, RoleAgent} {
		for _, l := range lines {
			if text := strings.Join(strings.Fields(l.Text), " "); l.Role == role && text != "" {
				return shorten(text)
			}
		}
	}
	return ""
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= previewRunes {
		return text
	}
	r := []rune(text)[:previewRunes]
	return strings.TrimRight(string(r), " ") + "…"
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
