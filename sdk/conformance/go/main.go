// The conformance plugin in Go. README.md, one folder up, says what each method does in every SDK.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"mortise"
)

type conformance struct {
	config *mortise.Map
	seen   []string
}

func main() { mortise.Serve(&conformance{}) }

func (c *conformance) Load(config *mortise.Map) error {
	c.config = config
	return c.saw("load")
}

func (c *conformance) Initialize() error { return c.saw("initialize") }
func (c *conformance) Start() error      { return c.saw("start") }
func (c *conformance) Stop() error       { return c.saw("stop") }

func (c *conformance) saw(verb string) error {
	c.seen = append(c.seen, verb)
	return nil
}

func (c *conformance) Validate(config *mortise.Map) (*mortise.Map, error) {
	if config.Get("refuse") == true {
		return nil, mortise.Invalid("the configuration is refused").WithHint("drop 'refuse'").With("key", "refuse")
	}
	completed := mortise.NewMap("completed", true)
	for _, key := range config.Keys() {
		completed.Set(key, config.Get(key))
	}
	return completed, nil
}

func (c *conformance) Step(step *mortise.Step) (any, error) {
	step.Put("config", step.Config)
	return step.Input()
}

func (c *conformance) Call(call *mortise.Call, method string, input any) (any, error) {
	switch method {
	case "echo":
		return input, nil
	case "describe":
		return describe(input), nil
	}
	told, _ := input.(*mortise.Map)
	work, known := map[string]func(*mortise.Call, *mortise.Map) (any, error){
		"make": make_, "nest": nest, "table_make": tableMake, "table_sum": tableSum, "table_text": tableText,
		"tensor_add": tensorAdd, "allocate": allocate, "fail": fail, "log": log, "progress": progress,
		"read_context": readContext, "use_service": useService, "sleep": sleep, "remaining": remaining, "print": print,
		"die": die, "lifecycle": c.lifecycle,
	}[method]
	if !known {
		return nil, mortise.Errorf(mortise.CodeUnsupported, "there is no method '%s'", method)
	}
	return work(call, told)
}

func (c *conformance) lifecycle(*mortise.Call, *mortise.Map) (any, error) {
	return mortise.NewMap("config", c.config, "seen", c.seen), nil
}

// ---- values

func make_(_ *mortise.Call, told *mortise.Map) (any, error) { return made(told), nil }

func nest(_ *mortise.Call, input *mortise.Map) (any, error) {
	value := []any{}
	for level := int64(1); level < input.Get("levels").(int64); level++ {
		value = []any{value}
	}
	return value, nil
}

func tableMake(_ *mortise.Call, input *mortise.Map) (any, error) {
	rows := int(input.Get("rows").(int64))
	ids, halves, names := make([]int64, rows), make([]float64, rows), make([]string, rows)
	even, when, maybe := make([]bool, rows), make([]time.Time, rows), make([]any, rows)
	for row := 0; row < rows; row++ {
		ids[row], halves[row], names[row] = int64(row), float64(row)/2, fmt.Sprint("row ", row)
		even[row], when[row] = row%2 == 0, time.Unix(int64(row), 0)
		if row%3 != 0 {
			maybe[row] = row
		}
	}
	return mortise.NewTable(
		mortise.Col("id", ids), mortise.Col("half", halves), mortise.Col("name", names),
		mortise.Col("even", even), mortise.Col("when", when), mortise.Col("maybe", maybe),
	)
}

func columnOf(input *mortise.Map) (*mortise.Column, error) {
	name, _ := input.Get("column").(string)
	return input.Get("table").(*mortise.Table).Column(name)
}

func tableSum(_ *mortise.Call, input *mortise.Map) (any, error) {
	column, err := columnOf(input)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	if integers, wrong := mortise.View[int64](column); wrong == nil {
		for _, number := range integers {
			sum += float64(number)
		}
	} else {
		numbers, err := column.Floats()
		if err != nil {
			return nil, err
		}
		for _, number := range numbers {
			if !math.IsNaN(number) {
				sum += number
			}
		}
	}
	return mortise.NewMap("rows", column.Len(), "nulls", column.NullCount(), "sum", sum), nil
}

func tableText(_ *mortise.Call, input *mortise.Map) (any, error) {
	column, err := columnOf(input)
	if err != nil {
		return nil, err
	}
	texts, err := column.Strings()
	for row := range texts {
		if column.IsNull(row) {
			texts[row] = "-"
		}
	}
	return strings.Join(texts, "|"), err
}

func tensorAdd(_ *mortise.Call, input *mortise.Map) (any, error) {
	tensor := input.Get("tensor").(*mortise.Tensor)
	whole, _ := input.Get("number").(int64)
	number, isFloat := input.Get("number").(float64)
	if !isFloat {
		number = float64(whole)
	}
	switch tensor.DType {
	case "FP64":
		return added(tensor, number)
	case "FP32":
		return added(tensor, float32(number))
	case "INT64":
		return added(tensor, whole)
	case "INT32":
		return added(tensor, int32(whole))
	}
	return added(tensor, uint8(whole))
}

func added[T int64 | int32 | uint8 | float32 | float64](tensor *mortise.Tensor, number T) (any, error) {
	elements, err := mortise.TensorView[T](tensor)
	if err != nil {
		return nil, err
	}
	sums := make([]T, len(elements))
	for index, element := range elements {
		sums[index] = element + number
	}
	return mortise.TensorOf(sums, tensor.Shape...)
}

func allocate(call *mortise.Call, input *mortise.Map) (any, error) {
	elements, err := mortise.Allocate[float64](call, int(input.Get("elements").(int64)))
	if err != nil {
		return nil, err
	}
	for index := range elements {
		elements[index] = input.Get("number").(float64)
	}
	return mortise.TensorOf(elements)
}

// ---- the host

func fail(_ *mortise.Call, input *mortise.Map) (any, error) {
	causes, _ := input.Get("causes").([]any)
	return nil, failure(input, causes)
}

func failure(told *mortise.Map, causes []any) error {
	code, _ := told.Get("code").(string)
	message, _ := told.Get("message").(string)
	made := mortise.Errorf(mortise.Code(code), "%s", message)
	made.Hint, _ = told.Get("hint").(string)
	if details, isMap := told.Get("details").(*mortise.Map); isMap {
		for _, key := range details.Keys() {
			made.With(key, details.Get(key).(string))
		}
	}
	if len(causes) > 0 {
		made.Cause = failure(mortise.NewMap("code", "plugin", "message", causes[0]), causes[1:])
	}
	return made
}

func log(call *mortise.Call, input *mortise.Map) (any, error) {
	for _, one := range input.Get("records").([]any) {
		record := one.(*mortise.Map)
		var fields []any
		if given, isMap := record.Get("fields").(*mortise.Map); isMap {
			for _, key := range given.Keys() {
				fields = append(fields, key, given.Get(key))
			}
		}
		write := map[string]func(string, ...any){
			"debug": call.Log.Debug, "info": call.Log.Info, "warning": call.Log.Warning, "error": call.Log.Error,
		}[record.Get("level").(string)]
		write(record.Get("message").(string), fields...)
	}
	return nil, nil
}

func progress(call *mortise.Call, input *mortise.Map) (any, error) {
	for _, one := range input.Get("reports").([]any) {
		report := one.([]any)
		note, _ := report[1].(string)
		if fraction, known := report[0].(float64); known {
			call.Progress(fraction, note)
		} else {
			call.ProgressUnknown(note)
		}
	}
	return nil, nil
}

func readContext(call *mortise.Call, input *mortise.Map) (any, error) {
	found := mortise.NewMap()
	for _, key := range input.Get("keys").([]any) {
		value, err := call.Context(key.(string))
		switch {
		case err == nil:
			found.Set(key.(string), mortise.NewMap("found", true, "value", value))
		case mortise.CodeOf(err) == mortise.CodeNotFound:
			found.Set(key.(string), mortise.NewMap("found", false))
		default:
			return nil, err
		}
	}
	return found, nil
}

func useService(call *mortise.Call, input *mortise.Map) (any, error) {
	service, _ := input.Get("service").(string)
	method, _ := input.Get("method").(string)
	answer, err := call.Service(service, method, input.Get("input"))
	var told *mortise.Error
	if input.Get("catch") == true && errors.As(err, &told) {
		return mortise.NewMap("code", string(told.Code), "message", told.Message, "hint", told.Hint), nil
	}
	return answer, err
}

func sleep(call *mortise.Call, input *mortise.Map) (any, error) {
	end := time.Now().Add(time.Duration(input.Get("ms").(int64)) * time.Millisecond)
	for time.Now().Before(end) {
		if input.Get("look") == true {
			if err := call.StopIfCancelled(); err != nil {
				return nil, err
			}
		}
		time.Sleep(time.Millisecond)
	}
	return "slept", nil
}

func remaining(call *mortise.Call, _ *mortise.Map) (any, error) {
	left, limited := call.Remaining()
	if !limited {
		return nil, nil
	}
	return left.Milliseconds(), nil
}

// ---- misdeeds

func print(_ *mortise.Call, input *mortise.Map) (any, error) {
	out, _ := input.Get("stdout").(string)
	err, _ := input.Get("stderr").(string)
	fmt.Fprint(os.Stdout, out)
	fmt.Fprint(os.Stderr, err)
	return nil, nil
}

func die(_ *mortise.Call, input *mortise.Map) (any, error) {
	if count, given := input.Get("bytes").(int64); given {
		header := `{"t":"result","id":1,"status":"ok","value":null}`
		frame := make([]byte, 16, 16+len(header))
		copy(frame, "MTSE")
		binary.LittleEndian.PutUint32(frame[4:], uint32(len(header)))
		_, _ = syscall.Write(3, append(frame, header...)[:count])
	}
	switch input.Get("how") {
	case "exit":
		os.Exit(int(input.Get("status").(int64)))
	case "abort":
		debug.SetTraceback("crash") // or the Go runtime turns the signal into an exit
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
	default:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	select {}
}
