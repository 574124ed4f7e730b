package main

import (
	"context"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
)

// MyPlugin is where your own plugin begins:
//
//	mkdir -p plugins/my_plugin
//	cp plugin_template.go plugins/my_plugin/my_plugin.go
//
// Then give it another name, here and in GetPluginName.
type MyPlugin struct {
	name, version string
}

// NewMyPlugin makes one. The host calls it.
func NewMyPlugin() *MyPlugin {
	return &MyPlugin{name: "MyPlugin", version: "1.0.0"}
}

// ExecuteStep does one step. What it returns is merged into the run's context.
func (p *MyPlugin) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext pipelines.PluginContext) (pipelines.PluginContext, error) {
	return pipelines.PluginContext{stepConfig.Output: "result"}, nil
}

// GetPluginType is Input, Data_Processing, AIModels or Output.
func (p *MyPlugin) GetPluginType() string { return "Data_Processing" }

// GetPluginName is the second half of the plugin's reference, Data_Processing.my_plugin.
func (p *MyPlugin) GetPluginName() string { return "my_plugin" }

// ValidateConfig says what is wrong with a step's config, and writes defaults into it.
func (p *MyPlugin) ValidateConfig(config map[string]interface{}) error { return nil }
