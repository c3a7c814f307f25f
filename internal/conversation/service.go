package conversation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"griot/internal/blob"
	"griot/internal/event"
	"griot/internal/fault"
)

// Options of a Service. Store, Blobs and Dir are needed.
type Options struct {
	Store Store
	Blobs blob.Store
	// Dir is the data folder; journals and unfinished recordings lie in its folder "journal". No two processes may share it.
	Dir string
	// Node names this installation in a database that several share. Empty means a name of its own that is kept in Dir.
	Node string
	// Log is where faults go that no caller sees. Nil means slog.Default().
	Log *slog.Logger
}

// Service records conversations and gives the records back. It is safe for concurrent use. Two goroutines are its own:
// one writes the journals, one records the ends that could not be recorded at once.
type Service struct {
	store Store
	blobs blob.Store
	dir   string // the journals' folder
	node  string
	log   *slog.Logger

	wake    chan struct{} // of one place: full means that the writer has been told
	unsaved chan struct{} // of one place: an end could not be recorded
	stop    context.CancelFunc
	ears    chan struct{}  // as many places as recordings may be measured at the same time
	tasks   sync.WaitGroup // the writer, and what records ends that could not be recorded at once

	mu     sync.Mutex
	live   map[string]*Live // by id; those whose end could not be recorded yet are among them
	closed bool

	watchers map[chan struct{}]struct{}
}

// NewService makes the journals' folder and starts the writer. Call Recover before the first Begin, and Close at the end.
func NewService(o Options) (*Service, error) {
	s := &Service{
		store: o.Store, blobs: o.Blobs, dir: filepath.Join(o.Dir, "journal"), node: o.Node, log: o.Log,
		wake: make(chan struct{}, 1), unsaved: make(chan struct{}, 1), live: map[string]*Live{}, watchers: map[chan struct{}]struct{}{},
		ears: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/4)), // the calls that go on come first
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, diskFault(err, "make the journals' folder "+s.dir)
	}
	if s.node == "" {
		var err error
		if s.node, err = nodeName(filepath.Join(o.Dir, "node")); err != nil {
			return nil, err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.tasks.Add(2)
	go s.writeJournals(ctx)
	go s.saveAgain(ctx)
	return s, nil
}

// nodeName reads the installation's name, or makes one and keeps it.
func nodeName(path string) (string, error) {
	if b, err := os.ReadFile(path); err == nil {
		if name := strings.TrimSpace(string(b)); name != "" {
			return name, nil
		}
	}
	name := uuid.NewString()
	if err := os.WriteFile(path, []byte(name+"\n"), 0o600); err != nil {
		return "", diskFault(err, "write "+path)
	}
	return name, nil
}

// Node names this installation.
func (s *Service) Node() string { return s.node }

// Close writes what the journals still lack and stops the writer. Conversations that have not ended by then are found by the next start's
// Recover. It tries once more to record ends that could not be recorded; the error tells of the first that still cannot.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.tasks.Wait()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.tasks.Wait()
	var errs []error
	for _, l := range s.lives() {
		if l.isEnded() {
			if err := s.save(ctx, l); err != nil {
				errs = append(errs, err)
			}
		}
		l.closeFiles()
	}
	return errors.Join(errs...)
}

func (s *Service) lives() []*Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Live, 0, len(s.live))
	for _, l := range s.live {
		out = append(out, l)
	}
	return out
}

// liveOf returns a tenant's conversation that is not recorded yet, nil when there is none.
func (s *Service) liveOf(tenant, id string) *Live {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[id]; l != nil && l.sum.Tenant == tenant {
		return l
	}
	return nil
}

// Start describes a conversation that begins.
type Start struct {
	Tenant       string
	Agent        string // reference
	AgentName    string
	AgentVersion int
	Lang         string // BCP 47
	Channel      string // "realtime", "talk", …
	Remote       string // who is at the far end, as far as known
	NoRecording  bool   // keep no sound
}

// Begin opens a conversation's record: the first of its two writes to the database. A database that cannot take it is an error, and the
// conversation should not begin.
func (s *Service) Begin(ctx context.Context, st Start) (*Live, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make the conversation's id: %w", err)
	}
	l := &Live{s: s, dirty: true, sum: Summary{
		Tenant: st.Tenant, ID: id.String(), Agent: st.Agent, AgentName: st.AgentName, AgentVersion: st.AgentVersion, Lang: st.Lang,
		Channel: st.Channel, Remote: st.Remote, Node: s.node, Status: Active, StartedAt: time.Now().UTC().Truncate(time.Millisecond),
	}}
	if err := s.store.CreateConversation(ctx, l.sum); err != nil {
		return nil, fmt.Errorf("begin a conversation: %w", err)
	}
	if !st.NoRecording {
		l.recorder = newRecorder(s.path(l.ID(), recordingExt))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.recorder.stop()
		return nil, fault.New(fault.Unavailable, "shutting_down", "The server is shutting down.")
	}
	s.live[l.ID()] = l
	s.wakeWriter()
	s.changed()
	return l, nil
}

// The files of an unfinished conversation.
const (
	journalExt   = ".jsonl"
	recordingExt = ".wav"
)

func (s *Service) path(id, ext string) string { return filepath.Join(s.dir, id+ext) }

// defaultLimit is a page's length when the query does not say.
const defaultLimit = 25

// List returns one page of a tenant's conversations.
func (s *Service) List(ctx context.Context, tenant string, q Query) (Page, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	return s.page(ctx, tenant, q, min(q.Limit, 100))
}

func (s *Service) page(ctx context.Context, tenant string, q Query, limit int) (Page, error) {
	f := Filter{Choice: q.Choice, Sort: q.Sort, Up: q.Up, Limit: limit + 1} // one more tells whether there is a next page
	if f.Sort == "" {
		f.Sort = SortStarted
	}
	if q.Cursor != "" {
		p, err := decodeCursor(f.Sort, q.Cursor)
		if err != nil {
			return Page{}, err
		}
		f.After = &p
	}
	items, total, err := s.store.ListConversations(ctx, tenant, f)
	if err != nil {
		return Page{}, fmt.Errorf("list conversations: %w", err)
	}
	p := Page{Items: items, Total: total}
	if len(items) > limit {
		p.Items = items[:limit]
		p.Next = encodeCursor(f.Sort, p.Items[limit-1].PositionOf(f.Sort))
	}
	for i := range p.Items {
		s.soFar(&p.Items[i])
	}
	return p, nil
}

// Each calls f with every conversation that q selects, in its order and whatever its limit, until f fails. What begins or ends meanwhile may
// be missed or be there twice.
func (s *Service) Each(ctx context.Context, tenant string, q Query, f func(Summary) error) error {
	for {
		p, err := s.page(ctx, tenant, q, 500)
		if err != nil {
			return err
		}
		for _, sum := range p.Items {
			if err := f(sum); err != nil {
				return err
			}
		}
		if p.Next == "" {
			return nil
		}
		q.Cursor = p.Next
	}
}

// soFar brings a conversation's row up to date. Turns and first words are not counted before the end: that takes reading the whole log.
func (s *Service) soFar(sum *Summary) {
	if sum.Status != Active {
		return
	}
	if l := s.liveOf(sum.Tenant, sum.ID); l != nil && l.isEnded() {
		*sum = l.record().Summary // its end is being written
	}
	if l := s.liveOf(sum.Tenant, sum.ID); l != nil && sum.Status == Active {
		sum.Floor, sum.LatencyP50 = l.now()
	}
	if sum.Status == Active {
		sum.Duration = max(0, time.Since(sum.StartedAt)).Truncate(time.Millisecond)
	}
}

func encodeCursor(by Sort, p Position) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %s", by, p.Key, p.ID))
}

func decodeCursor(by Sort, c string) (Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	order, rest, _ := strings.Cut(string(b), " ")
	key, id, ok := strings.Cut(rest, " ")
	n, perr := strconv.ParseInt(key, 10, 64)
	if err != nil || perr != nil || !ok || order != string(by) {
		return Position{}, fault.New(fault.Invalid, "bad_cursor", "The cursor is none that this server gave out for this order. Begin with the first page.").At("query.cursor")
	}
	return Position{Key: n, ID: id}, nil
}

// Get returns a conversation's record; of one that still lasts, what there is so far.
func (s *Service) Get(ctx context.Context, tenant, id string) (Record, error) {
	if l := s.liveOf(tenant, id); l != nil {
		r := l.record()
		r.Recording.Pending = r.Status != Active && l.recorder != nil
		s.soFar(&r.Summary)
		return r, nil
	}
	r, err := s.store.Conversation(ctx, tenant, id)
	if err != nil {
		return Record{}, fmt.Errorf("get conversation %s: %w", id, err)
	}
	s.soFar(&r.Summary)
	return r, nil
}

// Events returns a conversation's kept events in order; of one that lasts on this node, those so far.
func (s *Service) Events(ctx context.Context, tenant, id string) ([]event.Event, error) {
	if l := s.liveOf(tenant, id); l != nil {
		evs, _ := l.events()
		return evs, nil
	}
	evs, err := s.store.ConversationEvents(ctx, tenant, id)
	if err != nil {
		return nil, fmt.Errorf("events of conversation %s: %w", id, err)
	}
	return evs, nil
}

// LiveEvents returns how many events a conversation that lasts on this node has so far; 0 of any other.
func (s *Service) LiveEvents(tenant, id string) int {
	l := s.liveOf(tenant, id)
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// Recording opens a conversation's recording, which is there once the conversation has ended. Without one it is fault.NotFound with the code
// "no_recording".
func (s *Service) Recording(ctx context.Context, tenant, id string) (Recording, error) {
	r, err := s.store.Conversation(ctx, tenant, id)
	if err != nil {
		return Recording{}, fmt.Errorf("recording of conversation %s: %w", id, err)
	}
	if r.Recording.Key == "" {
		return Recording{}, noRecording(id)
	}
	f, size, err := s.blobs.Open(ctx, r.Recording.Key)
	if fault.KindOf(err) == fault.NotFound {
		s.log.WarnContext(ctx, "recording is gone", "conversation", id, "error", err)
		return Recording{}, noRecording(id)
	}
	if err != nil {
		return Recording{}, fmt.Errorf("recording of conversation %s: %w", id, err)
	}
	return Recording{ReadSeekCloser: f, Size: size, ModTime: r.EndedAt}, nil
}

func noRecording(id string) error {
	f := fault.New(fault.NotFound, "no_recording", "Conversation %q has no recording.", id)
	f.Params = map[string]string{"id": id}
	return f
}

// Peaks returns the shape of a conversation's recording in at most buckets values per channel, 1…PeakBuckets.
func (s *Service) Peaks(ctx context.Context, tenant, id string, buckets int) (Peaks, error) {
	r, err := s.store.Conversation(ctx, tenant, id)
	if err != nil {
		return Peaks{}, fmt.Errorf("peaks of conversation %s: %w", id, err)
	}
	if r.Recording.Key == "" {
		return Peaks{}, noRecording(id)
	}
	return r.Peaks.reduce(buckets), nil
}

// Files is how the keys of the files begin that were shown in a conversation. They are removed with it.
func Files(tenant, id string) string { return tenant + "/shown/" + id + "/" }

// Delete removes a conversation, its events, its recording and the files that were shown in it. One that still lasts is fault.Conflict; the record of one that has
// just ended is waited for.
func (s *Service) Delete(ctx context.Context, tenant, id string) error {
	if l := s.liveOf(tenant, id); l != nil && l.isEnded() {
		if err := s.save(ctx, l); err != nil { // waits for the attempt that is under way
			return fmt.Errorf("delete conversation %s: %w", id, err)
		}
	}
	r, err := s.store.Conversation(ctx, tenant, id)
	if err != nil {
		return fmt.Errorf("delete conversation %s: %w", id, err)
	}
	if r.Status == Active || s.liveOf(tenant, id) != nil {
		return fault.New(fault.Conflict, "conversation_active", "The conversation has not ended. End it first.")
	}
	// The file first: a row without a file can be deleted again, a file without a row would stay.
	if r.Recording.Key != "" {
		if err := s.blobs.Delete(ctx, r.Recording.Key); err != nil {
			return fmt.Errorf("delete the recording of conversation %s: %w", id, err)
		}
	}
	for f, err := range s.blobs.List(ctx, Files(tenant, id)) {
		if err == nil {
			err = s.blobs.Delete(ctx, f.Key)
		}
		if err != nil {
			return fmt.Errorf("delete what was shown in conversation %s: %w", id, err)
		}
	}
	if err := s.store.DeleteConversation(ctx, tenant, id); err != nil {
		return fmt.Errorf("delete conversation %s: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed()
	return nil
}

// Watch returns a channel that receives when a conversation has begun, ended or was deleted on this node, whoever's it is. Several changes
// may be one receipt. Call stop at the end.
func (s *Service) Watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1) // of one place: full means that there is something to look at
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, c)
	}
}

// changed tells the watchers. s.mu is held.
func (s *Service) changed() {
	for c := range s.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
