package chat_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"griot/internal/chat"
	"griot/internal/fault"
	"griot/internal/provider/fake"
)

// zipped is a zip file of parts, in order: name, content.
func zipped(t *testing.T, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		require.NoError(t, err)
		_, err = w.Write([]byte(parts[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

const (
	wordNS  = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`
	drawNS  = `xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"`
	letter  = `<w:document ` + wordNS + `><w:body><w:p><w:r><w:t>Dear </w:t></w:r><w:r><w:t>Ada,</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Chair</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>€10</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p></w:body></w:document>`
	slide   = `<p:sld xmlns:p="x" ` + drawNS + `><a:p><a:r><a:t>Slide %</a:t></a:r></a:p></p:sld>`
	odt     = `<office:document-content xmlns:office="o" xmlns:text="t"><text:h>Title</text:h><text:p>One<text:s/><text:span>two</text:span></text:p></office:document-content>`
	odtMIME = "application/vnd.oasis.opendocument.text"
)

func workbook(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "Name", "B1": "Price", "A2": "Chair", "B2": 12.5} {
		require.NoError(t, f.SetCellValue("Sheet1", cell, v))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// Documents of offices are read, and the model gets their words.
func TestOffice(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want []string
		mime string
	}{
		"letter.docx": {zipped(t, "[Content_Types].xml", "<x/>", "word/document.xml", letter), []string{"Dear Ada,", "Chair | €10"}, "wordprocessingml.document"},
		"prices.xlsx": {workbook(t), []string{"# Sheet1", "Name | Price", "Chair | 12.5"}, "spreadsheetml.sheet"},
		"talk.pptx":   {zipped(t, "ppt/presentation.xml", "<x/>", "ppt/slides/slide10.xml", strings.ReplaceAll(slide, "%", "ten"), "ppt/slides/slide2.xml", strings.ReplaceAll(slide, "%", "two")), []string{"# 1\nSlide two\n# 2\nSlide ten"}, "presentationml.presentation"},
		"note.rtf":    {base64.StdEncoding.EncodeToString([]byte(`{\rtf1\ansi Dear Ada,\par 80 \'80}`)), []string{"Dear Ada,\n80 €"}, "application/rtf"},
		"note.odt":    {zipped(t, "mimetype", odtMIME, "content.xml", odt), []string{"Title\nOne two\n"}, odtMIME},
	} {
		t.Run(name, func(t *testing.T) {
			m := fake.NewLLM(fake.Answer{Text: "Read."})
			w := newWorld(t, m)
			id := w.say("", "Read this", chat.Upload{Name: name, Type: "application/octet-stream", Data: c.data})[0]["session_id"].(string)
			for _, s := range append(c.want, name, "Read this") {
				require.Contains(t, m.Requests()[0].Messages[0].Text, s)
			}
			require.NotContains(t, m.Requests()[0].Messages[0].Text, "PAGE")
			s, err := w.Get(t.Context(), "default", "sales", id)
			require.NoError(t, err)
			require.Contains(t, s.Messages[0].Attachments[0].Type, c.mime)
			require.Empty(t, s.Messages[0].Attachments[0].Text)
		})
	}
}

// Files that are broken, or made to harm, are refused, and the session takes the next message.
func TestBadOffice(t *testing.T) {
	w := newWorld(t, fake.NewLLM(fake.Answer{Text: "Yes."}))
	for name, data := range map[string]string{
		"bomb":       zipped(t, "word/document.xml", `<w:document><w:t>`+strings.Repeat(" ", 65<<20)+`</w:t></w:document>`),
		"not XML":    zipped(t, "word/document.xml", "<w:document><w:t>Dear"+"\x00</w:p>"),
		"no text":    zipped(t, "word/document.xml", "<w:document/>"),
		"plain zip":  zipped(t, "a.txt", "Hello"),
		"no sheets":  zipped(t, "xl/workbook.xml", "<workbook/>"),
		"entities":   zipped(t, "content.xml", `<!DOCTYPE x [<!ENTITY a "b">]><x><p>&a;</p></x>`, "mimetype", odtMIME),
		"cut short":  base64.StdEncoding.EncodeToString([]byte("PK\x03\x04 and no more")),
		"slide gone": zipped(t, "ppt/presentation.xml", "<x/>"),
	} {
		_, err := w.Send(t.Context(), "default", "sales", chat.Incoming{Text: "Read", Attachments: []chat.Upload{{Name: "x", Data: data}}})
		require.Contains(t, []string{"document_unreadable", "document_without_text"}, fault.CodeOf(err), "%s: %v", name, err)
	}
	require.Equal(t, "Yes.", text(w.say("", "Still there?")))
}
