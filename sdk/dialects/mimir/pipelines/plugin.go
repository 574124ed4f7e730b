// Package pipelines is what the plugin guide of Mimir AIP imports under this path, spoken by a Mortise host. Plugins
// written by that guide build against it as they stand; the host runs them in workers (package worker).
//
// The guide shows two forms of ExecuteStep, one with the context as a map, one with a pointer to it. Both work here:
// PluginContext is a map whose methods belong to its pointer.
package pipelines

import (
	"context"
	"fmt"
	"reflect"
	"sort"
)

// BasePlugin is what every plugin implements.
type BasePlugin interface {
	// ExecuteStep executes a single pipeline step.
	ExecuteStep(ctx context.Context, stepConfig StepConfig, globalContext PluginContext) (PluginContext, error)
	// GetPluginType returns the plugin type (Input, Data_Processing, AIModels, Output).
	GetPluginType() string
	// GetPluginName returns the plugin name.
	GetPluginName() string
	// ValidateConfig validates the plugin configuration. What it writes into the map, ExecuteStep sees.
	ValidateConfig(config map[string]interface{}) error
}

// PointerPlugin is the guide's other form: the context by pointer.
type PointerPlugin interface {
	ExecuteStep(ctx context.Context, stepConfig StepConfig, globalContext *PluginContext) (*PluginContext, error)
	GetPluginType() string
	GetPluginName() string
	ValidateConfig(config map[string]interface{}) error
}

// StepConfig is what a pipeline says about one step.
type StepConfig struct {
	Name   string                 `json:"name" yaml:"name"`                         // Step name
	Plugin string                 `json:"plugin" yaml:"plugin"`                     // Plugin reference (e.g., "Input.api")
	Config map[string]interface{} `json:"config" yaml:"config"`                     // Plugin-specific configuration
	Output string                 `json:"output,omitempty" yaml:"output,omitempty"` // Output key for context
}

// PluginContext is a key-value store that persists data between pipeline steps.
type PluginContext map[string]interface{}

// NewPluginContext makes an empty one.
func NewPluginContext() *PluginContext { return &PluginContext{} }

// Get is the value of a key, and whether there is one.
func (c *PluginContext) Get(key string) (interface{}, bool) {
	if c == nil {
		return nil, false
	}
	value, found := (*c)[key]
	return value, found
}

// Set stores a value under a key. A stored value comes back as it was.
func (c *PluginContext) Set(key string, value interface{}) {
	if *c == nil {
		*c = PluginContext{}
	}
	(*c)[key] = value
}

// Delete removes a key.
func (c *PluginContext) Delete(key string) { delete(*c, key) }

// Keys are all keys, sorted.
func (c *PluginContext) Keys() []string {
	keys := make([]string, 0, len(*c))
	for key := range *c {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Size is the number of keys.
func (c *PluginContext) Size() int { return len(*c) }

// Clear removes everything.
func (c *PluginContext) Clear() { *c = PluginContext{} }

// Clone is another context with the same values.
func (c *PluginContext) Clone() *PluginContext {
	made := make(PluginContext, len(*c))
	for key, value := range *c {
		made[key] = value
	}
	return &made
}

// Background is context.Background: in the guide's unit test a variable of this type hides the package of that name.
func (c PluginContext) Background() context.Context { return context.Background() }

// Adapt makes a BasePlugin of either form. Its error names the method that is missing or has another signature.
func Adapt(plugin interface{}) (BasePlugin, error) {
	switch plugin := plugin.(type) {
	case BasePlugin:
		return plugin, nil
	case PointerPlugin:
		return byPointer{plugin}, nil
	}
	return nil, lacking(plugin)
}

// Underneath is the author's own object.
func Underneath(plugin BasePlugin) interface{} {
	if pointer, ok := plugin.(byPointer); ok {
		return pointer.PointerPlugin
	}
	return plugin
}

type byPointer struct{ PointerPlugin }

func (p byPointer) ExecuteStep(ctx context.Context, stepConfig StepConfig, globalContext PluginContext) (PluginContext, error) {
	result, err := p.PointerPlugin.ExecuteStep(ctx, stepConfig, &globalContext)
	if result == nil {
		return nil, err
	}
	return *result, err
}

func lacking(plugin interface{}) error {
	kind := reflect.TypeOf(plugin)
	if kind == nil {
		return fmt.Errorf("nil does not implement the BasePlugin interface")
	}
	wanted := reflect.TypeOf((*BasePlugin)(nil)).Elem()
	for index := 0; index < wanted.NumMethod(); index++ {
		method := wanted.Method(index)
		found, there := kind.MethodByName(method.Name)
		if !there {
			return fmt.Errorf("%s does not implement the BasePlugin interface: it lacks the method %s%s", kind, method.Name,
				method.Type.String()[len("func"):])
		}
		if method.Name != "ExecuteStep" && !sameShape(found.Type, method.Type) {
			return fmt.Errorf("%s does not implement the BasePlugin interface: its method %s is %s, expected %s", kind,
				method.Name, found.Type, method.Type)
		}
	}
	return fmt.Errorf("%s does not implement the BasePlugin interface: its method ExecuteStep has neither of the two signatures",
		kind)
}

// sameShape compares a method, whose first argument is its receiver, with one of an interface.
func sameShape(method, wanted reflect.Type) bool {
	if method.NumIn() != wanted.NumIn()+1 || method.NumOut() != wanted.NumOut() {
		return false
	}
	for index := 0; index < wanted.NumIn(); index++ {
		if method.In(index+1) != wanted.In(index) {
			return false
		}
	}
	for index := 0; index < wanted.NumOut(); index++ {
		if method.Out(index) != wanted.Out(index) {
			return false
		}
	}
	return true
}
