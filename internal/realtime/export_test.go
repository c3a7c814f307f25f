package realtime

import (
	"maps"
	"slices"
)

// ServerEventNames lists what the package can read of a server.
func ServerEventNames() []string { return slices.Sorted(maps.Keys(serverEvents)) }

// ClientEventNames lists what the package can read of a client.
func ClientEventNames() []string { return slices.Sorted(maps.Keys(clientEvents)) }
