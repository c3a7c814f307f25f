package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"griot/internal/outbound"
)

// read is an answer in the form in which a model can use it, and whether it says that the request failed.
func read(r *outbound.Response) (text string, failed bool) {
	text, readable := content(r)
	if r.Cut && readable {
		text += "… (cut: the answer is longer than can be read)"
	}
	status := fmt.Sprintf("HTTP %d %s", r.Status, http.StatusText(r.Status))
	switch {
	case r.Status >= 400:
		if text == "" {
			return status, true
		}
		return status + ": " + text, true
	case r.Status >= 300: // a redirect that names no place
		return status + ": the server sends the request elsewhere and does not say where.", true
	case !readable:
		return text, true
	case text == "":
		return status, false
	}
	return text, false
}

// content turns a body into text.
func content(r *outbound.Response) (text string, readable bool) {
	body := r.Body
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "" {
		kind, params, _ = mime.ParseMediaType(http.DetectContentType(body))
	}
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return "", true
	case isJSON(kind), json.Valid(body):
		var b bytes.Buffer
		if json.Compact(&b, body) == nil {
			return b.String(), true
		}
	case strings.HasPrefix(kind, "text/"), isXML(kind), isForm(kind), kind == "application/javascript", kind == "application/yaml":
	default:
		return fmt.Sprintf("The answer is a file of the type %s and %d bytes, which cannot be read here.", kind, len(body)), false
	}
	if label := params["charset"]; label != "" && !utf8.Valid(body) {
		if enc, _ := charset.Lookup(label); enc != nil {
			if b, err := enc.NewDecoder().Bytes(body); err == nil {
				body = b
			}
		}
	}
	if kind == "text/html" || kind == "application/xhtml+xml" {
		return "A web page, whose text is: " + textOf(body), true
	}
	return strings.ToValidUTF8(string(body), "\uFFFD"), true
}

// textOf is what a web page says.
func textOf(page []byte) string {
	z := html.NewTokenizer(bytes.NewReader(page))
	var b strings.Builder
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.ToValidUTF8(strings.Join(strings.Fields(b.String()), " "), "\uFFFD")
		case html.StartTagToken:
			if name, _ := z.TagName(); hidden == "" {
				switch s := string(name); s {
				case "script", "style", "noscript", "template", "svg":
					hidden = s
				}
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
				b.WriteByte(' ')
			}
		}
	}
}
