package chat

import "strings"

const (
	thinkFrom = "<think>"
	thinkTo   = "</think>"
)

// thoughts leaves out what a model thinks at the beginning of its text, where its server does not take that out: nobody is to hear it.
type thoughts struct {
	off    bool // nothing is left out any more, or ever
	within bool
	held   string // of which it is not known yet what it is
}

// push takes a piece and returns what is part of the answer.
func (t *thoughts) push(s string) string {
	if t.off {
		return s
	}
	t.held += s
	if !t.within {
		start := strings.TrimLeft(t.held, " \t\r\n")
		if strings.HasPrefix(thinkFrom, start) {
			return "" // too little to tell
		}
		rest, ok := strings.CutPrefix(start, thinkFrom)
		if !ok {
			return t.all()
		}
		t.within, t.held = true, rest
	}
	if _, rest, ok := strings.Cut(t.held, thinkTo); ok {
		t.off, t.held = true, ""
		return strings.TrimLeft(rest, " \t\r\n")
	}
	t.held = t.held[max(0, len(t.held)-len(thinkTo)):] // where the end may have begun
	return ""
}

// flush returns what was kept back and is no thought, at the end.
func (t *thoughts) flush() string {
	if t.within {
		return ""
	}
	return t.all()
}

func (t *thoughts) all() string {
	s := t.held
	t.off, t.held = true, ""
	return s
}
