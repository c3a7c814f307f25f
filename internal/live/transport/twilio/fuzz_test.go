package twilio

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
)

// Whatever a stream says, the leg takes frames of 20 ms, keys, marks and the end out of it, and counts the rest.
func FuzzMessages(f *testing.F) {
	sound := base64.StdEncoding.EncodeToString(make([]byte, 160))
	for _, seed := range []string{`{"event":"media","streamSid":"MZ1","media":{"track":"inbound","payload":"` + sound + `"}}`, `{"event":"media","streamSid":"MZ1","media":{"payload":"f39/"}}`, `{"event":"media","streamSid":"MZ1","media":{"payload":"="}}`,
		`{"event":"media","streamSid":"MZ1"}`, `{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"5"}}`, `{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"55"}}`, `{"event":"mark","streamSid":"MZ1","mark":{"name":"18446744073709551616"}}`,
		`{"event":"mark","streamSid":"MZ1","mark":{"name":"1"}}`, `{"event":"stop","streamSid":"MZ1"}`, `{"event":"media","streamSid":"MZ2"}`, `[]`, `{`, ``} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, binary bool) {
		s := &Stream{Start: Start{StreamSID: "MZ1"}, sid: []byte(`"MZ1"`)}
		l, err := NewLeg("tel_1", "+331")
		require.NoError(t, err)
		l.in, l.away = s, false
		m, err := s.parse(raw, binary)
		if err != nil {
			require.Equal(t, "bad_message", fault.CodeOf(err))
			require.False(t, s.stopped)
			return
		}
		require.Equal(t, "MZ1", m.StreamSID)
		key, err := l.take(m, time.Now())
		require.Equal(t, m.Event == "stop", err != nil)
		if key != 0 {
			require.True(t, isKey(key))
		}
		for {
			frame, ok := l.framer.Next()
			if !ok {
				return
			}
			require.Len(t, frame.PCM, media.Mono(rate).Samples(media.FrameTime))
		}
	})
}

// What introduces a stream is believed only in the format that was agreed, and whole.
func FuzzStart(f *testing.F) {
	good, err := json.Marshal(map[string]any{"event": "start", "streamSid": "MZ1", "start": map[string]any{"streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "customParameters": map[string]string{"call": "tel_1"},
		"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"event":"start","start":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &Stream{}
		m, err := s.parse(raw, false)
		if err != nil || m.Start == nil {
			return
		}
		if err := s.introduced(m); err != nil {
			require.Equal(t, "bad_stream", fault.CodeOf(err))
			return
		}
		require.NotEmpty(t, s.Start.StreamSID)
		var sid string
		require.NoError(t, json.Unmarshal(s.sid, &sid))
		require.Equal(t, 8000, s.Start.MediaFormat.SampleRate)
	})
}
