package main

import (
	"context"
	"testing"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	"github.com/stretchr/testify/assert"
)

func TestItKeepsTheTurns(t *testing.T) {
	rows := []map[string]interface{}{{"height": 1.0}, {"height": 2.0}, {"height": 0.5}, {"height": 0.7}}
	all := pipelines.PluginContext{"tides": map[string]interface{}{"rows": rows}}
	step := pipelines.StepConfig{Config: map[string]interface{}{"from": "tides"}, Output: "turns"}
	result, err := NewSlackWater().ExecuteStep(context.Background(), step, all)
	assert.NoError(t, err)
	assert.Equal(t, rows[1:3], result["turns"])
}
