// Package pipelines has the names that Go samples import, and nothing behind them: enough for a compiler to judge a sample
// that cannot be compiled as it is printed.
package pipelines

type StepConfig struct {
	Name   string
	Plugin string
	Config map[string]interface{}
	Output string
}

type PluginContext map[string]interface{}
