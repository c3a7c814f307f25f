package realtime

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
)

// pictures are small images of every kind that is taken, in base64.
func pictures(t *testing.T) map[string]string {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	var p, j, g bytes.Buffer
	require.NoError(t, png.Encode(&p, m))
	require.NoError(t, jpeg.Encode(&j, m, nil))
	require.NoError(t, gif.Encode(&g, m, nil))
	webp := "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
	out := map[string]string{}
	for kind, raw := range map[string]string{"image/png": p.String(), "image/jpeg": j.String(), "image/gif": g.String(), "image/webp": webp} {
		out[kind] = base64.StdEncoding.EncodeToString([]byte(raw))
	}
	return out
}

// show creates a user's item with an image, and a text where there is one.
func (c *client) show(id, url, text string) {
	more := ""
	if text != "" {
		more = `,{"type":"input_text","text":"` + text + `"}`
	}
	c.send(`{"type":"conversation.item.create","event_id":"%s","item":{"id":"%s","type":"message","role":"user","content":[{"type":"input_image","image_url":"%s","detail":"low"}%s]}}`, id, id, url, more)
}

// An image of each kind reaches the model with the words beside it, and stays in the history. Like sound it is not in the events but when it is retrieved, nor in the record.
func TestImages(t *testing.T) {
	for kind, b64 := range pictures(t) {
		t.Run(kind, func(t *testing.T) {
			play(t, setup{answers: []fake.Answer{{Text: "A square."}, {Text: "Black."}}}, func(t *testing.T, c *client) {
				url := "data:" + kind + ";base64," + b64
				c.show("pic", url, "What is this?")
				done := c.wait("conversation.item.done")
				require.JSONEq(t, `{"id":"pic","type":"message","status":"completed","role":"user","content":[{"type":"input_image","detail":"low"},{"type":"input_text","text":"What is this?"}]}`, mustJSON(done.get("item")))
				require.NotContains(t, string(c.record.bodies("item.added")[0].(event.ItemAdded).Raw), b64)
				c.send(askInText)
				c.wait("response.done")
				c.write("more", "", "Which colour?")
				c.send(askInText)
				c.wait("response.done")
				seen := llm.Message{Role: llm.User, Text: "What is this?", Images: []llm.Image{{Type: kind, Base64: b64, Detail: "low"}}}
				require.Equal(t, []llm.Message{seen}, c.llm.Requests()[0].Messages)
				require.Equal(t, []llm.Message{seen, {Role: llm.Assistant, Text: "A square."}, {Role: llm.User, Text: "Which colour?"}}, c.llm.Requests()[1].Messages, "it is remembered")
				c.send(`{"type":"conversation.item.retrieve","item_id":"pic"}`)
				require.Equal(t, url, c.wait("conversation.item.retrieved").str("item.content.0.image_url"))
				c.send("%s", outOfBand(`,"input":[{"type":"item_reference","id":"pic"},{"type":"message","role":"user","content":[{"type":"input_image","image_url":"`+url+`"}]}]`))
				c.wait("response.done")
				require.Equal(t, []llm.Message{seen, {Role: llm.User, Images: []llm.Image{{Type: kind, Base64: b64}}}}, c.llm.Requests()[2].Messages)
			})
		})
	}
}

// What is no image of a kind that is taken, or too long, is refused, and nothing is kept of it.
func TestImagesRefused(t *testing.T) {
	pics := pictures(t)
	pad := func(n int) string { // a PNG by its beginning
		raw, _ := base64.StdEncoding.DecodeString(pics["image/png"])
		return base64.StdEncoding.EncodeToString(append(raw, make([]byte, n-len(raw))...))
	}
	play(t, setup{answers: []fake.Answer{{Text: "Fine."}}}, func(t *testing.T, c *client) {
		for name, url := range map[string]string{
			"an address":           "https://example.com/a.png",
			"another kind":         "data:image/svg+xml;base64," + pics["image/png"],
			"no base64":            "data:image/png,abc",
			"broken base64":        "data:image/png;base64,%%%",
			"another than it says": "data:image/jpeg;base64," + pics["image/png"],
			"no image at all":      "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("<html>")),
			"nothing":              "data:image/png;base64,",
			"too long":             "data:image/png;base64," + pad(5<<20+3),
		} {
			c.show("bad", strings.ReplaceAll(url, "%", "%%"), "")
			g := c.wait("error")
			require.Equal(t, "invalid_value", g.str("error.code"), name)
			require.Equal(t, "item.content[0].image_url", g.str("error.param"), name)
		}
		c.send(`{"type":"response.create","event_id":"oob","response":{"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:,"}]}]}}`)
		c.failure("invalid_value", "response.input[0]", "oob")
		for i := range 4 { // 20 MiB, 26.7 of base64
			c.show(fmt.Sprint("big", i), "data:image/png;base64,"+pad(5<<20), "")
			c.wait("conversation.item.done")
		}
		c.show("last", "data:image/png;base64,"+pad(5<<20), "")
		c.failure("too_many_images", "item.content", "last")
		c.send(`{"type":"conversation.item.delete","item_id":"big0"}`)
		c.show("last", "data:image/png;base64,"+pad(5<<20), "")
		require.Equal(t, "last", c.wait("conversation.item.done").str("item.id"))
	})
}

// blind is a model that takes no images.
type blind struct{ llm.Model }

// A model that takes none is never shown one: the client is told before anything happens.
func TestModelThatTakesNoImages(t *testing.T) {
	play(t, setup{plan: func(p *session.Plan) { p.Models.LLM = blind{p.Models.LLM} }, answers: []fake.Answer{{Text: "Fine."}}}, func(t *testing.T, c *client) {
		url := "data:image/png;base64," + pictures(t)["image/png"]
		c.show("pic", url, "")
		require.Equal(t, "The language model of this agent takes no images.", c.failure("images_not_supported", "item.content", "pic").str("error.message"))
		c.send("%s", `{"type":"response.create","event_id":"oob","response":{"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"`+url+`"}]}]}}`)
		c.failure("images_not_supported", "response.input[0]", "oob")
		c.send(askInText)
		c.wait("response.done")
		require.Len(t, c.llm.Requests(), 1)
		require.Empty(t, c.llm.Requests()[0].Messages)
	})
}
