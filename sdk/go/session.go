package mortise

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	exitEnded  = 1
	exitBroken = 2
	lastWords  = 700 * time.Millisecond // that a plugin's cleanup has after the host went away
)

// session is the conversation with the host. One goroutine reads frames as they come, so a cancel is heard while the plugin
// works; the plugin works on another, one call at a time.
type session struct {
	connection *connection
	work       chan *frame
	ringOver   bool // a ring was offered, or it is too late for one; only the reader
	replies    chan *frame

	asking sync.Mutex // held by who waits for a reply
	last   int64      // request, under asking

	lock    sync.Mutex // below: shared by the reader and the plugin's goroutines
	arenas  arenas
	regions []buffer
	open    int64 // the call or lifecycle that is worked on
	isCall  bool
	awaited int64 // that waits for its reply
	cancel  func()

	plugin  any // only the goroutine that works
	loaded  bool
	room    []byte // of the last answer, for the next one
	outside *Log
}

func newSession(connection *connection) *session {
	s := &session{connection: connection, work: make(chan *frame, 1), replies: make(chan *frame, 1)}
	s.outside = &Log{host: s}
	return s
}

// read takes frames until the host is gone; the process ends here.
func (s *session) read() {
	for {
		frame, err := s.connection.receive()
		if err == nil {
			err = s.dispatch(frame)
		}
		if err == nil {
			continue
		}
		if _, isBroken := err.(brokenFrame); isBroken {
			fmt.Fprintf(os.Stderr, "mortise worker: the host broke the protocol: %s\n", err)
			os.Exit(exitBroken)
		}
		s.ended()
		return
	}
}

// ended gives an idle plugin a moment to give back what it holds; one that works ends here and now.
func (s *session) ended() {
	s.lock.Lock()
	idle := s.open == 0
	s.lock.Unlock()
	if !idle {
		os.Exit(exitEnded)
	}
	time.AfterFunc(lastWords, func() { os.Exit(exitEnded) })
	close(s.work)
}

func (s *session) dispatch(frame *frame) error {
	header := frame.header
	kind, _ := header.text("t")
	if len(frame.descriptors) > 0 && kind != "arena" && kind != "ring" {
		return broken("descriptors with a message of type '%.80s'", kind)
	}
	id, _ := header.integer("id")
	switch kind {
	case "call", "lifecycle":
		return s.begin(frame, id, kind == "call")
	case "cancel":
		s.lock.Lock()
		defer s.lock.Unlock()
		if id == s.open && s.cancel != nil {
			s.cancel()
		}
	case "reply":
		s.lock.Lock()
		defer s.lock.Unlock()
		if id <= 0 || id != s.awaited {
			return broken("a reply to request %d, which is not open", id)
		}
		s.awaited = 0
		s.replies <- frame
	case "arena", "drop":
		return s.memory(frame, kind)
	case "ring":
		return s.takeRing(frame)
	case "bye":
		os.Exit(0)
	default:
		return broken("a message of type '%.80s' has no place here", kind)
	}
	return nil
}

// takeRing takes the memory that the host offers, or says why not. The answer is the last frame before it is used.
func (s *session) takeRing(frame *frame) error {
	if len(frame.descriptors) != 1 || s.ringOver {
		return broken("a ring with %d descriptors, or out of turn", len(frame.descriptors))
	}
	s.ringOver = true
	capacity, _ := frame.header.integer("capacity")
	used, err := newRing(frame.descriptors[0], capacity)
	_ = syscall.Close(frame.descriptors[0])
	out := &outgoing{}
	if err != nil {
		out.raw(`{"t":"ring","taken":false,"why":`)
		out.text = appendText(out.text, cleanText(err.Error()))
		out.raw("}")
		s.send(out)
		return nil
	}
	out.raw(`{"t":"ring","taken":true,"futex":true}`)
	if s.connection.useRing(used, pack(out.text, nil)) != nil {
		return errEnded
	}
	return nil
}

func (s *session) begin(frame *frame, id int64, isCall bool) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if id <= 0 {
		return broken("a call has a positive id")
	}
	s.ringOver = true
	if s.open != 0 {
		return broken("call %d came while %d is open", id, s.open)
	}
	atomic.StoreInt64(&s.open, id)
	s.isCall = isCall
	s.work <- frame
	return nil
}

func (s *session) memory(frame *frame, kind string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	var err error
	if kind == "arena" {
		err = s.arenas.add(frame.header, frame.descriptors)
	} else {
		id, _ := frame.header.integer("arena")
		err = s.arenas.drop(id, s.open != 0)
	}
	if err != nil {
		return brokenFrame{err}
	}
	return nil
}

// decoded is a value of a message.
func (s *session) decoded(frame *frame, key string) (any, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	in := &incoming{segments: frame.segments, arenas: &s.arenas}
	return in.decode(frame.header.find(key), key)
}

// ---- what a call asks

func (s *session) log(call int64, level, message string, fields *Map) {
	if atomic.LoadInt64(&s.open) != call {
		call = 0
	}
	out := &outgoing{}
	out.raw(fmt.Sprintf(`{"t":"log","id":%d,"level":"%s","message":`, call, level))
	out.text = appendText(out.text, cleanText(message))
	if fields.Len() > 0 {
		out.raw(`,"fields":{`)
		for index, key := range fields.Keys() {
			if index > 0 {
				out.raw(",")
			}
			out.text = appendText(out.text, cleanText(key))
			out.raw(":")
			out.text = append(out.text, fieldText(fields.Get(key))...)
		}
		out.raw("}")
	}
	out.raw("}")
	s.send(out)
}

// fieldText is a field of a log record as it is where it fits into JSON, else as a text.
func fieldText(value any) (text []byte) {
	defer func() {
		if recover() != nil {
			text = appendText(nil, fmt.Sprintf("<a %T that cannot be shown>", value))
		}
	}()
	if err, isError := value.(error); isError && err != nil {
		return appendText(nil, cleanText(err.Error()))
	}
	out := &outgoing{}
	if out.encode(value, "") == nil && len(out.segments) == 0 && len(out.waiting) == 0 && len(out.text) < 1<<20 {
		return out.text
	}
	return appendText(nil, cleanText(fmt.Sprint(value)))
}

func (s *session) progress(call int64, fraction any, note string) {
	if atomic.LoadInt64(&s.open) != call {
		return
	}
	out := &outgoing{}
	out.raw(fmt.Sprintf(`{"t":"progress","id":%d,"fraction":`, call))
	_ = out.encode(fraction, "")
	out.raw(`,"note":`)
	out.text = appendText(out.text, cleanText(note))
	out.raw("}")
	s.send(out)
}

func (s *session) request(call int64, what *Map, input any) (any, error) {
	out := &outgoing{}
	if input != noInput {
		s.lock.Lock()
		out.regions = append([]buffer(nil), s.regions...)
		s.lock.Unlock()
	}
	var body outgoing
	for _, key := range what.Keys() {
		body.raw(`,"` + key + `":`)
		if err := body.encode(what.Get(key), key); err != nil {
			return nil, err
		}
	}
	if input != noInput {
		out.raw(`,"input":`)
		if err := out.encode(input, "input"); err != nil {
			return nil, err
		}
		if err := out.finish(func(size int) (buffer, error) { return s.allocate(call, size) }); err != nil {
			return nil, err
		}
	}
	return s.ask(call, body.text, out)
}

// ask sends one request and waits for its reply.
func (s *session) ask(call int64, body []byte, out *outgoing) (any, error) {
	s.asking.Lock()
	defer s.asking.Unlock()
	s.lock.Lock()
	if s.open != call || !s.isCall {
		s.lock.Unlock()
		return nil, Errorf(CodeConflict, "the call is over: there is nobody to ask")
	}
	s.last++
	id := s.last
	s.awaited = id
	s.lock.Unlock()
	whole := &outgoing{segments: out.segments}
	whole.raw(fmt.Sprintf(`{"t":"request","id":%d,"call":%d`, id, call))
	whole.text = append(append(whole.text, body...), out.text...)
	whole.close()
	if err := whole.fits(); err != nil {
		s.lock.Lock()
		s.awaited = 0
		s.lock.Unlock()
		return nil, err
	}
	s.send(whole)
	reply := <-s.replies
	status, _ := reply.header.text("status")
	if status != "ok" {
		return nil, errorFromWire(status, reply.header.find("error"))
	}
	return s.decoded(reply, "value")
}

func (s *session) allocate(call int64, size int) (buffer, error) {
	body := fmt.Sprintf(`,"what":"arena","size":%d`, max(1, size))
	answer, err := s.ask(call, []byte(body), &outgoing{})
	if err != nil {
		return buffer{}, err
	}
	place, _ := answer.(*Map)
	id, _ := place.Get("arena").(int64)
	offset, _ := place.Get("offset").(int64)
	length, _ := place.Get("size").(int64)
	s.lock.Lock()
	defer s.lock.Unlock()
	region, err := s.arenas.at(id, offset, length)
	if err != nil || region.size() < size || !region.arena.writable {
		return buffer{}, Errorf(CodeInternal, "the host gave memory that cannot be used: %d bytes at %d of arena %d", length, offset, id)
	}
	s.regions = append(s.regions, region)
	return region, nil
}

// close ends the object of a message, with the sizes of its segments.
func (o *outgoing) close() {
	if len(o.segments) > 0 {
		o.raw(`,"segments":[`)
		for index, segment := range o.segments {
			if index > 0 {
				o.raw(",")
			}
			o.raw(fmt.Sprint(len(segment)))
		}
		o.raw("]")
	}
	o.raw("}")
}

func (o *outgoing) fits() error {
	if size := len(o.text) + sizeWidth*len(o.segments); size > maxHeader {
		return Invalid("a message of %d bytes of JSON; at most %d", size, maxHeader).
			WithHint("hand over a Table or a Tensor, which cross in shared memory")
	}
	return nil
}

// send ends the process when nobody listens any more: nothing is returned through the plugin, which could go on.
func (s *session) send(out *outgoing) {
	if s.connection.write(pack(out.text, out.segments)) != nil {
		os.Exit(exitEnded)
	}
}
