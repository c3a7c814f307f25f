package provider

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

type conf struct {
	Key     string        `json:"api_key" doc:"The account's key." secret:"true" required:"true" env:"GRIOT_TEST_KEY"`
	URL     string        `json:"base_url" env:"GRIOT_TEST_URL"`
	Tier    string        `json:"tier" enum:"free,paid"`
	Retries int           `json:"retries" env:"GRIOT_TEST_RETRIES"`
	Speed   float64       `json:"speed"`
	Debug   bool          `json:"debug"`
	Timeout time.Duration `json:"timeout"`
	Words   []string      `json:"words" enum:"one,two"`
	Hidden  int           `json:"-"`
}

type voice struct {
	tts.Model
	c      conf
	closed *atomic.Int32
}

func (v *voice) Close() error { v.closed.Add(1); return nil }

func testProvider(built, closed *atomic.Int32) Provider {
	return Define(Spec[conf]{
		ID: "acme", Name: "Acme",
		Default: conf{URL: "https://acme.example", Timeout: 3 * time.Second, Words: []string{"one"}, Tier: "free"},
		TTS: func(_ context.Context, c conf) (tts.Model, error) {
			built.Add(1)
			return &voice{c: c, closed: closed}, nil
		},
	})
}

func decoded(t *testing.T, raw string) (conf, error) {
	t.Helper()
	var built, closed atomic.Int32
	m, err := testProvider(&built, &closed).TTS(t.Context(), json.RawMessage(raw))
	if err != nil {
		return conf{}, err
	}
	return m.(*voice).c, nil
}

func TestDecodeLaysConfigurationOverDefault(t *testing.T) {
	c, err := decoded(t, `{"api_key":"k","timeout":"250ms","retries":4,"speed":1.5,"debug":true,"words":["two","one"]}`)
	require.NoError(t, err)
	require.Equal(t, conf{Key: "k", URL: "https://acme.example", Tier: "free", Retries: 4, Speed: 1.5, Debug: true,
		Timeout: 250 * time.Millisecond, Words: []string{"two", "one"}}, c)
}

func TestDecodeFillsFromEnvironmentOnlyWhatIsNotConfigured(t *testing.T) {
	t.Setenv("GRIOT_TEST_KEY", "from-env")
	t.Setenv("GRIOT_TEST_URL", "http://localhost:1")
	t.Setenv("GRIOT_TEST_RETRIES", "7")
	c, err := decoded(t, ``)
	require.NoError(t, err)
	require.Equal(t, "from-env", c.Key)
	require.Equal(t, "http://localhost:1", c.URL)
	require.Equal(t, 7, c.Retries)

	c, err = decoded(t, `{"api_key":"own","base_url":"","retries":1}`)
	require.NoError(t, err)
	require.Equal(t, "own", c.Key)
	require.Equal(t, "http://localhost:1", c.URL, "an empty setting counts as not configured")
	require.Equal(t, 1, c.Retries)

	t.Setenv("GRIOT_TEST_RETRIES", "many")
	_, err = decoded(t, `{}`)
	require.ErrorContains(t, err, "GRIOT_TEST_RETRIES")
}

func TestDecodeErrorsNamePlaceValueAndNearestKey(t *testing.T) {
	for raw, want := range map[string]struct{ code, param, text string }{
		`{"apikey":"secret-value"}`:     {"unknown_key", "acme.apikey", `did you mean "api_key"?`},
		`{"zzzzzzzzz":1}`:               {"unknown_key", "acme.zzzzzzzzz", "it takes: api_key, base_url"},
		`{}`:                            {"missing_setting", "acme.api_key", "GRIOT_TEST_KEY"},
		`{"api_key":"k","tier":"pais"}`: {"unknown_value", "acme.tier", `"pais", but must be one of free, paid; did you mean "paid"?`},
		`{"api_key":"k","words":["one","three"]}`: {"unknown_value", "acme.words", `"three"`},
		`{"api_key":"k","retries":"x"}`:           {"wrong_type", "acme.retries", "a whole number"},
		`{"api_key":"k","retries":1.5}`:           {"wrong_type", "acme.retries", "1.5"},
		`{"api_key":"k","timeout":"soon"}`:        {"wrong_type", "acme.timeout", `"soon"`},
		`{"api_key":"k","timeout":"-1s"}`:         {"wrong_type", "acme.timeout", `"-1s"`},
		`{"api_key":{"secret-value":1}}`:          {"wrong_type", "acme.api_key", "a text"},
		`[1]`:                                     {"invalid_config", "acme", "not a JSON object"},
		`{"api_key":`:                             {"invalid_config", "acme", "not a JSON object"},
	} {
		_, err := decoded(t, raw)
		require.Error(t, err, raw)
		require.Equal(t, fault.Invalid, fault.KindOf(err), raw)
		require.Equal(t, want.code, fault.CodeOf(err), raw)
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, want.param, f.Param, raw)
		require.ErrorContains(t, err, want.text, raw)
		require.NotContains(t, err.Error(), "secret-value", "secrets are never repeated")
	}
}

func TestDefaultsAreNotSharedBetweenConfigurations(t *testing.T) {
	var built, closed atomic.Int32
	p := testProvider(&built, &closed)
	a, err := p.TTS(t.Context(), json.RawMessage(`{"api_key":"a"}`))
	require.NoError(t, err)
	a.(*voice).c.Words[0] = "changed"
	b, err := p.TTS(t.Context(), json.RawMessage(`{"api_key":"b"}`))
	require.NoError(t, err)
	require.Equal(t, []string{"one"}, b.(*voice).c.Words)
}

func TestSchema(t *testing.T) {
	var built, closed atomic.Int32
	p := testProvider(&built, &closed)
	require.JSONEq(t, `{"type":"object","additionalProperties":false,"required":["api_key"],"properties":{
		"api_key":{"type":"string","description":"The account's key.","writeOnly":true,"x-env":"GRIOT_TEST_KEY"},
		"base_url":{"type":"string","default":"https://acme.example","x-env":"GRIOT_TEST_URL"},
		"tier":{"type":"string","enum":["free","paid"],"default":"free"},
		"retries":{"type":"integer","x-env":"GRIOT_TEST_RETRIES"},
		"speed":{"type":"number"},
		"debug":{"type":"boolean"},
		"timeout":{"type":"string","default":"3s","pattern":"^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"},
		"words":{"type":"array","items":{"type":"string","enum":["one","two"]},"default":["one"]}}}`, string(p.Schema))
	require.Regexp(t, `api_key.*base_url.*tier.*retries`, string(p.Schema), "properties follow the struct")
	require.Panics(t, func() {
		Define(Spec[struct {
			X map[string]int `json:"x"`
		}]{ID: "bad"})
	})
	require.Panics(t, func() { Define(Spec[struct{ X int }]{ID: "bad"}) })
	require.Panics(t, func() { Define(Spec[int]{ID: "bad"}) })
}

func TestMask(t *testing.T) {
	var built, closed atomic.Int32
	p := testProvider(&built, &closed)
	require.JSONEq(t, `{"api_key":"••••••••","tier":"paid"}`, string(Mask(json.RawMessage(`{"api_key":"k","tier":"paid"}`), p.Schema)))
	require.JSONEq(t, `{"api_key":""}`, string(Mask(json.RawMessage(`{"api_key":""}`), p.Schema)))
	require.JSONEq(t, `{"apikey":"••••••••"}`, string(Mask(json.RawMessage(`{"apikey":"k"}`), p.Schema)), "unknown keys may hold secrets")
	for _, raw := range []string{``, `null`, `"k"`, `{"api_key":`} {
		require.JSONEq(t, `{}`, string(Mask(json.RawMessage(raw), p.Schema)))
	}
}

func TestPresenceNeedsNoKey(t *testing.T) {
	var built, closed atomic.Int32
	p := testProvider(&built, &closed)
	require.True(t, p.Present(t.Context(), nil).OK)
	require.False(t, p.Present(t.Context(), json.RawMessage(`{"nope":1}`)).OK)
	require.Nil(t, p.Check)
	require.Nil(t, p.STT)
}

func TestRegistryMakesEachModelOnce(t *testing.T) {
	var built, closed atomic.Int32
	r, err := NewRegistry(testProvider(&built, &closed))
	require.NoError(t, err)
	var wg sync.WaitGroup
	models := make([]tts.Model, 16)
	for i := range models {
		wg.Go(func() {
			raw := `{"api_key":"k","tier":"paid"}`
			if i%2 == 1 {
				raw = `{ "tier":"paid", "api_key":"k" }`
			}
			m, err := r.TTS(t.Context(), "acme", json.RawMessage(raw))
			if err == nil {
				models[i] = m
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, built.Load())
	for _, m := range models {
		require.Same(t, models[0], m)
	}
	_, err = r.TTS(t.Context(), "acme", json.RawMessage(`{"api_key":"other"}`))
	require.NoError(t, err)
	require.EqualValues(t, 2, built.Load())

	require.NoError(t, r.Close())
	require.EqualValues(t, 2, closed.Load())
	_, err = r.TTS(t.Context(), "acme", nil)
	require.Equal(t, "shutting_down", fault.CodeOf(err))
	require.NoError(t, r.Close())
}

func TestRegistryForgetsFailuresAndNamesWhatIsNotThere(t *testing.T) {
	tries := 0
	p := Define(Spec[struct{}]{ID: "flaky", Name: "Flaky", TTS: func(context.Context, struct{}) (tts.Model, error) {
		if tries++; tries == 1 {
			return nil, errors.New("not yet")
		}
		return &voice{closed: new(atomic.Int32)}, nil
	}})
	r, err := NewRegistry(p)
	require.NoError(t, err)
	_, err = r.TTS(t.Context(), "flaky", nil)
	require.ErrorContains(t, err, "not yet")
	_, err = r.TTS(t.Context(), "flaky", nil)
	require.NoError(t, err)

	_, err = r.STT(t.Context(), "flaky", nil)
	require.Equal(t, "not_offered", fault.CodeOf(err))
	_, err = r.LLM(t.Context(), "flaki", nil)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.ErrorContains(t, err, `did you mean "flaky"?`)

	_, err = NewRegistry(p, p)
	require.ErrorContains(t, err, "twice")
	require.Len(t, r.All(), 1)
}
