package tool

import "context"

// Detail is what the author of a tool learns of a trial beside what a model reads. A tool that has something to say fills it in before its call ends.
type Detail struct {
	Printed   string // what the code printed
	Line      int    // of the code, where it failed; 0 when it did not, or has no lines
	Traceback string // how it got there
}

type detailKey struct{}

// WithDetail returns a context whose calls leave their detail in the Detail returned. It is for one call.
func WithDetail(ctx context.Context) (context.Context, *Detail) {
	d := &Detail{}
	return context.WithValue(ctx, detailKey{}, d), d
}

// DetailOf is where a call leaves its detail, nil when nobody wants it.
func DetailOf(ctx context.Context) *Detail {
	d, _ := ctx.Value(detailKey{}).(*Detail)
	return d
}
