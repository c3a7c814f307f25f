package conversation

import (
	"os"
	"testing"
)

// OnFullDisk makes every journal that is opened from now on lie on a disk without room, until mend is called.
func OnFullDisk(t *testing.T) (mend func()) {
	t.Helper()
	FullDevice(t)
	was := openJournal
	mend = func() { openJournal = was }
	openJournal = func(string) (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	t.Cleanup(mend)
	return mend
}

// FullDevice returns the device on which every write finds no room. Tests only ever open it: one without it is skipped, so that nothing is
// made in its place.
func FullDevice(t *testing.T) string {
	t.Helper()
	const path = "/dev/full"
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		t.Skip("this machine has no device " + path)
	}
	return path
}

// JournalPath is where a conversation's journal lies.
func (s *Service) JournalPath(id string) string { return s.path(id, journalExt) }

// RecordingPath is where a conversation's recording lies until it ends.
func (s *Service) RecordingPath(id string) string { return s.path(id, recordingExt) }

// ReopenJournal lets go of the file that OnFullDisk put in the journal's place.
func (l *Live) ReopenJournal() {
	l.file.mu.Lock()
	defer l.file.mu.Unlock()
	l.file.f.Close()
	l.file.f = nil
}
