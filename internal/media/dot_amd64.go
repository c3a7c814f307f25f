package media

// dot16 is Dot of n values, a multiple of 16 above 0. It uses no instruction that any 64-bit processor of this kind lacks.
//
//go:noescape
func dot16(a, b *float32, n int) float32
