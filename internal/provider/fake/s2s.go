package fake

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/tts"
)

// S2SAnswer is one scripted answer of an S2S. The sound follows the text, one tone a word.
type S2SAnswer struct {
	Answer
	Drop int // after that many words the connection breaks; 0 never, below 0 before the first
}

// S2SOptions say how an S2S behaves.
type S2SOptions struct {
	Rate        int                      // samples per second; 0 means 24000
	WordsPerSec float64                  // how fast it speaks; 0 means 3
	Speed       float64                  // how many times faster than real time the sound comes; 0 means at once
	Chunk       time.Duration            // length of the pieces of sound; 0 means 100 ms
	Marks       bool                     // give Words events
	Opens       []error                  // what the first calls of Open fail with; nil entries succeed
	OpenTakes   time.Duration            // how long each Open takes
	Refuse      func(s2s.Settings) error // an Update with which it fails is refused
	Heard       []string                 // what was said in the committed utterances, in order; beyond the list nothing is known of the words
	HeardAfter  time.Duration            // from Commit to Heard
	ID          string                   // Caps().ID; "" means "fake"
}

// S2S is a scripted speech-to-speech model. It is safe for concurrent use.
type S2S struct {
	o      S2SOptions
	answer func(history []s2s.Item, r s2s.Respond) S2SAnswer

	forget bool // keep no record of sessions, and begin Heard anew in each and at its end: a program may run for months

	mu       sync.Mutex // guards what follows
	opened   int
	commits  int
	sessions []*s2sSession
}

// NewS2S returns a model that gives these answers in order and then repeats the last one. Without answers it says "Yes.".
func NewS2S(o S2SOptions, answers ...S2SAnswer) *S2S {
	var mu sync.Mutex
	next := 0
	return NewS2SFunc(o, func([]s2s.Item, s2s.Respond) S2SAnswer {
		mu.Lock()
		defer mu.Unlock()
		if len(answers) == 0 {
			return S2SAnswer{Answer: Answer{Text: "Yes."}}
		}
		a := answers[min(next, len(answers)-1)]
		next++
		return a
	})
}

// NewS2SFunc returns a model whose answers depend on the history. The function may be called concurrently. What it is asked to say word for word it says
// without asking the function.
func NewS2SFunc(o S2SOptions, answer func(history []s2s.Item, r s2s.Respond) S2SAnswer) *S2S {
	if o.Rate == 0 {
		o.Rate = 24000
	}
	if o.WordsPerSec == 0 {
		o.WordsPerSec = 3
	}
	if o.Chunk <= 0 {
		o.Chunk = 100 * time.Millisecond
	}
	if o.ID == "" {
		o.ID = "fake"
	}
	return &S2S{o: o, answer: answer}
}

// Caps implements s2s.Model.
func (m *S2S) Caps() s2s.Caps { return s2s.Caps{ID: m.o.ID, Rate: m.o.Rate, Words: m.o.Marks} }

// Open implements s2s.Model.
func (m *S2S) Open(ctx context.Context, o s2s.Options) (s2s.Session, error) {
	m.mu.Lock()
	n := m.opened
	m.opened++
	m.mu.Unlock()
	if err := wait(ctx, m.o.OpenTakes); err != nil {
		return nil, err
	}
	if n < len(m.o.Opens) && m.o.Opens[n] != nil {
		return nil, m.o.Opens[n]
	}
	s := &s2sSession{m: m, nth: n, life: ctx, set: o.Settings, changed: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.forget {
		m.sessions = append(m.sessions, s)
	}
	return s, nil
}

// S2SRecord is what became of one session.
type S2SRecord struct {
	Settings s2s.Settings
	Items    []s2s.Item    // the history as the model has it
	Commands []s2s.Command // everything that was sent, but for sound
	Heard    time.Duration // sound that was sent
	Closed   bool
}

// Sessions returns what became of each session so far, in the order in which they were opened.
func (m *S2S) Sessions() []S2SRecord {
	m.mu.Lock()
	sessions := slices.Clone(m.sessions)
	m.mu.Unlock()
	out := make([]S2SRecord, len(sessions))
	for i, s := range sessions {
		s.mu.Lock()
		out[i] = S2SRecord{Settings: s.set, Items: slices.Clone(s.items), Commands: slices.Clone(s.commands), Heard: s.heard, Closed: s.closed}
		s.mu.Unlock()
	}
	return out
}

// Opened returns how often Open was called.
func (m *S2S) Opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opened
}

// Drop breaks every session that is open.
func (m *S2S) Drop() {
	m.mu.Lock()
	sessions := slices.Clone(m.sessions)
	m.mu.Unlock()
	for _, s := range sessions {
		s.mu.Lock()
		s.add(s2sDue{at: time.Now(), lost: true})
		s.mu.Unlock()
	}
}

// s2sSession keeps a list of events with the time at which each is due.
type s2sSession struct {
	m    *S2S
	nth  int             // of the model's
	life context.Context // bounds the session

	mu       sync.Mutex // guards what follows
	set      s2s.Settings
	items    []s2s.Item
	sounds   map[string]time.Duration // of spoken items
	commands []s2s.Command
	heard    time.Duration
	pending  time.Duration // of the utterance
	due      []s2sDue
	active   string // response under way
	ids      int
	commits  int
	closed   bool
	changed  chan struct{} // closed and replaced on every change
}

type s2sDue struct {
	at   time.Time
	ev   s2s.Event
	lost bool
}

// SendAudio implements s2s.Session.
func (s *s2sSession) SendAudio(ctx context.Context, f media.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errS2SClosed()
	case f.Channels != 1 || f.Rate != s.m.o.Rate:
		return fault.New(fault.Invalid, "wrong_format", "the fake model takes mono sound at %d Hz, not %d channels at %d Hz", s.m.o.Rate, f.Channels, f.Rate)
	}
	s.heard += f.Duration()
	s.pending += f.Duration()
	return nil
}

func errS2SClosed() error {
	return fault.New(fault.Conflict, "session_closed", "the session is closed")
}

// Send implements s2s.Session.
func (s *s2sSession) Send(ctx context.Context, c s2s.Command) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errS2SClosed()
	}
	if !s.m.forget {
		s.commands = append(s.commands, c)
	}
	switch c := c.(type) {
	case s2s.Update:
		if s.m.o.Refuse != nil {
			if err := s.m.o.Refuse(c.Settings); err != nil {
				s.now(s2s.Event{Kind: s2s.Refused, Command: s2s.Update{}, Err: err})
				return nil
			}
		}
		s.set = c.Settings
		s.now(s2s.Event{Kind: s2s.Updated})
	case s2s.Commit:
		s.commit()
	case s2s.Clear:
		s.pending = 0
	case s2s.Add:
		s.insert(c)
	case s2s.Remove:
		before := len(s.items)
		s.items = slices.DeleteFunc(s.items, func(it s2s.Item) bool { return it.ID == c.ID })
		if len(s.items) == before {
			s.refuse(c, "", "item_delete_invalid_item_id", "there is no item %q", c.ID)
		}
	case s2s.Respond:
		s.respond(c)
	case s2s.Cancel:
		s.cancel(c.Response)
	case s2s.Truncate:
		if have, ok := s.sounds[c.ID]; !ok || c.Heard > have {
			s.refuse(c, "", "invalid_value", "item %q has no sound of %v", c.ID, c.Heard)
		}
	}
	return nil
}

func (s *s2sSession) refuse(c s2s.Command, tag, code, format string, args ...any) {
	s.now(s2s.Event{Kind: s2s.Refused, Tag: tag, Command: c, Err: fault.New(fault.Invalid, code, format, args...)})
}

func (s *s2sSession) id(prefix string) string {
	s.ids++
	if prefix == "call" { // a service gives no such id twice, in whatever connection
		return fmt.Sprintf("call_up%d_%d", s.nth, s.ids)
	}
	return fmt.Sprintf("%s_up%d", prefix, s.ids)
}

// commit makes an item of the utterance, whose words come later.
func (s *s2sSession) commit() {
	s.pending = 0
	it := s2s.Item{ID: s.id("item"), Role: llm.User}
	s.now(s2s.Event{Kind: s2s.Committed, Item: it.ID})
	n := s.utterance()
	ev := s2s.Event{Kind: s2s.Unheard, Item: it.ID, Err: fault.New(fault.Unavailable, "not_transcribed", "the fake model was not told what it hears")}
	if n < len(s.m.o.Heard) {
		it.Text = s.m.o.Heard[n]
		ev = s2s.Event{Kind: s2s.Heard, Item: it.ID, Text: it.Text, Usage: &llm.Usage{Input: 10, AudioInput: 10, Output: 2}}
	}
	s.items = append(s.items, it)
	s.add(s2sDue{at: time.Now().Add(s.m.o.HeardAfter), ev: ev})
}

// utterance returns which entry of Heard was said.
func (s *s2sSession) utterance() int {
	if s.m.forget {
		s.commits++
		return (s.commits - 1) % max(1, len(s.m.o.Heard))
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.commits++
	return s.m.commits - 1
}

func (s *s2sSession) insert(c s2s.Add) {
	at := len(s.items)
	switch c.After {
	case "":
	case s2s.Head:
		at = 0
	default:
		n := slices.IndexFunc(s.items, func(it s2s.Item) bool { return it.ID == c.After })
		if n < 0 {
			s.refuse(c, "", "item_create_invalid_previous_item_id", "there is no item %q", c.After)
			return
		}
		at = n + 1
	}
	if c.Item.ID == "" {
		c.Item.ID = s.id("item")
	}
	s.items = slices.Insert(s.items, at, c.Item)
}

// respond puts a whole answer on the list.
func (s *s2sSession) respond(r s2s.Respond) {
	if s.active != "" {
		s.refuse(s2s.Respond{}, r.Tag, "conversation_already_has_active_response", "answer %s is not over", s.active)
		return
	}
	history := s.items
	if r.Input != nil {
		history = r.Input
	}
	a := S2SAnswer{Answer: Answer{Text: r.Say}}
	if r.Say == "" {
		a = s.m.answer(slices.Clone(history), r)
	}
	text := s.set.Text
	if r.Text != nil {
		text = *r.Text
	}
	s.active = s.id("resp")
	item := s2s.Item{ID: s.id("item"), Role: llm.Assistant, Text: a.Text}
	s.now(s2s.Event{Kind: s2s.Started, Response: s.active, Tag: r.Tag})
	at := time.Now().Add(a.First)
	words := wordsOf(a.Text)
	for n, w := range words {
		if a.Drop < 0 || a.Drop > 0 && n == a.Drop {
			s.add(s2sDue{at: at, lost: true})
			return
		}
		end := w[1]
		if n+1 < len(words) {
			end = words[n+1][0]
		}
		s.add(s2sDue{at: at, ev: s2s.Event{Kind: s2s.Text, Response: s.active, Item: item.ID, Text: a.Text[w[0]:end]}})
		if !text {
			at = s.speak(item.ID, n, a.Text[w[0]:w[1]], at)
		}
	}
	if len(words) > 0 {
		s.items = append(s.items, item)
	}
	if a.Drop < 0 {
		s.add(s2sDue{at: at, lost: true})
		return
	}
	if a.Hang {
		return
	}
	for _, c := range a.Calls {
		if c.ID == "" {
			c.ID = s.id("call")
		}
		if c.Arguments == "" {
			c.Arguments = "{}"
		}
		s.items = append(s.items, s2s.Item{ID: s.id("item"), Role: llm.Assistant, Call: &c})
		s.add(s2sDue{at: at, ev: s2s.Event{Kind: s2s.Call, Response: s.active, Item: s.items[len(s.items)-1].ID, Call: &c}})
	}
	u := a.Usage
	if u == (llm.Usage{}) {
		u = llm.Usage{Input: 20 + len(history), AudioInput: 10, Output: 5 + len(words), AudioOutput: len(words)}
	}
	s.add(s2sDue{at: at, ev: s2s.Event{Kind: s2s.Done, Response: s.active, Stop: a.stop(), Err: a.Err, Usage: &u}})
}

// speak puts the sound of a word on the list, and returns when the next one comes.
func (s *s2sSession) speak(item string, n int, word string, at time.Time) time.Time {
	total := int(float64(s.m.o.Rate) / s.m.o.WordsPerSec)
	if s.sounds == nil {
		s.sounds = map[string]time.Duration{}
	}
	if s.m.o.Marks {
		s.add(s2sDue{at: at, ev: s2s.Event{Kind: s2s.Words, Response: s.active, Item: item, Marks: []tts.Mark{{Kind: tts.Word, At: s.sounds[item], Phoneme: word}}}})
	}
	format := media.Mono(s.m.o.Rate)
	for from := 0; from < total; {
		k := min(format.Samples(s.m.o.Chunk), total-from)
		s.add(s2sDue{at: at, ev: s2s.Event{Kind: s2s.Audio, Response: s.active, Item: item, Frame: media.Frame{Format: format, PCM: tone(n, s.m.o.Rate, total, from, k)}}})
		from += k
		if s.m.o.Speed > 0 {
			at = at.Add(time.Duration(float64(format.Duration(k)) / s.m.o.Speed))
		}
	}
	s.sounds[item] += format.Duration(total)
	return at
}

// cancel ends the answer under way, after what of it has come already.
func (s *s2sSession) cancel(response string) {
	if s.active == "" || response != "" && response != s.active {
		return
	}
	now := time.Now()
	over := func(d s2sDue) bool { return d.ev.Kind == s2s.Done && d.ev.Response == s.active && !d.at.After(now) }
	if slices.ContainsFunc(s.due, over) {
		return // it ended by itself
	}
	said := ""
	s.due = slices.DeleteFunc(s.due, func(d s2sDue) bool {
		mine := d.ev.Response == s.active
		if mine && d.ev.Kind == s2s.Text && !d.at.After(now) {
			said += d.ev.Text
		}
		return mine && d.at.After(now)
	})
	s.now(s2s.Event{Kind: s2s.Done, Response: s.active, Cancelled: true, Stop: llm.StopEnd, Usage: &llm.Usage{Input: 10, Output: len(strings.Fields(said))}})
}

// now lists an event that is due at once.
func (s *s2sSession) now(ev s2s.Event) { s.add(s2sDue{at: time.Now(), ev: ev}) }

// add lists an event in order of time, after those of the same time.
func (s *s2sSession) add(d s2sDue) {
	at := len(s.due)
	for at > 0 && s.due[at-1].at.After(d.at) {
		at--
	}
	s.due = slices.Insert(s.due, at, d)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Close implements s2s.Session.
func (s *s2sSession) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed, s.due = true, nil
		close(s.changed)
		s.changed = make(chan struct{})
	}
	return nil
}

// Recv implements s2s.Session.
func (s *s2sSession) Recv(ctx context.Context) (s2s.Event, error) {
	for {
		s.mu.Lock()
		changed, closed := s.changed, s.closed
		var tick <-chan time.Time
		var timer *time.Timer
		if len(s.due) > 0 && !closed && ctx.Err() == nil && s.life.Err() == nil {
			d := s.due[0]
			switch left := time.Until(d.at); {
			case left > 0:
				timer = time.NewTimer(left)
				tick = timer.C
			case d.lost: // stays at the head: the session is over
				s.mu.Unlock()
				return s2s.Event{}, fault.New(fault.Unavailable, "upstream_lost", "the fake model has hung up")
			default:
				s.due = s.due[1:]
				if d.ev.Kind == s2s.Done {
					s.active = ""
				}
				s.mu.Unlock()
				return d.ev, nil
			}
		}
		s.mu.Unlock()
		if closed {
			return s2s.Event{}, io.EOF
		}
		var err error
		select {
		case <-changed:
		case <-tick:
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.life.Done():
			err = s.life.Err()
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return s2s.Event{}, err
		}
	}
}
