//go:build !race

package sound

// raced says that the race detector makes pools forget what they hold, so that allocations cannot be counted.
const raced = false
