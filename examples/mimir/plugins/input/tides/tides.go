// Package Input holds plugins that collect data, in the guide's place for them: plugins/input/<name>/<name>.go.
package Input

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	"github.com/Mimir-AIP/Mimir-AIP-Go/utils"
)

// TidesPlugin computes the height of the water at a place, by the two largest waves of the tide.
type TidesPlugin struct {
	name    string
	version string
}

// NewTidesPlugin makes one.
func NewTidesPlugin() *TidesPlugin {
	return &TidesPlugin{name: "TidesPlugin", version: "1.2.0"}
}

// ExecuteStep gives a row an hour: the time, and the height in metres.
func (p *TidesPlugin) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext *pipelines.PluginContext) (*pipelines.PluginContext, error) {
	begin, err := time.Parse(time.RFC3339, stepConfig.Config["begin"].(string))
	if err != nil {
		return nil, fmt.Errorf("begin is no time: %w", err)
	}
	hours := int(stepConfig.Config["hours"].(float64))
	rows := make([]map[string]any, 0, hours)
	for hour := 0; hour < hours; hour++ {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at := float64(hour)
		height := 2*math.Cos(2*math.Pi*at/12.42) + 0.6*math.Cos(2*math.Pi*at/12)
		rows = append(rows, map[string]any{"at": begin.Add(time.Duration(hour) * time.Hour), "height": math.Round(height*100) / 100})
	}
	utils.GetLogger().Info("computed", utils.String("plugin", p.GetPluginName()), utils.Int("rows", len(rows)))

	result := pipelines.NewPluginContext()
	result.Set(stepConfig.Output, map[string]any{
		"columns": []string{"at", "height"}, "rows": rows, "row_count": len(rows), "column_count": 2,
		"source_info": map[string]any{"plugin_version": p.version},
	})
	return result, nil
}

// GetPluginType is the first half of the plugin's reference.
func (p *TidesPlugin) GetPluginType() string { return "Input" }

// GetPluginName is the second.
func (p *TidesPlugin) GetPluginName() string { return "tides" }

// ValidateConfig needs a beginning, and takes a day when nothing else is said.
func (p *TidesPlugin) ValidateConfig(config map[string]any) error {
	if _, ok := config["begin"].(string); !ok {
		return fmt.Errorf("begin is required")
	}
	if config["hours"] == nil {
		config["hours"] = 24.0
	}
	if hours, ok := config["hours"].(float64); !ok || hours < 1 {
		return fmt.Errorf("hours must be positive")
	}
	return nil
}

// HealthCheck has nothing to complain about.
func (p *TidesPlugin) HealthCheck() error { return nil }
