package turn

import "time"

// silence ends a turn after a fixed pause, whatever was said.
type silence struct{ fixed time.Duration }

func (s silence) pause(verdict, time.Duration) time.Duration { return s.fixed }
func (silence) wentOn(verdict, time.Duration)                {}
func (silence) ended(verdict)                                {}
