// Package toolbox keeps the tools that people make for their agents: HTTP requests, tool servers, code. It checks them, keeps their secrets sealed, tries them out, words them with a
// language model, and makes the tool sets of a conversation from their definitions.
package toolbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/tool"
	"griot/internal/tool/httpapi"
	"griot/internal/tool/mcp"
)

// The types of tools.
const (
	API     = "api"        // one HTTP request
	MCP     = "mcp_server" // the tools of a server of the Model Context Protocol
	Code    = "code"       // Python in a sandbox
	Builtin = "builtin"    // of the product
)

// The statuses.
const (
	Active   = "active"
	Inactive = "inactive" // agents that name it do without
)

// Mask is what a secret reads as.
const Mask = "••••••••"

// Tool is a tool as people made it, in the specification's form (chapter 6.5.1).
type Tool struct {
	Tenant      string          `json:"-"`
	ID          string          `json:"id" example:"tool_abc123def456"`
	ToolID      string          `json:"tool_id" doc:"The same as id."`
	Name        string          `json:"name" example:"create_client" doc:"What the model calls; agents name their tools by it."`
	DisplayName string          `json:"display_name"`
	Type        string          `json:"type" enum:"api,mcp_server,code,builtin"`
	Category    string          `json:"category"`
	Tags        []string        `json:"tags"`
	Status      string          `json:"status" enum:"active,inactive"`
	System      bool            `json:"is_system" doc:"It comes with the product."`
	Version     int             `json:"version" doc:"Grows with every change."`
	Definition  Definition      `json:"definition"`
	Execution   *Execution      `json:"execution,omitempty"`
	Python      *Python         `json:"execution_python,omitempty"`
	Policy      Policy          `json:"policy"`
	OpenAPI     json.RawMessage `json:"openapi_source,omitempty" doc:"The operation of a document that it was made from."`
	Metadata    map[string]any  `json:"metadata,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
	CreatedBy   string          `json:"created_by"`
	UpdatedBy   string          `json:"updated_by"`
}

// Definition is what a model is told, in the form of function calling.
type Definition struct {
	Type     string   `json:"type" enum:"function"`
	Function Function `json:"function"`
}

// Function is a tool as a model sees it.
type Function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters" doc:"JSON schema of an object."`
}

// Execution says what a call does: an HTTP request (type http), or a tool server (type mcp).
type Execution struct {
	Type string `json:"type,omitempty" enum:"http,mcp" doc:"http or mcp."`

	Endpoint string                     `json:"endpoint,omitempty" maxLength:"4000" example:"https://api.example.com/users/{id}" doc:"http: the whole address. {{param}} and {param} take a parameter, ${env.NAME} a variable of the tenant."`
	Method   string                     `json:"method,omitempty" example:"POST" doc:"http: GET, POST, PUT, PATCH or DELETE."`
	Headers  map[string]string          `json:"headers,omitempty" doc:"http, and mcp over the network."`
	AuthType string                     `json:"auth_type,omitempty" enum:"none,api_key,bearer,basic"`
	Auth     *Auth                      `json:"auth_config,omitempty"`
	Params   map[string]httpapi.Mapping `json:"params_mapping,omitempty" doc:"http: where each parameter goes: path, query, body or header. Without: the query of GET and DELETE, else the body."`
	Body     json.RawMessage            `json:"body_template,omitempty" doc:"http: JSON with {{param}} for values, or a text with them."`

	Transport   string            `json:"transport,omitempty" enum:"stdio,sse,http" doc:"mcp."`
	Command     string            `json:"command,omitempty" maxLength:"500" doc:"mcp, stdio: a command that the operator allows."`
	Args        []string          `json:"args,omitempty" maxItems:"64" doc:"mcp, stdio."`
	Env         map[string]string `json:"env,omitempty" doc:"mcp, stdio: the command's environment."`
	URL         string            `json:"url,omitempty" maxLength:"4000" doc:"mcp, sse."`
	ServerURL   string            `json:"server_url,omitempty" maxLength:"4000" doc:"mcp, http."`
	ServerLabel string            `json:"server_label,omitempty" maxLength:"200"`
	Allowed     []string          `json:"allowed_tools,omitempty" maxItems:"200" doc:"mcp: the server's tools that agents may use. Absent: all."`
	Approval    string            `json:"require_approval,omitempty" enum:"never,always" doc:"mcp: always asks a person before each call."`
	Timeout     float64           `json:"timeout,omitempty" minimum:"0" maximum:"300" doc:"Seconds that a call may take."`
	VerifySSL   *bool             `json:"verify_ssl,omitempty" doc:"mcp: only true is possible."`
}

// Auth is what a request shows.
type Auth struct {
	HeaderName string `json:"header_name,omitempty" maxLength:"200" doc:"api_key: name of the header or the query parameter."`
	Value      string `json:"value,omitempty" maxLength:"8000" doc:"The key or token; a variable, ${env.NAME}, or a text, which is sealed and reads as a mask."`
	In         string `json:"in,omitempty" enum:"header,query" doc:"api_key."`
	Username   string `json:"username,omitempty" maxLength:"500" doc:"basic."`
	Password   string `json:"password,omitempty" maxLength:"8000" doc:"basic."`
}

// Python is code that defines execute(params).
type Python struct {
	Type    string   `json:"type,omitempty" enum:"python"`
	Code    string   `json:"code" maxLength:"65536"`
	Inputs  []Input  `json:"inputs,omitempty" maxItems:"50"`
	Outputs []string `json:"outputs,omitempty" maxItems:"50"`
	Stdlib  bool     `json:"stdlib,omitempty" doc:"Ask for the standard library; the operator decides."`
}

// Input is one parameter of code.
type Input struct {
	Name        string          `json:"name" maxLength:"64"`
	Type        string          `json:"type,omitempty" enum:"string,number,integer,boolean,array,object"`
	Required    bool            `json:"required,omitempty"`
	Description string          `json:"description,omitempty" maxLength:"1000"`
	Default     json.RawMessage `json:"default,omitempty"`
}

// Policy says how calls are made.
type Policy struct {
	Timeout  float64 `json:"timeout_seconds,omitempty" minimum:"0" maximum:"300" doc:"0 for the default of 15 seconds."`
	Approval bool    `json:"approval,omitempty" doc:"A person decides on every call before it is sent."`
	Effect   *bool   `json:"effect,omitempty" doc:"It changes something: its calls are in the ledger and none is repeated. Absent: everything but GET; of a tool server, what it does not call read-only."`
	Filler   float64 `json:"filler_seconds,omitempty" minimum:"0" maximum:"60" doc:"After so long the agent says that it takes a moment; 0 for the default."`
	Later    float64 `json:"report_seconds,omitempty" minimum:"0" maximum:"120" doc:"After so long the conversation goes on, and the result is reported when it comes; 0 for never."`
}

// Category groups tools.
type Category struct {
	ID   string `json:"id"`
	Name string `json:"name" doc:"In English."`
}

// Categories are the 23 of chapter 6.3. The specification names general, communication, travel, finance, local_services, campaign, rag_search, custom, system and waka_clients, _credits and
// _payments; the rest are ours.
var Categories = []Category{
	{"general", "General"}, {"communication", "E-mail, SMS, notifications"}, {"travel", "Travel"}, {"finance", "Finance"}, {"local_services", "Local services"},
	{"professional", "Professional"}, {"campaign", "Campaigns"}, {"rag_search", "Knowledge search"}, {"system", "System"}, {"custom", "Custom"},
	{"waka_clients", "Clients"}, {"waka_credits", "Credits"}, {"waka_payments", "Payments"}, {"waka_promises", "Promises to pay"}, {"waka_collections", "Collections"},
	{"waka_savings", "Savings"}, {"waka_accounts", "Accounts"}, {"waka_guarantees", "Guarantees"}, {"waka_groups", "Groups"}, {"waka_agencies", "Agencies"},
	{"waka_officers", "Officers"}, {"waka_documents", "Documents"}, {"waka_reports", "Reports"},
}

var nameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$`) // what agents and every model's API take

func bad(at, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_tool", format, args...).At(at)
}

// complete fills in what can be left out, and reports what is wrong as a fault.Invalid whose Param is the key.
func (t *Tool) complete() error {
	t.Name = strings.TrimSpace(t.Name)
	if t.Name == "" {
		t.Name = t.Definition.Function.Name
	}
	if !nameRule.MatchString(t.Name) {
		return bad("name", "%q is not made of 1 to 63 letters without accents, digits, - and _.", t.Name)
	}
	if t.DisplayName = strings.TrimSpace(t.DisplayName); t.DisplayName == "" {
		t.DisplayName = t.Name
	}
	if utf8.RuneCountInString(t.DisplayName) > 200 {
		return bad("display_name", "The name shown has more than 200 characters.")
	}
	if t.Category == "" {
		t.Category = "custom"
	}
	if !slices.ContainsFunc(Categories, func(c Category) bool { return c.ID == t.Category }) {
		return bad("category", "%q is not a category.", t.Category)
	}
	if t.Status == "" {
		t.Status = Active
	}
	if t.Status != Active && t.Status != Inactive {
		return bad("status", "%q is not one of active, inactive.", t.Status)
	}
	if len(t.Tags) > 20 || slices.ContainsFunc(t.Tags, func(s string) bool { return utf8.RuneCountInString(s) > 60 }) {
		return bad("tags", "At most 20 tags of 60 characters are possible.")
	}
	if t.Tags == nil {
		t.Tags = []string{}
	}
	for _, v := range []float64{t.Policy.Timeout, t.Policy.Filler, t.Policy.Later} {
		if !(v >= 0 && v <= 300) {
			return bad("policy", "Times are between 0 and 300 seconds.")
		}
	}
	if err := t.completeType(); err != nil {
		return err
	}
	f := &t.Definition.Function
	t.Definition.Type, f.Name = "function", t.Name
	if utf8.RuneCountInString(f.Description) > 4000 {
		return bad("definition.function.description", "The description has more than 4000 characters.")
	}
	if len(f.Parameters) == 0 || string(f.Parameters) == "null" {
		f.Parameters = t.parameters()
	}
	if err := tool.CheckSchema(f.Parameters); err != nil {
		return bad("definition.function.parameters", "%s", err.Error())
	}
	return nil
}

func (t *Tool) completeType() error {
	if t.Type == "" {
		switch {
		case t.Python != nil:
			t.Type = Code
		case t.Execution != nil && (t.Execution.Type == "mcp" || t.Execution.Transport != ""):
			t.Type = MCP
		default:
			t.Type = API
		}
	}
	switch t.Type {
	case API:
		if t.Execution == nil {
			return bad("execution", "What the tool does is missing: execution.")
		}
		t.Execution.Type, t.Python = "http", nil
		if err := t.Execution.operation().Check(); err != nil {
			return err
		}
	case MCP:
		if t.Execution == nil {
			return bad("execution", "Which server it is about is missing: execution.")
		}
		t.Execution.Type, t.Python = "mcp", nil
		if v := t.Execution.VerifySSL; v != nil && !*v {
			return bad("execution.verify_ssl", "A server whose certificate is not checked can be anybody: this is not possible. Have the certificate's issuer trusted by this machine.")
		}
		if err := t.Execution.server().Check(); err != nil {
			return err
		}
	case Code:
		if t.Python == nil || strings.TrimSpace(t.Python.Code) == "" {
			return bad("execution_python.code", "The code is missing: it needs a function execute(params).")
		}
		t.Python.Type, t.Execution = "python", nil
	default:
		return bad("type", "%q is not one of api, mcp_server, code.", t.Type)
	}
	return nil
}

// parameters are made of what the tool says it takes, when nobody wrote a schema.
func (t *Tool) parameters() json.RawMessage {
	type property struct {
		Type        string          `json:"type"`
		Description string          `json:"description,omitempty"`
		Default     json.RawMessage `json:"default,omitempty"`
		Items       *struct{}       `json:"items,omitempty"`
	}
	props, required := map[string]property{}, []string{}
	switch {
	case t.Python != nil:
		for _, in := range t.Python.Inputs {
			p := property{Type: in.Type, Description: in.Description, Default: in.Default}
			if p.Type == "" {
				p.Type = "string"
			}
			if p.Type == "array" {
				p.Items = &struct{}{}
			}
			props[in.Name] = p
			if in.Required {
				required = append(required, in.Name)
			}
		}
	case t.Type == API:
		for _, name := range t.Execution.operation().Parameters() {
			props[name] = property{Type: "string"}
			required = append(required, name)
		}
	}
	raw, _ := json.Marshal(map[string]any{"type": "object", "properties": props, "required": required}) // cannot fail
	return raw
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (e *Execution) operation() httpapi.Operation {
	o := httpapi.Operation{Endpoint: e.Endpoint, Method: e.Method, Headers: e.Headers, AuthType: e.AuthType, Params: e.Params, Body: e.Body}
	if e.Auth != nil {
		o.Auth = httpapi.Auth(*e.Auth)
	}
	return o
}

func (e *Execution) server() mcp.Server {
	s := mcp.Server{Transport: e.Transport, Command: e.Command, Args: e.Args, Env: e.Env, URL: e.URL, Label: e.ServerLabel, Headers: e.Headers, AuthType: e.AuthType,
		Allowed: e.Allowed, Approval: e.Approval == "always", Timeout: seconds(e.Timeout)}
	if e.ServerURL != "" {
		s.URL = e.ServerURL
	}
	if e.Auth != nil {
		s.Auth = httpapi.Auth(*e.Auth)
	}
	return s
}
