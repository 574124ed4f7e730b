package mortise_test

import (
	"fmt"
	"strings"

	"mortise"
)

type Shout struct{}

func (Shout) Validate(config *mortise.Map) (*mortise.Map, error) {
	mark, err := config.Text("mark", "!")
	if err != nil {
		return nil, err
	}
	return mortise.NewMap("mark", mark), nil
}

func (Shout) Step(step *mortise.Step) (any, error) {
	table, err := step.Table()
	if err != nil {
		return nil, err
	}
	names, err := table.Column("name")
	if err != nil {
		return nil, err
	}
	loud, err := names.Strings()
	if err != nil {
		return nil, err
	}
	for row := range loud {
		loud[row] = strings.ToUpper(loud[row]) + step.Config.Get("mark").(string)
	}
	step.Log.Info("shouted", "rows", len(loud))
	return table.With(mortise.Col("name", loud))
}

func ExampleRunStep() {
	done, err := mortise.RunStep(Shout{}, mortise.StepTest{
		Context: map[string]any{"people": []map[string]any{{"name": "ada", "born": 1815}}}, Input: "people",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, _ := done.Value.(*mortise.Table).Maps()
	fmt.Println(rows[0].Get("name"), rows[0].Get("born"), done.Records[0].Message)
	// Output: ADA! 1815 shouted
}
