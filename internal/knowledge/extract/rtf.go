package extract

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

func isRTF(raw []byte) bool { return bytes.HasPrefix(raw, []byte(`{\rtf`)) }

// aside are the destinations of RTF 1.9.1 whose text is not the document's.
var aside = map[string]bool{"fonttbl": true, "colortbl": true, "stylesheet": true, "info": true, "pict": true, "object": true, "themedata": true, "colorschememapping": true, "datastore": true,
	"latentstyles": true, "listtable": true, "listoverridetable": true, "rsidtbl": true, "generator": true, "xmlnstbl": true, "filetbl": true, "revtbl": true, "fldinst": true, "nonshppict": true,
	"header": true, "headerl": true, "headerr": true, "headerf": true, "footer": true, "footerl": true, "footerr": true, "footerf": true, "bkmkstart": true, "bkmkend": true}

// symbols are the control words that stand for text.
var symbols = map[string]string{"par": "\n", "line": "\n", "page": "\n", "sect": "\n", "row": "\n", "tab": "\t", "cell": " | ", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
	"ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " "}

var pagesOfCode = map[int]*charmap.Charmap{437: charmap.CodePage437, 850: charmap.CodePage850, 852: charmap.CodePage852, 866: charmap.CodePage866, 874: charmap.Windows874, 1250: charmap.Windows1250,
	1251: charmap.Windows1251, 1252: charmap.Windows1252, 1253: charmap.Windows1253, 1254: charmap.Windows1254, 1255: charmap.Windows1255, 1256: charmap.Windows1256, 1257: charmap.Windows1257,
	1258: charmap.Windows1258, 10000: charmap.Macintosh}

// rtfState is what a group changes for itself.
type rtfState struct {
	skip bool // its text is not the document's
	uc   int  // characters that stand in for one of \u
}

// rtf reads the text of a Rich Text document. What it does not know it passes over.
func rtf(raw []byte, limit int) string {
	var b strings.Builder
	st := rtfState{uc: 1}
	var stack []rtfState
	page := charmap.Windows1252
	drop := 0       // characters still to pass over, that stand in for one that came before
	high := rune(0) // half of a character
	put := func(s string) {
		switch {
		case drop > 0:
			drop--
		case !st.skip:
			b.WriteString(s)
		}
	}
	for i := 0; i < len(raw) && b.Len() <= limit; {
		switch c := raw[i]; c {
		case '{':
			if len(stack) < 1000 {
				stack = append(stack, st)
			}
			drop = 0
			i++
		case '}':
			if n := len(stack); n > 0 {
				st, stack = stack[n-1], stack[:n-1]
			}
			drop = 0
			i++
		case '\r', '\n':
			i++
		case '\\':
			word, arg, has, n := control(raw[i:])
			i += n
			switch {
			case word == "'":
				put(string(page.DecodeByte(byte(arg))))
			case word == "*":
				st.skip = true
			case aside[word]:
				st.skip = true
			case word == "ansicpg" && pagesOfCode[arg] != nil:
				page = pagesOfCode[arg]
			case word == "mac":
				page = charmap.Macintosh
			case word == "uc" && has:
				st.uc = max(0, min(arg, 10))
			case word == "u" && has:
				r := rune(uint16(arg)) // written as a signed number of 16 bits
				drop = 0
				switch {
				case utf16.IsSurrogate(r) && r < 0xDC00:
					high = r
				case utf16.IsSurrogate(r):
					put(string(utf16.DecodeRune(high, r)))
				default:
					put(string(r))
				}
				drop = st.uc
			case word == "bin" && arg > 0:
				i += min(arg, len(raw)-i)
			case word == "\\" || word == "{" || word == "}":
				put(word)
			case word == "~":
				put("\u00a0")
			case word == "_":
				put("-")
			case symbols[word] != "":
				put(symbols[word])
			}
		default:
			if c < 0x80 {
				put(string(rune(c)))
			} else {
				put(string(page.DecodeByte(c)))
			}
			i++
		}
	}
	return b.String()
}

// control reads a control word or symbol and tells how long it is.
func control(raw []byte) (word string, arg int, has bool, n int) {
	if len(raw) < 2 {
		return "", 0, false, len(raw)
	}
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	if raw[1] == '\'' {
		if len(raw) < 4 {
			return "", 0, false, len(raw)
		}
		v, err := strconv.ParseUint(string(raw[2:4]), 16, 8)
		if err != nil {
			return "", 0, false, 2
		}
		return "'", int(v), true, 4
	}
	if !letter(raw[1]) {
		if raw[1] == '\n' || raw[1] == '\r' {
			return "par", 0, false, 2
		}
		return string(raw[1:2]), 0, false, 2
	}
	i := 1
	for i < len(raw) && i < 33 && letter(raw[i]) {
		i++
	}
	word = string(raw[1:i])
	from := i
	if i < len(raw) && raw[i] == '-' {
		i++
	}
	for i < len(raw) && i < from+11 && raw[i] >= '0' && raw[i] <= '9' {
		i++
	}
	if v, err := strconv.Atoi(string(raw[from:i])); err == nil {
		arg, has = v, true
	} else {
		i = from
	}
	if i < len(raw) && raw[i] == ' ' {
		i++
	}
	return word, arg, has, i
}
