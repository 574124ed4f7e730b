package mortise

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	protocol   = 1
	socket     = 3
	exitMisuse = 64
	mostRoom   = 1 << 20
)

// Serve is all that a plugin's main does: it answers the host until the host says goodbye, and does not return. A plugin
// with state is handed over as a pointer: mortise.Serve(&Counter{}).
func Serve(plugin any) {
	connection, err := newConnection(socket)
	var state syscall.Stat_t
	if err == nil {
		err = syscall.Fstat(socket, &state)
	}
	if err != nil || state.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		fmt.Fprintf(os.Stderr, "this is a plugin for Mortise, started by its host: descriptor %d is its socket; "+
			"put its folder among the host's plugins, and `mortise plugin list` shows it\n", socket)
		os.Exit(exitMisuse)
	}
	signal.Ignore(syscall.SIGINT) // Ctrl-C is for the host, which then says what to do
	s := newSession(connection)
	s.greet()
	s.plugin = plugin
	go s.read()
	for frame := range s.work {
		if s.isCall {
			s.call(frame)
		} else {
			s.lifecycle(frame)
		}
	}
	s.sayGoodbye()
}

func (s *session) greet() {
	frame, err := s.connection.receive()
	if err == errEnded {
		os.Exit(exitEnded)
	}
	if err == nil {
		_, isObject := frame.header.find("plugin").(*objectNode)
		if kind, _ := frame.header.text("t"); kind != "hello" || !isObject {
			err = broken("the first message is '%.80s', not 'hello'", kind)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "mortise worker: the host broke the protocol: %s\n", err)
		os.Exit(exitBroken)
	}
	out := &outgoing{}
	out.raw(fmt.Sprintf(`{"t":"ready","protocol":%d,"sdk":"mortise-go %s","language":"go","pid":%d,"features":["ring","compact"]}`, protocol, Version, os.Getpid()))
	s.send(out)
}

// sayGoodbye is for a plugin whose host is gone.
func (s *session) sayGoodbye() {
	if s.loaded {
		for _, verb := range []string{"stop", "cleanup"} {
			if err := lifecycle(s.plugin, verb, nil, nil); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	os.Exit(exitEnded)
}

func (s *session) lifecycle(frame *frame) {
	id, _ := frame.header.integer("id")
	verb, _ := frame.header.text("verb")
	err := s.live(frame, verb)
	if problem, isBroken := err.(brokenFrame); isBroken {
		fmt.Fprintf(os.Stderr, "mortise worker: the host broke the protocol: %s\n", problem)
		os.Exit(exitBroken)
	}
	s.answer(id, nil, err, nil)
}

func (s *session) live(frame *frame, verb string) error {
	if verb != "load" {
		if !s.loaded {
			return Errorf(CodeConflict, "'%.80s' came before 'load'", verb)
		}
		if verb == "cleanup" {
			s.loaded = false
		}
		return lifecycle(s.plugin, verb, nil, s.outside)
	}
	value, err := s.decoded(frame, "config")
	if err != nil {
		return err
	}
	config, isMap := value.(*Map)
	if !isMap {
		config = NewMap()
	}
	plugin, err := prepared(s.plugin)
	if err != nil {
		return err
	}
	s.plugin = plugin
	if err := lifecycle(plugin, "load", config, s.outside); err != nil {
		return err
	}
	s.loaded = true
	return nil
}

func (s *session) call(frame *frame) {
	id, _ := frame.header.integer("id")
	call, err := s.callOf(id, frame)
	var result any
	if err == nil {
		result, err = perform(s.plugin, call)
	}
	s.answer(id, result, err, call)
}

func (s *session) callOf(id int64, frame *frame) (*Call, error) {
	if !s.loaded {
		return nil, Errorf(CodeConflict, "a call came before 'load'")
	}
	call := &Call{Log: &Log{s, id}, host: s, id: id, compact: frame.compact}
	call.Operation, _ = frame.header.text("op")
	call.Method, _ = frame.header.text("method")
	if timeout, _ := frame.header.integer("timeout_ms"); timeout > 0 {
		call.deadline = time.Now().Add(time.Duration(min(int(timeout), 1<<40)) * time.Millisecond)
	}
	s.lock.Lock()
	s.cancel = call.ending.end
	s.lock.Unlock()
	var err error
	call.Input, err = s.decoded(frame, "input")
	return call, err
}

// answer sends the result. Everything about the call is put away before: the next one may come at once.
func (s *session) answer(id int64, value any, err error, call *Call) {
	var out *outgoing
	if err == nil {
		out, err = s.encoded(id, value, call)
	}
	if err != nil {
		out = s.failure(id, err)
	}
	data := out.resultFrame(id, atomic.LoadInt64(&s.arenas.meter.copied))
	s.asking.Lock() // a goroutine that the plugin left behind may still wait for its reply
	defer s.asking.Unlock()
	s.lock.Lock()
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	s.regions = nil
	s.arenas.nextCall()
	s.arenas.unmap()
	atomic.StoreInt64(&s.open, 0)
	s.lock.Unlock()
	if s.connection.write(data) != nil {
		os.Exit(exitEnded)
	}
	if s.room = data; cap(data) > mostRoom {
		s.room = nil
	}
}

func (o *outgoing) resultFrame(id, copied int64) []byte {
	if o.compact {
		return o.compactFrame(id, copied)
	}
	if copied > 0 {
		o.raw(fmt.Sprintf(`,"copied":%d`, copied))
	}
	o.close()
	return pack(o.text, o.segments)
}

func (s *session) encoded(id int64, value any, call *Call) (out *outgoing, err error) {
	s.lock.Lock()
	out = &outgoing{regions: append([]buffer(nil), s.regions...), room: s.room}
	s.lock.Unlock()
	out.compact = call != nil && call.compact
	root := "result"
	if call == nil || call.Operation == "step" {
		root = ""
	}
	defer func() { // whatever a method of the author's own type does when it is looked at
		if problem := recover(); problem != nil {
			out, err = nil, panicked(problem, s.outside)
		}
	}()
	if err = out.result(id, value, root); err == nil {
		if err := out.finish(func(size int) (buffer, error) { return s.allocate(id, size) }); err != nil {
			return nil, err
		}
		err = out.fits()
	}
	if err != nil {
		told := explain(err)
		return nil, &Error{
			Code: CodePlugin, Message: "the plugin returned what cannot cross: " + told.Message, Hint: told.Hint, Details: told.Details,
		}
	}
	return out, nil
}

func (s *session) failure(id int64, err error) *outgoing {
	told := explain(err)
	out := &outgoing{}
	out.raw(fmt.Sprintf(`{"t":"result","id":%d,"status":`, id))
	code := told.Code
	if _, known := codes[code]; !known {
		code = CodePlugin
	}
	out.text = appendText(out.text, string(code))
	out.raw(`,"error":`)
	_ = out.encode(errorToMap(told), "")
	return out
}

var codes = map[Code]struct{}{
	CodeInvalid: {}, CodeNotFound: {}, CodeConflict: {}, CodeDenied: {}, CodeUnsupported: {}, CodeBusy: {}, CodeTimeout: {},
	CodeCancelled: {}, CodePlugin: {}, CodeInternal: {},
}
