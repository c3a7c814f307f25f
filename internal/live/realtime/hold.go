package realtime

import (
	"context"

	wire "griot/internal/realtime"
)

// CanHold implements transport.Holder: a client with the extensions has a player that pauses and goes on.
func (c *conn) CanHold() bool { return c.main.ext }

// Hold implements transport.Holder.
func (c *conn) Hold(_ context.Context, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extend(wire.GriotHold{On: on})
	return nil
}

// Duck implements transport.Holder.
func (c *conn) Duck(_ context.Context, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extend(wire.GriotDuck{On: on})
	return nil
}
