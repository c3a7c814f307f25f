// Package extract reads the text of documents: PDF, RTF, Word, Excel, PowerPoint and OpenDocument. Documents are somebody's, and may be broken or made to harm, so each is
// read by a process of its own: this very program, started again with Command as its first argument, which can use little memory and time, no file and no network.
package extract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
)

// Command is the hidden sub-command.
const Command = "extract-document"

// Bounds of one reading.
const (
	readTime  = 20 * time.Second // of the process, whatever it waits for
	readCPU   = 10               // seconds of computing
	readSpace = 512 << 20        // bytes of addresses beyond those that the program begins with
)

// PDF is the MIME type.
const PDF = "application/pdf"

// Document is what was read.
type Document struct {
	Type string `json:"type"` // MIME
	Text string `json:"text"`
	Cut  bool   `json:"cut"` // there is more of it
}

// answer is what the process says: a document or a fault.
type answer struct {
	Document
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Reader reads documents, a few at a time. It is safe for concurrent use.
type Reader struct {
	slots chan struct{}
	pdf   string // pdftotext, where it is
}

// New makes a reader that has at most n processes at the same time; 0 is one for each processor.
func New(n int) *Reader {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	r := &Reader{slots: make(chan struct{}, n)}
	r.pdf, _ = exec.LookPath("pdftotext") // without it we read by ourselves
	return r
}

// Knows reports whether the bytes are those of a document that is read here.
func Knows(raw []byte) bool {
	return IsPDF(raw) || isRTF(raw) || bytes.HasPrefix(raw, []byte("PK\x03\x04"))
}

// IsPDF reports whether the bytes are a PDF file's. Readers look for its mark in the first 1024 bytes, as its standard's notes say.
func IsPDF(raw []byte) bool { return bytes.Contains(raw[:min(len(raw), 1024)], []byte("%PDF-")) }

// Read reads at most limit bytes of a document's text, and waits for its turn. Faults are Invalid: "document_unreadable" for one that is broken or of another kind,
// "document_without_text" for one that holds none, as scanned pages do, "document_locked" for one that wants a password, "document_too_complex" for one that takes too
// much time or memory.
func (r *Reader) Read(ctx context.Context, raw []byte, limit int) (Document, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return Document{}, ctx.Err()
	}
	if IsPDF(raw) && r.pdf != "" {
		d, err := r.poppler(ctx, raw, limit)
		if err == nil || ctx.Err() != nil || fault.CodeOf(err) == codeTooComplex {
			return d, err
		}
		// What it cannot read, ours may.
	}
	out, errOut, err := run(ctx, raw, 8*limit+4096, "read", strconv.Itoa(limit))
	var a answer
	switch jerr := json.Unmarshal(out, &a); {
	case err != nil && ctx.Err() != nil:
		return Document{}, ctx.Err()
	case err != nil || jerr != nil:
		return Document{}, ended(err, errOut)
	case a.Code != "":
		return Document{}, fault.New(fault.Invalid, a.Code, "%s", a.Message)
	}
	return a.Document, nil
}

const codeTooComplex = "document_too_complex"

// ended says why a process did not answer.
func ended(err error, says string) error {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("start the reader of documents: %w", err)
	}
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(says, "out of memory") || strings.Contains(says, "cannot allocate memory") || exit != nil && killed(exit) {
		return fault.New(fault.Invalid, codeTooComplex, "The document takes too much time or memory to read.")
	}
	return unreadable(errors.New(firstLine(says)))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// poppler has pdftotext read a file.
func (r *Reader) poppler(ctx context.Context, raw []byte, limit int) (Document, error) {
	out, errOut, err := run(ctx, raw, limit+1, "run", r.pdf, "-enc", "UTF-8", "-nopgbrk", "-q", "-", "-")
	if err != nil && len(out) <= limit {
		return Document{}, ended(err, errOut)
	}
	text, cut := head(string(out), limit)
	if strings.TrimSpace(text) == "" {
		return Document{}, empty()
	}
	return Document{Type: PDF, Text: text, Cut: cut}, nil
}

// run starts this program again and gives it raw. Of what it prints it takes at most most bytes, and then ends it.
func run(ctx context.Context, raw []byte, most int, args ...string) (out []byte, errOut string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readTime, context.DeadlineExceeded)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{Command}, args...)...)
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "GOMAXPROCS=1", "GOTRACEBACK=none"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	apart(cmd)
	said := &bounded{most: most, full: cancel}
	wrong := &bounded{most: 4096}
	cmd.Stdout, cmd.Stderr = said, wrong
	err = cmd.Run()
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, context.DeadlineExceeded) {
		err = cause
	}
	return said.b.Bytes(), wrong.b.String(), err
}

// bounded keeps the beginning of what is written.
type bounded struct {
	b    bytes.Buffer
	most int
	full func() // nil drops the rest
}

func (w *bounded) Write(p []byte) (int, error) {
	n := min(len(p), w.most-w.b.Len())
	w.b.Write(p[:n])
	if n < len(p) && w.full != nil {
		w.full()
		return n, io.ErrShortWrite
	}
	return len(p), nil
}

func unreadable(err error) error {
	return fault.Wrap(err, fault.Invalid, "document_unreadable", "The document is broken, or of a kind that cannot be read")
}

func empty() error {
	return fault.New(fault.Invalid, "document_without_text", "There is no text in the document. If its pages are scanned, send them as pictures.")
}

// head is the beginning of a text that fits.
func head(text string, limit int) (string, bool) {
	text = strings.ToValidUTF8(text, "")
	if len(text) <= limit {
		return text, false
	}
	return strings.ToValidUTF8(text[:limit], ""), true
}
