package main

import "mortise"

// {{class}} multiplies every number of a list.
type {{class}} struct{}

func multiplied(input any, factor float64) ([]float64, error) {
	numbers, isList := input.([]any)
	if !isList {
		return nil, mortise.Invalid("expected a list of numbers, got %v", input).WithHint("name one in the step's config: `input: KEY`")
	}
	result := make([]float64, 0, len(numbers))
	for _, one := range numbers {
		switch number := one.(type) {
		case int64:
			result = append(result, float64(number)*factor)
		case float64:
			result = append(result, number*factor)
		default:
			return nil, mortise.Invalid("expected numbers, got %v", one).WithHint("leave it out, or make a number of it")
		}
	}
	return result, nil
}

func ({{class}}) Step(step *mortise.Step) (any, error) {
	input, err := step.Input()
	if err != nil {
		return nil, err
	}
	factor, err := step.Config.Float("factor", 2)
	if err != nil {
		return nil, err
	}
	numbers, err := multiplied(input, factor)
	if err != nil {
		return nil, err
	}
	step.Log.Info("multiplied", "numbers", len(numbers))
	return numbers, nil
}

func main() { mortise.Serve({{class}}{}) }
