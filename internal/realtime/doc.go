// Package realtime is the wire form of the OpenAI Realtime protocol: the events of both directions, the session and
// the rules for changing it, and the fast path for audio. It encodes and decodes; it opens no connection, keeps no
// time and starts no goroutine. The server side and the clients of upstream services share it.
//
// The types follow the GA dialect. Other dialects are translations of it, listed in the table of dialect.go.
//
// A server reads with ParseAppend first (no allocation) and falls back to DecodeClient; it writes audio with
// AppendAudioDelta (no allocation) and everything else with AppendEvent. What a client got wrong comes back as a
// *fault.Error with the protocol's code and the path of the parameter; ErrorFor turns it into the event to send.
package realtime
