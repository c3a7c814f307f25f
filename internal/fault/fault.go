// Package fault gives errors a kind that every edge (HTTP, Realtime protocol, command line) can translate, and
// the words and parameters that a person may be shown.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what went wrong in terms an edge can act on.
type Kind string

// The kinds. Internal is what an error without a kind counts as.
const (
	Invalid     Kind = "invalid"     // the caller sent something wrong: do not retry unchanged
	NotFound    Kind = "not_found"   // no such thing, or not for this tenant
	Conflict    Kind = "conflict"    // the state does not allow it now
	Denied      Kind = "denied"      // not allowed
	Unknown     Kind = "unknown"     // who asks is not known: sign in, or send a key
	Limited     Kind = "limited"     // too much, too fast: retry later
	Unavailable Kind = "unavailable" // something outside does not answer: retry may help
	Internal    Kind = "internal"    // our mistake
)

// Error is an error with a kind, a stable code for programs and translations, and a message for people.
type Error struct {
	Kind    Kind
	Code    string            // stable, snake_case, e.g. "port_in_use"; the console words it in the reader's language
	Message string            // English, complete: what was wrong, where, what to do
	Param   string            // path of the offending field, e.g. "session.audio.input.format.rate"; may be empty
	Params  map[string]string // values for a translated message; may be nil
	Err     error             // cause; may be nil
}

// Error returns the message, followed by the cause where there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of the given kind. The code is stable; format and args make the message.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives a cause a kind, a code and a message that says what was being attempted.
func Wrap(err error, k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// At returns a copy of e that names the offending field.
func (e *Error) At(param string) *Error {
	c := *e
	c.Param = param
	return &c
}

// KindOf returns the kind of the first fault in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	var f *Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}

// CodeOf returns the code of the first fault in err's chain, "" when there is none.
func CodeOf(err error) string {
	var f *Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
