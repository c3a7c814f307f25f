package realtime

import (
	"errors"
	"strings"

	"griot/internal/fault"
)

// The protocol's error codes. The first group is what DecodeClient, Apply and ForResponse return; servers use the rest
// with fault.New.
const (
	CodeMissing      = "missing_required_parameter"
	CodeUnknown      = "unknown_parameter"
	CodeInvalidValue = "invalid_value"
	CodeInvalidEvent = "invalid_event"
	CodeVoiceLocked  = "cannot_update_voice"

	CodeActiveResponse   = "conversation_already_has_active_response"
	CodeCancelNotActive  = "response_cancel_not_active"
	CodeCommitEmpty      = "input_audio_buffer_commit_empty"
	CodeDeleteUnknown    = "item_delete_invalid_item_id"
	CodeTruncateUnknown  = "item_truncate_invalid_item_id"
	CodeRetrieveUnknown  = "item_retrieve_invalid_item_id"
	CodeCreateUnknown    = "item_create_invalid_item_id"
	CodeUnsupportedAudio = "unsupported_content_type"
	CodeSessionExpired   = "session_expired"
	CodeUnsupported      = "unsupported_parameter" // of warnings
	CodeExtensionsNotOn  = "extensions_not_enabled"
)

// ErrorFor returns the error event for err. eventID is the client event that caused it, or empty. The message of an
// error without a fault is not shown to the client.
func ErrorFor(err error, eventID string) Error {
	d := ErrorDetail{Type: "server_error", Code: "internal_error", Message: "The server had an error while processing your request.", EventID: NullString(eventID)}
	var f *fault.Error
	if errors.As(err, &f) {
		d.Code, d.Message, d.Param = NullString(f.Code), f.Message, NullString(f.Param)
		switch f.Kind {
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied:
			d.Type = "invalid_request_error"
		case fault.Limited:
			d.Type = "rate_limit_error"
		}
	}
	return Error{Error: d}
}

func missing(path string) *fault.Error {
	return fault.New(fault.Invalid, CodeMissing, "Missing required parameter: '%s'.", path).At(path)
}

func unknown(path string) *fault.Error {
	return fault.New(fault.Invalid, CodeUnknown, "Unknown parameter: '%s'.", path).At(path)
}

func invalid(path, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, CodeInvalidValue, format, args...).At(path)
}

// notOneOf refuses a value that is none of the allowed ones.
func notOneOf(path, value string, allowed ...string) *fault.Error {
	return invalid(path, "Invalid value: '%s'. Supported values are: '%s'.", clip(value), strings.Join(allowed, "', '"))
}

// clip keeps a message readable when the offending value is long.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
