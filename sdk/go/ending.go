package mortise

import (
	"context"
	"sync"
	"time"
)

// ending is how a call hears that it should stop. The context is made when somebody asks for it: most calls are over sooner
// than a context with its timer is made.
type ending struct {
	lock   sync.Mutex
	over   bool
	made   context.Context
	cancel context.CancelFunc
}

func (e *ending) context(deadline time.Time) context.Context {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.made != nil {
		return e.made
	}
	if deadline.IsZero() {
		e.made, e.cancel = context.WithCancel(context.Background())
	} else {
		e.made, e.cancel = context.WithDeadline(context.Background(), deadline)
	}
	if e.over {
		e.cancel()
	}
	return e.made
}

// end cancels the context, whether it was made already or will be; a second time does nothing.
func (e *ending) end() {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.over = true
	if e.cancel != nil {
		e.cancel()
	}
}
