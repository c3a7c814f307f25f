package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
)

// A language that nothing on this machine recognises is told as such, and not by the account that somebody could make.
func TestNoRecogniserForALanguage(t *testing.T) {
	a := &App{cfg: config.Default()}
	require.NoError(t, a.openPlans())
	defer a.Close()
	for _, ref := range []string{"reception-fr", "reception-es"} {
		plan, shown, err := a.plans.plan(t.Context(), ref)
		require.NoError(t, err)
		require.False(t, shown.Listens)
		require.NotEmpty(t, plan.Notices)
		require.Equal(t, "no_recogniser", plan.Notices[0].Code, plan.Notices[0].Message)
		require.Equal(t, map[string]string{"language": plan.Lang}, plan.Notices[0].Params)
	}
}
