package main

import (
	"reflect"
	"testing"

	"mortise"
)

func TestEveryNumberIsMultiplied(t *testing.T) {
	done, err := mortise.RunStep({{class}}{}, mortise.StepTest{
		Config: map[string]any{"factor": 10.0}, Context: map[string]any{"numbers": []any{1, 2.5, -3}}, Input: "numbers",
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []any{10.0, 25.0, -30.0}; !reflect.DeepEqual(done.Value, want) {
		t.Errorf("got %v, want %v", done.Value, want)
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	_, err := mortise.RunStep({{class}}{}, mortise.StepTest{Context: map[string]any{"numbers": []any{1, "two"}}, Input: "numbers"})
	if mortise.CodeOf(err) != mortise.CodeInvalid {
		t.Errorf("got %v", err)
	}
}
