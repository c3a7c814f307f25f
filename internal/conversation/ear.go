package conversation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/media"
)

const (
	// earLimit bounds the measurement of one recording, waiting for its turn included. An hour takes some 2 s of one processor.
	earLimit = 30 * time.Second
	// recoverEarLimit bounds the measurements of all recordings that a start recovers: it must not keep the next calls waiting.
	recoverEarLimit = 10 * time.Second
	// earStep is how much of a recording is in memory at a time: a second, or two of a telephone call.
	earStep = 2 * 2 * recordingRate
)

// ear is what was heard of a conversation. It is kept over the attempts to record an end: none of them changes the recording.
type ear struct {
	until  time.Time // when measuring must be over; zero means earLimit from its beginning
	done   bool
	report *eartruth.Report
}

// measure listens to a recording: to its working file, or where that is gone to what is kept. What it cannot measure in time, or
// cannot read, it leaves out, and logs.
func (s *Service) measure(ctx context.Context, sum Summary, rec RecordingInfo, evs []event.Event, e *ear) *eartruth.Report {
	if rec.Key == "" {
		return nil
	}
	if !e.done {
		e.done = true
		until := e.until
		if until.IsZero() {
			until = time.Now().Add(earLimit)
		}
		ctx, cancel := context.WithDeadline(ctx, until)
		defer cancel()
		r, err := s.listen(ctx, s.path(sum.ID, recordingExt), rec.Key)
		if err != nil {
			s.log.WarnContext(ctx, "recording not measured", "tenant", sum.Tenant, "conversation", sum.ID, "error", err)
			return nil
		}
		e.report = &r
	}
	if e.report != nil {
		e.report.Explain(timed(sum, evs))
	}
	return e.report
}

// listen measures one recording when it is its turn.
func (s *Service) listen(ctx context.Context, path, key string) (eartruth.Report, error) {
	select {
	case s.ears <- struct{}{}:
		defer func() { <-s.ears }()
	case <-ctx.Done():
		return eartruth.Report{}, fmt.Errorf("wait for the recordings before: %w", ctx.Err())
	}
	var (
		f   io.ReadCloser
		err error
	)
	if f, err = os.Open(path); errors.Is(err, fs.ErrNotExist) {
		f, _, err = s.blobs.Open(ctx, key)
	}
	if err != nil {
		return eartruth.Report{}, fmt.Errorf("open the recording: %w", err)
	}
	defer f.Close()
	var head [wavHeader]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return eartruth.Report{}, fmt.Errorf("read the recording's header: %w", err)
	}
	m, err := eartruth.NewMeter(rateIn(head[:]))
	if err != nil {
		return eartruth.Report{}, err
	}
	raw := make([]byte, earStep)
	pcm := make([]int16, 0, earStep/2)
	for {
		if err := ctx.Err(); err != nil {
			return eartruth.Report{}, fmt.Errorf("measure the recording: %w", err)
		}
		n, err := io.ReadFull(f, raw)
		pcm = media.DecodePCM(pcm[:0], raw[:n&^3])
		m.WriteStereo(pcm)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return m.Report(), nil
		}
		if err != nil {
			return eartruth.Report{}, fmt.Errorf("read the recording: %w", err)
		}
	}
}

// timed is what the pipeline says of the same turns. The recording begins with the session, a little later than the record.
func timed(sum Summary, evs []event.Event) []eartruth.Timed {
	begin := sum.StartedAt
	var out []eartruth.Timed
	for _, e := range evs {
		switch v := e.Body.(type) {
		case event.SessionStarted:
			begin = e.At
		case event.TurnTimed:
			delay := v.Heard
			if delay <= 0 {
				delay = v.Sent
			}
			if delay > 0 {
				out = append(out, eartruth.Timed{Response: v.Response, Heard: event.Ms(e.At.Sub(begin)), Delay: delay})
			}
		}
	}
	return out
}
