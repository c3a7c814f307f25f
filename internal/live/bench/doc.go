// Package bench measures what a server holds: synthetic callers connect, speak recorded human speech in real time, listen, answer and
// interrupt, while the server tells how late its sound was and what it used. It is `griot bench`.
//
// The callers talk µ-law at 8 kHz in frames of 20 ms over the Realtime protocol, as a telephone gateway would. They are timed by one clock (clock.go)
// and judged by what they send and receive (caller.go), so that nothing has to be believed but the server's word on its own memory,
// processor time and pacing (stats.go).
package bench
