package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/phone"
	"griot/internal/store"
	"griot/internal/telephony"
)

func testPhone(t *testing.T, s *store.Store) {
	ctx := t.Context()
	n := phone.Number{Number: "+33123456789", Tenant: "default", Agent: "front", Label: "Accueil", UpdatedAt: began, UpdatedBy: "ann"}
	require.NoError(t, s.PutPhoneNumber(ctx, n))
	n.Agent = "desk"
	require.NoError(t, s.PutPhoneNumber(ctx, n))
	require.NoError(t, s.PutPhoneNumber(ctx, phone.Number{Number: "200", Tenant: other}))
	got, err := s.PhoneNumber(ctx, n.Number)
	require.NoError(t, err)
	require.Equal(t, n, got)
	all, err := s.ListPhoneNumbers(ctx, "")
	require.NoError(t, err)
	require.Len(t, all, 2)
	mine, err := s.ListPhoneNumbers(ctx, "default")
	require.NoError(t, err)
	require.Equal(t, []phone.Number{n}, mine)
	require.NoError(t, s.DeletePhoneNumber(ctx, "200"))
	require.Equal(t, "number_not_found", fault.CodeOf(s.DeletePhoneNumber(ctx, "200")))

	call := phone.Call{Node: "n1", Call: telephony.Call{Tenant: "default", ID: "tel_1", Carrier: "twilio", CarrierID: "CA1", Trunk: "t", Direction: telephony.Inbound, From: "+331", FromName: "Zoé", To: "+33123456789", Agent: "front",
		Conversation: "c1", State: telephony.Ringing, Created: began}}
	require.NoError(t, s.PutPhoneCall(ctx, call))
	call.State, call.Outcome, call.Reason, call.Answered, call.Ended = telephony.Ended, telephony.Answered, "caller_left", began.Add(time.Second), began.Add(time.Minute)
	require.NoError(t, s.PutPhoneCall(ctx, call))
	kept, err := s.PhoneCall(ctx, "default", "tel_1")
	require.NoError(t, err)
	require.Equal(t, call, kept)
	_, err = s.PhoneCall(ctx, other, "tel_1")
	require.Equal(t, "call_not_found", fault.CodeOf(err))
	kept, err = s.PhoneCallOf(ctx, "twilio", "CA1")
	require.NoError(t, err)
	require.Equal(t, call, kept)
	next := phone.Call{Node: "n2", Call: telephony.Call{Tenant: "default", ID: "tel_2", Carrier: "sip", Direction: telephony.Outbound, To: "50%", State: telephony.Dialing, Created: began.Add(time.Hour)}}
	require.NoError(t, s.PutPhoneCall(ctx, next))
	ended, err := s.EndPhoneCalls(ctx, "n2", "process_ended", began.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, ended)
	ids := func(f phone.Filter) (out []string) {
		list, total, err := s.ListPhoneCalls(ctx, "default", f)
		require.NoError(t, err)
		require.GreaterOrEqual(t, total, len(list))
		for _, c := range list {
			out = append(out, c.ID)
		}
		return out
	}
	require.Equal(t, []string{"tel_2", "tel_1"}, ids(phone.Filter{Limit: 10}))
	require.Equal(t, []string{"tel_1"}, ids(phone.Filter{Limit: 1, Offset: 1}))
	require.Equal(t, []string{"tel_1"}, ids(phone.Filter{Limit: 10, Number: "3456", Direction: telephony.Inbound, Outcome: telephony.Answered, Agent: "front", Carrier: "twilio", From: began, To: began.Add(time.Second)}))
	require.Equal(t, []string{"tel_2"}, ids(phone.Filter{Limit: 10, Number: "0%"}))
	require.Equal(t, []string{"tel_2"}, ids(phone.Filter{Limit: 10, Outcome: telephony.Failed}))
	require.NoError(t, s.DeletePhoneCall(ctx, "default", "tel_2"))
	require.Equal(t, "call_not_found", fault.CodeOf(s.DeletePhoneCall(ctx, other, "tel_1")))

	text := phone.Text{Tenant: "default", ID: "txt_1", Carrier: "twilio", CarrierID: "SM1", Direction: telephony.Inbound, From: "+331", To: "+332", Body: "Été", Status: "received", Agent: "front", Conversation: "c", Created: began}
	require.NoError(t, s.PutPhoneText(ctx, text))
	text.Status = "delivered"
	require.NoError(t, s.PutPhoneText(ctx, text))
	read, err := s.PhoneTextOf(ctx, "twilio", "SM1")
	require.NoError(t, err)
	require.Equal(t, text, read)
	_, err = s.PhoneText(ctx, other, "txt_1")
	require.Equal(t, "text_not_found", fault.CodeOf(err))
	texts, total, err := s.ListPhoneTexts(ctx, "default", phone.Filter{Number: "331", Limit: 5})
	require.NoError(t, err)
	require.Equal(t, 1, total)
	require.Equal(t, []phone.Text{text}, texts)
	require.NoError(t, s.DeletePhoneText(ctx, "default", "txt_1"))

	tape := phone.Recording{Tenant: "default", ID: "rec_1", Carrier: "twilio", CarrierID: "RE1", Call: "tel_1", File: "default/phone/rec_1.wav", Bytes: 10, Duration: 7 * time.Second, Created: began}
	require.NoError(t, s.PutPhoneRecording(ctx, tape))
	heard, err := s.PhoneRecordingOf(ctx, "twilio", "RE1")
	require.NoError(t, err)
	require.Equal(t, tape, heard)
	_, err = s.PhoneRecording(ctx, other, "rec_1")
	require.Equal(t, "recording_not_found", fault.CodeOf(err))
	tapes, _, err := s.ListPhoneRecordings(ctx, "default", phone.Filter{Limit: 5})
	require.NoError(t, err)
	require.Equal(t, []phone.Recording{tape}, tapes)
	require.NoError(t, s.DeletePhoneRecording(ctx, "default", "rec_1"))
	require.Equal(t, "recording_not_found", fault.CodeOf(s.DeletePhoneRecording(ctx, "default", "rec_1")))
}
