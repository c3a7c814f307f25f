package conversation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"griot/internal/event"
)

// Recover records the ends of the conversations that were going on when the process died, from their journals: every word that was heard,
// every result of a tool, and the recording. It returns how many there were. What cannot be recovered is an error, logged and left where it
// is; the rest is recovered all the same. Files in the journals' folder that are no journals stay and do no harm; a journal in which nothing
// can be read gets ".bad" added to its name.
func (s *Service) Recover(ctx context.Context) (int, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, diskFault(err, "read the journals' folder "+s.dir)
	}
	var (
		n    int
		errs []error
	)
	until := time.Now().Add(recoverEarLimit)
	note := func(id string, recovered bool, err error) {
		if err != nil {
			s.log.ErrorContext(ctx, "conversation not recovered", "conversation", id, "error", err)
			errs = append(errs, fmt.Errorf("recover conversation %s: %w", id, err))
		} else if recovered {
			n++
		}
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), journalExt)
		if !ok || !e.Type().IsRegular() || uuid.Validate(id) != nil || s.isLive(id) {
			continue
		}
		recovered, err := s.recoverJournal(ctx, id, until)
		note(id, recovered, err)
	}
	// What died before its journal was begun has a row only, and at most a recording.
	rows, err := s.store.UnfinishedConversations(ctx, s.node)
	if err != nil {
		return n, errors.Join(append(errs, fmt.Errorf("find unfinished conversations: %w", err))...)
	}
	for _, sum := range rows {
		if _, err := os.Stat(s.path(sum.ID, journalExt)); err == nil || s.isLive(sum.ID) {
			continue
		}
		note(sum.ID, true, s.recoverFrom(ctx, sum, Journal{}, until))
	}
	return n, errors.Join(errs...)
}

func (s *Service) isLive(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id] != nil
}

func (s *Service) recoverJournal(ctx context.Context, id string, until time.Time) (bool, error) {
	path := s.path(id, journalExt)
	f, err := os.Open(path)
	if err != nil {
		return false, diskFault(err, "read the journal")
	}
	j, err := ReadJournal(f)
	f.Close()
	if err != nil {
		return false, diskFault(err, "read the journal")
	}
	sum := j.Start
	if sum.ID != id && len(j.Events) > 0 { // its first line is lost
		e := j.Events[0]
		sum = Summary{Tenant: e.Tenant, ID: id, StartedAt: e.At.UTC().Truncate(time.Millisecond)}
		if r, err := s.store.Conversation(ctx, e.Tenant, id); err == nil {
			sum = r.Summary
		}
	}
	if sum.ID != id {
		s.log.WarnContext(ctx, "nothing can be read in a journal", "file", path)
		if err := os.Rename(path, path+".bad"); err != nil {
			return false, diskFault(err, "put the journal aside")
		}
		return false, nil
	}
	if j.Skipped > 0 {
		s.log.WarnContext(ctx, "lines of a journal could not be read", "conversation", id, "lines", j.Skipped)
	}
	known, err := s.store.Conversation(ctx, sum.Tenant, id)
	recorded := err == nil && known.Status != Active
	if recorded && j.ended == nil {
		evs, err := s.store.ConversationEvents(ctx, sum.Tenant, id)
		if err != nil {
			return false, err
		}
		recorded = !resumed(j.Events, evs)
	}
	if recorded && j.ended == nil {
		// The process died after the record was written and before the journal was removed. The record knows more than the journal.
		err = s.recoverFiles(ctx, known, until)
	} else {
		sum.Node, sum.Status = s.node, Active
		err = s.recoverFrom(ctx, sum, j, until)
	}
	if err != nil {
		return false, err
	}
	if err := os.Remove(path); err != nil {
		return true, diskFault(err, "remove the journal")
	}
	return !recorded, nil
}

// recoverFiles completes a record whose recording may not have been kept.
func (s *Service) recoverFiles(ctx context.Context, r Record, until time.Time) error {
	evs, err := s.store.ConversationEvents(ctx, r.Tenant, r.ID)
	if err != nil {
		return err
	}
	return s.close(ctx, r.Summary, evs, &ending{Reason: r.EndReason, Status: r.Status, At: r.EndedAt, Notices: r.Notices},
		&ear{until: until, done: r.Ear != nil, report: r.Ear})
}

// recoverFrom records an end as its journal tells it: as the end that could not be recorded in time, or as of the last sign of life.
func (s *Service) recoverFrom(ctx context.Context, sum Summary, j Journal, until time.Time) error {
	end := j.ended
	if end == nil {
		end = &ending{Reason: "recovered", Status: Ended, At: lastSign(sum, j)}
	}
	evs := complete(sum, j.Events, j.heard, *end)
	if err := s.close(ctx, sum, evs, end, &ear{until: until}); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "conversation recovered", "tenant", sum.Tenant, "conversation", sum.ID, "events", len(evs), "torn", j.Torn)
	return nil
}

func lastSign(sum Summary, j Journal) time.Time {
	at := sum.StartedAt
	see := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	for _, e := range j.Events {
		see(e.At)
	}
	for _, p := range j.heard {
		see(p.At)
	}
	return at
}

var _ event.Appender = (*Live)(nil)
