package prompt

import (
	"bytes"
	"encoding/json"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"griot/internal/fault"
)

// MaxFile bounds what is imported, in bytes.
const MaxFile = 256 << 10

// Bounds of what a file may be cut into: beyond it the rest stays in the instructions only.
const (
	maxPhases = 50
	maxRules  = 100
)

// Finding is something that whoever imports or generates should know.
type Finding struct {
	Code    string // stable: see the constants
	Message string // English
	Line    int    // of the text, from 1; 0 for the whole
	Params  map[string]string
}

// Codes of findings.
const (
	TooLong     = "too_long"           // more characters than an agent may have
	Encoding    = "encoding_guessed"   // not UTF-8: taken for Windows-1252
	Controls    = "control_characters" // some were left out
	Unspeakable = "not_spoken"         // a table, a link or code, which cannot be said on a telephone
	NoStructure = "no_structure"       // no phases were found
	TooMany     = "too_many"           // more phases or rules than are taken
	Ignored     = "ignored_members"    // members of a JSON file that mean nothing here
	Shortened   = "shortened"          // the end was cut off to fit
)

// Imported is what a file contains.
type Imported struct {
	Format       string // text, markdown or json
	Instructions string // the whole text, cleaned: can be used as it is, when it fits
	Draft        Draft  // what was recognised in it
	Findings     []Finding
}

// Import reads instructions from a file: plain text, Markdown or JSON, in any usual encoding. Faults: Invalid "file_too_large", "file_empty", "not_text", "bad_json", "unknown_shape".
func Import(name string, file []byte, lang, kind string) (Imported, error) {
	if len(file) > MaxFile {
		return Imported{}, fault.New(fault.Invalid, "file_too_large", "the file has %d bytes; at most %d are read", len(file), MaxFile).At("body")
	}
	r := reading{out: Imported{Format: "text", Draft: Draft{Language: lang, Kind: kind}}}
	text, err := r.decode(file)
	if err != nil {
		return Imported{}, err
	}
	ext := strings.ToLower(path.Ext(name))
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return Imported{}, fault.New(fault.Invalid, "file_empty", "the file is empty").At("body")
	case ext == ".json" || ext == "" && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid([]byte(trimmed)):
		r.out.Format = "json"
		if err := r.json([]byte(trimmed)); err != nil {
			return Imported{}, err
		}
	default:
		if ext == ".md" || ext == ".markdown" || heading.MatchString(text) {
			r.out.Format = "markdown"
		}
		r.out.Instructions = tidy(text)
		r.sections(r.out.Instructions)
	}
	r.judge(kind)
	return r.out, nil
}

type reading struct {
	out Imported
}

func (r *reading) find(code string, at int, message string, params map[string]string) {
	r.out.Findings = append(r.out.Findings, Finding{code, message, at, params})
}

// decode makes a string of the bytes.
func (r *reading) decode(b []byte) (string, error) {
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		units := make([]uint16, 0, len(b)/2)
		for i := 2; i+1 < len(b); i += 2 {
			lo, hi := uint16(b[i]), uint16(b[i+1])
			if b[0] == 0xFE {
				lo, hi = hi, lo
			}
			units = append(units, hi<<8|lo)
		}
		b = []byte(string(utf16.Decode(units)))
	default:
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
	}
	if bytes.IndexByte(b, 0) >= 0 || bytes.HasPrefix(b, []byte("%PDF")) {
		return "", fault.New(fault.Invalid, "not_text", "the file is not text: save it as text, Markdown or JSON").At("body")
	}
	if !utf8.Valid(b) {
		got, err := charmap.Windows1252.NewDecoder().Bytes(b)
		if err != nil {
			return "", fault.Wrap(err, fault.Invalid, "not_text", "the file is not text").At("body")
		}
		b = got
		r.find(Encoding, 0, "The file is not UTF-8 and was read as Windows-1252: check its accents.", nil)
	}
	left := 0
	text := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' || c == '\u202e' || c == '\u200b' || c == utf8.RuneError {
			left++
			return -1
		}
		return c
	}, string(b))
	if left > 0 {
		r.find(Controls, 0, "Control characters were left out.", map[string]string{"count": strconv.Itoa(left)})
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), nil
}

var (
	heading  = regexp.MustCompile(`(?m)^#{1,6}[ \t]+\S`)
	title    = regexp.MustCompile(`^(#{1,6})[ \t]+(.*?)[ \t#]*$`)
	step     = regexp.MustCompile(`^(?i:(?:phase|step|étape|etape|paso|fase)[ \t]*)(\d{1,2})[ \t\x{00a0}]*[.:)–-][ \t]*(.*)$`)
	number   = regexp.MustCompile(`^\d{1,2}[.)][ \t]+`)
	bullet   = regexp.MustCompile(`^[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+(.*)$`)
	labelled = regexp.MustCompile(`^[ \t]*\**(\p{L}+)\**[ \t\x{00a0}\x{202f}]*:\**[ \t\x{00a0}]*(.*)$`)
	link     = regexp.MustCompile(`https?://|\]\(`)
	table    = regexp.MustCompile(`^[ \t]*\|.*\|[ \t]*$`)
)

// What a heading or a label means, in the three languages.
var meaning = map[string]string{
	"role": "role", "rôle": "role", "papel": "role", "rol": "role", "identity": "role", "identité": "role", "identidad": "role", "persona": "role", "mission": "role", "misión": "role",
	"tone": "tone", "ton": "tone", "tono": "tone", "style": "tone", "estilo": "tone",
	"rules": "rules", "règles": "rules", "reglas": "rules", "limits": "rules", "limites": "rules", "límites": "rules", "constraints": "rules", "contraintes": "rules", "guardrails": "rules",
	"goal": "goal", "objectif": "goal", "objetivo": "goal", "objective": "goal", "but": "goal",
	"say": "script", "dites": "script", "diga": "script", "script": "script", "guion": "script", "guión": "script",
}

// sections finds role, tone, rules and phases in a text with headings, or with lines such as "Step 2: …".
func (r *reading) sections(text string) {
	d := &r.out.Draft
	into, phase := "", -1 // what the lines that come belong to
	dropped := false
	begin := func(name string, numbered bool) { // a numbered part is a phase, whatever its name
		name = strings.TrimSpace(number.ReplaceAllString(strings.Trim(name, "*_ "), ""))
		switch m := meaning[strings.ToLower(strings.TrimRight(name, " :\u00a0"))]; {
		case numbered && len(d.Phases) < maxPhases && name != "":
			d.Phases = append(d.Phases, Phase{Name: cut(name, 120)})
			into, phase = "phase", len(d.Phases)-1
		case m == "role" || m == "tone" || m == "rules":
			into, phase = m, -1
		case len(d.Phases) >= maxPhases || name == "":
			into, phase, dropped = "", -1, dropped || name != ""
		default:
			d.Phases = append(d.Phases, Phase{Name: cut(name, 120)})
			into, phase = "phase", len(d.Phases)-1
		}
	}
	var lead []string
	for l := range strings.SplitSeq(text, "\n") {
		if m := title.FindStringSubmatch(l); m != nil {
			begin(m[2], len(m[1]) > 1 && number.MatchString(m[2]))
			continue
		}
		if m := step.FindStringSubmatch(strings.Trim(strings.TrimSpace(l), "*")); m != nil {
			name, rest, ok := strings.Cut(m[2], ". ")
			begin(strings.TrimSuffix(name, "."), true)
			if ok && phase >= 0 {
				d.Phases[phase].Goal = strings.TrimSpace(rest)
			}
			continue
		}
		l = strings.TrimSpace(l)
		if l == "" {
			continue
		}
		switch into {
		case "role":
			d.Role = join(d.Role, l, "\n")
		case "tone":
			d.Tone = join(d.Tone, l, "\n")
		case "rules":
			dropped = !addRule(&d.Rules, unbullet(l)) || dropped
		case "phase":
			dropped = !d.Phases[phase].take(l) || dropped
		default:
			lead = append(lead, l)
		}
	}
	if len(d.Phases) > 0 || d.Tone != "" || len(d.Rules) > 0 {
		if d.Role == "" {
			d.Role = strings.Join(lead, "\n")
		}
	}
	if dropped {
		r.find(TooMany, 0, "There are more phases or rules than are taken; all are in the instructions.", nil)
	}
}

// take adds a line to a phase; false when it has too many rules.
func (p *Phase) take(l string) bool {
	if m := labelled.FindStringSubmatch(strings.TrimLeft(unbullet(l), " ")); m != nil {
		switch meaning[strings.ToLower(m[1])] {
		case "goal":
			p.Goal = join(p.Goal, m[2], " ")
			return true
		case "script":
			p.Script = join(p.Script, m[2], " ")
			return true
		}
	}
	if q, ok := strings.CutPrefix(l, ">"); ok {
		p.Script = join(p.Script, strings.TrimSpace(q), " ")
		return true
	}
	if bullet.MatchString(l) {
		return addRule(&p.Rules, unbullet(l))
	}
	p.Goal = join(p.Goal, l, " ")
	return true
}

func unbullet(l string) string {
	if m := bullet.FindStringSubmatch(l); m != nil {
		return m[1]
	}
	return l
}

func addRule(rules *[]string, r string) bool {
	if len(*rules) >= maxRules {
		return false
	}
	if r = line(r); r != "" {
		*rules = append(*rules, r)
	}
	return true
}

func join(a, b, sep string) string {
	if a == "" {
		return b
	}
	return a + sep + b
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// judge adds what is to be said of the whole.
func (r *reading) judge(kind string) {
	text := r.out.Instructions
	if n, limit := utf8.RuneCountInString(text), Limit(kind); n > limit {
		r.find(TooLong, 0, "The text has more characters than the agent may have.", map[string]string{"characters": strconv.Itoa(n), "limit": strconv.Itoa(limit), "over": strconv.Itoa(n - limit)})
	}
	if len(r.out.Draft.Phases) == 0 {
		r.find(NoStructure, 0, "No phases were recognised: the text can be used as a whole.", nil)
	}
	if kind == Text {
		return
	}
	for i, l := range strings.Split(text, "\n") {
		if link.MatchString(l) || table.MatchString(l) || strings.HasPrefix(strings.TrimSpace(l), "```") {
			r.find(Unspeakable, i+1, "A link, a table or code cannot be said on a telephone.", nil)
			return // the first is enough to look
		}
	}
}
