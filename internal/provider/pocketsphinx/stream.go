package pocketsphinx

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// partialEvery is how much audio lies between two looks at the words so far.
const partialEvery = rate / 10

// stream is one caller. All decoding but the second look at refused utterances happens in the goroutine that sends.
type stream struct {
	m        *Model
	lang     string
	life     context.Context // ends with Close and with the context of Open
	end      context.CancelFunc
	unhook   func() bool
	events   *queue
	complete atomic.Bool
	work     sync.WaitGroup // second looks and warming

	mu     sync.Mutex // guards what follows, and every call into a decoder
	closed bool
	plan   *plan
	next   *plan    // from the next utterance on; nil for no change
	d      *decoder // for grammars; it stays with the caller for its running mean
	set    *plan    // what d was last given
	voice  cepstral // the caller's running mean, for dictation decoders
	total  int64    // samples taken so far
	u      *utterance
}

// utterance is what is being said now.
type utterance struct {
	d       *decoder // nil when it is only collected
	from    int64    // sample of the stream at which it begins
	n       int      // samples of it that were taken
	look    int      // samples since the last look at the words
	text    string   // the last Partial
	pcm     []int16  // for a second look
	collect bool
	young   bool // the decoder did not know the caller when it began
	learn   int  // samples since the last step of adapting to the caller

	second *decoder // takes the utterance down at the same time when it does not seem to fit; nil otherwise
	done   int      // how many samples of pcm it was given
}

func openStream(ctx context.Context, m *Model, lang string, p *plan) (*stream, error) {
	s := &stream{m: m, lang: lang, plan: p, events: newQueue()}
	if p.grammar != nil {
		if err := s.prepare(p); err != nil {
			return nil, err
		}
	}
	s.life, s.end = context.WithCancel(ctx)
	s.mu.Lock() // ctx may be done already, and Close then runs at once
	defer s.mu.Unlock()
	if p.open {
		s.work.Go(func() { m.dictation.warm(s.life) })
	}
	s.unhook = context.AfterFunc(ctx, func() { _ = s.Close() }) // Close has no error to report
	return s, nil
}

// prepare gives the grammar decoder a plan. The caller holds mu or owns the stream alone.
func (s *stream) prepare(p *plan) error {
	if p.grammar == nil || s.set == p {
		return nil
	}
	if s.d == nil {
		d, err := s.m.grammars.get()
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "pocketsphinx_broken", "the offline recogniser does not start")
		}
		s.d = d
	}
	if err := s.d.setGrammar(p.text, p.words); err != nil {
		return fault.Wrap(err, fault.Invalid, "grammar", "the recogniser's grammar cannot be used").At("hints")
	}
	s.set = p
	return nil
}

// Send implements stt.Stream. Frames may have any length. What exceeds the longest utterance is not recognised.
func (s *stream) Send(ctx context.Context, f media.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.Format != format {
		return fault.New(fault.Invalid, "wrong_format", "the offline recogniser takes mono audio at %d Hz, not %d channels at %d Hz", rate, f.Channels, f.Rate)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closedFault("send")
	}
	if len(f.PCM) == 0 {
		return nil
	}
	if s.u == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	pcm := f.PCM
	for len(pcm) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(pcm), adaptEvery)
		if err := s.take(pcm[:n]); err != nil {
			return err
		}
		pcm = pcm[n:]
	}
	return nil
}

// begin starts an utterance.
func (s *stream) begin() error {
	if s.next != nil {
		if err := s.prepare(s.next); err != nil {
			s.next = nil
			return err
		}
		s.plan, s.next = s.next, nil
	}
	u := &utterance{from: s.total, collect: s.plan.open}
	if s.plan.grammar != nil {
		u.d = s.d
	} else if u.d = s.m.dictation.try(); u.d != nil {
		u.collect = false
		if s.voice.known {
			u.d.setCepstral(s.voice)
		}
	}
	if u.d != nil {
		if err := u.d.start(); err != nil {
			s.giveBack(u)
			return fault.Wrap(err, fault.Internal, "recogniser_failed", "the offline recogniser failed")
		}
	}
	u.young = u.d != nil && u.d.young()
	u.collect = u.collect || u.young && s.plan.grammar != nil
	s.u = u
	return nil
}

// take decodes at most adaptEvery samples of the utterance in progress.
func (s *stream) take(pcm []int16) error {
	u := s.u
	s.total += int64(len(pcm))
	pcm = pcm[:min(len(pcm), s.m.longest-u.n)]
	if len(pcm) == 0 {
		return nil
	}
	u.n += len(pcm)
	if u.collect {
		u.pcm = append(u.pcm, pcm...)
	}
	if u.d == nil {
		return nil
	}
	if err := u.d.feed(pcm); err != nil {
		return fault.Wrap(err, fault.Internal, "recogniser_failed", "the offline recogniser failed")
	}
	if u.learn += len(pcm); u.young && u.learn >= adaptEvery {
		u.learn = 0
		u.d.adapt()
	}
	if u.second != nil {
		n := min(len(u.pcm)-u.done, catchUp*len(pcm))
		if err := u.second.feed(u.pcm[u.done : u.done+n]); err != nil {
			return fault.Wrap(err, fault.Internal, "recogniser_failed", "the offline recogniser failed")
		}
		u.done += n
	}
	if u.look += len(pcm); u.look < partialEvery {
		return nil
	}
	u.look = 0
	r := u.d.hyp()
	s.complete.Store(s.plan.grammar != nil && s.fits(r) && s.plan.grammar.Match(strings.Fields(r.text)))
	if s.plan.grammar != nil && s.plan.open && u.second == nil && !s.fits(r) && u.d.spoken() >= doubtAfter {
		s.doubt(u)
	}
	if r.text != "" && r.text != u.text {
		u.text = r.text
		s.events.partial(s.event(stt.Partial, u, r))
	}
	return nil
}

func (s *stream) event(k stt.Kind, u *utterance, r result) stt.Event {
	return stt.Event{Kind: k, Text: r.text, From: at(u.from), To: at(u.from + int64(u.n)), Confidence: r.confidence, Lang: s.lang}
}

func at(sample int64) time.Duration { return format.Duration(int(sample)) }

// Complete reports whether the latest words of the utterance in progress are a whole sentence of the grammar with a score that would be accepted:
// the turn may then end after a short silence. It is up to 100 ms old, and false without a grammar.
func (s *stream) Complete() bool { return s.complete.Load() }

// Dropped returns what was left out of the present hints because no pronunciation is known: phrases, or words of a grammar.
func (s *stream) Dropped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plan
	if s.next != nil {
		p = s.next
	}
	return slices.Clone(p.dropped)
}

// Finalize implements stt.Stream. A sentence of the grammar is there at once (when it is refused, a caller's first utterance is decoded
// once more, 40 ms for each second of it); a second look in dictation takes about 0.1 s for
// each second of speech, and does not hold up the sender.
func (s *stream) Finalize(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closedFault("finalize")
	}
	if s.events.full() {
		return fault.New(fault.Limited, "results_unread", "%d results of the recogniser were not received: receive before finishing more utterances", maxFinals)
	}
	u := s.u
	s.u = nil
	s.complete.Store(false)
	place := s.events.final()
	if u == nil {
		s.events.settle(place, s.event(stt.Final, &utterance{from: s.total}, result{}))
		return nil
	}
	if u.d != nil {
		u.d.end()
		r := u.d.hyp()
		dictated := u.d != s.d
		if !dictated && !s.fits(r) && u.young && u.n <= againLongest {
			r = s.again(u)
		}
		s.voice = u.d.cepstral()
		if s.fits(r) || dictated || !s.plan.open {
			s.giveBack(u)
			if !s.fits(r) && !dictated {
				r = result{}
			}
			s.events.settle(place, s.event(stt.Final, u, r))
			return nil
		}
	}
	voice := s.voice
	s.work.Go(func() { s.events.settle(place, s.event(stt.Final, u, s.dictate(u, voice))) })
	return nil
}

// SetHints implements stt.Hinter.
func (s *stream) SetHints(ctx context.Context, h stt.Hints) error {
	p, err := newPlan(ctx, s.m.lexicon, h)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closedFault("set hints")
	}
	if p.open {
		s.work.Go(func() { s.m.dictation.warm(s.life) })
	}
	if p.text == s.plan.text && p.open == s.plan.open {
		s.next = nil
		return nil
	}
	if s.u != nil {
		s.next = p
		return nil
	}
	if err := s.prepare(p); err != nil {
		return err
	}
	s.plan, s.next = p, nil
	return nil
}

// Discard implements stt.Discarder.
func (s *stream) Discard(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return closedFault("discard")
	}
	if s.u != nil {
		s.drop()
		s.events.forget()
	}
	return ctx.Err()
}

// drop ends the utterance in progress without a result.
func (s *stream) drop() {
	if s.u.d != nil {
		s.u.d.end()
	}
	s.giveBack(s.u)
	s.u = nil
	s.complete.Store(false)
}

// Recv implements stt.Stream.
func (s *stream) Recv(ctx context.Context) (stt.Event, error) { return s.events.recv(ctx) }

// Close implements stt.Stream. It waits for a second look in progress to notice, some milliseconds.
func (s *stream) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		s.unhook()
		s.end()
		s.events.close()
		if s.u != nil {
			s.drop()
		}
		if s.d != nil {
			s.m.grammars.put(s.d)
			s.d = nil
		}
	}
	s.mu.Unlock()
	s.work.Wait()
	return nil
}

func closedFault(what string) error {
	return fault.New(fault.Conflict, "stream_closed", "%s after the stream was closed", what)
}
