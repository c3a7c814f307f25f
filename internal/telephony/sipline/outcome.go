package sipline

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"griot/internal/telephony"
)

// byStatus says what a final response to an INVITE means (RFC 3261 section 21).
var byStatus = map[int]telephony.Outcome{
	400: telephony.Failed,
	401: telephony.Forbidden, 402: telephony.Forbidden, 403: telephony.Forbidden, 407: telephony.Forbidden,
	404: telephony.InvalidNumber, 410: telephony.InvalidNumber, 416: telephony.InvalidNumber, 484: telephony.InvalidNumber, 485: telephony.InvalidNumber, 604: telephony.InvalidNumber,
	408: telephony.Unreachable, 480: telephony.Unreachable, 430: telephony.Unreachable,
	415: telephony.Incompatible, 488: telephony.Incompatible, 606: telephony.Incompatible, 420: telephony.Incompatible, 421: telephony.Incompatible,
	433: telephony.Declined, 436: telephony.Declined, 603: telephony.Declined, 607: telephony.Declined, 608: telephony.Declined,
	486: telephony.Busy, 600: telephony.Busy,
	487: telephony.Cancelled,
	503: telephony.Congestion, 500: telephony.Congestion, 502: telephony.Congestion, 504: telephony.Congestion, 580: telephony.Congestion, 482: telephony.Failed, 483: telephony.Failed,
}

// byCause says what the causes of telephone networks mean (ITU-T Q.850), which gateways put into a Reason header: they tell more than the status.
var byCause = map[int]telephony.Outcome{
	1: telephony.InvalidNumber, 22: telephony.InvalidNumber, 28: telephony.InvalidNumber,
	17: telephony.Busy,
	18: telephony.NoAnswer, 19: telephony.NoAnswer,
	20: telephony.Unreachable, 27: telephony.Unreachable, 3: telephony.Unreachable,
	21: telephony.Declined, 55: telephony.Forbidden, 57: telephony.Forbidden,
	34: telephony.Congestion, 38: telephony.Congestion, 41: telephony.Congestion, 42: telephony.Congestion, 44: telephony.Congestion, 47: telephony.Congestion,
	65: telephony.Incompatible, 79: telephony.Incompatible, 88: telephony.Incompatible,
}

// outcomeOf maps the final response to an INVITE that was not answered.
func outcomeOf(status int, reason string) telephony.Outcome {
	if o, ok := byCause[cause(reason)]; ok {
		return o
	}
	if o, ok := byStatus[status]; ok {
		return o
	}
	if status >= 300 && status < 400 { // it has moved: we do not call elsewhere by ourselves
		return telephony.Unreachable
	}
	return telephony.Failed
}

// cause reads the number of a Reason header such as `Q.850;cause=17;text="busy"` (RFC 3326); 0 for none.
func cause(header string) int {
	for _, value := range strings.Split(header, ",") {
		protocol, params, _ := strings.Cut(value, ";")
		if !strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			continue
		}
		for _, p := range strings.Split(params, ";") {
			k, v, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.TrimSpace(k), "cause") {
				n, err := strconv.Atoi(strings.TrimSpace(v))
				if err == nil {
					return n
				}
			}
		}
	}
	return 0
}

// message is a request or a response.
type message interface {
	GetHeader(name string) sip.Header
	GetHeaders(name string) []sip.Header
	AppendHeader(h sip.Header)
}

// headerText returns a header's value, or nothing.
func headerText(m message, name string) string {
	if h := m.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}
