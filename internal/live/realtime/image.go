package realtime

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	wire "griot/internal/realtime"
)

// maxImage bounds one image, in bytes.
const maxImage = 5 << 20

// imageTypes are the kinds of image that are taken.
var imageTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// imageOf reads an input_image part: a data URL of one of the kinds, and really of that kind. Addresses are not followed.
func imageOf(p wire.Content) (llm.Image, *fault.Error) {
	refuse := func(format string, args ...any) (llm.Image, *fault.Error) {
		return llm.Image{}, fault.New(fault.Invalid, wire.CodeInvalidValue, format, args...)
	}
	data, ok := strings.CutPrefix(p.ImageURL, "data:")
	if !ok {
		return refuse("An image must be a data URL such as 'data:image/png;base64,…': addresses are not followed.")
	}
	kind, b64, ok := strings.Cut(data, ";base64,")
	if !ok || !slices.Contains(imageTypes, kind) {
		return refuse("An image must be a data URL with base64 of one of these types: '%s'.", strings.Join(imageTypes, "', '"))
	}
	if base64.StdEncoding.DecodedLen(len(b64)) > maxImage+2 {
		return refuse("The image is longer than %d MiB.", maxImage>>20)
	}
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return refuse("The image is not valid base64.")
	}
	if is := http.DetectContentType(raw); is != kind {
		return refuse("The image says that it is %s, and it is not.", kind)
	}
	return llm.Image{Type: kind, Base64: b64, Detail: p.Detail}, nil
}

// views refuses images that this conversation's model could not look at.
func (c *conn) views(it *session.Item) error {
	if len(it.Images) == 0 || llm.TakesImages(c.conv.Plan.Models.LLM) {
		return nil
	}
	return fault.New(fault.Invalid, "images_not_supported", "The language model of this agent takes no images.").At("item.content")
}

// withoutImages is an item as it is shown and written down: like sound, images are only in conversation.item.retrieved.
func withoutImages(w wire.Item) wire.Item {
	w.Content = slices.Clone(w.Content)
	for i := range w.Content {
		w.Content[i].ImageURL = ""
	}
	return w
}

// withImages puts them back.
func withImages(w wire.Item, images []llm.Image) wire.Item {
	for i := range w.Content {
		if w.Content[i].Type == wire.ContentInputImage && len(images) > 0 {
			w.Content[i].ImageURL = "data:" + images[0].Type + ";base64," + images[0].Base64
			images = images[1:]
		}
	}
	return w
}
