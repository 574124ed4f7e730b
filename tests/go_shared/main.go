// A plugin in Go that is a C library (-buildmode=c-shared) with the interface of include/mortise/plugin.h: its table of
// functions is in table.c, its work is here. It runs in the worker for native plugins.
package main

/*
#include "mortise/plugin.h"
*/
import "C"

import "runtime"

//export twice
func twice(number C.int64_t, goroutines *C.int64_t) C.int64_t {
	done := make(chan int64)
	go func() { done <- 2 * int64(number) }() // Go's own threads run beside the worker's
	*goroutines = C.int64_t(runtime.NumGoroutine())
	return C.int64_t(<-done)
}

func main() {}
