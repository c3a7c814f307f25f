package api

import (
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"griot/web/locales"
)

// worded says in the caller's language what is wrong, where there are words for its code; otherwise the English stays.
func (p *Problem) worded(accept string) (lang string) {
	lang = locales.Preferred(accept)
	if lang == "en" {
		return lang // the detail says more than the console's words
	}
	values := maps.Clone(p.Params)
	if values == nil {
		values = map[string]string{}
	}
	values["detail"] = p.Detail
	text, ok := locales.Error(lang, p.Code, values)
	if !ok {
		return "en"
	}
	p.Detail = text
	return lang
}

// inTheirLanguage is the library's hook between a handler's answer and its bytes.
func inTheirLanguage(hc huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	call, isCall := v.(*CallProblem)
	if isCall {
		p = call.Problem
	}
	if !ok && !isCall {
		return v, nil
	}
	hc.SetHeader("Content-Language", p.worded(hc.Header("Accept-Language")))
	hc.AppendHeader("Vary", "Accept-Language")
	if isCall || slices.Contains(hc.Operation().Tags, callsTag) {
		return asCallProblem(p), nil
	}
	return p, nil
}

// sayIn is inTheirLanguage outside the library's routes.
func sayIn(w http.ResponseWriter, r *http.Request, p *Problem) {
	w.Header().Set("Content-Language", p.worded(r.Header.Get("Accept-Language")))
	w.Header().Add("Vary", "Accept-Language")
}
