package pipelines

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// PipelineConfig is a pipeline: steps, one after the other.
type PipelineConfig struct {
	Name        string       `json:"name" yaml:"name"`
	Enabled     bool         `json:"enabled" yaml:"enabled"`
	Steps       []StepConfig `json:"steps" yaml:"steps"`
	Description string       `json:"description,omitempty" yaml:"description,omitempty"`
}

// PipelineExecutionResult is what became of one run.
type PipelineExecutionResult struct {
	Success    bool          `json:"success"`
	Error      string        `json:"error,omitempty"`
	Context    PluginContext `json:"context,omitempty"`
	ExecutedAt string        `json:"executed_at"`
}

// ExecutePipeline runs a pipeline of plugins of the default registry within this process: for tests of plugins. Its error is
// about the pipeline itself; a step that fails ends the run, and the result says so.
func ExecutePipeline(ctx context.Context, config *PipelineConfig) (*PipelineExecutionResult, error) {
	if config == nil {
		return nil, fmt.Errorf("no pipeline was given")
	}
	result := &PipelineExecutionResult{Context: PluginContext{}, ExecutedAt: time.Now().Format(time.RFC3339)}
	for index, step := range config.Steps {
		outputs, err := executeStep(ctx, step, result.Context)
		if err != nil {
			result.Error = fmt.Sprintf("step %d (%s) failed: %v", index+1, step.Name, err)
			return result, nil
		}
		for key, value := range outputs {
			result.Context[key] = value
		}
	}
	result.Success = true
	return result, nil
}

func executeStep(ctx context.Context, step StepConfig, global PluginContext) (PluginContext, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kind, name, right := strings.Cut(step.Plugin, ".")
	if !right || strings.Contains(name, ".") {
		return nil, fmt.Errorf("invalid plugin reference format: %s, expected 'Type.Name'", step.Plugin)
	}
	plugin, err := Default.GetPlugin(kind, name)
	if err != nil {
		return nil, fmt.Errorf("plugin not found: %s - did you register it?", step.Plugin)
	}
	if step.Config == nil {
		step.Config = map[string]interface{}{}
	}
	if err := plugin.ValidateConfig(step.Config); err != nil {
		return nil, fmt.Errorf("configuration validation failed for plugin %s: %w", step.Plugin, err)
	}
	return plugin.ExecuteStep(ctx, step, global)
}
