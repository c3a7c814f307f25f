package store

import (
	"context"
	"strings"
	"time"

	"griot/internal/phone"
	"griot/internal/telephony"
)

var _ phone.Store = (*Store)(nil)

type phoneNumberRow struct {
	Number    string `db:"number"`
	Tenant    string `db:"tenant_id"`
	Agent     string `db:"agent"`
	Label     string `db:"label"`
	UpdatedAt int64  `db:"updated_at"`
	UpdatedBy string `db:"updated_by"`
}

func (r phoneNumberRow) number() phone.Number {
	return phone.Number{Number: r.Number, Tenant: r.Tenant, Agent: r.Agent, Label: r.Label, UpdatedAt: when(r.UpdatedAt), UpdatedBy: r.UpdatedBy}
}

// PhoneNumber implements phone.Store.
func (s *Store) PhoneNumber(ctx context.Context, number string) (phone.Number, error) {
	r, err := one[phoneNumberRow](ctx, s, s.read, "read the number", phone.ErrNoNumber(number), "SELECT "+columns[phoneNumberRow]()+" FROM phone_numbers WHERE number = ?", clean(number))
	return r.number(), err
}

// ListPhoneNumbers implements phone.Store.
func (s *Store) ListPhoneNumbers(ctx context.Context, tenant string) ([]phone.Number, error) {
	where, args := "", []any{}
	if tenant != "" {
		where, args = " WHERE tenant_id = ?", []any{clean(tenant)}
	}
	rows, err := all[phoneNumberRow](ctx, s, s.read, "SELECT "+columns[phoneNumberRow]()+" FROM phone_numbers"+where+" ORDER BY number", args...)
	if err != nil {
		return nil, s.dialect.fault(err, "list the numbers")
	}
	out := make([]phone.Number, len(rows))
	for i, r := range rows {
		out[i] = r.number()
	}
	return out, nil
}

// PutPhoneNumber implements phone.Store.
func (s *Store) PutPhoneNumber(ctx context.Context, n phone.Number) error {
	return s.put(ctx, "keep the number", "phone_numbers", "number", values(phoneNumberRow{Number: clean(n.Number), Tenant: clean(n.Tenant), Agent: clean(n.Agent), Label: clean(n.Label), UpdatedAt: ms(n.UpdatedAt), UpdatedBy: clean(n.UpdatedBy)}),
		fieldNames[phoneNumberRow]())
}

// DeletePhoneNumber implements phone.Store.
func (s *Store) DeletePhoneNumber(ctx context.Context, number string) error {
	return s.touch(ctx, "remove the number", phone.ErrNoNumber(number), "DELETE FROM phone_numbers WHERE number = ?", clean(number))
}

// put writes a row, in the place of the one with the same key: the names of its columns with spaces between them.
func (s *Store) put(ctx context.Context, doing, table, key string, v []any, names []string) error {
	var set []string
	for _, n := range names {
		if !strings.Contains(" "+key+" ", " "+n+" ") {
			set = append(set, n+" = excluded."+n)
		}
	}
	_, err := s.exec(ctx, s.write, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES "+marks(len(v), 1)+
		" ON CONFLICT ("+strings.ReplaceAll(key, " ", ", ")+") DO UPDATE SET "+strings.Join(set, ", "), v...)
	if err != nil {
		return s.dialect.fault(err, doing)
	}
	return nil
}

type phoneCallRow struct {
	Tenant       string `db:"tenant_id"`
	ID           string `db:"id"`
	Node         string `db:"node"`
	Carrier      string `db:"carrier"`
	CarrierID    string `db:"carrier_id"`
	Trunk        string `db:"trunk"`
	Direction    string `db:"direction"`
	From         string `db:"from_number"`
	FromName     string `db:"from_name"`
	To           string `db:"to_number"`
	Agent        string `db:"agent"`
	Conversation string `db:"conversation"`
	State        string `db:"state"`
	Outcome      string `db:"outcome"`
	Reason       string `db:"reason"`
	CreatedAt    int64  `db:"created_at"`
	AnsweredAt   int64  `db:"answered_at"`
	EndedAt      int64  `db:"ended_at"`
}

func (r phoneCallRow) call() phone.Call {
	return phone.Call{Node: r.Node, Call: telephony.Call{Tenant: r.Tenant, ID: r.ID, Carrier: r.Carrier, CarrierID: r.CarrierID, Trunk: r.Trunk, Direction: telephony.Direction(r.Direction), From: r.From, FromName: r.FromName, To: r.To,
		Agent: r.Agent, Conversation: r.Conversation, State: telephony.State(r.State), Outcome: telephony.Outcome(r.Outcome), Reason: r.Reason, Created: when(r.CreatedAt), Answered: when(r.AnsweredAt), Ended: when(r.EndedAt)}}
}

// PutPhoneCall implements phone.Store.
func (s *Store) PutPhoneCall(ctx context.Context, c phone.Call) error {
	return s.put(ctx, "keep the call", "phone_calls", "tenant_id id", values(phoneCallRow{Tenant: clean(c.Tenant), ID: clean(c.ID), Node: clean(c.Node), Carrier: clean(c.Carrier), CarrierID: clean(c.CarrierID), Trunk: clean(c.Trunk), Direction: string(c.Direction),
		From: clean(c.From), FromName: clean(c.FromName), To: clean(c.To), Agent: clean(c.Agent), Conversation: clean(c.Conversation), State: string(c.State), Outcome: string(c.Outcome), Reason: clean(c.Reason),
		CreatedAt: ms(c.Created), AnsweredAt: ms(c.Answered), EndedAt: ms(c.Ended)}), fieldNames[phoneCallRow]())
}

// PhoneCall implements phone.Store.
func (s *Store) PhoneCall(ctx context.Context, tenant, id string) (phone.Call, error) {
	r, err := one[phoneCallRow](ctx, s, s.read, "read the call", phone.ErrNoCall(id), "SELECT "+columns[phoneCallRow]()+" FROM phone_calls WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	return r.call(), err
}

// PhoneCallOf implements phone.Store.
func (s *Store) PhoneCallOf(ctx context.Context, carrier, carrierID string) (phone.Call, error) {
	r, err := one[phoneCallRow](ctx, s, s.read, "read the call", phone.ErrNoCall(carrierID), "SELECT "+columns[phoneCallRow]()+" FROM phone_calls WHERE carrier = ? AND carrier_id = ?", clean(carrier), clean(carrierID))
	return r.call(), err
}

// phoneWhere is a filter as a condition.
func phoneWhere(tenant string, f phone.Filter) (string, []any) {
	where, args := "tenant_id = ?", []any{clean(tenant)}
	for _, c := range []struct{ column, value string }{{"direction", string(f.Direction)}, {"outcome", string(f.Outcome)}, {"agent", f.Agent}, {"carrier", f.Carrier}} {
		if c.value != "" {
			where, args = where+" AND "+c.column+" = ?", append(args, clean(c.value))
		}
	}
	if f.Number != "" {
		like := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(clean(f.Number)) + "%"
		where, args = where+" AND (from_number LIKE ? ESCAPE '!' OR to_number LIKE ? ESCAPE '!')", append(args, like, like)
	}
	if !f.From.IsZero() {
		where, args = where+" AND created_at >= ?", append(args, ms(f.From))
	}
	if !f.To.IsZero() {
		where, args = where+" AND created_at < ?", append(args, ms(f.To))
	}
	return where, args
}

// phonePage is a page of a table, and how many rows there are in all.
func phonePage[T any](ctx context.Context, s *Store, table, doing, tenant string, f phone.Filter) ([]T, int, error) {
	where, args := phoneWhere(tenant, f)
	n, err := s.count(ctx, "SELECT COUNT(*) AS n FROM "+table+" WHERE "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, doing)
	}
	rows, err := all[T](ctx, s, s.read, "SELECT "+columns[T]()+" FROM "+table+" WHERE "+where+" ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?", append(args, min(max(1, f.Limit), 200), max(0, f.Offset))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, doing)
	}
	return rows, n, nil
}

// ListPhoneCalls implements phone.Store.
func (s *Store) ListPhoneCalls(ctx context.Context, tenant string, f phone.Filter) ([]phone.Call, int, error) {
	rows, n, err := phonePage[phoneCallRow](ctx, s, "phone_calls", "list the telephone calls", tenant, f)
	out := make([]phone.Call, len(rows))
	for i, r := range rows {
		out[i] = r.call()
	}
	return out, n, err
}

// DeletePhoneCall implements phone.Store.
func (s *Store) DeletePhoneCall(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "delete the call", phone.ErrNoCall(id), "DELETE FROM phone_calls WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}

// EndPhoneCalls implements phone.Store.
func (s *Store) EndPhoneCalls(ctx context.Context, node, reason string, at time.Time) (int, error) {
	n, err := s.exec(ctx, s.write, "UPDATE phone_calls SET state = ?, outcome = CASE WHEN answered_at > 0 THEN ? ELSE ? END, reason = ?, ended_at = ? WHERE node = ? AND state <> ?",
		string(telephony.Ended), string(telephony.Answered), string(telephony.Failed), clean(reason), ms(at), clean(node), string(telephony.Ended))
	if err != nil {
		return 0, s.dialect.fault(err, "end the telephone calls of the last run")
	}
	return int(n), nil
}

type phoneTextRow struct {
	Tenant       string `db:"tenant_id"`
	ID           string `db:"id"`
	Carrier      string `db:"carrier"`
	CarrierID    string `db:"carrier_id"`
	Direction    string `db:"direction"`
	From         string `db:"from_number"`
	To           string `db:"to_number"`
	Body         string `db:"body"`
	Status       string `db:"status"`
	Error        string `db:"error"`
	Agent        string `db:"agent"`
	Conversation string `db:"conversation"`
	CreatedAt    int64  `db:"created_at"`
}

func (r phoneTextRow) text() phone.Text {
	return phone.Text{Tenant: r.Tenant, ID: r.ID, Carrier: r.Carrier, CarrierID: r.CarrierID, Direction: telephony.Direction(r.Direction), From: r.From, To: r.To, Body: r.Body, Status: r.Status, Error: r.Error,
		Agent: r.Agent, Conversation: r.Conversation, Created: when(r.CreatedAt)}
}

// PutPhoneText implements phone.Store.
func (s *Store) PutPhoneText(ctx context.Context, t phone.Text) error {
	return s.put(ctx, "keep the text message", "phone_texts", "tenant_id id", values(phoneTextRow{Tenant: clean(t.Tenant), ID: clean(t.ID), Carrier: clean(t.Carrier), CarrierID: clean(t.CarrierID), Direction: string(t.Direction),
		From: clean(t.From), To: clean(t.To), Body: clean(t.Body), Status: clean(t.Status), Error: clean(t.Error), Agent: clean(t.Agent), Conversation: clean(t.Conversation), CreatedAt: ms(t.Created)}), fieldNames[phoneTextRow]())
}

// PhoneText implements phone.Store.
func (s *Store) PhoneText(ctx context.Context, tenant, id string) (phone.Text, error) {
	r, err := one[phoneTextRow](ctx, s, s.read, "read the text message", phone.ErrNoText(id), "SELECT "+columns[phoneTextRow]()+" FROM phone_texts WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	return r.text(), err
}

// PhoneTextOf implements phone.Store.
func (s *Store) PhoneTextOf(ctx context.Context, carrier, carrierID string) (phone.Text, error) {
	r, err := one[phoneTextRow](ctx, s, s.read, "read the text message", phone.ErrNoText(carrierID), "SELECT "+columns[phoneTextRow]()+" FROM phone_texts WHERE carrier = ? AND carrier_id = ?", clean(carrier), clean(carrierID))
	return r.text(), err
}

// ListPhoneTexts implements phone.Store.
func (s *Store) ListPhoneTexts(ctx context.Context, tenant string, f phone.Filter) ([]phone.Text, int, error) {
	f.Outcome = ""
	rows, n, err := phonePage[phoneTextRow](ctx, s, "phone_texts", "list the text messages", tenant, f)
	out := make([]phone.Text, len(rows))
	for i, r := range rows {
		out[i] = r.text()
	}
	return out, n, err
}

// DeletePhoneText implements phone.Store.
func (s *Store) DeletePhoneText(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "delete the text message", phone.ErrNoText(id), "DELETE FROM phone_texts WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}

type phoneRecordingRow struct {
	Tenant     string `db:"tenant_id"`
	ID         string `db:"id"`
	Carrier    string `db:"carrier"`
	CarrierID  string `db:"carrier_id"`
	Call       string `db:"call_id"`
	File       string `db:"file"`
	Bytes      int64  `db:"bytes"`
	DurationMS int64  `db:"duration_ms"`
	CreatedAt  int64  `db:"created_at"`
}

func (r phoneRecordingRow) recording() phone.Recording {
	return phone.Recording{Tenant: r.Tenant, ID: r.ID, Carrier: r.Carrier, CarrierID: r.CarrierID, Call: r.Call, File: r.File, Bytes: r.Bytes, Duration: time.Duration(r.DurationMS) * time.Millisecond, Created: when(r.CreatedAt)}
}

// PutPhoneRecording implements phone.Store.
func (s *Store) PutPhoneRecording(ctx context.Context, r phone.Recording) error {
	return s.put(ctx, "keep the recording", "phone_recordings", "tenant_id id", values(phoneRecordingRow{Tenant: clean(r.Tenant), ID: clean(r.ID), Carrier: clean(r.Carrier), CarrierID: clean(r.CarrierID), Call: clean(r.Call), File: clean(r.File),
		Bytes: r.Bytes, DurationMS: r.Duration.Milliseconds(), CreatedAt: ms(r.Created)}), fieldNames[phoneRecordingRow]())
}

// PhoneRecording implements phone.Store.
func (s *Store) PhoneRecording(ctx context.Context, tenant, id string) (phone.Recording, error) {
	r, err := one[phoneRecordingRow](ctx, s, s.read, "read the recording", phone.ErrNoRecording(id), "SELECT "+columns[phoneRecordingRow]()+" FROM phone_recordings WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	return r.recording(), err
}

// PhoneRecordingOf implements phone.Store.
func (s *Store) PhoneRecordingOf(ctx context.Context, carrier, carrierID string) (phone.Recording, error) {
	r, err := one[phoneRecordingRow](ctx, s, s.read, "read the recording", phone.ErrNoRecording(carrierID), "SELECT "+columns[phoneRecordingRow]()+" FROM phone_recordings WHERE carrier = ? AND carrier_id = ?", clean(carrier), clean(carrierID))
	return r.recording(), err
}

// ListPhoneRecordings implements phone.Store.
func (s *Store) ListPhoneRecordings(ctx context.Context, tenant string, f phone.Filter) ([]phone.Recording, int, error) {
	rows, n, err := phonePage[phoneRecordingRow](ctx, s, "phone_recordings", "list the recordings", tenant, phone.Filter{Carrier: f.Carrier, From: f.From, To: f.To, Limit: f.Limit, Offset: f.Offset})
	out := make([]phone.Recording, len(rows))
	for i, r := range rows {
		out[i] = r.recording()
	}
	return out, n, err
}

// DeletePhoneRecording implements phone.Store.
func (s *Store) DeletePhoneRecording(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "delete the recording", phone.ErrNoRecording(id), "DELETE FROM phone_recordings WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}
