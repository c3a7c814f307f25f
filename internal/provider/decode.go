package provider

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
)

// mode says whether required fields must be there: not for Present, which answers before anything is configured.
type mode bool

const (
	strict  mode = true
	lenient mode = false
)

// decode lays raw over the default, fills what raw leaves empty from the environment, and validates the result. Its
// errors are of kind fault.Invalid, name place and value, and never contain a secret.
func decode[C any](sh shape, raw json.RawMessage, m mode) (C, error) {
	c := sh.def.Interface().(C)
	v := reflect.ValueOf(&c).Elem()
	var none C

	given := map[string]json.RawMessage{}
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &given); err != nil {
			return none, fault.Wrap(err, fault.Invalid, "invalid_config",
				"the configuration of %s is not a JSON object", sh.id).At(sh.id)
		}
	}
	if err := sh.unknown(given); err != nil {
		return none, err
	}
	for _, f := range sh.fields {
		fv := v.Field(f.index)
		if f.typ.Kind() == reflect.Slice { // never share the default's array
			fv.Set(reflect.AppendSlice(reflect.MakeSlice(f.typ, 0, fv.Len()), fv))
		}
		r := given[f.name]
		if s := string(r); s == "" || s == "null" || s == `""` {
			if err := sh.fill(f, fv); err != nil {
				return none, err
			}
		} else if err := sh.set(f, fv, r); err != nil {
			return none, err
		}
		if err := sh.check(f, fv, m); err != nil {
			return none, err
		}
	}
	return c, nil
}

func (sh shape) path(f field) string { return sh.id + "." + f.name }

// unknown reports the first key, in alphabetical order, that no field has.
func (sh shape) unknown(given map[string]json.RawMessage) error {
	names := make([]string, len(sh.fields))
	for i, f := range sh.fields {
		names[i] = f.name
	}
	var wrong []string
	for k := range given {
		if !slices.Contains(names, k) {
			wrong = append(wrong, k)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	key := slices.Min(wrong)
	hint := "; it takes: " + strings.Join(names, ", ")
	if len(names) == 0 {
		hint = "; it takes none"
	} else if n := nearest(key, names); n != "" {
		hint = "; did you mean " + strconv.Quote(n) + "?"
	}
	return fault.New(fault.Invalid, "unknown_key", "%s has no setting %q%s", sh.id, key, hint).At(sh.id + "." + key)
}

// set decodes one value that the configuration gives.
func (sh shape) set(f field, fv reflect.Value, r json.RawMessage) error {
	if f.typ == durationType {
		var s string
		if err := json.Unmarshal(r, &s); err != nil {
			return sh.wrong(f, string(r))
		}
		return sh.setDuration(f, fv, s)
	}
	n := reflect.New(f.typ)
	if err := json.Unmarshal(r, n.Interface()); err != nil {
		return sh.wrong(f, string(r))
	}
	fv.Set(n.Elem())
	return nil
}

func (sh shape) setDuration(f field, fv reflect.Value, s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return sh.wrong(f, strconv.Quote(s))
	}
	fv.SetInt(int64(d))
	return nil
}

// fill takes a value from the environment. Without one the default stays.
func (sh shape) fill(f field, fv reflect.Value) error {
	s := ""
	for _, name := range append([]string{f.env}, f.also...) {
		if s == "" && name != "" {
			s = strings.TrimSpace(os.Getenv(name))
		}
	}
	if s == "" {
		return nil
	}
	switch {
	case f.typ == durationType:
		return sh.setDuration(f, fv, s)
	case f.typ.Kind() == reflect.String:
		fv.SetString(s)
	case f.typ.Kind() == reflect.Slice:
		list := reflect.MakeSlice(f.typ, 0, 4)
		for part := range strings.SplitSeq(s, ",") {
			list = reflect.Append(list, reflect.ValueOf(strings.TrimSpace(part)).Convert(f.typ.Elem()))
		}
		fv.Set(list)
	default:
		if sh.set(f, fv, json.RawMessage(s)) != nil {
			e := sh.wrong(f, strconv.Quote(s))
			e.Message += " (from the environment variable " + f.env + ")"
			return e
		}
	}
	return nil
}

// check applies required and enum to the value that results.
func (sh shape) check(f field, fv reflect.Value, m mode) error {
	if f.required && m == strict && (fv.IsZero() || fv.Kind() == reflect.Slice && fv.Len() == 0) {
		how := ""
		if f.env != "" {
			how = ", or set the environment variable " + f.env
		}
		return fault.New(fault.Invalid, "missing_setting", "%s needs the setting %q%s", sh.id, f.name, how).At(sh.path(f))
	}
	if len(f.enum) == 0 {
		return nil
	}
	values := []string{}
	switch fv.Kind() {
	case reflect.String:
		values = append(values, fv.String())
	case reflect.Slice:
		for i := range fv.Len() {
			values = append(values, fv.Index(i).String())
		}
	}
	for _, s := range values {
		if slices.Contains(f.enum, s) || s == "" && !f.required {
			continue
		}
		hint := ""
		if n := nearest(s, f.enum); n != "" {
			hint = "; did you mean " + strconv.Quote(n) + "?"
		}
		return fault.New(fault.Invalid, "unknown_value", "%s is %q, but must be one of %s%s",
			sh.path(f), s, strings.Join(f.enum, ", "), hint).At(sh.path(f))
	}
	return nil
}

// wrong makes the error for a value of the wrong type; shown is left out where it may be a secret.
func (sh shape) wrong(f field, shown string) *fault.Error {
	if f.secret {
		shown = "of another type"
	} else if r := []rune(shown); len(r) > 60 {
		shown = string(r[:60]) + "…"
	}
	return fault.New(fault.Invalid, "wrong_type", "%s is %s, but must be %s", sh.path(f), shown, f.wanted()).At(sh.path(f))
}

// nearest returns the name with the fewest edits to s, "" when none is near. The comparison ignores case, '-' and '_'.
func nearest(s string, names []string) string {
	fold := strings.NewReplacer("-", "", "_", "", " ", "")
	best, least := "", max(2, len(s)/3)+1
	if len(s) > 100 {
		return ""
	}
	for _, n := range names {
		if d := edits(fold.Replace(strings.ToLower(s)), fold.Replace(strings.ToLower(n))); d < least {
			best, least = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance between a and b, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
