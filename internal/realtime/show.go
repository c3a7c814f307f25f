package realtime

import "strings"

// How the older dialects show what GA's events hold.

// older gives an event of GA the name and the body that it has in an older dialect.
func (d Dialect) older(ev ServerEvent) (typ string, body any) {
	typ, body = ev.EventType(), ev
	switch ev := ev.(type) {
	case Error:
		return typ, Error{Error: olderError(ev.Error)}
	case SessionCreated:
		return typ, shownSession{d.ShowSession(ev.Session)}
	case SessionUpdated:
		if d == Beta && ev.Session.Type == SessionTranscription {
			typ = "transcription_session.updated"
		}
		return typ, shownSession{d.ShowSession(ev.Session)}
	case ItemAdded:
		return "conversation.item.created", struct {
			PreviousItemID NullString `json:"previous_item_id"`
			Item           olderItem  `json:"item"`
		}{ev.PreviousItemID, olderItem(ev.Item)}
	case ItemDone:
		return "", nil // it was created
	case ItemRetrieved:
		return typ, struct {
			Item olderItem `json:"item"`
		}{olderItem(ev.Item)}
	case ResponseCreated:
		return typ, shownResponse{d.showResponse(ev.Response)}
	case ResponseDone:
		return typ, shownResponse{d.showResponse(ev.Response)}
	case OutputItemAdded:
		return typ, olderOutput{ev.ResponseID, ev.OutputIndex, olderItem(ev.Item)}
	case OutputItemDone:
		return typ, olderOutput{ev.ResponseID, ev.OutputIndex, olderItem(ev.Item)}
	case TranscriptionCompleted:
		if d == VoiceLive { // without usage
			return typ, struct {
				ItemID       string    `json:"item_id"`
				ContentIndex int       `json:"content_index"`
				Transcript   string    `json:"transcript"`
				LogProbs     []LogProb `json:"logprobs,omitempty"`
			}{ev.ItemID, ev.ContentIndex, ev.Transcript, ev.LogProbs}
		}
	case OutputAudioBufferCleared:
		if d == VoiceLive {
			return typ, struct{}{}
		}
	case RateLimitsUpdated:
		if d == VoiceLive {
			return "", nil
		}
	case Unknown:
		return typ, body
	default:
		if ofVoiceLive(ev) && d != VoiceLive {
			return "", nil
		}
		return OlderName(typ), body
	}
	return typ, body
}

// The prefixes of the events of a response's text and sound.
const (
	prefixGA    = "response.output_"
	prefixOlder = "response."
)

// OlderName returns the name that an event of a response's text or sound has in the older dialects; other names are the same.
func OlderName(typ string) string {
	if rest, ok := strings.CutPrefix(typ, prefixGA); ok && !strings.HasPrefix(rest, "item.") {
		return prefixOlder + rest
	}
	return typ
}

// GAName is the reverse of OlderName, for who reads any dialect.
func GAName(typ string) string {
	if rest, ok := strings.CutPrefix(typ, prefixOlder); ok {
		for _, kind := range []string{"text.", "audio.", "audio_transcript."} {
			if strings.HasPrefix(rest, kind) {
				return prefixGA + rest
			}
		}
	}
	return typ
}

type shownSession struct {
	Session any `json:"session"`
}

type shownResponse struct {
	Response any `json:"response"`
}

type olderOutput struct {
	ResponseID  string    `json:"response_id"`
	OutputIndex int       `json:"output_index"`
	Item        olderItem `json:"item"`
}

// olderItem is an item that says it is one, and whose assistant's parts have the names of response.content_part's.
type olderItem Item

// MarshalJSON implements json.Marshaler.
func (it olderItem) MarshalJSON() ([]byte, error) {
	parts := make([]Content, len(it.Content))
	for i, c := range it.Content {
		if it.Role == RoleAssistant {
			c.Type = strings.TrimPrefix(c.Type, "output_")
		}
		parts[i] = c
	}
	it.Content = parts
	b, err := marshal(Item(it))
	if err != nil {
		return nil, err
	}
	return append([]byte(`{"object":"realtime.item",`), b[1:]...), nil
}

func olderItems(items []Item) []olderItem {
	out := make([]olderItem, len(items))
	for i, it := range items {
		out[i] = olderItem(it)
	}
	return out
}

// olderPaths finds in an error the names that its client knows.
var olderPaths = strings.NewReplacer(
	".audio.input.format.rate", ".input_audio_sampling_rate",
	".audio.input.format.type", ".input_audio_format",
	".audio.input.format", ".input_audio_format",
	".audio.input.transcription", ".input_audio_transcription",
	".audio.input.noise_reduction", ".input_audio_noise_reduction",
	".audio.input.turn_detection", ".turn_detection",
	".audio.output.format.type", ".output_audio_format",
	".audio.output.format.rate", ".output_audio_format",
	".audio.output.format", ".output_audio_format",
	".audio.output.voice", ".voice",
	".audio.output.speed", ".speed",
	".output_modalities", ".modalities",
	"session.max_output_tokens", "session.max_response_output_tokens",
)

func olderError(e ErrorDetail) ErrorDetail {
	if e.Param != "" {
		e.Param, e.Message = NullString(olderPaths.Replace(string(e.Param))), olderPaths.Replace(e.Message)
	}
	return e
}
