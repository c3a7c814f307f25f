package twilio

import (
	"strconv"

	"griot/internal/telephony"
)

// final reports whether a call's status is its last.
func final(status string) bool {
	switch status {
	case "completed", "busy", "failed", "no-answer", "canceled":
		return true
	}
	return false
}

// outcomeOf says what became of a call that had no conversation. sip is the SipResponseCode that came with a failure, and may be empty.
func outcomeOf(status, sip string) telephony.Outcome {
	switch status {
	case "busy":
		return telephony.Busy
	case "no-answer":
		return telephony.NoAnswer
	case "canceled":
		return telephony.Cancelled
	}
	code, _ := strconv.Atoi(sip)
	switch code {
	case 486, 600:
		return telephony.Busy
	case 603, 607, 608:
		return telephony.Declined
	case 404, 410, 484, 604:
		return telephony.InvalidNumber
	case 408, 480:
		return telephony.Unreachable
	case 487:
		return telephony.NoAnswer
	case 401, 402, 403, 407:
		return telephony.Forbidden
	case 415, 488, 606:
		return telephony.Incompatible
	case 500, 502, 503, 504:
		return telephony.Congestion
	}
	return telephony.Failed
}
