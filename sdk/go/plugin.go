package mortise

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// What a plugin may have. Every method is optional; an operation that a plugin lacks is answered `unsupported`. The host
// calls Load, Initialize, Start, then any number of operations, one at a time, then Stop and Cleanup.
type (
	// Loader gets the plugin's own configuration, as the manifest's schema completed it.
	Loader interface{ Load(config *Map) error }
	// Initializer opens what it needs. Called once.
	Initializer interface{ Initialize() error }
	// Starter begins background work.
	Starter interface{ Start() error }
	// Stopper ends background work; Start may come again.
	Stopper interface{ Stop() error }
	// Cleaner gives everything back. The last call.
	Cleaner interface{ Cleanup() error }

	// Validator checks the configuration of a step and returns it completed; nil means as it was.
	Validator interface {
		Validate(config *Map) (*Map, error)
	}
	// Stepper does one step of a pipeline. What it returns is stored under step.Output; step.Put stores more.
	Stepper interface {
		Step(step *Step) (any, error)
	}
	// Executor turns {data, parameters, context} into {data, metadata, logs, warnings, errors}.
	Executor interface {
		Execute(call *Call, input any) (any, error)
	}
	// Poller returns nil, or an event {timestamp, label, event, data}.
	Poller interface {
		Poll(call *Call) (any, error)
	}
	// Aggregator makes one value of many.
	Aggregator interface {
		Aggregate(call *Call, items []any) (any, error)
	}
	// Inferrer turns {model, inputs} into {outputs}.
	Inferrer interface {
		Infer(call *Call, input any) (any, error)
	}
	// Caller has methods by their names.
	Caller interface {
		Call(call *Call, method string, input any) (any, error)
	}
	// HealthChecker says what is wrong with it; nil when nothing is.
	HealthChecker interface{ Health(call *Call) error }
)

var shapes = map[string]reflect.Type{
	"Load": typeOf[Loader](), "Initialize": typeOf[Initializer](), "Start": typeOf[Starter](), "Stop": typeOf[Stopper](),
	"Cleanup": typeOf[Cleaner](), "Validate": typeOf[Validator](), "Step": typeOf[Stepper](), "Execute": typeOf[Executor](),
	"Poll": typeOf[Poller](), "Aggregate": typeOf[Aggregator](), "Infer": typeOf[Inferrer](), "Call": typeOf[Caller](),
	"Health": typeOf[HealthChecker](),
}

func typeOf[T any]() reflect.Type { return reflect.TypeOf((*T)(nil)).Elem() }

// prepared is the plugin with the methods of its pointer too, or what is wrong with it: a method of a known name with
// another signature would silently never be called.
func prepared(plugin any) (any, error) {
	if plugin == nil {
		return nil, Errorf(CodeConflict, "mortise.Serve got nil").WithHint("hand over the plugin: mortise.Serve(&MyPlugin{})")
	}
	if of := reflect.ValueOf(plugin); of.Kind() != reflect.Pointer {
		pointer := reflect.New(of.Type())
		pointer.Elem().Set(of)
		plugin = pointer.Interface()
	}
	kind := reflect.TypeOf(plugin)
	for _, name := range sortedShapes() {
		method, there := kind.MethodByName(name)
		if there && !kind.Implements(shapes[name]) {
			wanted := shapes[name].Method(0).Type.String()
			return nil, Errorf(CodeConflict, "method %s of %s is %s", name, kind, strings.Replace(method.Type.String(), kind.String(), "", 1)).
				WithHint("write " + name + strings.TrimPrefix(wanted, "func"))
		}
	}
	return plugin, nil
}

func sortedShapes() []string {
	names := map[string]string{}
	for name := range shapes {
		names[name] = ""
	}
	return sortedKeys(names)
}

// perform does one operation of the protocol: unpacks the input, calls the method, packs what it returned.
func perform(plugin any, call *Call) (result any, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			result, err = nil, panicked(problem, call.Log)
		}
	}()
	result, err = operate(plugin, call)
	if seen, ok := call.noticed.Load().(*Error); ok && err == nil {
		err = seen
	}
	return result, err
}

func operate(plugin any, call *Call) (any, error) {
	switch call.Operation {
	case "validate":
		return validate(plugin, call)
	case "step":
		if able, ok := plugin.(Stepper); ok {
			return performStep(able, call)
		}
	case "execute":
		if able, ok := plugin.(Executor); ok {
			return able.Execute(call, call.Input)
		}
	case "poll":
		if able, ok := plugin.(Poller); ok {
			return able.Poll(call)
		}
	case "aggregate":
		if able, ok := plugin.(Aggregator); ok {
			input, _ := call.Input.(*Map)
			items, isList := input.Get("items").([]any)
			if !isList {
				return nil, Invalid("the input of 'aggregate' has a list 'items'")
			}
			return able.Aggregate(call, items)
		}
	case "infer":
		if able, ok := plugin.(Inferrer); ok {
			return able.Infer(call, call.Input)
		}
	case "call":
		if able, ok := plugin.(Caller); ok {
			return able.Call(call, call.Method, call.Input)
		}
	case "health":
		return health(plugin, call), nil
	default:
		return nil, Errorf(CodeUnsupported, "there is no operation '%.80s'", call.Operation)
	}
	return nil, Errorf(CodeUnsupported, "plugin type %T does not define '%s'", plugin, call.Operation)
}

func validate(plugin any, call *Call) (any, error) {
	input, _ := call.Input.(*Map)
	config, isMap := input.Get("config").(*Map)
	if !isMap {
		return nil, Invalid("the input of 'validate' has a map 'config'")
	}
	if able, ok := plugin.(Validator); ok {
		checked, err := able.Validate(config)
		if err != nil {
			return nil, err
		}
		if checked != nil {
			config = checked
		}
	}
	return NewMap("config", config), nil
}

func performStep(plugin Stepper, call *Call) (any, error) {
	step, err := newStep(call)
	if err != nil {
		return nil, err
	}
	returned, err := plugin.Step(step)
	if err != nil {
		return nil, err
	}
	return step.result(returned), nil
}

func health(plugin any, call *Call) any {
	if able, ok := plugin.(HealthChecker); ok {
		if err := able.Health(call); err != nil {
			return NewMap("healthy", false, "message", cleanText(err.Error()))
		}
	}
	return NewMap("healthy", true, "message", "")
}

// panicked is the error for a panic: where it came from is among its details, the stack in the log at debug.
func panicked(problem any, log *Log) error {
	if told, ok := problem.(*Error); ok {
		return told
	}
	told := Errorf(CodePlugin, "panic: %v", problem)
	if file, line := panicPlace(); file != "" {
		told.Message += fmt.Sprintf(", at %s:%d", path.Base(file), line)
		told.With("file", file).With("line", strconv.Itoa(line))
	}
	log.Debug("stack of the panic", "stack", string(debug.Stack()))
	return told
}

// panicPlace is the first frame below the panic that is neither of the runtime nor of this package.
func panicPlace() (string, int) {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	below := false
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" {
			below = true
		} else if below && !strings.HasPrefix(frame.Function, "runtime.") && !ours(frame.Function) {
			return frame.File, frame.Line
		}
		if !more {
			return "", 0
		}
	}
}

// ours says whether a function is of this package. That of a plugin may be called mortise.invalid/plugin.
func ours(function string) bool {
	return strings.HasPrefix(function, "mortise.") && !strings.Contains(function, "/")
}

func rowsOf(value any) any {
	switch value := value.(type) {
	case *Table:
		if value != nil {
			return int64(value.rows)
		}
	case *Tensor:
		if value != nil && len(value.Shape) > 0 {
			return int64(value.Shape[0])
		}
	case []byte, nil:
	default:
		if of := reflect.ValueOf(value); of.Kind() == reflect.Slice {
			return int64(of.Len())
		}
	}
	return nil
}

func lifecycle(plugin any, verb string, config *Map, log *Log) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = panicked(problem, log)
		}
	}()
	switch verb {
	case "load":
		if able, ok := plugin.(Loader); ok {
			return able.Load(config)
		}
	case "initialize":
		if able, ok := plugin.(Initializer); ok {
			return able.Initialize()
		}
	case "start":
		if able, ok := plugin.(Starter); ok {
			return able.Start()
		}
	case "stop":
		if able, ok := plugin.(Stopper); ok {
			return able.Stop()
		}
	case "cleanup":
		if able, ok := plugin.(Cleaner); ok {
			return able.Cleanup()
		}
	default:
		return brokenFrame{fmt.Errorf("there is no lifecycle verb '%.80s'", verb)}
	}
	return nil
}
