// Package calls is the register of realtime calls: those that a program or a page opens with an offer, whichever of the HTTP interfaces it came by. It validates what
// is asked for, has the media side (internal/live) open and end calls, keeps one row of each, and answers what was and what is. What was said in a call is the
// record of its conversation.
package calls
