package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// gemini is Google's interface.
type gemini struct{}

func (gemini) failure(code, message string, status int) string {
	names := map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
	if code == "authentication_error" { // what the service says of a wrong key, and with this status
		return mustJSON(obj{"error": obj{"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": []any{obj{"reason": "API_KEY_INVALID"}}}})
	}
	e := obj{"code": status, "message": message, "status": names[status]}
	if rest, ok := strings.CutPrefix(code, "retry "); ok {
		e["details"] = []any{obj{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": rest}}
	}
	return mustJSON(obj{"error": e})
}

func (g gemini) late(code, message string) event {
	return event{"", mustJSON(obj{"error": obj{"code": 503, "message": message, "status": code}})}
}

// serveGemini finds the model in the path: models/{model}:streamGenerateContent.
func (s *Server) serveGemini(w http.ResponseWriter, r *http.Request) {
	name, method, _ := strings.Cut(r.PathValue("call"), ":")
	if method != "streamGenerateContent" {
		s.refuse(w, gemini{}, 404, "", "no such method")
		return
	}
	r.SetPathValue("model", name)
	s.serve(gemini{}, func(r *http.Request, key string) bool {
		return r.Header.Get("X-Goog-Api-Key") == key || r.Header.Get("Authorization") == "Bearer "+key
	})(w, r)
}

func (gemini) check(r *http.Request, b obj) (string, string) {
	c := &checker{}
	if r.URL.Query().Get("alt") != "sse" {
		c.fail("alt: these tests want a stream of events")
	}
	c.only("body", b, "contents", "tools", "toolConfig", "safetySettings", "systemInstruction", "generationConfig", "cachedContent")
	if b["systemInstruction"] != nil {
		si := c.object("body", b, "systemInstruction")
		c.only("systemInstruction", si, "parts", "role")
		for _, p := range c.list("systemInstruction.parts", si["parts"]) {
			c.text("systemInstruction.parts", p, "text")
		}
	}
	if b["generationConfig"] != nil {
		g := c.object("body", b, "generationConfig")
		c.only("generationConfig", g, "temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "responseMimeType", "responseJsonSchema", "thinkingConfig", "candidateCount", "seed")
		if th, ok := g["thinkingConfig"].(obj); ok {
			c.only("thinkingConfig", th, "includeThoughts", "thinkingBudget", "thinkingLevel")
			if th["thinkingBudget"] != nil && th["thinkingLevel"] != nil {
				c.fail("You can only set only one of thinking budget and thinking level.")
			}
		}
	}
	names := map[string]bool{}
	if b["tools"] != nil {
		for _, t := range c.list("tools", b["tools"]) {
			c.only("tools", t, "functionDeclarations")
			for _, f := range c.list("functionDeclarations", t["functionDeclarations"]) {
				c.only("functionDeclarations", f, "name", "description", "parameters", "parametersJsonSchema", "response", "behavior")
				name := c.text("functionDeclarations", f, "name")
				if names[name] || !plainName.MatchString(name) {
					c.fail("Duplicate or invalid function declaration found: %s", name)
				}
				names[name] = true
				if f["parametersJsonSchema"] != nil && c.object("functionDeclarations", f, "parametersJsonSchema")["type"] != "object" {
					c.fail("functionDeclarations.%s: parameters schema should be of type OBJECT", name)
				}
			}
		}
	}
	if b["toolConfig"] != nil {
		tc := c.object("body", b, "toolConfig")
		fc := c.object("toolConfig", tc, "functionCallingConfig")
		c.oneOf("mode", fc["mode"], "AUTO", "ANY", "NONE")
		list, _ := fc["allowedFunctionNames"].([]any)
		for _, n := range list {
			if !names[fmt.Sprint(n)] || fc["mode"] != "ANY" {
				c.fail("allowed_function_names: %v", n)
			}
		}
	}
	c.contents(b["contents"])
	return r.PathValue("model"), c.wrong
}

// contents checks the turns: calls come after a user's turn, and are answered in the next, all of them.
func (c *checker) contents(v any) {
	list := c.list("contents", v)
	if len(list) == 0 {
		c.fail("contents is not specified")
	}
	var open []string
	last := ""
	for i, o := range list {
		where := fmt.Sprintf("contents[%d]", i)
		c.only(where, o, "role", "parts")
		role, _ := o["role"].(string)
		if role != "user" && role != "model" {
			c.fail("Please use a valid role: user, model.")
		}
		if i == 0 && role != "user" {
			c.fail("%s: the first turn must be the user's", where)
		}
		parts := c.list(where+".parts", o["parts"])
		if len(parts) == 0 {
			c.fail("%s.parts must not be empty.", where)
		}
		var calls, results []string
		for _, p := range parts {
			c.only(where, p, "text", "inlineData", "fileData", "functionCall", "functionResponse", "thought", "thoughtSignature")
			if s, ok := p["thoughtSignature"]; ok && s != signature {
				c.fail("%s: Corrupted thought signature.", where)
			}
			kinds := 0
			for _, k := range []string{"text", "inlineData", "fileData", "functionCall", "functionResponse"} {
				if p[k] != nil {
					kinds++
				}
			}
			if kinds != 1 {
				c.fail("%s.parts: required oneof field 'data' must have one initialized field", where)
			}
			if p["inlineData"] != nil {
				d := c.object(where, p, "inlineData")
				c.only("inlineData", d, "mimeType", "data")
				if _, err := base64.StdEncoding.DecodeString(c.text("inlineData", d, "data")); err != nil {
					c.fail("inlineData.data: Base64 decoding failed")
				}
				c.oneOf("inlineData.mimeType", d["mimeType"], "image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain")
			}
			if p["functionCall"] != nil {
				f := c.object(where, p, "functionCall")
				c.only("functionCall", f, "id", "name", "args")
				if _, ok := f["args"].(obj); f["args"] != nil && !ok {
					c.fail("functionCall.args: a struct is needed")
				}
				calls = append(calls, c.text("functionCall", f, "name"))
			}
			if p["functionResponse"] != nil {
				f := c.object(where, p, "functionResponse")
				c.only("functionResponse", f, "id", "name", "response")
				c.object("functionResponse", f, "response")
				results = append(results, c.text("functionResponse", f, "name"))
			}
		}
		switch {
		case len(calls) > 0 && (role != "model" || last == "model"):
			c.fail("Please ensure that function call turn comes immediately after a user turn or after a function response turn.")
		case len(results) > 0 && (role != "user" || fmt.Sprint(results) != fmt.Sprint(open)):
			c.fail("Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn: %v, not %v.", results, open)
		case len(results) == 0 && len(open) > 0:
			c.fail("Please ensure that function response turn comes immediately after a function call turn.")
		}
		open, last = calls, role
	}
	if len(open) > 0 || last == "model" {
		c.fail("contents: the last turn must be the user's or a function response")
	}
}

// signature is what calls come with, and must come back with.
const signature = "CpQBAXLI+signed=="

func (gemini) events(a Answer) []event {
	var out []event
	usage := obj{"promptTokenCount": 20, "cachedContentTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 25}
	chunk := func(finish string, parts ...any) {
		candidate := obj{"index": 0}
		if parts != nil {
			candidate["content"] = obj{"role": "model", "parts": parts}
		}
		if finish != "" {
			candidate["finishReason"] = finish
		}
		o := obj{"candidates": []any{candidate}, "modelVersion": "m", "responseId": "r1"}
		if !a.NoUsage {
			o["usageMetadata"] = usage
		}
		out = append(out, event{"", mustJSON(o)})
	}
	if a.Think != "" {
		chunk("", obj{"text": a.Think, "thought": true})
	}
	for _, w := range words(a.Text) {
		if a.Empty {
			out = append(out, event{"", mustJSON(obj{"usageMetadata": obj{"promptTokenCount": 20}})})
			chunk("", obj{"text": ""})
		}
		chunk("", obj{"text": w})
	}
	var calls []any
	for i, k := range a.Calls {
		f := obj{"name": k.Name}
		if json.Valid([]byte(k.Arguments)) {
			f["args"] = json.RawMessage(k.Arguments)
		}
		if !a.Lax {
			f["id"] = k.ID
		}
		p := obj{"functionCall": f}
		if i == 0 && a.Think != "" {
			p["thoughtSignature"] = signature
		}
		calls = append(calls, p)
	}
	if a.InOne {
		chunk("", calls...)
	} else {
		for _, k := range calls {
			chunk("", k)
		}
	}
	switch a.Stop {
	case "":
		chunk("STOP", obj{"text": ""})
	case "blocked":
		out = []event{{"", mustJSON(obj{"promptFeedback": obj{"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage})}}
	default:
		chunk(a.Stop)
	}
	return out
}
