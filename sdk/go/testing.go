package mortise

import (
	"sort"
)

// Testing a plugin without a host:
//
//	func TestShouts(t *testing.T) {
//		done, err := mortise.RunStep(Shout{}, mortise.StepTest{Context: map[string]any{"word": "ada"}, Input: "word"})
//		if err != nil || done.Value != "ADA" {
//			t.Fatal(done, err)
//		}
//	}
//
// The plugin lives through its whole lifecycle. What it returns and asks for goes through the same encoding as in a worker,
// so a result that could not cross fails here too.

// StepTest says what a step works on.
type StepTest struct {
	Config       map[string]any // of the step, checked by the plugin's own Validate first
	Context      map[string]any
	Input        string // the context key of the step before it
	Output       string // "result" when empty
	PluginConfig map[string]any
	Services     map[string]func(method string, input any) (any, error)
	Cancelled    bool // from the beginning
}

// Done is what a plugin did.
type Done struct {
	Outputs  *Map // what the step puts into the context
	Value    any  // the output under the step's own key
	Records  []Record
	Progress []string // the notes
}

// Record is one record of the log.
type Record struct {
	Level, Message string
	Fields         *Map
}

// RunStep runs one step of a plugin. Its error is the plugin's own.
func RunStep(plugin any, test StepTest) (*Done, error) {
	stand := &standIn{test: test, done: &Done{}}
	plugin, err := prepared(plugin)
	if err != nil {
		return nil, err
	}
	log := &Log{host: stand}
	for _, verb := range []string{"load", "initialize", "start"} {
		if err := lifecycle(plugin, verb, asMap(test.PluginConfig), log); err != nil {
			return nil, err
		}
	}
	defer func() { _ = lifecycle(plugin, "cleanup", nil, log) }()
	err = stand.step(plugin)
	if stopped := lifecycle(plugin, "stop", nil, log); err == nil {
		err = stopped
	}
	return stand.done, err
}

func asMap(plain map[string]any) *Map {
	made := NewMap()
	for _, entry := range entriesOf(plain) {
		made.Set(entry.key, entry.value)
	}
	return made
}

// standIn answers what a plugin asks in a test.
type standIn struct {
	test StepTest
	done *Done
}

func (s *standIn) step(plugin any) error {
	checked, err := s.perform(plugin, "validate", NewMap("config", asMap(s.test.Config)))
	if err != nil {
		return err
	}
	output := s.test.Output
	if output == "" {
		output = "result"
	}
	about := NewMap("name", "step", "plugin", "", "config", checked.(*Map).Get("config"), "output", output)
	if s.test.Input != "" {
		about.Set("input", s.test.Input)
	}
	result, err := s.perform(plugin, "step", NewMap("step", about, "run", NewMap("id", "run_test", "attempt", 1, "key", "run_test/step")))
	if err != nil {
		return err
	}
	s.done.Outputs, _ = result.(*Map).Get("outputs").(*Map)
	s.done.Value = s.done.Outputs.Get(output)
	return nil
}

func (s *standIn) perform(plugin any, operation string, input any) (any, error) {
	crossed, err := cross(input)
	if err != nil {
		return nil, err
	}
	call := &Call{Operation: operation, Input: crossed, Log: &Log{s, 1}, host: s, id: 1}
	defer call.ending.end()
	if s.test.Cancelled {
		call.ending.end()
	}
	result, err := perform(plugin, call)
	if err != nil {
		return nil, err
	}
	return cross(result)
}

func (s *standIn) log(_ int64, level, message string, fields *Map) {
	s.done.Records = append(s.done.Records, Record{level, message, fields})
}

func (s *standIn) progress(_ int64, _ any, note string) {
	s.done.Progress = append(s.done.Progress, note)
}

func (s *standIn) request(_ int64, what *Map, input any) (any, error) {
	if what.Get("what") == "context" {
		key, _ := what.Get("key").(string)
		value, there := s.test.Context[key]
		if !there {
			return nil, Errorf(CodeNotFound, "the context has no '%s'", key).WithHint("it has " + joined(keysOf(s.test.Context)))
		}
		return cross(value)
	}
	name, _ := what.Get("service").(string)
	service, there := s.test.Services[name]
	if !there {
		return nil, Errorf(CodeNotFound, "no service '%s'", name).WithHint("give the test Services with it")
	}
	crossed, err := cross(input)
	if err != nil {
		return nil, err
	}
	method, _ := what.Get("method").(string)
	answer, err := service(method, crossed)
	if err != nil {
		return nil, err
	}
	return cross(answer)
}

func (s *standIn) allocate(_ int64, size int) (buffer, error) {
	return ownBuffer(make([]byte, size)), nil
}

func keysOf(values map[string]any) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
