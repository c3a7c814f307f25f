package realtime

import (
	"time"

	"griot/internal/media"
	wire "griot/internal/realtime"
)

// reelTime is how much sound of each direction is kept for conversation.item.retrieve.
const reelTime = time.Minute

// reelBlock is how many samples are kept together.
const reelBlock = 1 << 15

// reel keeps the newest sound of one direction, each sample companded to one byte as on the telephone: a minute at 24 kHz is 1.4 MB. Its memory grows with the sound that
// there is; once it is full nothing is allocated. The zero value is empty.
type reel struct {
	rate   int
	base   time.Duration // where sample 0 was
	n      int           // samples taken at this rate
	blocks [][]byte      // sample i is in block i/reelBlock modulo their number
}

// span is a stretch of a reel, which an item is.
type span struct{ from, to time.Duration }

// end is the position behind the newest sample.
func (r *reel) end() time.Duration {
	if r.rate == 0 {
		return r.base
	}
	return r.base + media.Mono(r.rate).Duration(r.n)
}

// push takes sound. What was kept at another rate is given up.
func (r *reel) push(rate int, pcm []int16) {
	if rate != r.rate {
		*r = reel{rate: rate, base: r.end(), blocks: make([][]byte, media.Mono(rate).Samples(reelTime)/reelBlock+2)}
	}
	for len(pcm) > 0 {
		slot := &r.blocks[r.n/reelBlock%len(r.blocks)]
		at := r.n % reelBlock
		if *slot == nil {
			*slot = make([]byte, 0, reelBlock)
		}
		n := min(len(pcm), reelBlock-at)
		*slot = media.EncodeULaw((*slot)[:at], pcm[:n])
		r.n, pcm = r.n+n, pcm[n:]
	}
}

// cut returns the sound of a stretch; nothing when its beginning is not there any more.
func (r *reel) cut(s span) (pcm []int16) {
	if r.rate == 0 || s.from < r.base {
		return nil
	}
	f := media.Mono(r.rate)
	from, to := f.Samples(s.from-r.base), min(f.Samples(s.to-r.base), r.n)
	oldest := max(0, r.n/reelBlock-len(r.blocks)+1) * reelBlock // of the blocks that are not written over
	if from < oldest {
		return nil
	}
	for from < to {
		block, at := r.blocks[from/reelBlock%len(r.blocks)], from%reelBlock
		n := min(to-from, reelBlock-at)
		pcm = media.DecodeULaw(pcm, block[at:at+n])
		from += n
	}
	return pcm
}

// withAudio adds to an item that is retrieved what is kept of its sound, in the format that the client has for it. Where the sound travels beside the events none is kept.
// Called with mu held.
func (c *conn) withAudio(w wire.Item) wire.Item {
	s, ok := c.spans[w.ID]
	if !ok || len(w.Content) != 1 {
		return w
	}
	r, f := &c.inReel, c.session.Audio.Input.Format
	if w.Role == wire.RoleAssistant {
		r, f = &c.outReel, c.session.Audio.Output.Format
	}
	pcm := r.cut(s)
	if len(pcm) == 0 {
		return w
	}
	if f.SampleRate() != r.rate { // it was changed since
		rs, err := media.NewResampler(r.rate, f.SampleRate())
		if err != nil {
			return w
		}
		pcm = rs.Flush(rs.Process(nil, pcm))
	}
	w.Content[0].Audio = f.Base64(pcm)
	return w
}
