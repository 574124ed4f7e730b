package utils

import (
	"context"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
)

// PipelineConfig is pipelines.PipelineConfig.
type PipelineConfig = pipelines.PipelineConfig

// ExecutePipeline is pipelines.ExecutePipeline.
func ExecutePipeline(ctx context.Context, config *PipelineConfig) (*pipelines.PipelineExecutionResult, error) {
	return pipelines.ExecutePipeline(ctx, config)
}
