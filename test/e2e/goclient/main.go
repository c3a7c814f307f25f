// Command goclient holds whole conversations with a Griot server by the library openai-go, and says what went wrong, if anything did. Its agent's language model must be
// that of lib/chat.ts.
//
//	goclient URL KEY HOURS.wav SENTENCE.wav
//
// The server must ask for the key. The two recordings are of a person: a question, and a longer sentence to interrupt by.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"

	"griot/internal/media"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: goclient URL KEY HOURS.wav SENTENCE.wav")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	hours, err := recording(args[2])
	if err != nil {
		return err
	}
	sentence, err := recording(args[3])
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		hold func(c *caller) error
	}{
		{"writes and calls a function", writes},
		{"speaks, interrupts and truncates", func(c *caller) error { return speaks(c, hours, sentence) }},
		{"is told what was wrong", mistakes},
	} {
		c, err := dial(ctx, args[0], args[1], "gpt-realtime")
		if err != nil {
			return err
		}
		if err := errors.Join(part.hold(c), c.close()); err != nil {
			return fmt.Errorf("%s: %w\n%s", part.name, err, c.story())
		}
		fmt.Println(part.name)
	}
	for model, key := range map[string]string{"gpt-realtime": "a-wrong-key", "agent:nobody": args[1]} {
		if c, err := dial(ctx, args[0], key, model); err == nil {
			return errors.Join(fmt.Errorf("model %q with key %q got in", model, key), c.close())
		}
	}
	fmt.Println("is refused")
	return nil
}

// recording reads a recording at the protocol's rate.
func recording(path string) ([]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a recording: %w", err)
	}
	defer f.Close()
	format, pcm, err := media.ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	r, err := media.NewResampler(format.Rate, rate)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return r.Flush(r.Process(nil, pcm)), nil
}

// service is the library's for a server.
func service(url, key string) openai.RealtimeService {
	return openai.NewRealtimeService(option.WithBaseURL(url+"/v1/"), option.WithAPIKey(key))
}

// writes holds a written conversation with a function of the client's.
func writes(c *caller) error {
	c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}, Instructions: param.NewOpt("Be brief."),
		Tools: openai.RealtimeToolsConfigParam{{OfFunction: &openai.RealtimeFunctionToolParam{Type: "function", Name: param.NewOpt("weather"),
			Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}}}}}})
	updated := c.wait("session.updated").AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest()
	c.check(updated.Model == "gpt-realtime" && updated.Instructions == "Be brief.", "the session was not changed")
	c.write("When do you open?")
	c.respond()
	c.check(c.wait("response.output_text.done").AsResponseTextDoneEvent().Text == "We are open from nine to six.", "another answer")
	done := c.wait("response.done").AsResponseDoneEvent().Response
	c.check(done.Status == "completed" && done.Usage.InputTokens == 20, "it was not completed, or has no usage")

	c.write("What is the weather in Dakar?")
	c.respond()
	call := c.wait("response.function_call_arguments.done").AsResponseFunctionCallArgumentsDoneEvent()
	c.check(call.Name == "weather" && call.Arguments == `{"city":"Dakar"}`, "another call: "+call.Name+call.Arguments)
	c.wait("response.done")
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemUnionParam{
		OfFunctionCallOutput: &openai.RealtimeConversationItemFunctionCallOutputParam{CallID: call.CallID, Output: "sunny"}}}})
	c.respond()
	c.check(c.wait("response.output_text.done").AsResponseTextDoneEvent().Text == "The report says: sunny.", "the result came to nothing")
	c.wait("response.done")
	return c.err
}

// speaks holds a spoken conversation whose second answer is talked over.
func speaks(c *caller, hours, sentence []int16) error {
	c.openMicrophone()
	c.say(hours)
	started := c.wait("input_audio_buffer.speech_started").AsInputAudioBufferSpeechStartedEvent()
	c.check(c.wait("input_audio_buffer.speech_stopped").AsInputAudioBufferSpeechStoppedEvent().ItemID == started.ItemID, "one turn in two items")
	first := c.wait("response.created").AsResponseCreatedEvent().Response.ID
	c.check(c.wait("response.output_audio_transcript.done").AsResponseAudioTranscriptDoneEvent().Transcript == "We are open from nine to six.", "another answer")
	c.check(c.wait("response.done").AsResponseDoneEvent().Response.Status == "completed", "the answer was not completed")
	c.check(media.Level(c.sound(first)) > -35, "the answer is not audible")

	c.write("Tell me a story.")
	c.respond()
	long := c.wait("response.created").AsResponseCreatedEvent().Response.ID
	for c.err == nil && len(c.sound(long)) < rate*3/2 {
		c.wait("response.output_audio.delta")
	}
	c.say(sentence)
	c.wait("input_audio_buffer.speech_started")
	cut := c.wait("response.done").AsResponseDoneEvent().Response
	c.check(cut.ID == long && len(cut.Output) == 1 && cut.Status == "cancelled", "it was not interrupted")
	if c.err != nil {
		return c.err
	}
	item := cut.Output[0].AsRealtimeConversationItemAssistantMessage()
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{ItemID: item.ID, AudioEndMs: 1000}})
	c.check(c.wait("conversation.item.truncated").AsConversationItemTruncatedEvent().AudioEndMs == 1000, "it was not truncated")
	c.check(c.wait("response.done").AsResponseDoneEvent().Response.ID != long, "no answer to what was said")
	over := false
	for _, e := range c.events {
		c.check(!over || e.Type != "response.output_audio.delta" || e.AsResponseAudioDeltaEvent().ResponseID != long, "sound of a response after its end")
		over = over || e.Type == "response.done" && e.AsResponseDoneEvent().Response.ID == long
	}
	return c.err
}

// mistakes makes some, and goes on.
func mistakes(c *caller) error {
	c.update(openai.RealtimeSessionCreateRequestParam{Audio: openai.RealtimeAudioConfigParam{Output: openai.RealtimeAudioConfigOutputParam{Speed: param.NewOpt(9.0)}}})
	c.check(c.wait("error").AsRealtimeErrorEvent().Error.Param == "session.audio.output.speed", "the field is not named")
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{EventID: param.NewOpt("mine"), ItemID: "nobody"}})
	c.check(c.wait("error").AsRealtimeErrorEvent().Error.EventID == "mine", "the event is not named")
	c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}})
	c.wait("session.updated")
	c.write("When do you open?")
	c.respond()
	c.check(c.wait("response.done").AsResponseDoneEvent().Response.Status == "completed", "it did not go on")
	return c.err
}
