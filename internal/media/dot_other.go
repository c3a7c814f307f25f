//go:build !amd64

package media

import "unsafe"

// dot16 is Dot of n values, a multiple of 16 above 0. Four sums keep the processor's adders busy.
func dot16(pa, pb *float32, n int) float32 {
	a, b := unsafe.Slice(pa, n), unsafe.Slice(pb, n)
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}
