package main

import (
	"context"
	"fmt"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	"github.com/Mimir-AIP/Mimir-AIP-Go/utils"
)

const usualFactor = 2.0

// {{class}}Plugin multiplies numbers. Put your own work in its place.
type {{class}}Plugin struct {
	version string
}

// New{{class}}Plugin is what the host calls to get one.
func New{{class}}Plugin() *{{class}}Plugin {
	return &{{class}}Plugin{version: "1.0.0"}
}

// GetPluginType is the first half of what a step calls the plugin: Input, Data_Processing, AIModels or Output.
func (p *{{class}}Plugin) GetPluginType() string { return "{{extension_point}}" }

// GetPluginName is the second half.
func (p *{{class}}Plugin) GetPluginName() string { return "{{word}}" }

// ValidateConfig sees the config of every step before the first step runs.
func (p *{{class}}Plugin) ValidateConfig(config map[string]interface{}) error {
	if _, isList := config["numbers"].([]interface{}); !isList {
		return fmt.Errorf("numbers must be a list of numbers, got %v", config["numbers"])
	}
	if config["factor"] == nil {
		config["factor"] = usualFactor
	}
	if _, isNumber := config["factor"].(float64); !isNumber {
		return fmt.Errorf("factor must be a number, got %v", config["factor"])
	}
	return nil
}

// ExecuteStep works on the config and on what earlier steps left in the context; what it returns is merged into that.
func (p *{{class}}Plugin) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext pipelines.PluginContext) (pipelines.PluginContext, error) {
	factor := stepConfig.Config["factor"].(float64)
	multiplied := []interface{}{}
	for index, value := range stepConfig.Config["numbers"].([]interface{}) {
		if ctx.Err() != nil { // somebody cancelled the run
			return nil, ctx.Err()
		}
		number, isNumber := value.(float64)
		if !isNumber {
			return nil, fmt.Errorf("numbers[%d] is no number: %v", index, value)
		}
		multiplied = append(multiplied, number*factor)
	}
	utils.GetLogger().Info("multiplied", utils.Int("count", len(multiplied)))
	return pipelines.PluginContext{stepConfig.Output: multiplied}, nil
}
