package extract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/ledongthuc/pdf"

	"griot/internal/fault"
)

// maxInput bounds what a process takes, in bytes.
const maxInput = 100 << 20

func init() {
	if len(os.Args) < 3 || os.Args[1] != Command {
		return
	}
	code := 0
	if err := serve(os.Args[2], os.Args[3:]); err != nil {
		_, _ = os.Stderr.WriteString("extract: " + err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}

// serve is the process: it reads the document on its standard input, and prints the answer.
func serve(what string, args []string) error {
	if len(args) == 0 {
		return errors.New("arguments are missing")
	}
	if what == "run" {
		return become(args)
	}
	limit, err := strconv.Atoi(args[0])
	if err != nil || limit <= 0 {
		return errors.New("arguments: no limit")
	}
	if err := confine(nil); err != nil {
		return err
	}
	debug.SetMemoryLimit(readSpace / 2)
	raw, err := io.ReadAll(io.LimitReader(os.Stdin, maxInput))
	if err != nil {
		return err
	}
	d, err := text(raw, limit)
	a := answer{Document: d}
	if err != nil {
		var f *fault.Error
		if !errors.As(err, &f) {
			err = unreadable(err)
			errors.As(err, &f)
		}
		a = answer{Code: f.Code, Message: f.Message}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// text reads a document in this process.
func text(raw []byte, limit int) (d Document, err error) {
	defer func() {
		if r := recover(); r != nil { // readers of PDF do so on files that are broken
			d, err = Document{}, unreadable(fmt.Errorf("%v", r))
		}
	}()
	var s string
	switch {
	case IsPDF(raw):
		d.Type = PDF
		s, err = pages(raw, limit)
	case isRTF(raw):
		d.Type = "application/rtf"
		s = rtf(raw, limit)
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		s, d.Type, err = office(raw, limit)
	default:
		return d, unreadable(errors.New("unknown kind"))
	}
	if err != nil {
		return Document{}, err
	}
	d.Text, d.Cut = head(s, limit)
	if strings.TrimSpace(d.Text) == "" {
		return Document{}, empty()
	}
	return d, nil
}

// pages reads the text of a PDF file.
func pages(raw []byte, limit int) (string, error) {
	r, err := pdf.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if errors.Is(err, pdf.ErrInvalidPassword) {
		return "", fault.New(fault.Invalid, "document_locked", "The document wants a password. Send one without.")
	}
	if err != nil {
		return "", unreadable(err)
	}
	var b strings.Builder
	n := r.NumPage()
	var failed error
	for i := 1; i <= n && b.Len() <= limit; i++ {
		t, err := r.Page(i).GetPlainText(nil)
		if err != nil {
			failed = err // the other pages may be whole
			continue
		}
		if t = strings.TrimSpace(t); t != "" {
			b.WriteString(t + "\n\n")
		}
	}
	if b.Len() == 0 && failed != nil {
		return "", unreadable(failed)
	}
	return b.String(), nil
}
