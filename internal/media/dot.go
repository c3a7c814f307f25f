package media

// Dot returns the inner product of a and of as many values of b, which must not be shorter. Filters and detectors spend most of their time here. The order in
// which it adds depends on the processor, and so do the last bits of the result.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	n := len(a) &^ 15
	var sum float32
	if n > 0 {
		sum = dot16(&a[0], &b[0], n)
	}
	for i := n; i < len(a); i++ {
		sum += a[i] * b[i]
	}
	return sum
}
