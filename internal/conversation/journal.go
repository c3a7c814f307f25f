package conversation

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"griot/internal/event"
	"griot/internal/fault"
)

// A journal is a file of lines, each one JSON object: first {"journal":1,…} with what is known as the conversation begins, then events as
// event.Event writes them, and among them {"progress":…}, how much of the replies under way was heard, of which the last
// counts, and {"ended":…}. A line without its end was being written when the process died.

const (
	// batchTime is how long events wait for others, to share one write. With the write itself they are late by 200 ms at most on a
	// disk that takes less than half of that.
	batchTime = 100 * time.Millisecond
	// retryTime is how long the writer waits after a failure.
	retryTime = 2 * time.Second
	// parallel is how many journals are written at the same time: most of it is waiting for the disk.
	parallel = 8
)

type journalHead struct {
	Journal int     `json:"journal"` // version of the format
	Start   Summary `json:"start"`
}

type journalProgress struct {
	Progress []progress `json:"progress"`
}

type journalEnd struct {
	Ended *ending `json:"ended"`
}

// wakeWriter tells the writer that there is something to write. It never waits.
func (s *Service) wakeWriter() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// writeJournals is the writer: the one goroutine that starts journal writes. When ctx is done it writes once more what there is.
func (s *Service) writeJournals(ctx context.Context) {
	defer s.tasks.Done()
	retry := time.NewTimer(retryTime)
	retry.Stop()
	for {
		select {
		case <-s.wake:
			batch := time.NewTimer(batchTime)
			select {
			case <-batch.C:
			case <-ctx.Done():
				batch.Stop()
			}
		case <-retry.C:
		case <-ctx.Done():
		}
		last := ctx.Err() != nil // looked at before: what comes while a flush goes on is for the next one
		if failed := s.flush(); last {
			return
		} else if failed {
			retry.Reset(retryTime)
		}
	}
}

// flush writes to every journal what it lacks and tells whether one failed.
func (s *Service) flush() (failed bool) {
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, l := range s.lives() {
		if l.wantsJournal() {
			g.Go(func() error { return l.flush() })
		}
	}
	return g.Wait() != nil
}

// saveAgain tries to record the ends that could not be recorded, until it can or ctx is done.
func (s *Service) saveAgain(ctx context.Context) {
	defer s.tasks.Done()
	for {
		select {
		case <-s.unsaved:
		case <-ctx.Done():
			return
		}
		pause := time.NewTimer(retryTime)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
		for _, l := range s.lives() {
			if l.isEnded() {
				limited, cancel := context.WithTimeout(ctx, saveLimit)
				_ = s.save(limited, l) // it has logged, and asks for another attempt
				cancel()
			}
		}
	}
}

func (l *Live) wantsJournal() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dirty
}

// flush writes to the journal what it lacks. Only the writer calls it.
func (l *Live) flush() error {
	l.mu.Lock()
	lines := l.lines
	var heard []progress
	if l.fresh {
		for _, p := range l.replies {
			heard = append(heard, *p)
		}
	}
	l.fresh, l.dirty = false, false
	end := l.ended
	l.mu.Unlock()

	err := l.file.write(l.s.path(l.ID(), journalExt), l.sum, lines, heard, end)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.fresh, l.dirty = l.fresh || len(heard) > 0, true
		if l.fault == nil {
			l.s.log.Warn("journal not kept", "tenant", l.sum.Tenant, "conversation", l.ID(), "error", err)
		}
	}
	l.fault = err
	return err
}

func (l *Live) closeFiles() {
	l.recorder.stop()
	l.file.close()
}

// journalFile is a journal being written.
type journalFile struct {
	mu      sync.Mutex
	f       *os.File
	good    int64 // bytes that are written whole
	lines   int   // events among them
	ended   bool
	removed bool
}

// write appends what the file lacks and makes it durable. After an error the next call begins where the file was whole.
func (j *journalFile) write(path string, sum Summary, lines [][]byte, heard []progress, end *ending) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.removed {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends every value with a new line
	if j.f == nil {
		f, err := openJournal(path)
		if err != nil {
			return diskFault(err, "open the journal")
		}
		j.f = f
		if err := syncDir(path); err != nil {
			return diskFault(err, "open the journal")
		}
	}
	if j.good == 0 {
		if err := enc.Encode(journalHead{1, sum}); err != nil {
			return fmt.Errorf("encode the journal's head: %w", err)
		}
	}
	for _, line := range lines[j.lines:] {
		b.Write(line)
		b.WriteByte('\n')
	}
	if len(heard) > 0 {
		if err := enc.Encode(journalProgress{heard}); err != nil {
			return fmt.Errorf("encode progress: %w", err)
		}
	}
	if end != nil && !j.ended {
		if err := enc.Encode(journalEnd{end}); err != nil {
			return fmt.Errorf("encode the end: %w", err)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	n, err := j.f.WriteAt(b.Bytes(), j.good)
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		_ = j.f.Truncate(j.good) // else the next write covers it
		return diskFault(err, "write the journal")
	}
	j.good += int64(n)
	j.lines, j.ended = len(lines), end != nil
	return nil
}

// openJournal is replaced by tests that need a disk that fails.
var openJournal = func(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (j *journalFile) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.removed = true // to the writer
	if j.f != nil {
		j.f.Close()
	}
}

// remove takes the journal at path away: everything in it is recorded. Should that fail, Recover records it again.
func (j *journalFile) remove(path string) {
	j.close()
	if j.f != nil {
		os.Remove(path)
	}
}

// Journal is what a journal file holds.
type Journal struct {
	Start   Summary // zero when its line is lost
	Events  []event.Event
	Skipped int  // lines that could not be read
	Torn    bool // the last line has no end

	heard []progress
	ended *ending
}

// ReadJournal reads a journal as far as it can be read. Only an error of r is one.
func ReadJournal(r io.Reader) (Journal, error) {
	var j Journal
	br := bufio.NewReader(io.LimitReader(r, 2*maxLog))
	for {
		line, err := br.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return j, fmt.Errorf("read the journal: %w", err)
		}
		if len(line) > 0 && line[len(line)-1] != '\n' {
			j.Torn = true
			return j, nil
		}
		if len(line) > 0 && !j.take(line) {
			j.Skipped++
		}
		if err != nil {
			return j, nil
		}
	}
}

func (j *Journal) take(line []byte) bool {
	switch {
	case bytes.HasPrefix(line, []byte(`{"journal":`)):
		var h journalHead
		if json.Unmarshal(line, &h) != nil || h.Journal != 1 {
			return false
		}
		j.Start = h.Start
	case bytes.HasPrefix(line, []byte(`{"progress":`)):
		var p journalProgress
		if json.Unmarshal(line, &p) != nil {
			return false
		}
		j.merge(p.Progress)
	case bytes.HasPrefix(line, []byte(`{"ended":`)):
		var e journalEnd
		if json.Unmarshal(line, &e) != nil {
			return false
		}
		j.ended = e.Ended
	default:
		var e event.Event
		if json.Unmarshal(line, &e) != nil {
			return false
		}
		j.Events = append(j.Events, e)
	}
	return true
}

// merge keeps the latest progress of every reply; complete leaves out those that were settled.
func (j *Journal) merge(ps []progress) {
next:
	for _, p := range ps {
		for i := range j.heard {
			if j.heard[i].Response == p.Response {
				j.heard[i] = p
				continue next
			}
		}
		j.heard = append(j.heard, p)
	}
}

// diskFault gives a file system's error its kind.
func diskFault(err error, doing string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(err, fault.Unavailable, "disk_full", "The disk is full: could not %s", doing)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Denied, "data_read_only", "The data folder cannot be written to: could not %s", doing)
	}
	return fault.Wrap(err, fault.Unavailable, "disk_error", "Could not %s", doing)
}

// syncDir makes a file's name durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
