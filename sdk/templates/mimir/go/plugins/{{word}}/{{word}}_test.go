package main

import (
	"context"
	"testing"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	"github.com/stretchr/testify/assert"
)

func TestEveryNumberIsMultiplied(t *testing.T) {
	plugin := New{{class}}Plugin()
	config := map[string]interface{}{"numbers": []interface{}{1.0, -3.0}}
	assert.NoError(t, plugin.ValidateConfig(config))
	result, err := plugin.ExecuteStep(context.Background(), pipelines.StepConfig{Config: config, Output: "multiplied"}, nil)
	assert.NoError(t, err)
	assert.Equal(t, []interface{}{2.0, -6.0}, result["multiplied"])
}

func TestWhatIsNoListIsRefused(t *testing.T) {
	err := New{{class}}Plugin().ValidateConfig(map[string]interface{}{"numbers": "many"})
	assert.ErrorContains(t, err, "numbers must be a list")
}
