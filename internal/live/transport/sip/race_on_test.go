//go:build race

package sip

// raced says that the race detector makes pools forget what they hold, so that allocations cannot be counted.
const raced = true
