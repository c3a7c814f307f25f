//go:build race

package realtime

// raced says that the race detector makes everything ten times slower.
const raced = true
