package realtime_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/realtime"
)

func TestParseAppend(t *testing.T) {
	for _, c := range []struct {
		name, raw, audio string
		ok               bool
	}{
		{"usual", `{"type":"input_audio_buffer.append","audio":"AAEC"}`, "AAEC", true},
		{"audio first, spaces, id", " {\n\"audio\" : \"AA+/\" ,\t\"event_id\":\"e1\", \"type\":\"input_audio_buffer.append\" } \n", "AA+/", true},
		{"empty audio", `{"type":"input_audio_buffer.append","audio":""}`, "", true},
		{"escaped slash", `{"type":"input_audio_buffer.append","audio":"AA\/B"}`, "", false},
		{"escaped type", `{"type":"input_audio_buffer\u002eappend","audio":"AA=="}`, "", false},
		{"unknown field", `{"type":"input_audio_buffer.append","audio":"AA==","x":"y"}`, "", false},
		{"repeated audio", `{"type":"input_audio_buffer.append","audio":"AA==","audio":"BB=="}`, "", false},
		{"repeated type", `{"type":"response.create","type":"input_audio_buffer.append","audio":"BB=="}`, "", false},
		{"other event", `{"type":"response.cancel","audio":"AA=="}`, "", false},
		{"no audio", `{"type":"input_audio_buffer.append"}`, "", false},
		{"no type", `{"audio":"AAAA"}`, "", false},
		{"number", `{"type":"input_audio_buffer.append","audio":5}`, "", false},
		{"null", `{"type":"input_audio_buffer.append","audio":null}`, "", false},
		{"nested", `{"x":{"type":"input_audio_buffer.append","audio":"AA=="}}`, "", false},
		{"cut short", `{"type":"input_audio_buffer.append","audio":"AA=="`, "", false},
		{"more behind", `{"type":"input_audio_buffer.append","audio":"AA=="}{}`, "", false},
		{"trailing comma", `{"type":"input_audio_buffer.append","audio":"AA==",}`, "", false},
		{"line break in string", "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\nAAAAAAAA\"}", "", false},
		{"not ASCII", `{"type":"input_audio_buffer.append","audio":"AAAAAAAAé"}`, "", false},
		{"empty", ``, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			audio, ok := realtime.ParseAppend([]byte(c.raw))
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.audio, string(audio))
			}
		})
	}
}

func FuzzParseAppend(f *testing.F) {
	f.Add([]byte(`{"type":"input_audio_buffer.append","audio":"AAECAwQFBgcICQ=="}`))
	f.Add([]byte(`{"audio":"AA\/B","event_id":"é","type":"input_audio_buffer.append"}`))
	f.Add([]byte("{\"audio\":\"AAAAAAA\x01\",\"type\":\"input_audio_buffer.append\"}"))
	f.Add([]byte(`{"type":"input_audio_buffer.commit"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		audio, ok := realtime.ParseAppend(raw)
		if !ok {
			return
		}
		var want map[string]string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("accepted what is not JSON: %v", err)
		}
		if want["type"] != "input_audio_buffer.append" || want["audio"] != string(audio) {
			t.Fatalf("read %q from %q", audio, raw)
		}
		ev, err := realtime.DecodeClient(raw)
		if err != nil {
			t.Fatalf("the slow path refuses: %v", err)
		}
		if slow := ev.(realtime.InputAudioAppend); string(slow.Audio) != string(audio) || slow.EventID != want["event_id"] {
			t.Fatalf("the slow path reads %+v", slow)
		}
	})
}

func samples(n int) []int16 {
	rng := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(rng.Uint32())
	}
	return pcm
}

func littleEndian(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// However the bytes are cut into appends, the samples are the same.
func TestDecodePCMCarries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pcm := samples(rapid.IntRange(0, 5000).Draw(t, "samples"))
		rest := littleEndian(pcm)
		got := []int16{7}
		var carry realtime.Carry
		for len(rest) > 0 {
			n := rapid.IntRange(0, len(rest)).Draw(t, "cut")
			var err error
			got, err = realtime.DecodePCM(got, []byte(base64.StdEncoding.EncodeToString(rest[:n])), &carry)
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.Equal(t, append([]int16{7}, pcm...), got)
	})
}

func TestDecodePCMRefuses(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(make([]byte, 3000))
	for name, text := range map[string]string{
		"not base64":            "AA!A",
		"cut":                   "AAA",
		"line break":            "AAAA\nAAAA",
		"padding in the middle": long[:2044] + "AA==" + long[2048:],
		"line break in a piece": long[:100] + "\n" + long[100:],
	} {
		t.Run(name, func(t *testing.T) {
			var carry realtime.Carry
			before, err := realtime.DecodePCM([]int16{1, 2}, []byte("AQID"), &carry)
			require.NoError(t, err)
			got, err := realtime.DecodePCM(before, []byte(text), &carry)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Equal(t, realtime.CodeInvalidValue, fault.CodeOf(err))
			require.Equal(t, before, got)
			after, err := realtime.DecodePCM(nil, []byte("BA=="), &carry) // the carried 3 is still there
			require.NoError(t, err)
			require.Equal(t, []int16{0x0403}, after)
		})
	}
}

func TestAppendAudioDelta(t *testing.T) {
	ref := realtime.Ref{ResponseID: "resp_1", ItemID: "item_\"1\"", OutputIndex: 1, ContentIndex: 2}
	for _, n := range []int{0, 1, 2, 3, 480, 5000} {
		pcm := samples(n)
		got := realtime.AppendAudioDelta([]byte("x"), 12, ref, pcm)
		want, err := realtime.Encode(realtime.OutputAudioDelta{Ref: ref, Delta: base64.StdEncoding.EncodeToString(littleEndian(pcm))}, "event_12")
		require.NoError(t, err)
		require.Equal(t, "x"+string(want), string(got))
	}
}

func TestG711(t *testing.T) {
	pcm := samples(5000)
	for typ, code := range map[string][]byte{realtime.TypePCMU: media.EncodeULaw(nil, pcm), realtime.TypePCMA: media.EncodeALaw(nil, pcm)} {
		f := realtime.AudioFormat{Type: typ}
		raw := f.AppendDelta(nil, 1, realtime.Ref{}, pcm)
		ev, err := realtime.DecodeServer(raw)
		require.NoError(t, err)
		b64 := ev.(realtime.OutputAudioDelta).Delta
		require.Equal(t, base64.StdEncoding.EncodeToString(code), b64)
		var carry realtime.Carry
		got, err := f.Decode(nil, []byte(b64), &carry)
		require.NoError(t, err)
		again := f.AppendDelta(nil, 1, realtime.Ref{}, got)
		require.Equal(t, string(raw), string(again))
		require.Equal(t, 8000, f.SampleRate())
	}
}

func TestAudioAllocatesNothing(t *testing.T) {
	pcm := samples(480)
	raw := []byte(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(littleEndian(pcm)) + `"}`)
	ref := realtime.Ref{ResponseID: "resp_0123456789", ItemID: "item_0123456789"}
	var carry realtime.Carry
	dst, out := make([]int16, 0, 1000), make([]byte, 0, 4000)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		audio, _ := realtime.ParseAppend(raw)
		dst, _ = realtime.DecodePCM(dst[:0], audio, &carry)
		out = realtime.AppendAudioDelta(out[:0], 1, ref, dst)
	}))
	require.Equal(t, pcm, dst)
	law := realtime.AudioFormat{Type: realtime.TypePCMU}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		audio, _ := realtime.ParseAppend(raw)
		dst, _ = law.Decode(dst[:0], audio, &carry)
		out = law.AppendDelta(out[:0], 1, ref, dst)
	}))
}

func BenchmarkParseAppend(b *testing.B) {
	raw := []byte(`{"type":"input_audio_buffer.append","audio":"` + strings.Repeat("A", 1280) + `"}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := realtime.ParseAppend(raw); !ok {
			b.Fatal("not recognised")
		}
	}
}

func BenchmarkDecodePCM(b *testing.B) {
	text := []byte(base64.StdEncoding.EncodeToString(littleEndian(samples(480))))
	dst := make([]int16, 0, 500)
	var carry realtime.Carry
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = realtime.DecodePCM(dst[:0], text, &carry)
	}
}

func BenchmarkAppendAudioDelta(b *testing.B) {
	pcm, ref := samples(480), realtime.Ref{ResponseID: "resp_0123456789", ItemID: "item_0123456789"}
	dst := make([]byte, 0, 4000)
	b.ReportAllocs()
	for b.Loop() {
		dst = realtime.AppendAudioDelta(dst[:0], 1, ref, pcm)
	}
}
