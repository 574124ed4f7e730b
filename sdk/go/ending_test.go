package mortise

import (
	"testing"
	"time"
)

func TestACallEndsWhetherItsContextWasAskedForBeforeOrAfter(t *testing.T) {
	before := &Call{}
	context := before.Ctx()
	if context.Err() != nil || before.Cancelled() {
		t.Error("a call that nobody stopped has ended")
	}
	before.ending.end()
	if context.Err() == nil || context != before.Ctx() || !before.Cancelled() {
		t.Error("a context that was asked for before the end goes on")
	}
	after := &Call{deadline: time.Now().Add(time.Hour)}
	after.ending.end()
	after.ending.end()
	if after.Ctx().Err() == nil {
		t.Error("a context that was asked for after the end goes on")
	}
	late := &Call{deadline: time.Now().Add(-time.Second)}
	if err, _ := late.StopIfCancelled().(*Error); err == nil || err.Code != CodeTimeout {
		t.Errorf("a call beyond its deadline says %v", err)
	}
}
