package mortise

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"
)

// host is what a call asks of its surroundings: the connection of the worker, or the stand-in of mortisetest.
type host interface {
	log(call int64, level, message string, fields *Map)
	progress(call int64, fraction any, note string)
	request(call int64, what *Map, input any) (any, error)
	allocate(call int64, size int) (buffer, error)
}

// Log writes records into the host's log: step.Log.Info("read", "rows", 3). Fields that cannot cross are written as text;
// logging never fails.
type Log struct {
	host host
	call int64
}

// Debug writes a record for who looks for a fault.
func (l *Log) Debug(message string, fields ...any) { l.write("debug", message, fields) }

// Info writes a record.
func (l *Log) Info(message string, fields ...any) { l.write("info", message, fields) }

// Warning writes a record about what somebody should look at.
func (l *Log) Warning(message string, fields ...any) { l.write("warning", message, fields) }

// Error writes a record about what went wrong.
func (l *Log) Error(message string, fields ...any) { l.write("error", message, fields) }

func (l *Log) write(level, message string, fields []any) {
	if l == nil || l.host == nil {
		return
	}
	named := NewMap()
	for index := 0; index < len(fields); index += 2 {
		key := fmt.Sprint(fields[index])
		if index+1 == len(fields) {
			named.Set("!unnamed", fields[index])
		} else {
			named.Set(key, fields[index+1])
		}
	}
	l.host.log(l.call, level, message, named)
}

// Call is one call. Use it until the method returns, from any goroutine of the plugin.
type Call struct {
	Operation string
	Method    string // of "call"
	Input     any
	Log       *Log

	host     host
	id       int64
	ending   ending
	deadline time.Time
	compact  bool         // it came with a compact header
	noticed  atomic.Value // what Cancelled saw: an *Error
}

// Ctx ends when the call is cancelled or its deadline passes; hand it to whatever takes a context.
func (c *Call) Ctx() context.Context { return c.ending.context(c.deadline) }

// Remaining is the time until the deadline, at least 0; false when there is none.
func (c *Call) Remaining() (time.Duration, bool) {
	if c.deadline.IsZero() {
		return 0, false
	}
	left := time.Until(c.deadline)
	if left < 0 {
		left = 0
	}
	return left, true
}

// Cancelled is true once the call should stop; cheap enough for a loop. A call that saw it is reported as cancelled,
// whatever it returns.
func (c *Call) Cancelled() bool { return c.StopIfCancelled() != nil }

// StopIfCancelled is an error once the call should stop: `if err := call.StopIfCancelled(); err != nil { return nil, err }`.
func (c *Call) StopIfCancelled() error {
	if seen, ok := c.noticed.Load().(*Error); ok {
		return seen
	}
	why := c.Ctx().Err()
	if why == nil {
		return nil
	}
	told := Errorf(CodeCancelled, "the plugin stopped because its call was cancelled")
	if why == context.DeadlineExceeded {
		told = Errorf(CodeTimeout, "the plugin stopped because its deadline passed")
	}
	c.noticed.CompareAndSwap(nil, told)
	return c.noticed.Load().(*Error)
}

// Progress says how far the call is, from 0 to 1.
func (c *Call) Progress(fraction float64, note string) {
	if math.IsNaN(fraction) {
		c.host.progress(c.id, nil, note)
		return
	}
	c.host.progress(c.id, math.Max(0, math.Min(1, fraction)), note)
}

// ProgressUnknown says what the call does when nobody knows how far it is.
func (c *Call) ProgressUnknown(note string) { c.host.progress(c.id, nil, note) }

// Context is an entry of the run's context: an error with CodeNotFound when there is none, nil when it is null.
func (c *Call) Context(key string) (any, error) {
	return c.host.request(c.id, NewMap("what", "context", "key", key), noInput)
}

// Service calls a service of the host, or of another plugin.
func (c *Call) Service(name, method string, input any) (any, error) {
	return c.host.request(c.id, NewMap("what", "service", "service", name, "method", method), input)
}

// noInput marks a request that carries no value.
var noInput = new(struct{ _ int })

// Allocate is memory for `count` elements that the host hands on without a copy: make a tensor or a column of it.
func Allocate[T fixedWidth](call *Call, count int) ([]T, error) {
	var one T
	if count < 0 || count > (1<<46)/int(unsafe.Sizeof(one)) {
		return nil, Invalid("%d elements cannot be allocated", count)
	}
	if count == 0 {
		return []T{}, nil
	}
	region, err := call.host.allocate(call.id, count*int(unsafe.Sizeof(one)))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&region.data[0])), count), nil
}

// Step is the call of one step of a pipeline.
type Step struct {
	*Call
	Name   string
	Plugin string
	Config *Map
	Output string // the context key under which the returned value is stored; empty: nowhere
	Run    *Map   // id, attempt, key

	previous any
	read     bool
	input    any
	outputs  *Map
	rows     any
}

func newStep(call *Call) (*Step, error) {
	input, _ := call.Input.(*Map)
	about, isMap := input.Get("step").(*Map)
	if !isMap {
		return nil, Invalid("the input of 'step' has a map 'step'")
	}
	step := &Step{Call: call, previous: about.Get("input"), outputs: NewMap()}
	step.Name, _ = about.Get("name").(string)
	step.Plugin, _ = about.Get("plugin").(string)
	step.Output, _ = about.Get("output").(string)
	step.Config, _ = about.Get("config").(*Map)
	if step.Config == nil {
		step.Config = NewMap()
	}
	step.Run, _ = input.Get("run").(*Map)
	return step, nil
}

// Input is what this step works on, read once: the context's entry that `input` of the configuration names, else the
// output of the step before.
func (s *Step) Input() (any, error) {
	if s.read {
		return s.input, nil
	}
	key := s.Config.Get("input")
	if key == nil {
		key = s.previous
	}
	if key == nil {
		return nil, Invalid("step '%s' has no input", s.Name).WithHint("name a context key in its config: `input: KEY`")
	}
	value := key
	if name, isText := key.(string); isText {
		var err error
		if value, err = s.Context(name); CodeOf(err) == CodeNotFound && err != nil {
			return nil, Errorf(CodeNotFound, "the context has no '%s'", name).With("key", name).
				WithHint("an earlier step must have it as its `output`")
		} else if err != nil {
			return nil, err
		}
	}
	s.input, s.read = value, true
	return value, nil
}

// Table is the input as a table; a list of maps becomes one.
func (s *Step) Table() (*Table, error) {
	value, err := s.Input()
	if err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case *Table:
		return value, nil
	case []any:
		rows := make([]*Map, len(value))
		for index, item := range value {
			row, isMap := item.(*Map)
			if !isMap {
				return nil, Invalid("row %d of the input of step '%s' is %s, expected a map", index, s.Name, kindOf(item))
			}
			rows[index] = row
		}
		return TableOfMaps(rows)
	}
	return nil, Invalid("the input of step '%s' is %s, expected a table or a list of maps", s.Name, kindOf(value))
}

// Put is one more entry for the context, beside what the step returns.
func (s *Step) Put(key string, value any) { s.outputs.Set(key, value) }

// SetRows says how many rows the step made, for the run log, where that is not the length of what it returns.
func (s *Step) SetRows(count int) { s.rows = int64(count) }

// result is {outputs, rows} of what the author returned.
func (s *Step) result(returned any) *Map {
	rows := s.rows
	if rows == nil {
		rows = rowsOf(returned)
	}
	if s.Output != "" {
		s.outputs.Set(s.Output, returned)
	}
	made := NewMap("outputs", s.outputs)
	if rows != nil {
		made.Set("rows", rows)
	}
	return made
}
