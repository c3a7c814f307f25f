package twiliotest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sound is a recording that Twilio keeps.
type Sound struct {
	SID, CallSID string
	WAV          []byte
}

// Number is one of the account's.
type Number struct{ Number, Voice, Text string }

// Keeps has Twilio keep messages: what was sent and came before, and the like.
func (s *Server) Keeps(t ...Text) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, t...)
}

// Recorded has Twilio keep a recording, and returns its sid.
func (s *Server) Recorded(callSID string, wav []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Sound{SID: SID("RE"), CallSID: callSID, WAV: wav}
	if s.sounds == nil {
		s.sounds = map[string]*Sound{}
	}
	s.sounds[r.SID] = r
	return r.SID
}

// Rents has the account have numbers.
func (s *Server) Rents(n ...Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers = append(s.numbers, n...)
}

// Removed lists what was deleted by the API.
func (s *Server) Removed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.gone)
}

// Passed has a call have taken place that this account's webhooks were not told of.
func (s *Server) Passed(direction, from, to, status string) *Call {
	c := s.newCall(direction, from, to)
	c.end(status, nil)
	c.mu.Lock()
	c.status = status
	c.mu.Unlock()
	return c
}

// archive is what the API has of the past.
func (s *Server) archive(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now().UTC().Format(time.RFC1123Z)
	var rows []any
	switch {
	case path == ".json" && r.Method == http.MethodGet:
		reply(w, 200, map[string]any{"sid": s.Account, "friendly_name": "Test", "status": "active", "type": "Full"})
		return
	case r.Method == http.MethodDelete:
		kind, file, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		sid := strings.TrimSuffix(file, ".json")
		if !s.remove(kind, sid) {
			refuse(w, 404, 20404, "The requested resource "+path+" was not found")
			return
		}
		s.gone = append(s.gone, kind+"/"+sid)
		w.WriteHeader(http.StatusNoContent)
		return
	case strings.HasPrefix(path, "/Recordings/") && strings.HasSuffix(path, ".wav") && r.Method == http.MethodGet:
		sound := s.sounds[strings.TrimSuffix(strings.TrimPrefix(path, "/Recordings/"), ".wav")]
		if sound == nil || r.URL.Query().Get("RequestedChannels") != "2" {
			refuse(w, 404, 20404, "The requested resource "+path+" was not found")
			return
		}
		w.Header().Set("Content-Type", "audio/x-wav")
		_, _ = w.Write(sound.WAV) // who asked may be gone
		return
	case path == "/Calls.json" && r.Method == http.MethodGet && dated(r, "StartTime>"):
		for _, c := range s.calls {
			row := c.resource()
			row["date_created"], row["start_time"], row["end_time"], row["duration"], row["parent_call_sid"] = at, at, at, "7", nil
			rows = append(rows, row)
		}
		s.page(w, r, path, "calls", rows)
		return
	case path == "/Messages.json" && r.Method == http.MethodGet && dated(r, "DateSent>"):
		for _, t := range s.texts {
			rows = append(rows, map[string]any{"sid": t.SID, "from": t.From, "to": t.To, "body": t.Body, "status": t.Status, "direction": t.Direction, "error_code": nil, "date_created": at})
		}
		s.page(w, r, path, "messages", rows)
		return
	case path == "/Recordings.json" && r.Method == http.MethodGet && dated(r, "DateCreated>"):
		for _, t := range s.sounds {
			rows = append(rows, map[string]any{"sid": t.SID, "call_sid": t.CallSID, "status": "completed", "duration": "7", "date_created": at})
		}
		s.page(w, r, path, "recordings", rows)
		return
	case path == "/IncomingPhoneNumbers.json" && r.Method == http.MethodGet:
		for _, n := range s.numbers {
			rows = append(rows, map[string]any{"sid": "PN" + n.Number, "phone_number": n.Number, "voice_url": n.Voice, "sms_url": n.Text})
		}
		s.page(w, r, path, "incoming_phone_numbers", rows)
		return
	}
	refuse(w, 404, 20404, "The requested resource "+path+" was not found")
}

// dated reports whether a list is asked for from a day on.
func dated(r *http.Request, name string) bool {
	_, err := time.Parse("2006-01-02", r.URL.Query().Get(name))
	return err == nil
}

// remove takes something away. The server's mu is held.
func (s *Server) remove(kind, sid string) bool {
	switch kind {
	case "Calls":
		if s.calls[sid] == nil {
			return false
		}
		delete(s.calls, sid)
	case "Messages":
		i := slices.IndexFunc(s.texts, func(t Text) bool { return t.SID == sid })
		if i < 0 {
			return false
		}
		s.texts = slices.Delete(s.texts, i, i+1)
	case "Recordings":
		if s.sounds[sid] == nil {
			return false
		}
		delete(s.sounds, sid)
	default:
		return false
	}
	return true
}

// page answers with two entries of a list, whatever was asked for: who reads lists has to turn pages.
func (s *Server) page(w http.ResponseWriter, r *http.Request, path, name string, rows []any) {
	const most = 2
	slices.SortFunc(rows, func(a, b any) int { // so that pages do not overlap: the rows come out of maps
		return strings.Compare(fmt.Sprint(a.(map[string]any)["sid"]), fmt.Sprint(b.(map[string]any)["sid"]))
	})
	n, _ := strconv.Atoi(r.URL.Query().Get("Page"))
	q := r.URL.Query()
	from := min(n*most, len(rows))
	to := min(from+most, len(rows))
	var next any
	if to < len(rows) {
		q.Set("Page", strconv.Itoa(n+1))
		next = "/2010-04-01/Accounts/" + s.Account + path + "?" + q.Encode()
	}
	reply(w, 200, map[string]any{name: rows[from:to], "next_page_uri": next, "page": n, "page_size": most})
}
