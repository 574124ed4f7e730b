package main

import (
	"context"
	"errors"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
)

// SlackWater keeps the rows at which the water turns.
type SlackWater struct{ version string }

// NewSlackWater makes one.
func NewSlackWater() *SlackWater { return &SlackWater{version: "1.0.0"} }

// ExecuteStep reads what the step before left in the context.
func (p *SlackWater) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext pipelines.PluginContext) (pipelines.PluginContext, error) {
	key := stepConfig.Config["from"].(string)
	table, exists := globalContext[key].(map[string]interface{})
	if !exists {
		return nil, errors.New("there is no table " + key + " in the context")
	}
	rows := table["rows"].([]map[string]interface{})
	turns := []map[string]interface{}{}
	for index := 1; index+1 < len(rows); index++ {
		before, here, after := height(rows[index-1]), height(rows[index]), height(rows[index+1])
		if (here >= before && here > after) || (here <= before && here < after) {
			turns = append(turns, rows[index])
		}
	}
	return pipelines.PluginContext{stepConfig.Output: turns}, nil
}

func height(row map[string]interface{}) float64 { return row["height"].(float64) }

// GetPluginType is the first half of the plugin's reference.
func (p *SlackWater) GetPluginType() string { return "Data_Processing" }

// GetPluginName is the second.
func (p *SlackWater) GetPluginName() string { return "slack_water" }

// ValidateConfig needs the key of the table.
func (p *SlackWater) ValidateConfig(config map[string]interface{}) error {
	if _, ok := config["from"].(string); !ok {
		return errors.New("from is required")
	}
	return nil
}
