// Package mcp gives agents the tools of servers that speak the Model Context Protocol, over a child process (stdio), server-sent events, or streamable HTTP.
//
// A server is somebody else's program. What it sends is bounded; what it offers is filtered and checked; when it dies it is started, or called, again with the next call that needs it; and
// a call that was under way when it died is never repeated, since whether it had an effect is not known.
package mcp

import (
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"griot/internal/fault"
	"griot/internal/tool"
	"griot/internal/tool/httpapi"
)

// The transports.
const (
	Stdio = "stdio"
	SSE   = "sse"
	HTTP  = "http" // streamable HTTP
)

// Server says which server it is, and what of it agents may use.
type Server struct {
	Name      string
	Transport string

	Command string // stdio: one of Options.Commands
	Args    []string
	Env     map[string]string

	URL      string // sse, http
	Label    string
	Headers  map[string]string
	AuthType string // as an HTTP operation's
	Auth     httpapi.Auth

	Allowed  []string      // names of its tools that may be used; nil for all
	Approval bool          // a person decides on each call
	Effect   *bool         // nil: what the server does not call read-only has an effect
	Timeout  time.Duration // of a call; 0 for the session's default
	Policy   tool.Policy   // Filler and Later of its tools
}

func bad(at, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_server", format, args...).At(at)
}

// Check reports, as a fault.Invalid whose Param is the key, the first thing that cannot work. Variables may stand in every text.
func (s Server) Check() error {
	switch s.Transport {
	case Stdio:
		if strings.TrimSpace(s.Command) == "" {
			return bad("execution.command", "The command that starts the server is missing.")
		}
		for k, v := range s.Env {
			if k == "" || strings.ContainsAny(k, "=\x00") || strings.ContainsRune(v, 0) {
				return bad("execution.env", "%q is not a variable that a program can have.", k)
			}
		}
		return nil
	case SSE, HTTP:
	default:
		return bad("execution.transport", "%q is not one of stdio, sse, http.", s.Transport)
	}
	if !strings.Contains(s.URL, "${env.") {
		u, err := url.Parse(s.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return bad("execution.url", "%q is not an address such as https://tools.example.com/mcp.", s.URL)
		}
	}
	for k, v := range s.Headers {
		if !httpguts.ValidHeaderFieldName(k) || !httpguts.ValidHeaderFieldValue(v) || strings.EqualFold(k, "Host") {
			return bad("execution.headers."+k, "%q is not a header that can be sent.", k)
		}
	}
	// The forms of authentication are those of an HTTP operation.
	return httpapi.Operation{Endpoint: "https://example.com", AuthType: s.AuthType, Auth: s.Auth}.Check()
}

// AllowedCommand reports, as a fault.Denied, that the operator does not allow a command. A name without slashes allows the program that the server's PATH finds under it.
func AllowedCommand(command string, allowed []string) error {
	if slices.Contains(allowed, command) && (filepath.IsAbs(command) || !strings.ContainsAny(command, `/\`)) {
		return nil
	}
	return fault.New(fault.Denied, "command_not_allowed", "The operator does not allow tools to start %q: see the setting tools.commands.", command).At("execution.command")
}

// headers are what every request to the server shows.
func (s Server) headers() http.Header {
	h := http.Header{}
	for k, v := range s.Headers {
		h.Set(k, v)
	}
	s.Auth.Show(s.AuthType, h)
	return h
}

// find looks a command up.
func find(command string) (string, error) {
	path, err := exec.LookPath(command)
	if err != nil {
		return "", fault.New(fault.Unavailable, "command_missing", "There is no program %q on this machine.", command)
	}
	return path, nil
}
