package phone

import (
	"context"
	"fmt"
	"io"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Synced counts what was brought here from a carrier.
type Synced struct {
	Calls, Texts, Recordings int // that were not here, or stood here otherwise
}

const (
	syncLimit = 5 * time.Minute
	soundMost = 512 << 20 // bytes of one recording
)

func (s *Service) archive(carrier string) telephony.Archive {
	for _, c := range s.carriers {
		if c.ID == carrier && c.Line != nil {
			return c.Archive
		}
	}
	return nil
}

// Sync brings a carrier's history of the days since then here: calls and messages that are missing or have ended since, and copies of recordings. Only the operator's tenant may; what belongs to a number that another
// tenant was given becomes that tenant's.
func (s *Service) Sync(ctx context.Context, tenant, carrier string, since time.Time) (Synced, error) {
	var n Synced
	if tenant != s.o.Home {
		return n, fault.New(fault.Denied, "operator_only", "The carriers are set up by the operator of this server.")
	}
	c, err := s.carrier(carrier)
	if err != nil {
		return n, err
	}
	if c.Archive == nil {
		return n, fault.New(fault.Conflict, "nothing_to_sync", "%s keeps no history.", c.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, syncLimit)
	defer cancel()
	if n.Calls, err = s.syncCalls(ctx, c, since); err != nil {
		return n, fmt.Errorf("fetch the calls: %w", err)
	}
	if n.Texts, err = s.syncTexts(ctx, c, since); err != nil {
		return n, fmt.Errorf("fetch the text messages: %w", err)
	}
	if n.Recordings, err = s.syncRecordings(ctx, c, since); err != nil {
		return n, fmt.Errorf("fetch the recordings: %w", err)
	}
	return n, nil
}

// owner is whose an entry of the archive is.
func (s *Service) owner(ctx context.Context, d telephony.Direction, from, to string) (tenant, agent string) {
	ours := to
	if d == telephony.Outbound {
		ours = from
	}
	if tenant, agent = s.Answers(ctx, ours); tenant != "" {
		return tenant, agent
	}
	return s.o.Home, ""
}

func (s *Service) syncCalls(ctx context.Context, c Carrier, since time.Time) (n int, err error) {
	theirs, err := c.Archive.Calls(ctx, since)
	if err != nil {
		return 0, err
	}
	for _, t := range theirs {
		if t.State != telephony.Ended {
			continue // its carrier's line knows more
		}
		have, err := s.o.Store.PhoneCallOf(ctx, c.ID, t.CarrierID)
		switch {
		case err == nil && have.State == telephony.Ended && (have.Reason != "process_ended" || have.Outcome == t.Outcome):
			continue
		case err == nil && have.State != telephony.Ended:
			if _, err := c.Line.Call(have.ID); err == nil {
				continue
			}
			fallthrough
		case err == nil: // this server was gone when it ended
			have.State, have.Outcome, have.Answered, have.Ended = t.State, t.Outcome, t.Answered, t.Ended
		case fault.KindOf(err) == fault.NotFound: // it went past this server
			have = Call{Call: t, Node: s.o.Node}
			have.ID, have.Carrier, have.Reason = telephony.NewID(), c.ID, "elsewhere"
			have.Tenant, _ = s.owner(ctx, t.Direction, t.From, t.To)
		default:
			return n, err
		}
		if err := s.o.Store.PutPhoneCall(ctx, have); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s *Service) syncTexts(ctx context.Context, c Carrier, since time.Time) (n int, err error) {
	theirs, err := c.Archive.Texts(ctx, since)
	if err != nil {
		return 0, err
	}
	for _, t := range theirs {
		have, err := s.o.Store.PhoneTextOf(ctx, c.ID, t.CarrierID)
		switch {
		case err == nil && (have.Direction == telephony.Inbound || rank[t.Status] <= rank[have.Status]):
			continue
		case err == nil:
			have.Status, have.Error = t.Status, t.Error
		case fault.KindOf(err) == fault.NotFound:
			have = Text{ID: newID("txt_"), Carrier: c.ID, CarrierID: t.CarrierID, Direction: t.Direction, From: t.From, To: t.To, Body: t.Body, Status: t.Status, Error: t.Error, Created: t.Created}
			have.Tenant, _ = s.owner(ctx, t.Direction, t.From, t.To)
		default:
			return n, err
		}
		if err := s.o.Store.PutPhoneText(ctx, have); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (s *Service) syncRecordings(ctx context.Context, c Carrier, since time.Time) (n int, err error) {
	theirs, err := c.Archive.Recordings(ctx, since)
	if err != nil {
		return 0, err
	}
	for _, t := range theirs {
		if _, err := s.o.Store.PhoneRecordingOf(ctx, c.ID, t.CarrierID); fault.KindOf(err) != fault.NotFound {
			if err != nil {
				return n, err
			}
			continue
		}
		r := Recording{Tenant: s.o.Home, ID: newID("rec_"), Carrier: c.ID, CarrierID: t.CarrierID, Duration: t.Duration, Created: t.Created}
		if call, err := s.o.Store.PhoneCallOf(ctx, c.ID, t.CallCarrierID); err == nil {
			r.Tenant, r.Call = call.Tenant, call.ID
		}
		r.File = r.Tenant + "/phone/" + r.ID + ".wav"
		if r.Bytes, err = s.copySound(ctx, c.Archive, t.CarrierID, r.File); err != nil {
			return n, err
		}
		if err := s.o.Store.PutPhoneRecording(ctx, r); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// copySound copies a recording to a file of ours.
func (s *Service) copySound(ctx context.Context, a telephony.Archive, carrierID, key string) (int64, error) {
	sound, err := a.Sound(ctx, carrierID)
	if err != nil {
		return 0, err
	}
	defer func() { _ = sound.Close() }() // it was read
	w, err := s.o.Blobs.Create(ctx, key)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Abort() }()
	n, err := io.Copy(w, io.LimitReader(sound, soundMost+1))
	if err != nil {
		return 0, fault.Wrap(err, fault.Unavailable, "carrier_unavailable", "the recording breaks off")
	}
	if n > soundMost {
		return 0, fault.New(fault.Invalid, "recording_too_long", "the recording has more than %d bytes", int64(soundMost))
	}
	return n, w.Commit()
}

// Recordings lists the recordings of a tenant's calls that were brought here, newest first, and how many there are in all.
func (s *Service) Recordings(ctx context.Context, tenant string, f Filter) ([]Recording, int, error) {
	return s.o.Store.ListPhoneRecordings(ctx, tenant, f)
}

// Sound opens the copy of a recording, a WAV file. The caller closes it.
func (s *Service) Sound(ctx context.Context, tenant, id string) (io.ReadSeekCloser, Recording, error) {
	r, err := s.o.Store.PhoneRecording(ctx, tenant, id)
	if err != nil {
		return nil, r, err
	}
	f, _, err := s.o.Blobs.Open(ctx, r.File)
	return f, r, err
}

// DeleteRecording removes a recording, at its carrier too.
func (s *Service) DeleteRecording(ctx context.Context, tenant, id string) error {
	r, err := s.o.Store.PhoneRecording(ctx, tenant, id)
	if err != nil {
		return err
	}
	if a := s.archive(r.Carrier); a != nil {
		if err := a.RemoveRecording(ctx, r.CarrierID); err != nil {
			return err
		}
	}
	if err := s.o.Blobs.Delete(ctx, r.File); err != nil {
		return err
	}
	return s.o.Store.DeletePhoneRecording(ctx, tenant, id)
}
