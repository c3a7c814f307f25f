package realtime

import (
	"encoding/json"
	"strconv"
)

const (
	maxTools    = 128
	maxToolName = 64
)

// validateTools checks that a model could be given these tools, and that the choice names one of them.
func validateTools(tools []Tool, choice ToolChoice, path string) error {
	if len(tools) > maxTools {
		return invalid(path+".tools", "Invalid value: %d tools. Expected at most %d.", len(tools), maxTools)
	}
	functions, servers := map[string]bool{}, map[string]bool{}
	for i, t := range tools {
		at := path + ".tools[" + strconv.Itoa(i) + "]"
		if t.Type == "mcp" {
			if t.ServerURL == "" && t.ConnectorID == "" && t.TunnelID == "" {
				return missing(at + ".server_url")
			}
			if servers[t.ServerLabel] {
				return invalid(at+".server_label", "Invalid value: '%s' is used twice.", clip(t.ServerLabel))
			}
			servers[t.ServerLabel] = true
			continue
		}
		if !toolName(t.Name) {
			return invalid(at+".name", "Invalid value: '%s'. Expected 1 to %d letters, digits, '_' or '-'.", clip(t.Name), maxToolName)
		}
		if functions[t.Name] {
			return invalid(at+".name", "Invalid value: '%s' is used twice.", t.Name)
		}
		functions[t.Name] = true
		if t.Parameters != nil && (kind(t.Parameters) != '{' || !json.Valid(t.Parameters)) {
			return invalid(at+".parameters", "Invalid value: expected a JSON schema object.")
		}
	}
	path += ".tool_choice"
	switch {
	case choice.Type == "function" && !functions[choice.Name]:
		return invalid(path+".name", "Invalid value: there is no function '%s' among the tools.", clip(choice.Name))
	case choice.Type == "mcp" && !servers[choice.ServerLabel]:
		return invalid(path+".server_label", "Invalid value: there is no MCP server '%s' among the tools.", clip(choice.ServerLabel))
	case choice.Type == "":
		return oneOf(path, choice.Mode, "auto", "none", "required")
	}
	return nil
}

func toolName(s string) bool {
	if s == "" || len(s) > maxToolName {
		return false
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
