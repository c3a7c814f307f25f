package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
)

const (
	// maxLog is how many bytes of events one conversation may have: a day of talk has some 20 MB.
	maxLog = 256 << 20
	// maxReplies bounds the replies that are being heard at the same time; there are two at most, unless something is wrong.
	maxReplies = 8
	// saveLimit bounds the recording of one end, whatever became of the caller's context. A log of 100,000 events takes some 2 s of one
	// processor.
	saveLimit = 2 * time.Minute
)

// Live is the record of a conversation that goes on. It is safe for concurrent use.
type Live struct {
	s        *Service
	sum      Summary
	recorder *Recorder // nil when no sound is kept

	mu      sync.Mutex
	lines   [][]byte    // the events as JSON: all of them, whatever becomes of the journal
	size    int         // of lines, bytes
	replies []*progress // being heard now
	fresh   bool        // replies changed since the journal was written
	dirty   bool        // there is something for the journal
	fault   error       // why the journal is not being kept; nil when it is
	ended   *ending
	floor   event.Floor
	delays  []time.Duration // of the turns so far

	end sync.Mutex // held by End

	file journalFile
	save sync.Mutex // held while the end is recorded
	told bool       // that it could not be; guarded by save
	ear  ear        // guarded by save
}

// ending is how a conversation ended.
type ending struct {
	Reason  string         `json:"reason"`
	Status  Status         `json:"status"`
	At      time.Time      `json:"at"`
	Notices []event.Notice `json:"notices,omitempty"`
}

// progress is how much of a reply was said and heard. It is journalled at every flush, so that a crash in the middle of a reply loses no
// word that was heard.
type progress struct {
	Response string       `json:"response"`
	Item     string       `json:"item"`
	Said     string       `json:"said"`
	Bytes    int          `json:"text_bytes"` // of Said, heard
	Upto     event.Millis `json:"upto_ms"`
	At       time.Time    `json:"at"`
}

// ID returns the conversation's id, which is its events' session too.
func (l *Live) ID() string { return l.sum.ID }

// StartedAt returns when the conversation began, which is where its recording begins.
func (l *Live) StartedAt() time.Time { return l.sum.StartedAt }

// Recorder returns what takes the sound. It is nil when no sound is kept; a nil Recorder can be used, and does nothing.
func (l *Live) Recorder() *Recorder { return l.recorder }

// Append keeps events. It never waits for the disk: the service's writer has them in the journal at most 200 ms later, and their copy in
// memory makes the record complete whatever becomes of the journal. Ephemeral events are not kept. An error means that the journal
// is not being kept just now (fault.Unavailable, "disk_full"), that an event could not be encoded, or that the conversation has ended or
// has too long a log; all but the events that the error is about are kept.
func (l *Live) Append(_ context.Context, evs ...event.Event) error {
	var errs []error
	l.mu.Lock()
	for _, e := range evs {
		if err := l.take(e); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 && l.fault != nil {
		errs = append(errs, l.fault)
	}
	wake := l.dirty
	l.mu.Unlock()
	if wake {
		l.s.wakeWriter()
	}
	return errors.Join(errs...)
}

// take keeps one event. l.mu is held.
func (l *Live) take(e event.Event) error {
	if e.Body == nil {
		return fault.New(fault.Invalid, "bad_event", "Event %d has no body.", e.Seq)
	}
	if l.ended != nil {
		return fault.New(fault.Conflict, "conversation_ended", "The conversation has ended: %s came too late.", e.Body.EventType())
	}
	if e.Tenant == "" {
		e.Tenant = l.sum.Tenant
	}
	if e.Session == "" {
		e.Session = l.sum.ID
	}
	switch v := e.Body.(type) {
	case event.TextDelta:
		p := l.progress(v.Response, v.Item, e.At)
		p.Said += v.Text
		l.fresh, l.dirty = true, true
	case event.Heard:
		p := l.progress(v.Response, v.Item, e.At)
		if p.Bytes != v.TextBytes { // words count, not milliseconds
			l.fresh, l.dirty = true, true
		}
		p.Bytes, p.Upto = v.TextBytes, v.Upto
	case event.FloorChanged:
		l.floor = v.Floor
	case event.TurnTimed:
		if d := Latency(v); d > 0 {
			l.delays = append(l.delays, d)
		}
	case event.AgentSaid:
		l.replies = slices.DeleteFunc(l.replies, func(p *progress) bool { return p.Response == v.Response })
	}
	if _, ok := e.Body.(event.Ephemeral); ok {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_event", "Event %d (%s) cannot be written down", e.Seq, e.Body.EventType())
	}
	if l.size+len(line) > maxLog {
		return fault.New(fault.Limited, "log_full", "The conversation's log is full (%d MB).", maxLog>>20)
	}
	l.size += len(line)
	l.lines = append(l.lines, line)
	l.dirty = true
	return nil
}

func (l *Live) progress(response, item string, at time.Time) *progress {
	for _, p := range l.replies {
		if p.Response == response {
			p.At = at
			return p
		}
	}
	if len(l.replies) == maxReplies {
		l.replies = slices.Delete(l.replies, 0, 1)
	}
	p := &progress{Response: response, Item: item, At: at}
	l.replies = append(l.replies, p)
	return p
}

// End closes the record: summary, events and recording, in the second of the conversation's two writes to the database. reason is one of
// event.SessionEnded's, empty for the one in the log; err is the fault that ended the conversation, nil when none did. It waits until all is
// written, at most 2 minutes and whatever ctx says. When it fails nothing is lost: the service tries again while it runs, and at the
// next start. Further calls do nothing.
func (l *Live) End(ctx context.Context, reason string, err error) error {
	l.end.Lock()
	defer l.end.Unlock()
	if l.isEnded() {
		return nil
	}
	l.recorder.stop()
	e := &ending{Reason: reason, Status: Ended, At: time.Now().UTC(), Notices: l.recorder.notices()}
	if err != nil {
		e.Status = Failed
		code := fault.CodeOf(err)
		if code == "" {
			code = "failed"
		}
		e.Notices = append(e.Notices, event.Notice{Code: code, Message: err.Error()})
	}
	l.mu.Lock()
	l.ended, l.dirty = e, true
	l.mu.Unlock()
	l.s.wakeWriter()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	return l.s.save(ctx, l)
}

func (l *Live) isEnded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended != nil
}

// events decodes what was kept; with the end, when there is one, they are complete.
func (l *Live) events() ([]event.Event, *ending) {
	l.mu.Lock()
	lines := l.lines // only ever appended to
	end := l.ended
	var heard []progress
	for _, p := range l.replies {
		heard = append(heard, *p)
	}
	l.mu.Unlock()
	evs := make([]event.Event, 0, len(lines)+2)
	for _, line := range lines {
		var e event.Event
		if err := json.Unmarshal(line, &e); err == nil { // we wrote it ourselves, so it is
			evs = append(evs, e)
		}
	}
	if end == nil {
		return evs, nil
	}
	return complete(l.sum, evs, heard, *end), end
}

// now returns who has the floor, and the median of the turns' delays so far.
func (l *Live) now() (event.Floor, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.floor, median(slices.Clone(l.delays))
}

// record is what is known of the conversation now.
func (l *Live) record() Record {
	evs, end := l.events()
	return recordOf(l.sum, evs, end)
}

// recordOf is a record with the ending's word on how it ended; end is nil while the conversation lasts.
func recordOf(sum Summary, evs []event.Event, end *ending) Record {
	if end == nil {
		r := Summarise(sum, evs)
		r.Status, r.EndReason, r.EndedAt, r.Duration = Active, "", time.Time{}, 0
		return r
	}
	r := Summarise(sum, evs)
	for _, n := range end.Notices {
		same := func(o event.Notice) bool { return o.Code == n.Code && o.Message == n.Message }
		if !slices.ContainsFunc(r.Notices, same) {
			r.Notices = append(r.Notices, n)
		}
	}
	if end.Reason != "" {
		r.EndReason = end.Reason
	}
	r.Status = Ended
	if end.Status == Failed || r.EndReason == "failed" {
		r.Status = Failed
	}
	return r
}

// complete adds what a log lacks that did not come to its proper end: what was heard of the replies under way, and the end.
func complete(sum Summary, evs []event.Event, heard []progress, end ending) []event.Event {
	var seq uint64
	closed := false
	settled := map[string]bool{}
	for _, e := range evs {
		seq = max(seq, e.Seq)
		switch v := e.Body.(type) {
		case event.AgentSaid:
			settled[v.Response] = true
		case event.SessionEnded:
			closed = true
		}
	}
	add := func(at time.Time, b event.Body) {
		seq++
		evs = append(evs, event.Event{Tenant: sum.Tenant, Session: sum.ID, Seq: seq, At: at, Body: b})
	}
	for _, p := range heard {
		if settled[p.Response] || p.Said == "" {
			continue
		}
		add(p.At, event.AgentSaid{Response: p.Response, Item: p.Item, Said: p.Said, Text: p.heard(), Upto: p.Upto, Total: p.Upto, Cut: p.Bytes < len(p.Said)})
	}
	if !closed {
		reason := end.Reason
		if reason == "" {
			reason = "failed"
			if end.Status == Ended {
				reason = "caller_left"
			}
		}
		add(end.At, event.SessionEnded{Reason: reason})
	}
	return evs
}

// heard is the text that was heard, whole characters only.
func (p progress) heard() string {
	return strings.ToValidUTF8(p.Said[:min(max(0, p.Bytes), len(p.Said))], "")
}

// save records a conversation's end and then forgets it. What fails is tried again, by the writer and at the next start.
func (s *Service) save(ctx context.Context, l *Live) error {
	l.save.Lock()
	defer l.save.Unlock()
	s.mu.Lock()
	done := s.live[l.ID()] != l
	s.mu.Unlock()
	if done {
		return nil
	}
	evs, end := l.events()
	err := s.close(ctx, l.sum, evs, end, &l.ear)
	if err != nil {
		if !l.told {
			l.told = true
			s.log.WarnContext(ctx, "end of conversation not recorded, will be tried again", "tenant", l.sum.Tenant, "conversation", l.ID(), "error", err)
		}
		select {
		case s.unsaved <- struct{}{}:
		default: // it knows already
		}
		return fmt.Errorf("record the end of conversation %s: %w", l.ID(), err)
	}
	// First the list, so that the writer does not make the journal anew.
	s.mu.Lock()
	delete(s.live, l.ID())
	s.changed()
	s.mu.Unlock()
	l.file.remove(s.path(l.ID(), journalExt))
	return nil
}

// close writes a record with its recording to where they stay, and removes the recording's working file. A recording that cannot be kept
// does not keep the rest from being recorded, but is an error; one that cannot be measured is not.
func (s *Service) close(ctx context.Context, sum Summary, evs []event.Event, end *ending, ear *ear) error {
	r := recordOf(sum, evs, end)
	wav := s.path(sum.ID, recordingExt)
	info, peaks, werr := s.keepRecording(ctx, sum, wav)
	if werr == nil {
		r.Recording, r.Peaks = info, peaks
		r.Ear = s.measure(ctx, sum, info, evs, ear)
	}
	// A crash in a silence: the sound tells how long the conversation went on.
	if upto := r.StartedAt.Add(info.Duration).Truncate(time.Millisecond); end.Reason == "recovered" && upto.After(r.EndedAt) {
		r.EndedAt, r.Duration = upto, upto.Sub(r.StartedAt)
	}
	if err := s.store.CloseConversation(ctx, r, evs); err != nil {
		return errors.Join(err, werr)
	}
	if werr != nil {
		return werr
	}
	if err := os.Remove(wav); err != nil && !errors.Is(err, os.ErrNotExist) {
		return diskFault(err, "remove "+wav)
	}
	return nil
}
