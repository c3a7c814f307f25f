package jsgf

import (
	"fmt"
	"maps"
	"slices"
)

// Check finds what would make the grammar unusable: references to rules that are not there, recursion that is not at the end of a
// rule, and more than MaxExpanded words once every reference is replaced by its rule.
func (g *Grammar) Check() error {
	names := slices.Sorted(maps.Keys(g.Rules))
	reach := map[string]map[string]bool{}
	for _, name := range names {
		var missing error
		each(g.Rules[name], func(n Node) {
			if r, ok := n.(Ref); ok && g.Rules[string(r)] == nil && missing == nil {
				missing = fmt.Errorf("rule <%s> of the grammar uses <%s>, which is not defined", name, string(r))
			}
		})
		if missing != nil {
			return missing
		}
	}
	for _, name := range names {
		reach[name] = map[string]bool{}
		g.reach(name, reach[name])
	}
	for _, name := range names {
		if bad := inner(g.Rules[name], true, func(r string) bool { return reach[r][name] }); bad != "" {
			return fmt.Errorf("rule <%s> of the grammar comes back to itself through <%s> before its end: recursion is only possible at the end of a rule", name, bad)
		}
	}
	size := sizer{g: g, known: map[string]int{}}
	total := 0
	for _, p := range g.Public {
		total += size.of(Ref(p))
	}
	if total > MaxExpanded {
		return fmt.Errorf("the grammar has more than %d words when its rules are written out", MaxExpanded)
	}
	return nil
}

// inner returns a recursive reference that is not at the end of n, "" when there is none.
func inner(n Node, last bool, recursive func(string) bool) string {
	switch n := n.(type) {
	case Ref:
		if !last && recursive(string(n)) {
			return string(n)
		}
	case Seq:
		for i, p := range n {
			if bad := inner(p, last && i == len(n)-1, recursive); bad != "" {
				return bad
			}
		}
	case Alt:
		for _, c := range n {
			if bad := inner(c.Of, last, recursive); bad != "" {
				return bad
			}
		}
	case Opt:
		return inner(n.Of, last, recursive)
	case Repeat:
		return inner(n.Of, false, recursive)
	}
	return ""
}

// sizer counts words after expansion and stops counting well above the limit.
type sizer struct {
	g     *Grammar
	known map[string]int // -1 while it is being counted: recursion costs one link
}

func (s *sizer) of(n Node) int {
	sum := 1
	switch n := n.(type) {
	case Ref:
		k, seen := s.known[string(n)]
		switch {
		case k < 0:
			return 1
		case seen:
			return k
		}
		s.known[string(n)] = -1
		sum = s.of(s.g.Rules[string(n)])
		s.known[string(n)] = sum
	case Seq:
		for _, p := range n {
			sum = min(sum+s.of(p), 2*MaxExpanded)
		}
	case Alt:
		for _, c := range n {
			sum = min(sum+s.of(c.Of), 2*MaxExpanded)
		}
	case Opt:
		sum += s.of(n.Of)
	case Repeat:
		sum += s.of(n.Of)
	}
	return min(sum, 2*MaxExpanded)
}
