package app

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/calls"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/phone"
	"griot/internal/store"
	"griot/internal/telephony"
	"griot/internal/tool"
)

// probe is how a route is tried by the administrator of another tenant.
type probe struct {
	id    string // what of the first tenant's takes the place of the parameter in the path
	body  any
	query string
	code  string // of the problem; empty: the route is about the asker's own tenant, and succeeds without a word of the first tenant's
	why   string // the route is not tried, since
}

// Every route of the OpenAPI document is tried with another tenant's ids. A route that is not in the table fails the test.
func TestTenantsAreIsolated(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	dora := ada.join("dora@example.com", "viewer")
	var first me
	dora.do("GET", "/api/session", nil).ok(&first)

	// What the first tenant has.
	cookie := http.Header{"Cookie": {ada.jar.Cookies(mustURL(t, s.URL()))[0].String()}}
	conn, _, _ := s.dial("test", cookie)
	require.NotNil(t, conn)
	_, raw, err := conn.Read(t.Context())
	require.NoError(t, err)
	var created struct{ Session struct{ ID string } }
	require.NoError(t, json.Unmarshal(raw, &created))
	require.NoError(t, conn.CloseNow())
	conversation := strings.TrimPrefix(created.Session.ID, "sess_")
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(s.data, "griot.db"))
	require.NoError(t, err)
	defer db.Close()
	const call = "rtc_00000000000000000000000000000001"
	require.NoError(t, db.CreateCall(t.Context(), calls.Call{Tenant: "default", ID: call, Conversation: conversation, Node: "elsewhere", Status: calls.Active, CreatedAt: time.Now(),
		Settings: calls.Settings{Type: "realtime", Model: "agent:test", Voice: "alloy", Modalities: []string{"audio"}, Temperature: 0.8, MaxTokens: 12}}))
	var invitation, key struct{ ID, Path, Secret string }
	ada.do("POST", "/api/invitations", map[string]string{"email": "carol@example.com", "role": "viewer"}).ok(&invitation)
	ada.do("POST", "/api/keys", map[string]any{"name": "Dialler", "scopes": []string{"talk"}}).ok(&key)
	var sessions struct{ Items []struct{ ID string } }
	dora.do("GET", "/api/profile/sessions", nil).ok(&sessions)
	handset := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	status, header, answer := s.post("/v1/realtime/calls?model=agent:test", "application/sdp", handset.Offer(), cookie)
	require.Equal(t, http.StatusCreated, status, "%s", answer)
	handset.Accept(answer)
	handset.Wait("session.created")
	live := strings.TrimPrefix(header.Get("Location"), "/v1/realtime/calls/")
	s.recordAs(ada, conversation)
	var theirs struct{ ID, Reference string }
	ada.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Sophie of the first tenant", "instructions": "Their secret"}}).ok(&theirs)
	var hammer struct{ ID string }
	ada.do("POST", "/tools/api/create", map[string]any{"name": "their_hammer", "description": "Hammer of the first tenant", "execution": map[string]any{"endpoint": "https://their.example.com"}}).ok(&hammer)
	ada.do("PUT", "/tools/api/variables/THEIR_TOKEN", map[string]string{"value": "their-token"}).ok(nil)
	var script struct{ ID string }
	ada.do("POST", "/api/flows", map[string]any{"definition": flowOf("Script of the first tenant")}).ok(&script)
	const effect = "eff_0123456789abcdef01234567"
	require.NoError(t, db.CreateEffect(t.Context(), tool.Effect{Tenant: "default", ID: effect, Tool: "their_hammer", Arguments: "{}", State: tool.Proposed, Approval: true, ProposedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}))
	began := time.Now()
	const ringing, sms, tape = "tel_000000000000000000000001", "txt_000000000000000000000001", "rec_000000000000000000000001"
	require.NoError(t, db.PutPhoneCall(t.Context(), phone.Call{Call: telephony.Call{Tenant: "default", ID: ringing, Carrier: "sip", To: "+33999000111", State: telephony.Ended, Created: began}}))
	require.NoError(t, db.PutPhoneText(t.Context(), phone.Text{Tenant: "default", ID: sms, Carrier: "sip", Body: "their-message", Created: began}))
	require.NoError(t, db.PutPhoneRecording(t.Context(), phone.Recording{Tenant: "default", ID: tape, Carrier: "sip", File: "default/phone/" + tape + ".wav", Created: began}))
	ada.do("PUT", "/api/phone/numbers/+33999000222", map[string]string{"agent": "", "label": "their-line"}).ok(nil)
	definition := map[string]any{"definition": map[string]any{"name": "Mine"}}

	ada.do("PUT", "/api/providers/openai", map[string]any{"settings": map[string]any{"api_key": "sk-of-the-first-tenant", "model": "their-model"}}).ok(nil)

	// Somebody who rules elsewhere.
	ada.do("POST", "/api/tenants", map[string]string{"id": "acme", "name": "Acme"}).ok(nil)
	ada.do("PUT", "/api/session/tenant", map[string]string{"tenant": "acme"}).ok(nil)
	bob := ada.join("bob@acme.example", "admin")
	ada.do("PUT", "/api/session/tenant", map[string]string{"tenant": "default"}).ok(nil)
	var their me
	bob.do("GET", "/api/session", nil).ok(&their)
	require.Equal(t, "acme", their.Tenant.ID)
	secrets := []string{conversation, call, invitation.ID, key.ID, first.Person.ID, sessions.Items[0].ID, "dora@example.com", "carol@example.com", live, "their-model", theirs.ID, "Sophie", "Their secret", "Dialler", "Maison Baobab", hammer.ID, "their_hammer", script.ID, "Script of the first", "THEIR_TOKEN", "their-token", effect, ringing, sms, tape, "+33999000111", "+33999000222", "their-line", "their-message"}

	own := probe{}
	probes := map[string]probe{
		"GET /healthz":                {why: "says that the server lives"},
		"GET /api/system":             own,
		"GET /api/agents":             own,
		"GET /api/agents/{reference}": {id: "test", code: "agent_not_found"},

		"POST /api/agents":                               {body: map[string]any{"definition": map[string]any{"name": "Bob's"}}},
		"POST /api/agents/import":                        {why: "makes an agent of the asker's tenant, as POST /api/agents does"},
		"POST /api/agents/validate":                      {body: definition},
		"GET /api/agents/name-available":                 {query: "?name=Sophie+of+the+first+tenant&except=" + theirs.ID},
		"PATCH /api/agents/{reference}":                  {id: theirs.ID, body: definition, code: "agent_not_found"},
		"PUT /api/agents/{reference}":                    {id: theirs.ID, body: definition, code: "agent_not_found"},
		"DELETE /api/agents/{reference}":                 {id: theirs.ID, code: "agent_not_found"},
		"POST /api/agents/{reference}/restore":           {id: theirs.ID, code: "agent_not_found"},
		"POST /api/agents/{reference}/publish":           {id: theirs.ID, code: "agent_not_found"},
		"POST /api/agents/{reference}/unpublish":         {id: theirs.ID, code: "agent_not_found"},
		"POST /api/agents/{reference}/duplicate":         {id: theirs.ID, body: map[string]any{}, code: "agent_not_found"},
		"POST /api/agents/{reference}/rollback":          {id: theirs.ID, body: map[string]any{"version": 1}, code: "agent_not_found"},
		"GET /api/agents/{reference}/versions":           {id: theirs.ID, code: "agent_not_found"},
		"GET /api/agents/{reference}/versions/{version}": {id: theirs.ID, code: "agent_not_found"},
		"GET /api/agents/{reference}/diff":               {id: theirs.ID, query: "?from=1", code: "agent_not_found"},
		"GET /api/agents/{reference}/export":             {id: theirs.ID, code: "agent_not_found"},
		"GET /api/conversations":                         own,
		"GET /api/realtime/calls":                        own,
		"GET /api/overview":                              own,
		"GET /api/overview/events":                       {why: "a stream without an end; it says how many of the asker's tenant go on"},
		"GET /api/billing-rate":                          own,
		"PUT /api/billing-rate":                          {body: map[string]any{"per_minute": 0.5}},
		"GET /api/realtime/stats":                        own,

		"GET /api/flows":                         own,
		"POST /api/flows":                        {body: map[string]any{"definition": flowOf("Mine")}},
		"POST /api/flows/validate":               {body: map[string]any{"definition": flowOf("Mine")}},
		"POST /api/flows/try":                    {body: map[string]any{"flow": script.ID, "lang": "en", "said": []string{}}, code: "flow_not_found"},
		"GET /api/flows/{id}":                    {id: script.ID, code: "flow_not_found"},
		"PUT /api/flows/{id}":                    {id: script.ID, body: map[string]any{"definition": flowOf("Mine")}, code: "flow_not_found"},
		"DELETE /api/flows/{id}":                 {id: script.ID, code: "flow_not_found"},
		"POST /api/flows/{id}/copy":              {id: script.ID, body: map[string]any{}, code: "flow_not_found"},
		"POST /api/flows/{id}/rollback":          {id: script.ID, body: map[string]any{"version": 1}, code: "flow_not_found"},
		"GET /api/flows/{id}/versions":           {id: script.ID, code: "flow_not_found"},
		"GET /api/flows/{id}/versions/{version}": {id: script.ID, code: "flow_not_found"},
		"GET /api/flows/{id}/diff":               {id: script.ID, query: "?from=1", code: "flow_not_found"},

		"GET /tools/api/list":                     own,
		"GET /tools/api/categories":               own,
		"GET /tools/api/get/{tool_id}":            {id: hammer.ID, code: "tool_not_found"},
		"POST /tools/api/create":                  {body: map[string]any{"name": "my_hammer", "execution": map[string]any{"endpoint": "https://example.com"}}},
		"PUT /tools/api/update/{tool_id}":         {id: hammer.ID, body: map[string]any{"description": "mine"}, code: "tool_not_found"},
		"POST /tools/api/toggle-status/{tool_id}": {id: hammer.ID, code: "tool_not_found"},
		"DELETE /tools/api/delete/{tool_id}":      {id: hammer.ID, code: "tool_not_found"},
		"POST /tools/api/test":                    {body: map[string]any{"tool_id": hammer.ID}, code: "tool_not_found"},
		"POST /tools/api/check-name":              {body: map[string]any{"name": "free_hammer"}},
		"POST /tools/api/generate":                {why: "asks a model, and knows of no tool"},
		"POST /tools/api/generate-code":           {why: "asks a model, and knows of no tool"},
		"POST /tools/api/validate-tool":           {body: map[string]any{"tool_id": hammer.ID, "local": true}, code: "tool_not_found"},
		"POST /tools/api/validate-tools-batch":    {body: map[string]any{"local": true}},
		"GET /tools/api/variables":                own,
		"PUT /tools/api/variables/{name}":         {id: "MINE", body: map[string]any{"value": "x"}},
		"DELETE /tools/api/variables/{name}":      {id: "THEIR_TOKEN", code: "variable_not_found"},
		"GET /api/effects":                        own,
		"GET /api/effects/{id}":                   {id: effect, code: "effect_not_found"},
		"POST /api/effects/{id}/decide":           {id: effect, body: map[string]any{"allow": true}, code: "effect_not_found"},

		"POST /text-agents/api/{id}/chat/stream":                {id: theirs.ID, body: map[string]any{"message": "Hello"}, code: "agent_not_found"},
		"GET /text-agents/api/{id}":                             {id: theirs.ID, code: "agent_not_found"},
		"GET /text-agents/api/{id}/chat/stream":                 {id: theirs.ID, query: "?session_id=sess-" + conversation, code: "agent_not_found"},
		"POST /text-agents/api/{id}/chat/stop":                  {id: theirs.ID, body: map[string]any{"session_id": "sess-" + conversation}, code: "agent_not_found"},
		"GET /text-agents/api/{id}/session":                     {id: theirs.ID, query: "?session_id=sess-" + conversation, code: "agent_not_found"},
		"POST /text-agents/api/{id}/session":                    {id: theirs.ID, body: map[string]any{}, code: "agent_not_found"},
		"DELETE /text-agents/api/{id}/session/{session_id}":     {id: theirs.ID, code: "agent_not_found"},
		"GET /text-agents/api/{id}/session/{session_id}/export": {id: theirs.ID, code: "agent_not_found"},
		"GET /api/agents/{reference}/embed":                     {id: theirs.ID, code: "agent_not_found"},
		"POST /api/agents/{reference}/embed/secret":             {id: theirs.ID, code: "agent_not_found"},
		"DELETE /api/agents/{reference}/embed/secret":           {id: theirs.ID, code: "agent_not_found"},
		"GET /embed/v1/agents/{id}":                             {id: theirs.ID, code: "embed_disabled"},
		"POST /embed/v1/agents/{id}/session":                    {id: theirs.ID, body: map[string]any{}, code: "embed_disabled"},
		"POST /embed/v1/agents/{id}/call":                       {id: theirs.ID, code: "visitors_only"},
		"GET /text-agents/health":                               own,
		"GET /text-agents/metrics":                              own,

		"GET /api/phone/calls":                     own,
		"POST /api/phone/calls":                    {why: "no carrier is set up here: see TestTenantsShowTheirOwnNumbers"},
		"GET /api/phone/calls/{id}":                {id: ringing, code: "call_not_found"},
		"DELETE /api/phone/calls/{id}":             {id: ringing, code: "call_not_found"},
		"POST /api/phone/calls/{id}/hangup":        {id: ringing, code: "call_not_found"},
		"POST /api/phone/calls/{id}/transfer":      {id: ringing, body: map[string]any{"to": "200"}, code: "call_not_found"},
		"POST /api/phone/calls/{id}/digits":        {id: ringing, body: map[string]any{"digits": "1"}, code: "call_not_found"},
		"GET /api/phone/messages":                  own,
		"POST /api/phone/messages":                 {why: "no carrier is set up here: see TestTenantsShowTheirOwnNumbers"},
		"DELETE /api/phone/messages/{id}":          {id: sms, code: "text_not_found"},
		"GET /api/phone/recordings":                own,
		"GET /api/phone/recordings/{id}/audio":     {id: tape, code: "recording_not_found"},
		"DELETE /api/phone/recordings/{id}":        {id: tape, code: "recording_not_found"},
		"GET /api/phone/numbers":                   own,
		"GET /api/phone/numbers/{number}":          {id: "+33999000222", code: "number_not_found"},
		"PUT /api/phone/numbers/{number}":          {id: "+33999000222", body: map[string]any{"agent": ""}, code: "number_not_found"},
		"DELETE /api/phone/numbers/{number}":       {id: "+33999000222", code: "number_not_found"},
		"GET /api/phone/consent":                   own,
		"PUT /api/phone/consent":                   {body: map[string]any{"enabled": true}},
		"GET /api/phone/carriers":                  own,
		"POST /api/phone/carriers/{carrier}/check": {why: "the carriers are the operator's: see TestCarriersAreTheOperators"},
		"POST /api/phone/carriers/{carrier}/sync":  {why: "the carriers are the operator's: see TestCarriersAreTheOperators"},
		"POST /api/speech":                         {why: "speaks a text with a voice of the program, by the asker's own settings"},
		"POST /api/transcriptions":                 {why: "writes down what it is given, and keeps nothing"},

		"GET /api/conversations/export":         own,
		"GET /api/conversations/{id}":           {id: conversation, code: "conversation_not_found"},
		"GET /api/conversations/{id}/events":    {id: conversation, code: "conversation_not_found"},
		"GET /api/conversations/{id}/peaks":     {id: conversation, code: "conversation_not_found"},
		"GET /api/conversations/{id}/recording": {id: conversation, code: "conversation_not_found"},
		"DELETE /api/conversations/{id}":        {id: conversation, code: "conversation_not_found"},
		"POST /api/realtime/calls":              {body: map[string]any{"sdp": offer, "session": map[string]string{"model": "agent:test"}}, code: "agent_not_found"},
		"GET /api/realtime/calls/{id}":          {id: call, code: "call_not_found"},
		"DELETE /api/realtime/calls/{id}":       {id: call, code: "call_not_found"},
		"GET /api/realtime/calls/{id}/events":   {id: call, code: "call_not_found"},

		"GET /api/setup":                         {why: "says whether there is an administrator"},
		"POST /api/setup":                        {body: map[string]string{"email": "eve@example.com", "name": "Eve", "password": password}, code: "setup_done"},
		"GET /api/session":                       own,
		"POST /api/session":                      {why: "begins as whoever knows the password"},
		"DELETE /api/session":                    {why: "ends the asker's own session"},
		"PUT /api/session/tenant":                {body: map[string]string{"tenant": "default"}, code: "tenant_not_found"},
		"GET /api/session/sso":                   {why: "begins as nobody"},
		"GET /api/session/sso/callback":          {why: "begins as nobody"},
		"PUT /api/profile":                       {why: "changes the asker"},
		"PUT /api/profile/password":              {why: "changes the asker"},
		"GET /api/profile/sessions":              own,
		"DELETE /api/profile/sessions/{id}":      {id: sessions.Items[0].ID, code: "session_not_found"},
		"GET /api/roles":                         own,
		"GET /api/sign-in":                       {why: "is of the server's configuration"},
		"GET /api/people":                        own,
		"GET /api/people/{id}":                   {id: first.Person.ID, code: "person_not_found"},
		"PATCH /api/people/{id}":                 {id: first.Person.ID, body: map[string]string{"role": "viewer"}, code: "person_not_found"},
		"DELETE /api/people/{id}":                {id: first.Person.ID, code: "person_not_found"},
		"GET /api/invitations":                   own,
		"POST /api/invitations":                  {body: map[string]string{"email": "dave@acme.example", "role": "viewer"}},
		"DELETE /api/invitations/{id}":           {id: invitation.ID, code: "invitation_not_found"},
		"GET /api/invite/{token}":                {why: "the token is the right"},
		"POST /api/invite/{token}":               {why: "the token is the right"},
		"GET /api/keys":                          own,
		"POST /api/keys":                         {body: map[string]any{"name": "Theirs", "scopes": []string{"talk"}}},
		"DELETE /api/keys/{id}":                  {id: key.ID, code: "key_not_found"},
		"GET /api/tenants":                       own,
		"POST /api/tenants":                      {body: map[string]string{"id": "evil", "name": "Evil"}, code: "not_allowed"},
		"GET /api/tenant":                        own,
		"GET /api/profile":                       own,
		"PATCH /api/tenant":                      {body: map[string]string{"name": "Acme SA"}},
		"GET /api/audit":                         own,
		"GET /api/models":                        own,
		"GET /api/voices":                        own,
		"GET /api/voices/{provider}/{id}/sample": {why: "speaks a text with a voice of the program, by the asker's own settings"},
		"GET /api/templates":                     own,
		"GET /api/templates/{id}":                {id: "reception", why: "the library is the program's"},
		"POST /api/templates/{id}/fill":          {why: "the library is the program's"},
		"GET /api/prompts/phases":                own,
		"POST /api/prompts/compose":              {body: map[string]any{"phases": []map[string]string{{"name": "Opening"}}}},
		"POST /api/prompts/import":               {why: "keeps nothing"},
		"POST /api/prompts/generate":             {why: "keeps nothing, and asks the model that the asker's own settings name"},
		"GET /api/providers":                     own,
		"GET /api/providers/{id}":                {id: "openai"},
		"PUT /api/providers/{id}":                {id: "openai", body: map[string]any{"settings": map[string]any{"api_key": "••••••••"}}, code: "secret_needed"},
		"DELETE /api/providers/{id}":             {id: "openai"},
		"POST /api/providers/{id}/check":         {id: "openai", body: map[string]any{"settings": map[string]any{"base_url": "https://evil.example/v1"}}, code: "secret_again"},
	}
	raw, err = api.Spec()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	tried := 0
	for path, methods := range doc.Paths {
		for m := range methods {
			route := strings.ToUpper(m) + " " + path
			p, ok := probes[route]
			if !ok {
				t.Errorf("%s is not tried with another tenant's ids: add it to the table", route)
				continue
			}
			if p.why != "" {
				continue
			}
			tried++
			at := path
			if before, rest, ok := strings.Cut(path, "{"); ok {
				require.NotEmpty(t, p.id, route)
				_, after, _ := strings.Cut(rest, "}")
				at = strings.NewReplacer("{version}", "1", "{session_id}", "sess-"+conversation).Replace(before + p.id + after)
			}
			a := bob.do(strings.ToUpper(m), at+p.query, p.body)
			if p.code == "" {
				require.Less(t, a.status, 300, "%s: %s", route, a.body)
				for _, s := range secrets {
					require.NotContains(t, string(a.body), s, route)
				}
				continue
			}
			require.Contains(t, []int{403, 404, 409, 422}, a.status, "%s: %s", route, a.body)
			require.Contains(t, string(a.body), `"`+p.code+`"`, route)
			if p.id != "" && p.id != "openai" { // the same as for an id that nobody has
				require.Equal(t, 404, a.status, route)
			}
		}
	}
	require.Greater(t, tried, 25)

	// The Realtime protocol, and a program with a key of the other tenant.
	program := s.browser()
	var k struct{ Secret string }
	bob.do("POST", "/api/keys", map[string]any{"name": "All", "scopes": their.Permissions}).ok(&k)
	program.key = k.Secret
	program.do("GET", "/api/conversations/"+conversation, nil).problem(404, "conversation_not_found")
	_, resp, r := s.dial("test", http.Header{"Authorization": {"Bearer " + k.Secret}})
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	require.Equal(t, "agent_not_found", r.Error.Code)
	program.do("POST", "/v1/realtime/calls/"+live+"/hangup", nil).problem(404, "call_not_found")
	program.do("POST", "/v1/realtime/calls/"+live+"/restart", nil).problem(404, "call_not_found")
	program.do("GET", "/v1/realtime?call_id="+live, nil).problem(404, "call_not_found")
	bob.do("DELETE", "/api/realtime/calls/"+live, nil).problem(404, "call_not_found")
	var minted struct{ Value string }
	program.do("POST", "/v1/realtime/client_secrets", map[string]any{"session": map[string]string{"type": "realtime", "model": "agent:test"}}).ok(&minted)
	_, resp, r = s.dial("test", http.Header{"Authorization": {"Bearer " + minted.Value}})
	require.Equal(t, http.StatusNotFound, resp.StatusCode, "a client secret is its minter's tenant's")
	require.Equal(t, "agent_not_found", r.Error.Code)

	// Nothing of the first tenant's is gone or changed.
	ada.do("GET", "/api/conversations/"+conversation, nil).ok(nil)
	ada.do("GET", "/api/realtime/calls/"+call, nil).ok(nil)
	for path, id := range map[string]string{"/api/invitations": invitation.ID, "/api/keys": key.ID, "/api/people": first.Person.ID} {
		require.Contains(t, string(ada.do("GET", path, nil).ok(nil).body), id)
	}
	ada.do("POST", "/v1/realtime/calls/"+live+"/hangup", nil).ok(nil)
	require.Contains(t, string(ada.do("GET", "/api/providers/openai", nil).ok(nil).body), "their-model")
	var again me
	dora.do("GET", "/api/session", nil).ok(&again)
	require.Equal(t, first.Role, again.Role)
	require.Equal(t, "Maison Baobab", again.Tenant.Name)
}

// offer is one that a browser could make.
const offer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n" +
	"a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\na=rtpmap:0 PCMU/8000\r\n"
