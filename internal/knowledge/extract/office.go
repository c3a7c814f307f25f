package extract

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of a document that is unpacked.
const (
	maxInflated = 64 << 20 // bytes of all its parts
	maxParts    = 2000     // that are looked at
)

// document is a zip file of parts.
type document struct {
	limit int // bytes of text that are wanted
	parts map[string]*zip.File
	left  int64 // bytes that may still be inflated
}

// office reads the text of a Word, Excel, PowerPoint or OpenDocument file (ECMA-376, OASIS OpenDocument 1.3), and tells its type.
func office(raw []byte, limit int) (text, mime string, err error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return "", "", unreadable(err)
	}
	if len(z.File) > maxParts {
		return "", "", unreadable(errors.New("it has too many parts"))
	}
	d := &document{limit: limit, parts: map[string]*zip.File{}, left: maxInflated}
	for _, f := range z.File {
		d.parts[f.Name] = f
	}
	var b bytes.Buffer
	const ooxml = "application/vnd.openxmlformats-officedocument."
	switch {
	case d.parts["word/document.xml"] != nil:
		mime = ooxml + "wordprocessingml.document"
		err = d.words(&b, "word/document.xml")
	case d.parts["xl/workbook.xml"] != nil:
		mime = ooxml + "spreadsheetml.sheet"
		err = sheets(&b, raw, limit)
	case d.parts["ppt/presentation.xml"] != nil:
		mime = ooxml + "presentationml.presentation"
		for i, name := range d.numbered("ppt/slides/slide") {
			fmt.Fprintf(&b, "# %d\n", i+1)
			if err = d.words(&b, name); err != nil {
				break
			}
		}
	case d.parts["content.xml"] != nil && d.parts["mimetype"] != nil:
		mime = "application/vnd.oasis.opendocument"
		if kind, err := d.read("mimetype", 100); err == nil && strings.HasPrefix(string(kind), mime) {
			mime = strings.TrimSpace(string(kind))
		}
		err = d.words(&b, "content.xml")
	default:
		return "", "", unreadable(errors.New("a zip file that is no document"))
	}
	if err != nil {
		return "", "", unreadable(err)
	}
	return b.String(), mime, nil
}

// numbered lists parts of a kind in the order of their numbers.
func (d *document) numbered(prefix string) []string {
	var names []string
	number := func(name string) int {
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, prefix), ".xml"))
		return n
	}
	for name := range d.parts {
		if strings.HasPrefix(name, prefix) && path.Ext(name) == ".xml" && number(name) > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return number(a) - number(b) })
	return names
}

var errInflated = errors.New("the document is larger than 64 MB once it is unpacked")

func (d *document) read(name string, limit int64) ([]byte, error) {
	f := d.parts[name]
	if f == nil {
		return nil, fmt.Errorf("the part %s is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer r.Close()
	limit = min(limit, d.left)
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	if d.left -= int64(len(b)); int64(len(b)) > limit {
		return nil, errInflated
	}
	return b, nil
}

// tokens calls f with the XML tokens of a part. What the encoding/xml decoder refuses, entities of its own among it, is an error.
func (d *document) tokens(name string, f func(xml.Token) error) error {
	b, err := d.read(name, maxInflated)
	if err != nil {
		return err
	}
	dec := xml.NewDecoder(bytes.NewReader(b))
	for {
		t, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := f(t); err != nil {
			return err
		}
	}
}

var errEnough = errors.New("there is more text than a model is given")

// words writes the text of a part: a line for each paragraph, the cells of a table's row beside each other.
func (d *document) words(b *bytes.Buffer, name string) error {
	inText := 0
	odf := name == "content.xml"
	var cells int
	err := d.tokens(name, func(t xml.Token) error {
		if b.Len() > d.limit {
			return errEnough
		}
		switch v := t.(type) {
		case xml.StartElement:
			switch v.Name.Local {
			case "t":
				inText++
			case "p", "h":
				if odf {
					inText++
				}
			case "tab":
				b.WriteByte('\t')
			case "br", "line-break", "cr":
				b.WriteByte('\n')
			case "s":
				if odf {
					b.WriteByte(' ')
				}
			case "tr", "table-row":
				cells = 0
			case "tc", "table-cell":
				if cells++; cells > 1 {
					trim(b)
					b.WriteString(" | ")
				}
			}
		case xml.EndElement:
			switch v.Name.Local {
			case "t":
				inText = max(0, inText-1)
			case "p", "h":
				if odf {
					inText = max(0, inText-1)
				}
				b.WriteByte('\n')
			}
		case xml.CharData:
			if inText > 0 {
				b.Write(v)
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// trim takes the end of a paragraph back that ends a cell.
func trim(b *bytes.Buffer) {
	b.Truncate(len(bytes.TrimRight(b.Bytes(), "\n")))
}

// sheets writes the cells of a workbook as people see them, a line for each row.
func sheets(b *bytes.Buffer, raw []byte, limit int) (err error) {
	f, err := excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: maxInflated, UnzipXMLSizeLimit: maxInflated})
	if err != nil {
		return fmt.Errorf("open the workbook: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, name := range f.GetSheetList() {
		fmt.Fprintf(b, "# %s\n", name)
		rows, err := f.Rows(name)
		if err != nil {
			return fmt.Errorf("read the sheet %s: %w", name, err)
		}
		for rows.Next() && b.Len() <= limit {
			cells, err := rows.Columns()
			if err != nil {
				return errors.Join(fmt.Errorf("read the sheet %s: %w", name, err), rows.Close())
			}
			if line := strings.TrimRight(strings.Join(cells, " | "), " |"); line != "" {
				b.WriteString(line + "\n")
			}
		}
		if err := rows.Close(); err != nil {
			return fmt.Errorf("read the sheet %s: %w", name, err)
		}
	}
	return nil
}
