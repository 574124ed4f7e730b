// Package worker hosts one plugin of the guide in a worker of Mortise. The host generates the main that calls it.
package worker

import (
	"reflect"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	"github.com/Mimir-AIP/Mimir-AIP-Go/utils"
	"mortise"
)

// Serve answers the host for the plugin that a constructor such as NewMyPlugin makes. It does not return.
func Serve(constructor interface{}) { mortise.Serve(&guest{constructor: constructor}) }

// guest is a native plugin around one of the guide.
type guest struct {
	constructor interface{}
	plugin      pipelines.BasePlugin
}

func (g *guest) Load(*mortise.Map) error {
	made, err := construct(g.constructor)
	if err != nil {
		return err
	}
	g.plugin, err = pipelines.Adapt(made)
	return err
}

// construct calls func() T or func() (T, error).
func construct(constructor interface{}) (interface{}, error) {
	function := reflect.ValueOf(constructor)
	kind := function.Type()
	if kind.Kind() != reflect.Func || kind.NumIn() != 0 || kind.NumOut() < 1 || kind.NumOut() > 2 {
		return nil, mortise.Errorf(mortise.CodeInvalid, "the constructor is %s, expected func() *Plugin", kind)
	}
	results := function.Call(nil)
	if len(results) == 2 {
		if err, failed := results[1].Interface().(error); failed && err != nil {
			return nil, err
		}
	}
	return results[0].Interface(), nil
}

// Validate asks the plugin; what it writes into the map is for the step, which asks again: the guide's default of 30 stays an
// int there, as the plugin wrote it.
func (g *guest) Validate(config *mortise.Map) (*mortise.Map, error) {
	return config, g.plugin.ValidateConfig(plainMap(config))
}

func (g *guest) Step(step *mortise.Step) (interface{}, error) {
	config := plainMap(step.Config)
	if err := g.plugin.ValidateConfig(config); err != nil {
		return nil, err
	}
	global, err := contextOf(step.Call)
	if err != nil {
		return nil, err
	}
	forward(step.Log)
	defer forward(nil)
	about := pipelines.StepConfig{Name: step.Name, Plugin: step.Plugin, Config: config, Output: step.Output}
	step.Output = "" // what the plugin returns names its keys itself
	outputs, err := g.plugin.ExecuteStep(step.Ctx(), about, global)
	if err != nil {
		return nil, err
	}
	for _, key := range outputs.Keys() {
		step.Put(key, outputs[key])
	}
	return nil, nil
}

// contextOf is the run's context as a map. What is missing in it is missing, a null is nil.
func contextOf(call *mortise.Call) (pipelines.PluginContext, error) {
	answer, err := call.Service("context", "all", nil)
	if err != nil {
		return nil, err
	}
	entries, _ := answer.(*mortise.Map)
	return pipelines.PluginContext(plainMap(entries)), nil
}

// Health is the guide's optional HealthCheck.
func (g *guest) Health(*mortise.Call) error {
	if able, ok := pipelines.Underneath(g.plugin).(interface{ HealthCheck() error }); ok {
		return able.HealthCheck()
	}
	return nil
}

// Call answers `describe`: what only running the plugin can tell.
func (g *guest) Call(_ *mortise.Call, method string, _ interface{}) (interface{}, error) {
	if method != "describe" {
		return nil, mortise.Errorf(mortise.CodeUnsupported, "a plugin of the guide has no method '%s'", method)
	}
	about := map[string]interface{}{
		"type": g.plugin.GetPluginType(), "name": g.plugin.GetPluginName(), "version": versionOf(g.plugin),
	}
	if able, ok := pipelines.Underneath(g.plugin).(interface{ GetDependencies() []string }); ok {
		about["dependencies"] = able.GetDependencies()
	}
	return map[string]interface{}{"plugins": []interface{}{about}, "files": []string{}}, nil
}

// versionOf is the guide's field `version`, of whatever plugin has one.
func versionOf(plugin pipelines.BasePlugin) string {
	of := reflect.ValueOf(pipelines.Underneath(plugin))
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return ""
	}
	for _, name := range []string{"version", "Version"} {
		if field := of.FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
			return field.String()
		}
	}
	return ""
}

// forward sends what the plugin logs to the record of the call; nil is the end of the call.
func forward(log *mortise.Log) {
	if log == nil {
		utils.GetLogger().SetSink(nil)
		return
	}
	utils.GetLogger().SetSink(func(level utils.LogLevel, message string, fields []utils.Field) {
		pairs := []interface{}{}
		for _, field := range fields {
			pairs = append(pairs, field.Key, field.Value)
		}
		write := map[utils.LogLevel]func(string, ...interface{}){
			utils.DEBUG: log.Debug, utils.INFO: log.Info, utils.WARN: log.Warning, utils.ERROR: log.Error, utils.FATAL: log.Error,
		}[level]
		write(message, pairs...)
	})
}
