package flow

// time finds a time of day in what the date left, in minutes, -1 when there is none.
func (r *reader) time(want asked) int {
	for i := range r.ts {
		if r.used[i] {
			continue
		}
		if n := prefix(r.p.midnight, r.ts[i:]); n > 0 {
			r.mark(i, n)
			return 0
		}
		if n := prefix(r.p.noon, r.ts[i:]); n > 0 && !r.p.withinPart(r.ts, i) {
			h, k := 12*60, i+n
			m, j := r.minutes(k, false)
			r.mark(i, j-i)
			return h + m
		}
		if m, end := r.clockAt(i, want); end > i {
			r.mark(i, end-i)
			return m
		}
	}
	return -1
}

// clockAt reads a time at i, and returns where it ends; end is i when there is none.
func (r *reader) clockAt(i int, want asked) (minute, end int) {
	j := i + prefix(r.p.at, r.ts[i:])
	said := j > i
	add := 0
	switch {
	case prefix(r.p.halfPast, rest(r.ts, j)) > 0:
		j, add, said = j+prefix(r.p.halfPast, rest(r.ts, j)), 30, true
	case r.any(j, r.cal.QuarterP) > 0:
		j, add, said = j+r.any(j, r.cal.QuarterP), 15, true
	case r.any(j, r.cal.QuarterT) > 0:
		j, add, said = j+r.any(j, r.cal.QuarterT), -15, true
	default: // ten past three, twenty to four
		if v, n, ord := r.small(j); n > 0 && !ord && v < 60 && v > 0 {
			if k := r.any(j+n, r.cal.Past); k > 0 {
				j, add, said = j+n+k, v, true
			} else if k := r.any(j+n, r.cal.To); k > 0 {
				j, add, said = j+n+k, -v, true
			}
		}
	}
	if j >= len(r.ts) || r.used[j] {
		return 0, i
	}
	h, m, n, sure := r.hourAt(j)
	if n == 0 {
		return 0, i
	}
	j += n
	if m == 0 && add == 0 {
		more, k := r.minutes(j, sure || said || want == askedTime)
		if k > j {
			m, j, sure = more, k, true
		}
	}
	pm, am := prefix(r.p.pm, rest(r.ts, j)), prefix(r.p.am, rest(r.ts, j))
	alone := want == askedTime && i == 0
	if !sure && !said && pm == 0 && am == 0 && !alone && r.part == "" {
		return 0, i
	}
	switch {
	case pm > 0:
		if h < 12 {
			h += 12
		}
		j += pm
	case am > 0:
		if h == 12 {
			h = 0
		}
		j += am
	case h < 12 && h > 0 && (r.part == "evening" || r.part == "afternoon"):
		h += 12
	case h >= 1 && h <= 7 && r.part != "morning":
		h += 12 // nobody makes an appointment for five in the morning
	}
	t := h*60 + m + add
	if t < 0 || t >= 24*60 {
		return 0, i
	}
	return t, j
}

// hourAt reads the hour.
func (r *reader) hourAt(j int) (h, m, n int, sure bool) {
	if v, ok := r.p.Numbers[at(r.ts, j)]; ok && v < 24 && r.any(j+1, r.cal.Plus) > 0 { // "las diez y seis": six minutes past ten, not sixteen
		return v, 0, btoi(r.free(j, 1)), false
	}
	h, m, n, sure = r.p.hour(r.ts[j:])
	if n > 0 && (h > 23 || !r.free(j, min(n, len(r.ts)-j))) {
		return 0, 0, 0, false
	}
	if n > 1 && m == 30 { // "thirty" may be the beginning of "thirty-one": the minutes are read with what follows
		for k := 1; k < n; k++ {
			if prefix(r.p.half, r.ts[j+k:]) == n-k {
				return h, 0, k, sure
			}
		}
	}
	return h, m, n, sure
}

// minutes reads what follows an hour: "fifteen", "et quart", "moins le quart", "y veinte". bare allows a number alone. end is j when there is nothing.
func (r *reader) minutes(j int, bare bool) (m, end int) {
	if n := prefix(r.p.half, rest(r.ts, j)); n > 0 && r.free(j, n) {
		if v, k, ord := r.small(j); k > n && !ord && v < 60 {
			return v, j + k
		}
		return 30, j + n
	}
	if n := r.any(j, r.cal.Quarter); n > 0 {
		return 15, j + n
	}
	if n := r.any(j, r.cal.MinusQ); n > 0 {
		return -15, j + n
	}
	k, sign := j, 1
	if n := r.any(j, r.cal.Minus); n > 0 {
		k, sign, bare = j+n, -1, true
	} else if n := r.any(j, r.cal.Plus); n > 0 {
		k, bare = j+n, true
	}
	if !bare {
		return 0, j
	}
	v, n, ord := r.small(k)
	if n == 0 || ord || v > 59 || (k == j && v < 10 && r.p.Language != "fr" && len(r.ts[k].norm) != 2) {
		return 0, j
	}
	return sign * v, k + n
}
