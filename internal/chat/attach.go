package chat

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"griot/internal/conversation"
	"griot/internal/fault"
	"griot/internal/knowledge/extract"
	"griot/internal/model/llm"
)

// Bounds of what is shown with a message (specification 12.7.3: 10 MB a file).
const (
	MaxAttachment  = 10 << 20 // bytes of one file
	MaxAttachments = 5        // files with one message
	maxRead        = 200_000  // bytes of the text of one file that a model is given
)

// Upload is a file as it comes with a message.
type Upload struct {
	Name, Type string // as the client says; Type is a MIME type, and believed only where the bytes agree
	Data       string // base64
}

// Attachment is a file that was shown with a message.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"mime_type"`
	Size int64  `json:"size" doc:"Bytes."`
	Cut  bool   `json:"cut,omitempty" doc:"The agent read only its beginning."`
	Text string `json:"text,omitempty"` // what a model reads of it; empty for what it looks at itself
	Key  string `json:"key,omitempty"`  // of the file that it looks at, among the conversation's
	data []byte
}

var images = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// receive looks at what came with a message. Nothing is kept yet. Faults are Invalid: "attachment_too_large", "too_many_attachments", "bad_attachment",
// "attachment_unreadable", "model_takes_no_images", and those of documents (package extract).
func (s *Service) receive(ctx context.Context, m llm.Model, ups []Upload) ([]Attachment, error) {
	if len(ups) > MaxAttachments {
		f := fault.New(fault.Invalid, "too_many_attachments", "A message takes %d files at most.", MaxAttachments)
		f.Params = map[string]string{"max": fmt.Sprint(MaxAttachments)}
		return nil, f.At("body.attachments")
	}
	var out []Attachment
	for i, u := range ups {
		a, err := s.look(ctx, m, u)
		if err != nil {
			var f *fault.Error
			if !errors.As(err, &f) {
				return nil, err
			}
			if f.Params == nil {
				f.Params = map[string]string{}
			}
			f.Params["name"] = nameOf(u.Name)
			return nil, f.At(fmt.Sprintf("body.attachments[%d]", i))
		}
		out = append(out, a)
	}
	return out, nil
}

func nameOf(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, filepath.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	if len(name) > 200 {
		name = strings.ToValidUTF8(name[:200], "")
	}
	return name
}

func (s *Service) look(ctx context.Context, m llm.Model, u Upload) (Attachment, error) {
	a := Attachment{Name: nameOf(u.Name)}
	data := u.Data
	if _, rest, ok := strings.Cut(data, ";base64,"); ok && strings.HasPrefix(data, "data:") { // as browsers read files
		data = rest
	}
	if base64.StdEncoding.DecodedLen(len(data)) > MaxAttachment+3 {
		return a, fault.New(fault.Invalid, "attachment_too_large", "%s is larger than 10 MB.", a.Name)
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(raw) == 0 {
		return a, fault.New(fault.Invalid, "bad_attachment", "%s is empty, or not base64.", a.Name)
	}
	if len(raw) > MaxAttachment {
		return a, fault.New(fault.Invalid, "attachment_too_large", "%s is larger than 10 MB.", a.Name)
	}
	a.Size, a.data = int64(len(raw)), raw
	kind, _, _ := strings.Cut(http.DetectContentType(raw), ";")
	switch {
	case slices.Contains(images, kind):
		if !llm.TakesImages(m) {
			return a, fault.New(fault.Invalid, "model_takes_no_images", "The agent cannot look at pictures.")
		}
		a.Type = kind
		return a, nil
	case extract.IsPDF(raw) && llm.TakesFiles(m):
		a.Type = extract.PDF
		return a, nil
	case extract.Knows(raw):
		d, err := s.documents.Read(ctx, raw, maxRead)
		if err != nil {
			return a, err
		}
		a.Type, a.Text, a.Cut, a.data = d.Type, d.Text, d.Cut, nil
		return a, nil
	}
	raw = bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF"))
	if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return a, unreadable(a.Name)
	}
	a.Type = "text/plain"
	if t, _, _ := strings.Cut(u.Type, ";"); strings.HasPrefix(t, "text/") || t == "application/json" {
		a.Type = t
	}
	a.Text, a.Cut = cut(string(raw))
	a.data = nil
	if strings.TrimSpace(a.Text) == "" {
		return a, fault.New(fault.Invalid, "bad_attachment", "%s is empty, or not base64.", a.Name)
	}
	return a, nil
}

func unreadable(name string) error {
	return fault.New(fault.Invalid, "attachment_unreadable", "%s is of a kind that cannot be read: pictures, PDF, Word, Excel, PowerPoint, OpenDocument, RTF and text can.", name)
}

func cut(text string) (string, bool) {
	text = strings.ToValidUTF8(text, "")
	if len(text) <= maxRead {
		return text, false
	}
	return strings.ToValidUTF8(text[:maxRead], ""), true
}

// keep puts the files of a message that a model looks at itself beside the conversation's record.
func (s *Service) keep(ctx context.Context, p place, item string, as []Attachment) error {
	for i := range as {
		if as[i].data == nil {
			continue
		}
		as[i].Key = fmt.Sprintf("%s%s-%d", conversation.Files(p.tenant, p.id), item, i)
		if err := s.blobs.Put(ctx, as[i].Key, bytes.NewReader(as[i].data)); err != nil {
			return fmt.Errorf("keep what was shown: %w", err)
		}
		as[i].data = nil
	}
	return nil
}
