package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"griot/internal/identity"
	"griot/internal/model/llm"
	"griot/internal/toolbox"
)

// ToolBody is a tool as people send it. Of a change, keys that are left out stay as they are; keys that only the server sets are ignored.
type ToolBody struct {
	_           struct{}           `additionalProperties:"true"`
	ID          string             `json:"id,omitempty" maxLength:"64"`
	Name        string             `json:"name,omitempty" maxLength:"64" doc:"What the model calls: letters without accents, digits, - and _."`
	DisplayName string             `json:"display_name,omitempty" maxLength:"400"`
	Type        string             `json:"type,omitempty" doc:"api, mcp_server or code; http and mcp are other words for the first two. Left out, it is told from the rest."`
	Category    string             `json:"category,omitempty" maxLength:"64"`
	Tags        []string           `json:"tags,omitempty" maxItems:"20"`
	Status      string             `json:"status,omitempty" enum:"active,inactive"`
	Description string             `json:"description,omitempty" maxLength:"4000" doc:"Short for definition.function.description."`
	Parameters  json.RawMessage    `json:"parameters,omitempty" doc:"Short for definition.function.parameters."`
	Definition  *ToolDefinition    `json:"definition,omitempty"`
	Execution   *toolbox.Execution `json:"execution,omitempty"`
	Python      *toolbox.Python    `json:"execution_python,omitempty"`
	HTTP        *HTTPConfig        `json:"http_config,omitempty" doc:"Another form of execution, of type http."`
	MCP         *MCPConfig         `json:"mcp_config,omitempty" doc:"Another form of execution, of type mcp."`
	Policy      *toolbox.Policy    `json:"policy,omitempty"`
	OpenAPI     json.RawMessage    `json:"openapi_source,omitempty"`
	Metadata    map[string]any     `json:"metadata,omitempty"`
	Version     int                `json:"version,omitempty" doc:"Of a change: the version that it is based on. Another by now is a conflict."`
}

// ToolDefinition is a definition as people send it.
type ToolDefinition struct {
	_        struct{} `additionalProperties:"true"`
	Type     string   `json:"type,omitempty"`
	Function struct {
		_           struct{}        `additionalProperties:"true"`
		Name        string          `json:"name,omitempty" maxLength:"64"`
		Description string          `json:"description,omitempty" maxLength:"4000"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	} `json:"function"`
}

// over puts what was sent over a tool.
func (b ToolBody) over(t toolbox.Tool) (toolbox.Tool, error) {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&t.Name, b.Name)
	set(&t.DisplayName, b.DisplayName)
	set(&t.Type, b.Type)
	set(&t.Category, b.Category)
	set(&t.Status, b.Status)
	f := &t.Definition.Function
	if d := b.Definition; d != nil {
		if b.Name == "" {
			set(&t.Name, d.Function.Name)
		}
		set(&f.Description, d.Function.Description)
		if len(d.Function.Parameters) > 0 {
			f.Parameters = d.Function.Parameters
		}
	}
	set(&f.Description, b.Description)
	if len(b.Parameters) > 0 {
		f.Parameters = b.Parameters
	}
	if b.Tags != nil {
		t.Tags = b.Tags
	}
	switch {
	case b.Execution != nil:
		t.Execution = b.Execution
	case b.HTTP != nil:
		t.Execution = b.HTTP.execution(f.Parameters)
	case b.MCP != nil:
		t.Execution = b.MCP.execution()
	}
	switch t.Type {
	case "http":
		t.Type = toolbox.API
	case "mcp":
		t.Type = toolbox.MCP
	}
	if b.Python != nil {
		t.Python = b.Python
		if b.Parameters == nil && (b.Definition == nil || b.Definition.Function.Parameters == nil) && b.Python.Inputs != nil {
			f.Parameters = nil // made of the inputs again
		}
	}
	if b.Policy != nil {
		t.Policy = *b.Policy
	}
	if b.OpenAPI != nil {
		t.OpenAPI = b.OpenAPI
	}
	if b.Metadata != nil {
		t.Metadata = b.Metadata
	}
	return t, nil
}

// ToolAnswer is a tool with what the validator says of it.
type ToolAnswer struct {
	toolbox.Tool
	Complaints []toolbox.Complaint `json:"complaints" doc:"What a model would stumble over in the descriptions; POST /tools/api/validate-tool mends it."`
}

type (
	// ToolPath names a tool.
	ToolPath struct {
		ID string `path:"tool_id" maxLength:"64" example:"tool_abc123def456" doc:"Id or name."`
	}
	toolsQuery struct {
		Paging
		Search
		Category string `query:"category" maxLength:"64"`
		Status   string `query:"status" enum:"active,inactive"`
		Type     string `query:"type" enum:"api,mcp_server,code,builtin"`
	}
	toolCategories struct {
		Categories []toolbox.Category `json:"categories"`
	}
	newTool    struct{ Body ToolBody }
	toolChange struct {
		ToolPath
		Body ToolBody
	}
	toolDone struct {
		ToolID string `json:"tool_id"`
		Name   string `json:"name"`
		Status string `json:"status" enum:"active,inactive,deleted"`
	}
	toolTrial struct {
		Body struct {
			ToolID    string         `json:"tool_id,omitempty" maxLength:"64" doc:"Of a tool that is kept. Its secrets are used."`
			Tool      *ToolBody      `json:"tool,omitempty" doc:"A definition that is not kept yet, or changes to the one of tool_id."`
			Call      string         `json:"call,omitempty" maxLength:"64" doc:"Of a tool server: which of its tools to call. Left out, its tools are only listed."`
			Arguments map[string]any `json:"arguments,omitempty"`
		}
	}
	// ToolOffer is a tool of a tool server.
	ToolOffer struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	toolTried struct {
		Success bool        `json:"success"`
		Result  string      `json:"result" doc:"What the model would read."`
		Took    int64       `json:"took_ms"`
		Tools   []ToolOffer `json:"tools" doc:"Of a tool server: what it offers."`

		Printed   string `json:"printed,omitempty" doc:"Of code: what it printed."`
		Line      int    `json:"line,omitempty" doc:"Of code: where it failed."`
		Traceback string `json:"traceback,omitempty" doc:"Of code: how it got there."`
	}
	toolName struct {
		Body struct {
			Name   string `json:"name" maxLength:"200"`
			ToolID string `json:"tool_id,omitempty" maxLength:"64" doc:"The tool that asks, whose own name is no obstacle."`
		}
	}
	toolNameAnswer struct {
		Exists    bool `json:"exists"`
		Available bool `json:"available"`
	}
	toolWish  struct{ Body toolbox.Wish }
	toolDraft struct {
		toolbox.Draft
		Model string `json:"model" doc:"What wrote it."`
	}
	codeDraft struct {
		toolbox.CodeDraft
		Model string `json:"model"`
	}
	toolCheck struct {
		Body struct {
			ToolID     string          `json:"tool_id,omitempty" maxLength:"64"`
			Definition *ToolDefinition `json:"definition,omitempty" doc:"One that is not kept."`
			Save       bool            `json:"save,omitempty" doc:"Keep the corrections. Needs tool_id."`
			Local      bool            `json:"local,omitempty" doc:"Correct without a language model."`
		}
	}
	toolVerdict struct {
		toolbox.Verdict
		ToolID string `json:"tool_id,omitempty"`
		Name   string `json:"name"`
		Saved  bool   `json:"saved"`
	}
	toolBatch struct {
		Body struct {
			ToolIDs []string `json:"tool_ids,omitempty" maxItems:"200" doc:"Left out: all tools, 200 at most."`
			Save    bool     `json:"save,omitempty"`
			Local   bool     `json:"local,omitempty"`
		}
	}
	toolReport struct {
		Total     int           `json:"total"`
		Valid     int           `json:"valid"`
		Corrected int           `json:"corrected"`
		Failed    int           `json:"failed"`
		Results   []toolVerdict `json:"results"`
	}
	variableList struct {
		Names []string `json:"names"`
	}
	// VariablePath names a variable.
	VariablePath struct {
		Name string `path:"name" maxLength:"64" example:"WAKA_API_TOKEN"`
	}
	variableInput struct {
		VariablePath
		Body struct {
			Value string `json:"value" minLength:"1" maxLength:"8192" doc:"Sealed; nobody is shown it again."`
		}
	}
)

// whoMade is the name of who asks, for the record of a tool.
func whoMade(ctx context.Context) string {
	p := identity.Of(ctx)
	if n := p.Name(); n != "" {
		return n
	}
	return string(p.Kind)
}

func (a *api) tools() {
	const tag = "Tools"
	missing := []int{http.StatusNotFound}
	writes := []int{http.StatusNotFound, http.StatusConflict, http.StatusForbidden}
	models := []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}
	get(a, "/tools/api/list", "list-tools", tag, "List the tools", nil, func(ctx context.Context, in *toolsQuery) (Page[toolbox.Tool], error) {
		at, err := offsetOf(in.Cursor)
		if err != nil {
			return Page[toolbox.Tool]{}, err
		}
		list, n, err := a.s.Tools.List(ctx, tenantOf(ctx), toolbox.Filter{Words: in.Words, Category: in.Category, Status: in.Status, Type: in.Type, Offset: at, Limit: in.Limit})
		return Page[toolbox.Tool]{Items: notNil(list), Total: n, NextCursor: cursorAt(at+len(list), n)}, err
	})
	get(a, "/tools/api/categories", "list-tool-categories", tag, "List the categories of tools", nil, func(context.Context, *struct{}) (toolCategories, error) {
		return toolCategories{toolbox.Categories}, nil
	})
	get(a, "/tools/api/get/{tool_id}", "get-tool", tag, "Get a tool; its secrets read as a mask", missing, func(ctx context.Context, in *ToolPath) (ToolAnswer, error) {
		return answered(a.s.Tools.Get(ctx, tenantOf(ctx), in.ID))
	})
	change(a, "POST", "/tools/api/create", "create-tool", tag, "Make a tool", http.StatusCreated, writes[1:], func(ctx context.Context, in *newTool) (ToolAnswer, error) {
		t, err := in.Body.over(toolbox.Tool{})
		if err != nil {
			return ToolAnswer{}, err
		}
		t, err = a.s.Tools.Create(ctx, tenantOf(ctx), whoMade(ctx), t)
		return noted(ctx, t, err)
	})
	change(a, "PUT", "/tools/api/update/{tool_id}", "update-tool", tag, "Change a tool", 0, writes, func(ctx context.Context, in *toolChange) (ToolAnswer, error) {
		t, err := a.s.Tools.Update(ctx, tenantOf(ctx), whoMade(ctx), in.ID, in.Body.Version, in.Body.over)
		return noted(ctx, t, err)
	})
	change(a, "POST", "/tools/api/toggle-status/{tool_id}", "toggle-tool", tag, "Make an active tool inactive, or an inactive one active", 0, missing, func(ctx context.Context, in *ToolPath) (toolDone, error) {
		t, err := a.s.Tools.Toggle(ctx, tenantOf(ctx), whoMade(ctx), in.ID)
		if _, err := noted(ctx, t, err); err != nil {
			return toolDone{}, err
		}
		identity.Note(ctx, "status", "", t.Status)
		return toolDone{t.ID, t.Name, t.Status}, nil
	})
	change(a, "DELETE", "/tools/api/delete/{tool_id}", "delete-tool", tag, "Delete a tool that no agent uses", 0, writes[:2], func(ctx context.Context, in *ToolPath) (toolDone, error) {
		t, err := a.s.Tools.Delete(ctx, tenantOf(ctx), in.ID)
		if _, err := noted(ctx, t, err); err != nil {
			return toolDone{}, err
		}
		return toolDone{t.ID, t.Name, "deleted"}, nil
	})
	change(a, "POST", "/tools/api/test", "test-tool", tag, "Call a tool once, as an agent would", 0, append(missing, http.StatusForbidden, http.StatusConflict, http.StatusServiceUnavailable), a.tryTool)
	change(a, "POST", "/tools/api/check-name", "check-tool-name", tag, "Tell whether a name is taken", 0, nil, func(ctx context.Context, in *toolName) (toolNameAnswer, error) {
		free, err := a.s.Tools.NameFree(ctx, tenantOf(ctx), in.Body.Name, in.Body.ToolID)
		return toolNameAnswer{!free, free}, err
	})
	change(a, "POST", "/tools/api/generate", "generate-tool", tag, "Have a language model word a tool: its description, parameters and body", 0, models, func(ctx context.Context, in *toolWish) (toolDraft, error) {
		m, name, err := a.writer(ctx)
		if err != nil {
			return toolDraft{}, err
		}
		d, err := toolbox.Write(ctx, m, in.Body)
		return toolDraft{d, name}, err
	})
	change(a, "POST", "/tools/api/generate-code", "generate-tool-code", tag, "Have a language model write the code of a tool", 0, models, func(ctx context.Context, in *toolWish) (codeDraft, error) {
		m, name, err := a.writer(ctx)
		if err != nil {
			return codeDraft{}, err
		}
		d, err := toolbox.WriteCode(ctx, m, in.Body)
		return codeDraft{d, name}, err
	})
	change(a, "POST", "/tools/api/validate-tool", "validate-tool", tag, "Hold a tool's descriptions against the limits, and correct them", 0, append(missing, http.StatusConflict), a.validateTool)
	change(a, "POST", "/tools/api/validate-tools-batch", "validate-tools", tag, "Hold many tools' descriptions against the limits, and correct them", 0, missing, a.validateTools)

	get(a, "/tools/api/variables", "list-tool-variables", tag, "List the names of the variables that tools use as ${env.NAME}", nil, func(ctx context.Context, _ *struct{}) (variableList, error) {
		names, err := a.s.Tools.Variables(ctx, tenantOf(ctx))
		return variableList{notNil(names)}, err
	})
	change(a, "PUT", "/tools/api/variables/{name}", "set-tool-variable", tag, "Give a variable its value", 0, nil, func(ctx context.Context, in *variableInput) (variableList, error) {
		if err := a.s.Tools.SetVariable(ctx, tenantOf(ctx), in.Name, in.Body.Value); err != nil {
			return variableList{}, err
		}
		names, err := a.s.Tools.Variables(ctx, tenantOf(ctx))
		return variableList{notNil(names)}, err
	})
	remove(a, "DELETE", "/tools/api/variables/{name}", "delete-tool-variable", tag, "Delete a variable", missing, func(ctx context.Context, in *VariablePath) error {
		return a.s.Tools.DeleteVariable(ctx, tenantOf(ctx), in.Name)
	})
}

// answered adds what the validator says.
func answered(t toolbox.Tool, err error) (ToolAnswer, error) {
	if err != nil {
		return ToolAnswer{}, err
	}
	if undescribed(t) {
		return ToolAnswer{t, notNil[toolbox.Complaint](nil)}, nil
	}
	list, err := toolbox.Complain(t.Definition)
	return ToolAnswer{t, notNil(list)}, err
}

// undescribed is a tool server without a description: a model never reads it, but those of the server's own tools.
func undescribed(t toolbox.Tool) bool {
	return t.Type == toolbox.MCP && t.Definition.Function.Description == ""
}

// noted writes a tool into the audit trail's entry.
func noted(ctx context.Context, t toolbox.Tool, err error) (ToolAnswer, error) {
	if err == nil {
		identity.Target(ctx, t.ID, t.Name)
	}
	return answered(t, err)
}

// writer is the language model that writes for people, who get five drafts at once and then one every twelve seconds.
func (a *api) writer(ctx context.Context) (llm.Model, string, error) {
	m, name, err := a.s.Writers.Writer(ctx)
	if err == nil {
		err = a.drafts.take(ctx, draftRate)
	}
	return m, name, err
}

func (a *api) tryTool(ctx context.Context, in *toolTrial) (toolTried, error) {
	b := in.Body
	var t toolbox.Tool
	var err error
	if b.ToolID != "" {
		if t, err = a.s.Tools.Get(ctx, tenantOf(ctx), b.ToolID); err != nil {
			return toolTried{}, err
		}
	}
	if b.Tool != nil {
		if t, err = b.Tool.over(t); err != nil {
			return toolTried{}, err
		}
	}
	if t.Name == "" {
		t.Name = "trial"
	}
	args := []byte("{}")
	if b.Arguments != nil {
		if args, err = json.Marshal(b.Arguments); err != nil {
			return toolTried{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	got, err := a.s.Tools.Try(ctx, tenantOf(ctx), t, b.Call, string(args))
	if err != nil {
		return toolTried{}, err
	}
	out := toolTried{Success: !got.Failed, Result: got.Output, Took: got.Took.Milliseconds(), Tools: []ToolOffer{}, Printed: got.Detail.Printed, Line: got.Detail.Line, Traceback: got.Detail.Traceback}
	for _, s := range got.Tools {
		out.Tools = append(out.Tools, ToolOffer(s))
	}
	return out, nil
}

// corrector is the model that words corrections; none where there is none, or none is wanted.
func (a *api) corrector(ctx context.Context, local bool) (llm.Model, string) {
	if local {
		return nil, ""
	}
	m, name, err := a.writer(ctx)
	if err != nil {
		return nil, "" // the limits are kept without it
	}
	return m, name
}

func (a *api) validateTool(ctx context.Context, in *toolCheck) (toolVerdict, error) {
	b := in.Body
	m, name := a.corrector(ctx, b.Local)
	if b.ToolID != "" {
		v, err := a.validateKept(ctx, b.ToolID, b.Save, m, name)
		if !v.Saved {
			identity.Quiet(ctx)
		}
		return v, err
	}
	var t toolbox.Tool
	if b.Definition != nil {
		t, _ = ToolBody{Definition: b.Definition}.over(t)
	}
	t.Definition.Type, t.Definition.Function.Name = "function", t.Name
	if len(t.Definition.Function.Parameters) == 0 {
		t.Definition.Function.Parameters = json.RawMessage(`{"type":"object","properties":{}}`)
	}
	identity.Quiet(ctx)
	return toolVerdict{Verdict: toolbox.Validate(ctx, t.Definition, m, name), Name: t.Name}, nil
}

func (a *api) validateKept(ctx context.Context, id string, save bool, m llm.Model, name string) (toolVerdict, error) {
	t, err := a.s.Tools.Get(ctx, tenantOf(ctx), id)
	if err != nil {
		return toolVerdict{}, err
	}
	if undescribed(t) {
		return toolVerdict{Verdict: toolbox.Verdict{Status: "valid", Complaints: notNil[toolbox.Complaint](nil), Definition: t.Definition}, ToolID: t.ID, Name: t.Name}, nil
	}
	v := toolVerdict{Verdict: toolbox.Validate(ctx, t.Definition, m, name), ToolID: t.ID, Name: t.Name}
	if !save || v.Status != "corrected" || t.System {
		return v, nil
	}
	_, err = a.s.Tools.Update(ctx, tenantOf(ctx), whoMade(ctx), t.ID, t.Version, func(t toolbox.Tool) (toolbox.Tool, error) {
		t.Definition = v.Definition
		return t, nil
	})
	v.Saved = err == nil
	identity.Target(ctx, t.ID, t.Name)
	return v, err
}

// validateTools takes lots of ten, so that a model with a limit is not asked for too much at once.
func (a *api) validateTools(ctx context.Context, in *toolBatch) (toolReport, error) {
	b := in.Body
	if len(b.ToolIDs) == 0 {
		list, _, err := a.s.Tools.List(ctx, tenantOf(ctx), toolbox.Filter{Limit: 200})
		if err != nil {
			return toolReport{}, err
		}
		for _, t := range list {
			if !t.System {
				b.ToolIDs = append(b.ToolIDs, t.ID)
			}
		}
	}
	m, name := a.corrector(ctx, b.Local)
	r := toolReport{Total: len(b.ToolIDs), Results: make([]toolVerdict, len(b.ToolIDs))}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	saved := false
	for i, id := range b.ToolIDs {
		if i > 0 && i%toolbox.BatchOf == 0 && m != nil {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		v, err := a.validateKept(ctx, id, b.Save, m, name)
		if err != nil {
			v.ToolID, v.Status, v.Error, v.Complaints = id, "failed", err.Error(), notNil(v.Complaints)
		}
		switch v.Status {
		case "valid":
			r.Valid++
		case "corrected":
			r.Corrected++
		default:
			r.Failed++
		}
		saved = saved || v.Saved
		r.Results[i] = v
	}
	if !saved {
		identity.Quiet(ctx)
	}
	return r, nil
}
